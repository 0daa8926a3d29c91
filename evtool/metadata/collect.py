"""Gathers what extractors find, within bounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from evtool.core.metadata.claims import (
    LIST_LIMIT,
    TAG_LIMIT,
    Claim,
    Claims,
    CountClaim,
    DurationClaim,
    FormatClaim,
    PlaceClaim,
    Problem,
    Tag,
    TextClaim,
    TimeClaim,
)
from evtool.core.metadata.vocabulary import TEXT_WITHHELD, Detail, Withheld
from evtool.metadata.values import RawTags


class Collector:
    """Claims in the order found, the same one only once, at most as many of a type as claims may hold.

    With `Detail.BASIC` what `Claims.reduce_to_basic` would leave out is only counted, as it comes.
    """

    def __init__(self, detail: Detail = Detail.FULL) -> None:
        self._detail = detail
        self._is_basic = detail is Detail.BASIC
        self._seen: set[Claim] = set()
        self._counted: dict[type[Claim], int] = {}
        self._kept: dict[type[Claim], list[Any]] = {}
        self._withheld: Counter[Withheld] = Counter()
        self._dropped = 0
        self._unspelled: RawTags | None = None
        """Raw tags that were counted, and not spelled."""

    def add(self, claim: Claim | RawTags) -> None:
        """Keep a claim, or count it as dropped where there are too many of its type."""
        if isinstance(claim, RawTags):
            self._add_raw(claim)
            return
        if self._unspelled is not None and isinstance(claim, Tag) and claim.name in self._unspelled.found:
            # Only now it matters which ones have been counted.
            self._seen.update(self._unspelled.spell())
            self._unspelled = None
        before = len(self._seen)
        self._seen.add(claim)
        if len(self._seen) == before:
            return
        kind = type(claim)
        number = self._counted.get(kind, 0)
        if number >= (TAG_LIMIT if kind is Tag else LIST_LIMIT):
            self._dropped += 1
            self._seen.remove(claim)  # each time it comes it is dropped once more
            return
        self._counted[kind] = number + 1
        if self._is_basic and (withheld := _withheld_as(claim)) is not None:
            self._withheld[withheld] += 1
        else:
            self._kept.setdefault(kind, []).append(claim)

    def _add_raw(self, tags: RawTags) -> None:
        """Count the first raw tags of a file as they are, where they are only counted."""
        if self._is_basic and Tag not in self._counted and len(tags.found) <= TAG_LIMIT:
            if number := tags.number():
                self._unspelled = tags
                self._counted[Tag] = self._withheld[Withheld.TAG] = number
            return
        for tag in tags.spell():
            self.add(tag)

    def claims(self, found: FormatClaim | None = None, problems: Sequence[Problem] = ()) -> Claims:
        """Give all that was found so far, beside a format and what kept extractors from their end."""
        kept = {kind: tuple(claims) for kind, claims in self._kept.items()}
        return Claims(
            format=found,
            times=kept.get(TimeClaim, ()),
            places=kept.get(PlaceClaim, ()),
            durations=kept.get(DurationClaim, ()),
            texts=kept.get(TextClaim, ()),
            counts=kept.get(CountClaim, ()),
            tags=kept.get(Tag, ()),
            detail=self._detail,
            withheld=tuple((kind, self._withheld[kind]) for kind in Withheld if kind in self._withheld),
            dropped=self._dropped,
            problems=tuple(problems),
        )


def _withheld_as(claim: Claim) -> Withheld | None:
    """Tell as what the basic form leaves a claim out; None if it keeps it."""
    if isinstance(claim, Tag):
        return Withheld.TAG
    if isinstance(claim, PlaceClaim):
        return Withheld.PLACE
    if isinstance(claim, TextClaim) and claim.kind.detail is Detail.FULL:
        return TEXT_WITHHELD.get(claim.kind, Withheld.TEXT)
    return None
