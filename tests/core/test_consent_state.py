"""What is in force after changes: the newest status, the strictest of everything else, and never more than before."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.consent.decision import Request
from evtool.core.consent.items import (
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    consent_of,
    sealed_terms,
    terms_that_count,
)
from evtool.core.consent.state import (
    ConsentChange,
    change_terms,
    combine_terms,
    find_ineffective,
)
from evtool.core.consent.summary import NOT_STATED, ConsentTally
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ConsentStatement, ContentStatement, ItemType
from evtool.core.terms.terms import (
    PERMITTING,
    STRICTEST,
    Condition,
    ConsentTerms,
    Handling,
    Identity,
    Permission,
    Purpose,
    Status,
)
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.values import replace
from tests.core.test_consent_decision import REQUESTS, TERMS, decide_stated

NOW = datetime(2026, 3, 1, tzinfo=UTC)
GIVEN = ConsentTerms(
    handling=Handling.NAMED,
    status=Status.GIVEN,
    purposes=(Purpose.RESEARCH, Purpose.UN_REPORTING),
    share=("court-a", "ohchr-dprk"),
    identity=Identity.TO_COURT,
    onward=Permission.ASK,
    until=date(2030, 1, 1),
    ref="CF-1",
)


def change(entry: int, terms: ConsentTerms, items: str | None = None) -> ConsentChange:
    ranges: ItemRanges | None = parse_ranges(items.split(",")) if items else None
    return ConsentChange(entry, NOW, ranges, terms)


SALT = "00" * 16


def item(number: int, terms: ConsentTerms | None) -> Item:
    content = ContentStatement(number, SALT, ItemType.DIRECTORY)
    return Item(number, content, None, consent=None if terms is None else ConsentStatement(number, SALT, terms))


def effective_terms(
    number: int, sealed_by: int, terms: ConsentTerms | None, changes: list[ConsentChange]
) -> ConsentTerms | None:
    """Give what is in force for an item of which all is disclosed."""
    known = consent_of(number, sealed_terms(item(number, terms)), sealed_by, changes).in_force
    assert isinstance(known, (TermsStated, TermsNeverStated))
    return known.terms if isinstance(known, TermsStated) else None


def test_a_withdrawal_counts_at_once_and_a_new_consent_counts_again() -> None:
    changes = [
        change(2, ConsentTerms(status=Status.WITHDRAWN)),
        change(3, ConsentTerms(status=Status.GIVEN, ref="CF-2")),
    ]
    withdrawn = effective_terms(1, 1, GIVEN, changes[:1])
    again = effective_terms(1, 1, GIVEN, changes)
    assert withdrawn == replace(GIVEN, status=Status.WITHDRAWN)
    assert again == replace(GIVEN, ref="CF-2")


WIDENING = [
    (ConsentTerms(handling=Handling.PUBLIC), "handling"),
    (ConsentTerms(purposes=(Purpose.ADVOCACY, Purpose.RESEARCH, Purpose.UN_REPORTING)), "for"),
    (ConsentTerms(share=("court-a", "ohchr-dprk", "web")), "share"),
    (ConsentTerms(identity=Identity.PUBLIC), "identity"),
    (ConsentTerms(onward=Permission.YES), "onward"),
    (ConsentTerms(until=date(2040, 1, 1)), "until"),
]


@pytest.mark.parametrize(("wider", "name"), WIDENING, ids=[name for _, name in WIDENING])
def test_a_change_cannot_widen_what_the_person_was_told(wider: ConsentTerms, name: str) -> None:
    assert change_terms(GIVEN, wider) == GIVEN
    assert find_ineffective(GIVEN, wider) == (name,)


NARROWING = [
    ConsentTerms(handling=Handling.CLOSED),
    ConsentTerms(purposes=(Purpose.RESEARCH,)),
    ConsentTerms(share=()),
    ConsentTerms(identity=Identity.WITHHELD),
    ConsentTerms(onward=Permission.NO),
    ConsentTerms(defence=Permission.NO),
    ConsentTerms(conditions=(Condition.CLOSED_SESSION,)),
    ConsentTerms(until=date(2027, 1, 1)),
    ConsentTerms(starts=date(2027, 1, 1)),
    ConsentTerms(handling="x-embargo"),
]


@pytest.mark.parametrize("narrower", NARROWING, ids=[next(iter(terms.stated)) for terms in NARROWING])
def test_a_change_can_narrow(narrower: ConsentTerms) -> None:
    after = change_terms(GIVEN, narrower)
    assert find_ineffective(GIVEN, narrower) == ()
    for name, value in narrower.stated.items():
        assert after.stated[name] == value


def test_what_nobody_knows_stays_in_the_way_of_what_everybody_knows() -> None:
    strange = replace(GIVEN, handling="x-embargo")
    assert change_terms(strange, ConsentTerms(handling=Handling.PUBLIC)).handling == "x-embargo"
    assert change_terms(strange, ConsentTerms(handling=Handling.CLOSED)).handling == "x-embargo"


def test_a_second_agreement_has_to_be_kept_beside_the_first() -> None:
    both = change_terms(ConsentTerms(agreement=("DSA-1",)), ConsentTerms(agreement=("DSA-2",)))
    assert both.agreement == ("DSA-1", "DSA-2")


def test_changes_concern_the_items_they_name() -> None:
    withdrawal = ConsentTerms(status=Status.WITHDRAWN)
    some, everything = change(4, withdrawal, "2,5-6"), change(4, withdrawal)
    assert [number for number in range(1, 8) if some.concerns(number, 1)] == [2, 5, 6]
    # All that was sealed before it; what is sealed later was not meant, and could not be.
    assert everything.concerns(7, 3)
    assert not everything.concerns(8, 5)


def test_an_item_sealed_after_a_withdrawal_that_names_it_keeps_its_newer_status() -> None:
    early = change(2, ConsentTerms(status=Status.WITHDRAWN, onward=Permission.NO), "9")
    terms = effective_terms(9, 5, GIVEN, [early])
    assert terms == replace(GIVEN, onward=Permission.NO)


def test_an_item_without_terms_can_get_some_later() -> None:
    assert effective_terms(1, 1, None, []) is None
    assert effective_terms(1, 1, None, [change(2, GIVEN)]) == GIVEN


def test_the_stricter_of_directory_and_item_counts() -> None:
    refused, given_too = ConsentTerms(status=Status.REFUSED), ConsentTerms(status=Status.GIVEN)
    assert combine_terms(refused, given_too).status is Status.REFUSED
    assert combine_terms(given_too, refused).status is Status.REFUSED
    assert combine_terms(given_too, ConsentTerms(status="x-paused")).status == "x-paused"


def covers(terms: ConsentTerms, change: ConsentTerms) -> bool:
    """Whether every term of a change but those of the status was stated before."""
    newest = {"status", "by", "ref", "basis", "note", "review"}
    return set(change.stated) - newest <= set(terms.stated)


@given(TERMS, TERMS, REQUESTS)
def test_a_change_never_allows_more_than_its_new_status_does(
    before: ConsentTerms, change: ConsentTerms, request: Request
) -> None:
    # What was never stated may be stated for the first time, and then allow something: that is not a widening.
    if not covers(before, change):
        return
    after = change_terms(before, change)
    if decide_stated(after, request).allowed:
        reasons = {refusal.reason.value for refusal in decide_stated(before, request).reasons}
        allowed_by_status = {reason for reason in reasons if reason.startswith("status-") or reason == "no-basis"}
        assert reasons - allowed_by_status - {"unknown-code", "no-second-agent"} == set()
        assert "unknown-code" not in reasons or isinstance(before.status, str) or isinstance(before.by, str)


@settings(max_examples=60)
@given(TERMS, TERMS, TERMS)
def test_putting_together_is_associative(one: ConsentTerms, two: ConsentTerms, three: ConsentTerms) -> None:
    """But for what explains a status: that is left out with the status that does not count, layer by layer."""
    assert change_terms(change_terms(one, two), three) == change_terms(one, change_terms(two, three))
    left = combine_terms(combine_terms(one, two), three)
    right = combine_terms(one, combine_terms(two, three))
    assert replace(left, by=None, basis=None) == replace(right, by=None, basis=None)


@settings(max_examples=60)
@given(TERMS)
def test_saying_the_same_again_changes_nothing(terms: ConsentTerms) -> None:
    assert change_terms(terms, terms) == terms == combine_terms(terms, terms)
    assert find_ineffective(terms, terms) == ()


@settings(max_examples=60)
@given(TERMS, TERMS, REQUESTS)
def test_a_directory_never_allows_more_than_the_item(
    outer: ConsentTerms, inner: ConsentTerms, request: Request
) -> None:
    combined = combine_terms(outer, inner)
    if inner.status not in PERMITTING or outer.status not in (None, *PERMITTING):
        assert combined.status not in PERMITTING or inner.status is None
    if covers(inner, outer) and inner.status is not None and decide_stated(combined, request).allowed:
        reasons = {refusal.reason.value for refusal in decide_stated(inner, request).reasons}
        # Only what explains the status may come from outside.
        assert reasons <= {"no-basis"}


@settings(max_examples=60)
@given(
    st.lists(st.none() | TERMS, max_size=12),
    st.lists(st.tuples(TERMS, st.sampled_from([None, "1", "2-5"])), max_size=3),
)
def test_a_tally_counts_what_one_by_one_counts(
    stated: list[ConsentTerms | None], given_changes: list[tuple[ConsentTerms, str | None]]
) -> None:
    changes = [change(number, terms, items) for number, (terms, items) in enumerate(given_changes, start=2)]
    halves = [ConsentTally(1, changes), ConsentTally(1, changes)]
    for number, terms in enumerate(stated, start=1):
        halves[number % 2].add(item(number, terms))
    halves[0].merge(halves[1])
    summary = halves[0].summarize(None)

    in_force = [effective_terms(number, 1, terms, changes) for number, terms in enumerate(stated, start=1)]
    assert summary.items == len(stated)
    assert summary.stated == sum(terms is not None for terms in in_force)
    for name in ("handling", "status", "onward"):
        spelled = [(terms.stated if terms else {}).get(name, NOT_STATED) for terms in in_force]
        assert getattr(summary, name) == {code: spelled.count(code) for code in sorted(set(spelled))}
    days = [terms.until for terms in in_force if terms and terms.until]
    assert summary.until == min(days, default=None)
    if any(terms is None or terms.handling in (None, Handling.CLOSED) for terms in in_force):
        assert summary.strictest_handling == "closed"


def test_a_tally_of_many_different_terms_forgets_none() -> None:
    tally = ConsentTally()
    for number in range(1, 3001):
        tally.add(item(number, ConsentTerms(status=Status.GIVEN, ref=f"CF-{number}")))
    assert tally.summarize(NOW).status == {"given": 3000}


def test_withheld_empty_and_never_stated_are_three_things() -> None:
    nothing_allowed = ConsentTerms(share=(), purposes=())
    assert sealed_terms(item(1, nothing_allowed)) == TermsStated(nothing_allowed)
    assert sealed_terms(item(1, None)) == TermsNeverStated()
    assert terms_that_count(TermsNeverStated()) == ConsentTerms()
    assert terms_that_count(TermsWithheld()) == STRICTEST


@settings(max_examples=60)
@given(TERMS)
def test_no_change_makes_up_for_terms_that_are_withheld(change_of_terms: ConsentTerms) -> None:
    """Whatever was recorded later: what was sealed may be stricter, so nothing but the status and its like moves."""
    known = consent_of(1, TermsWithheld(), 1, [change(2, change_of_terms)])
    assert isinstance(known.in_force, TermsWithheld)
    assert not known.permits
    terms = known.in_force.terms
    assert (terms.purposes, terms.share) == ((), ())
    assert terms.handling is Handling.CLOSED or isinstance(change_of_terms.handling, str)
    assert terms.identity is Identity.WITHHELD or isinstance(change_of_terms.identity, str)
