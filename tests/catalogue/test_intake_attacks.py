"""What a trusted sender can make of a bundle that verifies: no answer says more than what is registered."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from evtool.core.finding import Words
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue.audit import AuditOptions, AuditResult, audit
from evtool.store.catalogue.database import open_catalogue
from tests.bundle.test_hostile_bags import relist
from tests.catalogue.door import (
    POLICY,
    Repository,
    Sender,
    empty_repository,
    lay,
    make_repository,
    make_sender,
)
from tests.cli.test_notice_story import sign_again
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


def export(repository: Repository) -> str:
    return repository.party.ok("catalogue", "export", repository.catalogue).stdout


def rebuild(repository: Repository) -> None:
    """Make the catalogue again, after it was lost."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{repository.catalogue}{ending}").unlink(missing_ok=True)
    repository.party.ok("catalogue", "rebuild", repository.catalogue)


def audit_in(days: int, repository: Repository) -> AuditResult:
    """Audit on a later day."""
    home = repository.party.run.home
    signer = choose_signer(key=None, agent_code="R1", passphrase=TerminalPassphrase(), home=home)
    author = Author(signer, now=lambda: datetime.now(UTC) + timedelta(days=days))
    with open_catalogue(repository.catalogue) as catalogue:
        return audit(catalogue, author, AuditOptions(jobs=1))


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


@pytest.fixture
def waiting(sender: Sender, repository: Repository, tmp_path: Path) -> tuple[int, Path]:
    """A bundle of items 1 and 3 that waits for a person, because no time is proven: its number, and the collection."""
    (repository.folder / "intake.toml").write_text(POLICY + 'require = ["consent", "time"]\n')
    case = sender.seal(f"waits-{tmp_path.name}", 3)
    lay(repository.inbox, sender.pack(case, tmp_path / "b.zip", "--items", "1,3"))
    line = repository.take()[0]["b.zip"]
    assert line["reasons"] == ["time-not-proven"]
    return line["holding"], case


def test_who_was_rejected_and_is_accepted_gets_an_answer_that_can_be_checked(
    sender: Sender, repository: Repository, waiting: tuple[int, Path]
) -> None:
    """Each answer follows the handover: the second one would else follow one that the sender does not have."""
    number, case = waiting
    rejected = repository.decide(number, "reject", "--reason", "no time-stamp", "--json").document
    (repository.receipts / rejected["receipt"]).unlink()  # it never reached the sender
    accepted = repository.decide(number, "accept", "--reason", "a time-stamp came by itself", "--json")
    assert accepted.exit_code == 0, accepted.stderr
    sender.party.trusts(repository.party)
    sender.party.ok("receipt", "add", case, repository.receipts / accepted.document["receipt"])
    shelf = (repository.store / accepted.document["path"]).parent
    assert {path.name for path in shelf.iterdir()} == {
        *("bundle.zip", "bundle.zip.received", "bundle.zip.received-1", "name", "receipt", "receipt-1"),
    }
    before = export(repository)
    rebuild(repository)
    assert export(repository) == before
    assert audit_in(40, repository).exit_code is ExitCode.OK


def test_nobody_accepts_items_that_are_not_there(repository: Repository, waiting: tuple[int, Path]) -> None:
    """No receipt for item 2, which the bundle withholds: nothing of it would be registered."""
    number, _ = waiting
    refused = repository.decide(number, "partial", "--items", "1-2", "--reason", "the rest is not ours")
    assert (refused.exit_code, "does not have all of the items 1-2" in refused.stderr) == (2, True), refused.stderr
    assert not repository.receipts.exists()
    assert not list(repository.store.rglob("*-received.toml"))
    assert repository.decide(number, "partial", "--items", "3", "--reason", "the rest is not ours").exit_code == 0


def test_what_is_accepted_without_an_answer_has_nothing_beside_it(
    sender: Sender, repository: Repository, tmp_path: Path
) -> None:
    lay(repository.inbox, sender.pack(sender.seal("unanswered"), tmp_path / "other.zip", to="X9"))
    number = repository.take()[0]["other.zip"]["holding"]
    assert repository.decide(number, "accept", "--reason", "X9 gave it to us").exit_code == 0
    assert '"continued":null' in export(repository)
    assert audit_in(40, repository).exit_code is ExitCode.OK


@pytest.mark.parametrize("form", ["folder", "directory"])
def test_another_copy_of_the_collection_is_no_copy(
    sender: Sender, repository: Repository, tmp_path: Path, form: str
) -> None:
    """A later bundle lies in the place of an earlier one: it verifies, has its entries, and withholds its items."""
    case, copy = sender.seal(f"swapped-{form}", 4), tmp_path / "copy"
    for name, items in (("copy", "1-2"), ("later", "2-3")):
        if form == "folder":
            sender.pack(case, tmp_path / name, "--items", items)
        else:
            sender.pack(case, tmp_path / f"{name}.zip", "--items", items)
            repository.party.ok("unpack", tmp_path / f"{name}.zip", "-o", tmp_path / name)
    repository.party.ok("catalogue", "add", repository.catalogue, copy)
    assert audit_in(40, repository).exit_code is ExitCode.OK
    shutil.rmtree(copy)
    shutil.copytree(tmp_path / "later", copy)
    result = audit_in(80, repository)
    (found,) = result.damaged
    assert (result.exit_code, found.why) == (ExitCode.MISMATCH, Words("copy-absent"))
    assert found.items is not None
    assert found.items.serialize() == ["1"]


def test_no_record_with_a_disowned_entry_is_accepted_for_another_fork(
    sender: Sender, repository: Repository, tmp_path: Path
) -> None:
    """Of three branches one is disowned. To explain the third does not bring that one back."""
    case = sender.seal("three", 4)
    twins = [case.with_name(f"three-{number}") for number in (2, 3)]
    shutil.copytree(case, twins[1])
    sender.party.ok("record", case, "accessed")
    shutil.copytree(case, twins[0])
    for number, branch in enumerate((case, *twins), start=1):
        sender.pack(branch, tmp_path / f"f{number}.zip", "--items", str(number))
    for name in ("f1.zip", "f2.zip"):
        lay(repository.inbox, tmp_path / name)
    lines = repository.take()[0]
    heads = [lines[name]["head"] for name in ("f1.zip", "f2.zip")]
    named = (lines["f1.zip"]["collection"], *heads, "--by", "R2", "--why", "not theirs")
    repository.party.ok("catalogue", "explain", repository.catalogue, *named, "--disown", heads[1])
    lay(repository.inbox, tmp_path / "f3.zip")
    lay(repository.inbox, sender.pack(twins[0], tmp_path / "f4.zip", "--items", "4"))
    line = repository.take()[0]["f4.zip"]
    assert line["reasons"] == ["records-part"]
    tried = repository.decide(line["holding"], "accept", "--reason", "asked", "--explain", "three laptops")
    assert (tried.exit_code, "fork that waits" in tried.stderr) == (2, True), tried.stderr
    assert repository.holdings()[line["holding"]]["state"] == "quarantined"


def test_a_notice_with_the_entries_of_a_bundle_is_not_that_bundle(
    sender: Sender, repository: Repository, tmp_path: Path
) -> None:
    """Somebody sends a notice that ends with the handover of a bundle on its way: that is no duplicate of it."""
    case = sender.seal("announced", 2)
    lay(repository.inbox, sender.pack(case, tmp_path / "a.zip", "--items", "1"))
    sender.party.ok("consent", "set", case, "--items", "1", "--status", "withdrawn")
    sender.pack(case, tmp_path / "b.zip", "--items", "2")
    repository.take()
    notice = tmp_path / "notice"
    sender.party.ok("consent", "recall", case, "--items", "1", "--notice", notice)
    document = json.loads(notice.read_text().split("\n-----BEGIN")[0])
    newest = max((case / "custody").glob("*-disclosed.toml"))
    signature = newest.with_name(f"{newest.name}.sig")
    document["entries"].append({"entry": newest.read_text(), "signature": signature.read_text()})
    sign_again(sender.party, notice, document)
    repository.party("catalogue", "recall", repository.catalogue, "--notice", notice)
    lay(repository.inbox, tmp_path / "b.zip")
    line = repository.take()[0]["b.zip"]
    heads = [holding["head"] for holding in repository.holdings().values()]
    assert heads.count(line["head"]) == 2, "the attack is in place"
    assert (line["state"], line["reasons"], line["receipt"]) == ("accepted", [], "b.receipt")
