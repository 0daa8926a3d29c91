"""The commands of the years after intake: where copies lie, the nightly audit, and what is due in the morning."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import make_repository, make_sender, pack, rows
from tests.cli.custody import Party, move_in
from tests.conftest import Runner, make_runner
from tests.manifests.test_schemas import check

TODAY = datetime.now(UTC).date()


def day(number: int) -> date:
    return TODAY + timedelta(days=number)


LOCATIONS = (
    ("vault-1", "--root", "vault", "--rate", "80M"),
    ("safe-b", "--kind", "offline", "--root", "safe", "--cycle", "50d"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of UN-1, who has a bundle in a vault, and the same on a disk that lies in a safe."""
    evtool = make_runner(tmp_path_factory.mktemp("due"))
    sender = make_sender(evtool, files=4)
    directory = evtool.directory
    sender.ok("consent", "set", "case", "--items", "1-2", "--review", f"{day(20)}")
    sender.ok("consent", "set", "case", "--items", "3", "--until", f"{day(400)}", "--review", f"{day(-5)}")
    party = make_repository(evtool, sender)
    for name in ("vault", "safe"):
        (directory / name).mkdir()
    pack(sender, "vault/b.zip")
    shutil.copy(directory / "vault" / "b.zip", directory / "safe" / "b.zip")
    for location in LOCATIONS:
        party.ok("catalogue", "location", "add", "C", *location)
    party.ok("catalogue", "add", "C", "vault/b.zip", "--location", "vault-1", "--agreement", "DSA-1")
    party.ok("catalogue", "add", "C", "safe/b.zip", "--location", "safe-b", "--carrier", "disk 3, safe B")
    (directory / "safe").rename(directory / "locked")
    return directory.parent


@pytest.fixture
def repository(evtool: Runner, made: Path) -> Party:
    """UN-1, in a copy of that folder, whose locations have moved there."""
    party = move_in(evtool, made, "UN-1")
    for location in LOCATIONS:
        party.ok("catalogue", "location", "add", "C", *location)
    return party


def set_back(party: Party, days: int) -> None:
    """Let so many days have passed since every copy was read."""
    with open_catalogue(party.run.directory / "C") as catalogue, catalogue.write() as connection:
        connection.execute("UPDATE copy SET last_proof=?", (f"{day(-days)}T00:00:00Z",))


def test_a_repository_knows_what_is_due(repository: Party) -> None:
    """Copies, a carrier to fetch, reviews, an agreement that ends, a handover that nobody answered."""
    party = ("--party", "A1", "--party", "UN-1", "--purpose", "un-reporting")
    repository.ok("agreement", "add", "DSA-1", *party, "--signed", "2026-01-01", "--ends", f"{day(30)}")
    listed = repository.ok("catalogue", "location", "list", "C", "--json").document
    check("catalogue-locations", listed)
    assert [(each["code"], each["copies"], each["there"]) for each in listed["locations"]] == [
        ("safe-b", 1, False),
        ("vault-1", 1, True),
    ]
    result = repository("catalogue", "due", "C", "--json")
    check("catalogue-due", result.document)
    assert result.exit_code == 3, "a review was missed"
    said = result.document
    assert [(each["location"], each["due"], each["copies"], each["overdue"]) for each in said["copies"]] == [
        ("vault-1", f"{day(30)}", 1, 0)
    ]
    assert said["carriers"] == [{"location": "safe-b", "carrier": "disk 3, safe B", "due": f"{day(50)}", "copies": 1}]
    assert [(each["what"], each["day"], each["items"], each["first"]) for each in said["consent"]] == [
        ("review", f"{day(-5)}", 1, 3),
        ("review", f"{day(20)}", 2, 1),
    ]
    assert [(each["agreement"], each["ends"], each["holdings"]) for each in said["agreements"]] == [
        ("DSA-1", f"{day(30)}", 1)
    ]
    assert [(each["entry"], each["party"], each["own"]) for each in said["handovers"]] == [(4, "UN-1", True)]
    text = repository("catalogue", "due", "C").stdout
    assert "not answered by you, UN-1: entry 4" in text
    assert "no answer from UN-1" not in text
    text = repository("catalogue", "due", "C", "--within", "25d").stdout
    assert text.splitlines()[:2] == [
        f"review consent by {day(-5)}: 1 item of collection {said['consent'][0]['collection']}",
        f"review consent by {day(20)}: 2 items of collection {said['consent'][0]['collection']}",
    ]
    assert "disk 3" not in text
    assert f"까지 동의 재검토: 증거 모음 {said['consent'][0]['collection']}의 항목 2건" in (
        repository.run("catalogue", "due", "C", EVTOOL_LANG="ko").stdout
    )
    later = repository("catalogue", "due", "C", "--within", "500d", "--json").document
    assert ("until", f"{day(400)}") in [(each["what"], each["day"]) for each in later["consent"]]


def test_a_nightly_audit_is_told_and_is_in_the_journal(repository: Party) -> None:
    """Damage, a disk that is missing, a copy that is intact, hours that do not suffice; nothing of it is lost."""
    directory = repository.run.directory
    set_back(repository, 29)
    result = repository.ok("catalogue", "audit", "C", "--budget", "2h", "--cycle", "30d", "--rate", "80M", "--json")
    check("audit", result.document)
    assert (result.document["copies_done"], result.document["budget_s"]) == (1, 7200)
    (due,) = result.document["offline_due"]
    assert (due["carrier"], due["copies"]) == ("disk 3, safe B", 1)
    with (directory / "vault" / "b.zip").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\0\0\0")
    set_back(repository, 31)
    result = repository("catalogue", "audit", "C", "--until", "06:00")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:2] == [
        "DAMAGED   vault-1: b.zip: the bytes are not those that the catalogue knows",
        f"  intact: safe-b: b.zip on disk 3, safe B (last read {day(-31)})",
    ]
    assert repository("catalogue", "due", "C").stdout.startswith("DAMAGED   vault-1: b.zip\n")
    (directory / "vault").rename(directory / "unmounted")
    (directory / "vault").mkdir()
    set_back(repository, 31)
    result = repository("catalogue", "audit", "C", "--json")
    check("audit", result.document)
    assert (result.exit_code, result.document["damaged"]) == (4, [])
    assert [(each["location"], each["path"]) for each in result.document["unreadable"]] == [("vault-1", None)]
    (directory / "vault").rmdir()
    (directory / "unmounted").rename(directory / "vault")
    files = [json.loads(path.read_text()) for path in sorted((directory / "C.journal/0001").glob("*-audit.json"))]
    assert [[(each["scope"], each["ok"], each["changed"]) for each in file["proofs"]] for file in files] == [
        [("container", 4, 0)],
        [("container", 0, 4)],
        [],
    ]
    assert repository("verify", "C.journal/0001").exit_code == 0


def test_audits_go_on_beside_other_runs_and_a_killed_one_is_in_the_journal_of_the_next(repository: Party) -> None:
    """A night of reading must not keep bundles from coming in; a second audit has to wait."""
    catalogue = repository.run.directory / "C"
    set_back(repository, 31)
    with open_catalogue(catalogue) as opened, opened.alone("audit"):
        result = repository("catalogue", "audit", "C")
        assert (result.exit_code, rows(catalogue, "SELECT COUNT(*) FROM proof")) == (4, [(0,)])
        with opened.write() as connection:
            connection.execute("INSERT INTO run(id, kind, started) VALUES(90, 'audit', '2026-01-01T00:00:00Z')")
            connection.execute("INSERT INTO proof VALUES(1, 90, 'container', 1, 4, 4, 0, 0, 0)")
        repository.ok("catalogue", "location", "add", "C", "partner", "--kind", "elsewhere")
        assert rows(catalogue, "SELECT journal FROM run WHERE id=90") == [(None,)], "it goes on, so it is not settled"
    repository.ok("catalogue", "location", "add", "C", "partner-2", "--kind", "elsewhere")
    assert rows(catalogue, "SELECT journal FROM run WHERE id=90") == [("0001/0090-audit.json",)]


@pytest.mark.parametrize(
    "options",
    [
        ("--budget", "2"),
        ("--budget", "0h"),
        ("--cycle", "0"),
        ("--rate", "fast"),
        ("--until", "25:00"),
        ("--until", "6"),
    ],
)
def test_what_is_no_time_and_no_rate_is_wrong_usage(evtool: Runner, options: tuple[str, str]) -> None:
    result = evtool("catalogue", "audit", "C", *options)
    assert result.exit_code == 2
    assert "expected" in result.stderr
