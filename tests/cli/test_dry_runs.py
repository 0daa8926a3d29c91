"""Before it is final: what a command would do is told with the names of the items, and nothing is written."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, copy_of, make_party
from tests.cli.evidence import PUBLIC, snapshot
from tests.cli.test_commands_in_text import CONTEXTS
from tests.cli.time_record import trust
from tests.conftest import Runner
from tests.timestamp.openssl_authority import OpensslAuthority
from tests.timestamp.servers import Calendar, closed_port

NAMES = ("가.txt", "나.txt", "다.txt")
TO = ("--to", "B7", "--authority", "DSA-1")
MANIFESTS = Path(__file__).parents[2] / "manifests"
FOR = (*TO, "--for", "research")


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
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


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Everything below a folder, byte for byte and with its dates; of folders the dates alone."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def rehearse(party: Party, *arguments: str | Path) -> tuple[str, dict[str, Any]]:
    """Run a command with --dry-run, with and without --json; nothing that the party has may change by that."""
    places = (party.run.directory, party.run.home)
    before = [files_of(place) for place in places]
    text = party.ok(*arguments, "--dry-run").stdout
    document: dict[str, Any] = party.ok(*arguments, "--dry-run", "--json").document
    assert [files_of(place) for place in places] == before
    assert document["dry_run"] is True
    name = document["format"].removeprefix("evtool-").rpartition("/")[0]
    jsonschema.validate(document, json.loads((MANIFESTS / f"{name}.schema.json").read_text("utf-8")))
    return text, document


@pytest.mark.parametrize(
    "context",
    [context for context in CONTEXTS if not isinstance(context.command, click.Group)],
    ids=lambda context: context.command_path,
)
def test_every_command_that_writes_a_record_can_be_tried(context: click.Context) -> None:
    """Whoever writes a record may have to wait for another writer, gives a reason, or answers with receipts."""
    options = {name for param in context.command.get_params(context) for name in param.opts}
    assert ("--dry-run" in options) == bool(options & {"--wait", "--reason", "--receipts"})


def test_a_renewal_can_be_tried(archivist: Party, case: Path, tsa: OpensslAuthority) -> None:
    """The entry is numbered, its files are counted, and whoever would be asked is named, but not asked."""
    trust(archivist, tsa)
    nobody = f"http://127.0.0.1:{closed_port()}/tsr"
    text, document = rehearse(archivist, "renew", case, "--tsa", nobody)
    assert f"would ask {nobody}, and store its answer if that passes\n  required: 1 of 1 authority" in text
    assert (document["entry"], document["head"], document["stamping"]["ok"]) == (2, None, False)
    assert rehearse(archivist, "renew", case)[1]["stamping"] is None
    done = archivist.ok("renew", case, "--json").document
    assert (done["entry"], done["files"], done["dry_run"]) == (2, document["files"], False)


def test_a_receipt_can_be_tried(archivist: Party, case: Path) -> None:
    recipient = make_party(archivist.run, "B7")
    recipient.trusts(archivist)
    archivist.ok("transfer", case, *TO, "--purpose", "research")
    recipient.ok("receive", copy_of(case, "copy"), "--receipt", "r.receipt")
    add = ("receipt", "add", case, "r.receipt")
    stranger = archivist(*add, "--dry-run")
    assert (stranger.exit_code, stranger.stderr) == (ExitCode.NOT_ESTABLISHED, archivist(*add).stderr)
    archivist.trusts(recipient)
    text, document = rehearse(archivist, *add)
    assert "entries up to 2 would be witnessed by B7\n  the receipt fits; nothing was written" in text
    assert archivist.ok(*add, "--json").document == {**document, "dry_run": False}
    assert archivist(*add, "--dry-run").exit_code == ExitCode.MISMATCH  # there is one now


def test_a_change_of_key_can_be_tried(archivist: Party, case: Path, tmp_path: Path) -> None:
    """No key is made, none is unlocked, and each record says what it would get."""
    fresh = archivist.run.directory / "fresh"
    fresh.mkdir()
    change = ("key", "change", "A1", "--no-passphrase")
    text, document = rehearse(archivist, *change, "--record", case)
    assert "A1: would get its next key" in text
    assert "would add entry 2; nothing was written" in text
    assert (document["trusted"], document["records"][0]["entry"], document["records"][0]["head"]) == (None, 2, None)
    strange = archivist(*change, "--record", fresh, "--dry-run")
    assert (strange.exit_code, list(fresh.iterdir())) == (ExitCode.NOT_CHECKED, [])
    done = archivist.ok(*change, "--record", case, "--json").document
    assert done["records"][0]["entry"] == 2
    assert done["old_key"] == document["old_key"]
    again = archivist("key", "change", "A1", "--no-new-key", "--record", case, "--dry-run")
    assert (again.exit_code, "knows the new key already" in again.stderr) == (ExitCode.NOT_CHECKED, True)


def test_an_import_can_be_tried(archivist: Party) -> None:
    """Every file is read and compared; two entries are announced, and no directory is left."""
    given = archivist.run.directory / "given"
    given.mkdir()
    for name in NAMES:
        (given / name).write_text(name)
    lines = [f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in NAMES]
    (archivist.run.directory / "sums").write_text("".join(lines))
    order = ("import", "list", "sums", given, "--format", "sha256sum")
    text, document = rehearse(archivist, *order)
    assert "entry 1 would record it, entry 2 would seal 3 items; nothing was written" in text
    (given / NAMES[0]).write_text("changed")
    differs = archivist(*order, "--dry-run")
    assert (differs.exit_code, differs.stderr) == (ExitCode.MISMATCH, archivist(*order).stderr)
    assert not (given / "custody").exists()
    (given / NAMES[0]).write_text(NAMES[0])
    done = archivist.ok(*order, "--json").document
    assert done == {**document, "dry_run": False, "head": done["head"]}


def test_asking_for_a_time_stamp_can_be_tried(archivist: Party, case: Path, tsa: OpensslAuthority) -> None:
    """Nobody is asked: the addresses lead nowhere, and the real run says so."""
    order = ("timestamp", case, "--tsa", f"http://127.0.0.1:{closed_port()}/tsr", "--ots", "http://127.0.0.1:9")
    refused = archivist(*order, "--dry-run")
    assert (refused.exit_code, refused.stderr) == (ExitCode.USAGE, archivist(*order).stderr)  # no root is trusted
    trust(archivist, tsa)
    text, document = rehearse(archivist, *order)
    assert "would have entry 1 stamped; nothing was sent or written" in text
    assert f"would ask {order[3]}, and" in text
    assert [asked["url"] for asked in document["stamping"]["calendars"]] == ["http://127.0.0.1:9"]
    assert archivist("timestamp", case, *order[2:4], "--entry", "7", "--dry-run").exit_code == ExitCode.NOT_CHECKED


def test_time_stamps_by_file_can_be_tried(archivist: Party, case: Path, tsa: OpensslAuthority) -> None:
    """Request, answer and revocation list are checked in full; the names announced are the names given."""
    trust(archivist, tsa)
    ask = ("timestamp", case, "--request", "out.tsq")
    text, document = rehearse(archivist, *ask)
    name = "0001-sealed.toml.sig.offline.tsq"
    assert f"request for entry 1, would be kept as {name}; nothing was written" in text
    done = archivist.ok(*ask, "--json").document
    assert done == {**document, "dry_run": False}
    answer = archivist.run.directory / "in.tsr"
    answer.write_bytes(tsa.reply((archivist.run.directory / "out.tsq").read_bytes()))
    take = ("timestamp", case, "--import", "in.tsr")
    text, document = rehearse(archivist, *take)
    assert "would be stored as 0001-sealed.toml.sig.offline.tsr" in text
    assert archivist.ok(*take, "--json").document == {**document, "dry_run": False}
    (archivist.run.directory / "list.crl").write_bytes(
        tsa.revocation_list("intermediate", time.strftime("%Y-%m-%d %H:%M:%S"))
    )
    keep = ("timestamp", case, "--revocation", "list.crl")
    text, document = rehearse(archivist, *keep)
    assert "would be stored as 0001-sealed.toml.sig.offline.1.crl" in text
    assert archivist.ok(*keep, "--json").document == {**document, "dry_run": False}


def test_a_promise_can_be_looked_at(archivist: Party, case: Path) -> None:
    """Only a calendar that made the promise and is named would be asked."""
    with Calendar() as calendar:
        archivist.ok("timestamp", case, "--ots", calendar.url)
    text, document = rehearse(archivist, "timestamp", "upgrade", case, "--ots", calendar.url)
    assert f"would ask {calendar.url} for the rest" in text
    assert document["proofs"][0]["would_ask"] == [calendar.url]
    other = archivist("timestamp", "upgrade", case, "--ots", "http://127.0.0.1:9", "--dry-run")
    assert (other.exit_code, "not on your list" in other.stdout) == (ExitCode.NOT_ESTABLISHED, True)
