"""Commands that take several steps: what an early step found is told, and what it did if a later one fails."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode, SealExitCode
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner, RunResult
from tests.keys.test_agent import SECURITY_KEY, answering, security_key_agent
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
    assert told.exit_code == SealExitCode.SEALED_BUT, told.stderr
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


def touched(times: int) -> Callable[[bytes], bytes]:
    """A security key that is touched so many times and then pulled out, which its agent says as agents do."""
    left = [times]

    def answer(request: bytes) -> bytes:
        if request[0] == 13:
            left[0] -= 1
            if left[0] < 0:
                return (1).to_bytes(4, "big") + bytes([5])
        return security_key_agent(request)

    return answer


def with_touches(party: Party, folder: Path, times: int, *command: str | Path) -> RunResult:
    """Run a command that signs with that key."""
    signing = ("--key", SECURITY_KEY.fingerprint, "--agent", "A1")
    with answering(folder, touched(times)):
        held = party.run.environment | {"SSH_AUTH_SOCK": os.environ["SSH_AUTH_SOCK"]}
        return replace(party.run, environment=held)(*command, *signing)


def test_derive_says_that_the_copy_is_sealed_if_its_entry_fails(archivist: Party, case: Path, tmp_path: Path) -> None:
    """In the language of the reader, and to a script; the same command, run again, goes on."""
    command = ("derive", case, "1", "redacted.txt", *DERIVE)
    none = with_touches(archivist, tmp_path, 0, *command)
    assert (none.exit_code, "seals the copy" in none.stderr) == (4, False), none.stderr
    once = with_touches(archivist, tmp_path, 1, *command)
    assert once.exit_code == 4
    assert "this was done all the same: entry 2 seals the copy as item 3; the same command, run again, " in once.stderr
    assert with_touches(archivist, tmp_path, 1, *command).exit_code == ExitCode.OK
    assert "derived" in archivist("log", case).stdout


def test_a_script_hears_it_in_the_hint(archivist: Party, case: Path, tmp_path: Path) -> None:
    run = replace(archivist.run, environment=archivist.run.environment | {"EVTOOL_LANG": "ko"})
    once = with_touches(
        replace(archivist, run=run), tmp_path, 1, "derive", case, "1", "redacted.txt", *DERIVE, "--json"
    )
    assert "entry 2 seals the copy as item 3" in once.document["hint"]


def test_import_says_that_the_check_is_recorded_if_the_seal_fails(archivist: Party, tmp_path: Path) -> None:
    case = make_case(archivist.run, files=1)
    lines = archivist.run.directory / "SUMS"
    lines.write_text(f"{hashlib.sha256((case / NAME).read_bytes()).hexdigest()}  {NAME}\n")
    once = with_touches(archivist, tmp_path, 1, "import", "list", lines, case, "--format", "sha256sum")
    assert (once.exit_code, "done all the same: entry 1 records what was checked" in once.stderr) == (4, True), (
        once.stderr
    )


def test_seal_says_that_new_names_are_recorded_if_the_seal_fails(archivist: Party, case: Path, tmp_path: Path) -> None:
    (case / NAME).rename(case / "renamed.txt")
    once = with_touches(archivist, tmp_path, 1, "seal", case, "--renamed")
    assert (once.exit_code, "done all the same: entry 2 records new names" in once.stderr) == (4, True), once.stderr
    both = with_touches(archivist, tmp_path, 1, "seal", case)
    assert (both.exit_code, "entry 3" in both.stdout) == (0, True), both.stderr
