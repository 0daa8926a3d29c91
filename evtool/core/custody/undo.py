"""Which entries are undone: `corrected` takes back what an earlier entry said of items, as a whole.

A record is append-only, and a mistake is human: the wrong item disposed of, the wrong name given, the wrong consent
withdrawn. `manifests/FORMAT-events.md`, section "Undoing", has the rules. What is undone is read as if it had never
been about any item, so that nobody has to think in two orders of time.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Corrected, Event
from evtool.core.custody.house import Houses
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.text.ranges import ItemRanges

UNDOABLE = frozenset({Event.CONSENT_CHANGED, Event.DISPOSED, Event.RENAMED})
"""Events that say something of items that can be taken back."""


class Undone(Struct, frozen=True):
    """The entries of one chain that are undone.

    Attributes:
        by: number of an entry that is undone -> number of the entry `corrected` that undoes it.
        findings: entries `corrected` that try to, and do not count.
    """

    by: dict[int, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def __contains__(self, entry: object) -> bool:
        return entry in self.by


def find_undone(links: Sequence[Link], houses: Houses) -> Undone:
    """Find out which entries of a chain, with its houses, are undone; one that cannot be used undoes nothing."""
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
        why = Words("undo-key-retired", entry=houses.retired_by[number]) if number in houses.retired_by else None
        if (why := why or find_obstacle(Undoing.of(link), target, houses, by)) is None:
            by[details.entry] = number
        else:
            findings.append(Finding(Code.UNDO_INVALID, Effect.OPEN, Words("undoes-nothing", why=why), entry=number))
    return Undone(by, tuple(findings))


class Undoing(Struct, frozen=True):
    """What decides whether an entry `corrected` undoes another one.

    Attributes:
        entry: its number.
        agent: code of its agent.
        key: fingerprint of the key that signs it.
        items: the items that it names.
    """

    entry: int
    agent: str
    key: str
    items: ItemRanges | None

    @staticmethod
    def of(link: Link) -> Undoing:
        """Take it from an entry."""
        return Undoing(link.entry.sequence, link.entry.agent, link.public_key.fingerprint, link.entry.items)


def find_obstacle(undoing: Undoing, target: Link, houses: Houses, undone: Container[int] = ()) -> Words | None:
    """Say why an entry `corrected` does not undo an entry; None if it does: rule E35.

    `houses` are those of the chain, and `undone` the numbers of the entries that are undone already.
    """
    entry = target.entry
    if entry.event not in UNDOABLE:
        return Words("undo-event", event=entry.event.value)
    if entry.sequence in undone:
        return Words("undo-again", entry=entry.sequence)
    if not _may_take_back(undoing, target, houses):
        return Words("undo-other-signer", entry=entry.sequence)
    if not entry.is_withheld and undoing.items != entry.items:
        return Words("undo-items", entry=entry.sequence)
    return None


def _may_take_back(undoing: Undoing, target: Link, houses: Houses) -> bool:
    """Tell whether somebody takes back their own word, or that of whoever admitted them with their key.

    Taking back a change of consent widens what strangers may do: a colleague beside the agent cannot do that.
    """
    who, signer = (undoing.agent, undoing.key), (target.entry.agent, target.public_key.fingerprint)
    only_next = target.entry.event is Event.CONSENT_CHANGED
    return who == signer or houses.had_admitted(signer, who, undoing.entry, only_next=only_next)
