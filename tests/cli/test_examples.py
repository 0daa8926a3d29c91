"""The examples run as they stand in the repository; the sealed one is judged by evtool and by stock tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.evidence import give_key
from tests.conftest import Runner

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def environment(evtool: Runner) -> dict[str, str]:
    """An environment in which `evtool` is a command, as after an installation."""
    programs = evtool.directory.parent / "bin"
    programs.mkdir()
    program = programs / "evtool"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evtool "$@"\n')
    program.chmod(0o755)
    path = f"{programs}{os.pathsep}{evtool.environment['PATH']}"
    return evtool.environment | {"PATH": path, "EVTOOL": str(program)}


def test_first_steps_go_as_the_readme_says(evtool: Runner, environment: dict[str, str]) -> None:
    """Sealed, verified, changed, found out; nothing of it stays in the repository."""
    before = sorted(EXAMPLES.rglob("*"))
    run = subprocess.run(
        ["bash", EXAMPLES / "first-steps.sh"],
        cwd=evtool.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "VERIFIED: all 5 items are exactly as sealed." in run.stdout
    assert "MISMATCH: 1 of 5 items is not as it was sealed (1 changed)." in run.stdout
    assert run.stdout.endswith("The exit code is 1: a mismatch is proven.\n")
    assert sorted(EXAMPLES.rglob("*")) == before


def test_the_sealed_example_verifies_with_and_without_evtool(evtool: Runner) -> None:
    """By evtool against the key beside it, and by every command of its own README.txt."""
    case = evtool.directory / "sealed"
    shutil.copytree(EXAMPLES / "sealed", case)
    trusted = EXAMPLES / "trusted_keys"
    assert evtool("verify", case, "--trust", trusted).exit_code == 0
    home = evtool.directory / "expert"
    home.mkdir()
    shutil.copy(trusted, home / "trusted_keys")
    readme = (case / "custody" / "README.txt").read_text("utf-8").replace("\\\n", "")
    commands = [
        line.strip() for line in readme.splitlines() if line.startswith(("     ssh-keygen", "     sha256sum -c"))
    ]
    # README.txt tells the same in English and Korean.
    assert (len(commands), len(set(commands))) == (4, 2)
    for command in commands:
        subprocess.run(
            ["bash", "-c", command], cwd=case, env={**os.environ, "HOME": str(home)}, check=True, capture_output=True
        )


def test_an_ingestion_job_sorts_what_it_gets(evtool: Runner, environment: dict[str, str]) -> None:
    """What verifies goes on; a changed directory and one of a stranger wait with their reports."""
    give_key(evtool)
    inbox = evtool.directory / "inbox"
    for name in ("good", "changed"):
        shutil.copytree(EXAMPLES / "interview-0042", inbox / name)
        assert evtool("seal", inbox / name).exit_code == 0
    (inbox / "changed" / "letter.txt").write_text("another letter")
    shutil.copytree(EXAMPLES / "sealed", inbox / "of a stranger")
    command: list[str | Path] = [
        "bash",
        EXAMPLES / "ingest.sh",
        "inbox",
        "accepted",
        "quarantine",
        evtool.home / "allowed_signers",
    ]
    run = subprocess.run(command, cwd=evtool.directory, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["changed: 1", "good: 0", "of\\ a\\ stranger: 3"]
    assert [path.name for path in (evtool.directory / "accepted").iterdir()] == ["good"]
    quarantine = evtool.directory / "quarantine"
    assert json.loads((quarantine / "changed.json").read_text("utf-8"))["exit_code"] == 1
    assert (quarantine / "of a stranger" / "custody").is_dir()


def test_a_repository_takes_in_three_bundles(environment: dict[str, str]) -> None:
    """One is forked, one item is withdrawn: it is told who has it, the fork waits for a person, copies are read."""
    command = ["bash", str(EXAMPLES / "repository.sh")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.findall(r"exit code (\d)", run.stdout) == list("0001000")
    for said in (
        "may no longer be given to anyone: item 1",
        "three.zip: in quarantine as holding 4",
        "the records part after entry 2",
        "3 copies read",
    ):
        assert said in run.stdout


@pytest.mark.parametrize(("change", "exit_code"), [(False, 0), (True, 1)])
def test_a_repository_checks_through_the_python_interface(evtool: Runner, change: bool, exit_code: int) -> None:
    """The summary and the exit code are those of the verdict."""
    case = evtool.directory / "sealed"
    shutil.copytree(EXAMPLES / "sealed", case)
    if change:
        (case / "letter.txt").write_text("another letter")
    command: list[str | Path] = [sys.executable, EXAMPLES / "check_collection.py", case, EXAMPLES / "trusted_keys"]
    run = subprocess.run(command, env=evtool.environment, capture_output=True, text=True, check=False)
    summary = json.loads(run.stdout)
    assert (run.returncode, summary["verified"]) == (exit_code, not change)
    assert summary["as_sealed"] == summary["items"] - change
