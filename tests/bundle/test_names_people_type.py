"""What people type, and what their evidence is called: the names they see, folders of years, a folder named Custody."""

from __future__ import annotations

import unicodedata
import zipfile
from pathlib import Path

import pytest

from tests.attacks.test_unpack_agrees_with_verify import DEFAULTS
from tests.bundle.case import snapshot
from tests.cli.custody import Party, make_party
from tests.conftest import Runner

NFC, NFD = (unicodedata.normalize(form, "김철수.txt") for form in ("NFC", "NFD"))


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    (party.run.directory / "d.toml").write_text(DEFAULTS, "utf-8")
    return party


@pytest.fixture
def case(archivist: Party) -> Path:
    """Item 1 is 2/x, item 2 2024/x, item 3 a.txt, item 4 a name as a Mac stores it."""
    case = archivist.run.directory / "case"
    for name in ("2/x", "2024/x", "a.txt", NFD):
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_text(f"content of {name}")
    archivist.ok("seal", "case", "--defaults", "d.toml")
    return case


def names_in(bundle: Path) -> set[str]:
    with zipfile.ZipFile(bundle) as container:
        return {name.removeprefix("data/") for name in container.namelist() if name.startswith("data/")}


def test_what_is_to_be_left_out_is_left_out(archivist: Party, case: Path) -> None:
    archivist.ok("pack", "case", "-o", "it.zip", "--without", NFC, "--without", "2024", "--without", "item:1")
    assert names_in(archivist.run.directory / "it.zip") == {"a.txt"}
    archivist.ok("pack", "case", "-o", "two.zip", "--items", "./2", "--items", "./a.txt")
    assert names_in(archivist.run.directory / "two.zip") == {"2/x", "a.txt"}


@pytest.mark.parametrize(
    ("extra", "reason"),
    [
        (["--without", "mispelt.txt"], "no sealed item matches mispelt.txt"),
        (["--without", "a.txt", "--without", "17"], "no sealed item matches 17"),
        (["--items", "a.txt", "--items", "A.txt"], "no sealed item matches A.txt"),
        (["--without", "2"], "2 can be item numbers and can be a name"),
        (["--withhold", "context.titel"], "no item states context.titel"),
    ],
)
def test_what_means_nothing_or_two_things_packs_nothing(
    extra: list[str], reason: str, archivist: Party, case: Path
) -> None:
    before = snapshot(archivist.run.directory)
    refused = archivist("pack", "case", "-o", "it.zip", *extra)
    assert (refused.exit_code, reason in refused.stderr) == (2, True), refused.stderr
    assert snapshot(archivist.run.directory) == before


def test_items_are_shown_checked_and_proven_by_the_name_that_is_seen(archivist: Party, case: Path) -> None:
    for name in (NFC, NFD, "4"):
        assert archivist.ok("verify", "case", "--items", name, "--json").document["reports"][0]["items"]["ok"] == 1
        assert archivist.ok("show", "case", "--items", name).stdout.startswith("item 4,")
        archivist.ok("prove", "case", "--items", name, "-o", f"proof-{name}.zip")
    refused = archivist("show", "case", "--items", "a.txt", "--items", "b.txt")
    assert (refused.exit_code, "no seal states such an item: b.txt" in refused.stderr) == (4, True)
    assert archivist("verify", "case", "--items", "a.txt", "--items", "b.txt").exit_code == 4


def test_a_folder_that_is_named_like_the_record_is_told_of_and_comes_back(archivist: Party) -> None:
    case = archivist.run.directory / "mixed"
    (case / "Custody").mkdir(parents=True)
    (case / "Custody" / "letter.txt").write_text("letter")
    sealed = archivist.ok("seal", "mixed", "--defaults", "d.toml").stdout
    assert "Custody and custody are the same name on some systems" in sealed.replace(
        "custody and Custody", "Custody and custody"
    )
    packed = archivist.ok("pack", "mixed", "-o", "mixed.zip").stdout
    assert "1 of the items are named custody or like it" in packed
    assert names_in(archivist.run.directory / "mixed.zip") == {"item-000001.txt"}
    archivist.ok("unpack", "mixed.zip", "-o", "out")
    assert (archivist.run.directory / "out" / "Custody" / "letter.txt").read_text() == "letter"


def test_evidence_named_custody_beside_a_record_kept_elsewhere_goes_by_its_number(archivist: Party) -> None:
    """The record of another program, or of an earlier seal, can be evidence itself."""
    case = archivist.run.directory / "other"
    (case / "custody").mkdir(parents=True)
    (case / "custody" / "letter.txt").write_text("letter")
    archivist.ok("seal", "other", "--custody", "record", "--defaults", "d.toml")
    packed = archivist.ok("pack", "other", "--custody", "record", "-o", "other.zip").stdout
    assert "there they go by their number" in packed
    unpacked = archivist.ok("unpack", "other.zip", "-o", "out").stdout
    assert (
        "1 of the items go by their number, as they cannot have their own name here: this medium cannot hold it, or "
        in unpacked
    )
    assert (archivist.run.directory / "out" / "item-000001.txt").read_text() == "letter"
    archivist.ok("verify", "out")


def test_links_that_lead_outside_are_left_out_and_named_and_nothing_is_called_missing(archivist: Party) -> None:
    case = archivist.run.directory / "links"
    (case / "sub").mkdir(parents=True)
    (case / "a.txt").write_text("a")
    (case / "sub" / "up").symlink_to("..")
    (case / "way").symlink_to("sub/up/../secret")
    (case / "fine").symlink_to("sub/up/a.txt")
    archivist.ok("seal", "links", "--defaults", "d.toml")
    archivist.ok("pack", "links", "-o", "links.zip")
    unpacked = archivist.ok("unpack", "links.zip", "-o", "out", "--json").document
    assert (unpacked["links_left_out"], unpacked["exit_code"]) == ([4], 0)
    assert unpacked["report"]["items"]["stated_only"] == 1
    out = archivist.run.directory / "out"
    assert (out / "fine").read_text() == "a"
    assert not (out / "way").is_symlink()
    # Whoever verifies the directory later cannot know who left the link out: no mismatch, and not shown either.
    later = archivist("verify", "out", "--json")
    report = later.document["reports"][0]
    found = [
        (finding["code"], finding["item"])
        for finding in report["findings"]
        if finding["effect"] == "open" and finding["item"]
    ]
    assert (later.exit_code, found, report["axes"]["integrity"]) == (3, [("link-absent", 4)], "not established")
    # Nor is that well where it is only recorded.
    recorded = archivist("record", "out", "verified", "--dry-run", "--json")
    assert (recorded.exit_code, recorded.document["exit_code"]) == (3, 3)
    assert [finding["code"] for finding in recorded.document["findings"]] == ["link-absent"]
    # A link that is there and leads elsewhere is another thing, and so is a file that is gone.
    (out / "way").symlink_to("a.txt")
    assert archivist("verify", "out").exit_code == 1
    (out / "way").unlink()
    (out / "a.txt").unlink()
    assert archivist("verify", "out").exit_code == 1
    archivist.ok("unpack", "links.zip", "-o", "all", "--outside-links")
    archivist.ok("verify", "all")
