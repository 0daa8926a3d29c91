"""A sender who seals and packs, a repository that receives, and a look into its catalogue."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from evtool.core.consent.items import ItemTerms, TermsStated
from evtool.operations.catalogue.stored_terms import read_terms
from tests.cli.custody import Party, make_party
from tests.conftest import Runner

RECIPIENTS = """
format = "evtool-recipients/1"

[recipient.UN-1]
kinds = ["un-body"]
purposes = ["un-reporting"]
"""

TERMS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
share = ["UN-1"]
status = "given"
by = "subject"
for = ["un-reporting"]
identity = "to-recipient"
onward = "ask"
defence = "ask"
"""

DISCLOSE = ("--to", "UN-1", "--for", "un-reporting", "--authority", "DSA-1")


def make_sender(evtool: Runner, *, files: int = 8, name: str = "case") -> Party:
    """Make agent A1, who sealed some files."""
    party = make_party(evtool, "A1")
    (party.run.home / "recipients.toml").write_text(RECIPIENTS)
    (evtool.directory / "terms.toml").write_text(TERMS)
    seal_case(party, name, files)
    return party


def seal_case(party: Party, name: str, files: int) -> Path:
    """Seal a new directory with some files."""
    case = party.run.directory / name
    case.mkdir()
    for number in range(1, files + 1):
        (case / f"증언-{number}.txt").write_text(f"{name}: statement {number}\n", encoding="utf-8")
    party.ok("seal", case, "--defaults", party.run.directory / "terms.toml")
    return case


def pack(party: Party, name: str, *options: str, case: str = "case") -> Path:
    """Pack a bundle for the repository."""
    bundle = party.run.directory / name
    party.ok("pack", case, "-o", bundle, *DISCLOSE, *options)
    return bundle


def make_repository(evtool: Runner, sender: Party) -> Party:
    """Make UN-1, who trusts the sender and has an empty catalogue `C`."""
    party = make_party(evtool, "UN-1")
    party.trusts(sender)
    sender.trusts(party)
    party.ok("catalogue", "init", "C")
    return party


def rows(catalogue: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Read rows of a catalogue."""
    with closing(sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)) as connection:
        return connection.execute(query, values).fetchall()


def terms_of(catalogue: Path) -> dict[int, ItemTerms]:
    """Give the terms in force of every item: number -> terms."""
    query = "SELECT number, known, text FROM item JOIN basis ON basis.id=basis JOIN terms ON terms.id=basis.terms"
    return {number: read_terms(known, text) for number, known, text in rows(catalogue, query)}


def status_of(catalogue: Path) -> dict[int, str]:
    """Give the status of consent of every item; what nobody knows is `withheld`, and what was never stated `never`."""
    found = terms_of(catalogue).items()
    return {
        number: str(getattr(terms.terms.status, "value", terms.terms.status))
        if isinstance(terms, TermsStated)
        else type(terms).__name__.removeprefix("Terms").lower()
        for number, terms in found
    }
