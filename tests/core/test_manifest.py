"""Manifests: the order of lines, complete items and the root, against a slow and obvious reference."""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.manifest import Item, ManifestReader, summarize_unread
from evtool.core.statement import ContentStatement, FileStatement, ItemType, OmissionReason, WithheldStatement

SALT = "0" * 32
Lines = list[bytes]


def content(item: int, type_: ItemType = ItemType.OMITTED) -> bytes:
    reason = OmissionReason.SPECIAL if type_ is ItemType.OMITTED else None
    return ContentStatement(item, SALT, type_, reason=reason).serialize()


def name(item: int, path: str | None = None) -> bytes:
    return FileStatement(item, SALT, path or f"{item:03d}", None).serialize()


def manifest(items: int, first: int = 1) -> Lines:
    return [line for item in range(first, first + items) for line in (content(item), name(item))]


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
    assert (summary.lines, summary.withheld_lines, summary.disclosed_items) == (2 * items, 0, items)
    assert summary.last_item == (first + items - 1 if items else 0)


# --- withheld lines --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Copy:
    """A partial copy of a manifest, and which of its lines it discloses."""

    lines: Lines
    disclosed: list[int]


@st.composite
def copies(draw: st.DrawFn) -> tuple[Lines, Copy]:
    """A manifest, and a copy in which some nodes of its tree stand for their lines."""
    lines = manifest(draw(st.integers(1, 12)))
    made: Lines = []
    disclosed: list[int] = []
    at = 0
    while at < len(lines):
        sizes = [size for size in (1, 2, 4, 8, 16) if at % size == 0 and at + size <= len(lines)]
        size = draw(st.sampled_from([0, 0, *sizes]))
        if size:
            root = tree_hash([leaf(line) for line in lines[at : at + size]]).hex()
            made.append(WithheldStatement(size, root).serialize())
        else:
            made.append(lines[at])
            disclosed.append(at)
        at += size or 1
    return lines, Copy(made, disclosed)


@given(copies())
def test_a_partial_copy_has_the_same_root(case: tuple[Lines, Copy]) -> None:
    """Whatever is withheld along the nodes of the tree; what is disclosed is read as it was."""
    lines, copy = case
    found, reader = read(copy.lines)
    summary = reader.summary
    assert (summary.root, summary.lines) == (tree_hash([leaf(line) for line in lines]).hex(), len(lines))
    assert summary.withheld_lines == len(lines) - len(copy.disclosed)
    statements = [one for item in found for one in (item.content, item.file) if one]
    assert [one.serialize() for one in statements] == [lines[at] for at in copy.disclosed]
    assert summary.disclosed_items == len({at // 2 for at in copy.disclosed})


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
    """The rules of section 5.3 for items of two statements each, one pair of neighbours after the other."""
    place, gap, path = 1, False, ""
    for line in lines:
        fields = json.loads(line)
        if fields["kind"] == "withheld":
            gap = True
            continue
        here = 2 * fields["item"] + (fields["kind"] == "file")
        if here <= place or (here > place + 1 and not gap):
            return False
        if fields["kind"] == "file":
            if fields["path"] <= path:
                return False
            path = fields["path"]
        place, gap = here, False
    return gap or place % 2 == 1


pieces = st.sampled_from(
    [
        content(1),
        name(1),
        content(2),
        name(2),
        content(3),
        name(3),
        name(2, "000"),
        WithheldStatement(1, "0" * 64).serialize(),
    ]
)


@given(st.lists(pieces, max_size=7))
def test_what_is_in_order_is_what_the_reference_says(lines: Lines) -> None:
    """Any sequence of a few statements; the path order is that of names of three digits."""
    try:
        read(lines)
    except FormatError:
        assert not is_in_order(lines)
    else:
        assert is_in_order(lines)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([name(1), content(1)], "line 2: item 1: its statements are doubled or out of order"),
        ([content(1), name(1), name(1)], "line 3: item 1: its statements are doubled or out of order"),
        ([content(1), name(1), content(3), name(3)], "line 3: expected item 2, found item 3"),
        ([content(2), name(2)], "line 1: expected item 1, found item 2"),
        ([content(1), content(2), name(2)], "line 2: item 1 is incomplete although nothing is withheld there"),
        ([content(1), name(1), name(2)], "line 3: item 2 is incomplete although nothing is withheld there"),
        ([content(1), name(1, "b"), content(2), name(2, "a")], "line 4: item 2: its path does not sort after"),
        ([content(1), b"{}"], "line 2: the line is no statement"),
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
        ("notes", "notes/", True),
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


def test_a_name_whose_content_is_withheld_may_be_a_directory() -> None:
    """Either place is good for it, but what follows has to come after the place that it took."""
    hidden = WithheldStatement(1, leaf(content(2)).hex()).serialize()
    before = [content(1), name(1, "notes.txt"), hidden]
    read([*before, name(2, "notes")])
    read([*before, name(2, "notes"), content(3), name(3, "notes0")])
    for wrong in ([name(2, "not")], [name(2, "notes"), content(3), name(3, "notes-")]):
        with pytest.raises(FormatError, match="sort"):
            read([*before, *wrong])


@given(copies(), st.binary(max_size=5).filter(lambda data: b"\n" not in data))
def test_lines_that_nobody_can_read_still_have_a_root(case: tuple[Lines, Copy], strange: bytes) -> None:
    """So that it can be told whether an unreadable manifest is the one that was signed."""
    lines, copy = case
    whole = summarize_unread([*lines, strange])
    assert whole.root == tree_hash([leaf(line) for line in [*lines, strange]]).hex()
    partial = summarize_unread([*copy.lines, strange])
    assert (partial.root, partial.lines) == (whole.root, whole.lines)
