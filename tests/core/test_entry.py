"""Custody entries: written, read back, and refused in every other shape."""

from __future__ import annotations

import contextlib
import re
import time
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import tomli_w
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evtool.core.custody import entry_text
from evtool.core.custody.entry import (
    FORMAT,
    INFORMATIONAL_FILES,
    Clock,
    Entry,
    Previous,
    parse_entry,
)
from evtool.core.custody.events import Digest, Event, Sealed
from evtool.core.errors import FormatError
from evtool.core.manifest.statement import OmissionReason
from evtool.core.text.limits import MAX_ENTRY, MAX_INTEGER, MAX_SEQUENCE

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
digests = hashes.map(Digest)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1900, 1, 1), datetime(9998, 1, 1), timezones=offsets).map(
    lambda moment: moment.replace(microsecond=0)
)
codes = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True)
patterns = st.text("ab*?/. ", min_size=1, max_size=20)
fingerprints = st.from_regex(r"SHA256:[A-Za-z0-9+/]{43}", fullmatch=True)
previous = st.builds(
    Previous, hashes, hashes, st.dictionaries(st.text("ab.0-", min_size=1, max_size=10), hashes, max_size=3)
)


@st.composite
def seals(draw: st.DrawFn) -> Sealed:
    items = draw(st.integers(1, MAX_INTEGER))
    return Sealed(
        first_item=draw(st.integers(1, MAX_INTEGER)),
        items=items,
        lines=draw(st.integers(items, MAX_INTEGER)),
        root=draw(digests),
        checksums=draw(digests),
        exclude=tuple(draw(st.lists(patterns, max_size=4))),
        allowed=tuple(draw(st.lists(st.sampled_from(OmissionReason), unique=True))),
    )


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    sequence = draw(st.integers(1, MAX_SEQUENCE))
    return Entry(
        collection=draw(st.binary(min_size=16, max_size=16)).hex(),
        sequence=sequence,
        event=Event.SEALED,
        happened_at=draw(moments),
        recorded_at=draw(moments),
        clock=draw(st.sampled_from(Clock)),
        agent=draw(codes),
        key=draw(fingerprints),
        reason=draw(texts),
        tool=draw(texts),
        previous=draw(previous) if sequence > 1 else None,
        details=draw(seals()),
        informational=draw(st.dictionaries(st.sampled_from(INFORMATIONAL_FILES), hashes)),
    )


ENTRY = Entry(
    collection="0f" * 16,
    sequence=2,
    event=Event.SEALED,
    happened_at=datetime(2026, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=9))),
    recorded_at=datetime(2026, 3, 1, 5, 31, tzinfo=UTC),
    clock=Clock.CLAIMED,
    agent="A03",
    key="SHA256:" + "A" * 43,
    reason="interview",
    tool="evtool 0.1.0",
    previous=Previous("ab" * 32, "cd" * 32, {"0001-sealed.toml.sig.a.tsr": "ef" * 32}),
    details=Sealed(1, 2, 4, Digest("12" * 32), Digest("34" * 32), ("*.tmp",), (OmissionReason.SPECIAL,)),
    informational={"README.txt": "56" * 32},
)


@settings(max_examples=100)
@given(entries())
def test_an_entry_is_read_as_it_was_written(entry: Entry) -> None:
    """Field by field, offsets included; another TOML reader finds the same."""
    data = entry.serialize()
    assert parse_entry(data) == entry
    document = tomllib.loads(data.decode())
    assert document["format"] == FORMAT
    assert document["happened_at"].utcoffset() == entry.happened_at.utcoffset()
    assert parse_entry(tomli_w.dumps(document, multiline_strings=False).encode()) == entry


@settings(max_examples=100)
@given(entries(), st.data())
def test_a_damaged_entry_is_read_or_refused(entry: Entry, data: st.DataObject) -> None:
    """No other error than the one that readers expect; what is read is within its limits, as its type checks them."""
    text = entry.serialize()
    at = data.draw(st.integers(0, len(text)))
    piece = data.draw(st.binary(max_size=3) | st.sampled_from([b'"', b"\n", b"[a]\n", b"= 1\n", b"true", b"-", b"'''"]))
    damaged = text[:at] + piece + text[at + data.draw(st.integers(0, 3)) :]
    with contextlib.suppress(FormatError):
        assert isinstance(parse_entry(damaged), Entry)


@given(st.binary(max_size=200) | st.text("a=[]\"'.\n{}1,", max_size=60).map(str.encode))
@example(b"")
@example(b"\xff")
@example(b"[" * 2000)
@example(b"a=" + b"[" * 60_000)
@example(b"." * 1000)
def test_arbitrary_bytes_are_refused(data: bytes) -> None:
    """Also nested and dotted ones that cost a careless reader its stack or seconds."""
    with pytest.raises(FormatError):
        parse_entry(data)


def fields_of(table: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, value in table.items():
        found += fields_of(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return found


DOCUMENT = tomllib.loads(ENTRY.serialize().decode())
FIELDS = fields_of(DOCUMENT)
OPTIONAL = {"sealed.allowed", "previous.timestamps.0001-sealed.toml.sig.a.tsr", "informational.README.txt"}


def place_of(document: dict[str, Any], field: str) -> tuple[dict[str, Any], str]:
    """The table that a field stands in, and its name there."""
    for part in ("previous.timestamps", "previous", "sealed", "informational"):
        if field.startswith(f"{part}."):
            for step in part.split("."):
                document = document[step]
            return document, field.removeprefix(f"{part}.")
    return document, field


def changed(field: str, value: Any) -> bytes:
    """The document with one field replaced, or left out where the value is None."""
    document = tomllib.loads(ENTRY.serialize().decode())
    table, name = place_of(document, field)
    if value is None:
        del table[name]
    else:
        table[name] = value
    return tomli_w.dumps(document).encode()


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_is_needed_and_has_one_type(field: str) -> None:
    """Left out, or of any other type, it makes the entry unreadable; the message names it."""
    name = field.removesuffix(".toml.sig.a.tsr")
    if field not in OPTIONAL:
        with pytest.raises(FormatError, match=name):
            parse_entry(changed(field, None))
    table, key = place_of(DOCUMENT, field)
    for wrong in (7, True, 1.5, "text", [7], {"a": 1}, datetime(2026, 1, 1)):
        if type(wrong) is not type(table[key]):
            with pytest.raises(FormatError):
                parse_entry(changed(field, wrong))


@pytest.mark.parametrize("table", ["", "previous.", "sealed.", "informational."])
def test_no_other_field_is_taken(table: str) -> None:
    """It might change what the others mean; the message says which it is."""
    with pytest.raises(FormatError, match="extra"):
        parse_entry(changed(f"{table}extra", "x" * 64))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("format", "evtool-custody/2", "this version reads evtool-custody/1"),
        ("format", "other", "this version reads evtool-custody/1"),
        ("collection", "0F" * 16, "collection"),
        ("collection", "0f" * 15, "collection"),
        ("sequence", 0, "sequence 0"),
        ("sequence", 10_000, "sequence 10000"),
        ("sequence", 1, "every entry but the first"),
        ("event", "forgotten", "this version reads: collected, received, sealed"),
        ("clock", "proven", "this version reads: claimed, synced"),
        ("happened_at", datetime(2026, 1, 1), "offset"),
        ("agent", "Kim Cheol-su", "not a code"),
        ("key", "SHA256:short", "fingerprint"),
        ("reason", "", "reason has 0 characters"),
        ("tool", "x" * 1001, "tool has 1001 characters"),
        ("previous.entry", "AB" * 32, "previous.entry"),
        ("previous.signature", "ab", "previous.signature"),
        ("sealed.root", "12" * 31, "root is not 64"),
        ("sealed.first_item", 0, "contradict each other"),
        ("sealed.items", 0, "contradict each other"),
        ("sealed.items", 5, "contradict each other"),
        ("sealed.lines", 2**53, "lines is not a number"),
        ("sealed.lines", -1, "lines is not a number"),
        ("sealed.allowed", ["secret"], "unknown reason"),
        ("sealed.exclude", [""], "pattern"),
        ("sealed.exclude", ["a\x07"], "pattern"),
        ("informational.0001-sealed.jsonl", "ab" * 32, "not an informational file"),
    ],
)
def test_a_refusal_names_the_field(field: str, value: Any, reason: str) -> None:
    """Each for one reason."""
    with pytest.raises(FormatError, match=reason):
        parse_entry(changed(field, value))


def test_an_entry_has_a_largest_size() -> None:
    """Read and written alike."""
    data = ENTRY.serialize()
    filled = data + b"#" + b"\n" * (MAX_ENTRY - len(data) - 1)
    assert parse_entry(filled) == ENTRY
    with pytest.raises(FormatError, match="65537 bytes"):
        parse_entry(filled + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"a." * 20_000 + b"b = 1",
        b"x = {" + b"a." * 20_000 + b"b = 1}",
        b'    "a"' + b".a" * 20_000 + b" = 1",
        b"x = [[[[1]]]]",
        b'x = """over lines"""',
        b" " * 60_000 + b"x",
        b'x = "' + b'\\"' * 30_000,
        b"x = [" + b'"a" ' * 15_000,
        b"-" * 129 + b" = 1",
    ],
)
def test_a_line_of_another_form_is_refused_before_it_is_parsed(line: bytes) -> None:
    """A parser of TOML takes seconds for a key of thousands of parts, and a pattern can take hours for a long line."""
    data = ENTRY.serialize()
    began = time.process_time()
    with pytest.raises(FormatError, match=r"not a table, a key|128 characters"):
        parse_entry(data + line + b"\n")
    assert time.process_time() - began < 1


def test_an_entry_may_be_written_by_hand() -> None:
    """Comments, blanks, lists in one line or several, and the other kind of quotes mean the same."""
    text = ENTRY.serialize().decode()
    by_hand = text.replace('clock = "claimed"', "  clock='claimed'   # a radio clock, \"so they said\"\r")
    assert by_hand != text
    assert parse_entry(b"#" + b"-" * 1000 + b"\n\n" + by_hand.encode()) == ENTRY


_PIECES = st.sampled_from(
    ['"', "'", "\\", "[", "]", ",", " ", "    ", " = ", "=", ".", "#", "a", "key", "1", "-", ":", "+00:00", "\r", "한"]
)
_LINES = st.lists(_PIECES, max_size=8).map("".join) | st.sampled_from(
    [
        'a = "b"',
        "a = [",
        '    "b",',
        "]",
        "[a]",
        "",
        "a = []",
        "a = 2026-11-28 12:54:35+00:00",
        '"README.txt" = "a"',
        "a = true",
    ]
)


@given(st.lists(_LINES, max_size=5))
def test_the_lines_that_evtool_writes_are_taken_as_every_line_is(lines: list[str]) -> None:
    """They are told by shorter expressions, which take nothing that the full ones refuse, and mean the same by it."""

    def is_taken() -> bool:
        try:
            entry_text.check_lines("\n".join(lines))
        except FormatError:
            return False
        return True

    taken = is_taken()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_PLAIN_LINE", "_PLAIN_ELEMENT"):
            patch.setattr(entry_text, name, re.compile(r"(?!)"))
        assert is_taken() == taken
