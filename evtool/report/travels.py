"""What travels with a bundle beside the evidence: told to the sender before, to the recipient on the cover sheet."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from evtool.core.finding import Words
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.report.language import Language, Said


class EarlierParty(Struct, frozen=True):
    """Somebody whom an entry of the chain names as recipient or sender of the collection or of a bundle.

    Attributes:
        entry: number of the entry.
        event: what it records.
        code: code of that party.
    """

    entry: int
    event: str
    code: str


class OtherTerms(Struct, frozen=True):
    """A change of consent that travels because of items of the bundle, and is about withheld items as well.

    Attributes:
        entry: number of the entry.
        items: numbers of the withheld items.
        terms: the changed terms, in canonical JSON.
    """

    entry: int
    items: ItemRanges
    terms: str


class FreeText(Struct, frozen=True):
    """Words of a person, word for word.

    Attributes:
        text: the words.
        places: where they stand: of an entry or of items, and in which field.
    """

    text: str
    places: tuple[Words, ...]


class Travels(Struct, frozen=True):
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


def render_travels(language: Language, travels: Travels, limit: int | None = None) -> list[str]:
    """Write it, one fact a line; of what is many, the first `limit`, and how many more there are."""
    page = _Page(language, limit)
    say = language.say
    lines: list[str] = [say("travels.names", count=len(travels.names)) if travels.names else say("travels.no-names")]
    lines += page.limited(f"    {shown(name)}" for name in travels.names)
    if travels.earlier_names:
        lines.append(say("travels.before"))
        lines += page.limited(f"    {shown(name)}" for name in travels.earlier_names)
    if travels.nameless is not None:
        causes = ranges_of(travels.nameless_by).ranges
        lines.append(say("travels.nameless", items=travels.nameless.ranges, entries=causes))
        lines.append(say("travels.nameless-hint", typed=",".join(travels.nameless.serialize())))
    if travels.metadata:
        lines.append(say("travels.metadata", count=travels.metadata))
    if travels.recordings:
        lines.append(say("travels.recordings", items=travels.recordings.ranges))
    if travels.parties:
        lines.append(say("travels.parties"))
        lines += page.limited(page.party(party) for party in travels.parties)
    if travels.other_terms:
        lines.append(say("travels.other-terms"))
        lines += page.limited(page.terms(other) for other in travels.other_terms)
    if travels.other_items:
        lines.append(say("travels.other-items", items=travels.other_items.ranges))
    if travels.texts:
        return [*lines, say("travels.words"), *page.limited(page.words(words) for words in travels.texts)]
    return [*lines, say("travels.no-words")]


class _Page(Struct, frozen=True):
    """Writes single facts.

    Attributes:
        language: that of the reader.
        limit: how many of one kind are written; None is all.
    """

    language: Language
    limit: int | None

    def party(self, party: EarlierParty) -> str:
        """Write who had it before."""
        event = self.language.word("event", party.event)
        return self.language.say("travels.party", entry=party.entry, event=event, code=party.code)

    def terms(self, other: OtherTerms) -> str:
        """Write terms of other items."""
        terms = Said(shown(other.terms, 1000))
        return self.language.say("travels.terms-of", entry=other.entry, items=other.items.ranges, terms=terms)

    def words(self, words: FreeText) -> str:
        """Write the words of people, and where they stand."""
        places = "; ".join(map(self.language.say_words, words.places[:_MAX_PLACES]))
        if len(words.places) > _MAX_PLACES:
            places += self.language.say("travels.more-places", count=len(words.places) - _MAX_PLACES)
        return self.language.say("travels.text", text=Said(shown(words.text, 4000)), places=Said(places))

    def limited(self, lines: Iterable[str]) -> list[str]:
        """Leave out what is too much, and count it."""
        written = list(lines)
        if self.limit is None or len(written) <= self.limit:
            return written
        return [*written[: self.limit], self.language.say("travels.more", count=len(written) - self.limit)]


_MAX_PLACES = 5

LISTED = 20
"""How much of one kind a page lists."""
