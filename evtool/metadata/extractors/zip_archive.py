"""ZIP archives: a summary of the listing; nothing is unpacked (APPNOTE 6.3.10, section 4.3.12)."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from datetime import datetime
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, OffsetBasis, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.archive_names import is_unsafe
from evtool.metadata.zip_reader import open_zip, repeated_names

_UTF8_FLAG, _ENCRYPTED_FLAG = 1 << 11, 1
_LISTED = 200


class ZipExtractor:
    """Counts entries and sizes, spans their times, notes encryption and unsafe names."""

    name = "zip"
    is_plain = False
    formats = frozenset({"application/zip"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the directory at the archive's end."""
        archive = open_zip(stream)
        entries = archive.infolist()
        yield from values.text(TextKind.DESCRIPTION, archive.comment, "ZIP comment")
        folders = sum(entry.is_dir() for entry in entries)
        yield from values.count(CountKind.ENTRIES, len(entries) - folders, "ZIP directory")
        yield from values.count(CountKind.DIRECTORIES, folders, "ZIP directory")
        yield from values.count(CountKind.UNPACKED_BYTES, sum(entry.file_size for entry in entries), "ZIP directory")
        encrypted = sum(bool(entry.flag_bits & _ENCRYPTED_FLAG) for entry in entries)
        yield from values.count(CountKind.ENCRYPTED, encrypted, "ZIP flags")
        names = [_name(entry) for entry in entries]
        yield from values.count(CountKind.REPEATED_FIELDS, repeated_names(names), "names in ZIP directory")
        yield from values.count(CountKind.UNSAFE_NAMES, sum(map(is_unsafe, names)), "ZIP directory")
        yield from _times(entries)
        for name in names[:_LISTED]:
            yield from values.tag("ZIP entry", name)


def _name(entry: zipfile.ZipInfo) -> str:
    """Give an entry's name: without the flag for UTF-8 its bytes state no encoding, and in Korea were CP949."""
    if entry.flag_bits & _UTF8_FLAG:
        return entry.orig_filename
    try:
        return values.decode(entry.orig_filename.encode("cp437"))
    except UnicodeEncodeError:
        return entry.orig_filename


def _times(entries: list[zipfile.ZipInfo]) -> Iterator[Claim]:
    """Span the entries' times. The directory holds local times of an unknown place (section 4.4.6)."""
    local = []
    for entry in entries:
        try:
            local.append(datetime(*entry.date_time))  # no zone is known, and none is invented
        except ValueError:
            yield from values.count(CountKind.UNREADABLE_TIMES, 1, "ZIP directory")
    # 1980 begins the format's calendar and stands for "not known".
    known = sorted(when for when in local if when.year > 1980)
    if known:
        for kind, when in ((TimeKind.EARLIEST_ENTRY, known[0]), (TimeKind.LATEST_ENTRY, known[-1])):
            yield from values.moment(kind, when, OffsetBasis.UNKNOWN, when.isoformat(" "), "ZIP directory")
    utc = sorted(seconds for entry in entries if (seconds := _unix_seconds(entry.extra)))
    if utc:
        yield from values.unix_time(TimeKind.EARLIEST_ENTRY, utc[0], "ZIP extended timestamp")
        yield from values.unix_time(TimeKind.LATEST_ENTRY, utc[-1], "ZIP extended timestamp")


def _unix_seconds(extra: bytes) -> int:
    """Read the modification time of the extended timestamp field (0x5455); 0 if there is none."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 0x5455 and length >= 5 and len(extra) >= 9 and extra[4] & 1:
            return int(struct.unpack_from("<I", extra, 5)[0])
        extra = extra[4 + length :]
    return 0


EXTRACTOR = ZipExtractor()
