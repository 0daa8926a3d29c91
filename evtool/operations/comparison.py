"""The result of comparing a directory with its seals, which items are meant, and what patterns hide of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evtool.core.manifest import Item
from evtool.core.names import parse_name, store_name
from evtool.core.patterns import Exclusions
from evtool.core.statement import ContentStatement
from evtool.core.verdict import Finding
from evtool.operations.collection import SealedItem
from evtool.scan.observe import Observation
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, WalkNotes, find_one


@dataclass(slots=True)
class Tally:
    """How many items of one seal met which fate."""

    ok: int = 0
    changed: int = 0
    missing: int = 0
    renamed: int = 0
    type_changed: int = 0
    unreadable: int = 0
    unchecked: int = 0


@dataclass(slots=True)
class Comparison:
    """The result of comparing a directory with its seals.

    Attributes:
        findings: what is not as sealed, in no order.
        tallies: number of the sealing entry -> the fates of its items.
        notes: what the walk noticed.
        extra: files that no seal knows.
        bytes: bytes that were read and hashed.
    """

    findings: list[Finding] = field(default_factory=list)
    tallies: dict[int, Tally] = field(default_factory=dict)
    notes: WalkNotes = field(default_factory=WalkNotes)
    extra: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Which items to check; empty means all of them, and then also that there is nothing else."""

    numbers: frozenset[int] = frozenset()
    paths: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """Whether every item is meant."""
        return not (self.numbers or self.paths)

    def includes(self, item: Item) -> bool:
        """Tell whether an item is meant."""
        return self.is_all or item.number in self.numbers or (item.file is not None and item.file.path in self.paths)


def find_hidden(
    evidence: TreeLocation, missing: Iterable[SealedItem], exclusions: Exclusions
) -> list[tuple[SealedItem, Found]]:
    """Of the items that a walk did not come across, find those that are there but left out by pattern."""
    hidden = [(one, one.item.file.path) for one in missing if one.item.file and exclusions.hides(one.item.file.path)]
    if not hidden:
        return []
    with Tree(evidence) as tree:
        places = [(one, find_one(tree, parse_name(path))) for one, path in hidden]
    return [(one, found) for one, found in places if found is not None]


def count_unhidden(hidden: Iterable[tuple[SealedItem, Found]], exclusions: Exclusions) -> int:
    """Count the items that a walk took for left out, one by one; below a directory it did not look."""
    return sum(not exclusions.hides(store_name(found.directory)) for _, found in hidden)


def is_unread(sealed: SealedItem, observation: Observation) -> bool:
    """Tell whether a file has the sealed size, and was not read: then nothing is known of its bytes."""
    content = sealed.item.content
    return (
        content is not None
        and content.digests is not None
        and observation.problem is None
        and observation.stamp is not None
        and not observation.sha256
        and observation.stamp.size == content.size
    )


def find_difference(content: ContentStatement, observation: Observation) -> tuple[str, str, str] | None:
    """Compare what was sealed with what was read: what differs, expected, found; None where nothing does."""
    if content.target is not None:
        target = store_name(observation.target)
        return None if target == content.target else ("its target", content.target, target)
    size = observation.stamp.size if observation.stamp else 0
    if content.digests is None:
        return None
    if observation.sha256:
        if observation.sha256 != content.digests.sha256:
            return "SHA-256", content.digests.sha256, observation.sha256
        if observation.blake3 != content.digests.blake3:
            return "BLAKE3", content.digests.blake3, observation.blake3
    if size != content.size:
        return "its size", str(content.size), str(size)
    return None
