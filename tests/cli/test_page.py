"""`evtool page`: a check that does without evtool, written to a file whose digest can be compared."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import evtool as package
from evtool.core.errors import ExitCode
from evtool.core.text.digest import group_in_fours
from evtool.report.checkers import Checker, read_checker
from tests.cli.custody import make_case, make_party
from tests.conftest import Runner

SCRIPT = read_checker(Checker.SCRIPT)
DIGEST = sha256(SCRIPT).hexdigest()


def test_the_script_is_written_with_its_digest_and_runs(evtool: Runner) -> None:
    result = evtool("page", "--script", "-o", "check.py")
    assert result.exit_code == ExitCode.OK
    assert group_in_fours(DIGEST) in result.stdout
    written = evtool.directory / "check.py"
    assert written.read_bytes() == SCRIPT
    asked = [sys.executable, "-I", str(written)]
    assert subprocess.run(asked, capture_output=True).returncode == ExitCode.USAGE


def test_the_page_is_written_where_no_script_is_asked_for(evtool: Runner) -> None:
    page = read_checker(Checker.PAGE)
    assert evtool("page", "-o", "check.html").exit_code == ExitCode.OK
    assert (evtool.directory / "check.html").read_bytes() == page
    told = {"name": "check.html", "sha256": sha256(page).hexdigest()}
    assert told in evtool("--version", "--json").document["checkers"]


def test_a_file_that_is_there_is_replaced_only_if_asked(evtool: Runner) -> None:
    file = evtool.directory / "check.py"
    file.write_text("mine")
    assert evtool("page", "--script", "-o", "check.py").exit_code == ExitCode.NOT_CHECKED
    assert file.read_text() == "mine"
    assert evtool("page", "--script", "-o", "check.py", "--force").exit_code == ExitCode.OK
    assert file.read_bytes() == SCRIPT
    assert list(evtool.directory.iterdir()) == [file]


def test_the_script_goes_to_standard_output_alone(evtool: Runner) -> None:
    """And a script that asks for JSON gets no half of each."""
    assert evtool("page", "--script", "-o", "-").stdout.encode() == SCRIPT
    assert evtool("page", "--script", "-o", "-", "--json").exit_code == ExitCode.USAGE


def test_its_digest_is_told_without_writing_anything(evtool: Runner) -> None:
    told = {"name": "check.py", "sha256": DIGEST}
    assert told in evtool("--version", "--json").document["checkers"]
    assert evtool("page", "--script", "-o", "c.py", "--json").document["checker"] == told


def test_a_version_names_what_decides_a_verdict(evtool: Runner) -> None:
    """Two people who come to two verdicts compare these; an account names the same program."""
    told = evtool("--version", "--json").document
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    party.ok("seal", case, "--metadata", "none")
    party.ok("report", case, "-o", "page")
    made = json.loads((evtool.directory / "page.json").read_text("utf-8"))["made"]
    assert {name: told[name] for name in ("code_sha256", "code_files", "python", "platform", "packages")} == {
        name: made[name] for name in ("code_sha256", "code_files", "python", "platform", "packages")
    }
    assert {"blake3", "cryptography", "exifread", "msgspec", "pynacl", "pypdf"} <= {
        package["name"].lower() for package in told["packages"]
    }
    inside = {each["name"]: each["version"] for each in told["inside"]}
    assert inside["openssl-of-python"] == ssl.OPENSSL_VERSION
    assert inside["openssl-of-cryptography"].startswith("OpenSSL ")


@pytest.mark.parametrize("place", ["check.py", "custody/check.py", "sub/check.py"])
def test_it_is_not_written_into_evidence(evtool: Runner, place: str) -> None:
    """There it would be a file that nobody sealed: exit code 1 for everybody who verifies."""
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    (Path(case) / "sub").mkdir()
    party.ok("seal", case, "--metadata", "none")
    result = evtool("page", "--script", "-o", f"{case}/{place}", "--force")
    assert result.exit_code == ExitCode.USAGE
    assert "has a record; nothing was written" in result.stderr
    party.ok("verify", case)


def test_a_folder_custody_of_somebody_else_is_no_record(evtool: Runner) -> None:
    """A user's own folder of that name would keep them from writing a page anywhere beside it."""
    (evtool.directory / "custody").mkdir()
    (evtool.directory / "custody" / "minutes.txt").write_text("of the meeting")
    assert evtool("page", "--script", "-o", "check.py").exit_code == ExitCode.OK


def test_json_before_a_command_is_refused(evtool: Runner) -> None:
    """It would be passed over, and a script that asked for JSON got text."""
    assert evtool("--json", "verify", "nothing").exit_code == ExitCode.USAGE
    assert evtool("--json", "--version").document == evtool("--version", "--json").document


def test_an_installation_without_the_script_says_so_in_one_message(evtool: Runner, tmp_path: Path) -> None:
    """A packager left it out, or something removed it: README.txt could not name its digest, and nothing is sealed."""
    installed = tmp_path / "installed" / "evtool"
    shutil.copytree(Path(package.__file__).parent, installed, ignore=shutil.ignore_patterns("node_modules"))
    (installed / "web" / "check.py").unlink()
    (evtool.directory / "case").mkdir()
    (evtool.directory / "case" / "a.txt").write_text("a")
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    for command in (["seal", "case"], ["page", "--script", "-o", "check.py"], ["--version", "--json"]):
        told = evtool.anew(*command, PYTHONPATH=str(installed.parent))
        assert told.exit_code == 4
        assert told.stderr.splitlines()[0] == (
            "evtool: error: this installation of evtool lacks its file check.py: No such file or directory"
        )
        assert "evtool: hint: install evtool again" in told.stderr
    assert evtool("verify", "case").exit_code == 4, "nothing was sealed"
