"""What a bundle discloses: the items asked for, as far as consent lets them go, and which statements of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from shlex import quote

from msgspec import Struct, field

from evtool.core.consent.decision import Decision, Request
from evtool.core.consent.refusal import Reason
from evtool.core.container.link_paths import LinkPaths
from evtool.core.container.payload_names import ReservedNames
from evtool.core.errors import InputError, RefusedError, UsageError, Way
from evtool.core.finding import Words
from evtool.core.manifest.context import SUBJECTS
from evtool.core.manifest.disclosed_items import DisclosedItems
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.skim import Sought
from evtool.core.terms.terms import code_text
from evtool.core.text.counts import counted
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.item_choice import ChoiceBinding, ItemChoice
from evtool.core.text.names import shown
from evtool.operations.bundle.withhold import CONTEXT, METADATA, NAMES, Withhold, find_withhold
from evtool.operations.entries.consent import consents_of, decide_consents, require_decidable
from evtool.operations.entries.exits import group_refusals, render_refusals
from evtool.operations.record.items import read_afresh, read_numbered_items
from evtool.operations.record.read import find_sought
from evtool.operations.record.record import Record, SealedItem, read_record
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.record.withholding import judge_withholding
from evtool.report.language import in_english
from evtool.store.custody import CustodyReader

_FIELD = compiled_when_used(r"context\.[a-z][a-z0-9_-]{0,62}\Z", re.ASCII)

WITHHOLDABLE = f"{NAMES} (with the dates, which are one statement with them), {METADATA}, {CONTEXT}, {CONTEXT}.FIELD"
"""What can be withheld of items that are disclosed. What an item is, and its terms, always go along with it."""


class Wanted(Struct, frozen=True):
    """What is to be disclosed.

    Attributes:
        only: the items to disclose; empty means all.
        without: items to leave out of those.
        withhold: statements to withhold of every item: `names`, `metadata`, `context`, `context.FIELD`.
        subjects: disclose whom the items are about, which stays behind otherwise.
        allowed_only: leave out what may not be disclosed, instead of refusing.
    """

    only: ItemChoice = field(default_factory=ItemChoice)
    without: ItemChoice = field(default_factory=ItemChoice)
    withhold: frozenset[str] = frozenset()
    subjects: bool = False
    allowed_only: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        """What is withheld of every item: what was asked for, and whom it is about."""
        return self.withhold if self.subjects else self.withhold | {f"{CONTEXT}.{SUBJECTS}"}

    def __post_init__(self) -> None:
        for name in sorted(self.withhold):
            if name not in (NAMES, METADATA, CONTEXT) and not _FIELD.match(name):
                raise UsageError(
                    "{name} cannot be withheld; what can be withheld: {known}",
                    key="withhold-unknown",
                    name=shown(name, 80),
                    known=WITHHOLDABLE,
                )


class _Asking:
    """Finds out which items are asked for, and whether everything that narrows the disclosure means something."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._only = ChoiceBinding(wanted.only)
        self._without = ChoiceBinding(wanted.without)
        self._fields = {name for name in wanted.withhold if _FIELD.match(name)}
        self.reserved = ReservedNames()

    def read(self, record: Record) -> list[SealedItem]:
        """Go through the items of a collection, and keep those that may be asked for."""
        sought = self._seek(record)
        kept = self._take(read_numbered_items(record, sought))
        if sought is not None and self._fields:
            # None of those that were looked at states such a field; whether any item does, only all of them tell.
            self._take(read_numbered_items(read_afresh(record)))
        return kept

    def _seek(self, record: Record) -> Sought | None:
        """Tell how to find what narrows the disclosure, and the names that no item may go by; None for all items."""
        choice = ItemChoice((*self._wanted.only.terms, *self._wanted.without.terms))
        # An item that was renamed may have been sealed under any name.
        sought = None if self._wanted.only.is_empty else find_sought(record, choice, record.names.items)
        return sought and Sought(sought.numbers, sought.names, (ReservedNames.BEGINNING,))

    def _take(self, items: Iterable[SealedItem]) -> list[SealedItem]:
        kept: list[SealedItem] = []
        for sealed in items:
            item = sealed.item
            path = item.file.path if item.file else None
            self._without.note(item.number, path)
            if path is not None:
                self.reserved.add(path)
            self._fields -= {f"{CONTEXT}.{statement.field}" for statement in item.context}
            if self._only.note(item.number, path) or self._wanted.only.is_empty:
                kept.append(sealed)
        return kept

    def finish(self, kept: Iterable[SealedItem], last: int, *, whole: bool) -> list[SealedItem]:
        """Give the items that are asked for.

        `last` is the number of the last sealed item; `whole` tells that no line of the collection is withheld here.

        Raises:
            UsageError: something that was typed means nothing here, so it would restrict nothing.
        """
        is_only, is_without = self._only.finish(), self._without.finish(last)
        # Where lines are withheld, the field may be in one of them, and stays withheld.
        if self._fields and whole:
            raise UsageError(
                "no item states {names}, so nothing would be withheld",
                hint="`evtool show DIR --items N` prints the fields of an item; if there is none, leave this out",
                key="withhold-nothing",
                names=", ".join(shown(name, 80) for name in sorted(self._fields)),
            )
        every = self._wanted.only.is_empty
        return [
            sealed for sealed in kept if (every or is_only(sealed.item.number)) and not is_without(sealed.item.number)
        ]


class ItemSelection(Struct, frozen=True):
    """The items that go into a bundle.

    Attributes:
        items: in the order of their numbers.
        left_out: items that were asked for and stay behind, each with the reason.
        duties: what the recipient has to keep to, a short phrase each.
        reserved: names made of numbers that the items of the collection have as their own, so that no other item may
            go by them.
        withhold: what stays behind of them, and which entries come without their details.
        withheld_before: what the copy that they are taken from withholds already; None if it is whole.
    """

    items: tuple[SealedItem, ...]
    left_out: tuple[tuple[int, str], ...]
    duties: tuple[Words, ...]
    reserved: ReservedNames
    withhold: Withhold
    withheld_before: DisclosedItems | None


def choose_items(custody: CustodyReader, wanted: Wanted, request: Request, trust: TrustPolicy) -> ItemSelection:
    """Find the items that are asked for, and ask whether consent lets each of them go.

    Raises:
        UsageError: something that was typed means no item, or could mean two things.
        InputError: nothing is asked for that could be disclosed.
        RefusedError: items may not go; they are named by their numbers, and nothing else of them.
        MismatchError: the record fails verification.
    """
    record = read_record(custody)
    asking = _Asking(wanted)
    kept = asking.read(record)
    require_decidable(record)
    withholding = judge_withholding(record)
    asked = asking.finish(kept, record.next_item - 1, whole=withholding.is_whole)
    # What was given up is not handed out, even if it still lies there; its name may be another item's by now.
    disposed = tuple((sealed.item.number, _DISPOSED) for sealed in asked if record.is_disposed(sealed))
    asked = [sealed for sealed in asked if not record.is_disposed(sealed)]
    if not asked:
        raise InputError(
            "no sealed item was selected, so there is nothing to pack",
            hint="`evtool show DIR` lists them",
            key="pack-nothing",
        )
    answers = decide_consents(record, request, trust, consents_of(record, asked))
    decisions = {answer.consent.item: answer.decision for answer in answers}
    refused = tuple((number, _words(decision)) for number, decision in decisions.items() if not decision.allowed)
    if refused and not wanted.allowed_only:
        raise _refusal(request, decisions.items(), Words("so-nothing-packed"))
    allowed = [sealed for sealed in asked if decisions[sealed.item.number].allowed]
    if not allowed:
        raise _refusal(request, decisions.items(), Words("so-no-others"))
    is_whole = len(allowed) == record.next_item - 1
    telling = _telling_links(record, [sealed.item for sealed in allowed], is_whole, wanted)
    reason = "it is a link to a name that the bundle does not disclose"
    duties = dict.fromkeys(duty for sealed in allowed for duty in decisions[sealed.item.number].duties)
    return ItemSelection(
        tuple(sealed for sealed in allowed if sealed.item.number not in telling),
        tuple(sorted((*disposed, *refused, *((number, reason) for number in telling)))),
        tuple(duties),
        asking.reserved,
        find_withhold(record, frozenset(sealed.item.number for sealed in allowed) - telling, wanted.kinds),
        withholding.listed,
    )


_DISPOSED = "an entry records that it was disposed of"


def _words(decision: Decision) -> str:
    ways = [
        in_english(refusal.says) + (f" [confirm {refusal.confirm}]" if refusal.confirm else "")
        for refusal in decision.reasons
    ]
    return "; ".join(ways)


def _refusal(request: Request, decisions: Iterable[tuple[int, Decision]], so: Words) -> RefusedError:
    """Refuse items that may not go; each reason is said once, with the items that it concerns."""
    refused = [(number, decision) for number, decision in decisions if not decision.allowed]
    groups = group_refusals(refused)
    can_check = bool(request.recipient.kinds) and not request.is_publication
    ways: tuple[Way, ...] = (Way.WITHOUT, Way.ALLOWED_ONLY)
    lines = render_refusals(groups, [group.refusal.confirm for group in groups])
    if any(group.refusal.confirm for group in groups):
        lines = (*lines, in_english(Words("confirm-in-brackets")))
        ways += (Way.CONFIRMED,)
    if any(group.refusal.reason is Reason.STATUS_NOT_STATED for group in groups):
        # Nobody said no: nobody has written down yet what was agreed to.
        lines = (*lines, in_english(Words("agreed-unrecorded")))
    return RefusedError(
        "{items_en} may not be disclosed, {so}:",
        hint="`evtool consent check DIR --to {code} --for {purpose}` gives every reason; "
        "leave those items out, or all that may not go"
        if can_check
        else "leave those items out, or all that may not go",
        key="may-not-go-check" if can_check else "may-not-go",
        ways=ways,
        lines=lines,
        items_en=counted(len(refused), "item"),
        so=in_english(so),
        count=len(refused),
        code=quote(request.recipient.code),
        purpose=quote(code_text(request.purpose)),
    )


def _telling_links(record: Record, items: Sequence[Item], whole: bool, wanted: Wanted) -> set[int]:
    """Find symbolic links whose target, which is part of what they are, would tell a withheld name."""
    if whole and NAMES not in wanted.withhold:
        return set()
    telling: set[int] = set()
    # The name of a link that stays behind is withheld too, and another link may tell it.
    while True:
        here = [item for item in items if item.number not in telling]
        withhold = find_withhold(record, frozenset(item.number for item in here), wanted.kinds)
        more = _find_telling(here, withhold)
        if not more:
            return telling
        telling |= more


def _find_telling(items: Sequence[Item], withhold: Withhold) -> set[int]:
    links = [(item, item.content.target) for item in items if item.content.target is not None]
    if NAMES in withhold.kinds or not links:
        return {item.number for item, _ in links}
    named = {item.number: item.file.path for item in items if item.file and not withhold.hides_name(item.number)}
    paths = LinkPaths((named[item.number], target) for item, target in links if item.number in named)
    for path in named.values():
        paths.tell(path)
    return {
        item.number
        for item, target in links
        if item.number not in named or not paths.tells_only_told(named[item.number].rpartition("/")[0], target)
    }
