"""The volumes of a journal: ordinary collections one after the other, each of so few files that sealing stays quick.

Whoever seals a collection reads all of its record. A journal of decades in one collection would cost every night more
than the last, and end where a record can have no more entries. So a volume that is full is left as it is, and the first
file of the next one names its newest entry: no file can be taken from the end of a full volume, and no volume from the
middle.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from evtool.core.errors import InputError, MismatchError
from evtool.core.text.names import shown

VOLUME_FILES = 250
"""With so many files, a volume is full: reading its record takes less than half a second."""

_ENDING = ".json"
_NAME = re.compile(r"[0-9]{4,9}\Z")


def list_volumes(journal: Path) -> list[Path]:
    """List the volumes of a journal, oldest first; none if there is no journal yet.

    Raises:
        InputError: it cannot be listed.
    """
    try:
        with os.scandir(journal) as entries:
            found = [Path(entry.path) for entry in entries if _NAME.match(entry.name) and entry.is_dir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(str(journal)), why=error) from error
    return sorted(found, key=lambda volume: int(volume.name))


def choose_volume(journal: Path) -> tuple[Path, Path | None]:
    """Give the volume that the next file goes into, which need not be there yet, and the one that it begins behind.

    The second is None where the volume has a file already: that one has said so.
    """
    volumes = list_volumes(journal)
    if not volumes:
        return name_volume(journal, 1), None
    newest = volumes[-1]
    count = _count_files(newest)
    if count >= VOLUME_FILES:
        return name_volume(journal, int(newest.name) + 1), newest
    return newest, volumes[-2] if count == 0 and len(volumes) > 1 else None


def name_volume(journal: Path, number: int) -> Path:
    """Give the directory of a volume."""
    return journal / f"{number:04d}"


def require_continued(volume: Path, number: int, said: set[tuple[str, str]], heads: frozenset[str]) -> None:
    """Check that a volume has its number, and goes on where the one before ends, whose entries have these digests.

    `said` is what its files say of that: the name of the volume before, and the digest of its newest entry.

    Raises:
        MismatchError: it does not.
    """
    is_next = {name for name, _ in said} == ({f"{number - 1:04d}"} if number > 1 else set())
    if int(volume.name) != number or not is_next or not {head for _, head in said} <= heads:
        raise MismatchError(
            "{path} does not go on where the volume before it ends: files of the journal are gone, or were exchanged",
            hint="fetch the whole journal from where a copy of it is kept",
            key="journal-gap",
            path=shown(str(volume)),
        )


def _count_files(volume: Path) -> int:
    return sum(name.endswith(_ENDING) for name in os.listdir(volume))
