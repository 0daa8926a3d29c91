"""Claims of an XMP packet (ISO 16684-1), whichever file carries it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from evtool.core.metadata.claims import Claim
from evtool.core.metadata.vocabulary import TextKind, TimeKind
from evtool.core.text.expressions import compiled_when_used
from evtool.metadata import values
from evtool.metadata.ends import Ends
from evtool.metadata.xml_reader import Element, read_xml

_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
}

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns# "

_TIMES = {
    "xmp:CreateDate": TimeKind.CREATED,
    "xmp:ModifyDate": TimeKind.MODIFIED,
    "exif:DateTimeOriginal": TimeKind.CAPTURED,
    "exif:DateTimeDigitized": TimeKind.DIGITIZED,
    "photoshop:DateCreated": TimeKind.CREATED,
}

_TEXTS = {
    "xmp:CreatorTool": TextKind.SOFTWARE,
    "stEvt:softwareAgent": TextKind.SOFTWARE,
    "pdf:Producer": TextKind.SOFTWARE,
    "tiff:Make": TextKind.DEVICE_MAKE,
    "tiff:Model": TextKind.DEVICE_MODEL,
    "aux:SerialNumber": TextKind.DEVICE_SERIAL,
    "exifEX:BodySerialNumber": TextKind.DEVICE_SERIAL,
    "aux:LensSerialNumber": TextKind.LENS_SERIAL,
    "aux:OwnerName": TextKind.PERSON,
    "dc:creator": TextKind.PERSON,
    "dc:contributor": TextKind.PERSON,
    "photoshop:AuthorsPosition": TextKind.PERSON,
    "photoshop:Credit": TextKind.PERSON,
    "photoshop:City": TextKind.PLACE_NAME,
    "photoshop:State": TextKind.PLACE_NAME,
    "photoshop:Country": TextKind.PLACE_NAME,
    "dc:publisher": TextKind.ORGANISATION,
    "dc:title": TextKind.TITLE,
    "dc:description": TextKind.DESCRIPTION,
    "dc:subject": TextKind.DESCRIPTION,
    "dc:rights": TextKind.DESCRIPTION,
    "dc:language": TextKind.LANGUAGE,
    "xmpMM:DocumentID": TextKind.IDENTIFIER,
    "xmpMM:InstanceID": TextKind.IDENTIFIER,
    "xmpMM:OriginalDocumentID": TextKind.IDENTIFIER,
}

_COORDINATE = compiled_when_used(r"(\d{1,3}),(\d{1,2}(?:\.\d{1,9})?)(?:,(\d{1,2}(?:\.\d{1,9})?))?([NSEW])", re.ASCII)


@lru_cache(maxsize=1)
def find_packet(file: Ends) -> bytes:
    """Find the packet of a picture, as ISO 16684-3 describes scanning; empty if there is none.

    It is looked for at the two ends: writers put it before or after the picture, not into it.
    """
    return packet_in(file.head) or (packet_in(file.tail) if file.tail is not file.head else b"")


def packet_in(data: bytes) -> bytes:
    """Find the packet in a part of a file by its outer element; empty if there is none or it is cut."""
    start = data.find(b"<x:xmpmeta")
    end = data.find(b"</x:xmpmeta>", start)
    return data[start : end + 12] if 0 <= start < end else b""


def xmp_claims(packet: bytes) -> Iterator[Claim]:
    """Yield the claims of a packet; the same value may stand in an attribute, an element or a list of elements."""
    coordinates: dict[str, str] = {}
    for name, value in _properties(read_xml(packet)):
        source = f"XMP {name}"
        if name in _TIMES:
            yield from values.iso_time(_TIMES[name], value, source)
        elif name in _TEXTS:
            yield from values.text(_TEXTS[name], value, source)
        elif name in ("exif:GPSLatitude", "exif:GPSLongitude"):
            coordinates[name] = value
        yield from values.tag(source, value)
    yield from _place(coordinates)


def _properties(elements: list[Element]) -> Iterator[tuple[str, str]]:
    for element in elements:
        for name, value in element.attributes.items():
            if known := _prefixed(name):
                yield known, value
        own = element.name
        if own == _RDF + "li":
            # The property is what holds the list: property / Seq / li.
            own = next((name for name in reversed(element.path[:-1]) if not name.startswith(_RDF)), "")
        if (known := _prefixed(own)) and element.text.strip():
            yield known, element.text


def _prefixed(name: str) -> str:
    namespace, _, local = name.rpartition(" ")
    # Sources are ASCII, whatever letters a stranger's schema uses.
    return f"{_PREFIXES[namespace]}:{local}" if namespace in _PREFIXES and local.isascii() and len(local) < 64 else ""


def _place(coordinates: dict[str, str]) -> Iterator[Claim]:
    north = _COORDINATE.fullmatch(coordinates.get("exif:GPSLatitude", ""))
    east = _COORDINATE.fullmatch(coordinates.get("exif:GPSLongitude", ""))
    if north and east and north[4] in "NS" and east[4] in "EW":
        raw = f"{north[0]} {east[0]}"
        yield from values.place(_degrees(north), _degrees(east), None, raw, "XMP exif:GPSLatitude")


def _degrees(match: re.Match[str]) -> Decimal:
    degrees = Decimal(match[1]) + Decimal(match[2]) / 60 + Decimal(match[3] or 0) / 3600
    return -degrees if match[4] in "SW" else degrees
