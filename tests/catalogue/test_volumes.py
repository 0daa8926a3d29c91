"""The journal of decades lies in volumes: each night reads one of them, and a rebuild all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue import journal as journals
from evtool.operations.catalogue import volumes
from evtool.operations.catalogue.locations import Location, LocationKind, add_location
from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import pack
from tests.catalogue.test_rebuild import export, lose
from tests.cli.custody import Party


@pytest.fixture(autouse=True)
def small_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Volumes of three files."""
    monkeypatch.setattr(volumes, "VOLUME_FILES", 3)


@pytest.fixture
def files() -> int:
    return 2


def run(party: Party, number: int) -> None:
    """Do something that is a run by itself."""
    signer = choose_signer(key=None, agent_code="UN-1", passphrase=TerminalPassphrase(), home=party.run.home)
    with open_catalogue(party.run.directory / "C") as catalogue:
        add_location(catalogue, Location(f"disk-{number}", LocationKind.ELSEWHERE, None, 30, None), Author(signer))


@pytest.fixture
def journal(sender: Party, repository: Party) -> Path:
    """The journal of eight runs, the first of which took a bundle in."""
    repository.ok("catalogue", "add", "C", pack(sender, "b.zip"))
    for number in range(2, 9):
        run(repository, number)
    return repository.run.directory / "C.journal"


def names(journal: Path) -> list[list[str]]:
    return [sorted(path.name for path in volume.glob("*.json")) for volume in sorted(journal.iterdir())]


def test_each_volume_is_a_collection_that_goes_on_where_the_last_one_ends(repository: Party, journal: Path) -> None:
    assert names(journal) == [
        ["0001-add.json", "0002-location.json", "0003-location.json"],
        ["0004-location.json", "0005-location.json", "0006-location.json"],
        ["0007-location.json", "0008-location.json"],
    ]
    verified = repository.ok("verify", *sorted(journal.iterdir()), "--json").document["reports"]
    befores = [
        [json.loads(path.read_text("utf-8"))["before"] for path in sorted(volume.glob("*.json"))]
        for volume in sorted(journal.iterdir())
    ]
    assert befores == [
        [None, None, None],
        [{"volume": "0001", "head": verified[0]["head"]}, None, None],
        [{"volume": "0002", "head": verified[1]["head"]}, None],
    ]
    before = export(repository)
    lose(repository)
    assert repository.ok("catalogue", "rebuild", "C", "--json").document["runs"] == 8
    assert export(repository) == before
    run(repository, 9)
    assert len(names(journal)[-1]) == 3


def test_a_run_reads_the_newest_volume_and_no_other(repository: Party, journal: Path) -> None:
    """What a night costs does not grow: the volumes before may lie in a safe."""
    shutil.rmtree(journal / "0001")
    run(repository, 9)
    shutil.rmtree(journal / "0002")
    run(repository, 10)
    assert names(journal)[-1] == ["0010-location.json"]
    assert repository.ok("verify", journal / "0004").exit_code == 0


def test_a_volume_in_which_nothing_was_written_yet_is_none(repository: Party, journal: Path) -> None:
    """A run was killed when it had made the directory; with its record alone, files were taken from a volume."""
    (journal / "0004").mkdir()
    before = export(repository)
    lose(repository)
    repository.ok("catalogue", "rebuild", "C")
    assert export(repository) == before
    for path in (journal / "0003").glob("*.json"):
        path.unlink()
    lose(repository)
    assert repository("catalogue", "rebuild", "C").exit_code == 1


def take_last_entry(journal: Path) -> None:
    """As if the newest run of a full volume had never been."""
    (journal / "0002" / "0006-location.json").unlink()
    for path in (journal / "0002" / "custody").glob("0003-*"):
        path.unlink()


def take_volume(journal: Path) -> None:
    shutil.rmtree(journal / "0002")


def close_the_gap(journal: Path) -> None:
    take_volume(journal)
    (journal / "0003").rename(journal / "0002")


def take_first(journal: Path) -> None:
    shutil.rmtree(journal / "0001")
    (journal / "0002").rename(journal / "0001")
    (journal / "0003").rename(journal / "0002")


@pytest.mark.parametrize("attack", [take_last_entry, take_volume, close_the_gap, take_first])
def test_what_is_taken_from_the_middle_of_a_journal_is_noticed(
    repository: Party, journal: Path, attack: Callable[[Path], None]
) -> None:
    """Each volume that is left verifies by itself, and nothing is made again."""
    attack(journal)
    assert repository("verify", *sorted(journal.iterdir())).exit_code == 0, "no volume shows it"
    lose(repository)
    result = repository("catalogue", "rebuild", "C")
    assert result.exit_code == 1, result.stderr
    assert "does not go on where the volume before it ends" in result.stderr
    assert not (repository.run.directory / "C").exists()


class Killed(BaseException):
    """Stands for a signal that leaves nobody the time to do anything."""


@pytest.mark.parametrize("step", ["add_directory", "add_file", "seal"])
def test_a_run_that_is_killed_while_a_volume_begins_or_ends_is_in_the_journal(
    repository: Party, journal: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Before or behind its file, at the border of two volumes: the next run says what it did, and all verifies."""

    def kill(*_: object) -> None:
        raise Killed

    for number in (9, 10):
        with monkeypatch.context() as patched:
            if (step == "seal") == (number == 9):
                patched.setattr(journals, step, kill)
                with pytest.raises(Killed):
                    run(repository, number)
            else:
                run(repository, number)
    run(repository, 11)
    assert repository("verify", *sorted(journal.iterdir())).exit_code == 0
    before = export(repository)
    assert all(f'"disk-{number}"' in before for number in (9, 10, 11))
    lose(repository)
    repository.ok("catalogue", "rebuild", "C")
    assert export(repository) == before
