"""An intake that is killed: before any step that changes something on the disk or in the catalogue.

The child counts these steps and kills itself before the n-th. In the suite a sample of them is tried; with
`KILL_POINTS=all` each one is, with a number all from there on.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evtool.store.catalogue.database import Catalogue
from tests.catalogue.door import Repository, lay, make_repository, make_sender, take_in
from tests.conftest import make_runner

_CHANGES = ("os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "os.symlink")
_SAMPLE = 4
"""About so many of them, others in every run."""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository in whose inbox lie a good bundle twice, a folder, and one that was cut short."""
    folder = tmp_path_factory.mktemp("kills")
    evtool = make_runner(folder)
    sender = make_sender(evtool, "A1")
    repository = make_repository(evtool, folder / "repository", sender.party)
    case = sender.seal("case", 1)
    sender.pack(case, folder / "a.zip")
    sender.pack(case, folder / "d")
    for name in ("a.zip", "b.zip"):
        lay(repository.inbox, folder / "a.zip", name)
    (repository.inbox / "c.zip").write_bytes((folder / "a.zip").read_bytes()[:-50])
    lay(repository.inbox, folder / "d")
    # Opened once: what a reader does to a new catalogue is no step of an intake.
    repository.party.ok("intake", "list", *repository.where)
    return repository


def in_a_child(work: Callable[[], object]) -> int:
    """Run something in a fork of this process; its exit code, negative for a signal."""
    process = os.fork()
    if process == 0:
        code = 3
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def counting(repository: Repository, kill_at: int) -> int:
    """Take in, and die before the step of this number; the steps that were made before, of a run that lived."""
    return count_steps(lambda: take_in(repository), repository.folder / "steps", kill_at)


def count_steps(work: Callable[[], object], told: Path, kill_at: int) -> int:
    """Do something, and die before the step of this number; the steps, which are written to a file, if it lived."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        is_written = event == "open" and len(arguments) > 2 and isinstance(arguments[2], int)
        if event in _CHANGES or (is_written and arguments[2] & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)):
            step()

    write = Catalogue.write

    @contextmanager
    def watched(self: Catalogue) -> Iterator[sqlite3.Connection]:
        step()
        with write(self) as connection:
            yield connection
            step()
        step()

    def run() -> None:
        Catalogue.write = watched  # type: ignore[method-assign]  # in a child, which ends
        sys.addaudithook(watch)
        work()
        told.write_text(str(steps))

    in_a_child(run)
    return int(told.read_text()) if told.exists() else 0


def state_of(repository: Repository) -> dict[str, object]:
    """Everything that a whole intake leaves behind, but for numbers and moments."""
    with sqlite3.connect(repository.catalogue) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        holdings = connection.execute(
            "SELECT state, reasons, holding.sha256, copy.path, receipt IS NULL, holding.bytes, exit_code FROM holding "
            "LEFT JOIN copy ON copy.holding=holding.id ORDER BY copy.path"
        ).fetchall()
        counts = [
            connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
            for table in ("collection", "entry", "item", "holding", "holding_item", "copy")
        ]
    receipts = {path.name for path in repository.receipts.iterdir()}
    answers = sorted(path.name for path in repository.store.rglob("*-received.toml"))
    return {
        "holdings": holdings,
        "counts": counts,
        "bundles": repository.bundles(),
        "receipts": receipts,
        "answers": answers,
        "left over": sorted(str(path) for path in repository.folder.rglob("*.part")),
        "shelves": sorted(path.name for path in (repository.store / "quarantine").iterdir()),
    }


def copy_of(repository: Repository, folder: Path) -> Repository:
    shutil.copytree(repository.folder, folder, symlinks=True)
    return Repository(repository.party, folder)


def test_whatever_moment_it_is_killed_at(ready: Repository, tmp_path: Path) -> None:
    """Each bundle is in one place afterwards, the catalogue is sound, and a run later all is as if nothing had been."""
    whole = copy_of(ready, tmp_path / "whole")
    steps = counting(whole, 0)
    (whole.folder / "steps").unlink()
    expected = state_of(whole)
    assert steps > 40, "the steps are seen"
    assert len(expected["bundles"]) == 4  # type: ignore[arg-type]
    assert expected["answers"] == ["0003-received.toml", "0004-received.toml"]
    tried = range(1, steps + 1)
    if os.environ.get("KILL_POINTS", "").isdigit():
        tried = range(int(os.environ["KILL_POINTS"]), steps + 1)
    elif os.environ.get("KILL_POINTS") != "all":
        tried = range(1 + os.getpid() % (steps // _SAMPLE), steps + 1, steps // _SAMPLE)
    for number in tried:
        killed = copy_of(ready, tmp_path / f"killed-{number}")
        assert counting(killed, number) == 0, f"step {number}: it was not killed"
        with sqlite3.connect(killed.catalogue) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert len(killed.bundles()) == 4, f"step {number}: {killed.bundles()}"
        assert in_a_child(lambda again=killed: take_in(again)) == 0, f"step {number}: the next run fails"  # type: ignore[misc]
        assert state_of(killed) == expected, f"step {number}"
        shutil.rmtree(killed.folder)
