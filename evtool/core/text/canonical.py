"""JSON in one spelling (RFC 8785, restricted to integers), so that one statement has one hash."""

from __future__ import annotations

import json
from json.encoder import encode_basestring
from typing import Any, NoReturn

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_INTEGER, MAX_NESTING

encode_string = encode_basestring
"""Spell one string: only `"`, the backslash and C0 control characters are escaped (RFC 8785, section 3.2.2.2)."""


def serialize_canonical(value: Any) -> bytes:
    """Write JSON in its canonical spelling: keys sorted, no spaces, UTF-8.

    Object keys must be ASCII: for those the order by code point, which is used here, is the order by UTF-16 code unit
    that the RFC asks for.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8")


def parse_canonical(line: bytes) -> dict[str, Any]:
    """Read one JSON object that is in its canonical spelling.

    Comparing with the one spelling also refuses duplicate keys, odd numbers, escapes nobody needs and spaces.

    Raises:
        FormatError: not UTF-8, not JSON, not an object, nested too deep, a number that is not a plain integer, or
            another spelling.
    """
    try:
        text = line.decode("utf-8")
        value = json.loads(text, parse_float=_refuse_number, parse_constant=_refuse_number, parse_int=_parse_integer)
    except UnicodeDecodeError:
        raise FormatError("the line is not UTF-8", key="line-not-utf8") from None
    except RecursionError:
        raise FormatError("the line is nested too deep", key="line-deep") from None
    except ValueError:
        raise FormatError("the line is not JSON", key="line-no-json") from None
    if not isinstance(value, dict):
        raise FormatError("the line is not a JSON object", key="line-no-object")
    _check_plain(value, 0)
    if serialize_canonical(value) != line:
        raise FormatError("the line is not in its canonical spelling (RFC 8785)", key="line-spelling")
    return value


def _refuse_number(text: str) -> NoReturn:
    raise FormatError("the line holds a number that is not an integer", key="line-no-integer")


def _parse_integer(text: str) -> int:
    # The length is looked at first: turning thousands of digits into a number is slow.
    if len(text) > 17 or abs(int(text)) > MAX_INTEGER:
        raise FormatError("the line holds an integer beyond 2^53 - 1", key="line-integer")
    return int(text)


def _check_plain(value: Any, depth: int) -> None:
    """Refuse what has no canonical spelling here: deep nesting, keys that are not ASCII, lone surrogates."""
    if depth > MAX_NESTING:
        raise FormatError("the line is nested too deep", key="line-deep")
    if isinstance(value, dict):
        for key, child in value.items():
            if not key.isascii():
                raise FormatError("the line has a key that is not ASCII", key="line-key")
            _check_plain(child, depth + 1)
    elif isinstance(value, list):
        for child in value:
            _check_plain(child, depth + 1)
    elif isinstance(value, str) and not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise FormatError("the line holds a lone surrogate, which is not text", key="line-surrogate")
