"""Statements decoded in blocks: what the fast reader takes, the slow and strict ones take, and as the same thing."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.block import DecodedFiles, are_readable, decode_files
from evtool.core.manifest.line import spell_files
from evtool.core.manifest.manifest import Item, ManifestReader
from evtool.core.manifest.statement import (
    ContentStatement,
    FileStatement,
    ItemType,
    OmissionReason,
    WithheldStatement,
    serialize_metadata,
    spell_columns,
    spell_statements,
)
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.metadata.description import Description
from evtool.core.text.canonical import parse_canonical
from evtool.core.text.digest import Digests
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.values import replace
from tests.core.test_statement import statements

SALT = "0123456789abcdef" * 2
DIGESTS = Digests("a" * 64, "b" * 64)

plain_parts = st.text(st.sampled_from("abz.-_ 0~\u00e9김\u2028\ud7ff\ue000\U0001f600"), min_size=1, max_size=4)
strange_parts = st.sampled_from([".", "..", "", "%25", "%", "\\", '"', "\x1f", "\x7f", "\x85", "a/", "/a"])
paths = st.lists(plain_parts, min_size=1, max_size=3).map("/".join)
sizes = st.sampled_from([0, 1, 9, 10, 4096, MAX_INTEGER, MAX_INTEGER + 1]) | st.integers(0, MAX_INTEGER)
dates = st.sampled_from([0, -1, 951_782_400_000_000_000]) | st.integers(-(2**60), 2**62)

SPOILERS = (
    *(b" ", b"\n", b"\r\n", b"0", b"-", b"+", b"1", b"9", b"\\", b'"', b"/", b"//", b"/../", b",", b"}", b"{", b"Z"),
    *(b"\\u0041", b"A", b"F", b".0", b"e1", b"%41", b"\xff", b"\xed\xa0\x80", b"\xc2\x85", b"\x7f", b"\x00"),
    *("\u0661".encode(), "\uff11".encode(), b"null", b"13", b"24", b"60", b"02-30"),
)
"""What is put into lines: other spellings of the same value, digits of other scripts, dates that do not exist."""


def state_file(item: int, path: str, size: int = 1, mtime: int | None = 0) -> list[bytes]:
    content = ContentStatement(item, SALT, ItemType.FILE, size=size, digests=DIGESTS)
    return [content.serialize(), FileStatement(item, SALT, path, mtime).serialize()]


def state_other(item: int, path: str) -> list[bytes]:
    content = ContentStatement(item, SALT, ItemType.OMITTED, reason=OmissionReason.SPECIAL)
    return [content.serialize(), FileStatement(item, SALT, path, None).serialize()]


@st.composite
def manifests(draw: st.DrawFn) -> list[bytes]:
    """Lines of a manifest that is mostly in order, mostly of files, and then perhaps spoilt in one place."""
    some = draw(st.lists(paths, min_size=1, max_size=8, unique=True))
    if draw(st.integers(0, 3)):
        some.sort(key=str.encode)
    if not draw(st.integers(0, 7)):
        some[draw(st.integers(0, len(some) - 1))] = draw(strange_parts)
    lines: list[bytes] = []
    for number, path in enumerate(some, 1):
        number += draw(st.sampled_from([0] * 30 + [1, -1]))
        state = state_other if not draw(st.integers(0, 9)) else state_file
        lines += state(number, path) if state is state_other else state_file(number, path, draw(sizes), draw(dates))
        if not draw(st.integers(0, 19)):
            lines.append(WithheldStatement(draw(st.integers(1, 3)), "c" * 64).serialize())
    return lines


def spoil(lines: list[bytes], draw: st.DrawFn) -> list[bytes]:
    """Replace a few bytes somewhere, or lose, double or swap lines."""
    how = draw(st.sampled_from(["bytes", "bytes", "lose", "double", "swap"])) if len(lines) > 1 else "bytes"
    at = draw(st.integers(0, len(lines) - 1))
    if how == "bytes":
        line = lines[at]
        place = draw(st.integers(0, len(line)))
        end = place + draw(st.integers(0, 3))
        changed = line[:place] + draw(st.sampled_from(SPOILERS) | st.binary(max_size=2)) + line[end:]
        return [*lines[:at], *changed.split(b"\n"), *lines[at + 1 :]]
    if how == "lose":
        return lines[:at] + lines[at + 1 :]
    if how == "double":
        return lines[: at + 1] + lines[at:]
    other = draw(st.integers(0, len(lines) - 1))
    swapped = list(lines)
    swapped[at], swapped[other] = swapped[other], swapped[at]
    return swapped


@st.composite
def spoilt_manifests(draw: st.DrawFn) -> list[bytes]:
    """The same, spoilt in one more place."""
    return spoil(draw(manifests()), draw)


@st.composite
def spoilt_lines(draw: st.DrawFn) -> bytes:
    """One statement of any kind, with a few bytes replaced."""
    return spoil([draw(statements).serialize()], draw)[0]


spoilt = spoilt_manifests()


def read_slowly(lines: list[bytes]) -> tuple[list[Item], object]:
    reader = ManifestReader(1)
    return list(reader.read(lines)), reader.summary


def read_in_blocks(lines: list[bytes], size: int) -> tuple[list[Item], object]:
    source = (line + b"\n" for line in lines)
    reader = ManifestReader(1)
    blocks = iter(lambda: list(islice(source, size)), [])
    return list(reader.read_blocks(blocks)), reader.summary


@given(manifests() | spoilt, st.integers(1, 9))
def test_blocks_are_read_as_lines_are(lines: list[bytes], size: int) -> None:
    """Items, root and counts are the same; what is refused one way is refused the other, in the same words."""
    outcome = outcome_of(lambda: read_in_blocks(lines, size))
    assert outcome == outcome_of(lambda: read_slowly(lines))


def outcome_of(read: Callable[[], object]) -> object:
    """What was read, or why nothing was; an item that is over shows a line later where lines come one by one."""
    try:
        return read()
    except FormatError as error:
        return error.message.partition(": ")[2]


@given(manifests() | spoilt)
def test_what_a_block_takes_every_line_holds(lines: list[bytes]) -> None:
    """Each line of a block that is decoded at once is a statement by itself, and says just that."""
    decoded = decode_files(b"".join(line + b"\n" for line in lines), 1)
    if decoded is None:
        return
    left = iter(lines)
    for index, number in enumerate(decoded.numbers):
        said = decoded.metadata[index] if decoded.metadata else None
        digests = Digests(decoded.sha256s[index], decoded.blake3s[index])
        content = ContentStatement(
            number,
            decoded.content_salts[index],
            ItemType.FILE,
            size=decoded.sizes[index],
            digests=digests,
            statements=("file", "metadata") if said else ("file",),
        )
        file = FileStatement(number, decoded.file_salts[index], decoded.paths[index], decoded.mtimes[index])
        stated = [content, file, said] if said else [content, file]
        assert [parse_statement(next(left)) for _ in stated] == stated
    assert list(left) == []


def test_a_block_holds_what_files_say_about_themselves() -> None:
    """Where it is announced, of the right item, and nowhere else; a line that is moved or left out is no block."""
    digests = ["d" * 64] * 2
    described = spell_statements(("file", "metadata"))
    columns = ([1, 2], [10**18, 10**18], digests, digests)
    spelled = spell_files(
        spell_columns(1, [SALT] * 4, "", ["a", "b"], columns, [described, spell_statements(("file",))])
    )
    plain = spelled.splitlines()
    said = serialize_metadata(
        1, SALT, Description('{"detail":"basic","vocabulary":"evtool-claims/1"}', "", "not-parsed")
    )

    def decode(*lines: str) -> DecodedFiles | None:
        return decode_files("".join(line + "\n" for line in lines).encode(), 1)

    taken = decode(*plain[:2], said, *plain[2:])
    assert taken is not None
    assert taken.metadata == [parse_statement(said.encode()), None]
    assert decode(*plain) is None
    assert decode(*plain, said) is None
    assert decode(*plain[:2], said.replace('"item":1', '"item":2'), *plain[2:]) is None
    assert decode(*plain[:2], said.replace("basic", "BASIC"), *plain[2:]) is None
    assert decode(*plain[:2], said, said, *plain[2:]) is None


@given(statements.map(lambda statement: statement.serialize()) | spoilt_lines())
def test_what_a_line_is_taken_for_is_what_a_strict_reader_reads(line: bytes) -> None:
    """The fast expressions for single lines against a reader of JSON that refuses all but the canonical spelling."""
    try:
        strict = parse_canonical(line)
    except FormatError:
        with pytest.raises(FormatError):
            parse_statement(line)
        return
    try:
        fast = parse_statement(line)
    except FormatError:
        return
    assert rfc8785.dumps(strict) == line
    assert json.loads(fast.serialize()) == strict


@given(st.lists(plain_parts, min_size=1, max_size=40, unique=True), st.integers(1, MAX_INTEGER - 100), st.data())
def test_what_a_seal_writes_of_plain_files_is_taken_at_once(names: list[str], first: int, data: st.DataObject) -> None:
    """The usual case takes the fast way: were it always refused, all of the above would hold and nothing be gained."""
    names = sorted(name for name in names if name not in (".", ".."))
    if not names:
        return
    counts = data.draw(st.lists(st.integers(0, MAX_INTEGER), min_size=len(names), max_size=len(names)))
    mtimes = [count % 2**62 for count in counts]
    digests = ["d" * 64] * len(names)
    columns = spell_columns(first, [SALT] * 2 * len(names), "photos/", names, (counts, mtimes, digests, digests))
    lines = spell_files(columns).encode()
    decoded = decode_files(lines, first)
    assert decoded is not None
    assert decoded.paths == tuple("photos/" + name for name in names)
    assert (decoded.sizes, decoded.mtimes) == (counts, mtimes)
    assert decode_files(lines, first + 1) is None


odd_texts = st.sampled_from(
    ["", "0", "-1", "+1", "01", "1_0", "\u0661", "A", "g", "%", "\\", '"', "null", "\n", "x" * 9000]
)
columns_of_files = st.lists(st.tuples(paths, sizes, dates), min_size=1, max_size=5, unique_by=lambda file: file[0])


@given(columns_of_files, st.integers(1, MAX_INTEGER), st.data())
def test_what_a_seal_takes_for_readable_is_what_a_reader_takes(
    files: list[tuple[str, int, int]], first: int, data: st.DataObject
) -> None:
    """A seal looks at the values that it fills in, and not at its lines again: both give the same answer."""
    files = sorted(files)
    names, counts, mtimes = map(list, zip(*files, strict=True))
    digests = ["d" * 64] * len(files)
    salts = [SALT] * 2 * len(files)
    columns = spell_columns(first, salts, "", ["x"] * len(files), (counts, mtimes, digests, digests))
    columns = replace(columns, paths=names)
    if not data.draw(st.integers(0, 2)):
        # One value is spoilt: replaced, or with something before or behind it.
        name = data.draw(
            st.sampled_from(["blake3s", "content_salts", "sha256s", "sizes", "dates", "paths", "file_salts"])
        )
        values, at, odd = list(getattr(columns, name)), data.draw(st.integers(0, len(files) - 1)), data.draw(odd_texts)
        values[at] = data.draw(st.sampled_from([odd, odd + values[at], values[at] + odd, values[at][1:]]))
        columns = msgspec.structs.replace(columns, **{name: values})
    decoded = decode_files(spell_files(columns).encode("utf-8", "surrogatepass"), first)
    assert are_readable(columns) == (decoded is not None and [*decoded.paths] == [*columns.paths])
