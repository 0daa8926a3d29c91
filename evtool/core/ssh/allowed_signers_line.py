"""One line of an allowed_signers file: its fields and options (ssh-keygen(1), ALLOWED SIGNERS).

A line is text in which bytes that are not UTF-8 are lone surrogates (`surrogateescape`), so that every byte survives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

Localize = Callable[[datetime], datetime]
"""Turns a date without a zone into one with the zone of this machine; the core itself knows no zone."""

_SPACE = " \t\r\n"
_KEY_TYPE = compiled_when_used(r"(sk-|webauthn-sk-)?(ssh|ecdsa|rsa)-[^=\"]+\Z")
_TIME = compiled_when_used(
    r"([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2})?)?(Z|UTC)?\Z", re.IGNORECASE
)
_QUOTED = compiled_when_used(r'"(?:\\"|\\(?!")|[^"\\])*"')
_OPTION = compiled_when_used(rf'(?:[^,"]|{_QUOTED.pattern})+')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LineFields(Struct, frozen=True):
    """The fields of a line, not yet understood.

    Attributes:
        principals: the first field, without quotes.
        options: the second field as it stands, empty if there is none.
        options_at: offset in the line at which options stand, or would have to be put.
        key_type: such as `ssh-ed25519`.
        key: base64.
    """

    principals: str
    options: str
    options_at: int
    key_type: str
    key: str


class LineOptions(Struct, frozen=True):
    """What the options of a line say; None if they say nothing."""

    cert_authority: bool = False
    namespaces: str | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None


def split_line(line: str) -> LineFields | None:
    """Split a line into its fields; None for an empty line and a comment.

    Raises:
        FormatError: quotes do not match, or a field is missing.
    """
    start = len(line) - len(line.lstrip(_SPACE))
    if start == len(line) or line[start] == "#":
        return None
    if "\0" in line:
        raise FormatError("holds a NUL, at which ssh-keygen would stop reading", key="signers-nul")
    principals, at = _take_principals(line, start)
    options_at, options = at, ""
    key_type, key_at = _take_word(line, at)
    if not _KEY_TYPE.match(key_type):
        end = _options_end(line, at)
        options = line[at:end]
        key_type, key_at = _take_word(line, _skip_blanks(line, end))
    key, _ = _take_word(line, key_at)
    if not key.strip(_SPACE):
        raise FormatError("has no key after the principals and options", key="signers-no-key-after-options")
    if not _KEY_TYPE.match(key_type):
        raise FormatError("has {found} where a key type is expected", key="signers-key-type", found=shown(key_type, 80))
    return LineFields(principals, options, options_at, key_type, key.rstrip(_SPACE))


def parse_options(options: str, localize: Localize) -> LineOptions:
    """Understand the options of a line.

    Raises:
        FormatError: an option is unknown, given twice, or its value cannot be read.
    """
    found: dict[str, str] = {}
    cert_authority = False
    rest = options
    while rest:
        name, equals, value = rest.partition("=")
        if rest[: len("cert-authority")].lower() == "cert-authority":
            cert_authority, rest = True, rest[len("cert-authority") :]
        elif equals and name.lower() in ("namespaces", "valid-after", "valid-before"):
            if name.lower() in found:
                raise FormatError("has the option {option} twice", key="signers-option-twice", option=name.lower())
            found[name.lower()], rest = _take_quoted(value, name)
        if rest and not rest.startswith(","):
            raise FormatError("has the unknown option {option}", key="signers-option-unknown", option=shown(rest, 80))
        if rest == ",":
            raise FormatError("has options that end in a comma", key="signers-option-comma")
        rest = rest[1:]
    after, before = (
        parse_time(found[name], localize) if name in found else None for name in ("valid-after", "valid-before")
    )
    if after and before and before <= after:
        raise FormatError("has a valid-before that is not later than its valid-after", key="signers-valid-order")
    return LineOptions(cert_authority, found.get("namespaces"), after, before)


def parse_time(text: str, localize: Localize) -> datetime:
    """Read a time, `YYYYMMDD`, `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, with `Z` for UTC and otherwise in local time.

    Raises:
        FormatError: it is spelled otherwise, does not exist, or is not after 1970-01-01T00:00:00Z; ssh-keygen
            keeps times as numbers of which 0 means "not given", and refuses such lines as well.
    """
    match = _TIME.match(text)
    if not match:
        raise FormatError(
            "has the time {time}, expected YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, with Z",
            key="signers-time-form",
            time=shown(text, 80),
        )
    try:
        naive = datetime(*(int(part or 0) for part in match.groups()[:6]))  # type: ignore[arg-type]
        moment = (naive.replace(tzinfo=UTC) if match[7] else localize(naive)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FormatError(
            "has the time {time}, which does not exist", key="signers-time-none", time=shown(text, 80)
        ) from None
    if moment <= _EPOCH:
        raise FormatError(
            "has the time {time}, which is not after the start of 1970", key="signers-time-early", time=shown(text, 80)
        )
    return moment


def serialize_time(moment: datetime) -> str:
    """Write a time with an offset, in UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").rjust(15, "0")


def put_time(line: str, name: str, moment: datetime) -> str:
    """Give a line the option `valid-after` or `valid-before`, in place of one it may have.

    All else of the line, which `split_line` can split, stays as it is, byte for byte.
    """
    fields = split_line(line)
    if fields is None:
        raise FormatError("is empty or a comment", key="signers-empty")
    new = f'{name}="{serialize_time(moment)}"'
    start, end = fields.options_at, fields.options_at + len(fields.options)
    if not fields.options:
        return f"{line[:start]}{new} {line[start:]}"
    for option in _OPTION.finditer(line, start, end):
        if option[0].lower().startswith(f"{name}="):
            return line[: option.start()] + new + line[option.end() :]
    return f"{line[:end]},{new}{line[end:]}"


def _take_principals(line: str, start: int) -> tuple[str, int]:
    """Read the first field as OpenSSH's strdelim does: quotes may begin anywhere in it, and end it."""
    at = start
    while at < len(line) and line[at] not in _SPACE + '"':
        at += 1
    word = line[start:at]
    if line[at : at + 1] == '"':
        end = line.find('"', at + 1)
        if end < 0:
            raise FormatError("has a quotation mark without its partner", key="signers-quotation")
        word, at = word + line[at + 1 : end], end
    if at == len(line):
        raise FormatError("has no key after the principals", key="signers-no-key")
    at += 1
    while at < len(line) and line[at] in _SPACE:
        at += 1
    return word, at


def _take_word(line: str, at: int) -> tuple[str, int]:
    """Read up to the next blank; gives the word and where the next one starts."""
    end = at
    while end < len(line) and line[end] not in " \t":
        end += 1
    return line[at:end], _skip_blanks(line, end)


def _skip_blanks(line: str, at: int) -> int:
    while at < len(line) and line[at] in " \t":
        at += 1
    return at


def _options_end(line: str, at: int) -> int:
    """Find the blank after the options; blanks inside of quotes belong to them."""
    quoted = False
    while at < len(line) and (quoted or line[at] not in " \t"):
        if line[at : at + 2] == '\\"':
            at += 1
        elif line[at] == '"':
            quoted = not quoted
        at += 1
    if quoted:
        raise FormatError("has a quotation mark without its partner", key="signers-quotation")
    return at


def _take_quoted(text: str, name: str) -> tuple[str, str]:
    """Read a value in quotes, in which only `\\"` is an escape; gives the value and what follows."""
    match = _QUOTED.match(text)
    if not match:
        raise FormatError(
            "has the option {option} without a value in quotes", key="signers-option-value", option=name.lower()
        )
    return match[0][1:-1].replace('\\"', '"'), text[match.end() :]
