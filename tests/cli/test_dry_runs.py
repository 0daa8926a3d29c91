"""Before it is final: what a command would do is told with the names of the items, and nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, copy_of, make_party
from tests.cli.evidence import PUBLIC, snapshot
from tests.cli.forked import ForkedRunner

NAMES = ("가.txt", "나.txt", "다.txt")
TO = ("--to", "B7", "--authority", "DSA-1")
FOR = (*TO, "--for", "research")


@pytest.fixture
def archivist(forked: ForkedRunner) -> Party:
    party = make_party(forked, "A1")
    party.ok("recipient", "add", "B7", "--kind", "ngo", "--purpose", "research")
    return party


@pytest.fixture
def case(archivist: Party) -> Path:
    """Three public items, sealed, and one file that is new."""
    case = archivist.run.directory / "case"
    case.mkdir()
    for name in NAMES:
        (case / name).write_text(name)
    (case.parent / "defaults.toml").write_text(PUBLIC)
    archivist.ok("seal", case, "--metadata", "none", "--defaults", case.parent / "defaults.toml")
    return case


COMMANDS = [
    ("record", "accessed", "--items", "1,3"),
    ("record", "verified"),
    ("record", "incident", "--description", "water"),
    ("record", "countersigned", "--entry", "1"),
    ("record", "corrected", "--entry", "1", "--correction", "the disc was number 8"),
    ("record", "disclosed", *TO, "--purpose", "research", "--items", "2"),
    ("transfer", *TO, "--purpose", "research"),
    ("consent", "set", "--items", "1-2", "--status", "withdrawn"),
    ("pack", "-o", "out.zip", "--items", "1,3", *FOR),
    ("prove", "-o", "out.zip", "--items", "1,3", *FOR),
]


@pytest.mark.parametrize("command", COMMANDS, ids=[" ".join(command[:2]) for command in COMMANDS])
def test_nothing_is_written_and_the_same_command_does_it(
    archivist: Party, case: Path, command: tuple[str, ...]
) -> None:
    """Neither a file nor a date changes; without --dry-run the entry has the number that was announced."""
    words = 2 if command[:2] == ("consent", "set") else 1
    arguments: tuple[str | Path, ...] = (*command[:words], case, *command[words:])
    before, beside = snapshot(case, custody=True), sorted(case.parent.iterdir())
    dry = archivist.ok(*arguments, "--dry-run")
    document = archivist.ok(*arguments, "--dry-run", "--json").document
    assert snapshot(case, custody=True) == before
    assert sorted(case.parent.iterdir()) == beside
    assert "nothing was written" in dry.stdout
    assert "Head (" not in dry.stdout
    assert (document["dry_run"], document["head"]) == (True, None)
    if "1,3" in command:
        assert f"        1  {NAMES[0]}\n        3  {NAMES[2]}\n" in dry.stdout
    done = archivist.ok(*arguments, "--json").document
    assert (done["dry_run"], done["entry"]) == (False, 2)
    assert document["entry"] in (2, None)
    assert archivist.ok("verify", case)


def test_a_dry_run_asks_for_no_passphrase(archivist: Party, case: Path, tmp_path: Path) -> None:
    """Who would sign is known without unlocking the key; the real run has nobody to ask, and stops."""
    secret = tmp_path / "secret"
    secret.write_text("a long passphrase\n")
    secret.chmod(0o600)
    archivist.ok("key", "new", "A2", "--key-passphrase-file", secret)
    asked = ("record", case, "accessed", "--agent", "A2")
    archivist.ok(*asked, "--dry-run")
    stopped = archivist(*asked)
    assert (stopped.exit_code, "passphrase" in stopped.stderr) == (ExitCode.NOT_CHECKED, True)


def test_a_dry_run_refuses_what_the_command_refuses(archivist: Party, case: Path) -> None:
    """Every check is made: of texts, of numbers, of consent, and of the evidence."""
    archivist.ok("consent", "set", case, "--items", "2", "--status", "withdrawn")
    before = snapshot(case, custody=True)
    refused = [
        (("record", case, "accessed", "--items", "9"), ExitCode.USAGE),
        (("record", case, "accessed", "--reason", "write to kim@example.org"), ExitCode.REFUSED),
        (("transfer", case, *TO, "--purpose", "research"), ExitCode.REFUSED),
        (("pack", case, "-o", "out.zip", *FOR), ExitCode.REFUSED),
        (("prove", case, "-o", "out.zip", "--items", "2", *FOR), ExitCode.REFUSED),
        (("consent", "set", case, "--items", "1"), ExitCode.USAGE),
    ]
    for arguments, code in refused:
        dry = archivist(*arguments, "--dry-run")
        assert dry.exit_code == code, arguments
        assert dry.stderr.splitlines()[0] == archivist(*arguments).stderr.splitlines()[0]
    (case / NAMES[0]).write_text("changed")
    transfer = archivist("record", case, "copied", "--carrier", "disc 7", "--dry-run")
    assert (transfer.exit_code, "differs from the seal" in transfer.stderr) == (ExitCode.MISMATCH, True)
    assert {path: facts for path, facts in snapshot(case, custody=True).items() if b"custody" in path} == {
        path: facts for path, facts in before.items() if b"custody" in path
    }


def test_what_changes_is_told_from_old_to_new(archivist: Party, case: Path) -> None:
    change = ("consent", "set", case, "--items", "2", "--status", "withdrawn")
    assert "  status: was not-required, would be withdrawn: item 2\n" in archivist.ok(*change, "--dry-run").stdout
    done = archivist.ok(*change)
    assert "  status: was not-required, is now withdrawn: item 2\n" in done.stdout
    assert f"        2  {NAMES[1]}\n" in done.stdout
    wider = archivist.ok("consent", "set", case, "--items", "2-3", "--handling", "closed", "--json").document
    assert wider["changes"] == [
        {"term": "handling", "before": "public", "after": "closed", "items": ["2-3"]},
    ]
    nothing = archivist.ok("consent", "set", case, "--items", "2", "--handling", "public", "--dry-run")
    assert "nothing that is in force changes" in nothing.stdout
    assert "handling: for 1 item something stricter is in force, and stays" in nothing.stdout


def test_a_seal_and_a_copy_are_told_by_name(archivist: Party, case: Path) -> None:
    (case / "라.txt").write_text("라")
    before = snapshot(case, custody=True)
    dry = archivist.ok("seal", case, "--dry-run")
    assert "  new:\n    라.txt\n" in dry.stdout
    assert archivist.ok("seal", case, "--dry-run", "--json").document["new_names"] == ["라.txt"]
    derived = ("derive", case, "1", "라.txt", "--method", "names blacked out", "--defaults", "defaults.toml")
    copy = archivist.ok(*derived, "--dry-run")
    assert "item 4 would be a copy of item 1, entry 3 would record it; nothing was written" in copy.stdout
    assert "entry 2 would seal the copy" in copy.stdout
    assert snapshot(case, custody=True) == before
    document = archivist.ok(*derived, "--json").document
    assert (document["copy"], document["sealed"], document["entry"], document["dry_run"]) == (4, 2, 3, False)


def test_the_first_entry_of_all_can_be_tried(archivist: Party) -> None:
    """There is no custody directory yet, and there is none afterwards."""
    fresh = archivist.run.directory / "fresh"
    fresh.mkdir()
    (fresh / "a.txt").write_text("a")
    dry = archivist.ok("record", fresh, "collected", "--source", "S3", "--dry-run")
    assert "would add entry 1; nothing was written" in dry.stdout
    assert sorted(fresh.iterdir()) == [fresh / "a.txt"]


def test_a_handover_can_be_tried_by_whoever_receives_it(archivist: Party, case: Path) -> None:
    """Every item is read; neither an entry nor a receipt is written, and a bundle gets no directory beside it."""
    recipient = make_party(archivist.run, "B7")
    recipient.trusts(archivist)
    archivist.ok("transfer", case, *TO, "--purpose", "research")
    copy = copy_of(case, "copy")
    archivist.ok("pack", case, "-o", "sent.zip", *FOR)
    for given, entry in ((copy, 3), (Path("sent.zip"), 4)):
        beside = sorted(archivist.run.directory.iterdir())
        before = snapshot(copy, custody=True)
        dry = recipient.ok("receive", given, "--receipt", "r.receipt", "--dry-run")
        assert f"would add entry {entry}; nothing was written" in dry.stdout
        assert "all items read: 3 of 3 as sealed" in dry.stdout
        assert (snapshot(copy, custody=True), sorted(archivist.run.directory.iterdir())) == (before, beside)
    (copy / NAMES[0]).write_text("changed")
    assert recipient("receive", copy, "--receipt", "r.receipt", "--dry-run").exit_code == ExitCode.MISMATCH
    shutil.copyfile(case / NAMES[0], copy / NAMES[0])
    recipient.ok("receive", copy, "--receipt", "r.receipt")
