"""What is about to be signed is read by the reader that will read it for decades: nothing else gets a signature.

Whatever adds an entry passes through here (`evtool.operations.entries.writer`). A writer and a reader that disagree on
one text would make a record that nobody can read again, nor mend: what was signed is never edited.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping

from evtool.core.custody.entry import Entry, parse_entry
from evtool.core.custody.events import Disclosed, Renewed, Sealed
from evtool.core.custody.renewal_list import parse_list
from evtool.core.errors import FormatError, InputError
from evtool.core.manifest.disclosed_items import parse_disclosed_items
from evtool.core.manifest.manifest import Item, ManifestReader, ManifestSummary
from evtool.core.text.checksums import parse_header, serialize_header, serialize_line
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_ENTRIES_SIZE
from evtool.core.text.names import parse_name
from evtool.operations.record.record import Record
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import FileRole, file_name
from evtool.store.writer import part_name

_ALWAYS_READ = 4096
"""Lines of a manifest up to which it is read line by line, even if every block of it was read before."""


def require_readable(
    data: bytes,
    entry: Entry,
    record: Record,
    own: Mapping[str, bytes] | None = None,
    *,
    read_in_blocks: bool = False,
) -> None:
    """Refuse to sign an entry whose bytes, or whose files under their temporary names, could not be read again.

    `data` is what is to be signed, `entry` what it is meant to say, `record` the record that it is added to; `own`
    are files of the entry that are not written yet, by name. With `read_in_blocks` every block of a manifest was read
    where it was spelled: a large one is not read again. Whether the medium holds what was written is found out when
    the files get their names.

    Raises:
        InputError: they cannot be read, or say something else.
    """
    try:
        apart = file_name(entry.sequence, entry.event.value, FileRole.DETAILS)
        found = parse_entry(data, own[apart] if own and entry.apart is not None else None)
        if found != entry or found.serialize() != data:
            raise FormatError("the entry does not read back as it was written", key="back-entry")
        if record.entries_size > MAX_ENTRIES_SIZE:
            raise FormatError(
                "the entries before it have more than {limit:,} bytes, and no reader reads further",
                key="back-entries-long",
                limit=MAX_ENTRIES_SIZE,
            )
        _require_files(entry, record.custody, own or {}, read_in_blocks=read_in_blocks)
    except FormatError as error:
        raise InputError(
            "nothing was signed, because it could not be read again: {why}",
            hint="shorten the texts that you gave; if there was nothing to shorten, please report this fault in evtool",
            key="back-unreadable",
            why=error,
        ) from error


def _require_files(entry: Entry, custody: CustodyReader, own: Mapping[str, bytes], *, read_in_blocks: bool) -> None:
    def written(role: FileRole) -> str:
        return part_name(file_name(entry.sequence, entry.event.value, role))

    if isinstance(entry.details, Sealed) and not (read_in_blocks and entry.details.lines > _ALWAYS_READ):
        _require_seal(custody, written(FileRole.MANIFEST), written(FileRole.CHECKSUMS), entry.details)
    if isinstance(entry.details, Disclosed) and entry.details.list is not None:
        listed = own[file_name(entry.sequence, entry.event.value, FileRole.DISCLOSED)]
        parse_disclosed_items(listed)
        if sha256_hex(listed) != entry.details.list:
            raise FormatError(
                "the list of what the bundle contains is not the one that the entry names", key="back-bundle-list"
            )
    if isinstance(entry.details, Renewed):
        listed = own[file_name(entry.sequence, entry.event.value, FileRole.RENEWAL)]
        renewed = parse_list(listed.removesuffix(b"\n").split(b"\n"))
        if sha256_hex(listed) != entry.details.list:
            raise FormatError("the list of files is not the one that the entry names", key="back-file-list")
        if len(renewed) != entry.details.files:
            raise FormatError(
                "the list holds {count} files, the entry says {files}",
                key="back-file-count",
                count=len(renewed),
                files=entry.details.files,
            )


def _require_digest(custody: CustodyReader, name: str, expected: str) -> None:
    if custody.hash_file(name, hashlib.sha256()) != expected:
        raise FormatError("{name} does not contain what was written to it", key="back-file-differs", name=name)


def _require_seal(custody: CustodyReader, manifest: str, checksums: str, sealed: Sealed) -> None:
    """Read a manifest line by line, and compare all that the entry says of it and of the list of checksums."""
    reader = ManifestReader(sealed.first_item)
    header = parse_header(next(iter(custody.read_lines(checksums)), b""))
    expected = hashlib.sha256(serialize_header(header))
    for line in _listed(reader.read(custody.read_lines(manifest))):
        expected.update(line)
    _require_claims(reader.summary, sealed)
    if expected.hexdigest() != sealed.checksums:
        raise FormatError("the list of checksums does not match the manifest", key="back-checksums")
    _require_digest(custody, checksums, sealed.checksums)


def _listed(items: Iterable[Item]) -> Iterator[bytes]:
    for item in items:
        if item.withheld or item.file is None:
            raise FormatError("item {number} is not stated completely", key="back-item", number=item.number)
        if item.content.digests:
            yield serialize_line(item.number, item.content.digests.sha256, parse_name(item.file.path))


def _require_claims(found: ManifestSummary, sealed: Sealed) -> None:
    last = sealed.first_item + sealed.items - 1
    expected = ManifestSummary(sealed.lines, 0, sealed.items, last, 0, sealed.root)
    if found != expected:
        raise FormatError(
            "the manifest adds up to {found_en}, the entry says {expected_en}",
            key="back-sums",
            found_en=found,
            expected_en=expected,
        )
