"""What a catalogue answers: what may be used, who holds what, what has to come back, whom to tell."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evtool.core.consent.items import TermsStated
from evtool.core.terms.input import find_contradictions
from evtool.core.values import replace
from evtool.operations.catalogue.recall import RecallSought, find_recalls
from evtool.operations.catalogue.stored_terms import spell_terms
from evtool.operations.catalogue.terms_table import write_terms
from evtool.operations.catalogue.usable import Decider, UseQuestion
from evtool.operations.record.trust import TrustPolicy
from evtool.report.columns import columns_of
from evtool.store.catalogue.database import Names, make_catalogue, open_catalogue
from tests.catalogue.repository import RECIPIENTS, pack
from tests.cli.custody import Party, make_party
from tests.cli.test_notice_story import sign_again
from tests.cli.test_terrible_names import on_terminal
from tests.conftest import Runner, RunResult
from tests.core.test_consent_decision import (
    ROWS,
    TERM_COLUMNS,
    VECTORS,
    decide_row,
    known_of_row,
    request_of_row,
    split,
)
from tests.manifests.test_schemas import check

COURT = """
[recipient.court-x]
kinds = ["court"]
purposes = ["un-reporting"]
"""


@pytest.fixture
def sender(sender: Party) -> Party:
    """Knows a court, too."""
    (sender.run.home / "recipients.toml").write_text(RECIPIENTS + COURT)
    return sender


@pytest.fixture
def repository(repository: Party) -> Party:
    """Knows the same court."""
    (repository.run.home / "recipients.toml").write_text(RECIPIENTS + COURT)
    return repository


def ask(party: Party, name: str, *arguments: str | Path) -> RunResult:
    """Ask, and hold the answer for scripts against its schema."""
    result = party("catalogue", name, "C", *arguments, "--json")
    assert result.document["format"] != "evtool-error/1", result.stdout
    check(f"catalogue-{name}", result.document)
    return result


def found(party: Party, *arguments: str | Path) -> list[int]:
    return [item["item"] for item in ask(party, "find", *arguments).document["items"]]


def collection_of(party: Party) -> str:
    (held,) = party.ok("catalogue", "list", "C", "--json").document["collections"]
    return str(held["collection"])


USABLE = ("--usable-for", "un-reporting", "--to", "UN-1")


def test_a_withdrawal_in_a_later_bundle_takes_an_item_out(sender: Party, repository: Party, tmp_path: Path) -> None:
    """The later bundle does not hold the item, and does not tell what changed: what nobody knows is closed.

    Then the notice comes: the others are open again, and the item that it is about is not.
    """
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip", "--items", "1-4"))
    before = found(repository, "--status", "given")
    assert before == [1, 2, 3, 4]
    sender.ok("consent", "set", "case", "--items", "8", "--onward", "no")
    sender.ok("consent", "set", "case", "--items", "3", "--status", "withdrawn")
    sender.ok("consent", "recall", "case", "--items", "1-4", "--notice", tmp_path / "n")
    repository.ok("catalogue", "add", "C", pack(sender, "b.zip", "--items", "5-7"))
    assert found(repository, "--status", "given") == [5, 6, 7]
    unknown = ask(repository, "recall", "--letters", tmp_path / "none").document
    ((reason,),) = [each["reasons"] for each in unknown["recalls"]]
    assert (reason["why"], reason["items"], reason["entries"]) == ("terms-unknown", ["1-4"], [3, 4])
    assert (reason["ask"], unknown["letters"]) == (["A1"], []), "nobody is told before it is known"
    text = repository.ok("catalogue", "recall", "C").stdout
    same = "items 1-4: nobody knows their terms, so they are closed"
    asked = "entries 3-4 of A1 change consent, and no copy here says for which items; ask A1 for a notice"
    assert (f"{same}; {asked}" in text, "nothing has to come back" in text) == (True, False)
    assert "no letter was written" in repository.ok("catalogue", "recall", "C", "--letters", tmp_path / "none").stdout
    assert same in repository.ok("catalogue", "find", "C").stdout

    result = ask(repository, "recall", "--notice", tmp_path / "n", "--letters", tmp_path / "letters")

    assert (result.exit_code, result.document["notice"]["follows"]) == (0, True)
    assert [(each["items"], each["reasons"][0]["why"]) for each in result.document["recalls"]] == [(["3"], "withdrawn")]
    assert found(repository, "--status", "given") == [1, 2, 4, 5, 6, 7]
    assert found(repository, "--status", "withdrawn") == [3]
    again = ask(repository, "recall", "--notice", tmp_path / "n")
    assert again.document["notice"]["entries"] == 0
    text = repository.ok("catalogue", "recall", "C").stdout
    assert "consent was withdrawn" in text
    assert "holding 1" in text

    audited = repository("catalogue", "audit", "C", "--cycle", "1d", "--json")
    assert audited.exit_code == 0, audited.stdout
    exported = repository.ok("catalogue", "export", "C").stdout
    (repository.run.directory / "C").unlink()
    repository.ok("catalogue", "rebuild", "C")
    assert repository.ok("catalogue", "export", "C").stdout == exported
    assert found(repository, "--status", "withdrawn") == [3]


def test_a_notice_with_a_gap_takes_back_all_the_same(sender: Party, repository: Party, tmp_path: Path) -> None:
    """Entries between were never seen; a change back to given behind them permits nothing either."""
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip", "--items", "1-4"))
    twin = Path(shutil.copytree(sender.run.directory / "case", tmp_path / "case"))
    sender.ok("record", twin, "accessed")
    sender.ok("consent", "set", twin, "--items", "2", "--status", "revoked")
    sender.ok("consent", "set", twin, "--items", "2", "--status", "given", "--by", "subject")
    sender.ok("consent", "recall", twin, "--items", "2", "--notice", tmp_path / "n")
    document = json.loads((tmp_path / "n").read_text().split("\n-----BEGIN")[0])
    entries = document["entries"]
    sign_again(sender, tmp_path / "first", document | {"entries": entries[-2:-1]})
    sign_again(sender, tmp_path / "last", document | {"entries": entries[-1:]})

    assert ask(repository, "recall", "--notice", tmp_path / "first").document["notice"]["follows"] is False
    assert found(repository, "--status", "given") == [1, 3, 4]
    ask(repository, "recall", "--notice", tmp_path / "last")
    assert found(repository, "--status", "given") == [1, 3, 4]


def test_the_record_that_parts_is_shown_where_it_parts(sender: Party, repository: Party, tmp_path: Path) -> None:
    case = sender.run.directory / "case"
    early = pack(sender, "early.zip", "--items", "1")
    twin = Path(shutil.copytree(case, tmp_path / "case"))
    sender.ok("record", case, "accessed")
    sender.ok("record", twin, "incident", "--description", "water")
    repository.ok("catalogue", "add", "C", early, pack(sender, "one.zip"))
    uid = collection_of(repository)
    chain = ask(repository, "chain", uid)
    assert (chain.exit_code, chain.document["forks"]) == (0, [])
    assert [entry["marks"] for entry in chain.document["entries"]] == [[], ["unanswered"], [], ["unanswered"]]

    repository("catalogue", "add", "C", pack(sender, "two.zip", case=str(twin)))
    chain = ask(repository, "chain", uid)

    assert (chain.exit_code, [fork["after"] for fork in chain.document["forks"]]) == (1, [2])
    marks = {(each["entry"], each["event"]): each["marks"] for each in chain.document["entries"]}
    assert marks[3, "accessed"] == ["fork"]
    assert marks[3, "incident"] == ["fork", "quarantined"]
    assert "THE RECORD PARTS after entry 2" in repository("catalogue", "chain", "C", uid).stdout
    code, screen = on_terminal(repository.run, "catalogue", "chain", "C", uid)
    assert code == 1
    lines = screen.decode("utf-8").splitlines()
    assert [line for line in lines if columns_of(line) > 80] == []
    assert "THE RECORD PARTS HERE" in " ".join(screen.decode("utf-8").split())
    assert found(repository, "--status", "given") == []

    recall = ask(repository, "recall", "--letters", tmp_path / "letters").document
    ((reason,),) = [each["reasons"] for each in recall["recalls"]]
    assert (reason["why"], reason["entries"], reason["ask"]) == ("records-part", [2], ["A1"])
    assert recall["letters"] == []
    said = repository.ok("catalogue", "recall", "C").stdout
    assert "items 1-8: nobody knows their terms, so they are closed; the record parts after entry 2" in said
    assert "holding 1" in said


def test_who_holds_what_and_whom_to_write_to(sender: Party, repository: Party, tmp_path: Path) -> None:
    """An earlier recipient is in the record of the bundle; letters go to them, in English or Korean, without a name."""
    sender.ok("record", "case", "disclosed", "--items", "2-5", "--to", "court-x", "--authority", "ORDER-7",
              "--purpose", "un-reporting", "--confirm", "recipient-not-named", "--reason", "order 7")  # fmt: skip
    sender.ok("consent", "set", "case", "--items", "3", "--status", "withdrawn", "--by", "subject")
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip", "--allowed-only", "--items", "1-4"))
    uid = collection_of(repository)

    holders = ask(repository, "holders", uid, "2,3").document
    assert [(each["holder"], each["items"], each["answer"]) for each in holders["given"]] == [
        ("court-x", ["2-3"], None),
        ("UN-1", ["2"], None),
    ]
    assert [(each["location"], each["items"], each["result"]) for each in holders["own"]] == [("here", ["2"], "ok")]
    assert repository("catalogue", "holders", "C", "0" * 32).exit_code == 4

    recall = ask(repository, "recall", uid, "2-3", "--letters", tmp_path / "letters").document
    assert [Path(path).name for path in recall["letters"]] == ["court-x.txt"]
    letter = (tmp_path / "letters" / "court-x.txt").read_text("utf-8")
    assert (f"Collection {uid}" in letter, "items 2-3" in letter, "증언" in letter) == (True, True, False)
    assert len(letter.splitlines()) < 50
    assert max(map(len, letter.splitlines())) <= 76
    assert repository("catalogue", "recall", "C", uid, "2", "--letters", tmp_path / "letters").exit_code == 4
    korean = replace_environment(repository, EVTOOL_LANG="ko")
    korean.ok("catalogue", "recall", "C", uid, "2", "--letters", tmp_path / "ko")
    assert "회수 요청" in (tmp_path / "ko" / "court-x.txt").read_text("utf-8")


def replace_environment(party: Party, **variables: str) -> Party:
    return Party(party.code, dataclasses.replace(party.run, environment=party.run.environment | variables))


def test_duplicates_figures_and_filters(evtool: Runner, sender: Party, repository: Party) -> None:
    """Two senders hold one file; a file is found by its bytes, and a person by their code."""
    table = evtool.directory / "t.csv"
    other = make_party(evtool, "B2")
    (other.run.home / "recipients.toml").write_text(RECIPIENTS)
    repository.trusts(other)
    case = evtool.directory / "two"
    case.mkdir()
    (case / "same.txt").write_text("case: statement 2\n", encoding="utf-8")
    (case / "own.txt").write_text("no one else's\n")
    (case / "empty").write_bytes(b"")
    table.write_text(
        "path,kind,subjects,event_date,until\n"
        "same.txt,interview,P1 P2,2011-03,2026-01-01\nown.txt,photograph,P2,2013,\n"
    )
    other.ok("seal", case, "--table", table, "--defaults", evtool.directory / "terms.toml")
    bundle = evtool.directory / "two.zip"
    other.ok("pack", case, "-o", bundle, "--to", "UN-1", "--for", "un-reporting", "--authority", "D", "--subjects",
             "--allowed-only", "--items", "own.txt", "--items", "empty")  # fmt: skip
    repository.ok("catalogue", "add", "C", "case", "two", "--agreement", "DSA-7")

    (same,) = ask(repository, "duplicates").document["duplicates"]
    assert [(place["sender"], place["items"]) for place in same["places"]] in (
        [("A1", ["2"]), ("B2", ["3"])],
        [("B2", ["3"]), ("A1", ["2"])],
    )
    assert len(ask(repository, "duplicates", "--between", "A1", "B2").document["duplicates"]) == 1
    assert ask(repository, "duplicates", "--between", "A1", "C3").document["duplicates"] == []
    by_media = repository("catalogue", "duplicates", "C", "--same", "media")
    assert by_media.exit_code == 2
    assert "only equal bytes can be found" in by_media.stderr

    assert found(repository, "--file", case / "own.txt") == [2]
    assert found(repository, "--kind", "interview") == [3]
    assert found(repository, "--event-date", "2011..2012") == [3]
    assert found(repository, "--event-date", "2011-04..2014") == [2]
    assert found(repository, "--due-before", "2026-02-01") == [3]
    assert found(repository, "--subject", "P2", "--from", "B2", "--agreement", "DSA-7") == [2, 3]
    assert repository("catalogue", "find", "C", "--text", "요덕").exit_code == 2
    assert found(repository, *USABLE, "--from", "B2", "--kind", "interview") == []
    refused = repository.ok("catalogue", "find", "C", *USABLE, "--from", "B2", "--refused", "--json").document
    check("catalogue-refused", refused)
    assert "expired" in {reason["reason"] for each in refused["refused"] for reason in each["reasons"]}

    figures = ask(repository, "figures").document
    assert (figures["files"], figures["collections"], figures["subjects"]) == (11, 2, 2)
    assert figures["kinds"] == {"none": 9, "interview": 1, "photograph": 1}
    assert (figures["senders"], figures["agreements"]) == ({"A1": 8, "B2": 3}, {"DSA-7": 11})
    assert ask(repository, "figures", "--year", "1999").document["files"] == 0
    assert "2 people, counted by their codes" in repository.ok("catalogue", "figures", "C").stdout


def test_words_are_found_in_any_spelling(evtool: Runner, sender: Party, repository: Party) -> None:
    repository.ok("catalogue", "init", "N", "--names", "all")
    repository.ok("catalogue", "add", "N", "case")
    for text in ("증언-3", "증 언-3", "증언-3"):
        items = repository.ok("catalogue", "find", "N", "--text", text, "--json").document["items"]
        assert [(item["item"], item["name"]) for item in items] == [(3, "증언-3.txt")]
    assert "(증언-3.txt)" in repository.ok("catalogue", "find", "N", "--text", "증언-3").stdout


def test_every_row_of_the_vectors_is_decided_as_by_the_record(tmp_path: Path) -> None:
    """A collection a row: stored as terms are stored, asked as `find` asks; the answer is that of `decide`."""
    catalogue = tmp_path / "C"
    make_catalogue(catalogue, Names.NONE)
    with open_catalogue(catalogue) as opened:
        with opened.write() as connection:
            for number, row in enumerate(ROWS, start=1):
                fill_row(connection, number, row)
        with opened.read() as connection:
            for number, row in enumerate(ROWS, start=1):
                request = replace(request_of_row(row), agent="A03", key=None)
                question = UseQuestion(request, TrustPolicy(signers=frozenset({"SHA256:good"})))
                decision = Decider(connection, number, question).decide(number)
                expected = decide_row(row)
                assert [(each.reason, each.confirm) for each in decision.reasons] == [
                    (each.reason, each.confirm) for each in expected.reasons
                ], row["why"]


def fill_row(connection: sqlite3.Connection, number: int, row: dict[str, Any]) -> None:
    """Store what a row of the vectors says: its terms, and the entries that they rest on."""
    untrusted = split(row["untrusted"])
    connection.execute(
        "INSERT INTO collection(id, uid, sender, first_seen) VALUES(?,?,'A03','')", (number, str(number))
    )
    for sequence in sorted({1, *map(int, untrusted)}):
        key = "SHA256:bad" if str(sequence) in untrusted else "SHA256:good"
        connection.execute(
            "INSERT INTO entry(collection, sequence, digest, signature, event, agent, key, retired, happened, "
            "first_seen) VALUES(?,?,?,'','sealed','A03',?,0,'','')",
            (number, sequence, f"d{sequence}", key),
        )
    terms = write_terms(connection, spell_terms(known_of_row(row)))
    entries = " ".join(f"d{sequence}" for sequence in untrusted)
    connection.execute("INSERT INTO basis VALUES(?,?,?,?)", (number, number, terms, entries))


def test_what_has_expired_is_recalled_on_its_day(sender: Party, repository: Party) -> None:
    sender.ok("consent", "set", "case", "--items", "2", "--until", "2027-01-01")
    repository.ok("catalogue", "add", "C", pack(sender, "a.zip"))
    path = repository.run.directory / "C"
    with open_catalogue(path) as opened:
        assert list(find_recalls(opened, RecallSought(date(2026, 12, 31)))) == []
        (recalled,) = find_recalls(opened, RecallSought(date(2027, 1, 1)))
        assert [(each.why.value, each.since, each.items.serialize()) for each in recalled.reasons] == [
            ("expired", "2027-01-01", ["2"])
        ]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE holding SET agreement='DSA-1'")
    with open_catalogue(path) as opened:
        (recalled,) = find_recalls(opened, RecallSought(date(2026, 12, 31), frozenset({"DSA-1"})))
        assert [(each.why.value, each.agreement) for each in recalled.reasons] == [("agreement-ended", "DSA-1")]
        assert len(recalled.items) == 8
    assert found(repository) == list(range(1, 9))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE item SET disposed=1 WHERE number=4")
        connection.execute("UPDATE holding_item SET last=6")
    assert found(repository) == [1, 2, 3, 5, 6]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE holding SET state='returned'")
    assert found(repository) == []


def test_find_answers_as_consent_check_does(evtool: Runner) -> None:
    """One collection with the terms of every row of the vectors that a table can state, asked both ways."""
    party = make_party(evtool, "UN-1")
    shutil.copy(VECTORS / "recipients.toml", party.run.home / "recipients.toml")
    shutil.copy(VECTORS / "agreements.toml", party.run.home / "agreements.toml")
    case, table = evtool.directory / "case", evtool.directory / "t.csv"
    case.mkdir()
    rows = {tuple(row[name] for name in TERM_COLUMNS): row for row in ROWS if can_be_stated(row)}
    with table.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["path", *TERM_COLUMNS])
        for number, values in enumerate(rows, start=1):
            (case / f"{number}.txt").write_text(f"{number}\n")
            writer.writerow([f"{number}.txt", *values])
    party.ok("seal", case, "--table", table)
    party.ok("catalogue", "init", "C")
    party.ok("catalogue", "add", "C", case)
    answers = set[int]()
    questions = sorted({(row["to"], row["purpose"], row["date"]) for row in rows.values() if row["to"] != "everybody"})
    for to, purpose, day in questions[:: len(questions) // 6]:
        checked = party("consent", "check", case, "--to", to, "--for", purpose, "--date", day, "--json").document
        may_go = [item["item"] for item in checked["items"] if item["allowed"]]
        assert found(party, "--usable-for", purpose, "--to", to, "--on", day) == may_go, (to, purpose, day)
        answers.add(len(may_go))
    assert len(rows) > 60
    assert len(answers) > 2


def can_be_stated(row: dict[str, str]) -> bool:
    """Tell whether a person could state the terms of a row: some rows are about terms that make no sense together."""
    known = known_of_row(row)
    return isinstance(known, TermsStated) and not list(find_contradictions(known.terms, whole=True))
