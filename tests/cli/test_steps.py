"""Commands that take several steps: what an early step found is told, and what it did if a later one fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner
from tests.manifests.test_schemas import check

NAME = "증거-01.txt"
DERIVE = ("--method", "names blacked out")


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    """Two sealed items, and a redacted copy of the first that is not sealed yet."""
    case = make_case(archivist.run, files=2)
    archivist.ok("seal", case, "--metadata", "none")
    (case / "redacted.txt").write_text("[redacted]")
    return case


def test_derive_tells_what_sealing_the_copy_found(archivist: Party, case: Path) -> None:
    """Somebody exchanged the original since its seal."""
    (case / NAME).write_text("another content")
    told = archivist("derive", case, "1", "redacted.txt", *DERIVE, "--dry-run")
    assert (told.exit_code, "would seal the copy" in told.stdout) == (ExitCode.MISMATCH, True), told.stderr
    assert f"FAILED: changed: item 1 {NAME}" in told.stdout
    told = archivist("derive", case, "1", "redacted.txt", *DERIVE)
    assert told.exit_code == ExitCode.SEALED_BUT, told.stderr
    assert f"FAILED: changed: item 1 {NAME}" in told.stdout
    assert archivist("verify", case).exit_code == ExitCode.MISMATCH


def test_a_script_gets_what_sealing_the_copy_found(archivist: Party, case: Path) -> None:
    (case / "증거-02.txt").unlink()
    answer = archivist("derive", case, "1", "redacted.txt", *DERIVE, "--json")
    document = answer.document
    check("derive", document)
    assert (answer.exit_code, document["exit_code"], document["sealed"], document["entry"]) == (6, 6, 2, 3)
    assert [(each["code"], each["item"]) for each in document["findings"]] == [("missing", 2)]
    # The copy is an item by now: a second entry about it seals nothing, and finds nothing.
    document = archivist.ok("derive", case, "1", "3", *DERIVE, "--json").document
    assert (document["sealed"], document["entry"], document["findings"]) == (None, 4, [])
