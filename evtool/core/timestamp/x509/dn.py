"""Distinguished names (X.501) as text for people; what they say is the sender's word, so all of it is escaped."""

from __future__ import annotations

from evtool.core.text.names import shown
from evtool.core.timestamp.der import SEQUENCE, SET, DerError, Fields, Node, children, expect, explicit
from evtool.core.timestamp.der_values import read_oid

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.97": "organizationIdentifier",
}

_CODECS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""String types of DirectoryString and IA5String. TeletexString is read as Latin-1, as everybody does."""

_DIRECTORY_NAME = 0xA4
_NAME_LIMIT = 240


def parse_name(name: Node) -> tuple[tuple[str, str], ...]:
    """Read a Name as (attribute type, value) pairs in the order they stand.

    Raises:
        DerError: it is not a Name.
    """
    pairs: list[tuple[str, str]] = []
    for relative in children(expect(name, SEQUENCE, "Name")):
        for attribute in children(expect(relative, SET, "Name.rdn")):
            fields = Fields(attribute, "Name.attribute")
            kind = read_oid(fields.any("type"), "Name.attribute.type")
            value = fields.any("value")
            fields.end()
            pairs.append((kind, _text(value)))
    return tuple(pairs)


def _text(value: Node) -> str:
    codec = _CODECS.get(value.tag)
    if codec is None:
        return value.content.hex()
    return value.content.decode(codec, "replace")


def describe_name(name: Node) -> str:
    """Write a Name for a person, on one line and safe to print; "" for an empty name."""
    pairs = parse_name(name)
    return shown(", ".join(f"{_SHORT.get(kind, kind)}={value}" for kind, value in pairs), _NAME_LIMIT) if pairs else ""


def describe_general_name(name: Node) -> str:
    """Write a GeneralName for a person; other kinds than a directory name are named by their tag."""
    if name.tag == _DIRECTORY_NAME:
        return describe_name(explicit(name, "GeneralName"))
    return shown(f"[{name.tag & 0x1F}] {name.content[:_NAME_LIMIT].decode('ascii', 'backslashreplace')}", _NAME_LIMIT)


def is_same_name(general_name: Node, subject: Node) -> bool:
    """Tell whether a GeneralName is this subject, whatever string types the two were written with."""
    if general_name.tag != _DIRECTORY_NAME:
        return False
    try:
        return parse_name(explicit(general_name, "GeneralName")) == parse_name(subject)
    except DerError:
        return False
