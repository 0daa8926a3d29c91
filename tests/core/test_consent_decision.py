"""Who may get what: the decision table, a second opinion, and that stricter terms never allow more."""

from __future__ import annotations

import csv
import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from evtool.core.consent.agreements import Agreement, Agreements, narrow
from evtool.core.consent.decision import Decision, Recipient, RecipientKind, Request, decide
from evtool.core.consent.items import (
    ItemTerms,
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    terms_in_force,
    terms_that_count,
)
from evtool.core.consent.refusal import Reason
from evtool.core.consent.state import ConsentChange
from evtool.core.terms.terms import (
    Condition,
    ConsentTerms,
    Giver,
    Handling,
    Identity,
    Permission,
    Purpose,
    Status,
    terms_of,
)
from evtool.core.values import replace
from evtool.keys.recipients import load_recipients
from evtool.operations.bundle.options import Disclosure
from evtool.operations.record.trust import TrustPolicy
from evtool.report.language import english
from tests.attacks.consent_reference import Question, refused
from tests.keys.lists import parse_agreements

VECTORS = Path(__file__).parents[1] / "vectors" / "consent"
RECIPIENTS = load_recipients(VECTORS / "recipients.toml")
AGREEMENTS = parse_agreements((VECTORS / "agreements.toml").read_bytes())
LISTED: dict[str, dict[str, Any]] = tomllib.loads((VECTORS / "agreements.toml").read_text("utf-8"))["agreement"]
TERM_COLUMNS = (
    *("handling", "status", "by", "for", "share", "identity", "onward", "defence", "conditions"),
    *("from", "until", "agreement", "basis"),
)
LISTS = ("for", "share", "conditions")


EVERYBODY = Disclosure.publication(None, None, TrustPolicy()).recipient


def read_rows() -> list[dict[str, str]]:
    with (VECTORS / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = read_rows()


def split(text: str) -> list[str]:
    return sorted(code for code in text.split(";") if code)


def spelled_terms(row: dict[str, str], name: str) -> Any:
    """Give a cell as a statement spells it; one agreement is text, several are a list."""
    if row[name] == "none":
        return []
    codes = split(row[name])
    if name == "agreement" and len(codes) > 1:
        return codes
    return codes if name in LISTS else row[name]


def known_of_row(row: dict[str, str]) -> ItemTerms:
    document = {name: spelled_terms(row, name) for name in TERM_COLUMNS if row[name]}
    handling = document.pop("handling", None)
    stated: ConsentTerms | None = None
    if document or handling:
        stated = terms_of({"consent": document} if handling is None else {"consent": document, "handling": handling})
    if row["known"] == "withheld":
        changes = [] if stated is None else [ConsentChange(2, datetime(2026, 1, 1, tzinfo=UTC), None, stated)]
        return terms_in_force(TermsWithheld(), 1, changes)
    return TermsNeverStated() if stated is None else TermsStated(stated)


def decide_row(row: dict[str, str]) -> Decision:
    return decide(known_of_row(row), request_of_row(row), [int(number) for number in split(row["untrusted"])])


def decide_stated(terms: ConsentTerms, request: Request) -> Decision:
    return decide(TermsStated(terms), request)


def request_of_row(row: dict[str, str]) -> Request:
    purposes = {purpose.value: purpose for purpose in Purpose}
    is_publication = row["to"] == "everybody"
    return Request(
        recipient=EVERYBODY if is_publication else RECIPIENTS.find(row["to"]).recipient,
        purpose=purposes.get(row["purpose"], row["purpose"]),
        is_publication=is_publication,
        day=date.fromisoformat(row["date"]),
        agent="A03",
        is_onward=row["passes_on"] == "yes",
        confirmed=frozenset(split(row["confirm"])),
        approved_by=row["approved_by"] or None,
        agreements=AGREEMENTS if row["listed"] else None,
        authority=row["authority"] or None,
    )


def question_of(request: Request) -> Question:
    recipient = request.recipient
    return Question(
        to=None if request.is_publication else recipient.code,
        kinds=frozenset(kind.value for kind in recipient.kinds),
        may_receive_for=frozenset(
            purpose if isinstance(purpose, str) else purpose.value for purpose in recipient.purposes
        ),
        agreements=recipient.agreements,
        region=recipient.region,
        death_penalty=recipient.death_penalty,
        purpose=request.purpose if isinstance(request.purpose, str) else request.purpose.value,
        day=request.day,
        confirmed=request.confirmed,
        two_people=bool(request.agent and request.approved_by and request.agent != request.approved_by),
        passes_on=request.is_onward,
        organisation=recipient.organisation,
        authority=request.authority or "",
        listed=None if request.agreements is None else listed_of(request.agreements),
    )


def listed_of(agreements: Agreements) -> dict[str, dict[str, Any]]:
    """Give the list as its file has it: for the vectors that file itself."""
    if agreements is AGREEMENTS:
        return LISTED
    return {number: tomllib.loads(tomli_w.dumps(spelled(each))) for number, each in agreements.by_number.items()}


def spelled(agreement: Agreement) -> dict[str, Any]:
    values = to_builtins(agreement, builtin_types=(date,))
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row['why']}" for number, row in enumerate(ROWS, start=2)])
def test_the_decision_table(row: dict[str, str]) -> None:
    decision = decide_row(row)

    found = [refusal.reason.value for refusal in decision.reasons]
    assert found == ([] if row["expect"] == "allowed" else row["expect"].split(";"))
    assert decision.allowed == (row["expect"] == "allowed")


def test_the_table_is_large_and_mostly_refuses() -> None:
    assert len(ROWS) >= 80
    assert sum(row["expect"] != "allowed" for row in ROWS) > 0.7 * len(ROWS)
    assert len({row["why"] for row in ROWS}) == len(ROWS)
    reasons = {reason for row in ROWS for reason in row["expect"].split(";")} - {"allowed"}
    assert reasons == {reason.value for reason in Reason}


@pytest.mark.parametrize("row", ROWS, ids=[str(number) for number in range(2, len(ROWS) + 2)])
def test_the_table_is_what_the_second_opinion_says(row: dict[str, str]) -> None:
    known = known_of_row(row)
    expected = [] if row["expect"] == "allowed" else sorted(row["expect"].split(";"))
    reasons = refused(
        terms_that_count(known).stated,
        question_of(request_of_row(row)),
        withheld=row["known"] == "withheld",
        untrusted=len(split(row["untrusted"])),
    )
    assert reasons == expected


def test_nothing_stated_and_the_strictest_are_refused_to_everybody() -> None:
    for code in RECIPIENTS.by_code:
        recipient = RECIPIENTS.find(code).recipient
        for purpose in Purpose:
            request = Request(recipient, purpose, date(2026, 3, 1), None, "A03")
            assert not decide(TermsNeverStated(), request).allowed
            assert not decide(TermsWithheld(), request).allowed


# Any terms and any request ------------------------------------------------------------------------------------------

DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 9))
CODES = ("ohchr-dprk", "court-a", "x")
STRANGE = ["x-one", "x-two", "later"]


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


def codes(kind: Any) -> st.SearchStrategy[Any]:
    # Known codes far more often: terms with a strange one in every field are refused, and show nothing else.
    return st.sampled_from([*list(kind) * 5, *STRANGE])


def lists(values: st.SearchStrategy[Any], size: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    def spell(code: Any) -> str:
        return code if isinstance(code, str) else str(code.value)

    return st.lists(values, max_size=size, unique=True).map(lambda found: tuple(sorted(found, key=spell)))


TERMS = st.builds(
    ConsentTerms,
    handling=maybe(codes(Handling)),
    status=maybe(st.one_of(st.just(Status.GIVEN), codes(Status))),
    by=maybe(codes(Giver)),
    purposes=maybe(lists(codes(list(Purpose)[:3]))),
    share=maybe(lists(st.sampled_from(CODES))),
    identity=maybe(codes(Identity)),
    onward=maybe(codes(Permission)),
    defence=maybe(codes(Permission)),
    conditions=maybe(lists(codes(Condition) | st.sampled_from(["region:KR", "region:CH"]), size=2)),
    starts=maybe(DAYS),
    until=maybe(DAYS),
    review=maybe(DAYS),
    agreement=maybe(lists(st.sampled_from(["DSA-1", "DSA-2"]), size=2).filter(bool)),
    basis=maybe(st.just("published")),
)

AGREEMENT_LISTS = st.builds(
    lambda *found: Agreements({agreement.number: agreement for agreement in found}),
    *(
        st.builds(
            Agreement,
            number=st.just(number),
            parties=st.sampled_from([("ngo-3", "ohchr-dprk", "court-a", "x"), ("ngo-3", "x")]),
            signed=DAYS,
            purposes=lists(codes(list(Purpose)[:3])) | st.just(tuple(Purpose)),
            ends=maybe(DAYS),
            onward=maybe(st.sampled_from(Permission)),
            defence=maybe(st.sampled_from(Permission)),
            conditions=lists(codes(Condition) | st.sampled_from(["region:KR", "region:CH"]), size=2),
        )
        for number in ("DSA-1", "DSA-2")
    ),
)

REQUESTS = st.builds(
    Request,
    recipient=st.builds(
        Recipient,
        code=st.sampled_from(CODES),
        kinds=st.frozensets(st.sampled_from(list(RecipientKind)), max_size=2),
        purposes=st.frozensets(st.sampled_from(list(Purpose)[:3]), min_size=2),
        agreements=st.frozensets(st.sampled_from(["DSA-1", "DSA-2"])),
        region=maybe(st.sampled_from(["KR", "CH"])),
        death_penalty=maybe(st.booleans()),
    ),
    purpose=st.sampled_from(list(Purpose)[:3]),
    day=DAYS,
    agreements=st.none(),
    agent=st.sampled_from(["A03", None]),
    is_onward=st.booleans(),
    confirmed=st.frozensets(
        st.sampled_from(
            [condition.value for condition in Condition] + ["legal-advice", "onward-agreed", "x-one", "region:KR"]
        )
    ),
    approved_by=st.sampled_from(["A07", "A03", None]),
    authority=st.sampled_from([None, "order 5", "under dsa-2"]),
)


@given(TERMS, REQUESTS, maybe(AGREEMENT_LISTS))
def test_the_second_opinion_agrees_on_any_terms(
    terms: ConsentTerms, request: Request, agreements: Agreements | None
) -> None:
    request = replace(request, agreements=agreements)
    decision = decide_stated(terms, request)
    assert sorted(refusal.reason.value for refusal in decision.reasons) == refused(terms.stated, question_of(request))


@given(TERMS, REQUESTS, AGREEMENT_LISTS)
def test_a_list_of_agreements_never_allows_more(terms: ConsentTerms, request: Request, agreements: Agreements) -> None:
    """Whatever it says: all that stood against it without the list, or with an agreement more, still does."""
    terms = permissive(request) if request.is_onward else terms
    reasons = set(decide_stated(terms, request).reasons)
    assert reasons <= {*decide_stated(terms, replace(request, agreements=agreements)).reasons}
    assert narrow(narrow(terms, agreements.by_number.values()), agreements.by_number.values()) == narrow(
        terms, agreements.by_number.values()
    )


def permissive(request: Request) -> ConsentTerms:
    """Terms that allow just this request, so that making them stricter has something to take away."""
    return ConsentTerms(
        handling=Handling.PUBLIC,
        status=Status.GIVEN,
        purposes=(request.purpose,),
        identity=Identity.PUBLIC,
        onward=Permission.YES,
        defence=Permission.YES,
        agreement=tuple(sorted(request.recipient.agreements)) or None,
    )


SINGLE_ORDERS: dict[str, list[Any]] = {
    "handling": [None, *Handling],
    "identity": [None, *Identity],
    "onward": [None, *Permission],
    "defence": [None, *Permission],
}


def stricter(terms: ConsentTerms, draw: st.DataObject) -> ConsentTerms:
    """Make one term stricter, as the words of the vocabulary order them."""
    name = draw.draw(
        st.sampled_from([*SINGLE_ORDERS, "status", "purposes", "share", "conditions", "days", "agreement"])
    )
    if name in SINGLE_ORDERS:
        value = getattr(terms, name)
        order = SINGLE_ORDERS[name]
        if isinstance(value, str):
            return terms
        return replace(terms, **{name: draw.draw(st.sampled_from([*order[: order.index(value) + 1], "x-strange"]))})
    if name == "status":
        forbidding = [None, *(status for status in Status if status not in (Status.GIVEN, Status.NOT_REQUIRED))]
        return replace(terms, status=draw.draw(st.sampled_from([terms.status, *forbidding])))
    if name == "purposes":
        kept = draw.draw(st.sets(st.sampled_from(terms.purposes))) if terms.purposes else set()
        return replace(terms, purposes=tuple(purpose for purpose in terms.purposes or () if purpose in kept))
    if name == "share":
        if terms.share is None:
            # From whomever the handling allows to a list: stricter only where the handling asks for no list.
            named = lists(st.sampled_from(CODES))
            return replace(terms, share=draw.draw(named)) if terms.handling is Handling.PUBLIC else terms
        return replace(terms, share=tuple(recipient for recipient in terms.share if draw.draw(st.booleans())))
    if name == "conditions":
        more = draw.draw(codes(Condition) | st.sampled_from(["region:KR", "region:CH"]))
        return replace(terms, conditions=tuple(dict.fromkeys([*(terms.conditions or ()), more])))
    if name == "agreement":
        if terms.agreement is None and terms.handling is Handling.PARTNERS:
            return terms
        more = draw.draw(st.sampled_from(["DSA-1", "DSA-2"]))
        return replace(terms, agreement=tuple(sorted({*(terms.agreement or ()), more})))
    day = timedelta(days=draw.draw(st.integers(0, 3)))
    return replace(
        terms,
        starts=terms.starts + day if terms.starts else draw.draw(maybe(DAYS)),
        until=terms.until - day if terms.until else draw.draw(maybe(DAYS)),
    )


@given(TERMS, REQUESTS, st.booleans(), st.data())
def test_stricter_terms_never_allow_more(
    terms: ConsentTerms, request: Request, generous: bool, data: st.DataObject
) -> None:
    before = permissive(request) if generous else terms
    after = before
    for _ in range(data.draw(st.integers(1, 4))):
        after = stricter(after, data)
    if decide_stated(after, request).allowed:
        assert decide_stated(before, request).allowed


@settings(max_examples=100)
@given(TERMS, REQUESTS)
def test_asking_for_less_never_allows_less(terms: ConsentTerms, request: Request) -> None:
    """Fewer confirmations, no second person, or passing on what came from others: each only takes away."""
    worse = [
        replace(request, confirmed=frozenset()),
        replace(request, approved_by=None),
        replace(request, agent=request.approved_by),
        replace(request, is_onward=True),
        replace(request, recipient=replace(request.recipient, kinds=frozenset())),
        replace(request, recipient=replace(request.recipient, region=None, death_penalty=None)),
    ]
    for lesser in worse:
        if decide_stated(terms, lesser).allowed:
            assert decide_stated(terms, request).allowed or RecipientKind.PUBLIC in request.recipient.kinds


@given(REQUESTS)
def test_generous_terms_allow(request: Request) -> None:
    """The other way round: terms that allow everything are not refused by some rule that nobody sees."""
    allowed = replace(request, recipient=replace(request.recipient, purposes=frozenset({request.purpose})))
    assert decide_stated(permissive(request), allowed).allowed


def test_duties_are_told_with_the_permission() -> None:
    terms = ConsentTerms(
        handling=Handling.PUBLIC,
        status=Status.GIVEN,
        purposes=(Purpose.RESEARCH,),
        identity=Identity.PUBLIC,
        onward=Permission.ASK,
        defence=Permission.ASK,
        conditions=(Condition.NO_DEATH_PENALTY,),
        until=date(2027, 1, 1),
        review=date(2026, 1, 1),
    )
    recipient = Recipient("museum", purposes=frozenset({Purpose.RESEARCH}), death_penalty=False)

    decision = decide_stated(terms, Request(recipient, Purpose.RESEARCH, date(2026, 3, 1), None))

    assert decision.allowed
    assert tuple(map(english().say_words, decision.duties)) == (
        "ask before passing it on",
        "ask before disclosing it to an accused",
        "the person should have been asked again on 2026-01-01",
        "consent ends on 2027-01-01",
        "no-death-penalty",
    )


PUBLICLY = Recipient("public", kinds=frozenset({RecipientKind.PUBLIC}), purposes=frozenset(Purpose))


@settings(max_examples=400)
@given(TERMS, DAYS, st.booleans())
def test_what_everybody_may_have_is_public_and_goes_for_each_of_its_purposes(
    terms: ConsentTerms, day: date, is_onward: bool
) -> None:
    """Publication is never easier than asking for each stated purpose in turn, and takes public handling."""
    publication = Request(replace(PUBLICLY, purposes=frozenset()), "publication", day, None, "A03", is_onward)
    decision = decide_stated(terms, replace(publication, is_publication=True))
    assert decision.allowed <= (terms.handling is Handling.PUBLIC and bool(terms.purposes is not None))
    for purpose in terms.purposes or ():
        if isinstance(purpose, Purpose):
            one = decide_stated(terms, Request(PUBLICLY, purpose, day, None, "A03", is_onward))
            assert decision.allowed <= one.allowed


def test_ordinary_public_terms_may_be_published() -> None:
    """Else the property above would hold of nothing."""
    terms = terms_of(
        {
            "handling": "public",
            "consent": {"status": "given", "for": ["advocacy"], "identity": "public", "onward": "yes"},
        }
    )
    request = Request(
        replace(PUBLICLY, purposes=frozenset()), "publication", date(2026, 3, 1), None, is_publication=True
    )
    assert decide_stated(terms, request).allowed
    for handling in (Handling.CLOSED, Handling.NAMED, Handling.PARTNERS, None):
        refusals = decide_stated(replace(terms, handling=handling), request).reasons
        assert Reason.NOT_PUBLIC in {refusal.reason for refusal in refusals}
