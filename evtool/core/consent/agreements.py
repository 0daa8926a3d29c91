"""Agreements between organisations, as the user lists them: which of them say no, and what they narrow.

An agreement never lets anything go that the terms of an item do not: it has to be in force, between the right parties
and for the right purpose, and of what both state the strictest counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import Enum
from functools import lru_cache

from msgspec import Struct

from evtool.core.consent.refusal import Reason, Refusal
from evtool.core.consent.state import stricter_permission
from evtool.core.finding import Words
from evtool.core.terms.terms import Condition, ConsentTerms, Permission, Purpose, code_text
from evtool.core.values import replace


class AtEnd(Enum):
    """What a recipient does with the items when an agreement ends."""

    RETURN = "return"
    DESTROY = "destroy"
    KEEP = "keep"
    ASK = "ask"


class Coordination(Enum):
    """What two organisations may compare under an agreement, to find out who holds the same."""

    NONE = "none"
    FILES = "files"
    PEOPLE = "people"


class Agreement(Struct, frozen=True):
    """One agreement. What it does not state, it leaves to the terms of each item.

    Attributes:
        number: what terms and entries call it.
        parties: codes of the organisations or recipients that made it, sorted.
        signed: the day on which it was signed.
        purposes: what items may go for under it; empty: for nothing.
        starts: first day on which it is in force, if that is not the day on which it was signed.
        ends: first day on which it is no longer in force; None: no end is agreed on.
        review: day on which the parties look at it again.
        onward: whether a recipient may pass items on.
        defence: whether they may be disclosed to an accused.
        conditions: what must be kept to, beside what the items state.
        coordination: what may be compared under it.
        breach_notice_hours: within how many hours a recipient tells of a breach.
        at_end: what happens with the items when it ends.
        document: `sha256:` and the digest of the signed document, which is kept elsewhere.
    """

    number: str
    parties: tuple[str, ...]
    signed: date
    purposes: tuple[Purpose | str, ...]
    starts: date | None = None
    ends: date | None = None
    review: date | None = None
    onward: Permission | None = None
    defence: Permission | None = None
    conditions: tuple[Condition | str, ...] = ()
    coordination: Coordination | None = None
    breach_notice_hours: int | None = None
    at_end: AtEnd | None = None
    document: str | None = None

    @property
    def first_day(self) -> date:
        """The first day on which it is in force."""
        return self.starts or self.signed

    def is_in_force(self, day: date) -> bool:
        """Tell whether it is in force on a day: on its first day it is, on the day on which it ends it is not."""
        return self.first_day <= day and not self.has_ended(day)

    def has_ended(self, day: date) -> bool:
        """Tell whether it is no longer in force on a day."""
        return self.ends is not None and day >= self.ends

    def is_named_in(self, text: str) -> bool:
        """Tell whether a text names it: the number stands there by itself, in capitals or not.

        Letters of other alphabets may touch it: in Korean a particle follows without a blank.
        """
        number, words = _folded(self.number), _folded(text)
        return number in words and bool(re.search(rf"(?<![a-z0-9_-]){re.escape(number)}(?![a-z0-9_-])", words))


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class Agreements(Struct, frozen=True):
    """All agreements that the user lists, by their numbers."""

    by_number: Mapping[str, Agreement]

    def numbers_for(self, terms: ConsentTerms, authority: str | None) -> tuple[str, ...]:
        """Give the numbers that count for an item: those in its terms, and those of the list that `authority` names.

        A number in terms is compared letter by letter, and so refuses what is spelled in another way; what a person
        writes as authority would pass as other text, so there capitals make no difference.
        """
        numbers = set(terms.agreement or ())
        if authority is not None:
            numbers |= {number for number, agreement in self.by_number.items() if agreement.is_named_in(authority)}
        return tuple(sorted(numbers))

    def in_force(self, numbers: Iterable[str], day: date) -> tuple[Agreement, ...]:
        """Give those of these agreements that are listed and in force on a day."""
        found = (self.by_number.get(number) for number in numbers)
        return tuple(agreement for agreement in found if agreement is not None and agreement.is_in_force(day))

    def judge(
        self,
        number: str,
        day: date,
        recipient: str,
        *,
        codes: Collection[str],
        purposes: Iterable[Purpose | str],
    ) -> Iterator[Refusal]:
        """Give what stands against an item's going under the agreement `number`; no second person can answer it.

        `codes` are those that the recipient goes by, its organisation's among them; `recipient` is what it is called.
        """
        agreement = self.by_number.get(number)
        if agreement is None:
            alike = [listed for listed in self.by_number if _folded(listed) == _folded(number)]
            says = Words("no-agreement-unknown", agreement=number)
            if alike:
                says = Words("no-agreement-alike", agreement=number, listed=alike[0])
            yield Refusal(Reason.AGREEMENT_UNKNOWN, says, agreement=number)
            return
        if not agreement.is_in_force(day):
            has_ended = agreement.has_ended(day)
            turned = agreement.ends if has_ended else agreement.first_day
            says = Words("no-agreement-ended" if has_ended else "no-agreement-yet", agreement=number, day=str(turned))
            yield Refusal(Reason.AGREEMENT_ENDED, says, agreement=number)
        if not any(code in agreement.parties for code in codes):
            says = Words("no-agreement-party", agreement=number, recipient=recipient)
            yield Refusal(Reason.AGREEMENT_OTHER_PARTY, says, agreement=number)
        for purpose in purposes:
            if purpose not in agreement.purposes:
                says = Words("no-agreement-purpose", agreement=number, purpose=code_text(purpose))
                yield Refusal(Reason.AGREEMENT_PURPOSE, says, agreement=number)


def narrow(terms: ConsentTerms, agreements: Iterable[Agreement]) -> ConsentTerms:
    """Put the terms of an item together with the agreements that it goes under: of each term the strictest counts.

    What an item does not state stays so, as that is the strictest already, whatever an agreement allows.
    """
    for agreement in agreements:
        conditions, days = {*(terms.conditions or ()), *agreement.conditions}, [terms.until, agreement.ends]
        terms = replace(
            terms,
            onward=_stricter(terms.onward, agreement.onward),
            defence=_stricter(terms.defence, agreement.defence),
            conditions=tuple(sorted(conditions, key=code_text)) if conditions else terms.conditions,
            until=min((day for day in days if day is not None), default=None),
        )
    return terms


def _stricter(stated: Permission | str | None, agreed: Permission | None) -> Permission | str | None:
    return stated if stated is None or agreed is None else stricter_permission(stated, agreed)


def tell_duties(agreements: Iterable[Agreement]) -> Iterator[Words]:
    """Tell what a recipient has to know of the agreements that items go under."""
    for agreement in agreements:
        if agreement.ends is not None:
            way = "keep" if agreement.at_end is None else agreement.at_end.value
            yield Words(f"duty-agreement-{way}", agreement=agreement.number, day=str(agreement.ends))
        if agreement.breach_notice_hours is not None:
            yield Words("duty-breach", agreement=agreement.number, count=agreement.breach_notice_hours)


def agreements_ending(agreements: Agreements, day: date, within_days: int) -> tuple[Agreement, ...]:
    """Give the agreements that end within so many days after `day`, or have ended; the earliest end first.

    Those that have ended stay in the list: what was to be given back then may still be out.
    """
    last = day + timedelta(days=within_days)
    found = [agreement for agreement in agreements.by_number.values() if agreement.ends and agreement.ends <= last]
    return tuple(sorted(found, key=lambda agreement: (agreement.ends or last, agreement.number)))
