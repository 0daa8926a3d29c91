"""An explanation that is killed at the border of two volumes of the journal: nothing of it is lost, and nothing halved.

As in `test_intake_kills`, a sample of the moments is tried, and with `KILL_POINTS=all` each one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue import volumes
from evtool.operations.catalogue.explain import ForkSaid, explain_fork
from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import pack, status_of
from tests.catalogue.test_hostile_records import sides_of, twin_of
from tests.catalogue.test_intake_kills import count_steps
from tests.catalogue.test_rebuild import export, lose
from tests.cli.custody import Party, make_party

_SAMPLE = 5


@pytest.fixture(autouse=True)
def small_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Volumes of two files, which the runs before the explanation fill."""
    monkeypatch.setattr(volumes, "VOLUME_FILES", 2)


@pytest.fixture
def files() -> int:
    return 2


@pytest.fixture
def disown(sender: Party, repository: Party, tmp_path: Path) -> Callable[[], object]:
    """Disowns what X9 sealed under the id of A1's collection."""
    other = make_party(sender.run, "X9")
    repository.trusts(other)
    (added,) = repository.ok("catalogue", "add", "C", pack(sender, "a.zip"), "--json").document["results"]
    twin = twin_of(other, added["collection"], tmp_path / "twin")
    other.ok("consent", "set", twin, "--all-items", "--status", "withdrawn")
    assert repository("catalogue", "add", "C", twin).exit_code == 1
    sides = sides_of(repository, added["collection"])
    said = ForkSaid(sides["A1"], sides["X9"], "not theirs", "R2", sides["X9"])
    signer = choose_signer(key=None, agent_code="UN-1", passphrase=TerminalPassphrase(), home=repository.run.home)

    def run() -> None:
        with open_catalogue(repository.run.directory / "C") as catalogue:
            explain_fork(catalogue, added["collection"], said, Author(signer))

    return run


def put(source: Path, target: Path) -> None:
    """Put a catalogue and its journal in the place of another one."""
    for old in target.glob("C*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    target.mkdir(exist_ok=True)
    for path in source.glob("C*"):
        shutil.copytree(path, target / path.name) if path.is_dir() else shutil.copy2(path, target)


def test_whatever_moment_it_is_killed_at(repository: Party, disown: Callable[[], object], tmp_path: Path) -> None:
    """The next run goes on, and a rebuild gives the same bytes. So it does of what was there, once that is sealed."""
    here = repository.run.directory
    put(here, tmp_path / "before")
    steps = count_steps(disown, tmp_path / "steps", 0)
    (tmp_path / "steps").unlink()
    assert steps > 40, "the steps are seen"
    first, distance = 1 + os.getpid() % (steps // _SAMPLE), steps // _SAMPLE
    for number in range(1, steps + 1) if os.environ.get("KILL_POINTS") == "all" else range(first, steps, distance):
        put(tmp_path / "before", here)
        assert count_steps(disown, tmp_path / "steps", number) == 0, f"step {number}: it was not killed"
        put(here, tmp_path / "killed")
        lose(repository)
        newest = max((here / "C.journal").iterdir())
        if any(newest.iterdir()):
            repository("seal", newest, "--metadata", "none")
        repository.ok("catalogue", "rebuild", "C")
        put(tmp_path / "killed", here)
        disown()
        assert set(status_of(here / "C").values()) == {"given"}, f"step {number}"
        before = export(repository)
        lose(repository)
        repository.ok("catalogue", "rebuild", "C")
        assert export(repository) == before, f"step {number}"
