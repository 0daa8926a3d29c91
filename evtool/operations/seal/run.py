"""One pass over an evidence directory: what is new goes one way, what was sealed before the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evtool.operations.record.record import SealedItem
from evtool.operations.record.spelling import state_block
from evtool.operations.seal.earlier_items import EarlierItems
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.operations.seal.new_items import NewItems
from evtool.operations.seal.sealing import Sealing
from evtool.operations.verify.items.free_names import find_new
from evtool.scan.batch import Describe
from evtool.scan.engine import ReadRequest, Task, gather_runs, observe_all, observe_requests
from evtool.scan.marks import NOT_MARKED, pack_marks
from evtool.scan.observe import Mode
from evtool.scan.tree import Tree
from evtool.scan.walk import Kind
from evtool.store.journal import Journal


def read_directory(sealing: Sealing, new: NewItems, earlier: EarlierItems) -> None:
    """Go through the directory; where there is no manifest to write, look and read nothing."""
    is_preview = new.manifest is None
    sealing.progress.start("sealing", None, None, measure=sealing.measure(is_preview=is_preview))
    with _open_describer(sealing, new) as describe:
        # Two ways to the same lines. Blocks are spelled and hashed by the workers, which is fastest, but they hold
        # nothing but what is new and takes no decision. Item by item takes every case.
        if new.manifest is not None and new.journal is not None and _is_all_new(sealing):
            _read_blocks(sealing, new, _requests(sealing, new, new.manifest, new.journal, describe))
        else:
            _read_items(sealing, new, earlier, describe)


def _is_all_new(sealing: Sealing) -> bool:
    """Tell whether every entry becomes an item, and takes no decision but the usual ones."""
    return not (sealing.has_seals or sealing.policy.denied or sealing.options.statements or sealing.restless)


@contextmanager
def _open_describer(sealing: Sealing, new: NewItems) -> Iterator[Describe | None]:
    """Make ready what reads what new files say about themselves, if that is to be stated."""
    detail = sealing.options.metadata.detail
    if new.manifest is None or detail is None:
        yield None
        return
    # Start-up time: it imports what starts confined processes, which --metadata none does not need.
    from evtool.metadata import shared_extractor

    with shared_extractor(detail, sandbox=sealing.options.sandbox) as shared:
        sealing.workers.prepare = shared.share
        yield shared.describe
        # What is read after this is only compared.
        sealing.workers.prepare = None
    sealing.result.metadata = new.described if new.described.is_filled else None


def _read_blocks(sealing: Sealing, new: NewItems, requests: Iterator[ReadRequest[None]]) -> None:
    """Seal by blocks of items, which come back from the workers as they go into the manifest."""
    for answer in observe_requests(sealing.evidence, requests, jobs=sealing.workers):
        if answer.product is not None:
            new.take_block(answer.product, answer.request)
            continue
        founds = (found for run in answer.request.runs for found in run.founds())
        for found, observation in zip(founds, answer.observations, strict=True):
            new.take(found, observation)


def _requests(
    sealing: Sealing, new: NewItems, manifest: ManifestWriter, journal: Journal, describe: Describe | None
) -> Iterator[ReadRequest[None]]:
    with Tree(sealing.evidence) as tree:
        for batch in gather_runs(sealing.walk_runs(tree, sealing.notes)):
            for run in batch:
                new.awkward.add(run.directory, run.names)
            items = sum(len(run.names) for run in batch)
            files = sum(run.kinds.count(Kind.FILE.value) for run in batch)
            order = manifest.order_block(items, files if describe else 0)
            sealing.share.hand_out(items)
            known = journal.find_all(batch)
            yield ReadRequest(batch, None, known=known, finish=state_block, argument=order, describe=describe)


def _read_items(sealing: Sealing, new: NewItems, earlier: EarlierItems, describe: Describe | None) -> None:
    """Look at every item on its own, whether it is new or was sealed before."""
    tasks = _tasks(sealing, new, earlier)
    for task, observation in observe_all(sealing.evidence, tasks, jobs=sealing.workers, describe=describe):
        if task.context is None:
            new.take(task.found, observation)
            continue
        earlier.judge(task.context, task.found, observation)
        sealing.marks.add(pack_marks([NOT_MARKED] if task.found.path not in sealing.respelled.names else []))


def _tasks(sealing: Sealing, new: NewItems, earlier: EarlierItems) -> Iterator[Task[SealedItem | None]]:
    journal, respelled = new.journal, sealing.respelled
    with Tree(sealing.evidence) as tree:
        for sealed, found in find_new(sealing.record, sealing.evidence, sealing.walk(tree, sealing.notes)):
            if found is None and sealed is not None:
                if not respelled.holds_item(sealed):
                    earlier.miss(sealed)
            elif found is not None and sealed is not None:
                sealing.share.hand_out()
                yield Task(found, sealed, Mode.STAT)
            elif found is not None and not respelled.holds_found(found):
                new.awkward.add(found.directory, [found.name])
                sealing.share.hand_out()
                known = journal.find(found.path) if journal is not None else None
                yield Task(found, None, Mode.STAT if journal is None else Mode.HASH, known)
        yield from respelled.tasks(sealing.record)
