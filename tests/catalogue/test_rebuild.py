"""The journal of a catalogue, its export, and a lost catalogue made again from the two kinds of what is left."""

from __future__ import annotations

import json
import os
import pwd
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest

from evtool.store.catalogue.database import Names, make_catalogue, open_catalogue
from tests.catalogue.repository import pack, rows, status_of
from tests.cli.custody import Party, codes
from tests.conftest import Runner
from tests.manifests.test_schemas import check

KILLS = int(os.environ.get("CATALOGUE_KILLS", "3"))
"""Moments at which a run is killed; CATALOGUE_KILLS=100 for more of them."""


SERVER_USER = "postgres"
"""As whom Debian runs PostgreSQL."""


@pytest.fixture
def files() -> int:
    """As many bundles can be made of them as are wanted here."""
    return 4


def export(party: Party) -> str:
    return party.ok("catalogue", "export", "C").stdout


def lose(party: Party) -> None:
    """Remove the catalogue; its key and its journal stay."""
    for ending in ("", "-wal", "-shm"):
        (party.run.directory / f"C{ending}").unlink(missing_ok=True)


def test_whoever_lost_the_catalogue_is_told_how_to_get_it_back(sender: Party, repository: Party) -> None:
    """With the journal beside it, an empty one (`init`) is not what anybody wants; without it, nothing else helps."""
    repository.ok("catalogue", "add", "C", pack(sender, "first.zip"))
    lose(repository)
    lost = repository("catalogue", "list", "C")
    assert (lost.exit_code, "C does not exist, but its journal does" in lost.stderr) == (4, True)
    assert ("`evtool catalogue rebuild C`" in lost.stderr, "init" in lost.stderr) == (True, False)
    refused = repository("catalogue", "init", "C")
    assert (refused.exit_code, "C.journal already exists" in refused.stderr) == (2, True)
    assert "`evtool catalogue rebuild C`" in refused.stderr
    assert not (repository.run.directory / "C").exists()
    repository.ok("catalogue", "rebuild", "C")
    assert "from A1" in repository.ok("catalogue", "list", "C").stdout
    assert "`evtool catalogue init D`" in repository("catalogue", "list", "D").stderr


def test_a_lost_catalogue_is_made_again_to_the_last_byte(sender: Party, repository: Party) -> None:
    """A bundle that was answered, one with a withdrawal, an own directory that grew, and a fork in quarantine."""
    here = repository.run.directory
    shutil.copytree(here / "case", here / "laptop")
    first = pack(sender, "first.zip")
    repository.ok("receive", first, "--receipt", "r1")
    repository.ok("catalogue", "add", "C", first, "--continued", "first.zip.received")
    own = here / "own"
    own.mkdir()
    (own / "a.txt").write_text("a")
    repository.ok("seal", own)
    repository.ok("catalogue", "add", "C", own)
    (own / "b.txt").write_text("b")
    repository.ok("seal", own)
    sender.ok("consent", "set", "case", "--items", "1", "--status", "withdrawn")
    repository.ok("catalogue", "add", "C", own, pack(sender, "second.zip", "--items", "2-3"))
    sender.ok("record", "laptop", "accessed")
    assert repository("catalogue", "add", "C", pack(sender, "third.zip", case="laptop")).exit_code == 1
    before = export(repository)
    held = rows(here / "C", "SELECT id, state, exit_code FROM holding ORDER BY id")
    assert [state for _, state, _ in held] == [*["accepted"] * 4, "quarantined"]

    lose(repository)
    result = repository.ok("catalogue", "rebuild", "C", "--json")

    check("catalogue-rebuild", result.document)
    assert (result.document["runs"], result.document["holdings"], result.document["unread"]) == (4, 5, [])
    assert export(repository) == before
    repository.ok("catalogue", "add", "C", own)
    assert repository("catalogue", "rebuild", "C").exit_code == 2, "nothing is overwritten"


def test_what_cannot_be_read_is_named_and_the_rest_is_there(sender: Party, repository: Party) -> None:
    here = repository.run.directory
    other = here / "own"
    other.mkdir()
    (other / "a.txt").write_text("a")
    repository.ok("seal", other)
    bundle = pack(sender, "b.zip")
    repository.ok("catalogue", "add", "C", other, bundle)
    lose(repository)
    bundle.rename(here / "elsewhere.zip")
    result = repository("catalogue", "rebuild", "C", "--json")
    assert result.exit_code == 4, result.stdout
    assert [each["holding"] for each in result.document["unread"]] == [2]
    assert rows(here / "C", "SELECT id, state FROM holding ORDER BY id") == [(1, "accepted"), (2, "accepted")]
    assert rows(here / "C", "SELECT COUNT(*) FROM item") == [(1,)], "nothing is known of its items"


def test_the_journal_is_an_ordinary_collection(sender: Party, repository: Party) -> None:
    """A file a run, sealed by the repository's key; `verify` finds what was changed, and then nothing is made again."""
    here = repository.run.directory
    bundle = pack(sender, "b.zip")
    for _ in range(2):
        repository.ok("catalogue", "add", "C", bundle)
    verified = repository("verify", "C.journal/0001", "--json")
    assert verified.exit_code == 0
    journal = here / "C.journal" / "0001"
    assert sorted(path.name for path in journal.glob("*.json")) == ["0001-add.json", "0002-add.json"]
    for path in journal.glob("*.json"):
        check("catalogue-journal", json.loads(path.read_text("utf-8")))
    sealed = journal / "0001-add.json"
    good = sealed.read_bytes()
    lose(repository)
    for attack in (
        lambda: sealed.write_bytes(good.replace(b'"accepted"', b'"rejected"')),
        lambda: (journal / "0003-add.json").write_bytes(good),
        lambda: (journal / "0002-add.json").unlink(),
    ):
        attack()
        result = repository("catalogue", "rebuild", "C")
        assert result.exit_code == 1
        assert "C.journal/0001 fails verification" in result.stderr
        assert not (here / "C").exists()
        sealed.write_bytes(good)
        (journal / "0003-add.json").unlink(missing_ok=True)
    assert sender("catalogue", "rebuild", "D", "--journal", journal.parent).exit_code == 1
    assert "missing" in codes(repository("verify", journal, "--json"))


def test_a_journal_by_a_key_that_nobody_trusts_makes_nothing(evtool: Runner, sender: Party, repository: Party) -> None:
    """Whoever can write beside a catalogue cannot make up its past: the key that sealed it has to be trusted."""
    sender.ok("trust", "revoke", "UN-1")
    repository.ok("catalogue", "add", "C", pack(sender, "b.zip"))
    result = sender("catalogue", "rebuild", "D", "--journal", "C.journal")
    assert result.exit_code == 3
    assert "is signed by UN-1" in result.stderr
    assert not (evtool.directory / "D").exists()


def test_a_run_killed_at_any_moment_is_whole_or_nothing(sender: Party, repository: Party) -> None:
    """Whatever is left: the database is sound, no record is there in part, and a rerun ends as one without a kill."""
    here = repository.run.directory
    bundles = [pack(sender, f"{number}.zip", "--items", str(number)) for number in range(1, 5)]
    repository.ok("catalogue", "add", "C", *bundles)
    expected = knowledge(repository)
    shutil.rmtree(here / "C.journal")
    dice = random.Random(16)
    lose(repository)
    repository.ok("catalogue", "init", "C")
    for _ in range(KILLS):
        repository.run.fork("catalogue", "add", "C", *bundles, kill=(int(signal.SIGKILL), dice.uniform(0.05, 0.6)))
        with closing(sqlite3.connect(here / "C")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            whole = "SELECT (SELECT COUNT(*) FROM holding), (SELECT COUNT(*) FROM item), COUNT(*) FROM copy"
            ((holdings, items, copies),) = connection.execute(whole).fetchall()
            assert holdings == items == copies, "each bundle has one item"
    repository.ok("catalogue", "add", "C", *bundles)
    assert knowledge(repository) == expected
    before = export(repository)
    lose(repository)
    repository.ok("catalogue", "rebuild", "C")
    assert export(repository) == before, "what a killed run did is in the journal, too"


def knowledge(party: Party) -> list[dict[str, object]]:
    """Give an export without moments and runs, which differ from run to run."""
    found = [json.loads(line) for line in export(party).splitlines()[1:]]
    moments = ("seen", "first_seen", "last_proof")
    return [
        {name: value for name, value in row.items() if name not in moments} for row in found if row["table"] != "run"
    ]


def test_an_export_loads_elsewhere_with_equal_counts(sender: Party, repository: Party) -> None:
    """SQL for SQLite and PostgreSQL, a table as CSV, and lines of JSON, all of one moment."""
    here = repository.run.directory
    repository.ok("catalogue", "add", "C", pack(sender, "it's.zip"))
    repository.ok("catalogue", "export", "C", "--format", "sql", "-o", "all.sql")
    statements = (here / "all.sql").read_text("utf-8")
    assert "'it''s.zip'" in statements
    lines = [json.loads(line) for line in export(repository).splitlines()]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(statements)
        counts = Counter(line["table"] for line in lines[1:])
        for table, count in counts.items():
            assert connection.execute(f'SELECT COUNT(*) FROM "{table}"').fetchall() == [(count,)]
    table = repository.ok("catalogue", "export", "C", "--format", "csv", "--table", "item").stdout
    assert len(table.splitlines()) == 5
    document = repository.ok("catalogue", "export", "C", "-o", "c.jsonl", "--json").document
    check("catalogue-export", document)
    assert document["bytes"] == (here / "c.jsonl").stat().st_size
    assert repository("catalogue", "export", "C", "--format", "csv").exit_code == 2
    assert repository("catalogue", "export", "C", "-o", "c.jsonl").exit_code == 4, "nothing is overwritten"
    load_into_postgres(statements, counts)


def load_into_postgres(statements: str, counts: Mapping[str, int]) -> None:
    """Load it into a PostgreSQL of its own, where one is installed; it refuses to run as root, so another user does."""
    tools = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    user = SERVER_USER if os.geteuid() == 0 else None
    if not tools or (user is not None and user not in {entry.pw_name for entry in pwd.getpwall()}):
        return
    # Not below the folder of the tests, which that user may not enter.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        if user is not None:
            shutil.chown(folder, user)

        def run(tool: str, *arguments: str, stdin: str = "") -> str:
            command = [str(tools[-1] / tool), *arguments]
            done = subprocess.run(command, input=stdin, user=user, cwd=folder, check=True, text=True, stdout=PIPE)
            return str(done.stdout)

        def ask(*arguments: str, stdin: str = "") -> str:
            return run("psql", "-h", folder, "-U", "me", "-d", "postgres", "-Atq", *arguments, stdin=stdin)

        run("initdb", "-D", "data", "-A", "trust", "-U", "me", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses= -c fsync=off -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start")
        try:
            ask("-v", "ON_ERROR_STOP=1", stdin=statements)
            assert {table: int(ask("-c", f'SELECT COUNT(*) FROM "{table}"')) for table in counts} == counts
            assert "it's.zip" in ask("-c", "SELECT name FROM holding")
        finally:
            run("pg_ctl", "-D", "data", "-m", "immediate", "stop")


def test_one_run_at_a_time(sender: Party, repository: Party) -> None:
    """A second run says so and does nothing; whoever only reads is not kept waiting."""
    bundle = pack(sender, "b.zip")
    with open_catalogue(repository.run.directory / "C") as opened, opened.alone():
        result = repository("catalogue", "add", "C", bundle)
        assert result.exit_code == 4, result.stdout
        assert "another evtool is writing C" in result.stderr
        repository.ok("catalogue", "list", "C")
    repository.ok("catalogue", "add", "C", bundle)


def test_what_was_not_made_again_to_its_end_is_no_catalogue(sender: Party, repository: Party) -> None:
    """As if the power had failed in the middle: nobody takes half of it for the whole, and rebuild begins again."""
    here = repository.run.directory
    repository.ok("catalogue", "add", "C", pack(sender, "b.zip"))
    before = export(repository)
    lose(repository)
    make_catalogue(here / "C", Names.NONE, unfinished=True)
    result = repository("catalogue", "list", "C")
    assert result.exit_code == 4, result.stdout
    assert "was not made again to its end" in result.stderr
    repository.ok("catalogue", "rebuild", "C")
    assert export(repository) == before
    assert set(status_of(here / "C").values()) == {"given"}
