"""What a bundle discloses: the items asked for, as far as consent lets them go, and which statements of them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from evtool.core.consent_decision import Decision, Request
from evtool.core.disclosed_items import DisclosedItems
from evtool.core.disclosure import DisclosedStatement
from evtool.core.errors import InputError, RefusedError, UsageError
from evtool.core.item_choice import ItemChoice
from evtool.core.item_ranges import ranges_of
from evtool.core.manifest import Item
from evtool.core.metadata_vocabulary import Detail
from evtool.core.names import shown
from evtool.core.statement import ContextStatement, FileStatement, MetadataStatement
from evtool.operations.collection import SealedItem, read_collection, read_numbered_items
from evtool.operations.consent import decide_items, require_sound
from evtool.operations.trust import TrustPolicy
from evtool.operations.withholding import judge_withholding
from evtool.store.custody import CustodyReader

NAMES = "names"
METADATA = "metadata"
CONTEXT = "context"
_FIELD = re.compile(r"context\.[a-z][a-z0-9_-]{0,62}\Z", re.ASCII)

WITHHOLDABLE = f"{NAMES} (with the dates, which are one statement with them), {METADATA}, {CONTEXT}, {CONTEXT}.FIELD"
"""What can be withheld of items that are disclosed. What an item is, and its terms, always go along with it."""

_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be disclosed.

    Attributes:
        only: the items to disclose; empty means all.
        without: items to leave out of those.
        withhold: statements to withhold of every item: `names`, `metadata`, `context`, `context.FIELD`.
        allowed_only: leave out what may not be disclosed, instead of refusing.
    """

    only: ItemChoice = field(default_factory=ItemChoice)
    without: ItemChoice = field(default_factory=ItemChoice)
    withhold: frozenset[str] = frozenset()
    allowed_only: bool = False

    def __post_init__(self) -> None:
        for name in sorted(self.withhold):
            if name not in (NAMES, METADATA, CONTEXT) and not _FIELD.match(name):
                raise UsageError(f"{shown(name, 80)} cannot be withheld, only: {WITHHOLDABLE}")

    def includes(self, item: Item) -> bool:
        """Tell whether an item is asked for."""
        path = item.file.path if item.file else None
        asked = self.only.is_empty or self.only.includes(item.number, path)
        return asked and not self.without.includes(item.number, path)


def withheld_of(item: Item, withhold: frozenset[str]) -> frozenset[str]:
    """Name the statements of a disclosed item that are withheld, as a list of a disclosure names them."""
    statements = (item.file, item.metadata, *item.context)
    return frozenset(
        f"{CONTEXT}.{one.field}" if isinstance(one, ContextStatement) else one.kind
        for one in statements
        if one is not None and is_withheld(one, withhold)
    )


def is_withheld(statement: DisclosedStatement, withhold: frozenset[str]) -> bool:
    """Tell whether a statement of a disclosed item is withheld."""
    if isinstance(statement, FileStatement):
        return NAMES in withhold
    if isinstance(statement, MetadataStatement):
        # In full detail it may hold an author, a title or an older name of the file, so it tells what names would.
        may_name = statement.claims is not None and statement.claims.detail is Detail.FULL
        return METADATA in withhold or (may_name and NAMES in withhold)
    if isinstance(statement, ContextStatement):
        return CONTEXT in withhold or f"{CONTEXT}.{statement.field}" in withhold
    return False


@dataclass(frozen=True, slots=True)
class ItemSelection:
    """The items that go into a bundle.

    Attributes:
        items: in the order of their numbers.
        left_out: items that were asked for and stay behind, each with the reason.
        duties: what the recipient has to keep to, half a sentence each.
        withheld_before: what the copy that they are taken from withholds already; None where it is whole.
    """

    items: tuple[SealedItem, ...]
    left_out: tuple[tuple[int, str], ...]
    duties: tuple[str, ...]
    withheld_before: DisclosedItems | None


def choose_items(custody: CustodyReader, wanted: Wanted, request: Request, trust: TrustPolicy) -> ItemSelection:
    """Find the items that are asked for, and ask whether consent lets each of them go.

    Raises:
        InputError: nothing is asked for that could be disclosed.
        RefusedError: items may not go; they are named by their numbers, and nothing else of them.
        MismatchError: the record does not hold.
    """
    collection = read_collection(custody)
    asked = [sealed for sealed in read_numbered_items(collection) if wanted.includes(sealed.item)]
    require_sound(collection)
    withholding = judge_withholding(collection)
    if not asked:
        raise InputError("no sealed item is asked for, so there is nothing to pack", hint="`evtool show` lists them")
    # Read anew: the items of a collection can be gone through once.
    numbers = ranges_of(sealed.item.number for sealed in asked)
    answers = decide_items(read_collection(custody), request, trust, numbers)
    decisions = {answer.consent.item: answer.decision for answer in answers}
    refused = tuple((number, _words(decision)) for number, decision in decisions.items() if not decision.allowed)
    if refused and not wanted.allowed_only:
        raise _refusal(refused, "so nothing was packed")
    allowed = [sealed for sealed in asked if decisions[sealed.item.number].allowed]
    if not allowed:
        raise _refusal(refused, "and there is no other")
    telling = _telling_links([sealed.item for sealed in allowed], len(allowed) == collection.next_item - 1, wanted)
    reason = "it is a link whose target is a name that the bundle does not disclose"
    duties = dict.fromkeys(duty for sealed in allowed for duty in decisions[sealed.item.number].duties)
    return ItemSelection(
        tuple(sealed for sealed in allowed if sealed.item.number not in telling),
        refused + tuple((number, reason) for number in sorted(telling)),
        tuple(duties),
        withholding.listed,
    )


def _words(decision: Decision) -> str:
    ways = [f"{one.message} (--confirm {one.confirm})" if one.confirm else one.message for one in decision.reasons]
    return ", ".join(ways)


def _refusal(refused: Sequence[tuple[int, str]], so: str) -> RefusedError:
    named = "; ".join(f"item {number}: {reason}" for number, reason in refused[:_MAX_NAMED])
    more = f"; and {len(refused) - _MAX_NAMED} more" if len(refused) > _MAX_NAMED else ""
    return RefusedError(
        f"{len(refused)} items may not be disclosed, {so}: {named}{more}",
        hint="`evtool consent check` tells all of it; leave items out with --without or --allowed-only",
    )


def _telling_links(items: Sequence[Item], whole: bool, wanted: Wanted) -> set[int]:
    """Find symbolic links whose target, which is part of what they are, would tell a withheld name."""
    if whole and NAMES not in wanted.withhold:
        return set()
    disclosed: set[str] = set()
    if NAMES not in wanted.withhold:
        for item in items:
            parts = item.file.path.split("/") if item.file else []
            disclosed.update("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return {
        item.number
        for item in items
        if item.content.target is not None
        and (item.file is None or _resolve(item.file.path, item.content.target) not in disclosed)
    }


def _resolve(path: str, target: str) -> str:
    """Follow a link's target from where the link is, without looking at any disk."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
