"""Patterns leave files out of later seals; what was sealed before they came is still watched."""

from __future__ import annotations

import tomllib
import unicodedata
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def case(evtool: Any) -> Path:
    """A sealed directory with a draft in it, and a key."""
    directory: Path = evtool.directory / "case"
    directory.mkdir()
    (directory / "draft.tmp").write_text("draft\n")
    (directory / "letter.txt").write_text("letter\n")
    assert evtool("key", "new", "A03", "--no-passphrase").exit_code == 0
    assert evtool("seal", "case").exit_code == 0
    (directory / "new.tmp").write_text("new\n")
    (directory / "note.txt").write_text("note\n")
    return directory


def test_a_pattern_that_comes_later_loses_nothing(case: Path, evtool: Any) -> None:
    """The sealed draft is there, so nobody calls it missing; the new one is left out."""
    sealed = evtool("seal", "case", "--exclude", "*.tmp", "--json")
    assert (sealed.exit_code, sealed.document["findings"]) == (0, [])
    assert (sealed.document["new_items"], sealed.document["kept_items"]) == (1, 2)

    verified = evtool("verify", "case", "--json")
    assert verified.exit_code == 0
    assert verified.document["reports"][0]["items"]["ok"] == 3


def test_a_pattern_that_comes_later_hides_nothing(case: Path, evtool: Any) -> None:
    """The sealed draft was rewritten, then removed: both are found, by seal and by verify."""
    assert evtool("seal", "case", "--exclude", "*.tmp").exit_code == 0
    (case / "draft.tmp").write_text("other\n")
    for command in ("seal", "verify"):
        result = evtool(command, "case", "--json")
        assert result.exit_code == 1
        assert [(finding["code"], finding["path"]) for finding in findings(result)] == [("changed", "draft.tmp")]
    (case / "draft.tmp").unlink()
    for command in ("seal", "verify"):
        result = evtool(command, "case", "--json")
        assert result.exit_code == 1
        assert [(finding["code"], finding["path"]) for finding in findings(result)] == [("missing", "draft.tmp")]


def test_a_directory_under_a_pattern_counts_as_empty(case: Path, evtool: Any) -> None:
    """A directory was sealed as empty, then a pattern came for it and what fills it."""
    (case / "cache").mkdir()
    assert evtool("seal", "case").exit_code == 0
    (case / "note2.txt").write_text("note\n")
    assert evtool("seal", "case", "--exclude", "cache").exit_code == 0
    (case / "cache" / "page").write_text("page\n")
    assert evtool("verify", "case").exit_code == 0


def test_a_new_pattern_must_leave_something_out(case: Path, evtool: Any) -> None:
    """Misspelt, it would leave nothing out, and what it was meant for would be sealed for good."""
    before = sorted((case / "custody").iterdir())
    for pattern in ("*.tpm", "Note.txt", "notes/*"):
        refused = evtool("seal", "case", "--exclude", "new.tmp", "--exclude", pattern)
        assert (refused.exit_code, f"matches {pattern}, so nothing" in refused.stderr) == (2, True)
        assert "allow unmatched (--allow WHAT)" in refused.stderr
        assert evtool("seal", "case", "--exclude", pattern, "--dry-run").exit_code == 2
    assert sorted((case / "custody").iterdir()) == before
    assert evtool("seal", "case", "--exclude", "*.tpm", "--allow", "unmatched").exit_code == 0
    # A pattern that is in force already may be given again, by a script that always does.
    (case / "later.txt").write_text("later")
    assert evtool("seal", "case", "--exclude", "*.tpm").exit_code == 0


def test_a_new_pattern_means_the_name_that_is_seen(case: Path, evtool: Any) -> None:
    """The keyboard writes one Unicode form, the disk holds the other: the spelling that matches is recorded."""
    typed, stored = (unicodedata.normalize(form, "김철수") for form in ("NFC", "NFD"))
    (case / f"{stored}.txt").write_text("not to be sealed")
    (case / stored).mkdir()
    (case / stored / "inside.txt").write_text("neither")
    result = evtool("seal", "case", "--exclude", f"{typed}.*", "--exclude", typed, "--json")
    assert (result.exit_code, result.document["new_items"]) == (0, 2)
    newest = tomllib.loads((case / "custody" / "0002-sealed.toml").read_text("utf-8"))
    assert newest["sealed"]["exclude"][-2:] == [f"{stored}.*", stored]
    assert evtool("verify", "case").exit_code == 0


def findings(result: Any) -> list[dict[str, Any]]:
    """The findings that disprove, of a report or of a seal."""
    document = result.document
    every = document["findings"] if "findings" in document else document["reports"][0]["findings"]
    return [finding for finding in every if finding["effect"] == "disproves"]
