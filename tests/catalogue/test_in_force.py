"""Terms in force from the tree of entries: on one branch exactly those of the record, over several the strictest."""

from __future__ import annotations

import csv
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.consent.decision import decide
from evtool.core.consent.items import (
    ItemTerms,
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    consent_of,
    strictest_of,
)
from evtool.core.consent.state import ConsentChange
from evtool.core.errors import FormatError
from evtool.core.terms.terms import ConsentTerms, Handling, Identity, Permission, Purpose, Status, parse_terms
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.catalogue.in_force import StoredEntry, TermsInForce
from evtool.operations.catalogue.stored_terms import read_plain_terms, spell_plain_terms
from tests.core.test_consent_decision import ROWS, VECTORS, known_of_row, request_of_row

ITEMS = 6


def entry(name: str, sequence: int, event: str, previous: str | None, **more: str | None) -> StoredEntry:
    """Make a row; an entry is called by its name."""
    fields: dict[str, str | None] = dict.fromkeys(
        ("items", "party", "answers", "terms", "not_about", "vouched_by", "undone_by")
    )
    fields |= more
    before = None if previous is None else f"{previous}.sig"
    return StoredEntry(sequence, name, f"{name}.sig", previous, before, event, "A1", **fields)


def change(name: str, sequence: int, previous: str, terms: ConsentTerms, items: ItemRanges | None) -> StoredEntry:
    spelled = ",".join(items.serialize()) if items is not None else None
    return entry(name, sequence, "consent-changed", previous, items=spelled, terms=spell_plain_terms(terms))


SEAL = entry("seal", 1, "sealed", None, items=f"1-{ITEMS}")

TERMS = st.builds(
    ConsentTerms,
    handling=st.sampled_from([None, *Handling]),
    status=st.sampled_from([None, *Status]),
    purposes=st.sampled_from([None, (), (Purpose.UN_REPORTING,), (Purpose.RESEARCH, Purpose.UN_REPORTING)]),
    share=st.sampled_from([None, (), ("ohchr-dprk",), ("court-x", "ohchr-dprk")]),
    identity=st.sampled_from([None, *Identity]),
    onward=st.sampled_from([None, *Permission]),
)
ORDINARY = ROWS[0]
SEALED = st.one_of(st.just(known_of_row(ORDINARY)), st.just(TermsNeverStated()), st.builds(TermsStated, TERMS))
SOME = st.one_of(st.none(), st.sets(st.integers(1, ITEMS), min_size=1).map(ranges_of))
SMALL = st.builds(
    ConsentTerms,
    status=st.sampled_from([None, Status.GIVEN, Status.GIVEN, Status.WITHDRAWN]),
    share=st.sampled_from([None, None, ("ohchr-dprk",), ("court-x",)]),
)
CHANGES = st.lists(st.tuples(st.one_of(SMALL, SMALL, TERMS), SOME), max_size=3)


def branch(
    name: str, previous: str, first: int, changes: list[tuple[ConsentTerms, ItemRanges | None]]
) -> list[StoredEntry]:
    """Make the entries of one branch, each after the one before."""
    made: list[StoredEntry] = []
    for number, (terms, items) in enumerate(changes):
        made.append(change(f"{name}{number}", first + number, previous, terms, items))
        previous = made[-1].digest
    return made


def of_record(number: int, sealed: ItemTerms, changes: list[tuple[ConsentTerms, ItemRanges | None]]) -> ItemTerms:
    """What the record of one branch says, by the function that `pack` uses."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = [ConsentChange(at, now, items, terms) for at, (terms, items) in enumerate(changes, start=2)]
    return consent_of(number, sealed, 1, found).in_force


@settings(max_examples=80)
@given(sealed=SEALED, changes=CHANGES)
def test_of_one_record_they_are_those_of_the_record(
    sealed: ItemTerms, changes: list[tuple[ConsentTerms, ItemRanges | None]]
) -> None:
    stated = [(terms, items) for terms, items in changes if terms.stated]
    in_force = TermsInForce([SEAL, *branch("c", "seal", 2, stated)], is_forked=False)
    for number in range(1, ITEMS + 1):
        assert in_force.find(number, sealed).terms == of_record(number, sealed, stated)


@settings(max_examples=80)
@given(sealed=SEALED, shared=CHANGES, one=CHANGES, other=CHANGES)
def test_over_two_branches_nothing_is_allowed_that_one_of_them_forbids(
    sealed: ItemTerms,
    shared: list[tuple[ConsentTerms, ItemRanges | None]],
    one: list[tuple[ConsentTerms, ItemRanges | None]],
    other: list[tuple[ConsentTerms, ItemRanges | None]],
) -> None:
    trunk, left, right = ([each for each in part if each[0].stated] for part in (shared, one, other))
    stem = branch("s", "seal", 2, trunk)
    top = stem[-1].digest if stem else "seal"
    after = 2 + len(stem)
    entries = [SEAL, *stem, *branch("l", top, after, left), *branch("r", top, after, right)]
    in_force = TermsInForce(entries, is_forked=False)
    request = request_of_row(ORDINARY)
    for number in range(1, ITEMS + 1):
        found = in_force.find(number, sealed).terms
        branches = [of_record(number, sealed, [*trunk, *side]) for side in (left, right) if side]
        if decide(found, request).allowed:
            assert all(decide(each, request).allowed for each in branches)
        if len(branches) < 2:
            assert found == of_record(number, sealed, [*trunk, *left, *right]), "a silent branch does not count"


def test_the_vectors_of_changes() -> None:
    """Each row of together.csv whose second statement came later: sealed, changed, and read out of the tree."""
    with (VECTORS / "together.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["how"] == "changes"]
    assert len(rows) > 5
    for row in rows:
        first, second, expected = (parse_terms(row[name]) for name in ("first", "second", "expect"))
        sealed = TermsStated(read_plain_terms(spell_plain_terms(first)))
        in_force = TermsInForce([SEAL, change("c", 2, "seal", second, None)], is_forked=False)
        found = in_force.find(1, sealed)
        assert found.terms == TermsStated(read_plain_terms(spell_plain_terms(expected))), row["why"]
        assert found.entries == ("seal", "c")


GIVEN = ConsentTerms(status=Status.GIVEN)
GONE = ConsentTerms(status=Status.WITHDRAWN)


def test_a_change_that_is_undone_counts_where_that_is_not_known() -> None:
    """Taken back on one branch only: the other one still says withdrawn, and the entry that undoes it answers."""
    withdrawn = entry("c", 2, "consent-changed", "seal", terms=spell_plain_terms(GONE), undone_by="u")
    undo = entry("u", 3, "corrected", "c")
    alone = TermsInForce([SEAL, withdrawn, undo], is_forked=False).find(1, TermsStated(GIVEN))
    assert (alone.terms, alone.entries) == (TermsStated(GIVEN), ("seal", "u"))
    elsewhere = change("o", 3, "c", ConsentTerms(share=("B7",)), None)
    both = TermsInForce([SEAL, withdrawn, undo, elsewhere], is_forked=False).find(1, TermsStated(GIVEN))
    assert both.terms == TermsStated(ConsentTerms(status=Status.WITHDRAWN, share=("B7",)))
    assert both.entries == ("seal", "c", "o", "u")


def test_a_change_without_details_concerns_all_but_those_it_says() -> None:
    hidden = entry("c", 2, "consent-changed", "seal", not_about="5-6", vouched_by="d")
    in_force = TermsInForce([SEAL, hidden, entry("d", 3, "disclosed", "c")], is_forked=False)
    found = {number: in_force.find(number, TermsStated(GIVEN)) for number in range(1, ITEMS + 1)}
    assert [isinstance(each.terms, TermsWithheld) for each in found.values()] == [True] * 4 + [False] * 2
    assert (found[1].entries, found[5].entries) == (("seal", "c"), ("seal", "d")), "who vouches for it answers"


def test_a_notice_neither_seals_items_nor_gives_them_up() -> None:
    """What only a notice told counts for consent; a record that shows the same entries counts for all."""
    entries = [SEAL, entry("d", 2, "disposed", "seal", items="1"), entry("s", 3, "sealed", "d", items="1-2")]
    told = TermsInForce(entries, is_forked=False, told=frozenset(each.place for each in entries[1:]))
    assert (told.is_disposed(1, 1), told.find(1, TermsStated(GIVEN)).terms) == (False, TermsStated(GIVEN))
    shown = TermsInForce(entries, is_forked=False)
    assert (shown.is_disposed(1, 1), shown.find(1, TermsStated(GIVEN)).terms) == (True, TermsWithheld())


@pytest.mark.parametrize("is_forked", [True, False])
def test_of_a_fork_nothing_is_known_until_somebody_explains_it(is_forked: bool) -> None:
    entries = [SEAL, change("a", 2, "seal", GIVEN, None), change("b", 2, "seal", GONE, None)]
    found = TermsInForce(entries, is_forked=is_forked).find(1, TermsStated(GIVEN)).terms
    assert found == (TermsWithheld() if is_forked else TermsStated(GONE))


def test_what_one_branch_does_not_state_is_not_stated() -> None:
    """A recipient who states a purpose in a branch of their own has not asked the person."""
    widened = ConsentTerms(status=Status.GIVEN, purposes=(Purpose.RESEARCH,), handling=Handling.PUBLIC)
    assert strictest_of([TermsStated(GIVEN), TermsStated(widened)]) == TermsStated(GIVEN)
    assert strictest_of([TermsNeverStated(), TermsStated(widened)]) == TermsNeverStated()
    assert strictest_of([TermsStated(GIVEN), TermsWithheld()]) == TermsWithheld()


def test_more_changes_than_a_reader_accepts_are_no_permission() -> None:
    entries = branch("c", "seal", 2, [(GIVEN, None)] * 2000)
    with pytest.raises(FormatError):
        of_record(1, TermsStated(GIVEN), [(GIVEN, None)] * 2000)
    assert isinstance(TermsInForce([SEAL, *entries], is_forked=False).find(1, TermsStated(GIVEN)).terms, TermsWithheld)
