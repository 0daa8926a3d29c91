"""A repository takes in what was sent to it: each bundle in one place, each answered or told why not."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.catalogue.door import (
    POLICY,
    SECRET_NAME,
    Repository,
    Sender,
    empty_repository,
    lay,
    make_repository,
    make_sender,
    snapshot,
    zip_again,
)
from tests.catalogue.test_hostile_records import twin_of
from tests.cli.evidence import snapshot as all_files
from tests.cli.test_receive_story import age_key
from tests.conftest import make_runner


@dataclass(frozen=True, slots=True)
class World:
    """Everybody, and the bundles that A1 made once; every test lays copies of them into an inbox of its own."""

    folder: Path
    sender: Sender
    stranger: Sender
    repository: Repository
    bundles: Path

    def bundle(self, name: str) -> Path:
        return self.bundles / name


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    evtool = make_runner(folder)
    sender, stranger = make_sender(evtool, "A1"), make_sender(evtool, "B7")
    repository = make_repository(evtool, folder / "empty", sender.party)
    sender.party.trusts(repository.party)
    bundles = folder / "bundles"
    bundles.mkdir()
    case = sender.seal("case", 4)
    sender.pack(case, bundles / "part.zip", "--items", "3")
    sender.pack(case, bundles / "folder")
    twins = [shutil.copytree(case, case.with_name(f"forked-{number}")) for number in (2, 3)]
    sender.pack(case, bundles / "f1.zip", "--items", "1")
    for number, twin in enumerate(twins, start=2):
        sender.pack(twin, bundles / f"f{number}.zip", "--items", str(number))
        shutil.rmtree(twin)
    sender.pack(case, bundles / "other.zip", "--items", "1", to="X9")
    sender.party.ok("consent", "set", case, "--items", "3", "--status", "withdrawn")
    sender.pack(case, bundles / "later.zip", "--items", "4")
    alone = sender.seal("alone", 2)
    key, public = age_key(folder)
    sender.pack(alone, bundles / "alone.zip.age", "-r", public)
    sender.pack(alone, bundles / "alone.zip")
    foreign = stranger.seal("foreign", 2)
    stranger.pack(foreign, bundles / "stranger.zip")
    shutil.move(key, folder / "age.key")
    return World(folder, sender, stranger, repository, bundles)


@pytest.fixture
def repository(world: World, tmp_path: Path) -> Repository:
    return empty_repository(world.repository.party, tmp_path / "repository")


def test_good_bundles_are_taken_in_and_answered(world: World, repository: Repository) -> None:
    """A zip in a folder of the inbox, a folder, and one that is encrypted; nothing of them changes but their place."""
    lay(repository.inbox, world.bundle("part.zip"), f"2026-11-27/{SECRET_NAME}.zip")
    lay(repository.inbox, world.bundle("folder"))
    lay(repository.inbox, world.bundle("alone.zip.age"))
    lines, end, code = repository.take("--identity", world.folder / "age.key")
    assert (code, end["registered"], end["quarantined"]) == (0, 3, 0)
    assert [line["state"] for line in lines.values()] == ["accepted"] * 3
    assert not [path for path in repository.inbox.rglob("*") if not path.is_dir()]
    for line in lines.values():
        stored = repository.store / line["path"]
        assert line["path"].startswith(f"{line['collection']}/{line['head']}/bundle")
        receipt = repository.receipts / line["receipt"]
        case = "alone" if "alone" in line["bundle"] else "case"
        world.sender.party.ok("receipt", "add", world.sender.party.run.directory / case, receipt)
        opens = ("--identity", world.folder / "age.key") if line["path"].endswith("age") else ()
        verified = repository.party.ok("verify", stored, "--continued", f"{stored}.received", *opens, "--json")
        assert verified.document["reports"][0]["signers"][-1]["event"] == "received"
    named = lines[f"2026-11-27/{SECRET_NAME}.zip"]
    assert named["receipt"] == f"{SECRET_NAME}.receipt"
    assert (repository.store / named["path"]).read_bytes() == world.bundle("part.zip").read_bytes()
    assert snapshot(repository.store / lines["folder"]["path"]) == snapshot(world.bundle("folder"))
    assert {line["relation"] for line in lines.values()} <= {"new", "continues", "branch"}
    again, end, code = repository.take()
    assert (again, end["registered"], code) == ({}, 0, 0)


def test_a_catalogue_without_names_holds_none(world: World, repository: Repository) -> None:
    """Neither the names in the inbox nor those of files, and no digest of evidence."""
    lay(repository.inbox, world.bundle("part.zip"), f"{SECRET_NAME}.zip")
    lay(repository.inbox, world.bundle("stranger.zip"), f"{SECRET_NAME}-2.zip")
    repository.take()
    with sqlite3.connect(repository.catalogue) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = repository.catalogue.read_bytes()
    assert b"accepted" in data, "the planted words are looked for in the right file"
    assert SECRET_NAME.encode() not in data
    assert SECRET_NAME.encode("utf-16-le") not in data


def _mismatch(world: World, inbox: Path) -> Path:
    with zipfile.ZipFile(world.bundle("part.zip")) as bundle:
        (payload,) = [name for name in bundle.namelist() if name.startswith("data/")]
    return zip_again(world.bundle("part.zip"), inbox / "b.zip", {payload: b"another testimony\n"})


def _cut(world: World, inbox: Path) -> Path:
    (inbox / "b.zip").write_bytes(world.bundle("part.zip").read_bytes()[:-100])
    return inbox / "b.zip"


def _lost_list(world: World, inbox: Path) -> Path:
    return zip_again(world.bundle("part.zip"), inbox / "b.zip", drop="tagmanifest-sha256.txt")


def _words(world: World, inbox: Path) -> Path:
    (inbox / "b.zip").write_bytes(b"not a zip at all")
    return inbox / "b.zip"


def _sealed_folder(world: World, inbox: Path) -> Path:
    return Path(shutil.copytree(world.sender.party.run.directory / "case", inbox / "b"))


def _tampered_folder(world: World, inbox: Path) -> Path:
    bundle = lay(inbox, world.bundle("folder"), "b")
    (file,) = [path for path in (bundle / "data").iterdir() if path.name.endswith("1.txt")]
    file.write_bytes(b"another testimony\n")
    return bundle


def _link_in_folder(world: World, inbox: Path) -> Path:
    bundle = lay(inbox, world.bundle("folder"), "b")
    (bundle / "data" / "passwords").symlink_to("/etc/passwd")
    return bundle


def _broken_signatures(world: World, inbox: Path) -> Path:
    with zipfile.ZipFile(world.bundle("part.zip")) as file:
        broken = {name: b"x" for name in file.namelist() if name.endswith(".toml.sig")}
    assert len(broken) > 1
    return zip_again(world.bundle("part.zip"), inbox / "b.zip", broken)


@pytest.mark.parametrize(
    ("make", "code", "reasons"),
    [
        (_mismatch, 1, ["mismatch"]),
        (_broken_signatures, 1, ["mismatch", "not-for-us"]),
        (_cut, 4, ["not-a-bundle"]),
        (_lost_list, 1, ["mismatch"]),
        (_words, 4, ["not-a-bundle"]),
        (_sealed_folder, 4, ["not-a-bundle"]),
        (_tampered_folder, 1, ["mismatch"]),
        (_link_in_folder, 1, ["mismatch"]),
        ("stranger.zip", 3, ["signer-unknown"]),
        ("other.zip", 3, ["not-for-us"]),
        ("alone.zip.age", 4, ["locked"]),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_is_not_clean_waits_for_a_person(
    make: object, code: int, reasons: list[str], world: World, repository: Repository
) -> None:
    """It lies in quarantine as it came, nobody gets a receipt, nothing of it is in the catalogue's items."""
    laid = make(world, repository.inbox) if callable(make) else lay(repository.inbox, world.bundle(str(make)))
    before = snapshot(laid.parent)
    lines, end, exit_code = repository.take()
    line = lines[laid.name]
    assert (exit_code, line["exit_code"]) == (code, code), line
    assert (line["state"], line["reasons"], line["receipt"]) == ("quarantined", reasons, None)
    assert (end["registered"], end["quarantined"]) == (0, 1)
    stored = repository.store / line["path"]
    assert stored.parent.parent.name == "quarantine"
    assert (snapshot(stored) if stored.is_dir() else stored.read_bytes()) == (
        {name[len(laid.name) + 1 :]: data for name, data in before.items() if "/" in name}
        if stored.is_dir()
        else before[laid.name]
    )
    assert not repository.receipts.exists()
    with sqlite3.connect(repository.catalogue) as connection:
        assert connection.execute("SELECT COUNT(*) FROM item").fetchone() == (0,)
    listed = repository.party.ok("intake", "list", *repository.where).stdout
    assert reasons[0] in listed
    assert repository.take()[1]["bundles"] == 0


def test_what_can_be_no_bundle_stays_in_the_inbox(world: World, repository: Repository, tmp_path: Path) -> None:
    """A link, a pipe, a note, names that would break a line or lead elsewhere: told of, never followed, never moved."""
    inbox = repository.inbox
    (inbox / "link.zip").symlink_to(world.bundle("part.zip"))
    (inbox / "folder-link").symlink_to(world.bundle("folder"))
    os.mkfifo(inbox / "pipe.zip")
    (inbox / "note.txt").write_text("hello")
    (inbox / b"bad\nname\xff.zip".decode("utf-8", "surrogateescape")).symlink_to("/etc/passwd")
    (inbox / ".DS_Store").write_bytes(b"\x00\x00\x00\x01Bud1" + bytes(100))
    lines, end, code = repository.take()
    assert code == 4
    assert set(lines) == {"link.zip", "folder-link", "pipe.zip", "note.txt", "bad%0Aname%FF.zip"}
    assert {(line["state"], *line["reasons"]) for line in lines.values()} == {("left", "not-a-bundle")}
    assert end["left"] == 5
    assert os.path.islink(inbox / "link.zip")
    text = repository.intake().stdout
    assert "bad%0Aname%FF.zip: left where it is" in text


def test_the_same_bytes_and_the_same_record_come_only_once(world: World, repository: Repository) -> None:
    """Twice in one inbox, once more under another name later, and as another container of the same record."""
    for name in ("a.zip", "b.zip"):
        lay(repository.inbox, world.bundle("part.zip"), name)
    lines, _, code = repository.take()
    assert (lines["a.zip"]["state"], lines["b.zip"]["reasons"], code) == ("accepted", ["duplicate"], 3)
    lay(repository.inbox, world.bundle("part.zip"), "a.zip")
    zip_again(world.bundle("part.zip"), repository.inbox / "again.zip")
    lines, end, _ = repository.take()
    assert (lines["a.zip"]["reasons"], lines["again.zip"]["reasons"]) == (["duplicate"], ["duplicate"])
    assert end["registered"] == 0
    assert len(list(repository.receipts.iterdir())) == 1
    places = repository.bundles()
    assert len(places) == 4
    assert len([place for place in places if place.startswith("vault/quarantine/")]) == 3


def test_records_that_part_are_never_taken_in_by_themselves(world: World, repository: Repository) -> None:
    """Two laptops: the second one is a mismatch that names both heads; a person explains, and both are kept."""
    lay(repository.inbox, world.bundle("f1.zip"))
    lay(repository.inbox, world.bundle("f2.zip"))
    lines, _, code = repository.take()
    first, second = lines["f1.zip"], lines["f2.zip"]
    assert (code, first["state"], second["state"]) == (1, "accepted", "quarantined")
    assert (second["reasons"], second["relation"], second["parts_after"]) == (["records-part"], "parts", 3)
    assert len(set(second["heads"])) == 2
    number = second["holding"]
    refused = repository.decide(number, "accept", "--reason", "asked A1")
    assert refused.exit_code == 1
    assert "--explain" in refused.stderr
    before = all_files(repository.folder, custody=True, dates=False)
    explain = ("--reason", "asked A1", "--explain", "two laptops", "--dry-run")
    for decision, *more in (("accept", *explain), ("reject", "--reason", "asked A1", "--dry-run")):
        tried = repository.decide(number, decision, *more)
        assert (tried.exit_code, "nothing was" in tried.stdout) == (0, True), tried.stderr
    assert repository.decide(number, "accept", "--reason", "asked A1", "--dry-run").exit_code == 1
    assert all_files(repository.folder, custody=True, dates=False) == before
    accepted = repository.decide(number, "accept", "--reason", "asked A1", "--explain", "two laptops", "--json")
    assert accepted.exit_code == 0, accepted.stderr
    assert accepted.document["state"] == "accepted"
    holding = repository.holdings()[number]
    assert (holding["state"], holding["decided_by"], holding["why"]) == ("accepted", "R2", "asked A1")
    assert (repository.store / holding["path"]).read_bytes() == world.bundle("f2.zip").read_bytes()
    world.sender.party.ok(
        "receipt", "add", world.sender.party.run.directory / "case", repository.receipts / first["receipt"]
    )


def known_items(repository: Repository) -> list[int]:
    """Give the items for which consent is known to be given."""
    found = repository.party.ok("catalogue", "find", repository.catalogue, "--status", "given", "--json")
    return [item["item"] for item in found.document["items"]]


def chain_of(repository: Repository, uid: str) -> tuple[int, list[str | None]]:
    """Give the exit code of the chain, and how each fork came, as a person says."""
    chain = repository.party("catalogue", "chain", repository.catalogue, uid, "--json")
    return chain.exit_code, sorted((fork["explained"] for fork in chain.document["forks"]), key=str)


def test_an_explanation_is_of_the_fork_that_a_person_saw(world: World, repository: Repository) -> None:
    """Two laptops are explained; a third record that continues the same entry is a fork that nobody has seen yet."""
    for name in ("f1.zip", "f2.zip"):
        lay(repository.inbox, world.bundle(name))
    lines, _, _ = repository.take()
    number, uid = lines["f2.zip"]["holding"], lines["f2.zip"]["collection"]
    lay(repository.inbox, world.bundle("f3.zip"))
    third = repository.take()[0]["f3.zip"]
    explain = ("--reason", "asked A1", "--explain")
    assert repository.decide(number, "reject", *explain, "two laptops").exit_code == 2
    assert repository.decide(number, "accept", *explain, "two laptops").exit_code == 0
    assert (third["state"], third["reasons"]) == ("quarantined", ["records-part"])
    assert chain_of(repository, uid) == (1, [None, None, "two laptops"])
    assert known_items(repository) == [], "the third waits for an explanation of its own"
    assert repository.decide(third["holding"], "accept", "--reason", "asked A1").exit_code == 1
    assert repository.decide(third["holding"], "accept", *explain, "a third laptop").exit_code == 0
    assert chain_of(repository, uid) == (0, ["a third laptop", "a third laptop", "two laptops"])
    assert known_items(repository) == [1, 2, 3]
    lay(repository.inbox, world.bundle("other.zip"))
    other = repository.take()[0]["other.zip"]["holding"]
    nothing = repository.decide(other, "accept", *explain, "whatever comes")
    assert (nothing.exit_code, "fork that waits" in nothing.stderr) == (2, True), nothing.stderr


def test_a_fork_behind_an_explained_one_withholds_terms_again(world: World, repository: Repository) -> None:
    for name in ("f1.zip", "f2.zip"):
        lay(repository.inbox, world.bundle(name))
    lines, _, _ = repository.take()
    accepted = repository.decide(lines["f2.zip"]["holding"], "accept", "--reason", "asked", "--explain", "two laptops")
    assert (accepted.exit_code, known_items(repository)) == (0, [1, 2])
    lay(repository.inbox, world.bundle("f3.zip"))
    third = repository.take()[0]["f3.zip"]
    assert (third["state"], third["reasons"], third["terms_unknown"]) == ("quarantined", ["records-part"], ["1-2"])
    assert known_items(repository) == []


def test_a_withdrawal_travels_with_a_later_bundle(world: World, repository: Repository) -> None:
    """A bundle of item 4 tells that the consent for item 3 changed: item 3 is recalled, though its copy is silent."""
    lay(repository.inbox, world.bundle("part.zip"))
    repository.take()
    lay(repository.inbox, world.bundle("later.zip"))
    lines, _, code = repository.take()
    assert (code, lines["later.zip"]["state"]) == (0, "accepted")
    assert (lines["later.zip"]["recalls"], lines["later.zip"]["terms_unknown"]) == ([], ["3"])
    lay(repository.inbox, world.bundle("folder"))
    text = repository.intake().stdout
    assert "holding 3" in text


def test_what_waits_in_quarantine_takes_back_and_permits_nothing(
    world: World, repository: Repository, tmp_path: Path
) -> None:
    """B7, who is trusted, goes on with A1's record: consent is given again for item 3, in a bundle for somebody else.

    As long as it waits, and when it is rejected, item 3 stays withdrawn.
    """
    here, case = with_own_home(repository, tmp_path), world.sender.seal("passed-on", 3)
    here.party.trusts(world.stranger.party)
    world.stranger.party.trusts(world.sender.party)
    for name, status in (("a", ""), ("b", "withdrawn")):
        if status:
            world.sender.party.ok("consent", "set", case, "--items", "3", "--status", status)
        lay(here.inbox, world.sender.pack(case, tmp_path / f"{name}.zip", "--items", "1" if status else "1-3"))
    world.stranger.party.ok("consent", "set", case, "--items", "3", "--status", "given", "--by", "subject")
    confirmed = ("--confirm", "onward-agreed", "--approved-by", "B8", "--reason", "A1 was asked")
    lay(here.inbox, world.stranger.pack(case, tmp_path / "c.zip", "--items", "1,3", *confirmed, to="X9"))

    lines = here.take()[0]

    assert [line["reasons"] for line in lines.values()] == [[], [], ["not-for-us"]], "the attack is in place"
    assert known_items(here) == [1, 2]
    assert here.decide(lines["c.zip"]["holding"], "reject", "--reason", "not ours").exit_code == 0
    assert known_items(here) == [1, 2]


def test_a_decision_is_signed_and_nothing_is_deleted(world: World, repository: Repository) -> None:
    """Not for us: rejected without a receipt. A mismatch: cannot be accepted, is rejected, and the sender is told."""
    lay(repository.inbox, world.bundle("other.zip"))
    bad = _mismatch(world, repository.inbox).read_bytes()
    lines, _, _ = repository.take()
    other, mismatch = lines["other.zip"]["holding"], lines["b.zip"]["holding"]
    assert repository.decide(99, "reject", "--reason", "x").exit_code == 2
    assert repository.decide(other, "reject").exit_code == 2, "without a reason"
    rejected = repository.decide(other, "reject", "--reason", "not ours", "--json")
    assert (rejected.exit_code, rejected.document["receipt"]) == (0, None)
    assert repository.decide(mismatch, "accept", "--reason", "x").exit_code == 1
    told = repository.decide(mismatch, "reject", "--reason", "the file differs", "--json")
    assert (told.exit_code, told.document["state"]) == (0, "rejected"), told.stderr
    receipt = repository.receipts / told.document["receipt"]
    assert 'acceptance = "rejected"' in receipt.read_text("utf-8")
    assert (repository.store / told.document["path"]).read_bytes() == bad
    assert len(repository.bundles()) == 2
    states = {holding["state"] for holding in repository.holdings().values()}
    assert states == {"rejected"}


def with_own_home(repository: Repository, folder: Path) -> Repository:
    """The same repository of a person whose lists can be changed without changing those of the other stories."""
    party = repository.party
    home = Path(shutil.copytree(party.run.home, folder / "home"))
    run = replace(party.run, home=home, environment={**party.run.environment, "EVTOOL_HOME": str(home)})
    return replace(repository, party=replace(party, run=run))


def test_an_agreement_that_says_no_keeps_a_bundle_in_quarantine(
    world: World, repository: Repository, tmp_path: Path
) -> None:
    """Asked for and unknown, ended, between others, for another purpose; once it is put right a person accepts."""
    here = with_own_home(repository, tmp_path)
    policy = here.folder / "intake.toml"
    policy.write_text(policy.read_text() + "agreement = true\n")
    agreed = ("--signed", "2020-01-01", "--purpose", "un-reporting")
    agreement = here.party.ok
    agreement("agreement", "add", "MOU-7", "--party", "A1", "--party", "R1", *agreed)
    bundles = ["part.zip", "f1.zip", "alone.zip", "later.zip"]
    found = []
    for name in bundles:
        lay(here.inbox, world.bundle(name))
        line = here.take()[0][name]
        found.append((line["exit_code"], *line["reasons"]))
        if name == bundles[0]:
            agreement("agreement", "add", "DSA-1", "--party", "A1", "--party", "R1", *agreed, "--ends", "2021-01-01")
        elif name == bundles[1]:
            agreement("agreement", "remove", "DSA-1")
            agreement("agreement", "add", "DSA-1", "--party", "C3", "--party", "R1", *agreed)
        elif name == bundles[2]:
            agreement("agreement", "remove", "DSA-1")
            research = ("--signed", "2020-01-01", "--purpose", "research")
            agreement("agreement", "add", "DSA-1", "--party", "A1", "--party", "R1", *research)
    assert found == [
        (5, "agreement-unknown"),
        (5, "agreement-ended"),
        (5, "agreement-other-party"),
        (5, "agreement-purpose"),
    ]
    assert here.decide(1, "accept", "--reason", "x").exit_code == 5
    agreement("agreement", "remove", "DSA-1")
    agreement("agreement", "add", "DSA-1", "--party", "A1", "--party", "R1", *agreed)
    done = here.decide(1, "accept", "--reason", "it is in the list now", "--json")
    assert (done.exit_code, done.document["agreement"]) == (0, "DSA-1"), done.stderr


def test_who_becomes_trusted_is_accepted_by_a_person(world: World, repository: Repository, tmp_path: Path) -> None:
    """The stranger's bundle waits; after a telephone call their key is trusted, and part of the bundle is accepted."""
    here = with_own_home(repository, tmp_path)
    lay(here.inbox, world.bundle("stranger.zip"))
    number = here.take()[0]["stranger.zip"]["holding"]
    refused = here.decide(number, "accept", "--reason", "x")
    assert (refused.exit_code, "signer-unknown" in refused.stderr) == (3, True)
    here.party.trusts(world.stranger.party)
    taken = here.decide(number, "partial", "--items", "2", "--reason", "item 1 is a copy", "--json")
    assert (taken.exit_code, taken.document["state"]) == (0, "partial"), taken.stderr
    assert here.decide(number, "reject", "--reason", "x").exit_code == 2, "it was accepted before"
    with sqlite3.connect(here.catalogue) as connection:
        assert connection.execute("SELECT first, last FROM holding_item").fetchall() == [(2, 2)]


def test_whoever_claims_the_id_of_a_collection_first_keeps_the_true_one_waiting_and_no_more(
    world: World, repository: Repository, tmp_path: Path
) -> None:
    """B7, who is trusted, was given the id of A1's collection, and sends something under it before A1 does.

    It is not for us, and waits. So does A1's bundle, until a person disowns what B7 began; then it is A1's collection.
    """
    here = with_own_home(repository, tmp_path)
    stranger = world.stranger
    here.party.trusts(stranger.party)
    with zipfile.ZipFile(world.bundle("part.zip")) as file:
        (entry,) = [name for name in file.namelist() if name.endswith("0001-sealed.toml")]
        uid = file.read(entry).decode().partition('collection = "')[2][:32]
    twin = twin_of(stranger.party, uid, tmp_path / "twin")
    lay(here.inbox, stranger.pack(twin, tmp_path / "claim.zip", to="X9"))
    claim = here.take()[0]["claim.zip"]
    assert (claim["collection"], claim["reasons"]) == (uid, ["not-for-us"]), "the attack is in place"
    lay(here.inbox, world.bundle("part.zip"))
    true = here.take()[0]["part.zip"]
    assert (true["state"], true["reasons"]) == ("quarantined", ["records-part"])
    chain = here.party("catalogue", "chain", here.catalogue, uid, "--json").document["entries"]
    begun = next(entry["head"] for entry in chain if (entry["agent"], entry["entry"]) == ("B7", 1))
    said = ("--by", "R2", "--why", "asked A1", "--disown", begun)
    here.party.ok("catalogue", "explain", here.catalogue, uid, *true["heads"], *said)

    accepted = here.decide(true["holding"], "accept", "--reason", "asked A1", "--json")

    assert (accepted.exit_code, accepted.document["state"]) == (0, "accepted"), accepted.stderr
    assert here.decide(claim["holding"], "accept", "--reason", "x").exit_code == 1
    assert known_items(here) == [3]
    (listed,) = here.party.ok("catalogue", "list", here.catalogue, "--json").document["collections"]
    assert listed["sender"] == "A1"


def test_no_letter_goes_to_a_second_code_of_ones_own(world: World, repository: Repository, tmp_path: Path) -> None:
    """A bundle for the organisation's code, answered with R1's key, and a withdrawal: there is nobody to write to."""
    with (repository.folder / "intake.toml").open("a") as policy:
        policy.seek(0)
        policy.truncate()
        policy.write(POLICY.replace('["R1"]', '["R1", "X9"]'))
    lay(repository.inbox, world.bundle("other.zip"))
    line = repository.take()[0]["other.zip"]
    assert line["state"] == "accepted"
    asked = ("recall", repository.catalogue, line["collection"], "1", "--letters", tmp_path / "letters", "--json")
    document = repository.party.ok("catalogue", *asked).document
    assert "X9" in [given["holder"] for given in document["recalls"][0]["given"]]
    assert document["letters"] == []


def test_a_date_of_the_future_keeps_no_bundle_in_the_inbox(world: World, repository: Repository) -> None:
    """The clock of the sender is wrong, or of the medium; what was written to just now waits all the same."""
    with (repository.folder / "intake.toml").open("a") as policy:
        policy.write("settle = 600\n")
    ahead = lay(repository.inbox, world.bundle("part.zip"), "ahead.zip")
    os.utime(ahead, (2_000_000_000, 2_000_000_000))
    lay(repository.inbox, world.bundle("later.zip"), "now.zip")
    lines, _, _ = repository.take()
    assert {name: (line["state"], line["reasons"]) for name, line in lines.items()} == {
        "ahead.zip": ("accepted", []),
        "now.zip": ("left", ["changing"]),
    }


def test_a_store_of_another_version_is_left_alone(world: World, repository: Repository) -> None:
    lay(repository.inbox, world.bundle("part.zip"))
    repository.take()
    assert (repository.store / "evtool-store.txt").read_text() == "evtool-store/1\n"
    (repository.store / "evtool-store.txt").write_text("evtool-store/2\n")
    lay(repository.inbox, world.bundle("other.zip"))
    before = repository.bundles()
    result = repository.intake()
    assert (result.exit_code, "evtool-store/2" in result.stderr) == (4, True), result.stderr
    assert repository.bundles() == before


def test_a_medium_that_is_only_read_keeps_its_originals(world: World, repository: Repository) -> None:
    """A second name elsewhere stands for another medium: copied, compared, left, and not taken again."""
    elsewhere = repository.folder / "elsewhere.zip"
    shutil.copyfile(world.bundle("part.zip"), elsewhere)
    os.link(elsewhere, repository.inbox / "b.zip")
    lines, _, code = repository.take()
    assert (code, lines["b.zip"]["state"]) == (0, "accepted")
    stored = repository.store / lines["b.zip"]["path"]
    assert stored.read_bytes() == elsewhere.read_bytes()
    elsewhere.write_bytes(b"changed after it was sent")
    assert stored.read_bytes() == world.bundle("part.zip").read_bytes()
    shutil.copyfile(world.bundle("part.zip"), elsewhere)
    lines, end, code = repository.take()
    assert (code, lines["b.zip"]["state"], end["registered"], end["taken"]) == (0, "taken", 0, 1)
    assert (repository.inbox / "b.zip").exists()


def test_what_is_too_large_is_not_copied_from_another_medium(world: World, repository: Repository) -> None:
    """It stays where it is, run after run, and fills no disk; on the same medium it is moved, and not read."""
    with (repository.folder / "intake.toml").open("a") as policy:
        policy.write("max_bytes = 1000\n")
    lay(repository.inbox, world.bundle("part.zip"), "a.zip")
    os.link(lay(repository.folder, world.bundle("part.zip"), "elsewhere"), repository.inbox / "b.zip")
    for _ in range(2):
        lines, _, code = repository.take()
        assert (code, lines["b.zip"]["state"], lines["b.zip"]["reasons"]) == (4, "left", ["too-large"])
        size = world.bundle("part.zip").stat().st_size
        assert lines["b.zip"]["problem"] == f"it has {size:,} bytes; your policy allows 1,000 (`max_bytes`)"
    assert repository.bundles() == ["inbox/b.zip", repository.bundles()[1]]
    assert repository.holdings()[1]["reasons"] == ["too-large"]


def test_another_device_is_copied(world: World, repository: Repository) -> None:
    """The same across two file systems, for a zip and for a folder."""
    here = repository.folder.stat().st_dev
    places = (Path("/dev/shm"), Path("/var/tmp"))
    elsewhere = next((place for place in places if os.access(place, os.W_OK) and place.stat().st_dev != here), None)
    if elsewhere is None:
        pytest.skip("there is no second file system to write to")
    inbox = elsewhere / f"evtool-{os.getpid()}"
    try:
        lay(inbox, world.bundle("folder"), "f")
        lay(inbox, world.bundle("alone.zip"), "z.zip")
        result = repository.party("intake", inbox, *repository.door, "--json")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        assert [line.get("state") for line in lines] == ["accepted", "accepted", None], result.stdout
        assert (
            snapshot(repository.store / lines[0]["path"]) == snapshot(world.bundle("folder")) == snapshot(inbox / "f")
        )
        again = repository.party("intake", inbox, *repository.door, "--json")
        assert json.loads(again.stdout.splitlines()[-1])["taken"] == 2
    finally:
        shutil.rmtree(inbox)


def test_a_dry_run_moves_and_writes_nothing(world: World, repository: Repository) -> None:
    """It says the same of each bundle as the run that follows."""
    lay(repository.inbox, world.bundle("part.zip"))
    lay(repository.inbox, world.bundle("stranger.zip"))
    _cut(world, repository.inbox)
    repository.party.ok("intake", "list", *repository.where)  # opened once, it has the form that a reader gives it
    before = snapshot(repository.folder)
    dry, end, code = repository.take("--dry-run")
    assert {name: data for name, data in snapshot(repository.folder).items() if not name.startswith("C-")} == before
    assert end["dry_run"] is True
    done, _, then = repository.take()
    assert then == code
    for name, line in done.items():
        assert (dry[name]["state"], dry[name]["reasons"]) == (line["state"], line["reasons"])


def test_the_policy_decides(world: World, repository: Repository) -> None:
    """Too large, still being written, time-stamps asked for; a policy that says what nobody knows is refused."""
    policy, text = repository.folder / "intake.toml", (repository.folder / "intake.toml").read_text()
    lay(repository.inbox, world.bundle("alone.zip"))
    policy.write_text(text + "settle = 3600\n")
    lines, _, _ = repository.take()
    assert (lines["alone.zip"]["state"], lines["alone.zip"]["reasons"]) == ("left", ["changing"])
    policy.write_text(text + 'require = ["time"]\n')
    assert repository.take()[0]["alone.zip"]["reasons"] == ["time-not-proven"]
    lay(repository.inbox, world.bundle("part.zip"))
    policy.write_text(text + "max_bytes = 1000\n")
    said = f"it has {(repository.inbox / 'part.zip').stat().st_size:,} bytes; your policy allows 1,000 (`max_bytes`)"
    assert repository.take("--dry-run")[0]["part.zip"]["problem"] == said
    line = repository.take()[0]["part.zip"]
    assert (line["reasons"], line["sha256"], line["problem"]) == (["too-large"], None, said)
    assert repository.take()[1]["bundles"] == 0, "what was too large waits for a person"
    policy.write_text(text)
    assert repository.decide(line["holding"], "accept", "--reason", "it is the whole film").exit_code == 0
    for wrong in ("codes = []", 'codes = ["R1"]\nrequired = 1', 'codes = ["R1"]\nrequire = ["beauty"]', "settle = -1"):
        policy.write_text(f'format = "evtool-intake-policy/1"\n{wrong}\n')
        assert repository.intake().exit_code == 4, wrong


def test_a_list_of_paths_is_taken_as_it_is(world: World, repository: Repository) -> None:
    """`-`: one path on each line."""
    path = lay(repository.inbox, world.bundle("part.zip"))
    result = repository.party.run("intake", "-", *repository.door, "--json", stdin=f"{path}\n/none.zip\n".encode())
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line.get("state"), line.get("reasons")) for line in lines] == [
        *(("accepted", []), ("left", ["not-a-bundle"]), (None, None)),
    ]


def test_an_inbox_in_the_store_is_refused(repository: Repository) -> None:
    """Else what was stored would be taken in again."""
    repository.store.mkdir()
    for inbox in (repository.store, repository.folder, repository.store / "x"):
        assert repository.party("intake", inbox, *repository.door).exit_code == 2


def test_two_at_once_take_turns(world: World, repository: Repository) -> None:
    """Whoever comes second is told so, and nothing happens."""
    lay(repository.inbox, world.bundle("part.zip"))
    quarantine = repository.store / "quarantine"
    quarantine.mkdir(parents=True)
    descriptor = os.open(quarantine, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        result = repository.intake()
    finally:
        os.close(descriptor)
    assert (result.exit_code, "another evtool is taking bundles into" in result.stderr) == (4, True)
    assert (repository.inbox / "part.zip").exists()
    assert repository.take()[2] == 0


def test_what_was_taken_in_is_made_again_without_the_catalogue(world: World, repository: Repository) -> None:
    """A folder, explained, accepted in part, rejected, by a stranger, no bundle: from store and journal alone."""
    for name in (*("part.zip", "folder", "f1.zip", "f2.zip", "later.zip", "other.zip", "stranger.zip", "alone.zip"),):
        lay(repository.inbox, world.bundle(name))
    (repository.inbox / "no-bundle.zip").write_bytes(world.bundle("f1.zip").read_bytes()[:-200])
    lines, _, _ = repository.take()
    fork, other = lines["f2.zip"]["holding"], lines["other.zip"]["holding"]
    assert repository.decide(fork, "accept", "--reason", "asked", "--explain", "two laptops").exit_code == 0
    partial = repository.decide(other, "partial", "--items", "1", "--reason", "for us")
    assert partial.exit_code == 0, partial.stderr
    assert repository.decide(lines["stranger.zip"]["holding"], "reject", "--reason", "not known").exit_code == 0
    lay(repository.inbox, world.bundle("f3.zip"))
    repository.take()
    before = repository.party.ok("catalogue", "export", repository.catalogue).stdout
    assert "two laptops" in before
    for ending in ("", "-wal", "-shm"):
        Path(f"{repository.catalogue}{ending}").unlink(missing_ok=True)
    repository.party.ok("catalogue", "rebuild", repository.catalogue)
    after = repository.party.ok("catalogue", "export", repository.catalogue).stdout
    assert after.splitlines() == before.splitlines()
