"""check.py on golden records, on what was planted or changed, and on what is hostile; `script_runner` runs it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool.report.checkers import Checker, read_checker
from tests.cli.custody import make_case, make_party
from tests.conftest import Runner
from tests.golden.golden import VERSIONS, read_verdicts
from tests.web.script_runner import SCRIPT, run_script

PLANTED = ("check.py", "check.html", "custody/check.py", "data/check.py")


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """The newest golden partial bundle, unpacked by a program that knows nothing of evtool."""
    shutil.unpack_archive(VERSIONS[-1] / "part.zip", tmp_path / "part")
    return tmp_path / "part"


def test_the_script_is_short_and_imports_nothing_but_python() -> None:
    source = read_checker(Checker.SCRIPT).decode("utf-8")
    assert source.count("\n") <= 150
    imported = next(line for line in source.splitlines() if line.startswith("import ")).removeprefix("import ")
    assert {name.strip().split(".")[0] for name in imported.split(",")} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_golden_records_pass_the_script(version: Path, tmp_path: Path) -> None:
    """The sealed directory, and the partial bundle."""
    shutil.unpack_archive(version / "record.tar", tmp_path / "record", filter="data")
    shutil.unpack_archive(version / "part.zip", tmp_path / "part")
    verdicts = read_verdicts(version)
    for place, name in ((tmp_path / "record" / "case", "record.tar"), (tmp_path / "part", "part.zip")):
        code, said = run_script(place, version / "trusted_keys")
        assert code == verdicts[name]["exit_code"], said
        assert verdicts[name]["head"] in said.replace(" ", "")
        assert run_script(place)[0] == 3, "without a list of keys it is not shown who signed"


def test_a_process_of_its_own_says_the_same(part: Path) -> None:
    """What the tests run inside themselves is what a user gets, without packages and without this environment."""
    trust = VERSIONS[-1] / "trusted_keys"
    asked = [sys.executable, "-I", str(SCRIPT), str(part), str(trust)]
    run = subprocess.run(asked, capture_output=True, timeout=60)
    assert run.stderr == b"", run.stderr
    assert (run.returncode, run.stdout.decode("utf-8")) == run_script(part, trust)
    assert run.stdout.startswith(b"HANDLING: ")


def test_a_good_answer_says_what_was_not_checked(part: Path) -> None:
    _, said = run_script(part, VERSIONS[-1] / "trusted_keys")
    unchecked = said.partition("Not checked by this script: ")[2]
    for subject in ("consent", "time-stamps", "renewals", "receipts", "BLAKE3", "lists of a bag"):
        assert subject in unchecked


def test_a_script_or_page_planted_in_a_bundle_is_refused(part: Path) -> None:
    for place in PLANTED:
        (part / place).write_text("print('all is well')")
        code, said = run_script(part, VERSIONS[-1] / "trusted_keys")
        assert code == 1, said
        (part / place).unlink()


def test_what_it_does_not_know_of_what_was_signed_never_passes(part: Path) -> None:
    """A field of tomorrow, one of another table, one twice; deep nesting, huge numbers, a mark, other line ends.

    Nobody has signed these again, so what is asked is that none of them gets as far as a good answer, or a traceback.
    """
    trust = VERSIONS[-1] / "trusted_keys"
    entry = part / "custody" / "0001-sealed.toml"
    manifest = part / "custody" / "0001-sealed.jsonl"
    for path in (entry, manifest):
        data = path.read_bytes()
        for text in (
            data.replace(b"clock = ", b"tomorrow = true\nclock = "),
            data.replace(b"clock = ", b"salt = 1\nclock = "),
            data.replace(b"clock = ", b'clock = "synced"\nclock = '),
            data + b"x = " + b"[" * 40 + b"]" * 40 + b"\n",
            b'{"a":' * 30000 + data,
            b"9" * 60000 + data,
            b"\xef\xbb\xbf" + data,
            data.replace(b"\n", b"\r\n"),
            data[:-1],
            data + data,
        ):
            path.write_bytes(text)
            if text != data:
                code, said = run_script(part, trust)
                assert code in (1, 4), text[:60]
                assert "Traceback" not in said
        path.write_bytes(data)
    assert run_script(part, trust)[0] == 0


def test_the_last_line_of_a_good_answer_is_no_full_verdict(part: Path) -> None:
    _, said = run_script(part, VERSIONS[-1] / "trusted_keys")
    before, last = said.splitlines()[-2:]
    assert before.endswith("Exit code 0: what it checks holds.")
    assert last.startswith("Not judged: time-stamps (")
    assert "verified" not in said.lower()


def test_nothing_hostile_makes_it_hang_follow_or_fail(part: Path) -> None:
    """Pipes, links, keys of thousands of parts, names that would change the screen."""
    trust = VERSIONS[-1] / "trusted_keys"
    entry = part / "custody" / "0001-sealed.toml"
    data = entry.read_bytes()
    for text in (b"a" + b".a" * 30000 + b" = 1", b"x = " + b"[" * 60000, b"sequence = " + b"9" * 9000, b"\xff"):
        entry.write_bytes(text)
        assert run_script(part, trust)[0] in (1, 4)
    entry.unlink()
    os.mkfifo(entry)
    assert run_script(part, trust)[0] in (1, 4)
    entry.unlink()
    entry.symlink_to("/dev/zero")
    assert run_script(part, trust)[0] in (1, 4)
    entry.unlink()
    entry.write_bytes(data)
    (part / "data" / "\x1b[2J\u202eexe.txt").write_text("x")
    code, said = run_script(part, trust)
    assert code == 1
    assert "\x1b" not in said
    assert "\u202e" not in said


def test_a_folder_without_a_record_is_told_as_one(tmp_path: Path) -> None:
    """Also a bundle as it came, a custody that is a file or a link, and a folder that is not there."""
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "custody").touch()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "custody").symlink_to(tmp_path)
    for place in (tmp_path, tmp_path / "file", tmp_path / "link", tmp_path / "none", VERSIONS[-1] / "part.zip"):
        code, said = run_script(place, VERSIONS[-1] / "trusted_keys")
        assert (code, said.count("NOT CHECKED  this is not a sealed directory")) == (4, 1)


def test_directories_that_hold_only_directories_are_no_surplus(evtool: Runner) -> None:
    """Only the innermost is an item; the others show in its path."""
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    (case / "empty" / "inner" / "innermost").mkdir(parents=True)
    party.ok("seal", case, "--metadata", "none")
    code, said = run_script(case)
    assert code == 3, said
    (case / "empty" / "another").mkdir()
    code, said = run_script(case)
    assert code == 1, said
    assert "empty/another was not sealed" in said


def test_a_directory_that_cannot_be_listed_accuses_nobody(evtool: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files may be there as sealed; the system just does not say so."""
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    (case / "locked").mkdir()
    (case / "locked" / "file.txt").write_text("sealed\n")
    party.ok("seal", case, "--metadata", "none")
    scandir = os.scandir

    def refuse(path: bytes) -> Iterator[os.DirEntry[bytes]]:
        if path == os.fsencode(case / "locked"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    code, said = run_script(case)
    assert code == 4, said
    assert "Permission denied" in said
    assert "DIFFERS" not in said


def test_a_path_that_no_program_can_open_by_name_accuses_nobody(
    evtool: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than 4,095 bytes: evtool goes there step by step, and its digest list says that the file is not listed."""
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    monkeypatch.chdir(case)
    for _ in range(17):
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    Path("deep.txt").write_text("sealed\n")
    monkeypatch.chdir(case)
    party.ok("seal", case, "--metadata", "none")
    code, said = run_script(case)
    assert code == 4, said
    assert "DIFFERS" not in said


def test_without_ssh_keygen_it_tells_the_commands(part: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also with a list of keys; all else is checked all the same."""
    monkeypatch.setattr(shutil, "which", {}.get)
    code, said = run_script(part, VERSIONS[-1] / "trusted_keys")
    assert code == 3, said
    assert "ssh-keygen -Y verify -f YOUR_LIST -I " in said
    (part / "custody" / "0001-sealed.jsonl").write_bytes(b"")
    assert run_script(part, VERSIONS[-1] / "trusted_keys")[0] == 1


def test_a_command_can_be_pasted_whatever_the_folder_is_called(part: Path) -> None:
    """The name of a folder comes from a stranger, too: no part of it may run."""
    odd = part.rename(part.with_name("part $(touch ran) 'x'"))
    _, said = run_script(odd)
    line = next(line for line in said.splitlines() if "ssh-keygen" in line)
    words = shlex.split(line.partition(": ")[2])
    assert words[:3] == ["ssh-keygen", "-Y", "verify"]
    assert words[-1] == f"{odd.resolve()}/custody/{line.split()[2].rstrip(':')}.toml"
    assert words[-3] == words[-1] + ".sig"
