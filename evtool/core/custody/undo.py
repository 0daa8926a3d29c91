"""Which entries are undone: `corrected` takes back what an earlier entry said of items, as a whole.

A record is append-only, and a mistake is human: the wrong item disposed of, the wrong name given, the wrong consent
withdrawn. `manifests/FORMAT-events.md`, section "Undoing", has the rules. What is undone is read as if it had never
been about any item, so that nobody has to think in two orders of time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Corrected, Event
from evtool.core.finding import Code, Effect, Finding

UNDOABLE = frozenset({Event.CONSENT_CHANGED, Event.DISPOSED, Event.RENAMED})
"""Events that say something of items that can be taken back."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The entries of one chain that are undone.

    Attributes:
        by: number of an entry that is undone -> number of the entry `corrected` that undoes it.
        findings: entries `corrected` that try to, and do not count.
    """

    by: dict[int, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __contains__(self, entry: object) -> bool:
        return entry in self.by


def find_undone(links: Sequence[Link]) -> Undone:
    """Find out which entries of a chain are undone; an entry that cannot be used is not, and undoes nothing."""
    by: dict[int, int] = {}
    findings: list[Finding] = []
    entries = {link.entry.sequence: link for link in links}
    for link in links:
        details, number = link.entry.details, link.entry.sequence
        if not isinstance(details, Corrected) or not details.undone:
            continue
        target = entries.get(details.entry)
        if target is None or target.head != details.head or details.entry >= number:
            # It is about an entry that cannot be used, or that is not the one in this record: rule E17.
            continue
        if (why := find_obstacle(link, target, by)) is None:
            by[details.entry] = number
        else:
            message = f"entry {number} undoes nothing: {why}"
            findings.append(Finding(Code.UNDO_INVALID, Effect.OPEN, message, entry=number))
    return Undone(by, tuple(findings))


def find_obstacle(link: Link, target: Link, undone: Collection[int] = ()) -> str | None:
    """Say why an entry `corrected` does not undo an entry; None if it does."""
    entry = target.entry
    if entry.event not in UNDOABLE:
        return f"an entry {entry.event.value} cannot be undone"
    if entry.sequence in undone:
        return f"entry {entry.sequence} is undone already"
    if not is_same_signer(link, target):
        return f"entry {entry.sequence} was signed by another agent, or with another key"
    if not entry.is_withheld and link.entry.items != entry.items:
        return f"it does not name the items of entry {entry.sequence}"
    return None


def is_same_signer(link: Link, other: Link) -> bool:
    """Tell whether two entries were signed by one agent with one key."""
    return link.entry.agent == other.entry.agent and link.public_key.fingerprint == other.public_key.fingerprint
