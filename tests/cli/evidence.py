"""What the stories and the attacks have in common: keys, snapshots, faults, and the program under another."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evtool import Report, VerifyOptions, load_trust, report_unreadable, verify
from evtool.core.errors import InputError
from evtool.keys.own import create_own_key
from evtool.keys.trust import add_signer
from tests.conftest import Runner, RunResult
from tests.forks import ForkServer

Facts = tuple[object, ...]

PUBLIC = """format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "public"
[directory.consent]
status = "not-required"
basis = "open source"
identity = "public"
onward = "yes"
defence = "yes"
for = ["research"]
"""
"""Defaults under which anybody may be given every item."""


def give_key(evtool: Runner, code: str = "A03") -> None:
    """Make an unlocked key that the user trusts, as `evtool key new CODE --no-passphrase` does."""
    own = create_own_key(code, None, evtool.home)
    add_signer(code, own.file.public_key, home=evtool.home)


def lock_key(evtool: Runner, passphrase: str, code: str = "A03") -> Path:
    """Make a key with a passphrase, which takes a 64th of the time to open of one that `evtool key new` makes."""
    give_key(evtool, code)
    file = evtool.home / "keys" / code
    subprocess.run(["ssh-keygen", "-q", "-p", "-a", "1", "-N", passphrase, "-f", file], check=True, capture_output=True)
    return file


def snapshot(root: Path, *, custody: bool = False, dates: bool = True, contents: bool = True) -> dict[bytes, Facts]:
    """Take down everything about a directory: names, types, modes, inodes, dates and bytes; custody/ only if asked."""
    facts: dict[bytes, Facts] = {}
    pending = [os.fsencode(root)]
    while pending:
        directory = pending.pop()
        for entry in os.scandir(directory):
            if not custody and entry.path == os.path.join(os.fsencode(root), b"custody"):
                continue
            status = entry.stat(follow_symlinks=False)
            # A directory is written to when custody/ is made in it; its bytes are its names, which are listed.
            when = (status.st_mtime_ns, status.st_ctime_ns) if dates and not entry.is_dir(follow_symlinks=False) else ()
            what: object = None
            if stat.S_ISDIR(status.st_mode):
                pending.append(entry.path)
            elif stat.S_ISLNK(status.st_mode):
                what = os.readlink(entry.path)
            elif stat.S_ISREG(status.st_mode) and contents and status.st_size < 1 << 30:
                # One that is larger than any memory stands for a file that never ends.
                with open(entry.path, "rb") as file:
                    what = hashlib.file_digest(file, "sha256").hexdigest()
            facts[entry.path] = (status.st_mode, status.st_uid, status.st_ino, status.st_nlink, when, what)
    return facts


def check(directory: Path, evtool: Runner, **options: Any) -> Report:
    """Verify in this process, trusting what the user of `evtool` trusts; what has no record is reported as such."""
    asked = VerifyOptions(trust=load_trust(home=evtool.home), jobs=1, **options)
    try:
        return verify(directory, asked)
    except InputError as error:
        return report_unreadable(asked, error)


def start_from(made: Path, evtool: Runner) -> Path:
    """Copy what a module made into the folder of a test, with all dates; gives the case in it."""
    shutil.copytree(made, evtool.directory.parent, symlinks=True, dirs_exist_ok=True)
    return evtool.directory / "case"


def deprived() -> list[str]:
    """Give a program to run under, in which permissions count: for root, one without the right to override them."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    if shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], check=False).returncode:
        pytest.skip("root cannot give up its right to read everything here: setpriv of util-linux is missing")
    return prefix


def named(report: Report | dict[str, Any]) -> set[tuple[str, str | None]]:
    """Give code and path of every finding that is about one file."""
    if isinstance(report, Report):
        return {(finding.code.value, finding.path) for finding in report.findings if finding.path is not None}
    return {(finding["code"], finding["path"]) for finding in report["findings"] if finding["path"] is not None}


@contextmanager
def serve(evtool: Runner, *prefix: str) -> Iterator[Runner]:
    """Give a runner whose runs are forks of a process of its own; `prefix` is a program it runs under, as strace."""
    server = ForkServer("evtool", evtool.environment, prefix)
    try:
        yield replace(evtool, server=server)
    finally:
        server.close()


def run_under(evtool: Runner, prefix: Sequence[str], *arguments: str | Path, **options: Any) -> RunResult:
    """Run the command under another program, such as strace; `options` are those of `subprocess.run`."""
    run = subprocess.run(
        [*prefix, *evtool.command(*arguments)],
        capture_output=True,
        cwd=evtool.directory,
        env=evtool.environment,
        start_new_session=True,
        timeout=120,
        check=False,
        **options,
    )
    return RunResult(run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8"))
