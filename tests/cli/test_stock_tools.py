"""The sceptical expert repeats the check with the tools of every system, and finds the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from evtool import ExitCode
from tests.cli.evidence import check, give_key
from tests.conftest import Runner


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A directory sealed twice."""
    give_key(evtool)
    case = evtool.directory / "case"
    (case / "photos").mkdir(parents=True)
    (case / "interview.txt").write_text("testimony")
    (case / "photos" / "김철수.jpg").write_bytes(bytes(range(256)))
    (case / "link").symlink_to("interview.txt")
    assert evtool("seal", case).exit_code == ExitCode.OK
    (case / "later.txt").write_text("later")
    assert evtool("seal", case).exit_code == ExitCode.OK
    return case


def run_readme(case: Path, custody: Path, trusted: Path) -> list[tuple[str, subprocess.CompletedProcess[str]]]:
    """Run every command of README.txt as it stands there, in the directory that it names."""
    lines = (custody / "README.txt").read_text().replace("\\\n", " ").splitlines()
    home = case.with_name("expert")
    home.mkdir(exist_ok=True)
    shutil.copy(trusted, home / "trusted_keys")
    results = []
    for line in lines:
        command = line.strip()
        if line.startswith("     ") and re.match(r"(ssh-keygen -Y|sha256sum|grep) ", command):
            environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8", "CUSTODY": str(custody)}
            run = subprocess.run(
                ["sh", "-c", command], cwd=case, env=environment, capture_output=True, text=True, check=False
            )
            results.append((command, run))
    return results


@pytest.mark.parametrize("inside", [True, False])
def test_the_commands_of_the_readme_repeat_the_check(case: Path, evtool: Runner, inside: bool) -> None:
    """Signatures, files and order: all succeed on what was sealed, wherever the record lies."""
    custody = case / "custody"
    if not inside:
        shutil.rmtree(custody)
        custody = case.with_name("record of the case")
        assert evtool("seal", case, "--custody", custody).exit_code == ExitCode.OK
        (case / "one more.txt").touch()
        assert evtool("seal", case, "--custody", custody).exit_code == ExitCode.OK
    results = run_readme(case, custody, evtool.home / "allowed_signers")
    for command, run in results:
        assert run.returncode == 0, (command, run.stderr)
    commands = [command for command, _ in results]
    half = len(commands) // 2
    assert commands[:half] == commands[half:], "the page in another language has the same commands"
    commands = commands[:half]
    assert sum(command.startswith("ssh-keygen -Y verify") for command in commands) == 2
    assert sum(command.startswith("sha256sum -c") for command in commands) == 2
    for command, run in results:
        if command.startswith("ssh-keygen"):
            assert 'Good "evtool-custody-v1" signature for A03' in run.stdout
        if "; grep checksums" in command:
            digest = run.stdout.split()[0]
            assert f'checksums = "{digest}"' in run.stdout
    order = [run.stdout for command, run in results if "previous" in command or command.startswith("sha256sum")]
    heads = [line.split()[0] for line in order[-2].splitlines()]
    assert [f'entry = "{heads[0]}"', f'signature = "{heads[1]}"'] == order[-1].splitlines()[1:3]


def test_the_stock_tools_notice_one_flipped_byte(case: Path, evtool: Runner) -> None:
    """In every file that their commands read."""
    trusted = evtool.home / "allowed_signers"
    paths = [case / "interview.txt", case / "photos" / "김철수.jpg", case / "later.txt"]
    paths += [path for path in (case / "custody").glob("000*") if path.suffix != ".jsonl"]
    for path in paths:
        data = path.read_bytes()
        middle = len(data) // 2
        path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
        results = run_readme(case, case / "custody", trusted)
        told = any(run.returncode for _, run in results)
        for command, run in results:
            # The commands that print two values to compare succeed; a person sees that the values differ.
            if "; grep checksums" in command:
                told |= run.stdout.split()[0] not in run.stdout.split("\n", 1)[1]
        assert told, path
        assert check(case, evtool).exit_code in (ExitCode.MISMATCH, ExitCode.NOT_CHECKED)
        path.write_bytes(data)
    assert check(case, evtool).exit_code is ExitCode.OK


def test_sha256sum_finds_a_missing_file(case: Path) -> None:
    """The stock tool names what is gone."""
    (case / "interview.txt").unlink()
    run = subprocess.run(
        ["sha256sum", "-c", "custody/0001-sealed.sha256"], cwd=case, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "interview.txt: FAILED open or read" in run.stdout


def test_ssh_keygen_refuses_another_code_another_use_and_another_key(case: Path, evtool: Runner) -> None:
    """The signature counts for the agent, the namespace and the keys that the verifier names."""
    signed = case / "custody" / "0001-sealed.toml"

    def verify(trusted: Path, code: str, namespace: str) -> int:
        with signed.open("rb") as data:
            command: list[str | Path] = [
                "ssh-keygen",
                "-Y",
                "verify",
                "-f",
                trusted,
                "-I",
                code,
                "-n",
                namespace,
                "-s",
                f"{signed}.sig",
            ]
            return subprocess.run(command, stdin=data, capture_output=True, check=False).returncode

    trusted = evtool.home / "allowed_signers"
    assert verify(trusted, "A03", "evtool-custody-v1") == 0
    assert verify(trusted, "B07", "evtool-custody-v1") != 0
    assert verify(trusted, "A03", "file") != 0
    other = case.with_name("other")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=True)
    other.write_text("A03 " + other.with_suffix(".pub").read_text())
    assert verify(other, "A03", "evtool-custody-v1") != 0


def test_a_seal_without_files_has_a_readme_that_says_so(evtool: Runner) -> None:
    """Links and empty directories only: the page says what sha256sum makes of a list without a file."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "link").symlink_to("elsewhere")
    (case / "empty").mkdir()
    assert evtool("seal", case).exit_code == ExitCode.OK
    for command, run in run_readme(case, case / "custody", evtool.home / "allowed_signers"):
        if command.startswith("sha256sum -c"):
            assert (run.returncode, "no properly formatted" in run.stderr) == (1, True)
        else:
            assert run.returncode == 0, (command, run.stderr)
    assert "If a list names no file" in (case / "custody" / "README.txt").read_text()


def test_evtool_verifies_what_ssh_keygen_signed(case: Path, evtool: Runner) -> None:
    """The signature format is OpenSSH's own: one made by ssh-keygen over the same entry holds as well."""
    entry = case / "custody" / "0002-sealed.toml"
    signature = entry.with_name(entry.name + ".sig")
    before = signature.read_bytes()
    signature.unlink()
    key = evtool.home / "keys" / "A03"
    subprocess.run(
        ["ssh-keygen", "-Y", "sign", "-f", key, "-n", "evtool-custody-v1", entry], check=True, capture_output=True
    )
    assert signature.read_bytes().split() == before.split()
    assert check(case, evtool).exit_code is ExitCode.OK


def test_the_readme_of_a_record_tells_how_a_bundle_is_checked(evtool: Runner) -> None:
    """In a bundle the files lie elsewhere than in the directory that it was written for."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "지도.txt").write_text("a map")
    defaults = case.with_name("defaults.toml")
    consent = '[directory.consent]\nstatus = "given"\nfor = ["advocacy"]\nidentity = "public"\nonward = "yes"\n'
    defaults.write_text(
        f'format = "evtool-defaults/1"\n[[directory]]\npath = "."\nhandling = "public"\n{consent}', "utf-8"
    )
    sealed = evtool("seal", case, "--defaults", defaults)
    assert sealed.exit_code == ExitCode.OK, sealed.stderr
    packed = evtool("pack", case, "-o", "bundle")
    assert packed.exit_code == ExitCode.OK, packed.stderr
    bundle = evtool.directory / "bundle"
    told = re.findall(
        r"^     cd data && sha256sum -c \.\./custody/NNNN-sealed\.sha256$",
        (bundle / "custody" / "README.txt").read_text(),
        re.M,
    )
    assert len(told) == 2, "once in each language"
    command = told[0].replace("NNNN", "0001")
    run = subprocess.run(["sh", "-c", command], cwd=bundle, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "지도.txt: OK\n"), run.stderr
