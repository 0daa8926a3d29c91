"""What is new in an evidence directory, as it goes into the manifest of its seal."""

from __future__ import annotations

from evtool.core.custody.clocks import LaterDates, judge_own
from evtool.core.errors import RefusedError, Way
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.statement import ItemType
from evtool.core.metadata.description import Description
from evtool.core.text.counts import counted
from evtool.core.text.names import name_some, shown, store_name
from evtool.operations.record.spelling import ItemBlock
from evtool.operations.seal.awkward_names import AwkwardNames
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.operations.seal.metadata import MetadataSummary, metadata_line
from evtool.operations.seal.problems import cannot_seal, omission_reason
from evtool.operations.seal.sealing import Sealing
from evtool.operations.seal.surprises import CHANGED_AFTERWARDS
from evtool.scan.engine import ReadRequest
from evtool.scan.left_out import measure_left_out
from evtool.scan.marks import NOT_MARKED, pack_marks, stamp_to_mark
from evtool.scan.observe import ItemProblem, Observation
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, join_path
from evtool.store.journal import Journal


class NewItems:
    """Takes what is new; without a manifest it only counts what would be."""

    def __init__(self, sealing: Sealing, manifest: ManifestWriter | None, journal: Journal | None) -> None:
        self.manifest, self.journal = manifest, journal
        self.awkward = AwkwardNames()
        self.described = MetadataSummary(sealing.options.metadata)
        self._sealing, self._result = sealing, sealing.result
        self._later = LaterDates(sealing.now)
        self._problems: list[str] = []
        self._denied = 0

    def take(self, found: Found, observation: Observation) -> None:
        """Take one item, or note why it cannot be sealed."""
        if found.path in self._sealing.restless:
            observation = observation._replace(problem=ItemProblem.CHANGING, detail=CHANGED_AFTERWARDS)
        item_type = self._classify(found, observation)
        is_marked = item_type not in (None, ItemType.OMITTED)
        self._sealing.marks.add(pack_marks([stamp_to_mark(observation) if is_marked else NOT_MARKED]))
        if item_type is not None:
            self._add(found, observation, item_type)

    def take_block(self, block: ItemBlock, request: ReadRequest[None]) -> None:
        """Take a block of items, which a worker has spelled."""
        if self._is_refused or self.manifest is None or self.journal is None:
            return
        self._result.new_items += block.items
        self._result.new_bytes += block.size
        self._result.reused += block.reused
        if empty := block.lines.count(_EMPTY):
            self._note_empty_of(block, empty)
        for seen, count in block.seen.items():
            self.described.add(seen, count)
        self.manifest.add_block(block)
        self._later.add_lines(block.lines, block.newest)
        self._sealing.marks.add(block.marks)
        self.journal.add_lines(block.journal)
        last = request.runs[-1]
        self._sealing.advance(join_path(last.directory, last.names[-1]), items=block.items, size=block.size)

    def _note_empty_of(self, block: ItemBlock, empty: int) -> None:
        """Find the names of the empty files in a block, of which most blocks have none."""
        self._result.empty_count += empty
        for item in ManifestReader(block.order.first_item).read(block.lines.split(b"\n")[:-1]):
            if item.content.size == 0 and item.file and len(self._result.empty) < _MOST_EMPTY:
                self._result.empty.append(item.file.path)

    @property
    def _is_refused(self) -> bool:
        """Whether it is certain already that nothing will be sealed."""
        return bool(self._problems or self._denied)

    def _classify(self, found: Found, observation: Observation) -> ItemType | None:
        """Decide what a new item is; None after noting that it cannot be sealed."""
        policy = self._sealing.policy
        texts = (store_name(found.path), store_name(observation.target)) if policy.denied else ()
        if any(map(policy.holds_denied_term, texts)):
            # Counted, not named: the message must not repeat the term.
            self._denied += 1
            return None
        problem = observation.problem
        if problem is None:
            return _ITEM_TYPES[observation.kind]
        if problem is not ItemProblem.VANISHED and omission_reason(found, problem) in self._sealing.options.allowed:
            return ItemType.OMITTED
        self._problems.append(f"{shown(store_name(found.path))}: {observation.detail}")
        return None

    def _add(self, found: Found, observation: Observation, item_type: ItemType) -> None:
        size = observation.stamp.size if observation.stamp and item_type is ItemType.FILE else 0
        self._later.add(observation.stamp.mtime if observation.stamp else None)
        self._result.new_items += 1
        self._result.new_bytes += size
        self._result.reused += observation.reused
        self._result.omitted += item_type is ItemType.OMITTED
        if item_type is ItemType.FILE and observation.stamp and not size:
            self._result.empty_count += 1
            if len(self._result.empty) < _MOST_EMPTY:
                self._result.empty.append(store_name(found.path))
        if self.manifest is not None:
            reason = omission_reason(found, observation.problem) if observation.problem else None
            plan = self._sealing.plan
            extra = plan.take(store_name(found.path)).lines if plan else ()
            if isinstance(observation.description, Description) and item_type is ItemType.FILE:
                extra = (metadata_line(observation.description, self._sealing.policy, self.described), *extra)
            if not self._is_refused:
                self.manifest.add(found, observation, item_type, reason, extra)
        if self.journal is not None:
            self.journal.add(found.path, observation)
        self._sealing.advance(found.path, size=size)

    def finish(self) -> None:
        """Say what there is to know about the names and dates of what is new.

        Raises:
            RefusedError: names hold denied terms.
            EvidenceError: something cannot be sealed, with the names of all of it.
        """
        plan, record = self._sealing.plan, self._sealing.record
        if self.manifest is not None and plan and plan.left_over:
            self._problems.append("files that the table names disappeared while the directory was read")
        self._report_names()
        links = record.chain.links if record is not None else ()
        self._result.findings += judge_own(self._sealing.now, links, self._later)
        if self._denied:
            raise RefusedError(
                "{names_en} denied terms; nothing was sealed",
                hint="the manifest would repeat these names; rename working copies, or seal without the list of terms",
                ways=(Way.DENY_TERMS,),
                key="seal-denied-names",
                names_en=counted(self._denied, "file name contains", "file names contain"),
                count=self._denied,
            )
        if self._problems:
            raise cannot_seal(self._problems)

    def _report_names(self) -> None:
        result, notes = self._result, self._sealing.notes
        result.excluded = notes.excluded_count
        with Tree(self._sealing.evidence) as tree:
            result.left_out = tuple(measure_left_out(tree, path, why) for path, why in notes.excluded)
        if result.empty:
            count = result.empty_count
            names = name_some([shown(name) for name in result.empty], count)
            files = counted(count, "new file is", "new files are")
            result.notes.append(f"{files} empty: {names}; a copy may have failed, or it is a placeholder")
        if (note := self.awkward.note()) is not None:
            result.notes.append(note)
        for name, twin in notes.twins:
            result.findings.append(Finding(Code.NAME_TWIN, Effect.NOTE, Words("twin", twin=twin), path=name))


_EMPTY = b'"size":0,'
"""How the line of an empty file has its size; in the text of a line every quotation mark is escaped."""

_MOST_EMPTY = 20
"""Empty files that are named."""


_ITEM_TYPES = {
    Kind.FILE: ItemType.FILE,
    Kind.SYMLINK: ItemType.SYMLINK,
    Kind.EMPTY_DIRECTORY: ItemType.DIRECTORY,
}
