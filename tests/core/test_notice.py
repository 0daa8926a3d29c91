"""What a notice may change: it narrows, whatever it says and whatever was in force."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.consent.decision import Recipient, RecipientKind, Request, decide
from evtool.core.consent.items import TermsStated
from evtool.core.consent.notice import narrow, parse_notice
from evtool.core.consent.state import change_terms
from evtool.core.errors import FormatError
from evtool.core.terms.terms import (
    Condition,
    ConsentTerms,
    Giver,
    Handling,
    Identity,
    Permission,
    Purpose,
    Status,
)
from evtool.core.text.limits import MAX_NOTICE

DAYS = [date(2026, 1, 1), date(2026, 6, 1), date(2027, 1, 1)]


def maybe(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from([None, *values])


TERMS = st.builds(
    ConsentTerms,
    handling=maybe(*Handling, "x-other"),
    status=maybe(*Status, "x-other"),
    by=maybe(*Giver, "x-other"),
    purposes=maybe((), (Purpose.UN_REPORTING,), (Purpose.RESEARCH, Purpose.UN_REPORTING)),
    share=maybe((), ("B7",), ("B7", "C1"), ("C1",)),
    identity=maybe(*Identity, "x-other"),
    onward=maybe(*Permission),
    defence=maybe(*Permission),
    conditions=maybe((), (Condition.NO_STATE_AUTHORITY,), ("region:NL",)),
    starts=maybe(*DAYS),
    until=maybe(*DAYS),
    agreement=maybe((), ("DSA-1",), ("DSA-1", "DSA-2")),
    basis=maybe("open source"),
)

REQUESTS = [
    Request(
        recipient=Recipient(
            "B7",
            kinds=frozenset({kind}),
            purposes=frozenset({Purpose.UN_REPORTING, Purpose.RESEARCH}),
            agreements=agreements,
            region=region,
        ),
        purpose=purpose,
        day=day,
        agreements=None,
        is_onward=is_onward,
    )
    for kind in (RecipientKind.UN_BODY, RecipientKind.PUBLIC)
    for agreements in (frozenset[str](), frozenset({"DSA-1"}))
    for purpose, region in ((Purpose.UN_REPORTING, None), (Purpose.RESEARCH, "NL"))
    for day in (date(2025, 12, 1), date(2026, 3, 1))
    for is_onward in (False, True)
]


@settings(max_examples=50)
@given(TERMS, TERMS)
def test_what_was_refused_stays_refused(before: ConsentTerms, change: ConsentTerms) -> None:
    """And what the whole change would refuse of what it says in so many words is refused, too: a status, a day."""
    after = change_terms(before, narrow(before, change))
    whole = change_terms(before, change)
    for request in REQUESTS:
        is_allowed = decide(TermsStated(after), request).allowed
        assert decide(TermsStated(before), request).allowed or not is_allowed
        assert decide(TermsStated(whole), request).allowed or not is_allowed


def test_to_name_recipients_where_nobody_was_let_in_widens_nothing() -> None:
    """Partners without an agreement are nobody: a list of recipients in its place would be somebody."""
    before = ConsentTerms(Handling.PARTNERS, Status.GIVEN, purposes=(Purpose.RESEARCH,))
    change = ConsentTerms(Handling.NAMED, share=("B7",))
    assert not narrow(before, change).stated
    assert narrow(before, ConsentTerms(Handling.CLOSED)).handling is Handling.CLOSED


_BEGIN = b"\n-----BEGIN SSH SIGNATURE-----\n"


@pytest.mark.parametrize("data", [b"", b"{}", _BEGIN, b"{}" + _BEGIN])
def test_what_is_no_notice_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse_notice(data)


def test_a_notice_has_a_limit() -> None:
    with pytest.raises(FormatError, match=f"more than {MAX_NOTICE} bytes"):
        parse_notice(b"x" * (MAX_NOTICE + 1))
