"""Manifests: the order of lines, complete items and the root, against a slow and obvious reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item, ManifestReader, summarize_unread
from evtool.core.manifest.statement import (
    ConsentStatement,
    ContentStatement,
    ContextStatement,
    FileStatement,
    ItemType,
    OmissionReason,
    WithheldStatement,
)
from evtool.core.terms.terms import parse_terms

SALT = "0" * 32
Lines = list[bytes]


PLAIN = ("file",)
RICH = ("file", "context", "context", "consent")


def content(item: int, type_: ItemType = ItemType.OMITTED, follow: tuple[str, ...] = PLAIN) -> bytes:
    reason = OmissionReason.SPECIAL if type_ is ItemType.OMITTED else None
    return ContentStatement(item, SALT, type_, reason=reason, statements=follow).serialize()


def name(item: int, path: str | None = None) -> bytes:
    return FileStatement(item, SALT, path or f"{item:03d}", None).serialize()


def context(item: int, field: str) -> bytes:
    return ContextStatement(item, SALT, field, "x").serialize()


def consent(item: int) -> bytes:
    return ConsentStatement(item, SALT, parse_terms('{"consent":{"status":"given"}}')).serialize()


def stated(item: int, follow: tuple[str, ...]) -> Lines:
    """All lines of an item, for one of the lists of statements above."""
    extra = [context(item, "language"), context(item, "title"), consent(item)] if follow == RICH else []
    return [content(item, follow=follow), name(item), *extra]


def manifest(items: int, first: int = 1) -> Lines:
    return [line for item in range(first, first + items) for line in stated(item, RICH if item % 3 == 0 else PLAIN)]


def leaf(line: bytes) -> bytes:
    return sha256(b"\x00" + line).digest()


def tree_hash(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def read(lines: Lines, first: int = 1) -> tuple[list[Item], ManifestReader]:
    reader = ManifestReader(first)
    return list(reader.read(lines)), reader


@given(st.integers(0, 20), st.integers(1, 50))
def test_a_whole_manifest_is_read_item_by_item(items: int, first: int) -> None:
    """Every item with both statements, and the root over all lines."""
    lines = manifest(items, first)
    found, reader = read(lines, first)
    assert [item.number for item in found] == list(range(first, first + items))
    assert all(item.content and item.file for item in found)
    summary = reader.summary
    assert summary.root == tree_hash([leaf(line) for line in lines]).hex()
    assert (summary.lines, summary.withheld_lines, summary.disclosed_items) == (len(lines), 0, items)
    assert not any(item.withheld for item in found)
    assert summary.last_item == (first + items - 1 if items else 0)


# --- withheld lines --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copy:
    """A partial copy of a manifest, and which of its lines it discloses."""

    lines: Lines
    disclosed: list[int]


def withhold(lines: Lines, hidden: set[int]) -> Lines:
    """Replace lines by the hashes of the largest nodes of the tree that hold no other."""
    made: Lines = []
    at = 0
    while at < len(lines):
        sizes = [size for size in (16, 8, 4, 2, 1) if at % size == 0 and at + size <= len(lines)]
        size = next((size for size in sizes if set(range(at, at + size)) <= hidden), 0)
        if size:
            made.append(
                WithheldStatement(size, tree_hash([leaf(line) for line in lines[at : at + size]]).hex()).serialize()
            )
        else:
            made.append(lines[at])
        at += size or 1
    return made


@st.composite
def copies(draw: st.DrawFn) -> tuple[Lines, Copy]:
    """A manifest, and a copy that withholds whole items, and of others what may be withheld of them."""
    lines: Lines = []
    hidden: set[int] = set()
    for item in range(1, draw(st.integers(1, 8)) + 1):
        follow = draw(st.sampled_from([PLAIN, RICH]))
        places = range(len(lines), len(lines) + 1 + len(follow))
        if draw(st.booleans()):
            hidden |= set(places) if draw(st.booleans()) else draw(st.sets(st.sampled_from(places[1:4])))
        lines += stated(item, follow)
    return lines, Copy(withhold(lines, hidden), sorted(set(range(len(lines))) - hidden))


@given(copies())
def test_a_partial_copy_has_the_same_root(case: tuple[Lines, Copy]) -> None:
    """What is disclosed is read as it was, and of what is not it is known that it exists."""
    lines, copy = case
    found, reader = read(copy.lines)
    summary = reader.summary
    assert (summary.root, summary.lines) == (tree_hash([leaf(line) for line in lines]).hex(), len(lines))
    assert summary.withheld_lines == len(lines) - len(copy.disclosed)
    statements = [
        statement.serialize()
        for item in found
        for statement in (item.content, item.file, *item.context, item.consent)
        if statement
    ]
    assert statements == [lines[at] for at in copy.disclosed]
    whole, _ = read(lines)
    for item in found:
        original = whole[item.number - 1]
        gone = ["file"] * (item.file is None) + ["context"] * (len(original.context) - len(item.context))
        assert list(item.withheld) == gone
        assert item.consent == original.consent


@given(copies(), st.data())
def test_what_may_not_be_withheld_is_missed(case: tuple[Lines, Copy], data: st.DataObject) -> None:
    """The terms of an item that is disclosed, or what it is while something else of it is told."""
    lines, copy = case
    kinds = {at: json.loads(line)["kind"] for at, line in enumerate(lines)}
    told = [json.loads(lines[at])["item"] for at in copy.disclosed if kinds[at] != "content"]
    wrong = [
        at
        for at in copy.disclosed
        if kinds[at] == "consent" or (kinds[at] == "content" and json.loads(lines[at])["item"] in told)
    ]
    assume(wrong)
    hidden = set(range(len(lines))) - set(copy.disclosed) | {data.draw(st.sampled_from(wrong))}
    with pytest.raises(FormatError):
        read(withhold(lines, hidden))


@given(copies(), st.data())
def test_a_copy_in_which_anything_was_moved_is_refused_or_has_another_root(
    case: tuple[Lines, Copy], data: st.DataObject
) -> None:
    """A line taken out, doubled or moved: no reader takes it for the original."""
    lines, copy = case
    first, second = (data.draw(st.integers(0, len(copy.lines) - 1)) for _ in range(2))
    kind = data.draw(st.sampled_from(["take out", "double", "swap"]))
    moved = list(copy.lines)
    if kind == "take out":
        moved.pop(first)
    elif kind == "double":
        moved.insert(second, moved[first])
    else:
        moved[first], moved[second] = moved[second], moved[first]
    assume(moved != copy.lines)
    try:
        _, reader = read(moved)
    except FormatError:
        return
    original = tree_hash([leaf(line) for line in lines]).hex(), len(lines)
    assert (reader.summary.root, reader.summary.lines) != original


# --- order, against a reference --------------------------------------------------------------------------------------


def is_in_order(lines: Lines) -> bool:
    """The rules of section 5.3, slowly: every line at its place, and every place of an item accounted for."""
    cells: dict[int, Any] = {}
    size = 0
    for line in lines:
        fields = json.loads(line)
        if fields["kind"] != "withheld":
            cells[size] = fields
        size += fields.get("lines", 1)
    end, last, path, owned = 0, 0, "", set[int]()
    for place, fields in cells.items():
        if fields["kind"] != "content":
            continue
        skipped, between = fields["item"] - last - 1, place - end
        if skipped < 0 or between < 2 * skipped or bool(between) != bool(skipped):
            return False
        last, end = fields["item"], place + 1 + len(fields["statements"])
        field = ""
        for at, kind in enumerate(fields["statements"], start=place + 1):
            cell = cells.get(at)
            owned |= {place, at}
            if at >= size or (cell is None and kind == "consent"):
                return False
            if cell is not None and (cell["kind"], cell["item"]) != (kind, last):
                return False
            if cell is not None and kind == "context" and cell["field"] <= field:
                return False
            field = cell["field"] if cell and kind == "context" else field
            if cell is not None and kind == "file":
                if cell["path"] <= path:
                    return False
                path = cell["path"]
    return set(cells) <= owned


pieces = st.sampled_from(
    [
        [content(1)],
        [name(1)],
        [content(2)],
        [name(2)],
        [content(3), name(3)],
        [name(2, "000")],
        stated(2, RICH),
        stated(2, RICH)[:3],
        [context(2, "language")],
        [consent(2)],
        [WithheldStatement(1, "0" * 64).serialize()],
        [WithheldStatement(1, "1" * 64).serialize()] * 2,
    ]
)


@given(st.lists(pieces, max_size=7))
def test_what_is_in_order_is_what_the_reference_says(parts: list[Lines]) -> None:
    """Any sequence of a few statements; the path order is that of names of three digits."""
    lines = [line for part in parts for line in part]
    try:
        read(lines)
    except FormatError:
        assert not is_in_order(lines)
    else:
        assert is_in_order(lines)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([name(1), content(1)], "line 1: item 1: its content is not disclosed, but another of its statements is"),
        ([content(1), name(1), name(1)], "line 3: item 1: the statement `file` is not where its content says"),
        ([content(1), consent(1)], "line 2: item 1: the statement `consent` is not where its content says"),
        ([content(1, follow=RICH), name(1)], "line 2: item 1 is incomplete, although nothing is withheld there"),
        ([content(1), name(1), content(3), name(3)], "line 3: expected item 2, found item 3"),
        ([content(2), name(2)], "line 1: expected item 1, found item 2"),
        ([content(1), content(2), name(2)], "line 2: item 1 is incomplete, although nothing is withheld there"),
        (
            [content(1), name(1), name(2)],
            "line 3: item 2: its content is not disclosed, but another of its statements is",
        ),
        ([content(1), name(1, "b"), content(2), name(2, "a")], "line 4: item 2: its path does not sort after"),
        ([content(1), b"{}"], "line 2: the line is not a statement"),
    ],
)
def test_a_refusal_says_where_and_why(lines: Lines, reason: str) -> None:
    """With the number of the line and of the item."""
    with pytest.raises(FormatError) as caught:
        read(lines)
    assert caught.value.message.startswith(reason)


@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        ("notes.txt", "notes/", True),
        ("notes/", "notes0", True),
        ("notes/", "notes.txt", False),
        ("notes0", "notes/", False),
        ("notes/", "notes", False),
        ("notes", "notes", False),
    ],
)
def test_a_directory_sorts_as_its_path_with_a_slash(first: str, second: str, fits: bool) -> None:
    """`notes/` comes after `notes.txt` and before `notes0`; here a slash at the end marks a directory."""
    lines: Lines = []
    for number, path in enumerate((first, second), start=1):
        type_ = ItemType.DIRECTORY if path.endswith("/") else ItemType.OMITTED
        lines += [content(number, type_), name(number, path.rstrip("/"))]
    if fits:
        read(lines)
    else:
        with pytest.raises(FormatError, match="sort"):
            read(lines)


@pytest.mark.parametrize(
    ("paths", "fits"),
    [
        (["notes", "notes.txt", "notes/a"], False),
        (["notes", "notes!", "notes!/a"], False),
        (["notes/", "notes/a"], False),
        (["notes", "notes/"], False),
        (["a", "a.", "a.b", "a.b.c", "a.b/c", "a/b"], False),
        (["a", "a.", "a.b.c", "a.b/c", "ab/c"], True),
        (["notes.txt", "notes/a", "notes/a.txt", "notes0"], True),
    ],
)
@pytest.mark.parametrize("by_blocks", [True, False])
def test_nothing_lies_below_an_item(paths: list[str], fits: bool, by_blocks: bool) -> None:
    """Not below a file, a link or an empty directory, however many other names sort in between."""
    lines: Lines = []
    for number, path in enumerate(paths, start=1):
        lines += [content(number, ItemType.DIRECTORY if path.endswith("/") else ItemType.OMITTED)]
        lines += [name(number, path.rstrip("/"))]
    reader = ManifestReader(1)
    blocks = [[line + b"\n" for line in lines[at : at + 4]] for at in range(0, len(lines), 4)]
    items = reader.read_blocks(blocks) if by_blocks else reader.read(lines)
    if fits:
        assert len(list(items)) == len(paths)
    else:
        with pytest.raises(FormatError, match="lies below"):
            list(items)


@given(copies(), st.binary(max_size=5).filter(lambda data: b"\n" not in data))
def test_lines_that_nobody_can_read_still_have_a_root(case: tuple[Lines, Copy], strange: bytes) -> None:
    """So that it can be told whether an unreadable manifest is the one that was signed."""
    lines, copy = case
    whole = summarize_unread([*lines, strange])
    assert whole.root == tree_hash([leaf(line) for line in [*lines, strange]]).hex()
    partial = summarize_unread([*copy.lines, strange])
    assert (partial.root, partial.lines) == (whole.root, whole.lines)
