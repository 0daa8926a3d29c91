"""Gathers what extractors find, within bounds."""

from __future__ import annotations

from typing import TypeVar

from evtool.core.metadata.claims import (
    LIST_LIMIT,
    TAG_LIMIT,
    Claim,
    Claims,
    CountClaim,
    DurationClaim,
    PlaceClaim,
    Tag,
    TextClaim,
    TimeClaim,
)

_T = TypeVar("_T")


class Collector:
    """Claims in the order found, the same one only once, at most as many of a type as claims may hold."""

    def __init__(self) -> None:
        self._found: dict[Claim, None] = {}
        self._counted: dict[type[Claim], int] = {}
        self._dropped = 0

    def add(self, claim: Claim) -> None:
        """Keep a claim, or count it as dropped where there are too many of its type."""
        if claim in self._found:
            return
        kind = type(claim)
        number = self._counted.get(kind, 0)
        if number >= (TAG_LIMIT if kind is Tag else LIST_LIMIT):
            self._dropped += 1
            return
        self._counted[kind] = number + 1
        self._found[claim] = None

    def claims(self) -> Claims:
        """Give all that was found so far."""
        return Claims(
            times=self._of(TimeClaim),
            places=self._of(PlaceClaim),
            durations=self._of(DurationClaim),
            texts=self._of(TextClaim),
            counts=self._of(CountClaim),
            tags=self._of(Tag),
            dropped=self._dropped,
        )

    def _of(self, kind: type[_T]) -> tuple[_T, ...]:
        return tuple(claim for claim in self._found if isinstance(claim, kind))
