"""The daily stories on a desk whose Python lacks what POSIX has, as on Windows: simulated, see `shims/another-desk`.

Each command runs from its start in a process that has none of these calls, with a system that renames no open file,
opens no directory, and strips or refuses the names that Windows does.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from evtool import ExitCode
from tests.cli.custody import make_case, make_party
from tests.cli.evidence import PUBLIC
from tests.cli.test_media import path_for
from tests.cli.test_receive_story import DEFAULTS, DISCLOSE, RECIPIENTS
from tests.conftest import Runner

DESK = "another-desk"


def at_another_desk(evtool: Runner) -> Runner:
    """Run what follows with the Python of another desk."""
    return replace(evtool, environment=evtool.environment | {"PYTHONPATH": path_for(DESK, evtool)})


@pytest.fixture
def desk(evtool: Runner) -> Runner:
    """Such a desk, and an evidence directory on it."""
    case = evtool.directory / "case"
    (case / "사진").mkdir(parents=True)
    (case / "사진" / "김철수.jpg").write_bytes(bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9"))
    (case / "notes.txt").write_text("notes\n")
    (case / "empty").mkdir()
    (evtool.directory / "terms.toml").write_text(DEFAULTS)
    return at_another_desk(evtool)


LACKS = """
import os, socket, sys
assert sys.platform == "win32" and not os.supports_dir_fd
for name in "fork pread geteuid O_NOFOLLOW O_CLOEXEC fchmod memfd_create".split():
    assert not hasattr(os, name), name
assert not hasattr(socket, "AF_UNIX")
for name in "fcntl", "resource":
    try:
        __import__(name)
    except ImportError:
        continue
    raise AssertionError(name)
with open("held", "w") as file:
    try:
        os.unlink("held")
    except PermissionError:
        print("as there")
"""

TWO_RUNS = """
from pathlib import Path
from evtool.core.errors import BusyError
from evtool.store.work import open_work_place, remove_leftovers
from evtool.store.writer import CustodyWriter

with open_work_place(Path("out")) as living:
    living.content.write_text("half an output")
    assert list(remove_leftovers(Path("other"))) == []
    assert living.content.read_text() == "half an output"
assert not living.path.exists()
living.path.mkdir()
(living.path / "lock").touch()
living.content.write_text("what a killed run left")
assert [(left.removed, left.has_output) for left in remove_leftovers(Path("other"))] == [(True, True)]
assert not living.path.exists()

with CustodyWriter(b"custody") as writer:
    try:
        with CustodyWriter(b"custody"):
            raise AssertionError("two writers")
    except BusyError as error:
        print(error.message)
    writer.write("0001-sealed.toml", b"")
    writer.commit(["0001-sealed.toml"])
"""


def run_python(desk: Runner, program: str) -> str:
    """Run a program with the Python of this desk, and give what it prints."""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=desk.directory, env=desk.environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_desk_lacks_what_it_is_said_to_lack(desk: Runner) -> None:
    """Without this, all stories here would be stories of Linux."""
    assert run_python(desk, LACKS) == "as there\n"


NAMES = ["dot.", "space ", "a:b.txt", "q?.txt", "CON", "aux.txt", "sub/LPT1.log", "back\\slash", "A.jpg", "a.jpg"]
"""Names that Windows refuses, changes, or takes for another name here."""

OUTSIDE = ["..\\..\\..\\outside.txt", "C:outside.txt", "up\\..\\..\\..\\outside/file"]
"""Names that are plain on Linux, and on Windows the way to another place."""

KEPT = ["plain.txt", "Photos/one.txt", "김철수.txt"]


def test_names_that_a_desk_cannot_hold_go_by_number(evtool: Runner) -> None:
    """They are sealed as they are, and named; where a bundle is unpacked nothing is lost, overwritten or misnamed."""
    archivist = make_party(evtool, "A1")
    case, deep = evtool.directory / "case", "long/" + "n" * 240
    for name in [*NAMES, *OUTSIDE, *KEPT, deep, "photos/two.txt"]:
        (case / name).parent.mkdir(parents=True, exist_ok=True)
        (case / name).write_text(name)
    (evtool.directory / "terms.toml").write_text(PUBLIC)
    sealed = archivist.ok("seal", "case", "--defaults", "terms.toml", "--metadata", "none").stdout
    assert "note: 12 new names cannot be kept on every system: " in sealed
    packed = archivist.ok("pack", "case", "-o", "case.zip").stdout
    assert "14 of the files go by the number of their item (items " in packed
    desk = at_another_desk(archivist.run)
    unpacked = desk("unpack", "case.zip", "-o", "un", "--json")
    assert unpacked.exit_code == ExitCode.OK, unpacked.stderr
    assert len(unpacked.document["other_names"]) == 14
    report = unpacked.document["report"]
    assert (report["exit_code"], report["items"]["ok"]) == (ExitCode.OK, 18)
    files = [path for path in (evtool.directory / "un").rglob("*") if path.is_file() and path.parent.name != "custody"]
    written = {path.read_text() for path in files}
    assert written >= {*NAMES, *OUTSIDE, *KEPT, deep, "photos/two.txt"}
    assert not [path for path in evtool.directory.rglob("*outside*") if case not in path.parents]
    for name in KEPT:
        assert (evtool.directory / "un" / name).read_text() == name


def test_a_verdict_is_no_better_than_on_linux(evtool: Runner) -> None:
    """What was done to the evidence and its record is found by the same checks, with the same words for it."""
    archivist = make_party(evtool, "A1")
    case = make_case(evtool)
    archivist.ok("seal", case, "--metadata", "none")
    archivist.ok("record", case, "accessed")
    (case / "증거-01.txt").write_text("other content\n", encoding="utf-8")
    (case / "증거-02.txt").unlink()
    (case / "증거-02.txt").symlink_to("증거-03.txt")
    (case / "증거-04.txt").unlink()
    (case / "증거-05.txt").rename(case / "renamed.txt")
    (case / "new.txt").write_text("new")
    with (case / "custody" / "0002-accessed.toml").open("a") as entry:
        entry.write("\n")
    here = archivist("verify", case, "--json").document
    there = at_another_desk(archivist.run)("verify", case, "--json").document
    assert (here["exit_code"], there["exit_code"]) == (ExitCode.MISMATCH, ExitCode.MISMATCH)
    found, found_there = ({finding["code"] for finding in told["reports"][0]["findings"]} for told in (here, there))
    assert found == found_there
    assert here["reports"][0]["items"] == there["reports"][0]["items"]
    assert here["reports"][0]["axes"] == there["reports"][0]["axes"]
    assert found >= {"changed", "type-changed", "missing", "renamed", "extra"}


def test_two_runs_do_not_take_each_others_files_away(desk: Runner) -> None:
    """There are no locks on files there; what is open cannot be renamed, and that is what tells a living run."""
    assert run_python(desk, TWO_RUNS) == "another evtool is writing to this custody directory\n"
    assert [path.name for path in (desk.directory / "custody").iterdir()] == ["0001-sealed.toml"]


def test_a_collection_goes_from_desk_to_desk(desk: Runner) -> None:
    """Key, seal, verify, show, log, consent, record, report, pack, receive, receipt, unpack: each of them works."""
    sender, recipient = make_party(desk, "A1"), make_party(desk, "UN-1")
    sender.trusts(recipient)
    recipient.trusts(sender)
    (sender.run.home / "recipients.toml").write_text(RECIPIENTS)
    sealed = sender.ok("seal", "case", "--defaults", "terms.toml")
    assert "no-confinement" in sealed.stdout
    assert sealed.stdout.count("this system cannot run parsers; the seal is whole without their claims") == 1
    assert "the parser was not confined" not in sealed.stdout  # there was none
    assert "VERIFIED: all 3 items" in sender.ok("verify", "case").stdout
    assert "김철수.jpg" in sender.ok("show", "case").stdout
    sender.ok("consent", "set", "case", "--items", "1", "--onward", "ask", "--reason", "call of 3 March")
    sender.ok("record", "case", "accessed", "--reason", "review")
    assert "entry 3  accessed" in sender.ok("log", "case").stdout
    pages = sender.run("report", "case", "-o", "page", "--lang", "ko", SHIM_PLATFORM="generic")  # it starts a process
    assert pages.exit_code == ExitCode.OK, pages.stderr
    assert (desk.directory / "page.ko.html").stat().st_size > 10_000
    sender.ok("pack", "case", "-o", "case.zip", *DISCLOSE)
    recipient.ok("receive", "case.zip", "--receipt", "receipt.zip")
    sender.ok("receipt", "add", "case", "receipt.zip")
    recipient.ok("unpack", "case.zip", "-o", "unpacked")
    for name in ("사진/김철수.jpg", "notes.txt"):
        assert (desk.directory / "unpacked" / name).read_bytes() == (desk.directory / "case" / name).read_bytes()
    assert "VERIFIED" in recipient.ok("verify", "unpacked").stdout
    assert sorted(path.name for path in desk.directory.iterdir()) == [
        *("case", "case.zip", "case.zip.received", "page.json", "page.ko.html", "receipt.zip", "terms.toml", "unpacked")
    ]
    assert not [path for path in (desk.directory / "case" / "custody").iterdir() if path.name.startswith(".")]
    (desk.directory / "unpacked" / "notes.txt").write_text("others\n")
    assert recipient("verify", "unpacked").exit_code == ExitCode.MISMATCH
