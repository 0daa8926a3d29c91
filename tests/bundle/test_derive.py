"""Redacted copies: items of their own, whose origin is on record and can be told without the original."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bundle.case import snapshot, write_files
from tests.bundle.test_bundle_story import DEFAULTS, DISCLOSED, RECIPIENTS
from tests.cli.custody import Party, make_party
from tests.conftest import Runner

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
    archivist.ok("verify", case)

    refused = archivist("pack", case, "-o", tmp_path / "it", "--only", "1,3", *DISCLOSED)
    assert (refused.exit_code, "item 1:" in refused.stderr) == (5, True)
    archivist.ok("pack", case, "-o", tmp_path / "it", "--only", "3", *DISCLOSED)

    assert archivist.ok("verify", tmp_path / "it").stdout
    log = archivist.ok("log", tmp_path / "it").stdout
    assert "derived" in log
    assert "names blacked out" in log
    everything = b"".join(path.read_bytes() for path in (tmp_path / "it").rglob("*") if path.is_file())
    assert "김철수".encode() not in everything
    assert b"Kim Cheol-su" not in everything


def test_a_copy_that_is_sealed_already_is_only_recorded(archivist: Party, case: Path) -> None:
    write_files(case, {"transcript.txt": b"a transcript"})
    archivist.ok("seal", case, "--metadata", "none")
    answer = archivist.ok("derive", case, "1", "3", "--method", "transcribed", "--json").document
    assert (answer["sealed"], answer["entry"]) == (None, 3)


@pytest.mark.parametrize(
    ("original", "copy", "reason", "code"),
    [
        ("99", "map.png", "99 is no item", 4),
        ("no-such", "map.png", "no-such is no item", 4),
        ("1", "no-such", "neither an item nor a new file", 4),
        ("2", "1", "was sealed before item 2", 2),
        ("1", "1", "was sealed before item 1", 2),
        ("1", "new.txt", "other files are new", 2),
    ],
)
def test_what_is_no_copy_is_refused_and_changes_nothing(
    original: str, copy: str, reason: str, code: int, archivist: Party, case: Path
) -> None:
    write_files(case, {"new.txt": b"x", "another-new.txt": b"y"})
    before = snapshot(case)
    refused = archivist("derive", case, original, copy, "--method", "redacted")
    assert (refused.exit_code, reason in refused.stderr) == (code, True), refused.stderr
    assert snapshot(case) == before
