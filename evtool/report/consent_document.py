"""The JSON documents about consent, as types; see `evtool.report.document`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from msgspec import Struct

from evtool.core.consent.decision import ConsentAnswer, Decision
from evtool.core.consent.items import (
    ItemConsent,
    ItemTerms,
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    terms_that_count,
)
from evtool.core.consent.refusal import Reason
from evtool.core.consent.state import Holding
from evtool.core.consent.summary import ConsentSummary
from evtool.core.custody.events import Acceptance, Event
from evtool.core.errors import ExitCode
from evtool.core.text.times import format_time
from evtool.report.language import english, in_english

Terms = dict[str, str | list[str]]
"""Name of a term -> its value, as files spell them; a term that is not stated is not there."""


class SummaryDocument(Struct, frozen=True, kw_only=True):
    """What the terms of all disclosed items amount to; each count is code -> number of items.

    Attributes:
        items: items of which anything is disclosed.
        stated: of how many of them terms are in force, sealed with them or recorded since.
        changed: for how many of them an entry changed the terms since.
        handling, status, identity, onward, defence: how many items have which value, `not-stated` among them.
        purposes: how many items may be used for what.
        share: how many items may go to whom.
        conditions: how many items are under which condition.
        agreements: how many items are bound to which agreement.
        unknown: codes that this version does not know, as `term=code`.
        starts: latest day on which the consent for an item begins, or null.
        until: earliest day from which something holds no more, or null.
        review: earliest day on which somebody is to be asked again, or null.
        as_of: when the newest entry was written, a claim of its signer, or null.
    """

    items: int
    stated: int
    changed: int
    handling: dict[str, int]
    status: dict[str, int]
    identity: dict[str, int]
    onward: dict[str, int]
    defence: dict[str, int]
    purposes: dict[str, int]
    share: dict[str, int]
    conditions: dict[str, int]
    agreements: dict[str, int]
    unknown: dict[str, int]
    starts: str | None
    until: str | None
    review: str | None
    as_of: str | None


class ChangeDocument(Struct, frozen=True, kw_only=True):
    """One entry that changed the terms of an item.

    Attributes:
        entry: its number.
        happened_at: when consent changed, a claim of the signer.
        terms: what it states.
    """

    entry: int
    happened_at: str
    terms: Terms


class ItemConsentDocument(Struct, frozen=True, kw_only=True):
    """Consent of one item.

    Attributes:
        item: its number.
        entry: number of the entry that seals it.
        stated: the terms sealed with it, or null if there are none, or where they are withheld.
        in_force: the terms in force now, or null if none were ever stated; the strictest where they are withheld.
        changes: the entries that changed them, oldest first.
        withheld: this copy does not hold the item, so its terms are not known.
    """

    item: int
    entry: int
    stated: Terms | None
    in_force: Terms | None
    changes: tuple[ChangeDocument, ...]
    withheld: bool


class ConsentDocument(Struct, frozen=True, kw_only=True):
    """What `evtool consent show` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        items: the items asked for, by number.
    """

    format: Literal["evtool-consent/1"] = "evtool-consent/1"
    exit_code: ExitCode
    path: str
    items: tuple[ItemConsentDocument, ...]


class RefusalDocument(Struct, frozen=True, kw_only=True):
    """One reason why an item may not go.

    Attributes:
        reason: what it is.
        message: the same in words.
        confirm: the confirmation by a second person that would answer it, or null if it is final.
        agreement: number of the agreement that says no, or null if the terms of the item do.
    """

    reason: Reason
    message: str
    confirm: str | None
    agreement: str | None


class DecisionDocument(Struct, frozen=True, kw_only=True):
    """The decision over one item.

    Attributes:
        item: its number.
        allowed: whether it may go.
        reasons: all reasons why not.
        duties: what whoever gets it has to keep to.
    """

    item: int
    allowed: bool
    reasons: tuple[RefusalDocument, ...]
    duties: tuple[str, ...]


class ConsentCheckDocument(Struct, frozen=True, kw_only=True):
    """What `evtool consent check` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: 5 if any item is refused.
        path: the directory, as the user named it.
        recipient: code of the recipient.
        purpose: code of the purpose.
        date: the day that was asked about.
        refused: how many items may not go.
        items: the decision over each item, by number.
    """

    format: Literal["evtool-consent-check/1"] = "evtool-consent-check/1"
    exit_code: ExitCode
    path: str
    recipient: str
    purpose: str
    date: str
    refused: int
    items: tuple[DecisionDocument, ...]


class TermChangeDocument(Struct, frozen=True, kw_only=True):
    """A term that is another one for some items after a change.

    Attributes:
        term: its name.
        before: what was in force until then, or null if nothing was stated.
        after: what is in force from then on.
        items: ranges of the items.
    """

    term: str
    before: str | tuple[str, ...] | None
    after: str | tuple[str, ...] | None
    items: tuple[str, ...]


class ConsentChangeDocument(Struct, frozen=True, kw_only=True):
    """What `evtool consent set` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        dry_run: nothing was written; the other fields say what would be.
        entry: number of the new entry.
        head: SHA-256 of the new entry, or null.
        items: ranges of the items whose consent changed.
        terms: what was stated.
        changes: what is in force now that was not before.
        without_effect: name of a term -> number of items for which something stricter stays in force.
    """

    format: Literal["evtool-consent-change/1"] = "evtool-consent-change/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    entry: int
    head: str | None
    items: tuple[str, ...]
    terms: Terms
    changes: tuple[TermChangeDocument, ...]
    without_effect: dict[str, int]


class HoldingDocument(Struct, frozen=True, kw_only=True):
    """Somebody who was given items, as far as this record tells.

    Attributes:
        entry: number of the entry that records it.
        event: what it records.
        holder: code of whoever has them.
        since: when they were handed over, a claim of the signer.
        head: SHA-256 of the entry.
        items: ranges of those of the items that were asked for.
        purpose: what for, or null.
        answer: what the holder said about it, or null if this record holds no answer.
        accepted: ranges of the items that the holder accepted, where that was a part; else null.
    """

    entry: int
    event: Event
    holder: str
    since: str
    head: str
    items: tuple[str, ...]
    purpose: str | None
    answer: Acceptance | None
    accepted: tuple[str, ...] | None


class RecallDocument(Struct, frozen=True, kw_only=True):
    """What `evtool consent recall` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory, as the user named it.
        items: ranges of the items that are recalled.
        holdings: who was given some of them, oldest first.
        notice: the file of the notice that was written, as the user named it, or null.
    """

    format: Literal["evtool-recall/1"] = "evtool-recall/1"
    exit_code: ExitCode
    path: str
    items: tuple[str, ...]
    holdings: tuple[HoldingDocument, ...]
    notice: str | None


class TakenNoticeDocument(Struct, frozen=True, kw_only=True):
    """What `evtool receive --notice` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        path: the directory or bundle, as the user named it.
        dry_run: nothing was written.
        collection: id of the collection.
        sender: code of whoever signed the notice.
        notice: its SHA-256.
        items: ranges of the items of this copy that it is about.
        entries: numbers of the entries that were added; none if all that it tells is in force already.
        unknown: numbers of the entries before it that are not known here, as one range, or null.
        parts_after: number of the entry after which the sender's record parts from this one, or null.
        head: SHA-256 of the newest entry, or null if none was added.
    """

    format: Literal["evtool-notice-taken/1"] = "evtool-notice-taken/1"
    exit_code: ExitCode
    path: str
    dry_run: bool
    collection: str
    sender: str
    notice: str
    items: tuple[str, ...]
    entries: tuple[int, ...]
    unknown: str | None
    parts_after: int | None
    head: str | None


def terms_document(known: ItemTerms) -> Terms | None:
    """Write the terms that count for an item, or null if none were ever stated."""
    return None if isinstance(known, TermsNeverStated) else terms_that_count(known).stated


def sealed_document(sealed: ItemTerms) -> Terms | None:
    """Write the terms sealed with an item, or null if none are disclosed."""
    return sealed.terms.stated if isinstance(sealed, TermsStated) else None


def consent_document(consent: ItemConsent) -> ItemConsentDocument:
    """Write the consent of one item."""
    return ItemConsentDocument(
        item=consent.item,
        entry=consent.sealed_by,
        stated=sealed_document(consent.sealed),
        in_force=terms_document(consent.in_force),
        changes=tuple(
            ChangeDocument(entry=change.entry, happened_at=format_time(change.happened_at), terms=change.terms.stated)
            for change in consent.changes
        ),
        withheld=isinstance(consent.sealed, TermsWithheld),
    )


def decision_document(answer: ConsentAnswer) -> DecisionDocument:
    """Write the decision over one item."""
    decision = answer.decision
    return DecisionDocument(
        item=answer.consent.item,
        allowed=decision.allowed,
        reasons=refusal_documents(decision),
        duties=tuple(map(english().say_words, decision.duties)),
    )


def refusal_documents(decision: Decision) -> tuple[RefusalDocument, ...]:
    """Write the reasons of a decision."""
    return tuple(
        RefusalDocument(
            reason=refusal.reason,
            message=in_english(refusal.says),
            confirm=refusal.confirm,
            agreement=refusal.agreement,
        )
        for refusal in decision.reasons
    )


def holding_document(holding: Holding) -> HoldingDocument:
    """Write who holds what."""
    return HoldingDocument(
        entry=holding.entry,
        event=holding.event,
        holder=holding.holder,
        since=holding.since,
        head=holding.head,
        items=tuple(holding.items.serialize()),
        purpose=holding.purpose,
        answer=holding.answer,
        accepted=tuple(holding.accepted.serialize()) if holding.accepted else None,
    )


def summary_document(summary: ConsentSummary) -> SummaryDocument:
    """Write what the terms of all items amount to."""
    return SummaryDocument(
        items=summary.items,
        stated=summary.stated,
        changed=summary.changed,
        handling=summary.handling,
        status=summary.status,
        identity=summary.identity,
        onward=summary.onward,
        defence=summary.defence,
        purposes=summary.purposes,
        share=summary.share,
        conditions=summary.conditions,
        agreements=summary.agreements,
        unknown=summary.unknown,
        starts=_day(summary.starts),
        until=_day(summary.until),
        review=_day(summary.review),
        as_of=format_time(summary.as_of) if summary.as_of else None,
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
