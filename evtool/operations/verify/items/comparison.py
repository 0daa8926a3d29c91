"""The result of comparing a directory with its seals, and which of its items patterns hide."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field

from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.text.names import parse_name, store_name
from evtool.core.text.patterns import Exclusions
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates
from evtool.operations.record.record import SealedItem
from evtool.operations.record.withholding import Withholding
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, WalkNotes, find_one


class Comparison(Struct):
    """The result of comparing a directory with its seals.

    Attributes:
        findings: what differs from the seal, in no order.
        fates: number of the sealing entry -> the fates of its items.
        evidence: where each thing went that lies there.
        notes: what the walk noticed.
        withholding: whether what is withheld may be.
        bytes: bytes that were read and hashed.
    """

    findings: list[Finding] = field(default_factory=list)
    fates: dict[int, ItemFates] = field(default_factory=dict)
    evidence: EvidenceCounts = field(default_factory=EvidenceCounts)
    notes: WalkNotes = field(default_factory=WalkNotes)
    withholding: Withholding = field(default_factory=lambda: Withholding((), is_whole=True))
    bytes: int = 0

    @property
    def all_fates(self) -> ItemFates:
        """What the items of all seals met; what was promised and is withheld is missing."""
        total = ItemFates()
        for fates in self.fates.values():
            total.add(fates)
        total.missing += self.withholding.missing
        total.withheld -= self.withholding.missing
        return total

    def check_accounts(self, sealed: int) -> tuple[Finding, ...]:
        """Find out whether every sealed item, and everything that lies in the evidence, ended in exactly one class."""
        items, evidence = self.all_fates.total, self.evidence
        if (items, evidence.accounted) == (sealed, evidence.seen):
            return ()
        says = Words("sums", items=items, sealed=sealed, accounted=evidence.accounted, seen=evidence.seen)
        return (Finding(Code.ACCOUNTS_DIFFER, Effect.UNCHECKED, says),)


def find_hidden(
    evidence: TreeLocation, missing: Iterable[SealedItem], exclusions: Exclusions
) -> list[tuple[SealedItem, Found]]:
    """Of the items that a walk did not come across, find those that are there but left out by pattern."""
    hidden = [
        (sealed, sealed.item.file.path)
        for sealed in missing
        if sealed.item.file and exclusions.hides(sealed.item.file.path)
    ]
    if not hidden:
        return []
    with Tree(evidence) as tree:
        places = [(sealed, find_one(tree, parse_name(path))) for sealed, path in hidden]
    return [(sealed, found) for sealed, found in places if found is not None]


def count_unhidden(hidden: Iterable[tuple[SealedItem, Found]], exclusions: Exclusions) -> int:
    """Count the items that a walk took for left out, one by one; below a directory it did not look."""
    return sum(not exclusions.hides(store_name(found.directory)) for _, found in hidden)
