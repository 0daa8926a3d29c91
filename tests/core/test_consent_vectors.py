"""The vectors of the page on consent beside the decisions: evtool and the second opinion say what each row says."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from evtool.core.consent.decision import passes_on
from evtool.core.consent.state import change_terms, combine_terms
from evtool.core.consent.summary import ConsentTally
from evtool.core.custody.events import Event
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ConsentStatement, ContentStatement, ItemType
from evtool.core.terms.input import find_contradictions
from evtool.core.terms.terms import ConsentTerms, parse_terms
from tests.attacks import consent_reference as reference

VECTORS = Path(__file__).parents[1] / "vectors" / "consent"
Row = dict[str, str]


def rows_of(name: str) -> list[Any]:
    with (VECTORS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [pytest.param(row, id=row["why"]) for row in csv.DictReader(file)]


def flat(terms: ConsentTerms) -> dict[str, Any]:
    return terms.stated


@pytest.mark.parametrize("row", rows_of("together"))
def test_statements_put_together(row: Row) -> None:
    first, second, expected = (parse_terms(row[name]) for name in ("first", "second", "expect"))
    is_change = row["how"] == "changes"

    assert (change_terms if is_change else combine_terms)(first, second).serialize() == row["expect"]

    put = reference.put_together if is_change else reference.layered
    assert put(flat(first), flat(second)) == flat(expected)


@pytest.mark.parametrize("row", rows_of("sense"))
def test_terms_that_make_sense_or_none(row: Row) -> None:
    terms, is_none = parse_terms(row["terms"]), row["expect"] == "none"
    assert json.loads(terms.serialize()) == json.loads(row["terms"])
    assert bool(find_contradictions(terms, whole=row["form"] == "statement")) == is_none
    assert reference.makes_no_sense(flat(terms), whole=row["form"] == "statement") == is_none


@pytest.mark.parametrize("row", rows_of("labels"))
def test_the_label_of_several_items(row: Row) -> None:
    handlings = [code for code in row["handlings"].split(";") if code]
    tally = ConsentTally()
    for number, code in enumerate(handlings, start=1):
        text = json.dumps({"consent": {}, "handling": code}, separators=(",", ":"))
        consent = None if code == "-" else ConsentStatement(number, "00" * 16, parse_terms(text))
        content = ContentStatement(number, "00" * 16, ItemType.DIRECTORY)
        tally.add(Item(number, content, None, consent=consent))

    assert tally.summarize(None).strictest_handling == row["label"]

    assert reference.label([None if code == "-" else code for code in handlings]) == row["label"]


@pytest.mark.parametrize("row", rows_of("passing-on"))
def test_who_passes_on(row: Row) -> None:
    history = [(event, agent) for event, _, agent in (step.partition(":") for step in row["history"].split())]
    agent = row["agent"] or None

    assert passes_on([(Event(event), signer) for event, signer in history], agent) == (row["expect"] == "yes")

    assert reference.was_received(history, agent) == (row["expect"] == "yes")


def test_every_rule_on_terms_that_make_no_sense_is_broken_by_a_row() -> None:
    rows = [row.values[0] for row in rows_of("sense")]
    found = {
        contradiction for row in rows for contradiction in find_contradictions(parse_terms(row["terms"]), whole=True)
    }
    assert len({sentence.split(",")[0] for sentence in found}) >= 7
