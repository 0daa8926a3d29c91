"""Word, Excel and PowerPoint documents since 2007 (ECMA-376, part 2, core properties; part 1, section 22.2)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.format_table import OOXML_PARTS
from evtool.metadata.xml_reader import read_xml
from evtool.metadata.zip_reader import open_zip, read_entries, read_entry

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

_CORE, _APP = "/metadata/core-properties", "/extended-properties"
"""How the type of a relationship to the parts ends (ECMA-376, part 1, section 15.2.12; part 2, section 8.3)."""

_COUNTS = {"Pages": CountKind.PAGES, "Slides": CountKind.PAGES, "revision": CountKind.REVISION}


class OoxmlExtractor:
    """Reads the two parts that hold properties, and notes by their names what else is inside."""

    name = "ooxml"
    is_plain = False
    formats = frozenset(OOXML_PARTS.values())

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of `docProps/core.xml` and `docProps/app.xml`."""
        archive = open_zip(stream)
        data = read_entry(archive, "_rels/.rels")
        relations = [element.attributes for element in (read_xml(data) if data else [])]
        for part, relation in (("core", _CORE), ("app", _APP)):
            parts = [data for name in _parts(relations, part, relation) for data in read_entries(archive, name)]
            if len(parts) > 1:
                yield from values.count(CountKind.REPEATED_FIELDS, len(parts), f"docProps/{part}.xml")
            for data in parts:
                for element in read_xml(data) if data else []:
                    yield from _property(element.name.rpartition(" ")[2], element.text, f"{part}.xml")
        names = archive.namelist()
        yield from values.count(CountKind.MACROS, sum(n.endswith("vbaProject.bin") for n in names), "vbaProject.bin")
        embedded = sum("/embeddings/" in name for name in names)
        yield from values.count(CountKind.EMBEDDED_FILES, embedded, "embeddings")
        yield from values.count(CountKind.PICTURES, sum("/media/" in name for name in names), "media")
        thumbnails = sum(name.startswith("docProps/thumbnail") for name in names)
        yield from values.count(CountKind.THUMBNAILS, thumbnails, "docProps/thumbnail")


def _parts(relations: list[dict[str, str]], part: str, relation: str) -> list[str]:
    """Name the parts that hold properties: where they usually lie, and where the package says that they lie."""
    targets = [
        attributes.get("Target", "").lstrip("/")
        for attributes in relations
        if attributes.get("Type", "").endswith(relation)
    ]
    return list(dict.fromkeys([f"docProps/{part}.xml", *targets[:8]]))


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
