"""A strict reader of DER, the encoding of time-stamp responses (ITU-T X.690).

It reads one level at a time and only where a schema asks, so neither depth nor size of hostile input matters:
definite minimal lengths, single-byte tags, a limit on the number of children, no recursion. Every node keeps the
exact slice it was read from, because signatures and digests are taken over bytes as they came.
"""

from __future__ import annotations

from msgspec import Struct

from evtool.core.errors import FormatError

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31

MAX_CHILDREN = 64
"""More members than any time-stamp needs; stops a million-element SET from costing memory."""

MAX_INTEGER_BYTES = 64
"""RFC 3161 asks for 160 bits of serial number; three times that is kept for generous authorities."""

_LONGEST_LENGTH = 4
_LONG_TAG = 0x1F
_LONG_LENGTH = 0x80


class DerError(FormatError):
    """Bytes are not the DER structure they should be."""


class BerError(DerError):
    """Bytes are BER but not DER (indefinite length, string in pieces): readable by others, not supported here."""


class TrailingBytesError(DerError):
    """A complete structure is followed by more bytes, which could hide a second one."""


class Node(Struct, frozen=True):
    """One tag-length-value of a larger buffer.

    Attributes:
        source: the whole buffer.
        start: where the tag stands in it.
        body: where the content begins.
        end: where the content ends.
    """

    source: bytes
    start: int
    body: int
    end: int

    @property
    def tag(self) -> int:
        """Give the identifier byte: class, constructed bit and number in one."""
        return self.source[self.start]

    @property
    def raw(self) -> bytes:
        """Give the exact bytes of tag, length and content."""
        return self.source[self.start : self.end]

    @property
    def content(self) -> bytes:
        """Give the exact bytes of the content."""
        return self.source[self.body : self.end]


def read_node(source: bytes, start: int, limit: int) -> Node:
    """Read the tag and length at `start`; the node must end at or before `limit`.

    Raises:
        BerError: the length is indefinite.
        DerError: truncated, a multi-byte tag, or a length that is not minimal.
    """
    if start + 2 > limit:
        raise DerError("DER ends in the middle of a tag and length at byte {start}", key="der-cut", start=start)
    if source[start] & _LONG_TAG == _LONG_TAG:
        raise DerError("multi-byte tag at byte {start}; no time-stamp has one", key="der-long-tag", start=start)
    length, body = source[start + 1], start + 2
    if length & _LONG_LENGTH:
        length, body = _long_length(source, start, limit)
    if body + length > limit:
        raise DerError(
            "DER announces {length} bytes at byte {start}, only {there} are there",
            key="der-announced",
            length=length,
            start=start,
            there=limit - body,
        )
    return Node(source, start, body, body + length)


def _long_length(source: bytes, start: int, limit: int) -> tuple[int, int]:
    count = source[start + 1] & 0x7F
    body = start + 2 + count
    if count == 0:
        raise BerError("BER with an indefinite length at byte {start}", key="ber-indefinite", start=start)
    if count > _LONGEST_LENGTH or body > limit:
        raise DerError(
            "DER length of {count} bytes at byte {start} is too long or cut off",
            key="der-length-long",
            count=count,
            start=start,
        )
    length = int.from_bytes(source[start + 2 : body], "big")
    # One length, one spelling: a reader that takes several lets one signed value travel under two encodings.
    if length < _LONG_LENGTH or length >> 8 * (count - 1) == 0:
        raise DerError("DER length at byte {start} is not in its shortest form", key="der-length-form", start=start)
    return length, body


def read_only(data: bytes) -> Node:
    """Read a buffer that must be exactly one node.

    Raises:
        TrailingBytesError: there is more behind it.
        DerError: it is not DER.
    """
    node = read_node(data, 0, len(data))
    if node.end != len(data):
        raise TrailingBytesError(
            "{count} bytes follow the end of the structure", key="der-trailing", count=len(data) - node.end
        )
    return node


def children(node: Node, limit: int = MAX_CHILDREN) -> tuple[Node, ...]:
    """Read the members of a constructed node, in the order they stand.

    Raises:
        DerError: the node is primitive, has more than `limit` members, or a member is broken.
    """
    if not node.tag & 0x20:
        raise DerError(
            "tag {tag} at byte {start} has no members", key="der-no-members", tag=f"{node.tag:#04x}", start=node.start
        )
    found: list[Node] = []
    position = node.body
    while position < node.end:
        if len(found) == limit:
            raise DerError(
                "more than {limit} members at byte {start}", key="der-too-many", limit=limit, start=node.start
            )
        found.append(read_node(node.source, position, node.end))
        position = found[-1].end
    return tuple(found)


class Fields:
    """The members of one SEQUENCE, taken one after the other as its schema lists them."""

    __slots__ = ("_members", "_name", "_next")

    def __init__(self, node: Node, name: str, tag: int = SEQUENCE) -> None:
        self._members = children(expect(node, tag, name))
        self._name = name
        self._next = 0

    def required(self, tag: int, field: str) -> Node:
        """Take the next member, which must have this tag."""
        node = self.any(field)
        return expect(node, tag, f"{self._name}.{field}")

    def optional(self, *tags: int) -> Node | None:
        """Take the next member if it has one of these tags."""
        if self._next < len(self._members) and self._members[self._next].tag in tags:
            self._next += 1
            return self._members[self._next - 1]
        return None

    def any(self, field: str) -> Node:
        """Take the next member, whatever its tag."""
        if self._next == len(self._members):
            raise DerError("{name} ends before {field}", key="der-ends-before", name=self._name, field=field)
        self._next += 1
        return self._members[self._next - 1]

    def end(self) -> None:
        """Refuse members that the schema does not know."""
        if self._next != len(self._members):
            raise DerError("{name} has a member that does not belong there", key="der-extra-member", name=self._name)


def expect(node: Node, tag: int, name: str) -> Node:
    """Return the node if it has this tag.

    Raises:
        BerError: it is the constructed form of the string that was expected.
        DerError: it is something else.
    """
    if node.tag == tag:
        return node
    if node.tag == tag | 0x20:
        raise BerError("{name} is a BER string in pieces", key="ber-pieces", name=name)
    raise DerError(
        "{name} has tag {found}, expected {expected}",
        key="der-tag",
        name=name,
        found=f"{node.tag:#04x}",
        expected=f"{tag:#04x}",
    )


def explicit(node: Node, name: str) -> Node:
    """Give the one node inside an explicitly tagged node."""
    inner = children(node, 2)
    if len(inner) != 1:
        raise DerError("{name} holds {count} values, expected 1", key="der-one-value", name=name, count=len(inner))
    return inner[0]
