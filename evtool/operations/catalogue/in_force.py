"""The terms in force for the items of one collection, worked out from every entry that a catalogue has ever seen of it.

A record is a tree, and consent may have changed on each of its branches. Each branch is folded by itself, exactly as
the record itself would be, and of what the branches say the strictest counts. `manifests/FORMAT-catalogue.md` has the
rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct

from evtool.core.consent.index import ChangeFinder, ChangeIndex
from evtool.core.consent.items import ItemTerms, TermsWithheld, strictest_of, terms_in_force
from evtool.core.consent.state import ConsentChange
from evtool.core.custody.branches import EntryPlace, TreeEntry
from evtool.core.custody.events import Event
from evtool.core.errors import FormatError
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.ranges import ItemRanges, parse_ranges, unite
from evtool.operations.catalogue.stored_terms import read_plain_terms

_MOST_GROUPS = 4096

_NO_MOMENT = datetime(1970, 1, 1, tzinfo=UTC)
"""The fold goes by the order of entries; when they happened decides nothing."""


class StoredEntry(NamedTuple):
    """An entry as far as it matters for terms and forks; the columns of the table `entry`."""

    sequence: int
    digest: str
    signature: str
    previous: str | None
    previous_signature: str | None
    event: str
    agent: str
    items: str | None
    party: str | None
    answers: str | None
    terms: str | None
    not_about: str | None
    vouched_by: str | None
    undone_by: str | None

    @property
    def place(self) -> EntryPlace:
        """Which entry it is."""
        return self.digest, self.signature

    @property
    def before(self) -> EntryPlace | None:
        """Which entry it follows."""
        return (self.previous, self.previous_signature or "") if self.previous is not None else None

    @property
    def is_unknown(self) -> bool:
        """Whether no record that was seen has its details."""
        return self.not_about is not None

    def node(self) -> TreeEntry:
        """Give what matters where records part."""
        recipient = self.party if self.answers is None else None
        return TreeEntry(self.sequence, self.place, self.before, self.agent, recipient, self.answers)


class InForce(Struct, frozen=True):
    """What is in force for an item.

    Attributes:
        terms: the terms.
        entries: digests of the entries that they rest on, in the order of their numbers: the seal, the changes that
            count, those that undo others, and those that answer for it that a change is about other items.
    """

    terms: ItemTerms
    entries: tuple[str, ...]


class _Change(NamedTuple):
    """An entry that changes consent, as it counts on one branch.

    Attributes:
        entry: the entry.
        undone_by: digests of the entries that undo it there.
        is_unknown: whether no record that was seen has its details; then it may be about any item but those of the
            bundles that say, by their signed list, that it is about none of theirs.
    """

    entry: StoredEntry
    undone_by: tuple[str, ...]
    is_unknown: bool


class _Branch:
    """The changes of consent on the way from the first entry to one behind which there is no later change."""

    def __init__(self, path: Sequence[StoredEntry], told: frozenset[EntryPlace] = frozenset()) -> None:
        self.told = told
        self.places = {entry.place for entry in path}
        self.is_cut_off = path[0].before is not None
        """An entry before it was never seen, as before a notice; so nobody knows which seals it continues."""
        here = {entry.digest for entry in path if entry.place not in told}
        changes = [entry for entry in path if entry.event == Event.CONSENT_CHANGED.value]
        self.changes = [
            _Change(entry, tuple(digest for digest in _split(entry.undone_by) if digest in here), entry.is_unknown)
            for entry in changes
        ]
        self.index = ChangeIndex(list(map(_indexed, self.changes)))
        self.vouched = [number for number, change in enumerate(self.changes) if change.is_unknown]

    def fold(self, sealed_by: int, sealed: ItemTerms, found: Sequence[int]) -> tuple[ItemTerms, set[str]]:
        """Give the terms in force on this branch, and the digests of the entries that they rest on."""
        counting: list[ConsentChange] = []
        told: list[ConsentChange] = []
        rests_on: set[str] = set()
        is_known = True
        for number in found:
            change = self.changes[number]
            if change.is_unknown and change.entry.sequence < sealed_by:
                continue
            rests_on |= set(change.undone_by) or {change.entry.digest}
            if not change.undone_by:
                is_known &= not change.is_unknown
                (told if change.entry.place in self.told else counting).append(self.index.changes[number])
        for number in self.vouched:
            if number not in found:
                rests_on |= set(_split(self.changes[number].entry.vouched_by))
        try:
            known = terms_in_force(sealed, sealed_by, counting) if is_known else TermsWithheld()
            # What no record shows that is held takes back, and widens nothing, whatever it says.
            layers = [known, *(terms_in_force(sealed, sealed_by, [*counting, change]) for change in told)]
            return strictest_of(layers), rests_on
        except FormatError:
            # More is in force together than a reader accepts: nothing is known then.
            return TermsWithheld(), rests_on


class TermsInForce:
    """Works out what is in force for the items of one collection, asked for in the order of their numbers."""

    def __init__(
        self, entries: Sequence[StoredEntry], *, is_forked: bool, told: frozenset[EntryPlace] = frozenset()
    ) -> None:
        """Read every entry of the collection; of a forked one that nobody has explained, nothing is known.

        `told` are the entries that no record shows that is held, such as those of a notice.
        """
        self._told = told
        self._is_forked = is_forked
        self._by_place = {entry.place: entry for entry in entries}
        self._sequences = {entry.digest: entry.sequence for entry in entries}
        self._branches = [_Branch(self._path(tip), told) for tip in self._find_tips(entries)]
        # What is told takes consent back, and nothing else, whatever it says of seals or of what was given up.
        shown = [entry for entry in entries if entry.place not in told]
        self._seals = sorted(_seals_in(shown))
        self._starts = [first for first, _, _ in self._seals]
        self._doubled = _find_overlaps(self._seals)
        self._finders: dict[EntryPlace, list[tuple[_Branch, ChangeFinder]]] = {}
        self._groups: dict[object, InForce] = {}
        self._disposals = ChangeIndex(
            [
                ConsentChange(entry.sequence, _NO_MOMENT, read_items(entry.items), ConsentTerms())
                for entry in shown
                if entry.event == Event.DISPOSED.value and entry.undone_by is None and not entry.is_unknown
            ]
        )
        self._disposal_finders: dict[int, ChangeFinder] = {}

    def is_disposed(self, number: int, sealed_by: int) -> bool:
        """Tell whether an entry on any branch, that no other one undoes, records that an item was given up."""
        if not self._disposals.changes:
            return False
        if sealed_by not in self._disposal_finders:
            self._disposal_finders[sealed_by] = ChangeFinder(self._disposals, sealed_by)
        return bool(self._disposal_finders[sealed_by].find(number))

    def find(self, number: int, sealed: ItemTerms) -> InForce:
        """Give what is in force for an item, with these terms sealed."""
        seal = self._seal_of(number)
        if seal is None or self._is_forked or number in self._doubled:
            # Of two items under one number, nobody can say which one is meant.
            return InForce(TermsWithheld(), (seal.digest,) if seal is not None else ())
        branches = self._branches_of(seal)
        found = tuple(finder.find(number) for _, finder in branches)
        group = (seal.place, sealed, found)
        if group not in self._groups:
            if len(self._groups) >= _MOST_GROUPS:
                self._groups.clear()
            self._groups[group] = self._fold(seal, sealed, [branch for branch, _ in branches], found)
        return self._groups[group]

    def _fold(
        self, seal: StoredEntry, sealed: ItemTerms, branches: Sequence[_Branch], found: Sequence[Sequence[int]]
    ) -> InForce:
        folded = [branch.fold(seal.sequence, sealed, numbers) for branch, numbers in zip(branches, found, strict=True)]
        digests = {seal.digest}.union(*(rests_on for _, rests_on in folded))
        entries = sorted(digests, key=lambda digest: (self._sequences.get(digest, 0), digest))
        return InForce(strictest_of([terms for terms, _ in folded]), tuple(entries))

    def _branches_of(self, seal: StoredEntry) -> list[tuple[_Branch, ChangeFinder]]:
        """Give the branches that an item is on; where no change comes behind its seal, the way to that."""
        if seal.place not in self._finders:
            branches = [branch for branch in self._branches if seal.place in branch.places]
            branches = branches or [_Branch(self._path(seal), self._told)]
            # What comes from behind a gap can take back what it names, and widens nothing: the strictest counts.
            branches += [branch for branch in self._branches if branch.is_cut_off and branch not in branches]
            self._finders[seal.place] = [(branch, ChangeFinder(branch.index, seal.sequence)) for branch in branches]
        return self._finders[seal.place]

    def _seal_of(self, number: int) -> StoredEntry | None:
        at = bisect_right(self._starts, number) - 1
        return self._seals[at][2] if at >= 0 and number <= self._seals[at][1] else None

    def _path(self, entry: StoredEntry) -> list[StoredEntry]:
        """Give the way from the first entry to this one; where one between them was never seen, from behind it."""
        path = [entry]
        while (before := self._by_place.get(path[-1].before or ("", ""))) is not None:
            path.append(before)
        return path[::-1]

    def _find_tips(self, entries: Sequence[StoredEntry]) -> list[StoredEntry]:
        """Find the entries that say something of consent and behind which none does on any branch."""
        undoing = {digest for entry in entries for digest in _split(entry.undone_by)}
        speaking = [entry for entry in entries if entry.event == Event.CONSENT_CHANGED.value or entry.digest in undoing]
        passed: set[EntryPlace] = set()
        for entry in speaking:
            place = entry.before
            while place is not None and place not in passed:
                passed.add(place)
                before = self._by_place.get(place)
                place = before.before if before is not None else None
        return [entry for entry in speaking if entry.place not in passed]


def read_items(text: str | None) -> ItemRanges | None:
    """Read the items of a row, `1-17,20`; None for none."""
    return parse_ranges(text.split(",")) if text else None


def _split(digests: str | None) -> list[str]:
    return digests.split() if digests else []


def _indexed(change: _Change) -> ConsentChange:
    """Give a change with the items that it may be about."""
    entry = change.entry
    items = _all_but(read_items(entry.not_about)) if change.is_unknown else read_items(entry.items)
    return ConsentChange(entry.sequence, _NO_MOMENT, items, read_plain_terms(entry.terms or ""))


def _all_but(items: ItemRanges | None) -> ItemRanges | None:
    """Give all numbers but these; None for all."""
    if items is None:
        return None
    starts = [1, *(last + 1 for _, last in items.ranges)]
    ends = [*(first - 1 for first, _ in items.ranges), MAX_INTEGER]
    return ItemRanges(tuple((first, last) for first, last in zip(starts, ends, strict=True) if first <= last))


def _seals_in(entries: Sequence[StoredEntry]) -> list[tuple[int, int, StoredEntry]]:
    ranges = ((read_items(entry.items), entry) for entry in entries if entry.event == Event.SEALED.value)
    return [(*items.ranges[0], entry) for items, entry in ranges if items is not None]


def _find_overlaps(seals: Sequence[tuple[int, int, StoredEntry]]) -> ItemRanges | tuple[int, ...]:
    """Find the numbers that two seals gave, on two branches; the seals are sorted by their first item."""
    overlaps: list[tuple[int, int]] = []
    end = 0
    for first, last, _ in seals:
        if first <= end:
            overlaps.append((first, min(last, end)))
        end = max(end, last)
    return unite(overlaps) or ()
