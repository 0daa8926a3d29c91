"""Where copies lie, and whether what lies there is the disk that should be mounted.

A disk that is not mounted looks like a disk from which everything was deleted: its mount point is an empty directory.
The first is an everyday matter (exit 4), the second an accusation (exit 1), so the two must never be mixed up. The file
`evtool-location.txt`, which `add_location` writes at the root, tells them apart: if it is there, and names the
location, the disk is there, and a copy that is missing on it was lost. Without it, be it that the medium cannot be
written, or that somebody removed it, the disk counts as there only if at least one of its copies lies in its place: a
mount point has none of them. A location without a root spans many disks, so there `may_be_unmounted` asks that of the
directory of each copy by itself.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from evtool.core.errors import InputError, UsageError
from evtool.core.text.names import shown
from evtool.keys.files import create_file
from evtool.store.catalogue.database import Catalogue

if TYPE_CHECKING:
    from evtool.operations.author import Author

MARKER = "evtool-location.txt"
_FORMAT = "evtool-location/1"
_MOST = 4096
DEFAULT_CYCLE_DAYS = 30


class LocationKind(Enum):
    """How a location is reached."""

    DISK = "disk"
    """A directory that is always there."""
    OFFLINE = "offline"
    """A carrier in a safe, which somebody has to fetch. That it is not there is no failure."""
    ELSEWHERE = "elsewhere"
    """With somebody else, or where evtool cannot read: its copies are known, and never read."""


class Location(Struct, frozen=True):
    """Where copies lie.

    Attributes:
        code: its name.
        kind: how it is reached.
        root: the directory that the paths of its copies start from; None if it cannot be read from here.
        cycle_days: once in so many days each of its copies is read.
        rate: bytes a second at which it is read at most; None for as fast as it goes.
    """

    code: str
    kind: LocationKind
    root: str | None
    cycle_days: int
    rate: int | None

    @property
    def cycle(self) -> timedelta:
        """Once in so long each of its copies is read."""
        return timedelta(days=self.cycle_days)

    def path_of(self, path: str) -> str:
        """Give the path of one of its copies on this machine."""
        return os.path.join(self.root or "", path)


class Presence(Enum):
    """Whether a location can be read now."""

    THERE = "there"
    ABSENT = "absent"
    """Its root is not there, or is an empty mount point."""
    OTHER = "other"
    """Another location's disk is mounted there."""


def add_location(catalogue: Catalogue, location: Location, author: Author) -> bool:
    """Enter a location, or change it, and mark its root; tell whether the root could be marked.

    Raises:
        UsageError: it has no root and needs one; another location has this root, or the root is itself evidence.
        InputError: the root is no directory, or is marked as another location.
    """
    if location.kind is LocationKind.DISK and location.root is None:
        raise UsageError(
            "a location of this kind needs the directory that its copies lie in",
            hint="name it; only what is kept elsewhere has none",
            key="location-root",
        )
    # A carrier that lies in its safe is marked when it was fetched and this is repeated.
    is_away = location.kind is not LocationKind.DISK and not os.path.isdir(location.root or "")
    marked = _mark(location.root, location.code) if location.root is not None and not is_away else False
    # Start-up time: who only asks where copies lie needs nothing that seals the journal.
    from evtool.operations.catalogue.runs import running

    with running(catalogue, "location", author), catalogue.write() as connection:
        connection.execute(
            "INSERT INTO location(code, kind, root, cycle_days, rate) VALUES(?,?,?,?,?) ON CONFLICT(code) DO UPDATE "
            "SET kind=excluded.kind, root=excluded.root, cycle_days=excluded.cycle_days, rate=excluded.rate",
            (location.code, location.kind.value, location.root, location.cycle_days, location.rate),
        )
    return marked


def list_locations(catalogue: Catalogue) -> list[Location]:
    """List all locations, by their codes."""
    with catalogue.read() as connection:
        rows = connection.execute("SELECT code, kind, root, cycle_days, rate FROM location ORDER BY code").fetchall()
    return [Location(code, LocationKind(kind), root, days, rate) for code, kind, root, days, rate in rows]


def find_presence(location: Location, paths: Iterable[str]) -> Presence:
    """Tell whether a location can be read now; `paths` are those of its copies, for a root without a marker."""
    if location.kind is LocationKind.ELSEWHERE or not (location.root is None or os.path.isdir(location.root)):
        return Presence.ABSENT
    marked = _read_marker(location.root)
    if marked is not None:
        return Presence.THERE if marked == location.code else Presence.OTHER
    return Presence.THERE if any(os.path.lexists(location.path_of(path)) for path in paths) else Presence.ABSENT


def may_be_unmounted(location: Location, path: str) -> bool:
    """Tell whether a copy that is gone may lie on a disk that is not mounted; `path` is its path on this machine.

    Its directory is a mount point then, or lies on that disk itself: it is empty, or not there.
    """
    if _read_marker(location.root) is not None:
        return False
    try:
        with os.scandir(os.path.dirname(path)) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def find_disk(connection: sqlite3.Connection, code: str, root: str | None) -> str | None:
    """Give the root that a location has; one that is not known is entered as a disk with this one, unmarked."""
    connection.execute(
        "INSERT OR IGNORE INTO location(code, kind, root, cycle_days) VALUES(?,?,?,?)",
        (code, LocationKind.DISK.value, root, DEFAULT_CYCLE_DAYS),
    )
    found: str | None = connection.execute("SELECT root FROM location WHERE code=?", (code,)).fetchone()[0]
    return found


def _mark(root: str, code: str) -> bool:
    """Write the marker, unless the root is a medium that nothing can be written to."""
    if not os.path.isdir(root):
        raise InputError(
            "{path} is not a directory",
            hint="mount the disk of the location first, then repeat the command",
            key="location-no-directory",
            path=shown(root),
        )
    if any(os.path.lexists(os.path.join(root, name)) for name in ("custody", "bagit.txt")):
        raise UsageError(
            "{path} is itself evidence, and a location is marked by a file in it",
            hint="give the directory above it: one location holds many copies",
            key="location-evidence",
            path=shown(root),
        )
    marked = _read_marker(root)
    if marked is not None and marked != code:
        raise InputError(
            "{path} is marked as location {other}",
            hint="give that code, or another directory; {marker} in it says which location it is",
            key="location-other",
            path=shown(root),
            other=shown(marked),
            marker=MARKER,
        )
    if marked is None:
        text = (
            f"{_FORMAT}\n{code}\n\nBy this file evtool knows that the disk of this location is mounted here. "
            "Leave it where it is.\nIf it is gone, an audit cannot tell a missing disk from missing evidence.\n"
        )
        with contextlib.suppress(OSError):
            create_file(Path(root, MARKER), text.encode(), 0o644)
    return _read_marker(root) == code


def _read_marker(root: str | None) -> str | None:
    """Read the code in the marker of a root; None if there is no marker that can be read."""
    if root is None:
        return None
    try:
        with open(os.path.join(root, MARKER), "rb") as file:
            lines = file.read(_MOST).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    return lines[1] if len(lines) > 1 and lines[0] == _FORMAT else None
