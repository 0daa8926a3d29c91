"""tar archives: a summary of the listing; nothing is unpacked (POSIX.1-2017, pax)."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TimeKind
from evtool.metadata import values
from evtool.metadata.archive_names import is_unsafe
from evtool.metadata.damage import DamagedError

_ENTRY_LIMIT = 50_000
_LISTED = 200


class TarExtractor:
    """Counts entries and sizes, spans their times, notes links and unsafe names; owners' names stay unread."""

    name = "tar"
    is_plain = True
    formats = frozenset({"application/x-tar", "application/tar"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the summary, and the first names.

        Raises:
            DamagedError: an entry reaches beyond the end of the file.
        """
        end = 0
        files = folders = links = unsafe = unpacked = 0
        times: list[int] = []
        with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            for number, entry in enumerate(_entries(archive)):
                if number >= _ENTRY_LIMIT:
                    break
                # Read members would be kept for ever, and an archive can have millions.
                archive.members.clear()  # type: ignore[attr-defined]
                name = values.decode(entry.name.encode("utf-8", "surrogateescape"))
                files, folders = files + entry.isfile(), folders + entry.isdir()
                links += entry.issym() or entry.islnk()
                unsafe += is_unsafe(name) or bool(entry.linkname and is_unsafe(entry.linkname))
                unpacked += entry.size
                # Sparse files take less room than they have, and links none.
                if entry.isreg() and not entry.issparse():
                    end = max(end, entry.offset_data + entry.size)
                times.append(int(entry.mtime))
                if number < _LISTED:
                    yield from values.tag("tar entry", name)
        yield from values.count(CountKind.ENTRIES, files, "tar headers")
        yield from values.count(CountKind.DIRECTORIES, folders, "tar headers")
        yield from values.count(CountKind.LINKS, links, "tar headers")
        yield from values.count(CountKind.UNSAFE_NAMES, unsafe, "tar headers")
        yield from values.count(CountKind.UNPACKED_BYTES, unpacked, "tar headers")
        if known := [seconds for seconds in times if seconds > 0]:
            yield from values.unix_time(TimeKind.EARLIEST_ENTRY, min(known), "tar mtime")
            yield from values.unix_time(TimeKind.LATEST_ENTRY, max(known), "tar mtime")
        if end > size:
            raise DamagedError("cut short: an entry reaches beyond the end of the file")


def _entries(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """List the entries; in an archive that was cut, up to the one behind which the file ends."""
    with contextlib.suppress(tarfile.ReadError):
        yield from archive


EXTRACTOR = TarExtractor()
