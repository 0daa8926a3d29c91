"""Agreements beside the decision table: who said no, what the recipient is told, and what ends soon."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest

from evtool.core.consent.agreements import Agreement, Agreements, AtEnd, agreements_ending
from evtool.core.consent.decision import Decision, Recipient, RecipientKind, Request, decide
from evtool.core.consent.items import TermsStated
from evtool.core.terms.terms import Condition, ConsentTerms, Handling, Identity, Permission, Purpose, Status
from evtool.core.values import replace
from evtool.report.language import english, load_language

TERMS = ConsentTerms(
    handling=Handling.PUBLIC,
    status=Status.GIVEN,
    purposes=(Purpose.RESEARCH,),
    identity=Identity.PUBLIC,
    onward=Permission.YES,
    defence=Permission.YES,
    until=date(2030, 1, 1),
    agreement=("DSA-1", "DSA-2"),
)
OFFICE = Recipient(
    "B7",
    kinds=frozenset({RecipientKind.NGO}),
    purposes=frozenset({Purpose.RESEARCH}),
    agreements=frozenset({"DSA-1", "DSA-2"}),
)
DSA = Agreement("DSA-1", ("B7", "ngo-3"), date(2026, 1, 1), (Purpose.RESEARCH,))


def ask(*listed: Agreement, terms: ConsentTerms = TERMS, **changes: Any) -> Decision:
    agreements = Agreements({agreement.number: agreement for agreement in listed})
    request = Request(OFFICE, Purpose.RESEARCH, date(2026, 3, 1), agreements, is_onward=True)
    return decide(TermsStated(terms), replace(request, **changes))


def test_nobody_can_ask_without_saying_which_agreements_the_user_keeps() -> None:
    with pytest.raises(TypeError):
        cast(Any, Request)(OFFICE, Purpose.RESEARCH, date(2026, 3, 1))


def test_the_agreement_that_says_no_is_named() -> None:
    no = replace(DSA, onward=Permission.NO, conditions=(Condition.CLOSED_SESSION,))
    asking = replace(DSA, number="DSA-2", onward=Permission.ASK, conditions=(Condition.CLOSED_SESSION,))
    decision = ask(no, asking)
    said = [(english().say_words(refusal.says), refusal.agreement, refusal.confirm) for refusal in decision.reasons]
    onward = "a recipient may not pass it on; a colleague has to be admitted first (agreement DSA-1)"
    assert said == [
        (onward, "DSA-1", None),
        ("nobody has confirmed closed-session (agreement DSA-1)", "DSA-1", "closed-session"),
        ("nobody has confirmed closed-session (agreement DSA-2)", "DSA-2", "closed-session"),
    ]
    in_korean = load_language("ko")
    assert all("(협약 DSA-" in in_korean.say_words(refusal.says) for refusal in decision.reasons)


def test_what_the_item_says_itself_is_laid_on_no_agreement() -> None:
    no = replace(DSA, onward=Permission.NO)
    (refusal,) = ask(no, terms=replace(TERMS, onward=Permission.NO, agreement=("DSA-1",))).reasons
    assert refusal.agreement is None


def test_a_number_in_other_letters_is_refused_and_the_listed_one_named() -> None:
    terms = replace(TERMS, agreement=("dsa-1",))
    decision = ask(DSA, terms=terms, recipient=replace(OFFICE, agreements=frozenset({"dsa-1"})))
    (refusal,) = decision.reasons
    assert english().say_words(refusal.says) == (
        "the agreement dsa-1 is not in your list of agreements, which has DSA-1"
    )


def test_a_recipient_is_told_what_the_agreement_asks_of_it() -> None:
    more = replace(
        DSA,
        ends=date(2029, 1, 1),
        at_end=AtEnd.RETURN,
        breach_notice_hours=72,
        defence=Permission.ASK,
        conditions=(Condition.NO_DEATH_PENALTY,),
    )
    decision = ask(more, terms=replace(TERMS, agreement=("DSA-1",)), recipient=replace(OFFICE, death_penalty=False))
    assert decision.allowed
    assert [english().say_words(duty) for duty in decision.duties] == [
        "ask before disclosing it to an accused",
        "consent ends on 2030-01-01",
        "the agreement DSA-1 ends on 2029-01-01: give it back by then",
        "tell the sender of a breach within 72 hours (agreement DSA-1)",
        "no-death-penalty",
    ]


def test_what_ends_soon_or_has_ended_is_listed_soonest_first() -> None:
    ends = {"B": date(2026, 3, 31), "A": date(2026, 3, 31), "late": date(2026, 4, 1), "gone": date(2020, 1, 1)}
    agreements = [replace(DSA, number=number, ends=day) for number, day in ends.items()]
    listed = Agreements({agreement.number: agreement for agreement in [*agreements, DSA]})
    found = agreements_ending(listed, date(2026, 3, 1), 30)
    assert [agreement.number for agreement in found] == ["gone", "A", "B"]
