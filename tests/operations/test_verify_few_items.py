"""A few items of a long record are verified without taking the others apart; the report is that of a full reading."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtool import Report, Selection, VerifyOptions, verify
from evtool.core.finding import Code
from evtool.core.text.item_choice import parse_choice
from evtool.operations.record import skimming
from evtool.operations.record.record import SealedItem
from tests.cli.evidence import give_key, start_from
from tests.conftest import Runner, make_runner

FILES = 600
"""So many that there are blocks before, behind and around an item."""

MANIFEST, LISTED = "custody/0001-sealed.jsonl", "custody/0001-sealed.sha256"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=["none", "basic"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed directory of files in two folders and in the root, with a link and an empty folder among the last."""
    folder = tmp_path_factory.mktemp("made")
    evtool = make_runner(folder)
    give_key(evtool)
    case = evtool.directory / "case"
    for number in range(FILES):
        path = case / ("first", "나중", "")[3 * number // FILES] / f"{number:03d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    (case / "zz-empty").mkdir()
    (case / "zz-link").symlink_to("first/000.txt")
    assert evtool("seal", "case", "--metadata", request.param).exit_code == 0
    return folder


@pytest.fixture
def case(made: Path, evtool: Runner) -> Path:
    """A copy of it."""
    return start_from(made, evtool)


def check(case: Path, patch: pytest.MonkeyPatch, *texts: str, least: int = 0, quick: bool = False) -> Report:
    """Verify items; `least` is the number of lines from which on a record is long."""
    patch.setattr(skimming, "LEAST_LINES", least)
    options = VerifyOptions(selection=Selection(choice=parse_choice(texts)), now=NOW, quick=quick, jobs=1)
    return verify(os.fspath(case), options)


def both(case: Path, patch: pytest.MonkeyPatch, *texts: str, quick: bool = False) -> Report:
    """Verify items in both ways, and find the same."""
    short, full = (check(case, patch, *texts, least=least, quick=quick) for least in (0, 10**9))
    assert short == full
    return short


def swap(case: Path) -> None:
    (case / "first/003.txt").write_text("3 but longer")


def remove(case: Path) -> None:
    (case / "first/003.txt").unlink()


def move(case: Path) -> None:
    (case / "first/003.txt").rename(case / "first/zzz.txt")


def remove_another(case: Path) -> None:
    (case / "first/150.txt").unlink()


def add(case: Path) -> None:
    (case / "나중/extra.txt").write_text("extra")
    (case / "first/500.txt").write_text("another name of the root")
    (case / "000004.txt").write_text("a number for its name")


def turn_into_folder(case: Path) -> None:
    (case / "550.txt").unlink()
    (case / "550.txt").mkdir()


def touch(case: Path) -> None:
    os.utime(case / "first/003.txt", (0, 0))


def nothing(_: Path) -> None:
    pass


CHANGES = (nothing, swap, remove, move, remove_another, add, turn_into_folder, touch)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize(
    "texts", [["204"], ["first/003.txt"], ["1-3", "598-599"], ["나중"], ["204", "9999"], ["zz-link"]]
)
def test_the_report_is_that_of_a_full_reading(
    case: Path, change: Callable[[Path], None], texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever became of the item, of others, or of what lies there beside them."""
    change(case)
    report = both(case, monkeypatch, *texts)
    is_asked_for = texts[0] in ("204", "first/003.txt")
    assert (Code.CHANGED in {finding.code for finding in report.findings}) == (change is swap and is_asked_for)
    both(case, monkeypatch, *texts, quick=True)


@pytest.mark.parametrize("damaged", ["name", "digest", "list", "list gone", "cut", "line gone", "item gone", "order"])
def test_damage_elsewhere_is_found_in_the_same_words(case: Path, damaged: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with the record far from the item."""
    manifest, listed = case / MANIFEST, case / LISTED
    lines = manifest.read_bytes().splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if b'"kind":"content"' in line]
    if damaged == "name":
        manifest.write_bytes(b"".join(lines).replace(b"430.txt", b"430.txu"))
    elif damaged == "digest":
        lines[starts[430]] = lines[starts[430]].replace(b'"sha256":"', b'"sha256":"0')
        manifest.write_bytes(b"".join(lines))
    elif damaged == "list":
        listed.write_bytes(listed.read_bytes().replace(b"439.txt", b"438.txt"))
    elif damaged == "list gone":
        listed.unlink()
    elif damaged == "cut":
        manifest.write_bytes(b"".join(lines)[:-1])
    elif damaged == "line gone":
        manifest.write_bytes(b"".join(lines[:-1]))
    elif damaged == "item gone":
        manifest.write_bytes(b"".join(lines[: starts[430]] + lines[starts[431] :]))
    else:
        first, second, third = starts[430], starts[431], starts[432]
        swapped = lines[second:third] + lines[first:second]
        manifest.write_bytes(b"".join(lines[:first] + swapped + lines[third:]))
    assert both(case, monkeypatch, "204").findings


def test_what_nobody_asked_for_is_not_taken_apart(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all items only those in the blocks of one that is asked for, and in blocks of other things than files."""
    made: list[object] = []

    def count(*arguments: object) -> SealedItem:
        made.append(arguments)
        return SealedItem(*arguments)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr("evtool.operations.verify.items.passing.SealedItem", count)
    monkeypatch.setattr("evtool.operations.record.items.SealedItem", count)
    assert check(case, monkeypatch, "204").exit_code in (0, 3)
    assert 0 < len(made) <= 2 * 128 + FILES % 128 + 2
    made.clear()
    assert check(case, monkeypatch, "204", least=10**9).exit_code in (0, 3)
    assert len(made) == FILES + 2
