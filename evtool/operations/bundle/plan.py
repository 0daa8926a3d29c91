"""What goes into a bundle: which items, under which names, and what of the record, before a byte of it is written."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from blake3 import blake3
from msgspec import Struct

from evtool.core import __version__
from evtool.core.container.bagit import (
    DECLARATION,
    DECLARATION_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    TAG_MANIFEST_FILE,
    BagInfo,
    ManifestLine,
)
from evtool.core.container.payload_names import PayloadNamer, ReservedNames, parse_neutral_name
from evtool.core.custody.events import Event
from evtool.core.errors import EvidenceError, MismatchError
from evtool.core.finding import Phrase, Words
from evtool.core.manifest.disclosure import DisclosedStatement, PartialCopyWriter
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.skim import cut_manifest
from evtool.core.manifest.statement import ContentStatement, ItemType
from evtool.core.text.names import parse_name, store_name
from evtool.core.text.ranges import ranges_of
from evtool.core.values import replace
from evtool.operations.bundle.withhold import Withhold, is_withheld
from evtool.operations.record.record import Record, Seal
from evtool.operations.record.skimming import is_long
from evtool.operations.verify.bag import BUNDLE_README
from evtool.report.language import in_english
from evtool.scan.meter import Meter, watch
from evtool.scan.observe import Mode, observe
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind
from evtool.store.bundle import PAYLOAD_PREFIX
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import COVER, RECORD, FileRole, file_name, receipt_names

_CHUNK = 1024 * 1024


class Chosen(Struct, frozen=True):
    """An item that goes into the bundle.

    Attributes:
        number: number of the item.
        path: its stored name, None if that is withheld.
        content: its content statement.
        found: where it lies in the evidence directory; None if its content was left out of the seal.
    """

    number: int
    path: str | None
    content: ContentStatement
    found: Found | None


class PartFile(Struct, frozen=True):
    """One file of the bundle, measured: its bytes can be had as often as needed.

    Attributes:
        path: its path in the bag.
        size, sha256, crc: of its bytes.
        chunks: gives its bytes again with each call.
    """

    path: str
    size: int
    sha256: str
    crc: int
    chunks: Callable[[], Iterator[bytes]]


def locate(tree: Tree, item: Item, neutral: Mapping[int, bytes], *, is_named: bool = True) -> Chosen:
    """Find where an item lies: under its name, or under one made of its number, as after unpacking.

    `neutral` are the names of that kind in the root of the tree, by number. `is_named` tells whether the bundle
    discloses the name.
    """
    content, stored = item.content, item.file.path if item.file else None
    told = stored if is_named else None
    if content.type is ItemType.OMITTED:
        return Chosen(item.number, told, content, None)
    kind = {ItemType.FILE: Kind.FILE, ItemType.SYMLINK: Kind.SYMLINK}.get(content.type, Kind.EMPTY_DIRECTORY)
    directory, _, name = (parse_name(stored) if stored is not None else b"").rpartition(b"/")
    if item.number in neutral and not _exists(tree, directory, name):
        directory, name = b"", neutral[item.number]
    return Chosen(item.number, told, content, Found(directory, name, kind))


def list_neutral_names(tree: Tree, reserved: ReservedNames) -> dict[int, bytes]:
    """List what lies in the root of a directory under a name made of an item's number, and not under its own."""
    names = ((store_name(name), name) for name, _ in tree.list_directory(b""))
    numbers = ((parse_neutral_name(stored), name) for stored, name in names if stored not in reserved)
    return {number: name for number, name in numbers if number is not None}


def _exists(tree: Tree, directory: bytes, name: bytes) -> bool:
    try:
        return bool(name) and tree.stat(directory, name) is not None
    except OSError:
        return False


def measure_item(tree: Tree, chosen: Chosen, path: str, meter: Meter | None) -> PartFile | None:
    """Read an item and compare it with its seal; None for one that has no bytes.

    Raises:
        MismatchError: it differs from the seal.
        EvidenceError: it cannot be read.
    """
    content, found = chosen.content, chosen.found
    if found is None:
        return None
    if content.digests is None or content.size is None:
        seen = observe(tree, found, mode=Mode.HASH)
        target = store_name(seen.target) if content.type is ItemType.SYMLINK else None
        if seen.problem is not None or seen.kind is not found.kind or target != content.target:
            raise _not_as_sealed(chosen, Words("pack-gone"))
        return None
    first, second, crc, size = hashlib.sha256(), blake3(), 0, 0
    for chunk in watch(meter, found.path, content.size, read_file(tree, chosen)):
        first.update(chunk)
        second.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    if (first.hexdigest(), second.hexdigest()) != (content.digests.sha256, content.digests.blake3):
        raise _not_as_sealed(chosen, Words("pack-digest", digest=first.hexdigest(), size=size))
    return PartFile(PAYLOAD_PREFIX + path, size, first.hexdigest(), crc, lambda: read_file(tree, chosen))


def read_file(tree: Tree, chosen: Chosen) -> Iterator[bytes]:
    """Yield the bytes of an item's file.

    Raises:
        EvidenceError: it cannot be read, or is no longer a file.
    """
    found = chosen.found
    if found is None:
        return
    try:
        descriptor = tree.open_file(found.directory, found.name)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise _not_as_sealed(chosen, Words("pack-no-file"))
            # Its size alone shows it, and a sparse file of any size costs nothing to make.
            if facts.st_size != chosen.content.size:
                raise _not_as_sealed(chosen, Words("pack-size", found=facts.st_size, sealed=chosen.content.size))
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise EvidenceError(
            "{label} cannot be read: {why.strerror}",
            hint=_VERIFY_FIRST,
            key="pack-item-unreadable",
            label=_label(chosen),
            why=error,
        ) from error


_VERIFY_FIRST = "`evtool verify DIR` shows everything that differs from the seal"


def _not_as_sealed(chosen: Chosen, how: Words) -> MismatchError:
    return MismatchError(
        "{label} differs from the seal, so nothing was packed: {how}",
        hint=_VERIFY_FIRST,
        key="pack-item-differs",
        label=_label(chosen),
        how=in_english(how),
    )


def _label(chosen: Chosen) -> Phrase:
    return in_english(
        Words("item", number=chosen.number)
        if chosen.path is None
        else Words("item-path", number=chosen.number, path=chosen.path)
    )


def measure(path: str, chunks: Callable[[], Iterator[bytes]]) -> PartFile:
    """Measure a file that is made again each time it is asked for."""
    digest, crc, size = hashlib.sha256(), 0, 0
    for chunk in chunks():
        digest.update(chunk)
        crc = zlib.crc32(chunk, crc)
        size += len(chunk)
    return PartFile(path, size, digest.hexdigest(), crc, chunks)


def of_bytes(path: str, data: bytes) -> PartFile:
    """Measure a file that is in memory."""
    return measure(path, lambda: iter((data,)))


def record_files(
    record: Record,
    disclosed: frozenset[int],
    withhold: Withhold,
    added: Mapping[str, bytes],
) -> list[PartFile]:
    """Give the files of the record as the bundle has them: complete but for its manifests, details and earlier lists.

    `added` are the files that the record has in the bundle and not at its source, or not yet, by name: the entry of
    this disclosure with all that belongs to it. They take the place of those that have their names.
    A list of checksums goes along only where its whole manifest does:
    it names every item. The lists of earlier disclosures stay behind: they would tell who was given what.

    Raises:
        MismatchError: a manifest is not the one that was signed.
    """
    custody, listing = record.custody, record.listing
    seals = {seal.number: seal for seal in record.seals}
    files: list[PartFile] = []
    for sequence, event in listing.entries:
        for role in (FileRole.ENTRY, FileRole.SIGNATURE):
            files.append(_copied(custody, file_name(sequence, event, role)))
        if sequence in seals:
            manifest, whole = _partial_manifest(custody, seals[sequence], disclosed, withhold)
            files.append(manifest)
            if whole and FileRole.CHECKSUMS in seals[sequence].roles:
                files.append(_copied(custody, file_name(sequence, Event.SEALED.value, FileRole.CHECKSUMS)))
        if FileRole.DETAILS in listing.files[sequence, event] and sequence not in withhold.entries:
            files.append(_copied(custody, file_name(sequence, event, FileRole.DETAILS)))
        if FileRole.RENEWAL in listing.files[sequence, event]:
            files.append(_copied(custody, file_name(sequence, event, FileRole.RENEWAL)))
        if (sequence, event) in listing.receipts:
            files += [_copied(custody, name) for name in receipt_names(sequence, event)]
    files += [_copied(custody, stamp.text) for stamp in listing.stamps]
    files += [_copied(custody, name) for name in listing.informational if name != COVER and name not in added]
    files += [of_bytes(f"{RECORD}/{name}", data) for name, data in added.items()]
    return sorted(files, key=lambda file: file.path.encode("utf-8"))


def _copied(custody: CustodyReader, name: str) -> PartFile:
    return measure(f"{RECORD}/{name}", lambda: custody.read_chunks(name))


def _partial_manifest(
    custody: CustodyReader, seal: Seal, disclosed: frozenset[int], withhold: Withhold
) -> tuple[PartFile, bool]:
    """Make the copy of one manifest; also tell whether it is the whole."""
    name = file_name(seal.number, Event.SEALED.value, FileRole.MANIFEST)

    def is_disclosed(statement: DisclosedStatement) -> bool:
        return statement.item in disclosed and not is_withheld(statement, withhold)

    numbers = ranges_of(disclosed)
    copies: list[PartialCopyWriter] = []
    made: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        copies[:] = [PartialCopyWriter(is_disclosed)]
        if is_long(seal.sealed):
            parts = cut_manifest(custody.read_pieces(name), seal.sealed.first_item)
            return _gather(copies[0].write_parts(parts, numbers))
        return _gather(copies[0].write(custody.read_lines(name)))

    def kept_chunks() -> Iterator[bytes]:
        for count, piece in enumerate(chunks()):
            made[:] = [] if count else [piece]
            yield piece

    file = measure(f"{RECORD}/{name}", kept_chunks)
    if copies[0].compute_root().hex() != seal.sealed.root:
        raise MismatchError(
            "{name} is not the manifest that was signed", hint=_VERIFY_FIRST, key="pack-manifest-differs", name=name
        )
    # The copy for a few items of a million is short, and takes long to make.
    file = replace(file, chunks=lambda: iter(made) if made else chunks())
    return file, copies[0].withheld_lines == 0


def _gather(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines to pieces of a size that is worth writing."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        waiting.append(line + b"\n")
        size += len(line) + 1
        if size > _CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def bag_files(record: Record, kept: list[PartFile], payload: list[PartFile], readme: bytes) -> list[PartFile]:
    """Give every file of the bag in the order of the bundle: its lists, the record, the evidence."""
    payload = sorted(payload, key=lambda file: file.path.encode("utf-8"))
    info = BagInfo(
        version=__version__,
        collection=record.chain.links[0].entry.collection,
        payload_bytes=sum(file.size for file in payload),
        payload_files=len(payload),
    )
    tags = [
        of_bytes(DECLARATION_FILE, DECLARATION),
        of_bytes(INFO_FILE, info.serialize()),
        of_bytes(BUNDLE_README, readme),
        measure(MANIFEST_FILE, lambda: _manifest_lines(payload)),
    ]
    listed = sorted([*tags, *kept], key=lambda file: file.path.encode("utf-8"))
    return [*tags, measure(TAG_MANIFEST_FILE, lambda: _manifest_lines(listed)), *kept, *payload]


def _manifest_lines(files: Iterable[PartFile]) -> Iterator[bytes]:
    return (ManifestLine(file.path, file.sha256).serialize() for file in files)


def name_payload(chosen: Iterable[Chosen], reserved: ReservedNames, *, neutral: bool) -> Iterator[tuple[Chosen, str]]:
    """Pair each item with its name in the bundle."""
    namer = PayloadNamer(neutral=neutral, reserved=reserved)
    for item in chosen:
        has_bytes = item.content.type is ItemType.FILE
        yield item, namer.choose(item.number, item.path) if has_bytes else ""
