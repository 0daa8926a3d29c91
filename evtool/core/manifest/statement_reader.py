"""Reading a statement: from a line of a manifest to what it states, by its one canonical spelling.

Lines of the two kinds that every item has are matched against one regular expression each, which admits exactly the
canonical spelling; the other kinds are read as JSON and compared with their canonical spelling.
"""

from __future__ import annotations

import re
from typing import Any

from evtool.core.errors import FormatError
from evtool.core.manifest.line import CONTENT, FILE, METADATA, expression
from evtool.core.manifest.statement import (
    PLAIN_STATEMENTS,
    ConsentStatement,
    ContentStatement,
    ContextStatement,
    FileStatement,
    ItemType,
    MetadataStatement,
    OmissionReason,
    Statement,
    WithheldStatement,
)
from evtool.core.metadata.json_form import parse_claims, read_claims
from evtool.core.metadata.vocabulary import Failure
from evtool.core.terms.terms import parse_terms_cached
from evtool.core.text.canonical import parse_canonical
from evtool.core.text.digest import Digests, check_hex_digest
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER, MAX_LINE
from evtool.core.text.names import parse_name, parse_target
from evtool.core.text.times import parse_mtime

_NUMBER = r"([1-9][0-9]{0,15})"
_HEX = "[0-9a-f]"
_SALT = f"({_HEX}{{32}})"
_HASH = f"({_HEX}{{64}})"
_STRING = r'((?:[^"\\\x00-\x1f]|\\["\\])*)'
_CONTENT = compiled_when_used(
    expression(
        CONTENT,
        blake3=_HASH,
        item=_NUMBER,
        salt=_SALT,
        sha256=_HASH,
        size=f"(0|{_NUMBER})",
        statements=r'"([a-z",]*)"',
    )
    + r"\Z"
)
_FILE = compiled_when_used(
    expression(FILE, item=_NUMBER, mtime=r'(?:null|"([^"\\]*)")', path=_STRING, salt=_SALT) + r"\Z"
)
_CONSENT = compiled_when_used(rf'(\{{.*),"item":{_NUMBER},"kind":"consent","salt":"({_HEX}{{32}})"\}}\Z')
_METADATA = compiled_when_used(
    expression(
        METADATA,
        claims=r'(?:"claims":(\{.*\}),)?',
        confinement=r'([^"\\]*)',
        failure='(?:"failure":"([a-z-]+)",)?',
        item=_NUMBER,
        salt=_SALT,
    )
    + r"\Z",
    re.DOTALL,
)
_CONTEXT = compiled_when_used(
    rf'\{{"field":"([a-z][a-z0-9_-]{{0,62}})","item":{_NUMBER},"kind":"context","salt":"({_HEX}{{32}})",'
    r'"value":"((?:[^"\\\x00-\x1f]|\\["\\])*)"\}\Z'
)
"""As most are; a value with line breaks is read as JSON."""
_UNESCAPE = compiled_when_used(r'\\(["\\])')


def parse_statement(line: bytes) -> Statement:
    """Read one line of a manifest, without its newline.

    Raises:
        FormatError: too long, not UTF-8, of an unknown kind, with unknown or missing fields, or not in its one
            canonical spelling.
    """
    if len(line) > MAX_LINE:
        raise FormatError(
            "the line has {count} bytes, at most {limit} are allowed", key="line-long", count=len(line), limit=MAX_LINE
        )
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("the line is not UTF-8", key="line-not-utf8") from None
    if match := _CONTENT.match(text):
        digests = Digests(sha256=match[4], blake3=match[1])
        return ContentStatement(
            item=_item(int(match[2])),
            salt=match[3],
            type=ItemType.FILE,
            size=_item(int(match[5])),
            digests=digests,
            statements=PLAIN_STATEMENTS if match[7] == "file" else tuple(match[7].split('","')),
        )
    if match := _FILE.match(text):
        path = _UNESCAPE.sub(r"\1", match[3]) if "\\" in match[3] else match[3]
        parse_name(path)
        mtime = None if match[2] is None else parse_mtime(match[2])
        return FileStatement(item=_item(int(match[1])), salt=match[4], path=path, mtime=mtime)
    if match := _METADATA.match(text):
        claims = read_claims(match[1].encode("utf-8")) if match[1] else None
        failure = _failure(int(match[4]), match[3]) if match[3] else None
        return MetadataStatement(_item(int(match[4])), match[5], match[2], claims, failure)
    if match := _CONSENT.match(text):
        return ConsentStatement(item=_item(int(match[2])), salt=match[3], terms=parse_terms_cached(match[1] + "}"))
    if match := _CONTEXT.match(text):
        return ContextStatement(
            item=_item(int(match[2])), salt=match[3], field=match[1], value=_UNESCAPE.sub(r"\1", match[4])
        )
    return _parse_other(line)


def _failure(item: int, word: object) -> Failure:
    try:
        return Failure(word)
    except ValueError:
        raise FormatError(
            "item {item}: the reason for missing claims is unknown", key="item-unknown-failure", item=item
        ) from None


def _item(number: int) -> int:
    if number > MAX_INTEGER:
        raise FormatError("the line holds an integer beyond 2^53 - 1", key="line-integer")
    return number


_FIELDS: dict[tuple[object, object], frozenset[str]] = {
    ("content", "directory"): frozenset({"item", "kind", "salt", "statements", "type"}),
    ("content", "symlink"): frozenset({"item", "kind", "salt", "statements", "type", "target"}),
    ("content", "omitted"): frozenset({"item", "kind", "salt", "statements", "type", "reason"}),
    ("metadata", None): frozenset({"item", "kind", "salt", "confinement"}),
    ("context", None): frozenset({"item", "kind", "salt", "field", "value"}),
    ("withheld", None): frozenset({"kind", "lines", "hash"}),
}
"""Kind and type -> the fields that such a statement has, no more and no less."""

_METADATA_OPTIONAL = frozenset({"claims", "failure"})
"""Of these a metadata statement has one or both."""


def _parse_other(line: bytes) -> Statement:
    value = parse_canonical(line)
    kind, type_ = value.get("kind"), value.get("type")
    fields = _FIELDS.get((kind, type_)) if _hashable(kind) and _hashable(type_) else None
    optional = _METADATA_OPTIONAL if kind == "metadata" else frozenset()
    if fields is None or not fields <= set(value) <= fields | optional:
        raise FormatError("the line is not a statement of a kind that this version reads", key="line-kind")
    if kind == "withheld":
        lines, digest = value["lines"], value["hash"]
        if type(lines) is not int or lines < 1 or not isinstance(digest, str):
            raise FormatError("a withheld statement needs a number of lines and a hash", key="line-withheld")
        return WithheldStatement(lines=lines, hash=check_hex_digest(digest, "the hash of withheld lines"))
    item, salt = value["item"], value["salt"]
    if type(item) is not int or item < 1 or not isinstance(salt, str) or not re.fullmatch(_HEX + "{32}", salt):
        raise FormatError(
            "a statement needs the number of its item and a salt of 32 hexadecimal digits", key="line-item"
        )
    if kind == "metadata":
        # What the expression above does not match has a flaw; this names it.
        if not isinstance(value["confinement"], str):
            raise FormatError(
                "item {item}: the confinement of the parser is not text", key="item-confinement-text", item=item
            )
        claims = parse_claims(value["claims"]) if "claims" in value else None
        failure = _failure(item, value["failure"]) if "failure" in value else None
        return MetadataStatement(item, salt, value["confinement"], claims, failure)
    if kind == "context":
        if not isinstance(value["field"], str) or not isinstance(value["value"], str):
            raise FormatError(
                "item {item}: the field and the value of a context statement must be text",
                key="item-context-text",
                item=item,
            )
        return ContextStatement(item=item, salt=salt, field=value["field"], value=value["value"])
    return _parse_content(value, item, salt)


def _parse_content(value: dict[str, Any], item: int, salt: str) -> ContentStatement:
    """Read what an item is that is no file."""
    kinds, type_ = value["statements"], value["type"]
    if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
        raise FormatError(
            "item {item}: the statements that follow its content must be a list of kinds",
            key="item-statements-list",
            item=item,
        )
    follow = tuple(kinds)
    if type_ == "directory":
        return ContentStatement(item, salt, ItemType.DIRECTORY, statements=follow)
    if type_ == "symlink":
        target = _checked_target(value["target"])
        return ContentStatement(item, salt, ItemType.SYMLINK, target=target, statements=follow)
    try:
        reason = OmissionReason(value["reason"])
    except ValueError:
        raise FormatError("item {item}: the reason of an omission is unknown", key="item-omission", item=item) from None
    return ContentStatement(item, salt, ItemType.OMITTED, reason=reason, statements=follow)


def _hashable(value: object) -> bool:
    return value is None or isinstance(value, str)


def _checked_target(value: object) -> str:
    if not isinstance(value, str):
        raise FormatError("the target of a symbolic link must be text", key="target-text")
    parse_target(value)
    return value
