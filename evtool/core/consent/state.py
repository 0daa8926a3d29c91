"""The terms in force: what was sealed with an item, and every change that was recorded since, put together.

The newest statement decides over the status, and over what explains it (`by`, `ref`, `basis`, `note`, `review`); of
everything else the strictest counts. So a change can take back at once, and can never widen what a person was told.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from msgspec import Struct

from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Acceptance, ConsentChanged, Event
from evtool.core.errors import FormatError
from evtool.core.terms.terms import PERMITTING, ConsentTerms, Handling, Identity, Permission, code_text
from evtool.core.text.limits import MAX_CHANGES, MAX_CONDITIONS
from evtool.core.text.ranges import ItemRanges, is_about
from evtool.core.values import names_of, replace


class ConsentChange(Struct, frozen=True):
    """One entry `consent-changed`, as the fold needs it.

    Attributes:
        entry: number of the entry.
        happened_at: when consent changed, as the signer says.
        items: the items it is about; None means all that were sealed before it.
        terms: what was stated.
    """

    entry: int
    happened_at: datetime
    items: ItemRanges | None
    terms: ConsentTerms

    def concerns(self, item: int, sealed_by: int) -> bool:
        """Tell whether it is about an item that entry `sealed_by` sealed."""
        return is_about(self.items, self.entry, item, sealed_by)


class Holding(Struct, frozen=True):
    """Somebody who was given items, as far as this record tells.

    Attributes:
        entry: number of the entry that records it.
        event: what it records.
        holder: code of whoever has them.
        since: when they were handed over, as the signer says, with offset.
        head: digest of the entry.
        items: those of the items that were asked for.
        purpose: what for, as the sender recorded it, or None.
        answer: what the holder said about it, or None if no answer is in this record.
        accepted: the items that the holder accepted, where that was a part.
    """

    entry: int
    event: Event
    holder: str
    since: str
    head: str
    items: ItemRanges
    purpose: str | None
    answer: Acceptance | None
    accepted: ItemRanges | None


def changes_of(entries: Iterable[Entry], undone: Container[int] = ()) -> tuple[ConsentChange, ...]:
    """Pick the changes of consent out of a chain, oldest first, but for those that are undone."""
    return tuple(
        ConsentChange(entry.sequence, entry.happened_at, entry.items, entry.details.consent)
        for entry in entries
        if isinstance(entry.details, ConsentChanged) and entry.sequence not in undone
    )


def fold_terms(sealed_by: int, stated: ConsentTerms | None, changes: Sequence[ConsentChange]) -> ConsentTerms | None:
    """Put together what was stated about an item that all of these changes concern; None if nothing ever was.

    `sealed_by` is the number of the entry that seals the item; the changes are in the order of their entries.

    Raises:
        FormatError: they are too many, or more is in force together than a reader accepts.
    """
    if len(changes) > MAX_CHANGES:
        raise FormatError(
            "{count} entries change the consent for one item; at most {limit} are read",
            key="changes-many",
            count=len(changes),
            limit=MAX_CHANGES,
        )
    layers = [(change.entry, change.terms) for change in changes]
    if stated is not None:
        layers.append((sealed_by, stated))
        layers.sort(key=lambda layer: layer[0])
    terms: ConsentTerms | None = None
    for _, layer in layers:
        terms = layer if terms is None else change_terms(terms, layer)
    return terms


def change_terms(before: ConsentTerms, change: ConsentTerms) -> ConsentTerms:
    """Put a later statement on top of an earlier one."""
    return _fold(before, change, _newest)


def combine_terms(outer: ConsentTerms, inner: ConsentTerms) -> ConsentTerms:
    """Put what is stated about a directory together with what is stated about something in it: the strictest counts.

    Of two states of consent, one that permits nothing counts; else the inner one. What explains the other one would be
    untrue of it, and is left out.
    """
    if outer.status is not None and inner.status not in (None, outer.status):
        if _forbidding(outer.status, inner.status) is outer.status:
            inner = replace(inner, **_EXPLAINS_NOTHING)
        else:
            outer = replace(outer, **_EXPLAINS_NOTHING)
    return _fold(outer, inner, _forbidding)


_EXPLAINS_NOTHING: dict[str, Any] = {"by": None, "ref": None, "basis": None, "note": None}
"""The fields that say why consent stands where it does, not stated."""


def stricter_permission(first: Permission | str, second: Permission | str) -> Permission | str:
    """Give the stricter of two answers to whether something may be done."""
    found: Permission | str = _STRICTER["onward"](first, second)
    return found


def find_ineffective(before: ConsentTerms | None, change: ConsentTerms) -> tuple[str, ...]:
    """Name the terms of a change that have no effect, or not the stated one, as something stricter is in force."""
    if before is None:
        return ()
    after = change_terms(before, change).stated
    return tuple(name for name, value in change.stated.items() if after[name] != value)


def _fold(one: ConsentTerms, two: ConsentTerms, status: Callable[[Any, Any], Any]) -> ConsentTerms:
    values: dict[str, Any] = {}
    for name in names_of(ConsentTerms):
        first, second = getattr(one, name), getattr(two, name)
        if first is None or second is None:
            values[name] = second if first is None else first
        elif name == "status":
            values[name] = status(first, second)
        else:
            values[name] = _STRICTER.get(name, _newest)(first, second)
    return ConsentTerms(**values)


def _newest(_first: Any, second: Any) -> Any:
    return second


def _forbidding(outer: Any, inner: Any) -> Any:
    return outer if outer not in PERMITTING and inner in PERMITTING else inner


def _stricter_code(order: Sequence[Enum]) -> Callable[[Any, Any], Any]:
    """A code that is not known is stricter than any that is, as nobody can say what it permits."""

    def choose(first: Any, second: Any) -> Any:
        strange = [code for code in (second, first) if isinstance(code, str)]
        return strange[0] if strange else min(first, second, key=order.index)

    return choose


def _both(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(code for code in first if code in second)


def _either(first: tuple[Any, ...], second: tuple[Any, ...]) -> tuple[Any, ...]:
    codes = {*first, *second}
    if len(codes) > MAX_CONDITIONS:
        raise FormatError(
            "more than {limit} conditions or agreements would apply to one item",
            key="conditions-many",
            limit=MAX_CONDITIONS,
        )
    return tuple(sorted(codes, key=code_text))


_STRICTER: dict[str, Callable[[Any, Any], Any]] = {
    "handling": _stricter_code(tuple(Handling)),
    "purposes": _both,
    "share": _both,
    "identity": _stricter_code(tuple(Identity)),
    "onward": _stricter_code(tuple(Permission)),
    "defence": _stricter_code(tuple(Permission)),
    "conditions": _either,
    "starts": max,
    "until": min,
    "agreement": _either,
}
"""Field -> how the stricter of two values is found; for the other fields the newer one counts."""
