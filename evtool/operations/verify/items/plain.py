"""Comparing what lies in a directory with what its seals say: findings for each item.

The items of the seals and the entries of the directory come as two streams in the same order and are merged, so a
collection of any size is compared in little memory. What is left over on either side is compared again at the end:
a missing name and an extra name may be the same one in another Unicode form, or the same file under another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.text.names import store_name
from evtool.core.verdict.accounts import ItemFates
from evtool.operations.record.read import find_sought
from evtool.operations.record.record import Seal, SealedItem
from evtool.operations.record.skimming import is_long
from evtool.operations.verify.items.blocks import BlockMerge, Unchanged
from evtool.operations.verify.items.comparer import Comparer
from evtool.operations.verify.items.comparison import Comparison
from evtool.operations.verify.items.free_names import pair_items
from evtool.operations.verify.items.judge import is_unread
from evtool.operations.verify.items.leftovers import match_leftovers
from evtool.operations.verify.items.passing import BlockPass, Passed
from evtool.operations.verify.items.summary import close
from evtool.scan.engine import Task
from evtool.scan.observe import Mode, Observation
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, walk_runs


def compare(comparer: Comparer) -> Comparison:
    """Compare everything; afterwards the seals know whether their manifests are the signed ones."""
    for seal in comparer.record.seals:
        comparer.result.fates[seal.number] = ItemFates()
    # Two ways to one answer. By blocks, workers compare bytes and nothing is decoded, which takes a fraction of the
    # time; item by item, everything can be told. What blocks do not find equal goes the other way, so only that one
    # judges. tests/cli/test_everyday_handling.py and the vectors run both, with and without --quick or a selection.
    if _is_plain(comparer):
        _compare_blocks(comparer, comparer.record.seals[0])
    else:
        comparer.compare_all(_merge(comparer))
    match_leftovers(comparer)
    close(comparer)
    return comparer.result


def _is_plain(comparer: Comparer) -> bool:
    """Tell whether all of a directory is compared, byte by byte, with its only seal: what most verifications are."""
    return _is_one_seal(comparer) and comparer.selection.is_all and comparer.mode is Mode.HASH


def _is_one_seal(comparer: Comparer) -> bool:
    """Tell whether a directory is compared with its only seal."""
    is_directory = isinstance(comparer.evidence, TreeLocation)
    # Items that were renamed lie elsewhere than their manifest says.
    return is_directory and len(comparer.record.seals) == 1 and not comparer.record.names


def _compare_blocks(comparer: Comparer, seal: Seal) -> None:
    """Compare all of a directory with its only seal."""
    assert isinstance(comparer.evidence, TreeLocation)  # noqa: S101  # see `_is_plain`
    unread: list[Task[SealedItem]] = []
    total = comparer.result
    with Tree(comparer.evidence) as tree:
        runs = walk_runs(tree, custody_name=comparer.custody_name, exclusions=comparer.exclusions, notes=total.notes)
        merge = BlockMerge(comparer.evidence, comparer.record.custody, seal, comparer.jobs)
        for result in merge.run(runs):
            if isinstance(result, Unchanged):
                total.fates[seal.number].ok += result.items
                total.evidence.compared += result.items
                comparer.judge.other_dates += result.other_dates
                total.bytes += result.size
                comparer.progress.advance(files=result.items, size=result.size, item=result.last)
            elif (task := _take(comparer, result.sealed, result.found, result.observation)) is not None:
                unread.append(task)
    comparer.compare_all(unread)


def _take(
    comparer: Comparer, sealed: SealedItem | None, found: Found | None, observation: Observation | None
) -> Task[SealedItem] | None:
    """Sort one comparison to where it belongs; give back a file that was not read, as it has another size."""
    if sealed is None:
        comparer.extra += [found] if found else []
    elif comparer.is_omitted(sealed, found):
        pass
    elif found is None or observation is None:
        comparer.missing.append(sealed)
    elif is_unread(sealed, observation):
        return Task(found, sealed, comparer.mode, size=sealed.item.content.size)
    else:
        comparer.judge_there(sealed, found, observation)
        comparer.count_progress(observation, found.path)
    return None


def _pair_up(comparer: Comparer) -> Iterator[tuple[SealedItem | None, Found | None]]:
    """Pair items with what lies under their names; of a long seal, those that may be asked for."""
    record, selection, sought = comparer.record, comparer.selection, None
    if _is_one_seal(comparer) and is_long(record.seals[0].sealed) and not selection.is_all:
        sought = find_sought(record, selection.choice, selection.numbers)
    if sought is None:
        yield from pair_items(record, comparer.founds(comparer.result.notes), comparer.gone)
        return
    assert isinstance(comparer.evidence, TreeLocation)  # noqa: S101  # see `_is_one_seal`
    notes = comparer.result.notes
    with Tree(comparer.evidence) as tree:
        runs = walk_runs(tree, custody_name=comparer.custody_name, exclusions=comparer.exclusions, notes=notes)
        for step in BlockPass(record.custody, record.seals[0], sought).run(runs):
            if isinstance(step, Passed):
                _pass_by(comparer, record.seals[0], step)
            else:
                yield step


def _pass_by(comparer: Comparer, seal: Seal, passed: Passed) -> None:
    """Count items that are not asked for, which are there by name."""
    comparer.result.fates[seal.number].not_selected += passed.items
    comparer.result.evidence.not_selected += passed.items
    for found in (found for run in passed.runs if not run.directory for found in run.founds()):
        _claim(comparer, found)


def _merge(comparer: Comparer) -> Iterator[Task[SealedItem]]:
    """Yield the items that are in the directory, as tasks; keep what is on one side only."""
    for sealed, found in _pair_up(comparer):
        if sealed is not None and found is not None and not found.directory:
            _claim(comparer, found)
        if sealed is not None and not comparer.selection.includes(sealed.item):
            comparer.judge.fates_of(sealed).not_selected += 1
            comparer.result.evidence.not_selected += found is not None
        elif sealed is not None:
            comparer.note_selected(sealed)
            if comparer.is_omitted(sealed, found):
                continue
            if found is None:
                comparer.add_missing(sealed)
            else:
                yield Task(found, sealed, comparer.mode, size=sealed.item.content.size)
        elif found is not None:
            # Kept even if only some items are asked for: a missing one may be there under this name.
            comparer.extra.append(found)


def _claim(comparer: Comparer, found: Found) -> None:
    """Remember what has a number for its sealed name: it is that of no other item."""
    if parse_neutral_name(store_name(found.name)) is not None:
        comparer.claimed.add(found.path)
