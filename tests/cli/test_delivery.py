"""Every command, with outputs that cannot be written: never exit 0, never exit 1 without a proof, never a traceback.

In the suite each command meets a sample of what can be lost; LOST_OUTPUT=all makes it every combination.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import reduce
from hashlib import sha256
from pathlib import Path

import click
import pyrage  # type: ignore[import-untyped]  # it has no annotations
import pytest

from evtool.cli.group import make_program
from evtool.core.errors import ExitCode
from tests.cli.custody import ANYWAY, make_case, make_party
from tests.cli.evidence import serve
from tests.conftest import Runner, RunResult, make_runner
from tests.timestamp.openssl_authority import OpensslAuthority
from tests.timestamp.servers import closed_port

DEFAULTS = """
format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "public"
consent = {status = "given", for = ["advocacy"], identity = "public", onward = "yes"}
"""

AGREED = ("--party", "A", "--party", "B7", "--signed", "2026-04-01", "--purpose", "research")
TO = ("--to", "B7", "--authority", "DSA-1", "--purpose", "storage", *ANYWAY, "--confirm", "purpose-not-covered")

DOOR = ("--catalogue", "C", "--policy", "intake.toml", "--receipts", "receipts")

INVOCATIONS: dict[str, tuple[str, ...]] = {
    "seal": ("seal", "CASE.more", "--metadata", "none"),
    "verify": ("verify", "CASE"),
    "report": ("report", "CASE", "--json"),
    "page": ("page", "--script", "-o", "check.py"),
    "help": ("help", "verify"),
    "config": ("config",),
    "completion": ("completion", "bash"),
    "log": ("log", "CASE"),
    "show": ("show", "CASE"),
    "items": ("items", "new"),
    "consent check": ("consent", "check", "CASE", "--to", "B7", "--for", "advocacy"),
    "consent recall": ("consent", "recall", "CASE"),
    "consent set": ("consent", "set", "CASE", "--all-items", "--status", "withdrawn"),
    "consent show": ("consent", "show", "CASE"),
    "register check": ("register", "check", "CASE", "--register", "register.age", "--identity", "key.txt"),
    "timestamp add": ("timestamp", "add", "CASE", "--request", "out.tsq"),
    "timestamp upgrade": ("timestamp", "upgrade", "CASE", "--ots", f"http://127.0.0.1:{closed_port()}"),
    "renew": ("renew", "CASE"),
    "due": ("due", "CASE"),
    "record": ("record", "CASE", "accessed"),
    "transfer": ("transfer", "CASE", *TO),
    "receive": ("receive", "CASE", "--receipt", "new.receipt"),
    "receipt add": ("receipt", "add", "CASE", "old.receipt"),
    "receipt write": ("receipt", "write", "received", "again.receipt"),
    "compare": ("compare", "CASE", "received"),
    "pack": ("pack", "CASE", "-o", "all.zip"),
    "unpack": ("unpack", "CASE.zip", "-o", "unpacked"),
    "prove": ("prove", "CASE", "--items", "1", "-o", "proof.zip"),
    "derive": ("derive", "CASE", "1", "2", "--method", "copied"),
    "import bag": ("import", "bag", "bag"),
    "import list": ("import", "list", "CASE.list", "new", "--format", "sha256sum"),
    "inspect": ("inspect", "CASE/증거-01.txt"),
    "key list": ("key", "list"),
    "key new": ("key", "new", "C9", "--no-passphrase"),
    "key show": ("key", "show", "A1"),
    "key passphrase": ("key", "passphrase", "A1", "--no-passphrase"),
    "key backup": ("key", "backup", "A1", "copy.key", "--unlocked"),
    "key restore": ("key", "restore", "A1", "backup.key", "--test"),
    "key change": ("key", "change", "A1", "--no-passphrase"),
    "key retire": ("key", "retire", "A1"),
    "catalogue init": ("catalogue", "init", "new.cat"),
    "catalogue add": ("catalogue", "add", "K", "CASE"),
    "catalogue list": ("catalogue", "list", "K"),
    "catalogue export": ("catalogue", "export", "K", "-o", "K.jsonl"),
    "catalogue rebuild": ("catalogue", "rebuild", "lost", "--journal", "K.journal"),
    "catalogue find": ("catalogue", "find", "K"),
    "catalogue holders": ("catalogue", "holders", "K", "COLLECTION"),
    "catalogue chain": ("catalogue", "chain", "K", "COLLECTION"),
    "catalogue explain": ("catalogue", "explain", "F", "COLLECTION", "FIRST", "SECOND", "--by", "A2", "--why", "two"),
    "catalogue recall": ("catalogue", "recall", "K"),
    "catalogue figures": ("catalogue", "figures", "K"),
    "catalogue duplicates": ("catalogue", "duplicates", "K"),
    "catalogue location add": ("catalogue", "location", "add", "K", "vault-1", "--root", "new"),
    "catalogue location list": ("catalogue", "location", "list", "K"),
    "catalogue audit": ("catalogue", "audit", "K"),
    "catalogue due": ("catalogue", "due", "K"),
    "intake take": ("intake", "take", "inbox-CASE", *DOOR, "--store", "vault"),
    "intake list": ("intake", "list", "--catalogue", "C"),
    "intake show": ("intake", "show", "1", "--catalogue", "C"),
    "intake decide": ("intake", "decide", "1", "reject", "--by", "A2", "--reason", "not ours", *DOOR),
    "agreement add": ("agreement", "add", "MOU-8", *AGREED),
    "agreement list": ("agreement", "list"),
    "agreement show": ("agreement", "show", "MOU-7"),
    "agreement remove": ("agreement", "remove", "MOU-7"),
    "recipient add": ("recipient", "add", "E5", "--kind", "court", "--purpose", "research"),
    "recipient list": ("recipient", "list"),
    "recipient show": ("recipient", "show", "D4"),
    "recipient remove": ("recipient", "remove", "D4"),
    "trust add": ("trust", "add", "D4", "other.pub"),
    "trust list": ("trust", "list"),
    "trust revoke": ("trust", "revoke", "A1"),
    "trust tsa add": ("trust", "tsa", "add", "root.pem", "--name", "Authority"),
    "trust tsa list": ("trust", "tsa", "list"),
    "trust tsa remove": ("trust", "tsa", "remove", "Known"),
}
"""Command -> one use of it that has an answer; CASE is sound evidence, then evidence that was changed.

COLLECTION is the id of the collection that the catalogue K knows, and F, too, where FIRST and SECOND are a fork.
"""

FULL = {"output": "full"}
OTHERS = (
    {"output": "gone", "errors": "gone"},
    {"output": "byte", "errors": "full"},
    {"errors": "byte"},
    {"errors": "full"},
)
"""Where the streams of a run lead: one of these beside the full disk, in turn."""

EVERY_LOSS = [
    dict.fromkeys(streams, how)
    for streams in (("output",), ("errors",), ("output", "errors"))
    for how in ("full", "byte", "gone")
]
"""Each stream, and both, on a full disk, on a pipe that closes after one byte, and on one that nobody reads."""

ALL_LOSSES = os.environ.get("LOST_OUTPUT") == "all"


def walk(command: click.Command, path: str = "") -> Iterator[str]:
    """List the commands that can be run, by their whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from walk(inner, f"{path} {name}".strip())
    else:
        yield path


ALL = list(walk(make_program()))
GROUPS = sorted({" ".join(name.split()[:length]) for name in ALL for length in range(len(name.split()))})


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Take down the size and date of every file of a folder, by its way from there."""
    found = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        found[str(path.relative_to(folder))] = (status.st_size, 0 if path.is_dir() else status.st_mtime_ns)
    return found


@dataclass(frozen=True, slots=True)
class World:
    """A folder with everything that the commands are used on, and two ways to run them there."""

    folder: Path
    runners: tuple[Runner, Runner]
    state: dict[str, tuple[int, int]]

    @property
    def collection(self) -> str:
        """The id of the only collection that is registered."""
        with closing(sqlite3.connect(self.runners[0].directory / "K")) as connection:
            return str(connection.execute("SELECT uid FROM collection").fetchone()[0])

    @property
    def fork(self) -> list[str]:
        """The two entries after which the records of that collection part, in the other catalogue."""
        with closing(sqlite3.connect(self.runners[0].directory / "F")) as connection:
            rows = connection.execute("SELECT digest FROM entry ORDER BY sequence DESC LIMIT 2").fetchall()
        return [str(digest) for (digest,) in rows]

    def arguments(self, command: str, evidence: str) -> list[str]:
        """Give the use of a command on one of the two kinds of evidence."""
        first, second = self.fork
        words = {"CASE": evidence, "COLLECTION": self.collection, "FIRST": first, "SECOND": second}
        return [
            reduce(lambda word, name: word.replace(name, words[name]), words, said) for said in INVOCATIONS[command]
        ]

    def run(self, where: Path, *arguments: str, unbuffered: bool = False, **lost: str) -> RunResult:
        """Run in a fresh copy of the folder."""
        return self.runner(where, arguments[0], unbuffered).fork(*arguments, **lost)

    def runner(self, where: Path, command: str, unbuffered: bool = False) -> Runner:
        """Make a fresh copy of the folder, and give who runs this command there."""
        if not where.exists() or state_of(where) != self.state:
            shutil.rmtree(where, ignore_errors=True)
            shutil.copytree(self.folder, where, symlinks=True)
        runner, home = self.runners[unbuffered], where / ("home-B7" if command == "receive" else "home-A1")
        environment = runner.environment | {"EVTOOL_HOME": str(home)}
        return replace(runner, directory=where / "work", home=home, environment=environment)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslAuthority) -> Iterator[World]:
    """Evidence that is sealed, public and was handed over; a copy that was changed; what else the commands need."""
    folder = tmp_path_factory.mktemp("world")
    run = make_runner(folder)
    giver, receiver = make_party(run, "A1"), make_party(run, "B7")
    giver.trusts(receiver)
    receiver.trusts(giver)
    work = run.directory
    (work / "defaults.toml").write_text(DEFAULTS)
    case = make_case(run, "good")
    giver.ok("seal", case, "--defaults", "defaults.toml")
    giver.ok("transfer", case, *TO)
    shutil.copytree(case, work / "received")
    receiver.ok("receive", "received", "--receipt", "old.receipt")
    giver.ok("pack", case, "-o", "good.zip")
    shutil.copytree(case, work / "bad")
    (work / "bad" / "증거-01.txt").write_text("another content")
    (work / "bad.zip").write_bytes((work / "good.zip").read_bytes().replace(b"content of file 2", b"content of file X"))
    for evidence in ("good", "bad"):
        shutil.copytree(work / evidence, work / f"{evidence}.more")
        (work / f"{evidence}.more" / "new.txt").write_text("new")
    (work / "new").mkdir()
    (work / "new" / "a.txt").write_text("listed")
    (work / "good.list").write_text(f"{sha256(b'listed').hexdigest()}  a.txt\n")
    (work / "bad.list").write_text(f"{sha256(b'other').hexdigest()}  a.txt\n")
    (work / "bag" / "data").mkdir(parents=True)
    (work / "bag" / "data" / "a.txt").write_text("listed")
    (work / "bag" / "bagit.txt").write_text("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (work / "bag" / "manifest-sha256.txt").write_text(f"{sha256(b'listed').hexdigest()}  data/a.txt\n")
    identity = pyrage.x25519.Identity.generate()
    (work / "key.txt").write_text(f"{identity}\n")
    (work / "key.txt").chmod(0o600)
    register = 'format = "evtool-register/1"\n[person.S1]\nnames = ["Nobody"]\n'
    (work / "register.age").write_bytes(pyrage.encrypt(register.encode(), [identity.to_public()]))
    shutil.copyfile(receiver.public_key, work / "other.pub")
    shutil.copyfile(tsa.directory / "root.pem", work / "root.pem")
    giver.ok("trust", "tsa", "add", tsa.directory / "signer.pem", "--name", "Known")
    giver.ok("key", "backup", "A1", "backup.key", "--unlocked")
    giver.ok("recipient", "add", "D4", "--kind", "court", "--purpose", "research")
    giver.ok("agreement", "add", "MOU-7", *AGREED)
    giver.ok("catalogue", "init", "K")
    giver.ok("catalogue", "add", "K", case)
    giver.ok("catalogue", "audit", "K")
    giver.ok("catalogue", "init", "F")
    for twin, event in (("first", "accessed"), ("second", "incident")):
        shutil.copytree(case, work / twin)
        giver.ok("record", twin, event, *(("--description", "water") if event == "incident" else ()))
        giver("catalogue", "add", "F", twin)
        shutil.rmtree(work / twin)
    giver.ok("catalogue", "init", "C")
    (work / "intake.toml").write_text('format = "evtool-intake-policy/1"\ncodes = ["A1"]\n')
    for inbox, bundle in (("inbox", "good.zip"), ("inbox-good", "good.zip"), ("inbox-bad", "bad.zip")):
        (work / inbox).mkdir()
        shutil.copyfile(work / bundle, work / inbox / "b.zip")
    giver("intake", "take", "inbox", *DOOR, "--store", "vault")
    with serve(replace(run, environment=run.environment | {"PYTHONUNBUFFERED": "1"})) as unbuffered:
        yield World(folder, (run, unbuffered), state_of(folder))


def spoilt(code: int) -> int:
    """The exit code of a run whose answer was lost: success and doubt become 4, what is proven or refused stays."""
    return ExitCode.NOT_CHECKED if code in (ExitCode.OK, ExitCode.NOT_ESTABLISHED) else code


def test_every_command_is_used_here() -> None:
    assert sorted(INVOCATIONS) == sorted(ALL), "a new command needs one use of it in this test"


@pytest.mark.parametrize("command", ALL)
def test_lost_output_is_no_success_and_no_accusation(world: World, tmp_path: Path, command: str) -> None:
    """With a full disk or a reader that is gone, on good and on bad evidence, as text and as JSON, buffered or not.

    Every command is started as a process of its own once, so that it imports what it needs.
    """
    where = tmp_path / "copy"
    for turn, evidence in enumerate(("good", "bad")):
        arguments = world.arguments(command, evidence)
        if evidence == "bad" and "CASE" not in " ".join(INVOCATIONS[command]):
            continue
        for as_json in (False, True):
            asked = [*arguments, "--json"] if as_json else arguments
            usual = world.run(where, *asked) if turn or as_json else world.runner(where, asked[0]).anew(*asked)
            assert "internal error" not in usual.stderr
            did = state_of(where).keys() - world.state.keys()
            other = OTHERS[(ALL.index(command) + 2 * turn + as_json) % len(OTHERS)]
            cases = [((lost is FULL) is as_json, lost) for lost in (FULL, other)]
            for unbuffered, lost in itertools.product((False, True), EVERY_LOSS) if ALL_LOSSES else cases:
                run = world.run(where, *asked, unbuffered=unbuffered, **lost)
                story = (asked, unbuffered, lost, usual, run)
                expected = {usual.exit_code, spoilt(usual.exit_code)}
                if lost.get("output") in ("full", "gone") and usual.stdout:
                    expected = {spoilt(usual.exit_code)}
                assert run.exit_code in expected, story
                assert run.exit_code != ExitCode.MISMATCH or usual.exit_code == ExitCode.MISMATCH, story
                assert "Traceback" not in run.stderr + run.stdout, story
                assert "internal error" not in run.stderr, story
                if did and lost == FULL:
                    assert "this was done all the same: " in run.stderr, story
                    assert did == state_of(where).keys() - world.state.keys(), story


def test_help_and_wrong_usage_are_told_apart_when_nobody_hears_them(world: World, tmp_path: Path) -> None:
    """Of every command and group: help that was lost is no success, wrong usage stays wrong usage."""
    where = tmp_path / "copy"
    for number, name in enumerate([*GROUPS, *ALL]):
        how, unbuffered = ("full", "gone")[number % 2], bool(number // 2 % 2)
        lost = world.run(where, *name.split(), "--help", unbuffered=unbuffered, output=how)
        assert lost.exit_code == ExitCode.NOT_CHECKED, (name, lost)
        wrong = world.run(where, *name.split(), "--no-such-option", unbuffered=unbuffered, errors=how)
        assert wrong.exit_code == ExitCode.USAGE, (name, wrong)
    for output in ("full", "gone"):
        assert world.run(where, "--version", output=output).exit_code == ExitCode.NOT_CHECKED
        assert world.run(where, "--version", unbuffered=True, output=output).exit_code == ExitCode.NOT_CHECKED


@pytest.mark.parametrize(
    "arguments", [("show", "many"), ("show", "many", "--json"), ("items", "new"), ("log", "good", "--all")]
)
def test_a_reader_that_has_enough_is_no_success(world: World, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """`evtool show | head` on a good record: the answer is longer than the pipe, so what was lost is known."""
    where = tmp_path / "copy"
    with_many = where / "work" / ("new" if arguments[0] == "items" else "many")
    runners = [world.runner(where, "show", unbuffered) for unbuffered in (False, True)]
    with_many.mkdir(exist_ok=True)
    for number in range(200):
        (with_many / f"{number:03d}-{'long' * 50}.txt").touch()
    for runner in runners:
        runner("seal", "many", "--metadata", "none")
        if arguments[0] == "log":
            for _ in range(10):
                runner("record", "good", "accessed")
        assert runner(*arguments).exit_code == ExitCode.OK
        run = runner.fork(*arguments, output="byte")
        assert run.exit_code == ExitCode.NOT_CHECKED, run
        assert run.stderr == ""  # whoever has enough need not be told so
