"""What gets into a catalogue, how records stand to each other, and which terms are in force from then on."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from evtool.core.consent.decision import decide
from evtool.operations.catalogue.facts import EntryFact, Facts
from evtool.operations.catalogue.register import Arrival, Container, register
from evtool.operations.catalogue.stored_terms import read_terms, spell_terms
from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import make_sender, pack, rows, seal_case, status_of
from tests.cli.custody import Party, make_party
from tests.conftest import Runner
from tests.core.test_consent_decision import ROWS, known_of_row, request_of_row, split
from tests.manifests.test_schemas import check


def file_of(party: Party) -> Path:
    return party.run.directory / "C"


def test_directories_and_bundles_in_every_form(evtool: Runner, sender: Party, repository: Party) -> None:
    """An own collection, a folder, a zip and an encrypted zip; each stays where it is, to the last byte."""
    own = make_party(evtool, "R1")
    repository.trusts(own)
    seal_case(own, "own", 2)
    identity = evtool.directory / "key.txt"
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    identity.write_text(made.stdout)
    identity.chmod(0o600)
    public = next(line.split()[-1] for line in made.stdout.splitlines() if "public key" in line)
    bundles = [pack(sender, "folder"), pack(sender, "b.zip"), pack(sender, "b.zip.age", "--encrypt-to", public)]
    before = [hashlib.sha256(path.read_bytes()).hexdigest() for path in bundles[1:]]
    result = repository.ok("catalogue", "add", "C", "own", *bundles, "--identity", identity, "--json")
    check("catalogue-add", result.document)
    relations = [each["relation"] for each in result.document["results"]]
    assert relations == ["new", "new", "continues", "continues"]
    held = rows(file_of(repository), "SELECT container, sha256, exit_code, state FROM holding ORDER BY id")
    assert held == [
        ("dir", None, 0, "accepted"),
        ("bag", None, 0, "accepted"),
        ("zip", before[0], 0, "accepted"),
        ("age", before[1], 0, "accepted"),
    ]
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in bundles[1:]] == before
    listed = repository.ok("catalogue", "list", "C", "--json").document
    check("catalogue-list", listed)
    assert sorted((each["sender"], each["held"], each["entries"]) for each in listed["collections"]) == [
        ("A1", ["1-8"], 4),
        ("R1", ["1-2"], 1),
    ]
    again = repository.ok("catalogue", "add", "C", "own", *bundles, "--identity", identity, "--json")
    assert [each["relation"] for each in again.document["results"]] == ["same"] * 4
    assert rows(file_of(repository), "SELECT COUNT(*) FROM holding, copy WHERE holding.id=copy.holding") == [(4,)]


def test_what_nobody_trusts_and_what_was_changed_stays_out(evtool: Runner, sender: Party, repository: Party) -> None:
    """The error names the key and the way; the others of the same call get in all the same."""
    stranger = make_party(evtool, "Z9")
    (stranger.run.home / "recipients.toml").write_text((sender.run.home / "recipients.toml").read_text())
    seal_case(stranger, "strange", 1)
    unknown = pack(stranger, "unknown.zip", case="strange")
    alone = repository("catalogue", "add", "C", unknown)
    assert alone.exit_code == 3
    assert "entry 1 is signed by Z9, whose key you have not trusted, so it is not added" in alone.stderr
    assert "evtool trust add Z9 FILE.pub" in alone.stderr
    assert rows(file_of(repository), "SELECT COUNT(*) FROM collection") == [(0,)]
    folder = pack(sender, "folder")
    shutil.copytree(folder, repository.run.directory / "changed")
    (repository.run.directory / "changed" / "data" / "증언-1.txt").write_text("another text")
    result = repository("catalogue", "add", "C", unknown, "changed", "nothing", folder, "--json")
    assert result.exit_code == 1
    assert [each["exit_code"] for each in result.document["results"]] == [3, 1, 4, 0]
    assert "fails verification, so it is not added" in result.document["results"][1]["error"]
    assert rows(file_of(repository), "SELECT COUNT(*), MAX(name) FROM holding") == [(1, "folder")]


def test_a_record_that_parts_is_kept_apart_and_then_nothing_is_permitted(sender: Party, repository: Party) -> None:
    """Two laptops: each bundle verifies, the second is in quarantine, both heads are named, and nobody knows terms."""
    shutil.copytree(sender.run.directory / "case", sender.run.directory / "laptop")
    sender.ok("record", "case", "incident", "--description", "water in the store room")
    sender.ok("record", "laptop", "accessed", "--reason", "translation")
    first, second = pack(sender, "f1.zip"), pack(sender, "f2.zip", case="laptop")
    repository.ok("catalogue", "add", "C", first)
    assert set(status_of(file_of(repository)).values()) == {"given"}

    result = repository("catalogue", "add", "C", second, "--json")

    heads = [
        hashlib.sha256((sender.run.directory / place / "custody" / name).read_bytes()).hexdigest()
        for place, name in (("case", "0002-incident.toml"), ("laptop", "0002-accessed.toml"))
    ]
    assert result.exit_code == 1
    (found,) = result.document["results"]
    assert (found["relation"], found["state"], found["parts_after"], found["heads"]) == (
        "parts",
        "quarantined",
        1,
        heads,
    )
    assert (found["recalls"], found["terms_unknown"]) == ([], ["1-8"])
    assert set(status_of(file_of(repository)).values()) == {"withheld"}
    held = rows(file_of(repository), "SELECT id, state, exit_code, reasons FROM holding ORDER BY id")
    assert held == [(1, "accepted", 0, ""), (2, "quarantined", 1, "records-part")]
    assert rows(file_of(repository), "SELECT DISTINCT holding FROM holding_item") == [(1,)]
    assert rows(file_of(repository), "SELECT COUNT(*) FROM entry") == [(5,)], "the entries of both are kept"
    said = repository("catalogue", "add", "C", second).stdout
    assert "in quarantine" not in said
    assert "quarantined" in said


def test_what_a_later_copy_tells_of_an_entry_counts(repository: Party) -> None:
    """A notice tells neither that a key was replaced before, nor what a copy withholds; a later record does."""
    told = EntryFact(
        *(1, "a" * 64, "b" * 64, None, None, "disclosed", "A1", "SHA256:x", False, "2026-03-01T00:00:00+00:00"),
        *(None, None, None, None, None, None, None, "", None, None, None),
    )
    more = told._replace(retired=True, party="B7", authority="DSA-1", not_about=None)
    with open_catalogue(file_of(repository)) as catalogue:
        for fact in (told, more, told):
            facts = Facts("0" * 32, fact.digest, (fact,), (), None, None)
            register(catalogue, facts, Arrival(Container.NOTICE, "n", "2026-03-02T00:00:00Z", 1))
    query = "SELECT retired, party, authority, not_about FROM entry"
    assert rows(file_of(repository), query) == [(1, "B7", "DSA-1", None)]


def test_the_normal_exchange_is_another_branch(sender: Party, repository: Party) -> None:
    """The repository answered and the sender went on: no fork, and what the sender says later counts."""
    first = pack(sender, "first.zip")
    repository.ok("receive", first, "--receipt", "r1")
    repository.ok("catalogue", "add", "C", first, "--continued", "first.zip.received")
    sender.ok("consent", "set", "case", "--items", "1", "--status", "withdrawn", "--reason", "letter of 3 March")
    second = pack(sender, "second.zip", "--items", "2-3")
    result = repository.ok("catalogue", "add", "C", second, "--json")
    assert result.document["results"][0]["relation"] == "branch"
    assert status_of(file_of(repository)) == {1: "withheld", 2: "given", 3: "given"} | dict.fromkeys(
        range(4, 9), "withheld"
    )


@pytest.mark.parametrize("in_order", [True, False])
def test_a_withdrawal_that_comes_with_another_bundle(sender: Party, repository: Party, in_order: bool) -> None:
    """Bundle A has item 3, bundle B, made after the withdrawal, items 5 to 8, and only says that something changed."""
    first = pack(sender, "a.zip", "--items", "3")
    sender.ok("consent", "set", "case", "--items", "3", "--status", "withdrawn")
    second = pack(sender, "b.zip", "--items", "5-8")
    bundles = [first, second] if in_order else [second, first]
    results = [repository.ok("catalogue", "add", "C", bundle, "--json").document["results"][0] for bundle in bundles]
    assert [result["terms_unknown"] for result in results] == ([[], ["3"]] if in_order else [[], []])
    assert status_of(file_of(repository)) == {3: "withheld"} | dict.fromkeys(range(5, 9), "given")
    sender.ok("record", "case", "accessed", "--reason", "copying")
    whole = sender.run.directory / "case"
    (result,) = repository.ok("catalogue", "add", "C", whole, "--json").document["results"]
    assert (result["recalls"], result["terms_unknown"]) == (["3"], []), "what was unknown before is told now"
    assert status_of(file_of(repository)) == {3: "withdrawn"} | dict.fromkeys((1, 2, 4, 5, 6, 7, 8), "given")


def test_a_number_that_two_custodians_gave_is_of_no_item(sender: Party, repository: Party) -> None:
    """Both sealed something more as item 9, each on a branch of their own; terms are of one of them."""
    first = pack(sender, "first.zip")
    repository.ok("receive", first, "--receipt", "r1")
    repository.ok("unpack", first, "-o", "open", "--continued", "first.zip.received")
    for party, place in ((repository, "open"), (sender, "case")):
        (party.run.directory / place / f"more-of-{party.code}.txt").write_text(party.code)
        party.ok("seal", place, "--defaults", sender.run.directory / "terms.toml")
    repository.ok("catalogue", "add", "C", "open")
    assert status_of(file_of(repository))[9] == "given"
    repository.ok("catalogue", "add", "C", pack(sender, "second.zip"))
    found = status_of(file_of(repository))
    assert found.pop(9) == "withheld"
    assert set(found.values()) == {"given"}


@pytest.mark.parametrize("names", ["none", "titles", "all"])
def test_a_catalogue_holds_as_much_of_names_as_was_chosen(evtool: Runner, names: str) -> None:
    """Planted in path, title, description, terms, reason and metadata; looked for in every file of the catalogue."""
    sender = make_sender(evtool, files=1)
    case = evtool.directory / "planted"
    case.mkdir()
    (case / "kim-chulsoo-PATHNAME.txt").write_text("CONTENT of it\n")
    table = evtool.directory / "items.csv"
    table.write_text(
        "path,title,description,status,for,note,ref,handling,share\n"
        "kim-chulsoo-PATHNAME.txt,TITLE of 김철수,DESCRIPTION,given,un-reporting,NOTETEXT,REFTEXT,named,UN-1\n",
        encoding="utf-8",
    )
    sender.ok("seal", case, "--table", table, "--reason", "REASONTEXT")
    sender.ok("consent", "set", case, "--all-items", "--status", "withdrawn", "--note", "CHANGENOTE")
    repository = make_party(evtool, "UN-1")
    repository.trusts(sender)
    repository.ok("catalogue", "init", "C", "--names", names)
    repository.ok("catalogue", "add", "C", case)
    digest = hashlib.sha256(b"CONTENT of it\n")
    planted = {
        "PATHNAME": names == "all",
        "TITLE": names != "none",
        "김철수": names != "none",
        **dict.fromkeys(("DESCRIPTION", "NOTETEXT", "REFTEXT", "REASONTEXT", "CHANGENOTE", digest.hexdigest()), False),
    }
    found = b"".join(path.read_bytes() for path in evtool.directory.glob("C*") if path.is_file())
    assert {word: word.encode() in found for word in planted} == planted
    assert digest.digest() not in found
    assert rows(evtool.directory / "C", "SELECT LENGTH(digest) FROM item") == [(16,)]


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row['why']}" for number, row in enumerate(ROWS, start=2)])
def test_stored_terms_decide_as_the_terms_themselves(row: dict[str, str]) -> None:
    """Every row of the decision table, with its terms written to a row of the catalogue and read again."""
    known = read_terms(*spell_terms(known_of_row(row)))
    decision = decide(known, request_of_row(row), [int(number) for number in split(row["untrusted"])])
    found = [refusal.reason.value for refusal in decision.reasons]
    assert found == ([] if row["expect"] == "allowed" else row["expect"].split(";"))
