"""A few items found in a manifest without decoding the rest: the same items as by a full reading, or no answer."""

from __future__ import annotations

import random

import pytest

from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item, ManifestReader
from evtool.core.manifest.merkle import compute_leaf_hash
from evtool.core.manifest.skim import Skimmed, Sought, skim_manifest
from evtool.core.manifest.statement import FileStatement, ItemType, WithheldStatement
from evtool.core.text.item_choice import parse_choice
from evtool.core.text.ranges import ranges_of
from tests.attacks.made_manifests import Made
from tests.core.test_manifest import Lines, content, manifest, name, stated

PLAIN_FILE = (
    b'{"blake3":"%064d","item":%d,"kind":"content","salt":"%032d","sha256":"%064d","size":5,'
    b'"statements":["file"],"type":"file"}'
)


def files(count: int, first: int = 1) -> Lines:
    """The lines of nothing but files."""
    return [
        line
        for item in range(first, first + count)
        for line in (
            PLAIN_FILE % (item, item, item, item),
            FileStatement(item, "0" * 32, f"box/{item:05d}.jpg", 1_700_000_000_000_000_000).serialize(),
        )
    ]


def skim(lines: Lines, sought: Sought, size: int = 1500) -> Skimmed | None:
    """Skim a manifest that comes in pieces, which end anywhere."""
    text = b"".join(line + b"\n" for line in lines)
    return skim_manifest((text[at : at + size] for at in range(0, len(text), size)), 1, sought)


def read(lines: Lines) -> tuple[list[Item], object]:
    """Read a manifest in full."""
    reader = ManifestReader(1)
    items = list(reader.read(lines))
    return items, reader.summary


@pytest.mark.parametrize("lines", [files(500), manifest(300), [*manifest(200), *files(300, first=201)]])
@pytest.mark.parametrize("size", [97, 10**6])
def test_what_is_found_is_what_a_full_reading_gives(lines: Lines, size: int) -> None:
    """Item by item, with the same root and counts, wherever the pieces end."""
    items, summary = read(lines)
    for numbers in ([1], [17], [len(items)], [2, 3, 90], [10**9]):
        found = skim(lines, Sought(ranges_of(numbers)), size)
        assert found is not None
        assert found.summary == summary
        assert found.items == tuple(item for item in items if item.number in numbers)


def test_items_are_found_by_name() -> None:
    """By the whole path, by a part of it, by a directory; and by nothing that merely looks alike."""
    lines = [*files(40), *stated(41, ("file",))]
    for text, found in [
        ("box/00017.jpg", [17]),
        ("00017.jpg", [17]),
        ("0017.jpg", []),
        ("041", [41]),
        ("box", list(range(1, 41))),
        ("jpg", []),
    ]:
        skimmed = skim(lines, Sought(None, (text,)))
        assert skimmed is not None
        assert [item.number for item in skimmed.items] == found


def test_a_choice_says_itself_by_which_texts_it_can_be_found() -> None:
    """Wildcards, and characters that have a twin in Unicode, need a look at every name."""
    choice = parse_choice(["17", "a/b.jpg,20-30"])
    assert choice.plain_names == ("17", "a/b.jpg", "20-30", "a/b.jpg,20-30")
    assert choice.ranges == ((17, 17), (20, 30))
    for text in ("*.jpg", "a?", "편지.txt", "K.txt", "a;b", "a`b", 'a"b'):
        assert parse_choice([text]).plain_names is None
        assert parse_choice(["17", text]).plain_names is None


def insert(lines: Lines, place: int, *others: bytes) -> Lines:
    return [*lines[:place], *others, *lines[place:]]


WITHHELD = WithheldStatement(1, compute_leaf_hash(b"x").hex()).serialize()
TERMS_OF_ALL = b'{"handling":"closed","item":0,"kind":"house-rule","salt":"00000000000000000000000000000000"}'


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (insert(files(100), 160, WITHHELD), "a line is withheld"),
        (insert(files(100), 160, b"{}"), "a line is no statement"),
        (insert(files(100), 160, TERMS_OF_ALL), "a statement of a kind that only a later version reads"),
        (insert(manifest(100), 160, TERMS_OF_ALL), "the same among other kinds"),
        (insert(manifest(100), 181, name(3)), "a statement about an item stands elsewhere"),
        ([*files(80), *files(20, first=82)], "a number is left out"),
        ([*files(80), *files(20, first=80)], "a number stands twice"),
        ([*files(80), content(81, ItemType.DIRECTORY).replace(b"content", b"dossier")], "an unknown kind at the end"),
        ([*files(80), b'{"item":81,"kind":"file"' + b" " * 4_500_000], "a line without an end"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_a_full_reading(lines: Lines, why: str) -> None:
    """Far from the item that is sought, and yet it is not passed over."""
    sought = Sought(ranges_of([3]))
    assert skim(files(100), sought) is not None
    assert skim(lines, sought, size=50_000 if "end" in why else 1500) is None


def test_a_manifest_that_does_not_end_is_left_to_a_full_reading() -> None:
    text = b"\n".join(files(10))
    assert skim_manifest([text], 1, Sought()) is None
    assert skim_manifest([text + b"\n"], 1, Sought()) is not None
    assert skim_manifest([], 1, Sought()) == Skimmed((), read([])[1])  # type: ignore[arg-type]


def test_so_many_are_found_that_they_are_not_kept() -> None:
    """Memory does not grow with what is found."""
    assert skim(files(1000), Sought(None, ("box",))) is not None
    assert skim(files(1001), Sought(None, ("box",))) is None


def test_every_changed_byte_changes_the_root() -> None:
    """Whatever stands in a line that is not decoded: the root is that of other lines, or there is no answer."""
    rng, lines = random.Random("skim"), files(60)
    sound = skim(lines, Sought(ranges_of([3])))
    assert sound is not None
    for _ in range(300):
        place, changed = rng.randrange(20, len(lines)), lines.copy()
        line = bytearray(changed[place])
        line[rng.randrange(len(line))] ^= 1 << rng.randrange(7)
        changed[place] = bytes(line)
        found = skim(changed, Sought(ranges_of([3])))
        assert found is None or found.summary.root != sound.summary.root


def test_made_manifests_are_read_alike() -> None:
    """Made manifests, damaged or not: what is found in one is what a full reading finds, as far as it can be read."""
    answered = 0
    for seed in range(150):
        rng = random.Random(f"skim {seed}")
        made = Made(rng)
        while rng.random() < 0.5 and made.lines:
            made.damage_lines()
        number = rng.randint(1, 5)
        found = skim(made.lines, Sought(ranges_of([number])), size=rng.choice([50, 400, 10**6]))
        if found is None:
            continue
        try:
            items, summary = read(made.lines)
        except FormatError:
            continue  # what is not decoded may be anything; its root tells whether it was signed
        answered += 1
        assert found.summary == summary
        assert found.items == tuple(item for item in items if item.number == number)
    assert answered > 20
