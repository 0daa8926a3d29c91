"""Comparing what lies in a directory with what its seals say: findings for each item.

The items of the seals and the entries of the directory come as two streams in the same order and are merged, so a
collection of any size is compared in little memory. What is left over on either side is compared again at the end:
a missing name and an extra name may be the same one in another Unicode form, or the same file under another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TypeVar

from msgspec import Struct, field

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.text.item_choice import ChoiceBinding
from evtool.core.text.limits import MAX_HOLES
from evtool.core.text.names import has_unassigned, parse_name, store_name
from evtool.core.text.patterns import Exclusions
from evtool.core.text.ranges import count_items
from evtool.core.values import replace
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.record.companions import split_companions
from evtool.operations.record.items import nameless_items
from evtool.operations.record.line_ends import explain_change
from evtool.operations.record.record import Record, Seal, SealedItem
from evtool.operations.record.selection import Selection
from evtool.operations.record.withholding import judge_withholding, withheld_ranges
from evtool.operations.verify.items.blocks import BlockMerge, Unchanged
from evtool.operations.verify.items.comparison import Comparison, count_unhidden, find_hidden
from evtool.operations.verify.items.free_names import pair_items
from evtool.operations.verify.items.judge import KIND_NAMES, ItemJudge, is_unread, path_of
from evtool.operations.verify.items.leftovers import (
    Pair,
    find_other_types,
    group_by_digests,
    pair_name_forms,
    pair_numbers,
    pair_paths,
)
from evtool.operations.verify.items.summary import sum_up
from evtool.scan.engine import Task, Workers, observe_all
from evtool.scan.measure import measure_tree
from evtool.scan.observe import Mode, Observation
from evtool.scan.progress import Measure, Progress
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind, WalkNotes, walk, walk_runs

_Context = TypeVar("_Context")


class Comparer(Struct, dict=True):
    """Compares one evidence directory with one collection."""

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
    _extra: list[Found] = field(default_factory=list)
    _unread: list[Task[SealedItem]] = field(default_factory=list)
    """Files that were not read, as they lay where an item of another size was expected."""
    _omitted_directories: list[bytes] = field(default_factory=list)
    _gone: list[SealedItem] = field(default_factory=list)
    """Items that were given up, and whose names are those of later items."""
    _claimed: set[bytes] = field(default_factory=set)
    _neutral_names: int = 0

    @cached_property
    def seen(self) -> ChoiceBinding:
        """Which parts of the selection were met."""
        return ChoiceBinding(self.selection.choice)

    @cached_property
    def _judge(self) -> ItemJudge:
        keeps_dates = isinstance(self.evidence, TreeLocation)
        judge = ItemJudge(self.mode, self.record.is_disposed, self.record.may_lack, keeps_dates=keeps_dates)
        judge.findings = self.result.findings
        judge.fates = self.result.fates
        judge.explain = self._explain_change
        return judge

    def run(self) -> Comparison:
        """Compare everything; afterwards the seals know whether their manifests are the signed ones."""
        for seal in self.record.seals:
            self.result.fates[seal.number] = ItemFates()
        # Two ways to one answer. By blocks, workers compare bytes and nothing is decoded, which takes a fraction of the
        # time; item by item, everything can be told. What blocks do not find equal goes the other way, so only that one
        # judges. tests/cli/test_everyday_handling.py and the vectors run both, with and without --quick or a selection.
        if self._is_plain:
            self._compare_blocks(self.record.seals[0])
        else:
            self._compare_all(self._merge())
        if self._missing and self._extra:
            self._match_paths()
        self._look_past_patterns()
        self._match_neutral_names()
        self._report_unreadable_directories()
        self._match_leftovers()
        self.result.withholding = judge_withholding(self.record)
        self._report_leftovers()
        self._discount_unsound_seals()
        self.result.findings += sum_up(
            self.result,
            self.record,
            neutral_names=self._neutral_names,
            other_dates=self._judge.other_dates,
            is_all=self.selection.is_all,
        )
        self._close_accounts()
        return self.result

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
    def _missing(self) -> list[SealedItem]:
        return self._judge.missing

    def _compare_all(self, tasks: Iterable[Task[SealedItem]]) -> None:
        """Observe what lies in the place of items, and compare it with them."""
        for task, observation in self._observe(tasks):
            self._judge_there(task.context, task.found, observation)
            for sealed in self._judge.doubtful:
                self._judge.leave_doubtful(sealed, observation.stamp.mtime if observation.stamp else None)
            self._judge.doubtful.clear()
            self._count_progress(observation, task.found.path)

    @property
    def _is_plain(self) -> bool:
        """Whether all of a directory is compared, byte by byte, with its only seal: what most verifications are."""
        is_directory = isinstance(self.evidence, TreeLocation)
        # Items that were renamed lie elsewhere than their manifest says.
        is_as_sealed = len(self.record.seals) == 1 and not self.record.names
        return is_directory and is_as_sealed and self.selection.is_all and self.mode is Mode.HASH

    def _compare_blocks(self, seal: Seal) -> None:
        """Compare all of a directory with its only seal."""
        assert isinstance(self.evidence, TreeLocation)  # noqa: S101  # see `_is_plain`
        with Tree(self.evidence) as tree:
            runs = walk_runs(tree, custody_name=self.custody_name, exclusions=self.exclusions, notes=self.result.notes)
            merge = BlockMerge(self.evidence, self.record.custody, seal, self.jobs)
            for result in merge.run(runs):
                if isinstance(result, Unchanged):
                    self.result.fates[seal.number].ok += result.items
                    self.result.evidence.compared += result.items
                    self._judge.other_dates += result.other_dates
                    self.result.bytes += result.size
                    self.progress.advance(files=result.items, size=result.size, item=result.last)
                else:
                    self._take(result.sealed, result.found, result.observation)
        self._compare_all(self._unread)

    def _match_paths(self) -> None:
        """Find items whose place another item left, or that a broken manifest states before their turn."""
        self._compare_all(self._take_pairs(pair_paths(self._missing, self._extra, self._gone)))

    def _take(self, sealed: SealedItem | None, found: Found | None, observation: Observation | None) -> None:
        """Sort one comparison to where it belongs."""
        if sealed is None:
            self._extra += [found] if found else []
        elif self._is_omitted(sealed, found):
            pass
        elif found is None or observation is None:
            self._missing.append(sealed)
        elif is_unread(sealed, observation):
            self._unread.append(Task(found, sealed, self.mode, size=sealed.item.content.size))
        else:
            self._judge_there(sealed, found, observation)
            self._count_progress(observation, found.path)

    def _judge_there(self, sealed: SealedItem, found: Found, observation: Observation) -> None:
        """Compare an item with what lies in its place; a name that a disposal freed is nobody's place any more."""
        if self._judge.judge(sealed, observation):
            self.result.evidence.compared += 1
        else:
            self._extra.append(found)

    def _merge(self) -> Iterator[Task[SealedItem]]:
        """Yield the items that are in the directory, as tasks; keep what is on one side only."""
        for sealed, found in pair_items(self.record, self._founds(self.result.notes), self._gone):
            if sealed is not None and found is not None and not found.directory:
                self._claim(found)
            if sealed is not None and not self.selection.includes(sealed.item):
                self._judge.fates_of(sealed).not_selected += 1
                self.result.evidence.not_selected += found is not None
            elif sealed is not None:
                self._note_selected(sealed)
                if self._is_omitted(sealed, found):
                    continue
                if found is None:
                    self._add_missing(sealed)
                else:
                    yield Task(found, sealed, self.mode, size=sealed.item.content.size)
            elif found is not None:
                # Kept even if only some items are asked for: a missing one may be there under this name.
                self._extra.append(found)

    def _founds(self, notes: WalkNotes) -> Iterator[Found]:
        """Walk over what is there."""
        if not isinstance(self.evidence, TreeLocation):
            yield from self.evidence.walk(notes)
            return
        with Tree(self.evidence) as tree:
            yield from walk(tree, custody_name=self.custody_name, exclusions=self.exclusions, notes=notes)

    def _observe(
        self, tasks: Iterable[Task[_Context]], jobs: int | None = None
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Observe tasks wherever the evidence lies."""
        if isinstance(self.evidence, TreeLocation):
            return observe_all(self.evidence, tasks, jobs=jobs or self.jobs)
        return self.evidence.observe(tasks, jobs=jobs or self.jobs)

    def _add_missing(self, sealed: SealedItem) -> None:
        """Keep an item that was not found; a bundle holds no links and no empty directories, only what states them."""
        if not isinstance(self.evidence, TreeLocation) and sealed.item.content.type is not ItemType.FILE:
            self._judge.fates_of(sealed).stated_only += 1
        else:
            self._missing.append(sealed)

    def _note_selected(self, sealed: SealedItem) -> None:
        """Remember which selected items exist, so that the others can be named."""
        if not self.selection.is_all:
            self.seen.note(sealed.item.number, sealed.item.file.path if sealed.item.file else None)

    def _is_omitted(self, sealed: SealedItem, found: Found | None) -> bool:
        """Set aside what the archivist left out by name, with whatever lies in its place."""
        item = sealed.item
        if item.content.type is not ItemType.OMITTED:
            return False
        self._judge.fates_of(sealed).omitted += 1
        self.result.evidence.omitted += found is not None
        reason = item.content.reason
        if reason is OmissionReason.UNREADABLE_DIRECTORY:
            self._omitted_directories.append((sealed.item.sort_key or b"").rstrip(b"/") + b"/")
        gone = found is None and reason is not OmissionReason.UNREADABLE_DIRECTORY
        says = Words("gone" if gone else "by-name", reason=reason.value if reason else "")
        self._judge.note(Code.OMITTED, sealed, says)
        return True

    def _look_past_patterns(self) -> None:
        """What was sealed before a pattern came that hides it is compared all the same."""
        if not isinstance(self.evidence, TreeLocation):
            return
        hidden = find_hidden(self.evidence, self._missing, self.exclusions)
        self._forget((sealed for sealed, _ in hidden), ())
        unhidden = count_unhidden(hidden, self.exclusions)
        self.result.notes.excluded_count -= unhidden
        # What lies below a directory that a pattern leaves out was not listed with it.
        self.result.notes.seen += len(hidden) - unhidden
        self._compare_all([Task(found, sealed, self.mode, size=sealed.item.content.size) for sealed, found in hidden])

    def _match_neutral_names(self) -> None:
        """Find items under the name that is made of their number: those whose own name is withheld, or was unsafe."""
        for sealed in nameless_items(self.record):
            if not self.selection.includes(sealed.item):
                self._judge.fates_of(sealed).not_selected += 1
            else:
                self._note_selected(sealed)
                if not self._is_omitted(sealed, None):
                    self._add_missing(sealed)
        if not self._missing:
            return
        tasks = self._take_pairs(pair_numbers(self._missing, self._unclaimed()))
        self._neutral_names += len(tasks)
        self._compare_all(tasks)

    def _unclaimed(self) -> Iterable[Found]:
        """Give what no named item was found under; where only some items were asked for, that was not kept."""
        if self.selection.is_all:
            return self._extra
        return (found for found in self._founds(WalkNotes()) if found.path not in self._claimed)

    def _claim(self, found: Found) -> None:
        """Remember what has a number for its sealed name: it is that of no other item."""
        if parse_neutral_name(store_name(found.name)) is not None:
            self._claimed.add(found.path)

    def _match_leftovers(self) -> None:
        """Pair missing items with extra files: by type, by name in another Unicode form, then by digest."""
        disposed = [sealed for sealed in self._missing if self.record.is_disposed(sealed)]
        for sealed in disposed:
            self._judge.report_missing(sealed)
        self._forget(disposed, ())
        if self._missing and self._extra:
            self._match_types()
        if self._missing and self._extra:
            self._match_name_forms()
        # Two names that this version of Unicode cannot compare may be one to a later version.
        self._judge.names_are_doubtful = any(has_unassigned(path_of(sealed)) for sealed in self._missing) and any(
            has_unassigned(store_name(found.path)) for found in self._extra
        )
        if self._missing and self._extra and self.mode is Mode.HASH:
            self._match_renamed()

    def _match_name_forms(self) -> None:
        """A copy through another system may spell the same name with other code points."""
        tasks = self._take_pairs(pair_name_forms(self._missing, self._extra))
        for task in tasks:
            self._judge.respelled(task.context, task.found.path)
        self._compare_all(tasks)

    def _match_types(self) -> None:
        """A file where an empty directory was, or the other way round, sorts elsewhere than the item does."""
        explained = find_other_types(self._missing, self._extra)
        for sealed, found in explained:
            self._judge.type_changed(sealed, KIND_NAMES[found.kind] if found else Words("kind-directory"))
        explaining = [found for _, found in explained if found is not None]
        self.result.evidence.compared += len(explaining)
        self._forget((sealed for sealed, _ in explained), explaining)

    def _take_pairs(self, pairs: list[Pair]) -> list[Task[SealedItem]]:
        """Take items, and what may lie in their place, out of the leftovers, to be compared."""
        self._forget((sealed for sealed, _ in pairs), (found for _, found in pairs))
        return [Task(found, sealed, self.mode, size=sealed.item.content.size) for sealed, found in pairs]

    def _match_renamed(self) -> None:
        """Look for the bytes of missing files among the extra ones. Empty files are all alike and are left alone."""
        missing = group_by_digests(self._missing)
        sizes = {sealed.item.content.size for group in missing.values() for sealed in group}
        files = [Task(found, None, Mode.STAT) for found in self._extra if found.kind is Kind.FILE]
        candidates, holes, left_out = [], 0, 0
        for task, seen in self._observe(files, jobs=1):
            if seen.stamp and seen.stamp.size in sizes:
                holes += seen.holes
                if holes <= MAX_HOLES:
                    candidates.append(replace(task, mode=Mode.HASH, size=seen.stamp.size))
                left_out += holes > MAX_HOLES
        if left_out:
            self._add(Code.NOT_HASHED, Effect.UNCHECKED, Words("sparse", bytes=MAX_HOLES), count=left_out)
        renamed: list[tuple[SealedItem, Found]] = []
        for task, seen in self._observe(candidates):
            self._count_progress(seen)
            group = missing.get((seen.sha256, seen.blake3))
            if group:
                renamed.append((group.pop(0), task.found))
        for sealed, found in renamed:
            self._judge.fates_of(sealed).renamed += 1
            self.result.evidence.renamed += 1
            stored = store_name(found.path)
            says = Words("recordable" if isinstance(self.evidence, TreeLocation) else "renamed")
            self._judge.accuse(Code.RENAMED, sealed, says, path_of(sealed), stored)
        self._forget((sealed for sealed, _ in renamed), (found for _, found in renamed))

    def _forget(self, sealed: Iterable[SealedItem], found: Iterable[Found]) -> None:
        """Take what has been explained out of the leftovers."""
        items, paths = {id(mine.item) for mine in sealed}, {name.path for name in found}
        self._judge.missing = [missing for missing in self._missing if id(missing.item) not in items]
        self._extra = [extra for extra in self._extra if extra.path not in paths]

    def _report_unreadable_directories(self) -> None:
        """What is below a directory that cannot be listed is not missing: nobody could look."""
        unreadable = [found for found in self._extra if found.kind is Kind.UNREADABLE]
        self.result.evidence.unlistable += len(unreadable)
        for found in unreadable if self.selection.is_all else ():
            stored = store_name(found.path)
            self._add(Code.UNREADABLE, Effect.UNCHECKED, Words("unlistable"), path=stored)
        prefixes = tuple(found.path + b"/" for found in unreadable)
        hidden = (
            [missing for missing in self._missing if (missing.item.sort_key or b"").startswith(prefixes)]
            if prefixes
            else []
        )
        for sealed in hidden:
            self._judge.fates_of(sealed).unreadable += 1
            self._judge.find(Code.UNREADABLE, Effect.UNCHECKED, sealed, Words("below-unlistable"))
        self._forget(hidden, unreadable)

    def _report_leftovers(self) -> None:
        for sealed in self._missing:
            if sealed.item.number in self.links_left_out and sealed.item.content.type is ItemType.SYMLINK:
                self._judge.fates_of(sealed).stated_only += 1
                continue
            self._judge.report_missing(sealed)
        self._missing.clear()
        evidence = self.result.evidence
        if not self.selection.is_all:
            evidence.not_selected += len(self._extra)
            return
        extra = [found for found in self._extra if not self._is_below_omitted(found)]
        evidence.omitted += len(self._extra) - len(extra)
        if isinstance(self.evidence, TreeLocation):
            companions, extra = split_companions(self.evidence, extra)
            self.result.notes.companions += companions
        if self._is_undecided:
            # What cannot be read, is not what was signed, or is withheld although nobody signed that it may be, may
            # have listed these files; nobody is accused for that.
            evidence.unjudged = len(extra)
            if extra:
                self._add(Code.NOT_HASHED, Effect.UNCHECKED, Words("undecided"), count=len(extra))
            return
        evidence.extra = len(extra)
        for found in extra:
            stored = store_name(found.path)
            effect, remarks = self._judge.weigh_name(stored)
            says = Words("unsealed", kind=KIND_NAMES[found.kind])
            self._add(Code.EXTRA, effect, says, path=stored, remarks=remarks)

    @property
    def _is_undecided(self) -> bool:
        """Whether there may be sealed items that nothing here tells of."""
        withholding, seals = self.result.withholding, self.record.seals
        is_known = not self.record.lacks_seals and all(seal.is_sound for seal in seals)
        return not (is_known and withholding.is_explained)

    def _is_below_omitted(self, found: Found) -> bool:
        return any((found.path + b"/").startswith(prefix) for prefix in self._omitted_directories)

    def _discount_unsound_seals(self) -> None:
        """What was compared with a manifest that is not the signed one shows nothing, and accuses nobody."""
        unsound = {seal.number: seal for seal in self.record.seals if not seal.is_sound}
        for number, seal in unsound.items():
            self.result.fates[number] = ItemFates(unjudged=seal.sealed.items)
        self.result.findings[:] = [
            replace(
                finding,
                effect=Effect.UNCHECKED,
                remarks=(*finding.remarks, Words("unsound")),
            )
            if finding.entry in unsound and finding.effect is Effect.DISPROVES
            else finding
            for finding in self.result.findings
        ]

    def _close_accounts(self) -> None:
        """Bring in what the walk counted by itself."""
        notes, evidence = self.result.notes, self.result.evidence
        evidence.seen, evidence.excluded, evidence.directories = notes.seen, notes.excluded_count, notes.directories
        evidence.companions = len(notes.companions)
        for seal in self.record.seals:
            if seal.is_sound:
                self.result.fates[seal.number].withheld += count_items(withheld_ranges(seal))

    def _explain_change(self, sealed: SealedItem) -> Words | None:
        """Look for a cause of a change that can be shown, where the file can be read again under its own name."""
        place = self.evidence if isinstance(self.evidence, TreeLocation) else self.evidence.data
        file, digests = sealed.item.file, sealed.item.content.digests
        if file is None or digests is None or place is None:
            return None
        return explain_change(place, parse_name(file.path), digests.sha256)

    def _count_progress(self, observation: Observation, item: bytes = b"") -> None:
        size = observation.stamp.size if observation.stamp and observation.sha256 else 0
        self.result.bytes += size
        self.progress.advance(files=1, size=size, item=item)

    def _add(
        self,
        code: Code,
        effect: Effect,
        says: Words,
        *,
        path: str | None = None,
        count: int = 1,
        remarks: tuple[Words, ...] = (),
    ) -> None:
        self.result.findings.append(Finding(code, effect, says, path=path, count=count, remarks=remarks))
