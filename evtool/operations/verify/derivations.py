"""Copies that are on record: which item was made from which, and which of the two this copy discloses."""

from __future__ import annotations

from collections.abc import Container

from msgspec import Struct

from evtool.core.custody.events import Derived
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.operations.record.record import Record


class Derivation(Struct, frozen=True):
    """What one entry `derived` says, and what of it is here.

    Attributes:
        entry: number of the entry.
        original: number of the item that the copy was made from.
        copy: number of the item that it is.
        method: how it was made, as the signer says.
        has_original: whether this copy of the collection says what the original is, and not merely that it is sealed.
        has_copy: the same of the copy.
    """

    entry: int
    original: int
    copy: int
    method: str
    has_original: bool
    has_copy: bool

    @property
    def of_copy(self) -> Words:
        """What is to be said about the copy."""
        key = "copy" if self.has_original else "copy-of-withheld"
        return Words(key, other=self.original, method=self.method, entry=self.entry)

    @property
    def of_original(self) -> Words:
        """What is to be said about the original."""
        key = "original" if self.has_copy else "original-of-withheld"
        return Words(key, other=self.copy, method=self.method, entry=self.entry)


def list_derivations(record: Record, here: Container[int] | None = None) -> list[Derivation]:
    """Give what the entries `derived` say, oldest first.

    `here` are the items of which something is disclosed; without it those of this copy, whose items must have been
    read.
    """
    if here is None:
        here = {number for seal in record.seals for number in seal.seen}
    return [
        Derivation(link.entry.sequence, pair.original, pair.copy, pair.method, pair.original in here, pair.copy in here)
        for link in record.chain.links
        if isinstance(pair := link.entry.details, Derived)
    ]


def judge_derivations(record: Record) -> list[Finding]:
    """Tell of every item in this copy of the collection that it is a copy, or that a copy was made of it.

    Who reads a redacted copy has to learn that it is one, and that what it was made from is sealed too.
    """
    if not all(seal.is_sound for seal in record.seals):
        return []
    findings = []
    for derivation in list_derivations(record):
        if derivation.copy >= record.next_item:
            says = Words("derived", copy=derivation.copy)
            findings.append(Finding(Code.ITEM_UNKNOWN, Effect.NOTE, says, entry=derivation.entry))
        elif derivation.has_copy:
            findings.append(_note(derivation.copy, derivation.of_copy, derivation.entry))
        elif derivation.has_original:
            findings.append(_note(derivation.original, derivation.of_original, derivation.entry))
    return findings


def _note(item: int, half: Words, entry: int) -> Finding:
    return Finding(Code.DERIVED, Effect.NOTE, Words("about", half=half), item=item, entry=entry)
