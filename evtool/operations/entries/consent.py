"""Consent of a sealed collection: what is in force, who may get what, who has it already.

Packing, handing over and every other way out asks `decide_items`, and nothing else decides.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from evtool.core.consent.decision import ConsentAnswer, Decision, Request, decide
from evtool.core.consent.index import ChangeFinder, ChangeIndex
from evtool.core.consent.items import (
    ItemConsent,
    ItemTerms,
    TermsNeverStated,
    TermsStated,
    TermsWithheld,
    consent_of,
    sealed_terms,
    terms_in_force,
    terms_that_count,
)
from evtool.core.consent.state import ConsentChange, changes_of, find_ineffective
from evtool.core.custody.events import ConsentChanged, Event, TermsText
from evtool.core.custody.house import Houses, acts_of
from evtool.core.errors import FormatError, InputError, RefusedError, UsageError
from evtool.core.manifest.skim import seek
from evtool.core.terms.input import TERM_NAMES, find_contradictions
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.limits import MAX_CHANGES
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.record_event import RecordResult, record_event
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.opening import require_sound
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.record.trust import TrustPolicy, read_agents
from evtool.operations.record.withholding import judge_withholding, require_explained, withheld_ranges


def read_consent(record: Record, items: ItemRanges | None = None) -> Iterator[ItemConsent]:
    """Yield the consent of every item that is disclosed, or only of `items`, in the order of their numbers.

    Those of `items` that this copy withholds come last: nothing is known about their terms.

    What was yielded counts only once all of it was read and the record was found to hold.

    Raises:
        MismatchError: at the end: a manifest is not the one that was signed, or the chain fails verification.
        InputError: at the end: some of it cannot be read.
    """
    every = read_numbered_items(record, seek(items))
    yield from consents_of(record, (sealed for sealed in every if items is None or sealed.item.number in items))
    require_decidable(record)
    for seal in record.seals if items is not None else ():
        gone = withheld_ranges(seal)
        for number in items or ():
            if any(first <= number <= last for first, last in gone):
                yield consent_of(number, TermsWithheld(), seal.number, record.changes)


def consents_of(record: Record, items: Iterable[SealedItem]) -> Iterator[ItemConsent]:
    """Yield the consent of items that a reading of this record gives; whether it can be relied on is not judged."""
    index = ChangeIndex(record.changes)
    finders = {seal.number: ChangeFinder(index, seal.number) for seal in record.seals}
    # Items mostly share their terms and the changes that concern them: what was put together last is kept.
    last: object = None
    in_force: ItemTerms = TermsNeverStated()
    changes: tuple[ConsentChange, ...] = ()
    for sealed in items:
        number, sealed_by, terms = sealed.item.number, sealed.seal.number, sealed_terms(sealed.item)
        group = (sealed_by, terms, finders[sealed_by].find(number))
        if group != last:
            changes = tuple(index.changes[position] for position in group[2])
            in_force, last = _in_force(number, terms, sealed_by, changes), group
        yield ItemConsent(number, sealed_by, terms, in_force, changes)


def known_consents(record: Record, items: Sequence[SealedItem]) -> dict[int, ItemConsent]:
    """Work out the consent of items out of any record, once its manifests have been read: number -> consent.

    Out of one that cannot be relied on, nobody knows what is in force: then the strictest counts.
    """
    find = known_consent(record)
    return {sealed.item.number: find(sealed) for sealed in items}


def known_consent(record: Record) -> Callable[[SealedItem], ItemConsent]:
    """As `known_consents`, for one item after the other; they may come from another reading of the same record."""
    changes = record.changes
    is_known = record.tells_all_changes and judge_withholding(record).is_explained
    sound = {seal.number for seal in record.seals if seal.is_sound} if is_known else frozenset[int]()

    def find(sealed: SealedItem) -> ItemConsent:
        consent = consent_of(sealed.item.number, sealed_terms(sealed.item), sealed.seal.number, changes)
        return consent if sealed.seal.number in sound else replace(consent, in_force=TermsWithheld())

    return find


def _in_force(number: int, sealed: ItemTerms, sealed_by: int, changes: Sequence[ConsentChange]) -> ItemTerms:
    try:
        return terms_in_force(sealed, sealed_by, changes)
    except FormatError as error:
        raise FormatError("item {item}: {why}", key="item-why", item=number, why=error) from error


def require_decidable(record: Record) -> None:
    """Refuse to answer out of a record that fails verification; its manifests have been read.

    Raises:
        MismatchError, InputError: as `read_consent`.
    """
    require_sound(record.record_findings)
    if not record.seals:
        raise InputError("nothing is sealed here, so there is nothing to decide", key="nothing-to-decide")
    if not record.tells_all_changes:
        raise InputError(
            "an entry that changes consent has no signature, so the terms in force are not known",
            hint="run `evtool verify DIR` first",
            key="change-unsigned",
        )
    # Terms could be looser only because an item with stricter ones was withheld by somebody without a key.
    require_explained(judge_withholding(record))


def decide_items(
    record: Record, request: Request, trust: TrustPolicy, items: ItemRanges | None = None
) -> tuple[ConsentAnswer, ...]:
    """Decide over every item that is disclosed, or over `items`; see `decide_consents`.

    Raises:
        MismatchError, InputError: the record fails verification or cannot be read, or one of `items` is not in it.
    """
    answers = decide_consents(record, request, trust, list(read_consent(record, items)))
    if items is not None:
        _require_all(items, {answer.consent.item for answer in answers})
    return answers


def decide_consents(
    record: Record, request: Request, trust: TrustPolicy, consents: Iterable[ItemConsent]
) -> tuple[ConsentAnswer, ...]:
    """Decide over items whose consent is known, once their manifests have been read: the one place for that.

    Terms that somebody signed whom the user does not trust permit nothing.
    """
    untrusted = {link.entry.sequence for link in record.chain.links if trust.judge(link) is not None}
    houses = Houses(acts_of(record.chain.links), is_trusted=lambda act: act.entry not in untrusted)
    request = _place_request(record, houses, request, trust)
    # By all admissions or by those of trusted keys: nobody takes a retired key back with a key that nobody trusts.
    untrusted |= record.houses.retired_by.keys() | houses.retired_by.keys()
    answers: list[ConsentAnswer] = []
    decisions: dict[tuple[ItemTerms, tuple[int, ...]], Decision] = {}
    # Whoever withheld the details of a change answers for it that it is about other items.
    link = judge_withholding(record).link
    answering = () if link is None or not _withholds_changes(record) else (link.entry.sequence,)
    taken_back = _undone_changes(record)
    for consent in consents:
        entries = (consent.sealed_by, *(change.entry for change in consent.changes), *answering)
        # Without what was undone the terms are wider, so whoever undid it answers for that.
        entries += tuple(by for change, by in taken_back if change.concerns(consent.item, consent.sealed_by))
        alike = consent.in_force, tuple(entry for entry in entries if entry in untrusted)
        # Items mostly share their terms: a decision over each of a million would not fit in memory.
        if alike not in decisions:
            decisions[alike] = decide(consent.in_force, request, alike[1])
        answers.append(ConsentAnswer(consent, decisions[alike]))
    return tuple(answers)


def _place_request(record: Record, houses: Houses, request: Request, trust: TrustPolicy) -> Request:
    """Tell from the record, and its houses as trusted keys made them, for whom the person acts who asks."""
    agent, key = request.agent, request.key
    is_trusted = agent is not None and key is not None and trust.judge_key(key, agent) is None
    acts_for_sender = houses.acts_for_sender(agent, key.fingerprint if key else None, is_trusted=is_trusted)
    codes = read_agents(record.chain.links, record.houses, trust).codes_of(agent) if agent is not None else frozenset()
    return replace(request, is_onward=request.is_onward or not acts_for_sender, other_codes=codes)


def _withholds_changes(record: Record) -> bool:
    """Tell whether this copy does not hold the details of an entry that changes consent."""
    changes = [link.entry for link in record.chain.links if link.entry.event is Event.CONSENT_CHANGED]
    return any(entry.is_withheld for entry in changes)


def _undone_changes(record: Record) -> list[tuple[ConsentChange, int]]:
    """Give the changes of consent that are undone, each with the number of the entry that undoes it."""
    entries = [link.entry for link in record.chain.links if link.entry.sequence in record.undone]
    return [(change, record.undone.by[change.entry]) for change in changes_of(entries)]


def _require_all(items: ItemRanges, found: set[int]) -> None:
    # Not listed one by one: a range may be of millions.
    missing = next((number for number in items if number not in found), None)
    if missing is not None:
        raise InputError("item {item} is in no seal", key="item-in-no-seal", item=missing)


class TermDifference(Struct, frozen=True):
    """A term that is another one for some items after a change.

    Attributes:
        term: its name.
        before: the value in force until then, as files spell it; None if none was stated.
        after: the value in force from then on.
        items: the items.
    """

    term: str
    before: Any
    after: Any
    items: ItemRanges


class ChangeResult(Struct, frozen=True):
    """A change of consent that was recorded.

    Attributes:
        written: the entry.
        items: the items it is about.
        differences: what is in force now that was not before.
        without_effect: name of a term -> number of items for which something stricter stays in force.
    """

    written: RecordResult
    items: ItemRanges
    differences: tuple[TermDifference, ...]
    without_effect: dict[str, int]


def change_consent(
    path: str | os.PathLike[str],
    author: Author,
    terms: ConsentTerms,
    header: EntryHeader,
    *,
    where: Where = None,
) -> ChangeResult:
    """Record that consent or handling changed; without items in the header, of all items sealed by now.

    Raises:
        UsageError: nothing is stated, or what is stated makes no sense.
        RefusedError: a text names somebody, or an item was changed as often as a reader accepts.
        MismatchError, InputError: the record fails verification or cannot be read, or an item is not in it.
    """
    if not terms.stated:
        raise UsageError(
            "no term was given", hint="state at least one, for example that its status is withdrawn", key="no-term"
        )
    for contradiction in find_contradictions(terms, whole=False):
        raise UsageError.like(contradiction)
    with open_record(path, where) as record:
        items = header.items or _all_sealed(record)
        moment = header.happened_at or author.now()
        change = ConsentChange(record.chain.links[-1].entry.sequence + 1, moment, items, terms)
        if items.last >= record.next_item:
            raise InputError(
                "item {item} is not sealed, the last one is {last}",
                key="item-beyond",
                item=items.last,
                last=record.next_item - 1,
            )
        # Items that this copy withholds can be changed all the same; nobody knows what has an effect on them.
        differences, without_effect = _find_effects(read_consent(record, header.items), change)
    # Named one by one even if it is all: items that are sealed later are not meant.
    header = EntryHeader(header.reason, header.happened_at, header.clock, items)
    details = ConsentChanged(TermsText(terms.serialize()))
    written = record_event(path, author, details, header, where=where)
    return ChangeResult(written, items, differences, without_effect)


def _find_effects(
    consents: Iterable[ItemConsent], change: ConsentChange
) -> tuple[tuple[TermDifference, ...], dict[str, int]]:
    """Tell what a change makes different, and for how many items each of its terms has no effect."""
    differences, without_effect = _Differences(), dict[str, int]()
    for consent in consents:
        if len(consent.changes) >= MAX_CHANGES:
            raise RefusedError(
                "item {item} was changed {limit} times already, and evtool reads no more",
                key="changed-often",
                item=consent.item,
                limit=MAX_CHANGES,
            )
        known = consent.in_force
        differences.note(consent, change)
        for name in find_ineffective(known.terms, change.terms) if isinstance(known, TermsStated) else ():
            without_effect[name] = without_effect.get(name, 0) + 1
    return differences.list(), without_effect


class _Differences:
    """Collects what a change makes different, item by item; items mostly share their terms."""

    def __init__(self) -> None:
        self._last: tuple[object, dict[str, tuple[Any, Any]]] | None = None
        self._items: dict[str, tuple[str, Any, Any, list[int]]] = {}

    def note(self, consent: ItemConsent, change: ConsentChange) -> None:
        """Compare the terms in force for an item with those after the change; what is not known is passed over."""
        if isinstance(consent.in_force, TermsWithheld):
            return
        group = (consent.sealed_by, consent.sealed, consent.changes)
        if self._last is None or self._last[0] != group:
            after = terms_in_force(consent.sealed, consent.sealed_by, [*consent.changes, change])
            old, new = terms_that_count(consent.in_force).stated, terms_that_count(after).stated
            names = [name for name in TERM_NAMES if old.get(name) != new.get(name)]
            self._last = (group, {name: (old.get(name), new.get(name)) for name in names})
        for name, (before, after_it) in self._last[1].items():
            key = repr((name, before, after_it))
            self._items.setdefault(key, (name, before, after_it, []))[3].append(consent.item)

    def list(self) -> tuple[TermDifference, ...]:
        """Give each difference once, with its items."""
        return tuple(TermDifference(name, old, new, ranges_of(items)) for name, old, new, items in self._items.values())


def _all_sealed(record: Record) -> ItemRanges:
    if not record.seals:
        raise InputError("nothing is sealed here, so there is no consent to change", key="nothing-to-change")
    return ItemRanges(((1, record.next_item - 1),))
