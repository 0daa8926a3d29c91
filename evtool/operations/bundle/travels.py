"""What goes to a recipient beside the evidence itself, told before a bundle is written.

A bundle carries the chain of custody of its items. With it go names, earlier recipients, terms that other items share,
and whatever people wrote: why something was done, on which disc, under which order. None of this is secret by itself;
but a sender who does not see it cannot decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evtool.core.custody.entry import NOT_STATED, Entry
from evtool.core.custody.events import ConsentChanged, Details, Disclosed, Received, Renamed, Sealed, Transferred
from evtool.core.finding import Words
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ContextStatement
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.patterns import DEFAULT_PATTERNS
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import names_of
from evtool.operations.bundle.withhold import Withhold, is_withheld
from evtool.operations.record.record import Record, SealedItem
from evtool.report.travels import EarlierParty, FreeText, OtherTerms, Travels

_TEXTS = ("authority", "carrier", "correction", "description", "method", "place", "purpose")
"""Fields of events that hold words of a person."""

_TERMS = ("agreement", "basis", "note", "ref")
"""Terms of consent that hold words of a person."""


def find_travels(
    record: Record,
    chosen: Sequence[SealedItem],
    withhold: Withhold,
    added: tuple[str, Details],
) -> Travels:
    """Find what travels with a bundle of these items.

    `added` is reason and table of the entry that records the bundle itself.
    """
    items = [sealed.item for sealed in chosen]
    disclosed = frozenset(item.number for item in items)
    entries = [link.entry for link in record.chain.links]
    told = [entry for entry in entries if entry.sequence not in withhold.entries]
    names = tuple(item.file.path for item in items if item.file is not None and not withhold.hides_name(item.number))
    texts: dict[str, list[Words]] = {}
    for entry in told:
        for place, text in _texts_of_entry(entry):
            texts.setdefault(text, []).append(_place_of(entry.sequence, place))
    number = entries[-1].sequence + 1 if entries else 1
    for place, text in _texts_of(added[0], added[1]):
        texts.setdefault(text, []).append(_place_of(number, place))
    for (place, text), numbers in _texts_of_items(items, withhold).items():
        texts.setdefault(text, []).append(Words("place-of-items", items=ranges_of(numbers).ranges, field=place))
    other_terms = tuple(
        OtherTerms(entry.sequence, others, entry.details.terms)
        for entry in told
        if isinstance(entry.details, ConsentChanged) and (others := _others(entry.items, disclosed))
    )
    other_items = [
        number
        for entry in told
        if not isinstance(entry.details, ConsentChanged) and (others := _others(entry.items, disclosed))
        for number in others
    ]
    return Travels(
        names=names,
        earlier_names=_earlier_names(chosen, told, withhold, names),
        nameless=withhold.nameless_ranges,
        nameless_by=withhold.causes,
        metadata=sum(item.metadata is not None and not is_withheld(item.metadata, withhold) for item in items),
        recordings=_recordings(items),
        parties=tuple(_parties(entries)),
        other_terms=other_terms,
        other_items=ranges_of(other_items) if other_items else None,
        texts=tuple(FreeText(text, tuple(places)) for text, places in texts.items()),
    )


def _earlier_names(
    chosen: Sequence[SealedItem], told: Sequence[Entry], withhold: Withhold, names: Sequence[str]
) -> tuple[str, ...]:
    """Collect the names that items had before: as they were sealed, and as entries say that come with their details."""
    sealed = [item.earlier[0].path for item in chosen if item.earlier and not withhold.hides_name(item.item.number)]
    given = [path for entry in told if isinstance(entry.details, Renamed) for path in entry.details.paths]
    now = set(names)
    return tuple(name for name in dict.fromkeys([*sealed, *given]) if name not in now)


def _recordings(items: Sequence[Item]) -> ItemRanges | None:
    """Find the pictures of which the seal states a recording, whether the bundle tells it or not."""
    claims = ((item.number, item.metadata.claims) for item in items if item.metadata is not None)
    numbers = [number for number, found in claims if found is not None and found.holds_recording]
    return ranges_of(numbers) if numbers else None


def _others(items: ItemRanges | None, disclosed: frozenset[int]) -> ItemRanges | None:
    numbers = [number for number in items or () if number not in disclosed]
    return ranges_of(numbers) if numbers else None


def _parties(entries: Sequence[Entry]) -> Iterator[EarlierParty]:
    for entry in entries:
        if isinstance(entry.details, Transferred | Disclosed):
            yield EarlierParty(entry.sequence, entry.event.value, entry.details.recipient)
        elif isinstance(entry.details, Received):
            yield EarlierParty(entry.sequence, entry.event.value, entry.details.sender)


_PATTERN = "pattern"
"""Where a pattern stands; it is a field that holds many."""


def _place_of(entry: int, field: str) -> Words:
    if field == _PATTERN:
        return Words("place-of-pattern", entry=entry)
    return Words("place-of-entry", entry=entry, field=field)


def _texts_of_entry(entry: Entry) -> Iterator[tuple[str, str]]:
    yield from _texts_of(entry.reason, entry.details)
    if isinstance(entry.details, Sealed):
        for pattern in entry.details.exclude:
            if pattern not in DEFAULT_PATTERNS:
                yield _PATTERN, pattern
    if isinstance(entry.details, ConsentChanged):
        yield from _texts_of_terms(entry.details.consent)


def _texts_of(reason: str, details: Details) -> Iterator[tuple[str, str]]:
    if reason and reason != NOT_STATED:
        yield "reason", reason
    for name in names_of(details):
        value = getattr(details, name)
        if name in _TEXTS and isinstance(value, str):
            yield name, value


def _texts_of_terms(terms: ConsentTerms) -> Iterator[tuple[str, str]]:
    for name in _TERMS:
        value = getattr(terms, name)
        for text in value if isinstance(value, tuple) else (value,):
            if text is not None:
                yield name, str(text)


def _texts_of_items(items: Sequence[Item], withhold: Withhold) -> dict[tuple[str, str], list[int]]:
    """Collect the words in context and terms of the items: field and text -> numbers of items."""
    found: dict[tuple[str, str], list[int]] = {}
    for item in items:
        told = [
            statement
            for statement in item.context
            if isinstance(statement, ContextStatement) and not is_withheld(statement, withhold)
        ]
        texts = [(statement.field, statement.value) for statement in told]
        if item.consent is not None:
            texts += _texts_of_terms(item.consent.terms)
        for key in texts:
            found.setdefault(key, []).append(item.number)
    return found
