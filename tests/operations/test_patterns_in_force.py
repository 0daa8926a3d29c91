"""Patterns leave files out of later seals; what was sealed before they came is still watched."""

from __future__ import annotations

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
        assert [(one["code"], one["path"]) for one in findings(result)] == [("changed", "draft.tmp")]
    (case / "draft.tmp").unlink()
    for command in ("seal", "verify"):
        result = evtool(command, "case", "--json")
        assert result.exit_code == 1
        assert [(one["code"], one["path"]) for one in findings(result)] == [("missing", "draft.tmp")]


def test_a_directory_under_a_pattern_counts_as_empty(case: Path, evtool: Any) -> None:
    """A directory was sealed as empty, then a pattern came for it and what fills it."""
    (case / "cache").mkdir()
    assert evtool("seal", "case").exit_code == 0
    (case / "note2.txt").write_text("note\n")
    assert evtool("seal", "case", "--exclude", "cache").exit_code == 0
    (case / "cache" / "page").write_text("page\n")
    assert evtool("verify", "case").exit_code == 0


def findings(result: Any) -> list[dict[str, Any]]:
    """The findings that disprove, of a report or of a seal."""
    document = result.document
    every = document["findings"] if "findings" in document else document["reports"][0]["findings"]
    return [one for one in every if one["effect"] == "disproves"]
