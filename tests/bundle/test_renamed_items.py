"""Bundles of items that were renamed: their names travel as they are now, and no name travels by another way."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from tests.cli.custody import Party, make_party
from tests.conftest import Runner

DEFAULTS = """format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "public"
[directory.consent]
status = "not-required"
basis = "open source"
identity = "public"
for = ["research"]
"""
OLD = tuple(f"김철수-{number}.txt" for number in range(1, 7))
NEW = tuple(f"강가/편지 {number}.txt" for number in range(1, 7))


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    """Six items, of which the first four were renamed together, and the fifth by itself."""
    case = archivist.run.directory / "case"
    case.mkdir()
    for number, name in enumerate(OLD):
        (case / name).write_text(f"content of file {number}", encoding="utf-8")
    (case.parent / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
    archivist.ok("seal", case, "--metadata", "none", "--defaults", "defaults.toml")
    (case / "강가").mkdir()
    for moved in (range(4), range(4, 5)):
        for number in moved:
            (case / OLD[number]).rename(case / NEW[number])
        archivist.ok("seal", case, "--renamed", "--reason", "catalogue")
    return case


def found_in(bundle: Path, names: tuple[str, ...]) -> set[str]:
    """Those of some names that stand anywhere in a bundle, as a name or in a file, in any normal form."""
    told = set()
    for path in bundle.rglob("*"):
        texts = [str(path.relative_to(bundle)).encode()] + ([path.read_bytes()] if path.is_file() else [])
        for name in names:
            last = name.rpartition("/")[2].removesuffix(".txt")
            forms = {unicodedata.normalize(form, last).encode() for form in ("NFC", "NFD", "NFKC", "NFKD")}
            told |= {name} if any(form in text for form in forms for text in texts) else set()
    return told


def sealed_paths(bundle: Path) -> dict[int, str]:
    lines = (bundle / "custody" / "0001-sealed.jsonl").read_text("utf-8").splitlines()
    statements = [json.loads(line) for line in lines]
    return {line["item"]: line["path"] for line in statements if line["kind"] == "file"}


def codes_of(archivist: Party, bundle: Path) -> set[str]:
    (report,) = archivist.ok("verify", bundle, "--json").document["reports"]
    return {finding["code"] for finding in report["findings"]}


def test_a_whole_bundle_has_the_names_of_now(archivist: Party, case: Path) -> None:
    """Payload, list of what travels, and what is unpacked: the new names; the old ones are told and announced."""
    result = archivist.ok("pack", case, "-o", "all.zip", "--json", "--plain")
    travels = result.document["travels"]
    assert (travels["names"], travels["nameless"]) == ([*NEW[:5], OLD[5]], [])
    assert travels["earlier_names"] == list(OLD[:5])
    assert "new-name" in codes_of(archivist, case.parent / "all.zip")
    archivist.ok("unpack", "all.zip", "-o", "out")
    assert sorted(str(path.relative_to(case.parent / "out")) for path in case.parent.glob("out/**/*.txt")) == sorted(
        ["custody/COVER.txt", "custody/README.txt", *NEW[:5], OLD[5]]
    )
    assert codes_of(archivist, case.parent / "out") >= {"new-name"}


def test_names_given_together_stay_together(archivist: Party, case: Path) -> None:
    """Two of four: the entry cannot travel, so neither can the names of these two; what is said before says so."""
    result = archivist.ok("pack", case, "-o", "part", "--items", "1-2,5-6", "--json")
    travels = result.document["travels"]
    assert (travels["names"], travels["nameless"]) == ([NEW[4], OLD[5]], ["1-2"])
    assert travels["earlier_names"] == [OLD[4]]
    bundle = case.parent / "part"
    assert found_in(bundle, OLD + NEW) == {NEW[4], OLD[4], OLD[5]}
    assert not (bundle / "custody" / "0002-renamed.details").exists()
    assert (bundle / "custody" / "0003-renamed.details").exists()
    assert sealed_paths(bundle) == {5: OLD[4], 6: OLD[5]}
    assert codes_of(archivist, bundle) >= {"new-name", "neutral-name", "withheld"}
    archivist.ok("unpack", "part", "-o", "out")
    assert {path.name for path in (case.parent / "out").iterdir()} == {
        "custody", "강가", "item-000001", "item-000002", OLD[5],
    }  # fmt: skip
    assert codes_of(archivist, case.parent / "out") >= {"new-name", "neutral-name", "withheld"}
    shown = archivist.ok("show", case.parent / "out", "--items", "5").stdout
    assert f"name      {NEW[4]}\n  before    {OLD[4]}  (until entry 3)" in shown
    preview = archivist.ok("pack", case, "-o", "again", "--items", "1-2", "--dry-run")
    said = preview.stdout + preview.stderr
    assert "no names of items 1-2: entry 2 renamed them together with items whose names do not travel" in said
    assert "evtool record DIR renamed --items 1-2" in said


def test_names_that_are_recorded_again_travel(archivist: Party, case: Path) -> None:
    """An entry about those two alone goes with them; the one about four stays behind, and names no other item."""
    archivist.ok("record", case, "renamed", "--items", "1-2")
    travels = archivist.ok("pack", case, "-o", "part", "--items", "1-2", "--json").document["travels"]
    assert (travels["names"], travels["nameless"]) == (list(NEW[:2]), [])
    bundle = case.parent / "part"
    assert found_in(bundle, OLD + NEW) == {*NEW[:2], *OLD[:2]}
    assert codes_of(archivist, bundle) >= {"new-name", "withheld"}
    archivist.ok("unpack", "part", "-o", "out")
    assert sorted(path.name for path in (case.parent / "out" / "강가").iterdir()) == ["편지 1.txt", "편지 2.txt"]


@pytest.mark.parametrize("undone", [False, True])
def test_no_name_travels_under_neutral_names(archivist: Party, case: Path, undone: bool) -> None:
    """Not the sealed one, not a new one, and not what an entry that was undone had said."""
    if undone:
        archivist.ok("record", case, "corrected", "--entry", "3", "--undo", "--reason", "a slip")
        (case / NEW[4]).rename(case / OLD[4])
    choices: tuple[tuple[str, ...], ...] = ((), ("--items", "5"), ("--items", "1-4"))
    for number, only in enumerate(choices):
        name = f"part-{number}"
        result = archivist.ok("pack", case, "-o", name, "--neutral-names", *only, "--json")
        travels = result.document["travels"]
        assert (travels["names"], travels["earlier_names"], travels["nameless"]) == ([], [], [])
        assert found_in(case.parent / name, OLD + NEW) == set()
        assert codes_of(archivist, case.parent / name) >= {"neutral-name", "withheld"}


def test_one_item_is_proven_under_its_name(archivist: Party, case: Path) -> None:
    """`prove` goes the same way, and so does a copy of the copy."""
    archivist.ok("prove", case, "--items", "5", "-o", "five.zip", "--plain")
    archivist.ok("unpack", "five.zip", "-o", "out")
    assert found_in(case.parent / "out", OLD + NEW) == {NEW[4], OLD[4]}
    archivist.ok("pack", "out", "-o", "onward", "--items", "5")
    assert found_in(case.parent / "onward", OLD + NEW) == {NEW[4], OLD[4]}


def test_details_of_a_rename_that_were_taken_out(archivist: Party, case: Path) -> None:
    """Whoever has no key cannot make an item lie under its old name again by taking the details away."""
    (case / "custody" / "0003-renamed.details").unlink()
    (case / NEW[4]).rename(case / OLD[4])
    assert archivist("verify", case).exit_code == 4
