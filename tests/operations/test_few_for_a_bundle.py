"""A bundle of a few items out of a long record: chosen and cut as by a full reading, without decoding the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from evtool.core.errors import RefusedError, UsageError
from evtool.core.manifest.disclosure import PartialCopyWriter
from evtool.core.manifest.skim import cut_manifest
from evtool.core.text.item_choice import parse_choice
from evtool.core.text.ranges import ranges_of
from evtool.operations.author import system_now
from evtool.operations.bundle.choice import Wanted, choose_items
from evtool.operations.bundle.options import Disclosure
from evtool.operations.record import skimming
from evtool.operations.record.read import open_record
from evtool.operations.record.trust import TrustPolicy
from tests.cli.evidence import give_key
from tests.conftest import Runner

DEFAULTS = """format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "public"

[directory.consent]
status = "given"
for = ["advocacy", "truth-memory"]
identity = "public"
onward = "yes"
"""

CHOICES: list[tuple[list[str], list[str], list[str]]] = [
    (["3"], [], []),
    (["2-9"], ["007.txt", "4"], []),
    (["moved.txt"], [], ["names"]),
    (["item-000009.txt", "11"], [], []),
    (["*.txt"], ["0*.txt"], []),
    (["3"], [], ["context.title"]),
    (["3"], [], ["context.source"]),
    (["3", "12"], ["nothing"], []),
]
"""What is asked for, what is left out of that, and what is withheld. Nothing states a title, one item a source."""


@pytest.fixture
def case(evtool: Runner) -> Path:
    """Files that may go to everybody: one has a source, one a name like a number's, two have other names by now."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    for number in range(20):
        (case / f"{number:03d}.txt").write_text(f"text {number}")
    (case / "ITEM-000008.txt").write_text("its name looks like that of item 8")
    (evtool.directory / "table.csv").write_text("path,source\n010.txt,S-0042\n")
    (evtool.directory / "defaults.toml").write_text(DEFAULTS)
    stated = ("--table", "table.csv", "--defaults", "defaults.toml")
    assert evtool("seal", "case", *stated, "--metadata", "none").exit_code == 0
    (case / "004.txt").rename(case / "moved.txt")
    (case / "006.txt").rename(case / "item-000009.txt")
    assert evtool("seal", "case", "--renamed").exit_code == 0
    return case


def test_the_same_items_are_chosen(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes, what stays, and the names that no item may go by; also where only all items together tell."""
    for only, without, withhold in CHOICES:
        wanted = Wanted(parse_choice(only), parse_choice(without), frozenset(withhold))
        monkeypatch.setattr(skimming, "LEAST_LINES", 0)
        few = choose(case, wanted)
        monkeypatch.setattr(skimming, "LEAST_LINES", 10**9)
        assert few == choose(case, wanted)
        is_mistaken = "context.title" in withhold or "nothing" in without
        assert isinstance(few, str) is is_mistaken, few


def choose(case: Path, wanted: Wanted) -> object:
    """Choose items for everybody, and give what is known of them; or the error that says why that is not possible."""
    with open_record(case) as record:
        trust = TrustPolicy(signers=frozenset({record.chain.links[0].public_key.fingerprint}))
        request = Disclosure.publication(None, None, trust).request(None, system_now())
        try:
            chosen = choose_items(record.custody, wanted, request, trust)
        except (UsageError, RefusedError) as error:
            return f"{error.message} {error.lines}"
        names = [f"item-{number:06d}.txt" for number in range(30)]
        reserved = [name for name in names if name in chosen.reserved]
        assert reserved == ["item-000008.txt", "item-000009.txt"]
        return [sealed.item for sealed in chosen.items], chosen.left_out, chosen.withhold


def copy_of(numbers: Sequence[int]) -> PartialCopyWriter:
    """A writer that discloses all that is stated of these items."""
    return PartialCopyWriter(lambda statement: statement.item in numbers)


def test_a_copy_that_is_cut_by_parts_is_the_same(case: Path) -> None:
    """Byte for byte what a writer makes that understands every line, whichever items it discloses."""
    manifest = (case / "custody" / "0001-sealed.jsonl").read_bytes()
    lines = manifest.splitlines()
    for numbers in ([1], [21], [5, 6, 7], [1, 21], range(1, 22), [10, 12, 14, 20]):
        # Pieces of any size, so that parts end anywhere.
        for size in (100, 1000, 10_000):
            pieces = [manifest[at : at + size] for at in range(0, len(manifest), size)]
            whole, cut = copy_of(numbers), copy_of(numbers)
            expected = list(whole.write(lines))
            assert list(cut.write_parts(cut_manifest(pieces, 1), ranges_of(numbers))) == expected
            assert cut.compute_root() == whole.compute_root()
            assert (cut.lines, cut.withheld_lines) == (whole.lines, whole.withheld_lines)


def test_a_copy_of_what_is_unusual_is_made_line_by_line(case: Path) -> None:
    """A line of something else among the rest: nothing behind it is taken for what it might not be."""
    lines = (case / "custody" / "0001-sealed.jsonl").read_bytes().splitlines(keepends=True)
    lines[20:22] = [lines[20], lines[20]]
    parts = cut_manifest([b"".join(lines[:12]), b"".join(lines[12:30]), b"".join(lines[30:])], 1)
    copy = list(copy_of([21]).write_parts(parts, ranges_of([21])))
    assert [line + b"\n" for line in copy[-len(lines[-3:]) :]] == lines[-3:]
    assert copy == list(copy_of([21]).write(line[:-1] for line in lines))
