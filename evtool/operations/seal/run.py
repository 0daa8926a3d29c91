"""One pass over an evidence directory: what is new goes to the manifest, what was sealed before is compared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from evtool.core.custody.clocks import LaterDates, judge_own
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import InputError, RefusedError, Way
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.manifest.manifest import ManifestReader
from evtool.core.manifest.statement import ItemType, OmissionReason
from evtool.core.metadata.description import Description
from evtool.core.text.counts import counted
from evtool.core.text.names import name_some, shown, store_name
from evtool.core.text.ranges import count_items
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.entries.consent import require_decidable
from evtool.operations.record.items import nameless_items
from evtool.operations.record.opening import Opened
from evtool.operations.record.record import SealedItem
from evtool.operations.record.spelling import ItemBlock, state_block
from evtool.operations.record.withholding import withheld_ranges
from evtool.operations.seal.awkward_names import AwkwardNames
from evtool.operations.seal.exclusions import effective_exclusions
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.operations.seal.metadata import MetadataSummary, metadata_line
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.problems import cannot_seal, nothing_to_seal, omission_reason
from evtool.operations.seal.renamed import RenamedError, RenamedItems, Renames, find_renames, new_things
from evtool.operations.seal.respelled import RespelledNames, RespelledPairs, find_numbered, find_respelled
from evtool.operations.seal.statements import StatementPlan, read_plan
from evtool.operations.seal.surprises import CHANGED_AFTERWARDS, RestlessFiles, Surprises
from evtool.operations.verify.items.comparison import count_unhidden, find_hidden
from evtool.operations.verify.items.free_names import find_new
from evtool.operations.verify.items.judge import ItemJudge, path_of
from evtool.scan.batch import Describe
from evtool.scan.engine import ReadRequest, Task, Workers, gather_runs, observe_all, observe_requests
from evtool.scan.left_out import measure_left_out
from evtool.scan.marks import NOT_MARKED, Marks, pack_marks, stamp_to_mark
from evtool.scan.measure import measure_tree
from evtool.scan.observe import ItemProblem, Mode, Observation
from evtool.scan.progress import Measure, Progress, ShareTrack
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, WalkNotes, join_path, walk, walk_runs
from evtool.store.journal import Journal


class SealRun:
    """One pass over the evidence directory: what is new goes to the manifest, the rest is compared."""

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
        evidence, record = opened.evidence, opened.record
        self.result = SealResult(head=record.chain.head if record else None)
        self._custody_name = opened.custody_name
        self._evidence = evidence
        self._record = record
        self._options = options
        self._workers = workers
        self._policy = policy
        self._progress = progress
        self.exclusions = effective_exclusions(evidence, self._custody_name, record, options)
        self._notes = WalkNotes()
        self._awkward = AwkwardNames()
        self._share = ShareTrack(lambda: self._notes.share)
        if record is None:
            self._judge = ItemJudge(Mode.STAT, lambda _: False, lambda _: False)
        else:
            self._judge = ItemJudge(Mode.STAT, record.is_disposed, record.may_lack)
        self._missing_sizes: dict[int, int] = {}
        """Number of an item that may lie under another name -> its bytes."""
        self._places: dict[int, Found] = {}
        """Number of an item that has to be read after all -> where it lies."""
        self._problems: list[str] = []
        self._denied = 0
        self._respelled = RespelledPairs(surprises.respelled)
        self._restless = surprises.restless
        self._is_preview = False
        self._described = MetadataSummary(options.metadata)
        self._marks = Marks()
        self._plan = self._make_plan()
        self._later = LaterDates(now)
        self._now = now

    def observe(self, manifest: ManifestWriter | None, journal: Journal | None) -> None:
        """Go through the directory; without a manifest only look, read nothing and collect what would be new.

        Raises:
            EvidenceError: something cannot be sealed, with the names of all of it.
        """
        self._is_preview = manifest is None
        self._progress.start("sealing", None, None, measure=self._measure())
        with self._open_describer(manifest) as describe:
            # Two ways to the same lines. Blocks are spelled and hashed by the workers, which is fastest, but they hold
            # nothing but what is new and takes no decision. Item by item takes every case.
            if manifest is not None and journal is not None and self._is_all_new:
                self._observe_blocks(manifest, journal, describe)
            else:
                self._observe_items(manifest, journal, describe)
        self._look_past_patterns()
        self._look_for_other_forms()
        self._judge_doubtful()
        renames = self._look_for_renamed()
        self._check_manifests()
        if manifest is not None and self._plan and self._plan.left_over:
            self._problems.append("files that the table names disappeared while the directory was read")
        self._report_names()
        links = self._record.chain.links if self._record is not None else ()
        self.result.findings += judge_own(self._now, links, self._later)
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
        self._take_renames(renames)
        if not (self.result.new_items or (self._record and self._record.seals)):
            raise nothing_to_seal(self.result.excluded)

    def _measure(self) -> Measure:
        """Count files and bytes; those that were sealed before are looked at, and not read."""
        for files, size in measure_tree(self._evidence, custody_name=self._custody_name, exclusions=self.exclusions):
            yield files, 0 if self._is_preview else None if self._record and self._record.seals else size

    @contextmanager
    def _open_describer(self, manifest: ManifestWriter | None) -> Iterator[Describe | None]:
        """Make ready what reads what new files say about themselves, if that is to be stated."""
        detail = self._options.metadata.detail
        if manifest is None or detail is None:
            yield None
            return
        # Start-up time: it imports what starts confined processes, which --metadata none does not need.
        from evtool.metadata import shared_extractor

        with shared_extractor(detail, sandbox=self._options.sandbox) as describe:
            yield describe
        self.result.metadata = self._described if self._described.is_filled else None

    def _observe_items(
        self, manifest: ManifestWriter | None, journal: Journal | None, describe: Describe | None
    ) -> None:
        """Look at every item on its own, whether it is new or was sealed before."""
        tasks = self._tasks(journal)
        for task, observation in observe_all(self._evidence, tasks, jobs=self._workers, describe=describe):
            if task.context is not None:
                self._judge_sealed(task, observation)
                self._marks.add(pack_marks([NOT_MARKED] if task.found.path not in self._respelled.names else []))
            else:
                self._take_new(task.found, observation, manifest, journal)

    @property
    def _is_refused(self) -> bool:
        """Whether it is certain already that nothing will be sealed."""
        return bool(self._problems or self._denied)

    @property
    def _is_all_new(self) -> bool:
        """Whether every entry becomes an item, and takes no decision but the usual ones."""
        return not (
            (self._record and self._record.seals) or self._policy.denied or self._options.statements or self._restless
        )

    def _observe_blocks(self, manifest: ManifestWriter, journal: Journal, describe: Describe | None) -> None:
        """Seal by blocks of items, which come back from the workers as they go into the manifest."""
        requests = self._requests(manifest, journal, describe)
        for answer in observe_requests(self._evidence, requests, jobs=self._workers):
            block = answer.product
            if block is None:
                founds = (found for run in answer.request.runs for found in run.founds())
                for found, observation in zip(founds, answer.observations, strict=True):
                    self._take_new(found, observation, manifest, journal)
            elif not self._is_refused:
                self._add_block(block, answer.request, manifest, journal)

    def _requests(
        self, manifest: ManifestWriter, journal: Journal, describe: Describe | None
    ) -> Iterator[ReadRequest[None]]:
        with Tree(self._evidence) as tree:
            runs = walk_runs(tree, custody_name=self._custody_name, exclusions=self.exclusions, notes=self._notes)
            for batch in gather_runs(runs):
                for run in batch:
                    self._awkward.add(run.directory, run.names)
                items = sum(len(run.names) for run in batch)
                files = sum(run.kinds.count(Kind.FILE.value) for run in batch)
                order = manifest.order_block(items, files if describe else 0)
                self._share.hand_out(items)
                known = journal.find_all(batch)
                yield ReadRequest(batch, None, known=known, finish=state_block, argument=order, describe=describe)

    def _add_block(
        self, block: ItemBlock, request: ReadRequest[None], manifest: ManifestWriter, journal: Journal
    ) -> None:
        self.result.new_items += block.items
        self.result.new_bytes += block.size
        self.result.reused += block.reused
        if empty := block.lines.count(_EMPTY):
            self._note_empty_of(block, empty)
        for seen, count in block.seen.items():
            self._described.add(seen, count)
        manifest.add_block(block)
        self._later.add_lines(block.lines, block.newest)
        self._marks.add(block.marks)
        journal.add_lines(block.journal)
        last = request.runs[-1]
        item = join_path(last.directory, last.names[-1])
        self._progress.advance(files=block.items, size=block.size, item=item, share=self._share.take_back(block.items))

    def _note_empty_of(self, block: ItemBlock, empty: int) -> None:
        """Find the names of the empty files in a block, of which most blocks have none."""
        self.result.empty_count += empty
        for item in ManifestReader(block.order.first_item).read(block.lines.split(b"\n")[:-1]):
            if item.content.size == 0 and item.file and len(self.result.empty) < _MOST_EMPTY:
                self.result.empty.append(item.file.path)

    def _make_plan(self) -> StatementPlan | None:
        """Match the archivist's statements with what is to be sealed, before anything is read."""
        if not self._options.statements:
            return None
        plan = read_plan(self._options.statements, self._evidence, self._policy, sandbox=self._options.sandbox)
        with Tree(self._evidence) as tree:
            plan.match(self._record, self._evidence, self._walk(tree, WalkNotes()))
        self.result.findings += plan.findings
        self.result.notes += plan.notes
        return plan

    def _tasks(self, journal: Journal | None) -> Iterator[Task[SealedItem | None]]:
        with Tree(self._evidence) as tree:
            for sealed, found in find_new(self._record, self._evidence, self._walk(tree, self._notes)):
                if found is None and sealed is not None:
                    if not self._respelled.holds_item(sealed):
                        self._judge.missing.append(sealed)
                elif found is not None and sealed is not None:
                    self._share.hand_out()
                    yield Task(found, sealed, Mode.STAT)
                elif found is not None and not self._respelled.holds_found(found):
                    self._awkward.add(found.directory, [found.name])
                    self._share.hand_out()
                    known = journal.find(found.path) if journal is not None else None
                    yield Task(found, None, Mode.STAT if journal is None else Mode.HASH, known)
            yield from self._respelled.tasks(self._record)

    def _walk(self, tree: Tree, notes: WalkNotes) -> Iterator[Found]:
        return walk(tree, custody_name=self._custody_name, exclusions=self.exclusions, notes=notes)

    def _take_new(
        self, found: Found, observation: Observation, manifest: ManifestWriter | None, journal: Journal | None
    ) -> None:
        if found.path in self._restless:
            observation = observation._replace(problem=ItemProblem.CHANGING, detail=CHANGED_AFTERWARDS)
        item_type = self._classify(found, observation)
        is_marked = item_type not in (None, ItemType.OMITTED)
        self._marks.add(pack_marks([stamp_to_mark(observation) if is_marked else NOT_MARKED]))
        if item_type is not None:
            self._add_item(found, observation, item_type, manifest, journal)

    def _classify(self, found: Found, observation: Observation) -> ItemType | None:
        """Decide what a new item is; None after noting that it cannot be sealed."""
        policy = self._policy
        texts = (store_name(found.path), store_name(observation.target)) if policy.denied else ()
        if any(map(policy.holds_denied_term, texts)):
            # Counted, not named: the message must not repeat the term.
            self._denied += 1
            return None
        problem = observation.problem
        if problem is None:
            return _ITEM_TYPES[observation.kind]
        if problem is not ItemProblem.VANISHED and omission_reason(found, problem) in self._options.allowed:
            return ItemType.OMITTED
        self._problems.append(f"{shown(store_name(found.path))}: {observation.detail}")
        return None

    def _add_item(
        self,
        found: Found,
        observation: Observation,
        item_type: ItemType,
        manifest: ManifestWriter | None,
        journal: Journal | None,
    ) -> None:
        size = observation.stamp.size if observation.stamp and item_type is ItemType.FILE else 0
        self._later.add(observation.stamp.mtime if observation.stamp else None)
        self.result.new_items += 1
        self.result.new_bytes += size
        self.result.reused += observation.reused
        self.result.omitted += item_type is ItemType.OMITTED
        if item_type is ItemType.FILE and observation.stamp and not size:
            self.result.empty_count += 1
            if len(self.result.empty) < _MOST_EMPTY:
                self.result.empty.append(store_name(found.path))
        if manifest is not None:
            reason = omission_reason(found, observation.problem) if observation.problem else None
            extra = self._plan.take(store_name(found.path)).lines if self._plan else ()
            if isinstance(observation.description, Description) and item_type is ItemType.FILE:
                extra = (metadata_line(observation.description, self._policy, self._described), *extra)
            if not self._is_refused:
                manifest.add(found, observation, item_type, reason, extra)
        if journal is not None:
            journal.add(found.path, observation)
        self._progress.advance(files=1, size=size, item=found.path, share=self._share.take_back())

    def _judge_sealed(self, task: Task[SealedItem | None], observation: Observation) -> None:
        """Compare an item of an earlier seal by type, size and date, as a verification would that reads no file."""
        sealed = task.context
        if sealed is None:
            return
        self._progress.advance(files=1, size=0, item=task.found.path, share=self._share.take_back())
        if sealed.item.file is None and sealed.item.content.type is ItemType.FILE:
            # Its date is withheld with its name, so only reading tells whether it is still what was sealed.
            self._judge.doubtful.append(sealed)
            self._places[sealed.item.number] = task.found
            return
        if task.found.path in self._respelled.names:
            self._judge.respelled(sealed, task.found.path)
        if sealed.item.content.type is ItemType.OMITTED:
            self._judge.fates_of(sealed).omitted += 1
            return
        self._judge.judge(sealed, observation)
        if self._judge.doubtful and self._judge.doubtful[-1] is sealed:
            # Only touched, or rewritten with other bytes of the same length? That takes reading.
            self._places[sealed.item.number] = task.found

    def _look_past_patterns(self) -> None:
        """A new pattern says what is not to be sealed; what was sealed before is compared all the same."""
        hidden = find_hidden(self._evidence, self._judge.missing, self.exclusions)
        self._notes.excluded_count -= count_unhidden(hidden, self.exclusions)
        there = {id(sealed) for sealed, _ in hidden}
        self._judge.missing = [sealed for sealed in self._judge.missing if id(sealed) not in there]
        tasks: list[Task[SealedItem | None]] = [Task(found, sealed, Mode.STAT) for sealed, found in hidden]
        for task, observation in observe_all(self._evidence, tasks, jobs=self._workers):
            self._judge_sealed(task, observation)

    def _look_for_other_forms(self) -> None:
        """A sealed item under its name in another Unicode form, or under its number, is not new, and not missing."""
        if self._record is None or self._respelled.names:
            return
        missing = [sealed for sealed in self._judge.missing if not self._record.is_disposed(sealed)]
        if not missing and not nameless_items(self._record):
            return
        with Tree(self._evidence) as tree:
            names = find_respelled(self._record, missing, self._walk(tree, WalkNotes()))
            names |= find_numbered(self._record, missing, self._walk(tree, WalkNotes()))
        if names:
            raise RespelledNames(names)

    def _look_for_renamed(self) -> Renames:
        """A new file with the bytes of a missing item may be that item under another name."""
        if self._record is None or not self._judge.missing:
            return Renames()
        missing = [
            sealed
            for sealed in self._judge.missing
            if sealed.item.content.type is not ItemType.OMITTED
            and not (self._record.is_disposed(sealed) or self._record.may_lack(sealed))
        ]
        self._missing_sizes = {sealed.item.number: sealed.item.content.size or 0 for sealed in missing}
        with Tree(self._evidence) as tree:
            walked = self._walk(tree, WalkNotes())
            pairs = find_new(self._record, self._evidence, walked, afresh=True)
            new = new_things(pairs, self._respelled.names) if missing else ()
            return find_renames(missing, new, self._evidence, self._workers)

    def _take_renames(self, renames: Renames) -> None:
        """Go on only if it was said that new names are right; a look at what would be sealed counts them.

        Raises:
            RenamedItems: they are right, and are to be recorded first.
            RenamedError: nobody has said so.
        """
        if not renames:
            return
        accepted = self._options.renamed
        if renames.unclear or not (accepted is True or accepted == renames.clear):
            raise RenamedError(renames)
        if not self._is_preview:
            raise RenamedItems(renames.clear)
        self.result.renamed = renames.clear
        items = {rename.item for rename in renames.clear}
        self.result.findings = [finding for finding in self.result.findings if finding.item not in items]
        self.result.new_items -= len(items)
        self.result.kept_items += len(items)
        self.result.new_bytes -= sum(size for item, size in self._missing_sizes.items() if item in items)

    def _judge_doubtful(self) -> None:
        doubtful, self._judge.doubtful = self._judge.doubtful, []
        tasks = [Task(self._places[sealed.item.number], sealed) for sealed in doubtful]
        for task, observation in observe_all(self._evidence, tasks, jobs=self._workers):
            self._judge.judge(task.context, observation, Mode.HASH)

    def _check_manifests(self) -> None:
        """Now that the manifests of earlier seals have been read to their end, refuse ones that do not hold."""
        if self._record is not None and self._record.seals:
            require_decidable(self._record)
        self._close_judgement()

    def _close_judgement(self) -> None:
        """Say what became of the items of earlier seals."""
        for sealed in self._judge.missing:
            if sealed.item.content.type is ItemType.OMITTED:
                self._judge.fates_of(sealed).omitted += 1
            else:
                self._judge.report_missing(sealed)
        self._judge.missing.clear()
        there = set(self._respelled.names.values())
        for sealed in nameless_items(self._record) if self._record else ():
            if sealed.item.content.type is not ItemType.OMITTED and path_of(sealed) not in there:
                self._judge.report_missing(sealed)
        self.result.findings += self._judge.findings
        kept = ItemFates()
        for fates in self._judge.fates.values():
            kept.add(fates)
        self.result.kept_items = kept.ok + kept.unread + kept.omitted
        self._require_accounts(kept)

    def _require_accounts(self, fates: ItemFates) -> None:
        """Make sure that every item of an earlier seal ended in exactly one class, as in a verification."""
        seals = self._record.seals if self._record else []
        withheld = sum(count_items(withheld_ranges(seal)) for seal in seals)
        sealed = sum(seal.sealed.items for seal in seals)
        if fates.total + withheld != sealed:
            raise InputError(
                "the sums do not agree: {total:,} of {sealed:,} sealed items are accounted for, so nothing was sealed",
                hint="run the same command again; if this happens again, please report this fault in evtool",
                key="seal-sums",
                total=fates.total + withheld,
                sealed=sealed,
            )

    def require_unchanged(self) -> None:
        """Look at every name and every new file again: what changed since it was read is not what is signed.

        Raises:
            RestlessFiles: files changed, which is allowed: they are to be named without their content.
            EvidenceError: files changed, came or went.
        """
        again, seen, changed = WalkNotes(), 0, list[Found]()
        with Tree(self._evidence) as tree, Tree(self._evidence) as looking:
            for run in walk_runs(tree, custody_name=self._custody_name, exclusions=self.exclusions, notes=again):
                if self._respelled.names:
                    names = [name for name in run.names if join_path(run.directory, name) not in self._respelled.names]
                    run = run._replace(names=names)
                changed += self._marks.find_changed(looking, run, seen)
                seen += len(run.names)
        if again.fingerprint != self._notes.fingerprint:
            raise cannot_seal(["files appeared, disappeared or changed their type while the directory was read"])
        if changed and OmissionReason.CHANGING in self._options.allowed:
            raise RestlessFiles(frozenset(found.path for found in changed))
        if changed:
            raise cannot_seal([f"{shown(store_name(found.path))}: {CHANGED_AFTERWARDS}" for found in changed])

    def _report_names(self) -> None:
        self.result.excluded = self._notes.excluded_count
        with Tree(self._evidence) as tree:
            self.result.left_out = tuple(measure_left_out(tree, path, why) for path, why in self._notes.excluded)
        self.result.other_dates = self._judge.other_dates
        if self.result.empty:
            count = self.result.empty_count
            names = name_some([shown(name) for name in self.result.empty], count)
            files = counted(count, "new file is", "new files are")
            self.result.notes.append(f"{files} empty: {names}; a copy may have failed, or it is a placeholder")
        if (note := self._awkward.note()) is not None:
            self.result.notes.append(note)
        for name, twin in self._notes.twins:
            self.result.findings.append(Finding(Code.NAME_TWIN, Effect.NOTE, Words("twin", twin=twin), path=name))


_EMPTY = b'"size":0,'
"""How the line of an empty file has its size; in the text of a line every quotation mark is escaped."""

_MOST_EMPTY = 20
"""Empty files that are named."""


_ITEM_TYPES = {
    Kind.FILE: ItemType.FILE,
    Kind.SYMLINK: ItemType.SYMLINK,
    Kind.EMPTY_DIRECTORY: ItemType.DIRECTORY,
}
