"""What became of the items of earlier seals, which a new seal finds out as a verification would."""

from __future__ import annotations

from evtool.core.errors import InputError
from evtool.core.manifest.statement import ItemType
from evtool.core.text.ranges import count_items
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.record.items import nameless_items
from evtool.operations.record.record import SealedItem
from evtool.operations.record.withholding import withheld_ranges
from evtool.operations.seal.renamed import RenamedError, RenamedItems, Renames, find_renames, new_things
from evtool.operations.seal.respelled import RespelledNames, find_numbered, find_respelled
from evtool.operations.seal.sealing import Sealing
from evtool.operations.verify.items.comparison import count_unhidden, find_hidden
from evtool.operations.verify.items.free_names import find_new
from evtool.operations.verify.items.judge import ItemJudge, path_of
from evtool.scan.engine import Task, observe_all
from evtool.scan.observe import Mode, Observation
from evtool.scan.tree import Tree
from evtool.scan.walk import Found


class EarlierItems:
    """Compares what was sealed before with what is there; by size and date, and by its bytes where those differ."""

    def __init__(self, sealing: Sealing) -> None:
        self._sealing, self._record, self._result = sealing, sealing.record, sealing.result
        if self._record is None:
            self._judge = ItemJudge(Mode.STAT, lambda _: False, lambda _: False)
        else:
            self._judge = ItemJudge(Mode.STAT, self._record.is_disposed, self._record.may_lack)
        self._missing_sizes: dict[int, int] = {}
        """Number of an item that may lie under another name -> its bytes."""
        self._places: dict[int, Found] = {}
        """Number of an item that has to be read after all -> where it lies."""

    def miss(self, sealed: SealedItem) -> None:
        """Keep an item that does not lie under its name."""
        self._judge.missing.append(sealed)

    def judge(self, sealed: SealedItem, found: Found, observation: Observation) -> None:
        """Compare an item by type, size and date, as a verification would that reads no file."""
        self._sealing.advance(found.path)
        if sealed.item.file is None and sealed.item.content.type is ItemType.FILE:
            # Its date is withheld with its name, so only reading tells whether it is still what was sealed.
            self._judge.doubtful.append(sealed)
            self._places[sealed.item.number] = found
            return
        if found.path in self._sealing.respelled.names:
            self._judge.respelled(sealed, found.path)
        if sealed.item.content.type is ItemType.OMITTED:
            self._judge.fates_of(sealed).omitted += 1
            return
        self._judge.judge(sealed, observation)
        if self._judge.doubtful and self._judge.doubtful[-1] is sealed:
            # Only touched, or rewritten with other bytes of the same length? That takes reading.
            self._places[sealed.item.number] = found

    def finish(self) -> Renames:
        """Look again for what was not found, read what is in doubt, and say what became of each item.

        Returns what may lie under another name.

        Raises:
            RespelledNames: items lie under their names in another form.
            MismatchError: the manifest of an earlier seal is not the signed one.
        """
        self._look_past_patterns()
        self._look_for_other_forms()
        self._judge_doubtful()
        renames = self._look_for_renamed()
        if self._record is not None and self._sealing.has_seals:
            # Start-up time: a first seal has nothing to decide.
            from evtool.operations.entries.consent import require_decidable

            require_decidable(self._record)  # only now have their manifests been read to the end
        self._close()
        return renames

    def _look_past_patterns(self) -> None:
        """A new pattern says what is not to be sealed; what was sealed before is compared all the same."""
        evidence, exclusions = self._sealing.evidence, self._sealing.exclusions
        hidden = find_hidden(evidence, self._judge.missing, exclusions)
        self._sealing.notes.excluded_count -= count_unhidden(hidden, exclusions)
        there = {id(sealed) for sealed, _ in hidden}
        self._judge.missing = [sealed for sealed in self._judge.missing if id(sealed) not in there]
        tasks = [Task(found, sealed, Mode.STAT) for sealed, found in hidden]
        for task, observation in observe_all(evidence, tasks, jobs=self._sealing.workers):
            self.judge(task.context, task.found, observation)

    def _look_for_other_forms(self) -> None:
        """A sealed item under its name in another Unicode form, or under its number, is not new, and not missing."""
        if self._record is None or self._sealing.respelled.names:
            return
        missing = [sealed for sealed in self._judge.missing if not self._record.is_disposed(sealed)]
        if not missing and not nameless_items(self._record):
            return
        with Tree(self._sealing.evidence) as tree:
            names = find_respelled(self._record, missing, self._sealing.walk(tree))
            names |= find_numbered(self._record, missing, self._sealing.walk(tree))
        if names:
            raise RespelledNames(names)

    def _judge_doubtful(self) -> None:
        doubtful, self._judge.doubtful = self._judge.doubtful, []
        tasks = [Task(self._places[sealed.item.number], sealed) for sealed in doubtful]
        for task, observation in observe_all(self._sealing.evidence, tasks, jobs=self._sealing.workers):
            self._judge.judge(task.context, observation, Mode.HASH)

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
        evidence = self._sealing.evidence
        with Tree(evidence) as tree:
            pairs = find_new(self._record, evidence, self._sealing.walk(tree), afresh=True)
            new = new_things(pairs, self._sealing.respelled.names) if missing else ()
            return find_renames(missing, new, evidence, self._sealing.workers)

    def _close(self) -> None:
        for sealed in self._judge.missing:
            if sealed.item.content.type is ItemType.OMITTED:
                self._judge.fates_of(sealed).omitted += 1
            else:
                self._judge.report_missing(sealed)
        self._judge.missing.clear()
        there = set(self._sealing.respelled.names.values())
        for sealed in nameless_items(self._record) if self._record else ():
            if sealed.item.content.type is not ItemType.OMITTED and path_of(sealed) not in there:
                self._judge.report_missing(sealed)
        self._result.findings += self._judge.findings
        self._result.other_dates = self._judge.other_dates
        kept = ItemFates()
        for fates in self._judge.fates.values():
            kept.add(fates)
        self._result.kept_items = kept.ok + kept.unread + kept.omitted
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

    def take_renames(self, renames: Renames, *, is_preview: bool) -> None:
        """Go on only if it was said that new names are right; a look at what would be sealed counts them.

        Raises:
            RenamedItems: they are right, and are to be recorded first.
            RenamedError: nobody has said so.
        """
        if not renames:
            return
        accepted, result = self._sealing.options.renamed, self._result
        if renames.unclear or not (accepted is True or accepted == renames.clear):
            raise RenamedError(renames)
        if not is_preview:
            raise RenamedItems(renames.clear)
        result.renamed = renames.clear
        items = {rename.item for rename in renames.clear}
        result.findings = [finding for finding in result.findings if finding.item not in items]
        result.new_items -= len(items)
        result.kept_items += len(items)
        result.new_bytes -= sum(size for item, size in self._missing_sizes.items() if item in items)
