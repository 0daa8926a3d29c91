"""Single values in DER: reading and writing integers, identifiers, strings and times."""

from __future__ import annotations

from datetime import UTC, datetime

from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.timestamp.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    MAX_INTEGER_BYTES,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Node,
    expect,
)

_TRUE, _FALSE = b"\xff", b"\x00"
_MAX_OID_BYTES = 64
_GENERALIZED_TIME = compiled_when_used(
    rb"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(?:\.([0-9]*[1-9]))?Z"
)


def read_integer(node: Node, name: str, tag: int = INTEGER) -> int:
    """Read an INTEGER of at most 64 bytes in its shortest form.

    Raises:
        DerError: it is empty, padded or longer.
    """
    content = expect(node, tag, name).content
    if not 1 <= len(content) <= MAX_INTEGER_BYTES:
        raise DerError(
            "{name} has {count} bytes, expected 1 to {limit}",
            key="der-integer-size",
            name=name,
            count=len(content),
            limit=MAX_INTEGER_BYTES,
        )
    if len(content) > 1 and (content[0], content[1] >> 7) in ((0x00, 0), (0xFF, 1)):
        raise DerError("{name} is not in its shortest form", key="der-integer-form", name=name)
    return int.from_bytes(content, "big", signed=True)


def read_boolean(node: Node, name: str) -> bool:
    """Read a BOOLEAN, which DER writes as 00 or ff only."""
    content = expect(node, BOOLEAN, name).content
    if content not in (_TRUE, _FALSE):
        raise DerError("{name} is neither 00 nor ff", key="der-boolean", name=name)
    return content == _TRUE


def read_octets(node: Node, name: str, tag: int = OCTET_STRING) -> bytes:
    """Read an OCTET STRING."""
    return expect(node, tag, name).content


def read_oid(node: Node, name: str) -> str:
    """Read an OBJECT IDENTIFIER as dotted numbers.

    Raises:
        DerError: it is empty, longer than 64 bytes, cut off, or has a padded arc.
    """
    content = expect(node, OBJECT_IDENTIFIER, name).content
    if not content or len(content) > _MAX_OID_BYTES or content[-1] & 0x80:
        raise DerError("{name} is not an object identifier", key="der-oid", name=name)
    arcs: list[int] = []
    value, fresh = 0, True
    for byte in content:
        if fresh and byte == 0x80:
            raise DerError("{name} has a padded arc", key="der-oid-padded", name=name)
        value, fresh = value << 7 | byte & 0x7F, not byte & 0x80
        if fresh:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))


def read_bits(node: Node, name: str) -> tuple[int, ...]:
    """Read a BIT STRING of named bits: the numbers of the bits that are set."""
    content = expect(node, BIT_STRING, name).content
    if not 1 <= len(content) <= MAX_INTEGER_BYTES or content[0] > 7:
        raise DerError("{name} is not a bit string of named bits", key="der-bits", name=name)
    return tuple(i for i in range((len(content) - 1) * 8) if content[1 + i // 8] >> (7 - i % 8) & 1)


def read_generalized_time(content: bytes, name: str) -> tuple[datetime, str]:
    """Read a time as RFC 3161, section 2.4.2 allows it: to the second or finer, in UTC, no trailing zeros.

    Returns the time cut to microseconds, and its fraction as written ("" or digits), as some authorities give nine.

    Raises:
        DerError: another form, or no such moment (a leap second included).
    """
    match = _GENERALIZED_TIME.fullmatch(content)
    if not match:
        raise DerError("{name} is not YYYYMMDDhhmmss[.fraction]Z", key="der-time-form", name=name)
    year, month, day, hour, minute, second = (int(match[i]) for i in range(1, 7))
    fraction = (match[7] or b"").decode("ascii")
    if len(fraction) > MAX_INTEGER_BYTES:
        raise DerError("{name} has {count} digits of fraction", key="der-time-fraction", name=name, count=len(fraction))
    try:
        micro = int(fraction[:6].ljust(6, "0"))
        return datetime(year, month, day, hour, minute, second, micro, UTC), fraction
    except ValueError:
        raise DerError("{name} is not a time of the calendar", key="der-time-none", name=name) from None


def write_node(tag: int, *parts: bytes) -> bytes:
    """Write one node in DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def write_sequence(*parts: bytes) -> bytes:
    """Write a SEQUENCE of parts that are DER already."""
    return write_node(SEQUENCE, *parts)


def write_integer(value: int, tag: int = INTEGER) -> bytes:
    """Write an INTEGER in its shortest form."""
    magnitude = value if value >= 0 else ~value
    return write_node(tag, value.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True))


def write_boolean(value: bool) -> bytes:
    """Write a BOOLEAN."""
    return write_node(BOOLEAN, _TRUE if value else _FALSE)


def write_octets(value: bytes) -> bytes:
    """Write an OCTET STRING."""
    return write_node(OCTET_STRING, value)


def write_null() -> bytes:
    """Write a NULL."""
    return write_node(NULL)


def write_oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER given as dotted numbers.

    Raises:
        DerError: it is not one.
    """
    try:
        first, second, *rest = (int(arc) for arc in dotted.split(".") if _is_arc(arc))
    except ValueError:
        raise DerError("{dotted} is not an object identifier", key="oid-form", dotted=shown(dotted)) from None
    if first > 2 or (first < 2 and second > 39) or dotted.count(".") != len(rest) + 1:
        raise DerError("{dotted} is not an object identifier", key="oid-form", dotted=shown(dotted))
    return write_node(OBJECT_IDENTIFIER, *(_base128(arc) for arc in (40 * first + second, *rest)))


def _is_arc(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _base128(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
