"""OpenDocument texts, spreadsheets and presentations (ODF 1.3, part 3, section 4.3: `meta.xml`)."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.format_table import PACKAGE_TYPES
from evtool.metadata.xml_reader import Element, read_xml
from evtool.metadata.zip_reader import PACKAGE_MANIFEST, is_locked, open_zip, read_entries

_META = "urn:oasis:names:tc:opendocument:xmlns:meta:1.0 "
_DC = "http://purl.org/dc/elements/1.1/ "

_TIMES = {
    _META + "creation-date": TimeKind.CREATED,
    _DC + "date": TimeKind.MODIFIED,
    _META + "print-date": TimeKind.PRINTED,
}

_TEXTS = {
    _META + "generator": TextKind.SOFTWARE,
    _META + "initial-creator": TextKind.PERSON,
    _DC + "creator": TextKind.PERSON,
    _META + "printed-by": TextKind.PERSON,
    _DC + "title": TextKind.TITLE,
    _DC + "subject": TextKind.TITLE,
    _DC + "description": TextKind.DESCRIPTION,
    _META + "keyword": TextKind.DESCRIPTION,
    _DC + "language": TextKind.LANGUAGE,
}


class OdfExtractor:
    """Reads `meta.xml`, and notes by their names what else is inside."""

    name = "odf"
    is_plain = False
    formats = frozenset(name for name in PACKAGE_TYPES.values() if "oasis" in name)

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of `meta.xml`; in an encrypted document it cannot be read."""
        archive = open_zip(stream)
        locked = is_locked(archive)
        yield from values.count(CountKind.ENCRYPTED, int(locked), PACKAGE_MANIFEST)
        names = archive.namelist()
        scripts = sum(name.startswith(("Basic/", "Scripts/")) and not name.endswith("/") for name in names)
        yield from values.count(CountKind.MACROS, scripts, "Basic, Scripts")
        thumbnails = sum(name.startswith("Thumbnails/") and not name.endswith("/") for name in names)
        yield from values.count(CountKind.THUMBNAILS, thumbnails, "Thumbnails")
        pictures = sum(name.startswith("Pictures/") and not name.endswith("/") for name in names)
        yield from values.count(CountKind.PICTURES, pictures, "Pictures")
        signatures = sum(name == "META-INF/documentsignatures.xml" for name in names)
        yield from values.count(CountKind.SIGNATURES, signatures, "META-INF/documentsignatures.xml")
        parts = [] if locked else read_entries(archive, "meta.xml")
        if len(parts) > 1:
            yield from values.count(CountKind.REPEATED_FIELDS, len(parts), "meta.xml")
        for data in parts:
            for element in read_xml(data) if data else []:
                yield from _property(element)


def _property(element: Element) -> Iterator[Claim]:
    namespace, _, name = element.name.rpartition(" ")
    source = f"meta.xml {name}"
    if element.name in _TIMES:
        yield from values.iso_time(_TIMES[element.name], element.text, source)
    elif element.name in _TEXTS:
        yield from values.text(_TEXTS[element.name], element.text, source)
    elif name == "document-statistic":
        yield from values.count(CountKind.PAGES, element.attributes.get(_META + "page-count", ""), source)
    elif name == "editing-cycles":
        yield from values.count(CountKind.REVISION, element.text, source)
    if namespace and name.isascii():
        yield from values.tag(source, element.text)


EXTRACTOR = OdfExtractor()
