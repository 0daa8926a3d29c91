"""What killed runs left beside an output: named, and removed, before anything new is written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct

from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.store.work import Leftover, remove_leftovers

Tell = Callable[[str], object]
"""Takes one sentence for the user about what an earlier run left."""

_NOTE = compiled_when_used(r"disclosed ([0-9a-f]{32}) ([1-9][0-9]{0,15}) ([0-9a-f]{64})\n\Z", re.ASCII)


class PendingDisclosure(Struct, frozen=True):
    """What a run that packs is about to record, as it leaves a note of it beside the bundle.

    Attributes:
        collection: id of the collection.
        entry: number of the entry `disclosed`.
        head: its SHA-256.
    """

    collection: str
    entry: int
    head: str

    def serialize(self) -> str:
        """Write the note."""
        return f"disclosed {self.collection} {self.entry} {self.head}\n"


def correction_of(number: int) -> str:
    """Give the command that records that nothing was handed over, whatever entry `number` says."""
    return f"`evtool record DIR corrected --entry {number} --correction 'no bundle was handed over'`"


def sweep(output: Path, tell: Tell, *, collection: str | None = None, heads: Collection[str] = ()) -> None:
    """Remove what killed runs left beside an output, and tell of each.

    `collection` and `heads` are the id and the entries of the record that is open, if one is.
    """
    for leftover in remove_leftovers(output):
        name = shown(str(leftover.path))
        if leftover.removed:
            tell(f"an earlier run was interrupted; {name}, which it left behind, was removed")
        else:
            tell(
                f"an earlier run left {name}, which cannot be removed; it may contain unencrypted evidence: if no "
                "evtool is running, remove it yourself"
            )
        if words := _pending(leftover, collection, heads):
            tell(words)


def _pending(leftover: Leftover, collection: str | None, heads: Collection[str]) -> str:
    """Say what became of a disclosure whose bundle was complete, but had no name yet when its run was killed."""
    match = _NOTE.match(leftover.note)
    if match is None or not leftover.has_output:
        return ""
    pending = PendingDisclosure(match[1], int(match[2]), match[3])
    if pending.collection != collection:
        return (
            f"it was about to record the bundle as entry {pending.entry}, SHA-256 {pending.head[:16]}..., of another "
            f"collection; if that entry is there, no bundle belongs to it: record that there, as `corrected`"
        )
    if pending.head in heads:
        return (
            f"entry {pending.entry} records a disclosure, but its bundle was never completed, so nothing was handed "
            f"over: record that with {correction_of(pending.entry)}"
        )
    return "its bundle was never recorded, and nothing was handed over"
