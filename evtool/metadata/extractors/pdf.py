"""PDF documents, read by pypdf (ISO 32000-1)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

import pypdf
import pypdf.filters
import pypdf.xmp
from pypdf.generic import ArrayObject, DictionaryObject, StreamObject

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
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

_CHUNK = 1 << 20


class PdfExtractor:
    """Reads document information, XMP and structure; page contents are not touched."""

    name = "pdf"
    is_plain = False
    formats = frozenset({"application/pdf"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield what can be had without the document, then what the document information and the catalogue say."""
        yield from values.text(TextKind.FORMAT_VERSION, stream.read(8).removeprefix(b"%PDF-"), "PDF header")
        yield from _incremental_updates(stream, size)
        reader = pypdf.PdfReader(stream)  # type: ignore[arg-type]  # a BytesIO in its annotation, any stream in fact
        if reader.is_encrypted:
            yield from values.count(CountKind.ENCRYPTED, 1, "PDF trailer /Encrypt")
            if not reader.decrypt(""):
                return
        yield from _information(reader)
        root = reader.trailer["/Root"]
        yield from _xmp(root)
        yield from _structure(root)
        yield from values.count(CountKind.PAGES, len(reader.pages), "PDF page tree")


def _incremental_updates(stream: BufferedIOBase, size: int) -> Iterator[Claim]:
    """Count the sections that were appended to the first one (section 7.5.6): each ends with its own marker."""
    stream.seek(0)
    # A linearized file has two markers although nothing was appended (annex F).
    linearized = b"/Linearized" in stream.read(1024)
    stream.seek(0)
    markers, carried = 0, b""
    while chunk := stream.read(_CHUNK):
        data = carried + chunk
        markers += data.count(b"%%EOF")
        carried = data[-4:]
    yield from values.count(CountKind.INCREMENTAL_UPDATES, markers - 1 - linearized, "PDF %%EOF markers")


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
