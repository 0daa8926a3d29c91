"""Where records of one collection part: whether that is a recipient's branch, or one entry continued twice.

A record is a tree. Whoever is given a copy goes on with it, and so does its sender; that is how a handover ends. But
nobody can have gone on with one entry in two ways by themselves, unless somebody wants to show one record here and
another one there. The rule is in `manifests/FORMAT-events.md`, section "Where records part".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Received
from evtool.core.custody.receipt import transfer_details

EntryPlace = tuple[str, str]
"""Digests of an entry and of its signature: which entry it is, whatever number it has."""


class TreeEntry(Struct, frozen=True):
    """An entry as far as it matters where records part: from a record, or from a catalogue that keeps no more.

    Attributes:
        sequence: its number.
        place: which entry it is.
        previous: which entry it follows; None before the first.
        agent: code of its signer.
        recipient: code of whom it hands the collection over to; None if it is no handover.
        answers: digest of the handover that it answers; None if it is no `received`.
    """

    sequence: int
    place: EntryPlace
    previous: EntryPlace | None
    agent: str
    recipient: str | None = None
    answers: str | None = None

    @property
    def head(self) -> str:
        """Digest of the entry."""
        return self.place[0]


def node_of(link: Link) -> TreeEntry:
    """Take from an entry what matters here."""
    entry, details, handed = link.entry, link.entry.details, transfer_details(link)
    previous = entry.previous
    return TreeEntry(
        entry.sequence,
        (link.head, link.signature_digest),
        (previous.entry, previous.signature) if previous is not None else None,
        entry.agent,
        recipient=str(handed.recipient) if handed is not None else None,
        answers=str(details.transfer) if isinstance(details, Received) else None,
    )


class Parting(Struct, frozen=True):
    """An entry that two records continue differently.

    Attributes:
        after: the entry; None if the records begin differently, or it cannot be used.
        first, second: the entry that follows it in each of the two.
    """

    after: TreeEntry | None
    first: TreeEntry
    second: TreeEntry

    @property
    def is_fork(self) -> bool:
        """Whether neither of the two is the answer of a recipient, who goes on with a copy of their own."""
        return not (self._answers(self.first) or self._answers(self.second))

    def _answers(self, node: TreeEntry) -> bool:
        """Tell whether an entry is a recipient's answer to the entry that it follows."""
        if node.answers is None or node.previous is None or node.answers != node.previous[0]:
            return False
        return self.after is None or self.after.recipient == node.agent


def find_parting(one: Sequence[Link], other: Sequence[Link]) -> Parting | None:
    """Find the entry that two records of one collection continue differently; None if there is none."""
    if not one or not other or one[0].entry.collection != other[0].entry.collection:
        return None
    nodes = list(map(node_of, one))
    followers = {node.previous: node for node in nodes}
    by_place = {node.place: node for node in nodes}
    for second in map(node_of, other):
        first = followers.get(second.previous)
        if first is not None and first.place != second.place:
            return Parting(by_place.get(second.previous) if second.previous else None, first, second)
    return None


def find_forks(nodes: Iterable[TreeEntry]) -> Iterator[Parting]:
    """Yield the forks in a tree of entries of one collection: every two entries that continue one differently.

    Of two copies of one entry with another signature each, both are in it: they are two entries.
    """
    nodes = list(nodes)
    by_place = {node.place: node for node in nodes}
    followers: dict[EntryPlace | None, list[TreeEntry]] = {}
    for node in nodes:
        followers.setdefault(node.previous, []).append(node)
    for previous, found in followers.items():
        after = by_place.get(previous) if previous else None
        # At most one of them may be no answer.
        apart = [node for node in found if Parting(after, node, node).is_fork]
        for first, second in combinations(apart, 2):
            yield Parting(after, first, second)
