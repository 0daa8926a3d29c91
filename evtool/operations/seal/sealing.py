"""What the parts of one seal share: what is sealed, how, and what has come of it so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from evtool.core.custody.privacy import TextPolicy
from evtool.operations.record.opening import Opened
from evtool.operations.seal.exclusions import effective_exclusions
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.respelled import RespelledPairs
from evtool.operations.seal.surprises import Surprises
from evtool.scan.engine import Workers
from evtool.scan.marks import Marks
from evtool.scan.measure import measure_tree
from evtool.scan.progress import Measure, Progress, ShareTrack
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Run, WalkNotes, walk, walk_runs

if TYPE_CHECKING:
    from evtool.operations.seal.statements import StatementPlan


class Sealing:
    """One seal of one evidence directory, up to the moment at which its entry is written."""

    def __init__(
        self,
        opened: Opened,
        options: SealOptions,
        workers: Workers,
        policy: TextPolicy,
        progress: Progress,
        surprises: Surprises,
        now: datetime,
    ) -> None:
        self.evidence, self.record, self._custody_name = opened.evidence, opened.record, opened.custody_name
        self.options, self.workers, self.policy, self.progress, self.now = options, workers, policy, progress, now
        self.exclusions = effective_exclusions(self.evidence, self._custody_name, self.record, options)
        self.restless = surprises.restless
        self.respelled = RespelledPairs(surprises.respelled)
        self.result = SealResult(head=self.record.chain.head if self.record else None)
        self.notes = WalkNotes()
        """What the walk that reads has noticed."""
        self.marks = Marks()
        self.share = ShareTrack(lambda: self.notes.share)
        self.plan = self._make_plan()

    @property
    def has_seals(self) -> bool:
        """Whether something was sealed before."""
        return self.record is not None and bool(self.record.seals)

    def walk(self, tree: Tree, notes: WalkNotes | None = None) -> Iterator[Found]:
        """Go through the directory, item by item."""
        return walk(
            tree, custody_name=self._custody_name, exclusions=self.exclusions, notes=notes if notes else WalkNotes()
        )

    def walk_runs(self, tree: Tree, notes: WalkNotes) -> Iterator[Run]:
        """Go through the directory, by runs of names in one directory."""
        return walk_runs(tree, custody_name=self._custody_name, exclusions=self.exclusions, notes=notes)

    def measure(self, *, is_preview: bool) -> Measure:
        """Count files and bytes; those that were sealed before are looked at, and not read."""
        for files, size in measure_tree(self.evidence, custody_name=self._custody_name, exclusions=self.exclusions):
            yield files, 0 if is_preview else None if self.has_seals else size

    def advance(self, item: bytes, *, items: int = 1, size: int = 0) -> None:
        """Tell how far the work is."""
        self.progress.advance(files=items, size=size, item=item, share=self.share.take_back(items))

    def _make_plan(self) -> StatementPlan | None:
        """Match the archivist's statements with what is to be sealed, before anything is read."""
        if not self.options.statements:
            return None
        # Start-up time: it imports what reads tables, and most seals have none.
        from evtool.operations.seal.statements import read_plan

        plan = read_plan(self.options.statements, self.evidence, self.policy, sandbox=self.options.sandbox)
        with Tree(self.evidence) as tree:
            plan.match(self.record, self.evidence, self.walk(tree))
        self.result.findings += plan.findings
        self.result.notes += plan.notes
        return plan
