"""A few items of a long record: found without decoding the rest, and never out of one that is not the signed one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from evtool.core.errors import InputError
from evtool.core.manifest.manifest import Item
from evtool.core.text.item_choice import parse_choice
from evtool.operations.record import skimming
from evtool.operations.record.read import SelectedItems, find_items, open_record
from evtool.operations.record.record import Seal
from evtool.operations.record.selection import Selection
from tests.cli.evidence import give_key, start_from
from tests.conftest import Runner, make_runner

FILES = 40
MANIFEST, LISTED = "custody/0001-sealed.jsonl", "custody/0001-sealed.sha256"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed directory, in which item 5 was renamed since."""
    folder = tmp_path_factory.mktemp("made")
    evtool = make_runner(folder)
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    for number in range(FILES):
        (case / f"{number:03d}.txt").write_text(str(number))
    assert evtool("seal", "case").exit_code == 0
    (case / "004.txt").rename(case / "moved.txt")
    assert evtool("seal", "case", "--renamed").exit_code == 0
    return folder


@pytest.fixture
def case(made: Path, evtool: Runner, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that counts as a long one."""
    monkeypatch.setattr(skimming, "LEAST_LINES", 0)
    return start_from(made, evtool)


def skimmed(case: Path, *texts: str) -> tuple[list[Item], list[Seal]]:
    """Choose items; give them and the seals as they were judged."""
    with open_record(case) as record:
        chosen = SelectedItems(record, Selection(choice=parse_choice(texts)))
        return [sealed.item for sealed in chosen], record.seals


def in_full(case: Path, monkeypatch: pytest.MonkeyPatch, *texts: str) -> tuple[list[Item], list[Seal]]:
    """As above, by a full reading."""
    with monkeypatch.context() as patch:
        patch.setattr(skimming, "LEAST_LINES", 10**9)
        return skimmed(case, *texts)


@pytest.mark.parametrize(
    "texts", [["3"], ["2-4", "007.txt"], ["moved.txt"], ["004.txt"], ["5"], ["nothing"], ["*.txt"]]
)
def test_the_same_items_are_found(case: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By number, by name, by the name that an item has now; with no trace of the way."""
    (items, seals), (expected, others) = skimmed(case, *texts), in_full(case, monkeypatch, *texts)
    assert items == expected
    assert [seal.findings for seal in seals] == [seal.findings for seal in others] == [[]]
    assert [seal.disclosed for seal in seals] == [seal.disclosed for seal in others]


@pytest.mark.parametrize("text", ["3", "020.txt"])
@pytest.mark.parametrize("damaged", ["other item", "list", "list gone", "cut", "line gone"])
def test_damage_elsewhere_is_found_as_by_a_full_reading(
    case: Path, damaged: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with the record far from the item makes the answer worthless, and is said in the same words."""
    manifest, listed = case / MANIFEST, case / LISTED
    lines = manifest.read_bytes().splitlines(keepends=True)
    if damaged == "other item":
        manifest.write_bytes(b"".join(lines).replace(b"030.txt", b"030.txu"))
    elif damaged == "list":
        listed.write_bytes(listed.read_bytes().replace(b"039.txt", b"038.txt"))
    elif damaged == "list gone":
        listed.unlink()
    elif damaged == "cut":
        manifest.write_bytes(b"".join(lines)[:-1])
    else:
        manifest.write_bytes(b"".join(lines[:-2]))
    items, seals = skimmed(case, text)
    assert [seal.findings for seal in seals] == [seal.findings for seal in in_full(case, monkeypatch, text)[1]]
    assert seals[0].findings
    assert items == in_full(case, monkeypatch, text)[0]


def test_numbers_are_known_after_one_reading(case: Path) -> None:
    """A text that is a number of one item and the name of another is still not guessed at."""
    with open_record(case) as record:
        found = find_items(record, parse_choice(["3", "moved.txt"]))
    assert found is not None
    assert list(found) == [3, 5]


def test_a_list_that_is_not_read_to_its_end_is_no_document(
    case: Path, evtool: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record is swapped between the two readings of a long list: what was printed has no end, and it says so."""
    other = evtool.directory / "other.jsonl"
    text = (case / MANIFEST).read_bytes()
    other.write_bytes(text.replace(b"030.txt", b"030.txu"))
    monkeypatch.setattr("evtool.operations.record.read.MOST_SOUGHT", 10)
    with open_record(case) as record:
        chosen = SelectedItems(record, Selection())
        assert [sealed.item.number for sealed in chosen] == [*range(1, 5), *range(6, FILES + 1), 5]
        shutil.copy(other, case / MANIFEST)
        with pytest.raises(InputError, match="root hash is"):
            list(chosen)


def test_a_long_list_is_the_same_document_as_a_short_one(
    case: Path, evtool: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed as it comes, and byte for byte what a list that is kept in memory would be."""
    printed = evtool("show", "case", "--json").stdout
    document = json.loads(printed)
    assert [item["item"] for item in document["items"]] == [*range(1, 5), *range(6, FILES + 1), 5]
    assert printed == json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    empty = evtool("show", "case", "--without-terms", "--items", "3", "--json").stdout
    assert json.loads(empty)["exit_code"] == 0
