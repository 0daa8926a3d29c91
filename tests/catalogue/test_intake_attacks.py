"""What a trusted sender can make of a bundle that verifies: no answer says more than what is registered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bundle.test_hostile_bags import relist
from tests.catalogue.door import Repository, Sender, empty_repository, lay, make_repository, make_sender
from tests.conftest import make_runner


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> tuple[Repository, Sender]:
    """A repository that trusts A1."""
    folder = tmp_path_factory.mktemp("attacks")
    evtool = make_runner(folder)
    sender = make_sender(evtool, "A1")
    return make_repository(evtool, folder / "empty", sender.party), sender


@pytest.fixture
def repository(ready: tuple[Repository, Sender], tmp_path: Path) -> Repository:
    return empty_repository(ready[0].party, tmp_path / "repository")


@pytest.fixture
def sender(ready: tuple[Repository, Sender]) -> Sender:
    return ready[1]


def go_on(bag: Path, case: Path) -> Path:
    """Put the entries that the sender has signed since into a bundle, and list them: it still verifies."""
    for path in (case / "custody").glob("[0-9]*-accessed.*"):
        shutil.copyfile(path, bag / "custody" / path.name)
    relist(bag, "tagmanifest-sha256.txt")
    return bag


@pytest.mark.parametrize("is_known", [False, True])
def test_a_record_that_goes_on_behind_its_handover_is_not_answered(
    sender: Sender, repository: Repository, tmp_path: Path, is_known: bool
) -> None:
    """An answer behind a later entry would be a fork: in quarantine at once, or as soon as the sender goes on."""
    case = sender.seal(f"behind-{is_known}")
    sender.pack(case, tmp_path / "bag", "--items", "1")
    sender.party.ok("record", case, "accessed")
    lay(repository.inbox, go_on(tmp_path / "bag", case), "b-behind")
    assert repository.party("verify", repository.inbox / "b-behind").exit_code == 0, "the attack is in place"
    sender.pack(case, tmp_path / "later.zip", "--items", "2")
    if is_known:
        lay(repository.inbox, tmp_path / "later.zip", "a-later.zip")
    line = repository.take()[0]["b-behind"]
    assert (line["state"], line["reasons"], line["receipt"]) == ("quarantined", ["not-for-us"], None)
    assert not (repository.receipts / "b-behind.receipt").exists()
    assert repository.decide(line["holding"], "accept", "--reason", "asked A1").exit_code == 0
    lay(repository.inbox, tmp_path / "later.zip", "c-later.zip")
    later = repository.take()[0]["c-later.zip"]
    assert later["reasons"] == (["duplicate"] if is_known else []), "nothing parts"
    (receipt,) = repository.receipts.iterdir()
    assert receipt.name == ("a-later.receipt" if is_known else "c-later.receipt")
