"""What the terms of many items amount to, counted in little memory while their manifests are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any

from msgspec import Struct, field

from evtool.core.consent.index import ChangeFinder, ChangeIndex
from evtool.core.consent.items import (
    ItemTerms,
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    sealed_terms,
    terms_in_force,
    terms_that_count,
)
from evtool.core.consent.state import ConsentChange
from evtool.core.errors import FormatError
from evtool.core.finding import Cause
from evtool.core.manifest.manifest import Item
from evtool.core.terms.terms import PERMITTING, STRICTEST, ConsentTerms, Handling, code_text, unknown_codes
from evtool.core.values import replace

NOT_STATED = "not-stated"
"""Stands in counts for items of which a term is not stated; its strictest value counts for them."""

COUNTED_TERMS = (
    ("for", "purposes"),
    ("share", "share"),
    ("conditions", "conditions"),
    ("identity", "identity"),
    ("onward", "onward"),
    ("defence", "defence"),
    ("agreement", "agreements"),
    ("unknown", "unknown"),
)
"""The terms whose codes a summary counts, in the order in which people read them, and the fields that hold the counts;
handling and status, which come first, are told in ways of their own."""


class ConsentSummary(Struct, frozen=True):
    """The terms in force for all items that a copy discloses; each count is code -> number of items.

    Attributes:
        items: items of which anything is disclosed.
        stated: of how many of them terms are in force, sealed with them or recorded since.
        changed: for how many of them an entry changed the terms since.
        handling, status, identity, onward, defence: how many items have which value.
        purposes, share, conditions: how many items hold which code; `none` where a list is stated and empty.
        agreements: how many items are bound to which agreement.
        unknown: codes that this version does not know, as `term=code`.
        starts: the latest day before which something does not apply yet.
        until: the earliest day from which something no longer applies.
        review: the earliest day on which somebody is to be asked again.
        as_of: when the newest entry was written, as its signer says; terms may have changed since.
        problem: why the terms of some items could not be put together; None if all could.
    """

    items: int = 0
    stated: int = 0
    changed: int = 0
    handling: dict[str, int] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    identity: dict[str, int] = field(default_factory=dict)
    onward: dict[str, int] = field(default_factory=dict)
    defence: dict[str, int] = field(default_factory=dict)
    purposes: dict[str, int] = field(default_factory=dict)
    share: dict[str, int] = field(default_factory=dict)
    conditions: dict[str, int] = field(default_factory=dict)
    agreements: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    starts: date | None = None
    until: date | None = None
    review: date | None = None
    as_of: datetime | None = None
    problem: Cause | None = None

    @property
    def strictest_handling(self) -> str:
        """The handling to keep to for all of it together."""
        found = {STRICTEST_HANDLING if code == NOT_STATED else code for code in self.handling}
        return min(found, key=_severity, default=STRICTEST_HANDLING)

    @property
    def without_consent(self) -> int:
        """How many items have a status of consent that permits nothing, `not-stated` among them."""
        permitting = {status.value for status in PERMITTING}
        return sum(count for code, count in self.status.items() if code not in permitting)


STRICTEST_HANDLING = code_text(STRICTEST.handling or "")
"""What counts where nothing is stated."""


def _severity(code: str) -> tuple[int, str]:
    """Order handlings, `closed` first: a code that is not known permits nothing either, but says so less plainly."""
    order = [handling.value for handling in Handling]
    return (order.index(code) + (code != STRICTEST_HANDLING), code) if code in order else (1, code)


_Group = tuple[ItemTerms, tuple[int, ...]]
_MAX_GROUPS = 1024

_SINGLE = ("handling", "status", "identity", "onward", "defence")
_LISTS = {"purposes": "purposes", "share": "share", "conditions": "conditions", "agreement": "agreements"}


class ConsentTally:
    """Counts the items of one seal; items that share their terms are put together before anything is worked out."""

    def __init__(self, sealed_by: int = 0, changes: Sequence[ConsentChange] | ChangeIndex = ()) -> None:
        index = changes if isinstance(changes, ChangeIndex) else ChangeIndex(changes)
        self._sealed_by = sealed_by
        self._changes = index.changes
        self._finder = ChangeFinder(index, sealed_by)
        self._problem: Cause | None = None
        self._groups: dict[_Group, int] = {}
        self._counts: dict[str, Counter[str]] = {}
        self._items = self._stated = self._changed = 0
        self._days: dict[str, date] = {}

    def add(self, item: Item) -> None:
        """Count one item."""
        self._put(item.number, sealed_terms(item), 1)

    def add_range(self, items: range, stated: Mapping[int, ConsentTerms]) -> None:
        """Count neighbouring items of which all lines are disclosed, given the terms of those that state some."""
        if not stated and not self._changes and items:
            self._put(items[0], TermsNeverStated(), len(items))
            return
        for number in items:
            terms = stated.get(number)
            self._put(number, TermsNeverStated() if terms is None else TermsStated(terms), 1)

    def _put(self, number: int, sealed: ItemTerms, count: int) -> None:
        group = (sealed, self._finder.find(number))
        self._groups[group] = self._groups.get(group, 0) + count
        if len(self._groups) > _MAX_GROUPS:
            self._settle()

    def _settle(self) -> None:
        for (sealed, concerned), count in self._groups.items():
            changes = [self._changes[index] for index in concerned]
            try:
                known = terms_in_force(sealed, self._sealed_by, changes)
            except FormatError as error:
                # Nothing is known about them then, and what is not known counts as the strictest.
                self._problem, known = self._problem or Cause.of(error), TermsWithheld()
            self._items += count
            self._stated += count * isinstance(known, TermsStated)
            self._changed += count if changes else 0
            self._count(terms_that_count(known), count)
        self._groups.clear()

    def _count(self, terms: ConsentTerms, count: int) -> None:
        for name in _SINGLE:
            self._add(name, [getattr(terms, name)], count)
        for attribute, name in _LISTS.items():
            codes: Sequence[Enum | str] | None = getattr(terms, attribute)
            if codes is not None:
                self._add(name, codes or ["none"], count)
        for name, codes in unknown_codes(terms).items():
            self._add("unknown", [f"{name}={code_text(code)}" for code in codes], count)
        for name, choose in (("starts", max), ("until", min), ("review", min)):
            day: date | None = getattr(terms, name)
            if day is not None:
                self._days[name] = choose(self._days.get(name, day), day)

    def _add(self, name: str, codes: Iterable[Enum | str | None], count: int) -> None:
        counter = self._counts.setdefault(name, Counter())
        for code in codes:
            counter[NOT_STATED if code is None else code_text(code)] += count

    def merge(self, other: ConsentTally) -> None:
        """Take in what another tally has counted."""
        other._settle()
        self._settle()
        self._problem = self._problem or other._problem
        self._items += other._items
        self._stated += other._stated
        self._changed += other._changed
        for name, counter in other._counts.items():
            self._counts.setdefault(name, Counter()).update(counter)
        for name, choose in (("starts", max), ("until", min), ("review", min)):
            if name in other._days:
                self._days[name] = choose(self._days.get(name, other._days[name]), other._days[name])

    def summarize(self, as_of: datetime | None) -> ConsentSummary:
        """Give what was counted so far."""
        self._settle()
        totals = ConsentSummary(
            items=self._items,
            stated=self._stated,
            changed=self._changed,
            starts=self._days.get("starts"),
            until=self._days.get("until"),
            review=self._days.get("review"),
            as_of=as_of,
            problem=self._problem,
        )
        counts: dict[str, Any] = {name: dict(sorted(counter.items())) for name, counter in self._counts.items()}
        return replace(totals, **counts)
