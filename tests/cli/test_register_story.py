"""Stories of the register of people: nothing of it may stand in a record, and the search tells no names itself."""

from __future__ import annotations

from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it has no annotations
import pytest

from tests.cli.custody import Party, make_party
from tests.conftest import Runner, RunResult

REGISTER = """
format = "evtool-register/1"
[person.S17]
names = ["김철수", "Kim Chol-su"]
[person.S18]
names = ["박영희"]
"""


@pytest.fixture
def party(evtool: Runner) -> Party:
    party = make_party(evtool, "A1")
    identity = pyrage.x25519.Identity.generate()
    key = evtool.directory / "key.txt"
    key.write_text(f"{identity}\n")
    key.chmod(0o600)
    encrypted = pyrage.encrypt(REGISTER.encode(), [identity.to_public()])
    (evtool.directory / "register.toml.age").write_bytes(encrypted)
    return party


def search(party: Party, case: Path, *more: str) -> RunResult:
    return party("register", "check", case, "--register", "register.toml.age", "--identity", "key.txt", *more)


def test_names_that_slipped_into_a_record_are_told_by_place_and_code(evtool: Runner, party: Party) -> None:
    case = evtool.directory / "case"
    case.mkdir()
    (case / "interview.txt").write_text("김철수 speaks of 박영희")
    (evtool.directory / "items.csv").write_text("path,source\ninterview.txt,S17\n", encoding="utf-8")
    party.ok("seal", case, "--table", "items.csv")
    clean = search(party, case)
    assert (clean.exit_code, "nothing of the register" in clean.stdout) == (0, True)

    (case / "박영희.txt").write_text("x")
    party.ok("seal", case)
    party.ok("record", case, "accessed", "--reason", "asked by Kim  Chol-Su")
    found = search(party, case, "--json")

    assert found.exit_code == 5
    hits = {(hit["file"], tuple(hit["codes"])) for hit in found.document["hits"]}
    assert hits == {
        ("0002-sealed.jsonl", ("S18",)),
        ("0002-sealed.sha256", ("S18",)),
        ("0003-accessed.toml", ("S17",)),
    }
    for text in (found.stdout, search(party, case).stdout):
        assert "박영희" not in text
        assert "Kim" not in text


def test_a_register_must_be_encrypted_whole_and_opened(evtool: Runner, party: Party) -> None:
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    party.ok("seal", case)
    file = evtool.directory / "register.toml.age"
    encrypted = file.read_bytes()

    file.write_text(REGISTER, encoding="utf-8")
    plain = search(party, case)
    assert (plain.exit_code, "not encrypted" in plain.stderr, "김철수" in plain.stderr) == (2, True, False)
    file.write_bytes(encrypted[:-1])
    assert search(party, case).exit_code == 4
    file.write_bytes(encrypted)
    assert party("register", "check", case, "--register", file).exit_code == 4
    assert search(party, evtool.directory / "none").exit_code == 4
    assert search(party, case).exit_code == 0
