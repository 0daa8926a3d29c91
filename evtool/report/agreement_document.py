"""The JSON document about the user's list of agreements; the schema in `manifests/` is made from it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.consent.agreements import AtEnd, Coordination
from evtool.core.terms.terms import Permission


class AgreementShown(Struct, frozen=True, kw_only=True):
    """One agreement of the user's list; null is not stated, which leaves it to the terms of each item.

    Attributes:
        number: its number.
        parties: codes of those who made it.
        signed: day on which it was signed.
        starts: first day on which it is in force, or null if that is the day on which it was signed.
        ends: first day on which it is no longer in force, or null.
        review: day on which the parties look at it again, or null.
        purposes: what items may go for under it; empty: for nothing.
        onward: whether a recipient may pass items on, or null.
        defence: whether items may be disclosed to an accused, or null.
        conditions: what must be kept to, beside what the items state.
        coordination: what may be compared under it, or null.
        breach_notice_hours: within how many hours a recipient tells of a breach, or null.
        at_end: what happens with the items when it ends, or null.
        document: digest of the signed document, or null.
    """

    number: str
    parties: tuple[str, ...]
    signed: str
    starts: str | None
    ends: str | None
    review: str | None
    purposes: tuple[str, ...]
    onward: Permission | None
    defence: Permission | None
    conditions: tuple[str, ...]
    coordination: Coordination | None
    breach_notice_hours: int | None
    at_end: AtEnd | None
    document: str | None


class AgreementsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool agreement add`, `list`, `show` and `remove` print.

    Attributes:
        format: what this document is, and in which version.
        agreements: those that were added, changed, found or removed, in the order of their numbers.
    """

    format: Literal["evtool-agreement-list/1"] = "evtool-agreement-list/1"
    agreements: tuple[AgreementShown, ...]
