"""What travels with a bundle beside the evidence: told to the sender before, to the recipient on the cover sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, name_ranges, ranges_of


@dataclass(frozen=True, slots=True)
class EarlierParty:
    """Somebody whom an entry of the chain names as recipient or sender of the collection or of a bundle.

    Attributes:
        entry: number of the entry.
        event: what it records.
        code: code of that party.
    """

    entry: int
    event: str
    code: str


@dataclass(frozen=True, slots=True)
class OtherTerms:
    """A change of consent that travels because of items of the bundle, and is about withheld items as well.

    Attributes:
        entry: number of the entry.
        items: numbers of the withheld items.
        terms: the changed terms, in canonical JSON.
    """

    entry: int
    items: ItemRanges
    terms: str


@dataclass(frozen=True, slots=True)
class FreeText:
    """Words of a person, word for word.

    Attributes:
        text: the words.
        places: where they stand, as `entry 3, reason` or `items 1-4, title`.
    """

    text: str
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Travels:
    """What a recipient learns beside the evidence.

    Attributes:
        names: stored names of items, as far as the bundle does not withhold them.
        earlier_names: names that such items had before, and that entries tell.
        nameless: items whose names are withheld although nobody asked for it.
        nameless_by: numbers of the entries that gave them their names together with items that are not in the bundle.
        metadata: how many items go along with what their files say of themselves.
        recordings: pictures of which the seal states that a video or a sound recording is inside.
        parties: who had the collection, or a bundle of it, before.
        other_terms: terms of items that the bundle withholds.
        other_items: numbers of withheld items that entries name for another reason.
        texts: words of people.
    """

    names: tuple[str, ...]
    earlier_names: tuple[str, ...]
    nameless: ItemRanges | None
    nameless_by: tuple[int, ...]
    metadata: int
    recordings: ItemRanges | None
    parties: tuple[EarlierParty, ...]
    other_terms: tuple[OtherTerms, ...]
    other_items: ItemRanges | None
    texts: tuple[FreeText, ...]


def render_travels(travels: Travels, limit: int | None = None) -> list[str]:
    """Write it, one fact a line; of what is many, the first `limit`, and how many more there are."""
    lines = [_names(travels)]
    lines += _limited([f"    {shown(name)}" for name in travels.names], limit)
    if travels.earlier_names:
        lines.append("  names that items had before:")
        lines += _limited([f"    {shown(name)}" for name in travels.earlier_names], limit)
    if travels.nameless is not None:
        lines += _nameless(travels.nameless, travels.nameless_by)
    if travels.metadata:
        lines.append(f"  embedded metadata of {counted(travels.metadata, 'item')}, which can name people and places")
    if travels.recordings:
        named = name_ranges(travels.recordings.ranges, _MAX_PLACES)
        lines.append(f"  a video or a sound recording inside a picture: {named}")
    if travels.parties:
        lines.append("  who had the collection or a bundle of it:")
        lines += _limited(
            [f"    entry {party.entry}, {party.event}: {shown(party.code)}" for party in travels.parties], limit
        )
    if travels.other_terms:
        lines.append("  terms of items that are not in the bundle:")
        spelled = [
            f"    entry {other.entry}, {name_ranges(other.items.ranges, _MAX_PLACES)}: {shown(other.terms, 1000)}"
            for other in travels.other_terms
        ]
        lines += _limited(spelled, limit)
    if travels.other_items:
        named = name_ranges(travels.other_items.ranges, _MAX_PLACES)
        lines.append(f"  numbers of items that are not in the bundle: {named}")
    if travels.texts:
        lines.append("  words of people:")
        spelled = [f"    {shown(words.text, 4000)}  ({_places(words.places)})" for words in travels.texts]
        lines += _limited(spelled, limit)
    else:
        lines.append("  no words of people")
    return lines


def _names(travels: Travels) -> str:
    if not travels.names:
        return "  no names: the files go by number"
    return f"  names of {counted(len(travels.names), 'item')}:"


def _nameless(items: ItemRanges, causes: Sequence[int]) -> list[str]:
    named = name_ranges(items.ranges, _MAX_PLACES)
    entries = name_ranges(ranges_of(causes).ranges, _MAX_PLACES, singular="entry", plural="entries")
    return [
        f"  no names of {named}: {entries} renamed them together with items whose names do not travel",
        f"    to let them travel, first record the names again: evtool record DIR renamed --items {_typed(items)}",
    ]


def _typed(items: ItemRanges) -> str:
    return ",".join(items.serialize())


def _places(places: Sequence[str]) -> str:
    more = f", and {len(places) - _MAX_PLACES} more places" if len(places) > _MAX_PLACES else ""
    return f"{'; '.join(places[:_MAX_PLACES])}{more}"


_MAX_PLACES = 5


def _limited(lines: Sequence[str], limit: int | None) -> list[str]:
    if limit is None or len(lines) <= limit:
        return list(lines)
    return [*lines[:limit], f"    and {len(lines) - limit:,} more"]


LISTED = 20
"""How much of one kind a page lists."""
