"""PDF documents, read by pypdf (ISO 32000-1)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

import pypdf
import pypdf.filters
import pypdf.xmp
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata import values
from evtool.metadata.damage import DamagedError
from evtool.metadata.format_table import BEGINNING
from evtool.metadata.xmp import packet_in, xmp_claims

_TEXTS = {
    "/Title": TextKind.TITLE,
    "/Author": TextKind.PERSON,
    "/Subject": TextKind.TITLE,
    "/Keywords": TextKind.DESCRIPTION,
    "/Creator": TextKind.SOFTWARE,
    "/Producer": TextKind.SOFTWARE,
    "/Company": TextKind.ORGANISATION,
    "/Manager": TextKind.PERSON,
}

_TIMES = {"/CreationDate": TimeKind.CREATED, "/ModDate": TimeKind.MODIFIED}

_NODE_LIMIT = 5_000
"""Objects visited in one tree of names or fields."""

_CHUNK, _OVERLAP = 1 << 20, 64

_HEADER = compiled_when_used(rb"%PDF-(\d\.\d)?")
_VERSION = compiled_when_used(r"/\d\.\d", re.ASCII)
_POINTER = compiled_when_used(rb"startxref\s{1,16}(\d{1,12})\s")
_SECTION = compiled_when_used(rb"\s{0,16}(?:xref\s|\d{1,10}\s{1,4}\d{1,5}\s{1,4}obj\b)")
_SECTION_LIMIT = 4096


class PdfExtractor:
    """Reads document information, XMP and structure; page contents are not touched."""

    name = "pdf"
    is_plain = False
    formats = frozenset({"application/pdf"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield what can be had without the document, then what the document information and the catalogue say."""
        header = _HEADER.search(stream.read(BEGINNING + 8))
        before = header.start() if header else 0
        if header:
            yield from values.text(TextKind.FORMAT_VERSION, header[1], "PDF header")
        yield from values.count(CountKind.LEADING_BYTES, before, "before PDF header")
        sections = _sections(stream, before)
        yield from values.count(CountKind.INCREMENTAL_UPDATES, len(sections) - 1, "PDF cross-reference sections")
        reader = pypdf.PdfReader(stream)  # type: ignore[arg-type]  # a BytesIO in its annotation, any stream in fact
        if reader.is_encrypted:
            yield from values.count(CountKind.ENCRYPTED, 1, "PDF trailer /Encrypt")
            if not reader.decrypt(""):
                return
        yield from _information(reader)
        root = reader.trailer["/Root"]
        yield from _xmp(root)
        if isinstance(later := _resolved(root, "/Version"), str) and _VERSION.fullmatch(later):
            yield from values.text(TextKind.FORMAT_VERSION, later.removeprefix("/"), "PDF catalogue /Version")
        yield from _structure(root)
        yield from values.count(CountKind.PAGES, len(reader.pages), "PDF page tree")
        if not sections:
            raise DamagedError("damaged: no cross-reference section where the file says that one is")


def _sections(stream: BufferedIOBase, before: int) -> set[int]:
    """Find where the cross-reference sections lie that the file points to: each update appends one (section 7.5.6).

    The mark `%%EOF` tells nothing of updates, as some programs write it twice. A linearized file points once to 0 and
    once to its first section, which is a single section here. `before` bytes stand before the header; some programs
    count offsets from there.
    """
    pointers: set[int] = set()
    stream.seek(0)
    carried = b""
    while (chunk := stream.read(_CHUNK)) and len(pointers) < _SECTION_LIMIT:
        data = carried + chunk
        pointers.update(int(match[1]) for match in _POINTER.finditer(data))
        carried = data[-_OVERLAP:]
    pointers.update(int(match[1]) for match in _POINTER.finditer(carried + b"\n"))
    return {pointer for pointer in pointers if pointer and any(_is_section(stream, pointer + n) for n in (0, before))}


def _is_section(stream: BufferedIOBase, position: int) -> bool:
    stream.seek(position)
    return _SECTION.match(stream.read(_OVERLAP)) is not None


def _information(reader: pypdf.PdfReader) -> Iterator[Claim]:
    information = reader.trailer.get("/Info")
    information = information.get_object() if information is not None else None
    if not isinstance(information, DictionaryObject):
        return
    for name in information:
        value = _resolved(information, name)
        if isinstance(value, bytes):
            value = values.decode(value)
        if not isinstance(value, str):
            continue
        source = f"PDF Info {name}"
        if name in _TIMES:
            yield from values.pdf_time(_TIMES[name], value, source)
        elif name in _TEXTS:
            yield from values.text(_TEXTS[name], value, source)
        yield from values.tag(source, value)


def _resolved(parent: Any, name: Any) -> Any:
    """Give an entry, following references; None if it is missing or damaged, which is no reason to stop."""
    with contextlib.suppress(Exception):
        return parent[name].get_object()
    return None


def _xmp(root: Any) -> Iterator[Claim]:
    metadata = _resolved(root, "/Metadata")
    if isinstance(metadata, StreamObject):
        yield from xmp_claims(packet_in(metadata.get_data()) or metadata.get_data())


def _structure(root: Any) -> Iterator[Claim]:
    form = _resolved(root, "/AcroForm")
    fields = list(_tree(_resolved(form, "/Fields"))) if isinstance(form, DictionaryObject) else []
    signatures = sum(1 for field in fields if field.get("/FT") == "/Sig" and "/V" in field)
    yield from values.count(CountKind.SIGNATURES, signatures, "PDF AcroForm /Sig")
    yield from values.count(CountKind.FORMS, 1 if fields else 0, "PDF AcroForm")
    names = _resolved(root, "/Names")
    for entry, kind in (("/EmbeddedFiles", CountKind.EMBEDDED_FILES), ("/JavaScript", CountKind.JAVASCRIPT)):
        number = sum(len(_resolved(node, "/Names") or ()) // 2 for node in _tree(_resolved(names, entry)))
        yield from values.count(kind, number, f"PDF Names {entry}")
    action = _resolved(root, "/OpenAction")
    if isinstance(action, DictionaryObject) and action.get("/S") == "/JavaScript":
        yield from values.count(CountKind.JAVASCRIPT, 1, "PDF /OpenAction")


def _tree(start: Any) -> Iterator[DictionaryObject]:
    """Walk a tree of dictionaries below /Kids or in an array; one that loops ends at the limit."""
    waiting = [start]
    for _ in range(_NODE_LIMIT):
        if not waiting:
            return
        node = waiting.pop()
        if isinstance(node, ArrayObject):
            waiting += [item.get_object() for item in node[:_NODE_LIMIT]]
        elif isinstance(node, DictionaryObject):
            yield node
            waiting.append(_resolved(node, "/Kids"))


EXTRACTOR = PdfExtractor()
