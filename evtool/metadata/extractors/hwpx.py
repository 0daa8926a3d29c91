"""Hangul documents, HWPX (KS X 6101, OWPML): the package's `Contents/content.hpf` and `version.xml`."""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import CountKind, TextKind, TimeKind
from evtool.metadata import values
from evtool.metadata.xml_reader import read_xml
from evtool.metadata.zip_reader import PACKAGE_MANIFEST, is_locked, open_zip, read_entries, read_entry

_TIMES = {"CreatedDate": TimeKind.CREATED, "ModifiedDate": TimeKind.MODIFIED}

_TEXTS = {
    "title": TextKind.TITLE,
    "subject": TextKind.TITLE,
    "creator": TextKind.PERSON,
    "lastsaveby": TextKind.PERSON,
    "description": TextKind.DESCRIPTION,
    "keyword": TextKind.DESCRIPTION,
    "language": TextKind.LANGUAGE,
}


class HwpxExtractor:
    """Reads the package's metadata and the program's version."""

    name = "hwpx"
    is_plain = False
    formats = frozenset({"application/hwp+zip"})

    def extract(self, stream: BufferedIOBase, size: int) -> Iterator[Claim]:
        """Yield the claims of the two files; dates stand as ISO 8601 text with `Z`.

        A locked document has the manifest of OpenDocument, which says so, and neither file can be read.
        """
        archive = open_zip(stream)
        locked = is_locked(archive)
        yield from values.count(CountKind.ENCRYPTED, int(locked), PACKAGE_MANIFEST)
        if locked:
            return
        packages = read_entries(archive, "Contents/content.hpf")
        version = read_entry(archive, "version.xml")
        names = archive.namelist()
        if len(packages) > 1:
            yield from values.count(CountKind.REPEATED_FIELDS, len(packages), "Contents/content.hpf")
        for element in (element for package in packages if package for element in read_xml(package)):
            name = element.name.rpartition(" ")[2]
            if name == "meta":
                yield from _property(element.attributes.get("name", ""), element.text)
            elif name in ("title", "language"):
                yield from _property(name, element.text)
        for element in read_xml(version)[:1] if version else []:
            application = element.attributes.get("application", "")
            number = element.attributes.get("appVersion", "")
            yield from values.text(TextKind.SOFTWARE, f"{application} {number}", "version.xml")
        yield from values.count(CountKind.PICTURES, sum(name.startswith("BinData/") for name in names), "BinData")
        yield from values.count(CountKind.THUMBNAILS, int("Preview/PrvImage.png" in names), "Preview/PrvImage.png")


def _property(name: str, value: str) -> Iterator[Claim]:
    source = f"content.hpf {name}"
    if name in _TIMES:
        yield from values.iso_time(_TIMES[name], value, source)
    elif name in _TEXTS:
        yield from values.text(_TEXTS[name], value, source)
    if name.isascii() and name:
        yield from values.tag(source, value)


EXTRACTOR = HwpxExtractor()
