"""What killed runs left beside an output: named, and removed, before anything new is written there."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

from msgspec import Struct

from evtool.core.finding import Phrase, Words
from evtool.core.text.expressions import compiled_when_used
from evtool.report.language import in_english
from evtool.store.work import Leftover, remove_leftovers

Tell = Callable[[Phrase], object]
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


def sweep(output: Path, tell: Tell, *, collection: str | None = None, heads: Collection[str] = ()) -> None:
    """Remove what killed runs left beside an output, and tell of each.

    `collection` and `heads` are the id and the entries of the record that is open, if one is.
    """
    for leftover in remove_leftovers(output):
        key = "leftover-removed" if leftover.removed else "leftover-stays"
        tell(in_english(Words(key, path=str(leftover.path))))
        if words := _pending(leftover, collection, heads):
            tell(in_english(words))


def _pending(leftover: Leftover, collection: str | None, heads: Collection[str]) -> Words | None:
    """Say what became of a disclosure whose bundle was complete, but had no name yet when its run was killed."""
    match = _NOTE.match(leftover.note)
    if match is None or not leftover.has_output:
        return None
    pending = PendingDisclosure(match[1], int(match[2]), match[3])
    if pending.collection != collection:
        return Words("pending-elsewhere", entry=pending.entry, head=pending.head)
    if pending.head in heads:
        return Words("pending-recorded", entry=pending.entry)
    return Words("pending-unrecorded")
