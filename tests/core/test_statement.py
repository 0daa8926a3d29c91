"""Statements: written as RFC 8785 says, read in that one spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.statement import (
    ContentStatement,
    FileStatement,
    ItemType,
    OmissionReason,
    Statement,
    WithheldStatement,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.digest import Digests
from evtool.core.text.limits import MAX_INTEGER, MAX_LINE
from evtool.core.text.names import store_name
from evtool.core.text.times import format_mtime

items = st.integers(1, MAX_INTEGER)
salts = st.binary(min_size=16, max_size=16).map(bytes.hex)
hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
targets = st.binary(min_size=1, max_size=12).map(store_name) | st.text(min_size=1).map(
    lambda text: store_name(text.encode())
)
awkward = st.sampled_from(['"', "\\", '\\"', "\u2028", "%FF", "\ud7ff", "[bold]"])
parts = (targets | awkward).map(lambda part: part.replace("/", "-").replace("%00", "-").strip(".") or "x")
paths = st.lists(parts, min_size=1, max_size=3).map("/".join)
times = st.none() | st.integers(-(2**60), 2**62).filter(lambda time: format_mtime(time) is not None)
statements: st.SearchStrategy[Statement] = st.one_of(
    st.builds(
        ContentStatement,
        items,
        salts,
        st.just(ItemType.FILE),
        st.integers(0, MAX_INTEGER),
        st.builds(Digests, hashes, hashes),
    ),
    st.builds(ContentStatement, items, salts, st.just(ItemType.DIRECTORY)),
    st.builds(ContentStatement, items, salts, st.just(ItemType.SYMLINK), target=targets),
    st.builds(ContentStatement, items, salts, st.just(ItemType.OMITTED), reason=st.sampled_from(OmissionReason)),
    st.builds(FileStatement, items, salts, paths, times),
    st.builds(WithheldStatement, items, hashes),
)


@given(statements)
def test_the_writers_spell_as_rfc_8785_says(statement: Statement) -> None:
    """They write text by hand, for speed; a package that knows nothing of it writes the same bytes."""
    line = statement.serialize()
    assert rfc8785.dumps(json.loads(line)) == line


@given(statements)
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    """Whatever can be stated is read back, field by field."""
    assert parse_statement(statement.serialize()) == statement


@given(statements, st.data())
def test_a_changed_line_is_another_statement_or_none(statement: Statement, data: st.DataObject) -> None:
    """A piece put in, taken out or replaced anywhere: what is still read spells itself."""
    line = statement.serialize()
    at = data.draw(st.integers(0, len(line)))
    end = at + data.draw(st.integers(0, 3))
    pieces = st.binary(max_size=2) | st.sampled_from([b" ", b"0", b"-", b"\\", b'"', b",", b"\\u0041", b"A", b".0"])
    changed = line[:at] + data.draw(pieces) + line[end:]
    try:
        other = parse_statement(changed)
    except FormatError:
        return
    assert other.serialize() == changed
    assert (other == statement) == (changed == line)


@given(st.binary(max_size=200))
@example(b"")
@example(b"\xff")
@example(b"{}")
@example(b'{"kind":["content"]}')
@example(b'{"kind":"content","type":{}}')
@example(b'{"kind":"withheld"}')
def test_arbitrary_bytes_are_refused(line: bytes) -> None:
    """With the one error that readers of manifests expect."""
    with pytest.raises(FormatError):
        parse_statement(line)


@given(statements, st.dictionaries(st.text("abkt", min_size=1, max_size=4), st.integers() | st.text("ab"), max_size=1))
def test_a_field_more_or_less_is_refused(statement: Statement, extra: dict[str, Any]) -> None:
    """Kinds have exactly their fields; the spelling is right, the fields are not."""
    fields = json.loads(statement.serialize())
    for wrong in (extra | fields if extra.keys() - fields.keys() else {"zz": 1} | fields, *without_one(fields)):
        with pytest.raises(FormatError):
            parse_statement(rfc8785.dumps(wrong) if all(map(is_small, wrong.values())) else b"")


def without_one(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in fields.items() if name != left_out} for left_out in fields]


def is_small(value: object) -> bool:
    return not isinstance(value, int) or abs(value) <= MAX_INTEGER


@given(statements, st.data())
def test_a_value_of_another_type_is_refused(statement: Statement, data: st.DataObject) -> None:
    """Text for a number, a number for text, true for 1, null for anything but a date."""
    fields = json.loads(statement.serialize())
    name = data.draw(st.sampled_from(sorted(fields)))
    wrong: Any = data.draw(st.sampled_from([None, True, [], {}, "" if isinstance(fields[name], int) else 7]))
    if name == "mtime" and wrong is None:
        return
    with pytest.raises(FormatError):
        parse_statement(rfc8785.dumps(fields | {name: wrong}))


def test_a_line_has_a_longest_length() -> None:
    """One byte more is refused before anything of it is understood."""
    rest = len(FileStatement(1, "0" * 32, "", None).serialize())
    longest = FileStatement(1, "0" * 32, "x" * (MAX_LINE - rest), None)
    assert len(longest.serialize()) == MAX_LINE
    assert parse_statement(longest.serialize()) == longest
    with pytest.raises(FormatError, match="65537 bytes"):
        parse_statement(FileStatement(1, "0" * 32, "x" * (MAX_LINE - rest + 1), None).serialize())


@pytest.mark.parametrize(
    "fields",
    [
        {"type": ItemType.FILE},
        {"type": ItemType.FILE, "size": 1},
        {"type": ItemType.DIRECTORY, "size": 0},
        {"type": ItemType.SYMLINK},
        {"type": ItemType.FILE, "size": 0, "digests": Digests("0" * 64, "0" * 64), "target": "x"},
        {"type": ItemType.OMITTED},
        {"type": ItemType.DIRECTORY, "reason": OmissionReason.SPECIAL},
    ],
)
def test_no_statement_says_what_its_type_cannot(fields: dict[str, Any]) -> None:
    """The check is in the type, so that no writer gets around it."""
    with pytest.raises(FormatError, match="item 1"):
        ContentStatement(1, "0" * 32, **fields)
