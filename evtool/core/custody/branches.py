"""Where two records of one collection part: whether that is a recipient's branch, or one entry continued twice.

A record is a tree. Whoever is given a copy goes on with it, and so does its sender; that is how a handover ends. But
nobody can have gone on with one entry in two ways by themselves, unless somebody wants to show one record here and
another one there. The rule is in `manifests/FORMAT-events.md`, section "Where records part".
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Received
from evtool.core.custody.receipt import transfer_details

_Place = tuple[str, str] | None
"""Digests of the entry that another one follows, and of its signature; None before the first."""


class Parting(Struct, frozen=True):
    """An entry that two records continue differently.

    Attributes:
        after: the entry; None if the records begin differently, or it cannot be used.
        first, second: the entry that follows it in each of the two.
    """

    after: Link | None
    first: Link
    second: Link

    @property
    def is_fork(self) -> bool:
        """Whether neither of the two is the answer of a recipient, who goes on with a copy of their own."""
        return not (self._answers(self.first) or self._answers(self.second))

    def _answers(self, link: Link) -> bool:
        """Tell whether an entry is a recipient's answer to the entry that it follows."""
        details, previous = link.entry.details, link.entry.previous
        if not isinstance(details, Received) or previous is None or details.transfer != previous.entry:
            return False
        handed = transfer_details(self.after) if self.after is not None else None
        return self.after is None or (handed is not None and handed.recipient == link.entry.agent)


def find_parting(one: Sequence[Link], other: Sequence[Link]) -> Parting | None:
    """Find the entry that two records of one collection continue differently; None if there is none."""
    if not one or not other or one[0].entry.collection != other[0].entry.collection:
        return None
    followers = {_place_of(link): link for link in one}
    by_identity = {_identity(link): link for link in one}
    for second in other:
        first = followers.get(_place_of(second))
        if first is not None and _identity(first) != _identity(second):
            place = _place_of(second)
            return Parting(by_identity.get(place) if place else None, first, second)
    return None


def _identity(link: Link) -> tuple[str, str]:
    return link.head, link.signature_digest


def _place_of(link: Link) -> _Place:
    previous = link.entry.previous
    return (previous.entry, previous.signature) if previous is not None else None
