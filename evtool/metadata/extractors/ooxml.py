"""Word, Excel and PowerPoint documents since 2007 (ECMA-376, part 2, core properties; part 1, section 22.2)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.format_table import OOXML_PARTS
from evtool.metadata.xml_reader import read_xml
from evtool.metadata.zip_reader import open_zip, read_entry

_TIMES = {"created": TimeKind.CREATED, "modified": TimeKind.MODIFIED, "lastPrinted": TimeKind.PRINTED}

_TEXTS = {
    "creator": TextKind.PERSON,
    "lastModifiedBy": TextKind.PERSON,
    "title": TextKind.TITLE,
    "subject": TextKind.TITLE,
    "description": TextKind.DESCRIPTION,
    "keywords": TextKind.DESCRIPTION,
    "category": TextKind.DESCRIPTION,
    "language": TextKind.LANGUAGE,
    "Application": TextKind.SOFTWARE,
    "AppVersion": TextKind.FORMAT_VERSION,
    "Company": TextKind.ORGANISATION,
    "Manager": TextKind.PERSON,
    "Template": TextKind.FILE_NAME,
}

_COUNTS = {"Pages": CountKind.PAGES, "Slides": CountKind.PAGES, "revision": CountKind.REVISION}


class OoxmlExtractor:
    """Reads the two parts that hold properties, and notes by their names what else is inside."""

    name = "ooxml"
    is_plain = False
    formats = frozenset(OOXML_PARTS.values())

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of `docProps/core.xml` and `docProps/app.xml`."""
        with open_zip(stream) as archive:
            for part in ("core", "app"):
                data = read_entry(archive, f"docProps/{part}.xml")
                for element in read_xml(data) if data else []:
                    yield from _property(element.name.rpartition(" ")[2], element.text, f"{part}.xml")
            names = archive.namelist()
        yield from values.count(CountKind.MACROS, sum(n.endswith("vbaProject.bin") for n in names), "vbaProject.bin")
        embedded = sum("/embeddings/" in name for name in names)
        yield from values.count(CountKind.EMBEDDED_FILES, embedded, "embeddings")
        yield from values.count(CountKind.PICTURES, sum("/media/" in name for name in names), "media")
        thumbnails = sum(name.startswith("docProps/thumbnail") for name in names)
        yield from values.count(CountKind.THUMBNAILS, thumbnails, "docProps/thumbnail")


def _property(name: str, value: str, part: str) -> Iterator[Claim]:
    source = f"{part} {name}"
    if name in _TIMES:
        yield from values.iso_time(_TIMES[name], value, source)
    elif name in _TEXTS:
        yield from values.text(_TEXTS[name], value, source)
    elif name in _COUNTS:
        yield from values.count(_COUNTS[name], value, source)
    if name.isascii():
        yield from values.tag(source, value)


EXTRACTOR = OoxmlExtractor()
