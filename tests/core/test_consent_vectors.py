"""The vectors of the page on consent beside the decisions: evtool and the second opinion say what each row says."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evtool.core.consent.state import change_terms, combine_terms
from evtool.core.consent.summary import ConsentTally
from evtool.core.custody.events import Admitted, Event, Fingerprint, PartyCode, Role
from evtool.core.custody.house import Act, Houses
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
    assert bool(list(find_contradictions(terms, whole=row["form"] == "statement"))) == is_none
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


def read_act(entry: int, step: str) -> tuple[Act, bool]:
    """Read one step of a history, and whether the user trusts its signer."""
    event, _, rest = step.partition(":")
    signer, arrow, who = rest.partition(">")
    agent, key = read_key(signer.removesuffix("?"))
    admitted = None
    if arrow:
        code, fingerprint = read_key(who.removeprefix(">"))
        role = Role.AFTER if who.startswith(">") else Role.BESIDE
        admitted = Admitted(PartyCode(code), Fingerprint(fingerprint), role)
    return Act(entry, Event(event), agent, key, admitted), not signer.endswith("?")


def read_key(text: str) -> tuple[str, str]:
    code, slash, key = text.partition("/")
    return code, key if slash else code


def as_step(act: Act, is_trusted: bool) -> reference.Step:
    who = act.admitted
    admitted = (str(who.agent), str(who.key)) if who else None
    return reference.Step(
        act.event.value, act.agent, act.key, is_trusted, admitted, who is not None and who.role is Role.AFTER
    )


def houses_of(steps: Sequence[tuple[Act, bool]]) -> Houses:
    trusted = {act.entry for act, is_trusted in steps if is_trusted}
    return Houses([act for act, _ in steps], is_trusted=lambda act: act.entry in trusted)


@pytest.mark.parametrize("row", rows_of("passing-on"))
def test_who_passes_on(row: Row) -> None:
    read = [read_act(entry, step) for entry, step in enumerate(row["history"].split(), start=1)]
    agent, key = read_key(row["agent"].removesuffix("!"))
    asked = {"agent": agent or None, "key": key or None, "is_trusted": row["agent"].endswith("!")}

    houses = houses_of(read)
    assert houses.acts_for_sender(**asked) == (row["expect"] == "no")  # type: ignore[arg-type]

    history = [as_step(act, is_trusted) for act, is_trusted in read]
    assert reference.was_received(history, **asked) == (row["expect"] == "yes")  # type: ignore[arg-type]


def test_every_rule_on_terms_that_make_no_sense_is_broken_by_a_row() -> None:
    rows = [row.values[0] for row in rows_of("sense")]
    found = {error.key for row in rows for error in find_contradictions(parse_terms(row["terms"]), whole=True)}
    assert len(found) >= 7


def test_who_passes_on_in_any_history() -> None:
    """Two thousand records of three codes and four keys, in which anybody admits anybody: both readers agree."""
    rng = random.Random(12)
    agents, keys = ["A1", "A2", "B7"], ["k1", "k2", "k3", "k4"]
    answers: Counter[bool] = Counter()
    for _ in range(2000):
        steps: list[tuple[Act, bool]] = []
        for entry in range(1, rng.randrange(3, 14)):
            event = rng.choice([*Event, Event.ADMITTED, Event.ADMITTED, Event.ADMITTED, Event.ACCESSED])
            role = rng.choice([*Role])
            who = Admitted(PartyCode(rng.choice(agents)), Fingerprint(rng.choice(keys)), role)
            admitted = who if event is Event.ADMITTED else None
            steps.append((Act(entry, event, rng.choice(agents), rng.choice(keys), admitted), rng.random() < 0.8))
        houses = houses_of(steps)
        history = [as_step(act, is_trusted) for act, is_trusted in steps]
        for agent in agents:
            for key in (None, *keys):
                for is_known in (False, True):
                    passes_on = not houses.acts_for_sender(agent, key, is_trusted=is_known)
                    assert passes_on == reference.was_received(history, agent, key, is_trusted=is_known), steps
                    answers[passes_on] += 1
    assert min(answers.values()) > 5000
