"""Redacted copies: items of their own, whose origin is on record and can be told without the original."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from evtool.core.errors import EvtoolError
from evtool.operations.seal.derive import derive
from evtool.operations.seal.options import SealOptions
from tests.bundle.case import author, seal_case, snapshot, write_files
from tests.bundle.test_bundle_story import DEFAULTS, DISCLOSED, RECIPIENTS, age_key
from tests.cli.custody import Party, make_party
from tests.conftest import Runner
from tests.manifests.test_schemas import check

OPEN = DEFAULTS.replace('identity = "to-court"', 'identity = "public"')


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    file = party.run.home / "recipients.toml"
    file.write_text(RECIPIENTS, encoding="utf-8")
    file.chmod(0o600)
    return party


@pytest.fixture
def case(archivist: Party) -> Path:
    """An interview that is for nobody."""
    case = archivist.run.directory / "case"
    case.mkdir()
    write_files(case, {"interview-김철수.txt": b"I am Kim Cheol-su", "map.png": b"a map"})
    archivist.ok("seal", case, "--metadata", "none")
    return case


def terms(archivist: Party) -> Path:
    path = archivist.run.directory / "redacted.toml"
    path.write_text(OPEN, encoding="utf-8")
    return path


def test_a_bundle_carries_the_copy_and_withholds_the_original(archivist: Party, case: Path, tmp_path: Path) -> None:
    write_files(case, {"interview-redacted.txt": b"I am [redacted]"})
    how = ("--method", "names blacked out", "--defaults", terms(archivist), "--json")
    answer = archivist.ok("derive", case, "interview-김철수.txt", "interview-redacted.txt", *how).document
    assert (answer["original"], answer["copy"], answer["sealed"], answer["entry"]) == (1, 3, 2, 3)
    check("derive", answer)
    archivist.ok("verify", case)

    refused = archivist("pack", case, "-o", tmp_path / "it", "--items", "1,3", *DISCLOSED)
    assert (refused.exit_code, "item 1:" in refused.stderr) == (5, True)
    archivist.ok("pack", case, "-o", tmp_path / "it", "--items", "3", *DISCLOSED)

    # The recipient sees both facts in every view: that this is a copy, and that its original is kept back.
    fact = "item 3 was made from item 1, which is withheld here: names blacked out (entry 3)"
    assert fact in (tmp_path / "it/custody/COVER.txt").read_text(encoding="utf-8")
    assert fact in archivist.ok("verify", tmp_path / "it").stdout
    shown = archivist.ok("show", tmp_path / "it").stdout
    assert "interview-redacted.txt\n" in shown
    assert fact.removeprefix("item 3 ") in shown
    document = archivist.ok("show", tmp_path / "it", "--items", "3", "--json").document
    check("items", document)
    (item,) = document["items"]
    expected = {"entry": 3, "original": 1, "copy": 3, "method": "names blacked out"}
    assert item["derived"] == [expected | {"original_withheld": True, "copy_withheld": False}]
    assert "names blacked out" in archivist.ok("log", tmp_path / "it").stdout
    everything = b"".join(path.read_bytes() for path in (tmp_path / "it").rglob("*") if path.is_file())
    assert "김철수".encode() not in everything
    assert b"Kim Cheol-su" not in everything
    # At home both are there.
    home = archivist.ok("verify", case).stdout
    assert "item 3 was made from item 1: names blacked out (entry 3)" in home
    assert "has a copy, item 3: names blacked out" in archivist.ok("show", case, "--items", "1").stdout


def test_an_encrypted_bundle_without_names_says_it_too(archivist: Party, case: Path, tmp_path: Path) -> None:
    write_files(case, {"interview-redacted.txt": b"I am [redacted]"})
    archivist.ok("derive", case, "1", "interview-redacted.txt", "--method", "cut", "--defaults", terms(archivist))
    key, public = age_key(tmp_path)
    bundle = tmp_path / "it.zip.age"
    archivist.ok("pack", case, "-o", bundle, "-r", public, "--items", "3", "--withhold", "names", *DISCLOSED)
    assert archivist("show", bundle).exit_code == 4
    shown = archivist.ok("show", bundle, "-i", key).stdout
    assert "name withheld" in shown
    assert "was made from item 1, which is withheld here: cut (entry 3)" in shown
    assert "derived" in archivist.ok("log", bundle, "-i", key).stdout


@pytest.mark.parametrize("sealed", [False, True])
def test_a_copy_in_which_nothing_was_changed_is_refused(sealed: bool, archivist: Party, case: Path) -> None:
    """Somebody forgets to save the blacked out file; under its open terms the witness would be disclosed."""
    write_files(case, {"interview-redacted.txt": b"I am Kim Cheol-su"})
    if sealed:
        archivist.ok("seal", case, "--metadata", "none")
    before = snapshot(case)
    refused = archivist("derive", case, "1", "interview-redacted.txt", "--method", "names blacked out")
    assert (refused.exit_code, "has the same bytes as item 1" in refused.stderr) == (2, True), refused.stderr
    assert snapshot(case) == before


def test_names_are_found_in_whatever_form_they_are_typed(archivist: Party, case: Path) -> None:
    """A file manager wrote the name with parts of syllables, a keyboard types whole ones."""
    write_files(case, {unicodedata.normalize("NFD", "가림-김철수.txt"): b"[redacted]"})
    typed = ("interview-김철수.txt", unicodedata.normalize("NFC", "가림-김철수.txt"))
    answer = archivist.ok("derive", case, *typed, "--method", "cut", "--json").document
    assert (answer["original"], answer["copy"]) == (1, 3)


def test_a_copy_that_is_sealed_already_is_only_recorded(archivist: Party, case: Path) -> None:
    write_files(case, {"transcript.txt": b"a transcript"})
    archivist.ok("seal", case, "--metadata", "none")
    answer = archivist.ok("derive", case, "1", "3", "--method", "transcribed", "--json").document
    assert (answer["sealed"], answer["entry"]) == (None, 3)


@pytest.mark.parametrize(
    ("original", "copy", "reason", "code"),
    [
        ("99", "map.png", "99 is not an item", 4),
        ("9" * 5000, "map.png", "is not an item", 4),
        ("²", "map.png", "² is not an item", 4),
        ("no-such", "map.png", "no-such is not an item", 4),
        ("1", "no-such", "neither an item nor a new file", 4),
        ("2", "1", "was sealed before item 2", 2),
        ("1", "1", "was sealed before item 1", 2),
        ("1", "new.txt", "other new files", 2),
    ],
)
def test_what_is_no_copy_is_refused_and_changes_nothing(
    original: str, copy: str, reason: str, code: int, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    case.mkdir()
    write_files(case, {"interview.txt": b"I am Kim Cheol-su", "map.png": b"a map"})
    seal_case(case)
    write_files(case, {"new.txt": b"x", "another-new.txt": b"y"})
    before = snapshot(case)
    with pytest.raises(EvtoolError) as caught:
        derive(case, original, copy, "redacted", author(), SealOptions())
    assert (int(caught.value.exit_code), reason in caught.value.message) == (code, True), caught.value.message
    assert snapshot(case) == before


def test_an_entry_about_an_item_that_is_not_sealed_is_not_written(archivist: Party, case: Path) -> None:
    made = ("--original", "1", "--copy", "7", "--method", "cut")
    refused = archivist("record", case, "derived", *made)
    assert (refused.exit_code, "item 7 is not sealed, the last one is 2" in refused.stderr) == (4, True), refused.stderr
