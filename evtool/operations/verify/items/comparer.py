"""What the steps of a comparison share: where to look, what was found so far, and how one item is compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from msgspec import Struct, field

from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.text.item_choice import ChoiceBinding
from evtool.core.text.names import parse_name
from evtool.core.text.patterns import Exclusions
from evtool.operations.record.line_ends import explain_change
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.record.selection import Selection
from evtool.operations.verify.items.comparison import Comparison
from evtool.operations.verify.items.judge import ItemJudge
from evtool.scan.engine import Task, Workers, observe_all
from evtool.scan.measure import measure_tree
from evtool.scan.observe import Mode, Observation
from evtool.scan.progress import Measure, Progress
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, WalkNotes, walk

_Context = TypeVar("_Context")

Pair = tuple[SealedItem, Found]
"""An item, and what may lie in its place."""


class Comparer(Struct, dict=True):
    """One comparison of an evidence directory with its record, while it runs."""

    evidence: TreeLocation | EvidenceSource
    """An evidence directory, or what stands for one in a bundle."""
    record: Record
    custody_name: bytes | None
    exclusions: Exclusions
    jobs: int | Workers
    mode: Mode
    selection: Selection
    progress: Progress
    links_left_out: frozenset[int] = frozenset()
    """Links that whoever made this copy did not make; they are stated only, as in a bundle."""
    result: Comparison = field(default_factory=Comparison)
    extra: list[Found] = field(default_factory=list)
    omitted_directories: list[bytes] = field(default_factory=list)
    gone: list[SealedItem] = field(default_factory=list)
    """Items that were given up, and whose names are those of later items."""
    claimed: set[bytes] = field(default_factory=set)
    neutral_names: int = 0

    @cached_property
    def seen(self) -> ChoiceBinding:
        """Which parts of the selection were met."""
        return ChoiceBinding(self.selection.choice)

    @cached_property
    def judge(self) -> ItemJudge:
        """Who compares one item with what is in its place."""
        keeps_dates = isinstance(self.evidence, TreeLocation)
        item_judge = ItemJudge(self.mode, self.record.is_disposed, self.record.may_lack, keeps_dates=keeps_dates)
        item_judge.findings = self.result.findings
        item_judge.fates = self.result.fates
        item_judge.explain = self._explain_change
        return item_judge

    def measure(self, items: int) -> Measure:
        """Find out how many bytes there are to read for so many items; nothing where only some are asked for."""
        if not self.selection.is_all:
            return
        if self.mode is not Mode.HASH:
            yield items, 0
        elif isinstance(self.evidence, TreeLocation):
            for _, size in measure_tree(self.evidence, custody_name=self.custody_name, exclusions=self.exclusions):
                yield items, size
        elif self.evidence.data is not None:
            for _, size in measure_tree(self.evidence.data, custody_name=None, exclusions=Exclusions()):
                yield items, size
        else:
            yield items, sum(self.evidence.sizes.values())

    @property
    def missing(self) -> list[SealedItem]:
        """Items that were not found so far."""
        return self.judge.missing

    def compare_all(self, tasks: Iterable[Task[SealedItem]]) -> None:
        """Observe what lies in the place of items, and compare it with them."""
        for task, observation in self.observe(tasks):
            self.judge_there(task.context, task.found, observation)
            for sealed in self.judge.doubtful:
                self.judge.leave_doubtful(sealed, observation.stamp.mtime if observation.stamp else None)
            self.judge.doubtful.clear()
            self.count_progress(observation, task.found.path)

    def judge_there(self, sealed: SealedItem, found: Found, observation: Observation) -> None:
        """Compare an item with what lies in its place; a name that a disposal freed is nobody's place any more."""
        if self.judge.judge(sealed, observation):
            self.result.evidence.compared += 1
        else:
            self.extra.append(found)

    def founds(self, notes: WalkNotes) -> Iterator[Found]:
        """Walk over what is there."""
        if not isinstance(self.evidence, TreeLocation):
            yield from self.evidence.walk(notes)
            return
        with Tree(self.evidence) as tree:
            yield from walk(tree, custody_name=self.custody_name, exclusions=self.exclusions, notes=notes)

    def observe(
        self, tasks: Iterable[Task[_Context]], jobs: int | None = None
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Observe tasks wherever the evidence lies."""
        if isinstance(self.evidence, TreeLocation):
            return observe_all(self.evidence, tasks, jobs=jobs or self.jobs)
        return self.evidence.observe(tasks, jobs=jobs or self.jobs)

    def add_missing(self, sealed: SealedItem) -> None:
        """Keep an item that was not found; a bundle holds no links and no empty directories, only what states them."""
        if not isinstance(self.evidence, TreeLocation) and sealed.item.content.type is not ItemType.FILE:
            self.judge.fates_of(sealed).stated_only += 1
        else:
            self.missing.append(sealed)

    def note_selected(self, sealed: SealedItem) -> None:
        """Remember which selected items exist, so that the others can be named."""
        if not self.selection.is_all:
            self.seen.note(sealed.item.number, sealed.item.file.path if sealed.item.file else None)

    def is_omitted(self, sealed: SealedItem, found: Found | None) -> bool:
        """Set aside what the archivist left out by name, with whatever lies in its place."""
        item = sealed.item
        if item.content.type is not ItemType.OMITTED:
            return False
        self.judge.fates_of(sealed).omitted += 1
        self.result.evidence.omitted += found is not None
        reason = item.content.reason
        if reason is OmissionReason.UNREADABLE_DIRECTORY:
            self.omitted_directories.append((sealed.item.sort_key or b"").rstrip(b"/") + b"/")
        gone = found is None and reason is not OmissionReason.UNREADABLE_DIRECTORY
        says = Words("gone" if gone else "by-name", reason=reason.value if reason else "")
        self.judge.note(Code.OMITTED, sealed, says)
        return True

    def take_pairs(self, pairs: list[Pair]) -> list[Task[SealedItem]]:
        """Take items, and what may lie in their place, out of the leftovers, to be compared."""
        self.forget((sealed for sealed, _ in pairs), (found for _, found in pairs))
        return [Task(found, sealed, self.mode, size=sealed.item.content.size) for sealed, found in pairs]

    def forget(self, sealed: Iterable[SealedItem], found: Iterable[Found]) -> None:
        """Take what has been explained out of the leftovers."""
        items, paths = {id(mine.item) for mine in sealed}, {name.path for name in found}
        self.judge.missing = [missing for missing in self.missing if id(missing.item) not in items]
        self.extra = [extra for extra in self.extra if extra.path not in paths]

    def _explain_change(self, sealed: SealedItem) -> Words | None:
        """Look for a cause of a change that can be shown, where the file can be read again under its own name."""
        place = self.evidence if isinstance(self.evidence, TreeLocation) else self.evidence.data
        file, digests = sealed.item.file, sealed.item.content.digests
        if file is None or digests is None or place is None:
            return None
        return explain_change(place, parse_name(file.path), digests.sha256)

    def count_progress(self, observation: Observation, item: bytes = b"") -> None:
        """Tell that one thing was looked at."""
        size = observation.stamp.size if observation.stamp and observation.sha256 else 0
        self.result.bytes += size
        self.progress.advance(files=1, size=size, item=item)

    def add(
        self,
        code: Code,
        effect: Effect,
        says: Words,
        *,
        path: str | None = None,
        count: int = 1,
        remarks: tuple[Words, ...] = (),
    ) -> None:
        """Add a finding that is about no single item."""
        self.result.findings.append(Finding(code, effect, says, path=path, count=count, remarks=remarks))
