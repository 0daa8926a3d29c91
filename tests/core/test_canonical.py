"""Canonical JSON: the spelling of RFC 8785, and nothing else is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.text.canonical import encode_string, parse_canonical, serialize_canonical
from evtool.core.text.limits import MAX_INTEGER, MAX_NESTING

texts = st.text(st.characters(exclude_categories=["Cs"]))
keys = st.text(st.characters(max_codepoint=127))
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda children: st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=6)


@given(objects)
@example({"\x7f": "\u2028\x7f\x1f\b\f/<é"})
def test_the_spelling_is_that_of_rfc_8785(value: dict[str, Any]) -> None:
    """A package that knows nothing of evtool writes the same bytes, and they are read back."""
    line = serialize_canonical(value)
    assert line == rfc8785.dumps(value)
    assert parse_canonical(line) == value


@given(texts)
def test_one_string_is_spelled_as_rfc_8785_says(text: str) -> None:
    """The writers of statements spell strings on their own."""
    assert encode_string(text).encode() == rfc8785.dumps(text)


@given(objects, st.data())
def test_any_other_spelling_is_refused(value: dict[str, Any], data: st.DataObject) -> None:
    """A byte put in, taken out or changed gives another value, or no value at all."""
    line = serialize_canonical(value)
    at = data.draw(st.integers(0, len(line)))
    piece = data.draw(st.binary(max_size=2))
    changed = line[:at] + piece + line[at + data.draw(st.integers(0, 2)) :]
    try:
        other = parse_canonical(changed)
    except FormatError:
        return
    assert serialize_canonical(other) == changed


@given(objects)
def test_the_indented_spelling_of_other_programs_is_refused(value: dict[str, Any]) -> None:
    """Most encoders put spaces after commas and colons."""
    line = json.dumps(value, ensure_ascii=False).encode("utf-8")
    if line != serialize_canonical(value):
        with pytest.raises(FormatError, match="canonical"):
            parse_canonical(line)


@given(st.binary(max_size=60))
@example(b'{"a":1}')
@example(b"{}")
def test_arbitrary_bytes_are_canonical_or_refused(line: bytes) -> None:
    """No other exception leaves the parser."""
    try:
        value = parse_canonical(line)
    except FormatError:
        return
    assert rfc8785.dumps(value) == line


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":9007199254740992}', "beyond"),
        (b'{"a":-9007199254740992}', "beyond"),
        (b'{"a":' + b"9" * 5000 + b"}", "beyond"),
        (b'{"a":1.0}', "not an integer"),
        (b'{"a":1e2}', "not an integer"),
        (b'{"a":NaN}', "not an integer"),
        (b'{"a":Infinity}', "not an integer"),
        (b'{"a":-0}', "canonical"),
        (b'{"a":1,"a":1}', "canonical"),
        (b'{"b":1,"a":1}', "canonical"),
        (b'{"a":"\\u0041"}', "canonical"),
        (b'{"a":"\\ud800"}', "surrogate"),
        ('{"é":1}'.encode(), "not ASCII"),
        (b'{"a":"\xff"}', "not UTF-8"),
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"", "not JSON"),
        (b'{"a":1}{"b":2}', "not JSON"),
        (b"[" * 60_000, "too deep"),
    ],
)
def test_a_refusal_says_why(line: bytes, reason: str) -> None:
    """Each for one reason, and the message names it."""
    with pytest.raises(FormatError, match=reason):
        parse_canonical(line)


def test_nesting_ends_at_its_limit() -> None:
    """Sixteen levels below the object are read, seventeen are not."""

    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * depth + b"]" * depth + b"}"

    assert parse_canonical(nested(MAX_NESTING))
    with pytest.raises(FormatError, match="too deep"):
        parse_canonical(nested(MAX_NESTING + 1))


def test_the_largest_integers_are_read() -> None:
    """Exactly up to 2^53 - 1, on both sides."""
    line = b'{"a":9007199254740991,"b":-9007199254740991}'
    assert parse_canonical(line) == {"a": MAX_INTEGER, "b": -MAX_INTEGER}
