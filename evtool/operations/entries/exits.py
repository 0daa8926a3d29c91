"""Handing items over without a bundle: custody goes to somebody else, or a disclosure is recorded by hand.

The same decision is asked as for a bundle. What it refuses is listed, by its reasons. Whoever signs may confirm each of
these reasons and say why; the entry records both. That holds for a refusal or a withdrawal as well, other than for a
bundle: an archive may have to go to its successor as a whole, a court may order it, and a record that could not say so
would be false. Only terms that nobody knows are never confirmed: what this copy withholds, or what no trusted key
signed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from evtool.core.consent.agreements import Agreements
from evtool.core.consent.decision import Decision, Recipient, Request
from evtool.core.consent.refusal import Reason, Refusal
from evtool.core.custody.entry import NOT_STATED
from evtool.core.custody.events import Confirmations, Disclosed, Transferred
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import InputError, RefusedError, UsageError, Way
from evtool.core.finding import Words
from evtool.core.manifest.skim import seek
from evtool.core.terms.terms import Purpose
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.consent import decide_items
from evtool.operations.entries.fixity import FixityRequest
from evtool.operations.entries.opening import open_for_writing
from evtool.operations.entries.record_event import RecordResult, add_event
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.opening import require_sound
from evtool.operations.record.place import Where
from evtool.operations.record.record import Record, read_record
from evtool.operations.record.trust import TrustPolicy
from evtool.report.language import in_english

FINAL = frozenset(
    {
        Reason.TERMS_WITHHELD,
        Reason.TERMS_UNTRUSTED,
    }
)
"""Reasons that nobody can confirm: nobody knows what was said."""

_CONFIRMING = (Way.CONFIRMED, Way.REASON)

_MAX_LISTED = 8


class Exit(Struct, frozen=True):
    """To whom items go, as far as consent asks for it.

    Attributes:
        recipient: who gets them, as the user describes it.
        agreements: the agreements that the user lists, or None if the user keeps no list of them.
        confirmed: what stands against it and is confirmed: codes as `confirmation_of` gives them.
        is_onward: whether the collection came from others, even where its record does not show it.
        trust: whose signatures under terms of consent count.
        advice: what helps somebody whose recipient is not described; empty where it is.
    """

    recipient: Recipient
    agreements: Agreements | None
    confirmed: frozenset[str] = frozenset()
    is_onward: bool = False
    trust: TrustPolicy = field(default_factory=TrustPolicy)
    advice: str = ""


class RefusedItems(Struct, frozen=True):
    """Items that may not go for the same reason.

    Attributes:
        refusal: the reason.
        items: their numbers.
    """

    refusal: Refusal
    items: ItemRanges


def confirmation_of(refusal: Refusal) -> str | None:
    """Give the code with which a reason is confirmed; None where nobody can confirm it."""
    if refusal.reason in FINAL or (refusal.reason is Reason.UNKNOWN_CODE and refusal.confirm is None):
        return None
    return refusal.confirm or refusal.reason.value


def group_refusals(decisions: Iterable[tuple[int, Decision]]) -> tuple[RefusedItems, ...]:
    """Put items together that are refused for the same reason, the reason that concerns most of them first."""
    groups: dict[Refusal, list[int]] = {}
    for number, decision in decisions:
        for refusal in decision.reasons:
            groups.setdefault(refusal, []).append(number)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1][0]))
    return tuple(RefusedItems(refusal, ranges_of(numbers)) for refusal, numbers in ordered)


def render_refusals(groups: Sequence[RefusedItems], codes: Sequence[str | None]) -> tuple[str, ...]:
    """Write refusals, one a line; `codes` are what confirms each of them, None for what nobody can confirm."""
    lines = []
    for group, code in zip(groups[:_MAX_LISTED], codes, strict=False):
        way = Words("refused-way", code=code) if code else None
        lines.append(in_english(Words("refused", items=group.items.ranges, why=group.refusal.says, way=way)))
    if len(groups) > _MAX_LISTED:
        lines.append(in_english(Words("refused-more", count=len(groups) - _MAX_LISTED)))
    return tuple(lines)


def record_exit(
    path: str | os.PathLike[str],
    author: Author,
    details: Transferred | Disclosed,
    header: EntryHeader,
    consent: Exit,
    *,
    purpose: Purpose | str | None = None,
    fixity: FixityRequest | None = None,
    where: Where = None,
) -> RecordResult:
    """Record that items go to somebody else, once consent was asked and the evidence was compared.

    `purpose` is what consent is asked for; without it, what the entry says.

    Raises:
        RefusedError: items may not go; nothing was recorded. Or a text names somebody.
        UsageError: something is confirmed without a reason.
        MismatchError: the evidence is not as sealed, or the record fails verification; nothing was recorded.
        InputError: the items do not exist, or the record cannot be read.
    """
    check_entry_text(details, header.reason, author.policy)
    if consent.confirmed and header.reason == NOT_STATED:
        raise UsageError(
            "what is confirmed is recorded together with a reason, and none was given",
            hint="give a reason",
            key="confirm-reason",
            ways=(Way.REASON,),
        )
    with open_for_writing(path, where, author.progress) as opened:
        request = Request(
            recipient=consent.recipient,
            purpose=purpose or _purpose_of(details.purpose),
            day=(header.happened_at or author.now()).date(),
            agreements=consent.agreements,
            authority=details.authority,
            agent=author.signer.code,
            key=author.signer.public_key,
            is_onward=consent.is_onward,
        )
        items = _items_that_go(read_record(opened.custody), header.items)
        answers = decide_items(read_record(opened.custody), request, consent.trust, items)
        used = _require_allowed(
            [(answer.consent.item, answer.decision) for answer in answers], consent, details.recipient
        )
        if used:
            details = replace(details, confirmed=Confirmations(tuple(sorted(used))))
        return add_event(opened, author, details, header, fixity=fixity)


def _purpose_of(text: str) -> Purpose | str:
    """Take the words of an entry for a purpose; any that are no code of one are covered by no consent."""
    try:
        return Purpose(text)
    except ValueError:
        return text


def _items_that_go(record: Record, named: ItemRanges | None) -> ItemRanges:
    """Give the items that there are to hand over: of those named, or of all, what was not disposed of."""
    items = read_numbered_items(record, seek(named))
    going = [sealed.item.number for sealed in items if not record.is_disposed(sealed)]
    require_sound(record.record_findings)
    if named is not None:
        return named
    if not going:
        raise InputError("no item is here that could be handed over", key="nothing-to-hand-over")
    return ranges_of(going)


def _require_allowed(decisions: Sequence[tuple[int, Decision]], consent: Exit, receiver: str) -> set[str]:
    """Refuse to go on unless each reason against it is confirmed, and give the codes that were needed."""
    groups = group_refusals(decisions)
    codes = [confirmation_of(group.refusal) for group in groups]
    open_codes = [code for code in codes if code is not None and code not in consent.confirmed]
    if None not in codes and not open_codes:
        return {code for code in codes if code is not None}
    stopped = {number for number, decision in decisions if not decision.allowed}
    may_be_confirmed = None not in codes
    raise RefusedError(
        "{count:,} of {total:,} items may not go to {recipient}, so nothing was recorded:",
        hint="{advice_en}if it is right all the same, confirm {needed} and say why; both are recorded"
        if may_be_confirmed
        else "{advice_en}hand over a bundle without them: `evtool pack --allowed-only`",
        key="exit-unconfirmed" if may_be_confirmed else "exit-refused",
        ways=_CONFIRMING if may_be_confirmed else (),
        lines=render_refusals(groups, codes),
        count=len(stopped),
        total=len(decisions),
        recipient=receiver,
        advice_en=f"{consent.advice}; " if consent.advice else "",
        needed=", ".join(shown(code) for code in dict.fromkeys(code for code in codes if code)),
    )
