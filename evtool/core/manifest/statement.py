"""Statements: what a manifest says of an item, one canonical line each.

A statement is a JSON object in the spelling of RFC 8785. It carries the number of its item, its kind and a random salt,
which keeps a statement that is withheld later from being guessed from its hash. `statement_reader` reads the lines that
are spelled here.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.manifest.context import check_value, is_field_name
from evtool.core.manifest.line import CONTENT, FILE, METADATA, WITHHELD, FileColumns, filling
from evtool.core.metadata.claims import Claims
from evtool.core.metadata.description import Description
from evtool.core.metadata.json_form import DOCUMENT_LIMIT, document_size, spell_claims
from evtool.core.metadata.vocabulary import Failure
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.canonical import encode_string, serialize_canonical
from evtool.core.text.digest import Digests
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_CONTEXT
from evtool.core.text.times import format_mtime, quote_mtimes

SALT_SIZE = 16
"""Bytes of salt in each statement."""

_CONFINEMENT = compiled_when_used(r"[a-z0-9-]+(?:\+[a-z0-9-]+)*\Z")
_MAX_CONFINEMENT = 128
_LEAVES_NOTHING = (Failure.NO_CONFINEMENT, Failure.UNREADABLE, Failure.CHANGED, Failure.WITHHELD)


class ItemType(Enum):
    """What an item is on disk."""

    FILE = "file"
    DIRECTORY = "directory"
    """An empty directory; one that is not empty shows in the paths below it."""
    SYMLINK = "symlink"
    """A symbolic link, recorded and never followed."""
    OMITTED = "omitted"
    """Something the archivist allowed to be left out: its name is sealed, its content is not."""


class OmissionReason(Enum):
    """Why the content of an item was not sealed."""

    UNREADABLE = "unreadable"
    UNREADABLE_DIRECTORY = "unreadable-directory"
    """A directory that could not be listed, with all that may be in it."""
    SPECIAL = "special"
    """A socket, a FIFO or a device."""
    CHANGING = "changing"
    """It was written to while it was read."""


PLAIN_STATEMENTS = ("file",)
"""What follows the content of an item of which nothing else is stated."""

_STATEMENTS = compiled_when_used(r"file(?:,metadata)?((?:,context)*)(?:,consent)?\Z")


def check_statements(item: int, type_: ItemType, kinds: tuple[str, ...]) -> None:
    """Check that these kinds of statements can follow the content of an item, in this order.

    Raises:
        FormatError: they cannot.
    """
    match = _STATEMENTS.match(",".join(kinds))
    if not match or len(match[1]) > MAX_CONTEXT * len(",context"):
        raise FormatError(
            "item {item}: its content names statements that no item has, or names them out of order",
            key="item-statements",
            item=item,
        )
    if "metadata" in kinds and type_ is not ItemType.FILE:
        raise FormatError("item {item} has metadata, although it is not a file", key="item-metadata", item=item)


def spell_statements(kinds: Sequence[str]) -> str:
    """Spell the kinds of the statements that follow a content statement, as they stand in it."""
    return ",".join(f'"{kind}"' for kind in kinds)


class ContentStatement(Struct, frozen=True):
    """Kind `content`: what an item is, and the digests of its bytes.

    Attributes:
        item: number of the item, from 1.
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        type: what the item is.
        size: bytes of a file, else None.
        digests: both digests of a file's bytes, else None.
        target: where a symbolic link points, in stored form, else None.
        reason: why an omitted item was left out, else None.
        statements: kinds of the other statements of the item, in the order in which they follow. So a copy that
            withholds one of them cannot pass for a copy of an item of which it was never stated.
    """

    kind: ClassVar[str] = "content"
    item: int
    salt: str
    type: ItemType
    size: int | None = None
    digests: Digests | None = None
    target: str | None = None
    reason: OmissionReason | None = None
    statements: tuple[str, ...] = PLAIN_STATEMENTS

    def __post_init__(self) -> None:
        is_file = self.type is ItemType.FILE
        if (self.size is not None) != is_file or (self.digests is not None) != is_file:
            raise FormatError(
                "item {item}: only a file has a size and digests, and every file has them",
                key="item-size",
                item=self.item,
            )
        if (self.target is not None) != (self.type is ItemType.SYMLINK):
            raise FormatError(
                "item {item}: only a symbolic link has a target, and every one has it",
                key="item-target",
                item=self.item,
            )
        if (self.reason is not None) != (self.type is ItemType.OMITTED):
            raise FormatError(
                "item {item}: only an omitted item has a reason, and every one has it",
                key="item-reason",
                item=self.item,
            )
        if self.statements != PLAIN_STATEMENTS:
            check_statements(self.item, self.type, self.statements)

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the manifest."""
        return (self.item, 0, "")

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        head, kinds = f'{{"item":{self.item},"kind":"content",', spell_statements(self.statements)
        follow = f'"statements":[{kinds}]'
        if self.digests is not None and self.size is not None:
            sha256, blake3 = self.digests.sha256, self.digests.blake3
            text = serialize_file_content(self.item, self.salt, self.size, sha256, blake3, kinds)
        elif self.type is ItemType.SYMLINK:
            target = encode_string(self.target or "")
            text = f'{head}"salt":"{self.salt}",{follow},"target":{target},"type":"symlink"}}'
        elif self.reason:
            text = f'{head}"reason":"{self.reason.value}","salt":"{self.salt}",{follow},"type":"omitted"}}'
        else:
            text = f'{head}"salt":"{self.salt}",{follow},"type":"directory"}}'
        return text.encode("utf-8")


class FileStatement(Struct, frozen=True):
    """Kind `file`: the stored name and the modification time of an item.

    Attributes:
        item: number of the item, from 1.
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        path: relative path in stored form.
        mtime: modification time in nanoseconds since 1970 (UTC), or None if it has no RFC 3339 spelling.
    """

    kind: ClassVar[str] = "file"
    item: int
    salt: str
    path: str
    mtime: int | None

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the manifest."""
        return (self.item, 1, "")

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        return serialize_file(self.item, self.salt, self.path, self.mtime).encode("utf-8")


class MetadataStatement(Struct, frozen=True):
    """Kind `metadata`: what a file says about itself, as a parser found it; nothing in it was observed.

    Attributes:
        item: number of the item, from 1.
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        confinement: the mechanisms that confined the parser, joined by `+`; "none" if nothing did,
            "not-parsed" if there was no parser.
        claims: what it claims, or None if nothing could be found out.
        failure: why claims are missing or may be incomplete, or None.
    """

    kind: ClassVar[str] = "metadata"
    item: int
    salt: str
    confinement: str
    claims: Claims | None = None
    failure: Failure | None = None

    def __post_init__(self) -> None:
        if len(self.confinement) > _MAX_CONFINEMENT or not _CONFINEMENT.match(self.confinement):
            raise FormatError(
                "item {item}: the confinement of the parser is not in its canonical spelling",
                key="item-confinement",
                item=self.item,
            )
        if self.claims is None and self.failure is None:
            raise FormatError(
                "item {item}: a metadata statement holds neither claims nor why there are none",
                key="item-no-claims",
                item=self.item,
            )
        if self.claims is not None and self.failure in _LEAVES_NOTHING:
            raise FormatError(
                "item {item}: it has claims, although {failure} leaves none",
                key="item-failed-claims",
                item=self.item,
                failure=self.failure.value,
            )
        if self.claims is not None and document_size(self.claims) > DOCUMENT_LIMIT:
            raise FormatError(
                "item {item}: the claims take more than {limit} bytes",
                key="item-claims-long",
                item=self.item,
                limit=DOCUMENT_LIMIT,
            )

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the manifest."""
        return (self.item, 2, "")

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        claims = "" if self.claims is None else spell_claims(self.claims).decode()
        failure = "" if self.failure is None else self.failure.value
        return serialize_metadata(self.item, self.salt, Description(claims, failure, self.confinement)).encode()


class ContextStatement(Struct, frozen=True):
    """Kind `context`: one field that the archivist supplied.

    Attributes:
        item: number of the item, from 1.
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        field: name of the field.
        value: what it says.
    """

    kind: ClassVar[str] = "context"
    item: int
    salt: str
    field: str
    value: str

    def __post_init__(self) -> None:
        if not is_field_name(self.field):
            raise FormatError(
                "item {item}: a context statement does not name a field", key="item-context-field", item=self.item
            )
        check_value(self.field, self.value)

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the manifest."""
        return (self.item, 3, self.field)

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        value = {"field": self.field, "item": self.item, "kind": "context", "salt": self.salt, "value": self.value}
        return serialize_canonical(value)


class ConsentStatement(Struct, frozen=True):
    """Kind `consent`: the handling and consent terms that were stated about an item when it was sealed.

    Attributes:
        item: number of the item, from 1.
        salt: 16 random bytes as 32 lower-case hexadecimal digits.
        terms: what was stated.
    """

    kind: ClassVar[str] = "consent"
    item: int
    salt: str
    terms: ConsentTerms

    @property
    def order(self) -> tuple[int, int, str]:
        """Place in the manifest."""
        return (self.item, 4, "")

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        # `item` sorts after both fields of the terms, so the canonical form of the terms is the beginning of the line.
        terms = self.terms.serialize()[:-1]
        return f'{terms},"item":{self.item},"kind":"consent","salt":"{self.salt}"}}'.encode()


class WithheldStatement(Struct, frozen=True):
    """Kind `withheld`: the hash that stands for lines not disclosed in this copy.

    Attributes:
        lines: how many lines it stands for, a power of two.
        hash: leaf hash of the one line, or root of their subtree, 64 lower-case hexadecimal digits.
    """

    lines: int
    hash: str

    def serialize(self) -> bytes:
        """Write the line, without its newline."""
        return (_WITHHELD_LINE % (self.hash, self.lines)).encode("ascii")


ItemStatement = ContentStatement | FileStatement | MetadataStatement | ContextStatement | ConsentStatement
"""What is said about one item; kinds are in the order of `order`."""

Statement = ItemStatement | WithheldStatement

Files = tuple[Sequence[int], Sequence[int], Sequence[str], Sequence[str]]
"""Files by columns: sizes, modification times in nanoseconds, SHA-256 and BLAKE3 values."""


def serialize_file_content(item: int, salt: str, size: int, sha256: str, blake3: str, follow: str) -> str:
    """Spell the content statement of a file; `follow` is as `spell_statements` gives it."""
    return _CONTENT_LINE % (blake3, item, salt, sha256, size, follow)


def serialize_file(item: int, salt: str, path: str, mtime: int | None) -> str:
    """Spell the file statement of an item; the hot path of sealing."""
    spelled = None if mtime is None else format_mtime(mtime)
    time = f'"{spelled}"' if spelled else "null"
    return _FILE_LINE % (item, time, encode_string(path)[1:-1], salt)


def spell_columns(
    first_item: int,
    salts: list[str],
    directory: str,
    names: list[str],
    files: Files,
    follows: Sequence[str] = (),
) -> FileColumns:
    """Spell what stands in both lines of each file of a directory, as the two functions above do one by one.

    `salts` holds two for each file; `directory` is the stored path of the directory with a `/` after it, empty for
    the root; `follows` says of each file what follows, as `spell_statements` gives it: without it, its name alone.
    """
    sizes, mtimes, sha256s, blake3s = files
    # All names in one call: no name holds a slash, and no escape does.
    paths = encode_string("/".join(names))[1:-1].split("/")
    if directory:
        paths = list(map(encode_string(directory)[1:-1].__add__, paths))
    numbers = list(map(str, range(first_item, first_item + len(names))))
    content = (blake3s, numbers, salts[::2], sha256s, list(map(str, sizes)), follows or [_PLAIN] * len(names))
    return FileColumns(*content, numbers, quote_mtimes(mtimes), paths, salts[1::2])


def serialize_metadata(item: int, salt: str, description: Description) -> str:
    """Spell the metadata statement of a file."""
    claims = f'"claims":{description.claims},' if description.claims else ""
    failure = f'"failure":"{description.failure}",' if description.failure else ""
    return _METADATA_LINE % (claims, description.confinement, failure, item, salt)


_PLAIN = spell_statements(PLAIN_STATEMENTS)
_CONTENT_LINE, _FILE_LINE, _WITHHELD_LINE, _METADATA_LINE = map(filling, (CONTENT, FILE, WITHHELD, METADATA))
