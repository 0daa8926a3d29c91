"""What somebody whom the repository trusts can make of another sender's collection, by a notice or a record."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from tests.catalogue.repository import DISCLOSE, RECIPIENTS, pack, status_of
from tests.cli.custody import Party, make_party
from tests.cli.test_notice_story import sign_again


def file_of(repository: Party) -> Path:
    return repository.run.directory / "C"


def test_a_notice_by_a_stranger_to_the_collection_opens_nothing(
    sender: Party, repository: Party, tmp_path: Path
) -> None:
    """X9 hides a withdrawal: it signs that the change, whose details nobody here has seen, is about other items.

    The sender's own notice, which answers for the same, does open what it is not about.
    """
    other = make_party(sender.run, "X9")
    repository.trusts(other)
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip", "--items", "1-4"))
    sender.ok("consent", "set", "case", "--items", "3", "--status", "withdrawn")
    repository.ok("catalogue", "add", "C", pack(sender, "b.zip", "--items", "5-7"))
    assert {status_of(file_of(repository))[number] for number in (1, 2, 3, 4)} == {"withheld"}
    sender.ok("consent", "recall", "case", "--items", "1-4", "--notice", tmp_path / "true")
    other.ok("consent", "set", "case", "--items", "1-4", "--conditions", "no-death-penalty")
    other.ok("consent", "recall", "case", "--items", "1-4", "--notice", tmp_path / "false")
    document = json.loads((tmp_path / "false").read_text().split("\n-----BEGIN")[0])
    assert (document["agent"], len(document["entries"])) == ("X9", 3)
    del document["entries"][0]["details"]
    sign_again(other, tmp_path / "false", document)

    first = {**document, "entries": document["entries"][-1:]}
    sign_again(other, tmp_path / "first", first)
    repository("catalogue", "recall", "C", "--notice", tmp_path / "first")  # X9 is an agent of the tables from here on

    taken = repository("catalogue", "recall", "C", "--notice", tmp_path / "false", "--json")

    assert taken.document["notice"]["sender"] == "X9", "the attack is in place"
    assert {status_of(file_of(repository))[number] for number in (1, 2, 3, 4)} == {"withheld"}
    repository.ok("catalogue", "recall", "C", "--notice", tmp_path / "true")
    assert [status_of(file_of(repository))[number] for number in (1, 2, 3, 4)] == [
        "given",
        "given",
        "withdrawn",
        "given",
    ]


def twin_of(other: Party, uid: str, folder: Path, *, files: int = 1) -> Path:
    """Seal other evidence under the id of a collection that is known, as anybody can who knows the id."""
    folder.mkdir()
    for number in range(files):
        (folder / f"{number}.txt").write_text(f"another history {number}")
    signer = choose_signer(key=None, agent_code=other.code, passphrase=TerminalPassphrase(), home=other.run.home)
    given = [bytes.fromhex(uid)]
    author = Author(signer, random=lambda size: given.pop() if given and size == 16 else os.urandom(size))
    terms = StatementFiles(defaults=str(other.run.directory / "terms.toml"))
    seal(folder, author, SealOptions(metadata=MetadataChoice.NONE, statements=terms, jobs=1))
    return folder


def sides_of(repository: Party, uid: str) -> dict[str, str]:
    """Give the entries that make a fork: digest by the code of who signed it."""
    chain = repository("catalogue", "chain", "C", uid, "--json").document
    return {entry["agent"]: entry["head"] for entry in chain["entries"] if "fork" in entry["marks"]}


def test_whoever_claims_the_id_of_a_collection_closes_it_only_until_a_person_disowns_that(
    sender: Party, repository: Party, tmp_path: Path
) -> None:
    """X9 seals under the id of A1's collection, and withdraws all in its name: all is closed, and nobody is recalled.

    A person disowns it: A1's terms are in force again, what X9 signed counts for nothing, and stays in quarantine when
    it comes again. A catalogue that is made again knows the same.
    """
    other = make_party(sender.run, "X9")
    repository.trusts(other)
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip", "--items", "1-4"))
    uid = repository.ok("catalogue", "list", "C", "--json").document["collections"][0]["collection"]
    twin = twin_of(other, uid, tmp_path / "twin")
    other.ok("consent", "set", twin, "--all-items", "--status", "withdrawn")
    assert repository("catalogue", "add", "C", twin, "--json").exit_code == 1
    assert set(status_of(file_of(repository)).values()) == {"withheld"}, "the attack is in place"
    sides = sides_of(repository, uid)
    named = (uid, sides["A1"][:16], sides["X9"][:16], "--by", "R2")

    held = repository("catalogue", "explain", "C", *named, "--why", "a mistake", "--disown", sides["A1"][:16])
    assert (held.exit_code, "holding 1 is held" in held.stderr) == (2, True), held.stderr
    assert repository("catalogue", "explain", "C", *named, "--why", "x", "--disown", "f" * 64).exit_code == 2
    assert repository("catalogue", "explain", "C", uid, "0" * 16, "1" * 16, "--by", "R2", "--why", "x").exit_code == 2
    assert set(status_of(file_of(repository)).values()) == {"withheld"}
    said = repository.ok("catalogue", "explain", "C", *named, "--why", "not theirs", "--disown", sides["X9"][:16])

    assert "is disowned, and is not part of the record" in said.stdout
    assert status_of(file_of(repository)) == dict.fromkeys(range(1, 5), "given")
    again = Path(shutil.copytree(twin, tmp_path / "again"))
    other.ok("record", again, "accessed")
    (found,) = repository("catalogue", "add", "C", again, "--json").document["results"]
    assert (found["state"], found["exit_code"]) == ("quarantined", 1)
    assert status_of(file_of(repository)) == dict.fromkeys(range(1, 5), "given")
    exported = repository.ok("catalogue", "export", "C").stdout
    (repository.run.directory / "C").unlink()
    repository.ok("catalogue", "rebuild", "C")
    assert repository.ok("catalogue", "export", "C").stdout == exported
    document = repository.ok("catalogue", "explain", "C", *named, "--why", "both are", "--json").document
    assert document["forks"][0]["disowned"] is None
    repository.ok("catalogue", "add", "C", twin)
    assert status_of(file_of(repository))[1] == "withheld", "two seals gave the same number"


def test_what_is_disowned_is_no_handover_and_seals_nothing(sender: Party, repository: Party, tmp_path: Path) -> None:
    """X9 seals more items under the id of A1's collection, and hands them over: no item, and nobody to wait for."""
    other = make_party(sender.run, "X9")
    (other.run.home / "recipients.toml").write_text(RECIPIENTS)
    repository.trusts(other)
    (added,) = repository.ok("catalogue", "add", "C", pack(sender, "a.zip"), "--json").document["results"]
    uid = added["collection"]
    twin = twin_of(other, uid, tmp_path / "twin", files=12)
    other.ok("pack", twin, "-o", tmp_path / "t.zip", *DISCLOSE)
    assert repository("catalogue", "add", "C", tmp_path / "t.zip").exit_code == 1

    def asked() -> tuple[list[str], list[str]]:
        due = repository("catalogue", "due", "C", "--json").document
        holders = repository("catalogue", "holders", "C", uid, "--json").document
        return [each["party"] for each in due["handovers"]], holders["items"]

    assert asked() == (["UN-1", "UN-1"], ["1-12"]), "the attack is in place"
    sides = sides_of(repository, uid)
    said = ("--by", "R2", "--why", "not theirs", "--disown", sides["X9"])
    repository.ok("catalogue", "explain", "C", uid, sides["A1"], sides["X9"], *said)
    assert asked() == (["UN-1"], ["1-8"])


def test_a_fork_of_what_was_added_is_explained_and_both_are_held(sender: Party, repository: Party) -> None:
    """Two laptops, added without an intake: a person says so, and the second is added like any other."""
    shutil.copytree(sender.run.directory / "case", sender.run.directory / "laptop")
    sender.ok("record", "case", "incident", "--description", "water in the store room")
    sender.ok("record", "laptop", "accessed", "--reason", "translation")
    repository.ok("catalogue", "add", "C", pack(sender, "f1.zip"))
    second = pack(sender, "f2.zip", case="laptop")
    (parted,) = repository("catalogue", "add", "C", second, "--json").document["results"]

    repository.ok("catalogue", "explain", "C", parted["collection"], *parted["heads"], "--by", "R2", "--why", "two")

    assert set(status_of(file_of(repository)).values()) == {"given"}
    (added,) = repository.ok("catalogue", "add", "C", second, "--json").document["results"]
    assert added["state"] == "accepted"
