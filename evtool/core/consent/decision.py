"""May an item go to this recipient, for this purpose, on this day? One function answers, and says why not.

What is not allowed in so many words is refused. Some refusals are final; others can be answered by a second person,
who confirms that what the terms ask for has been done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from enum import Enum

from msgspec import Struct

from evtool.core.consent.agreements import Agreement, Agreements, narrow, tell_duties
from evtool.core.consent.items import ItemConsent, ItemTerms, TermsWithheld, terms_that_count
from evtool.core.consent.refusal import Reason, Refusal
from evtool.core.finding import Listed, Words
from evtool.core.ssh.key import PublicKey
from evtool.core.terms.terms import (
    PERMITTING,
    Condition,
    ConsentTerms,
    Handling,
    Identity,
    Permission,
    Purpose,
    Status,
    code_text,
    is_region,
    unknown_codes,
)
from evtool.core.text.codes import check_code
from evtool.core.values import replace

LEGAL_ADVICE = "legal-advice"
"""Confirmation that legal advice was taken on disclosure to an accused, where `defence` is not yes or ask."""

ONWARD_AGREED = "onward-agreed"
"""Confirmation that whoever was to be asked agreed to its being passed on, where `onward` is ask."""


class RecipientKind(Enum):
    """What a recipient is; one recipient can be several of these."""

    COURT = "court"
    UN_BODY = "un-body"
    STATE_AUTHORITY = "state-authority"
    NGO = "ngo"
    RESEARCH = "research"
    MEDIA = "media"
    PUBLIC = "public"
    """Publication: whoever wants to see it."""


class Recipient(Struct, frozen=True):
    """What the user knows of a recipient. What is not known counts as what would be refused.

    Attributes:
        code: what terms and entries call it.
        organisation: code of the organisation it belongs to, if not itself.
        kinds: what it is; empty is not known.
        purposes: what it may receive anything for.
        agreements: numbers of the data-sharing agreements it has signed.
        region: two letters of ISO 3166-1, where it works, or None.
        death_penalty: whether the death penalty can follow from what it does; None is not known.
    """

    code: str
    organisation: str | None = None
    kinds: frozenset[RecipientKind] = frozenset()
    purposes: frozenset[Purpose | str] = frozenset()
    agreements: frozenset[str] = frozenset()
    region: str | None = None
    death_penalty: bool | None = None

    def __post_init__(self) -> None:
        check_code(self.code)


class Request(Struct, frozen=True):
    """What somebody wants to do.

    Attributes:
        recipient: who is to get it.
        purpose: what for.
        day: when.
        agreements: the agreements that the user lists, or None if the user keeps no list of them; whoever asks has to
            say which.
        agent: code of the person who hands it over, or None if that is not known.
        is_onward: whether that person's side received the collection from others, so that this passes it on.
        confirmed: what a second person confirms: codes of conditions, codes that this version does not know,
            `LEGAL_ADVICE`, `ONWARD_AGREED`.
        approved_by: code of that second person.
        is_publication: whether it goes to everybody, for whatever it is that its own terms allow; `purpose`, the code
            of the recipient and what is confirmed count for nothing then.
        key: the key with which `agent` signs, or None if that is not known.
        other_codes: codes that stand for the same person as `agent`: before their key was changed, or after.
        authority: what is said to allow it, in words; an agreement that it names counts as one of the item's terms.
    """

    recipient: Recipient
    purpose: Purpose | str
    day: date
    agreements: Agreements | None
    agent: str | None = None
    is_onward: bool = False
    confirmed: frozenset[str] = frozenset()
    approved_by: str | None = None
    is_publication: bool = False
    key: PublicKey | None = None
    other_codes: frozenset[str] = frozenset()
    authority: str | None = None

    @property
    def makes_public(self) -> bool:
        """Whether everybody may see the item afterwards."""
        return self.is_publication or RecipientKind.PUBLIC in self.recipient.kinds

    @property
    def has_second_agent(self) -> bool:
        """Whether the confirmations come from somebody else than who asks; both have to be known for that."""
        if self.agent is None or self.approved_by is None:
            return False
        return self.approved_by != self.agent and self.approved_by not in self.other_codes


class Decision(Struct, frozen=True):
    """The answer.

    Attributes:
        reasons: all reasons why not; empty if it is allowed.
        duties: what has to be kept to by whoever gets it, a short phrase each.
    """

    reasons: tuple[Refusal, ...]
    duties: tuple[Words, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the item may go."""
        return not self.reasons


class ConsentAnswer(Struct, frozen=True):
    """Consent of one item, and whether it may go."""

    consent: ItemConsent
    decision: Decision


def decide(known: ItemTerms, request: Request, untrusted: Sequence[int] = ()) -> Decision:
    """Decide over one item, given the terms in force for it.

    `untrusted` are the numbers of those entries that it is sealed by, or that changed its terms, whose keys the user
    does not trust: what they say permits nothing, and that they say nothing does not either.
    """
    terms = terms_that_count(known)
    listed = request.agreements
    numbers = () if listed is None else listed.numbers_for(terms, request.authority)
    binding = () if listed is None else listed.in_force(numbers, request.day)
    needed = [*_reservations(known, untrusted), *_by_all_terms(terms, request, binding)]
    needed += _by_agreements(terms, request, numbers)
    # What is confirmed is what this recipient will keep to: of everybody, nobody can confirm anything.
    asked = frozenset() if request.is_publication else request.confirmed
    confirmed = asked if request.has_second_agent else frozenset()
    reasons = [refusal for refusal in needed if refusal.confirm is None or refusal.confirm not in confirmed]
    if not request.has_second_agent and any(refusal.confirm in asked for refusal in reasons):
        reasons.append(Refusal(Reason.NO_SECOND_AGENT, Words("no-second-agent")))
    return Decision(tuple(dict.fromkeys(reasons)), tuple(_duties(terms, request.day, binding)))


def _by_agreements(terms: ConsentTerms, request: Request, numbers: Sequence[str]) -> Iterator[Refusal]:
    recipient, codes = request.recipient, set[str]()
    if not request.is_publication:
        codes = {code for code in (recipient.code, recipient.organisation) if code is not None}
    for number in numbers:
        if request.agreements is not None:
            purposes = _purposes_asked(terms, request)
            yield from request.agreements.judge(number, request.day, recipient.code, codes=codes, purposes=purposes)


def _purposes_asked(terms: ConsentTerms, request: Request) -> tuple[Purpose | str, ...]:
    """Give what the item is asked for; what everybody may have is for whatever its terms allow."""
    return (terms.purposes or ()) if request.is_publication else (request.purpose,)


def _by_all_terms(terms: ConsentTerms, request: Request, binding: Sequence[Agreement]) -> Iterator[Refusal]:
    """Give what the terms say, and what an agreement adds, with its number."""
    own = tuple(_by_terms(terms, request))
    if not binding:
        yield from own
        return
    added = {agreement.number: tuple(_by_terms(narrow(terms, [agreement]), request)) for agreement in binding}
    for refusal in _by_terms(narrow(terms, binding), request):
        numbers = [number for number, refusals in added.items() if refusal in refusals and refusal not in own]
        for number in numbers:
            says = Words("no-by-agreement", why=refusal.says, agreement=number)
            yield replace(refusal, says=says, agreement=number)
        if not numbers:
            yield refusal


def _by_terms(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    yield from _status(terms)
    yield from _days(terms, request.day)
    yield from _handling(terms, request)
    yield from _recipient(terms, request)
    yield from _purpose(terms, request)
    yield from _identity(terms, request.recipient)
    yield from _onward(terms, request)
    yield from _defence(terms, request)
    yield from _conditions(terms, request)
    yield from _unknown_codes(terms)


def _reservations(known: ItemTerms, untrusted: Sequence[int]) -> Iterator[Refusal]:
    if isinstance(known, TermsWithheld):
        yield Refusal(Reason.TERMS_WITHHELD, Words("no-terms-here"))
    for entry in untrusted:
        yield Refusal(Reason.TERMS_UNTRUSTED, Words("no-trust-in-terms", entry=entry))


_STATUS_REASONS = {
    None: Reason.STATUS_NOT_STATED,
    Status.UNKNOWN: Reason.STATUS_UNKNOWN,
    Status.REFUSED: Reason.STATUS_REFUSED,
    Status.WITHDRAWN: Reason.STATUS_WITHDRAWN,
    Status.REVOKED: Reason.STATUS_REVOKED,
    Status.EXPIRED: Reason.STATUS_EXPIRED,
}


def _status(terms: ConsentTerms) -> Iterator[Refusal]:
    status = terms.status
    if status is Status.NOT_REQUIRED and not terms.basis:
        yield Refusal(Reason.NO_BASIS, Words("no-basis"))
    # An unknown code is refused by `_strange`.
    if isinstance(status, str) or status in PERMITTING:
        return
    says = Words("no-status") if status is None else Words("no-by-status", status=status.value)
    yield Refusal(_STATUS_REASONS[status], says)


def _days(terms: ConsentTerms, day: date) -> Iterator[Refusal]:
    if terms.starts and day < terms.starts:
        yield Refusal(Reason.NOT_YET, Words("no-not-yet", day=str(terms.starts)))
    if terms.until and day >= terms.until:
        yield Refusal(Reason.EXPIRED, Words("no-expired", day=str(terms.until)))


def _handling(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    if request.makes_public and terms.handling is not Handling.PUBLIC:
        says = Words("no-publication")
        if not request.is_publication:
            says = Words("no-publisher", recipient=request.recipient.code)
        yield Refusal(Reason.NOT_PUBLIC, says)
    if terms.handling is None:
        yield Refusal(Reason.HANDLING_NOT_STATED, Words("no-handling"))
    elif terms.handling is Handling.CLOSED:
        yield Refusal(Reason.HANDLING_CLOSED, Words("no-closed"))


def _recipient(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    """Anyone who is listed is still asked for the agreement: a list narrows, and never widens."""
    recipient = request.recipient
    is_listed = terms.share is not None and recipient.code in terms.share and not request.is_publication
    if not is_listed and (terms.share is not None or terms.handling is Handling.NAMED):
        key = "no-nobody-named" if terms.share is None else "no-not-named"
        yield Refusal(Reason.RECIPIENT_NOT_NAMED, Words(key, recipient=recipient.code))
    if terms.handling is Handling.PARTNERS and not terms.agreement:
        yield Refusal(Reason.NOT_A_PARTNER, Words("no-agreement"))
    missing = [number for number in terms.agreement or () if number not in recipient.agreements]
    if missing:
        numbers = Listed(tuple(missing), len(missing))
        yield Refusal(Reason.NOT_A_PARTNER, Words("no-partner", recipient=recipient.code, agreements=numbers))


def _purpose(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    wanted = code_text(request.purpose)
    if terms.purposes is None:
        yield Refusal(Reason.PURPOSE_NOT_STATED, Words("no-purpose"))
    elif request.is_publication and not terms.purposes:
        yield Refusal(Reason.PURPOSE_NOT_COVERED, Words("no-purposes"))
    elif not request.is_publication and request.purpose not in terms.purposes:
        yield Refusal(Reason.PURPOSE_NOT_COVERED, Words("no-such-purpose", purpose=wanted))
    if request.purpose not in request.recipient.purposes and not request.is_publication:
        says = Words("no-purpose-of-recipient", recipient=request.recipient.code, purpose=wanted)
        yield Refusal(Reason.PURPOSE_NOT_OF_RECIPIENT, says)


def _identity(terms: ConsentTerms, recipient: Recipient) -> Iterator[Refusal]:
    is_public = not recipient.kinds or RecipientKind.PUBLIC in recipient.kinds
    is_court = RecipientKind.COURT in recipient.kinds and not is_public
    if (
        terms.identity is Identity.PUBLIC
        or isinstance(terms.identity, str)
        or (terms.identity is Identity.TO_RECIPIENT and not is_public)
        or (terms.identity is Identity.TO_COURT and is_court)
    ):
        return
    yield Refusal(Reason.IDENTITY, Words("no-identity", recipient=recipient.code), Condition.REDACT_IDENTITY.value)


def _onward(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    if not request.is_onward:
        return
    if terms.onward in (None, Permission.NO):
        yield Refusal(Reason.ONWARD_NO, Words("no-onward"))
    elif terms.onward is Permission.ASK:
        yield Refusal(Reason.ONWARD_ASK, Words("no-onward-unasked"), ONWARD_AGREED)


def _defence(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    """A court may have to disclose it to the accused: a promise to the contrary can end the trial."""
    purposes = _purposes_asked(terms, request)
    is_for_a_trial = any(code_text(purpose).startswith("accountability-") for purpose in purposes)
    if is_for_a_trial and terms.defence in (None, Permission.NO):
        yield Refusal(Reason.DEFENCE, Words("no-defence"), LEGAL_ADVICE)


def _conditions(terms: ConsentTerms, request: Request) -> Iterator[Refusal]:
    recipient = request.recipient
    for condition in terms.conditions or ():
        code = code_text(condition)
        if condition is Condition.NO_STATE_AUTHORITY:
            if RecipientKind.STATE_AUTHORITY in recipient.kinds:
                yield Refusal(Reason.STATE_AUTHORITY, Words("no-state-authority", recipient=recipient.code))
            elif request.makes_public or not recipient.kinds:
                says = Words("no-state-authority-may-be", recipient=recipient.code)
                if request.makes_public:
                    says = Words("no-state-authority-public")
                yield Refusal(Reason.STATE_AUTHORITY, says)
        elif is_region(condition):
            if code != f"region:{recipient.region}":
                yield Refusal(Reason.REGION, Words("no-region", recipient=recipient.code, region=code))
        elif condition is Condition.NO_DEATH_PENALTY and recipient.death_penalty is False:
            continue
        elif isinstance(condition, Condition):
            yield Refusal(Reason.CONDITION, Words("no-confirmation", condition=code), code)


_MAY_BE_CONFIRMED = ("by", "for", "conditions")
"""Terms of which a person can judge a code that this version does not know; the others are the permission itself."""


def _unknown_codes(terms: ConsentTerms) -> Iterator[Refusal]:
    for name, codes in unknown_codes(terms).items():
        for code in codes:
            says = Words("no-unknown-code", term=name, code=code)
            yield Refusal(Reason.UNKNOWN_CODE, says, code if name in _MAY_BE_CONFIRMED else None)


def _duties(stated: ConsentTerms, day: date, binding: Sequence[Agreement]) -> Iterator[Words]:
    """What a recipient has to know beside the answer."""
    terms = narrow(stated, binding)
    if terms.onward is not Permission.YES:
        yield Words("duty-onward-no" if terms.onward in (None, Permission.NO) else "duty-onward-ask")
    if terms.defence is Permission.ASK:
        yield Words("duty-defence-ask")
    if terms.review and day >= terms.review:
        yield Words("duty-review", day=str(terms.review))
    if stated.until:
        yield Words("duty-until", day=str(stated.until))
    yield from tell_duties(binding)
    yield from (Words("duty-condition", condition=code_text(condition)) for condition in terms.conditions or ())
