"""Pairing what is left over: items that were not found, and entries that no item names, may belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.finding import Code, Effect, Words
from evtool.core.text.limits import MAX_HOLES
from evtool.core.text.names import has_unassigned, nfc_key, parse_name, store_name
from evtool.core.values import replace
from evtool.operations.record.items import nameless_items
from evtool.operations.record.record import SealedItem
from evtool.operations.verify.items.comparer import Comparer, Pair
from evtool.operations.verify.items.comparison import count_unhidden, find_hidden
from evtool.operations.verify.items.judge import KIND_NAMES, path_of
from evtool.scan.engine import Task
from evtool.scan.observe import Mode
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, Kind, WalkNotes


def pair_paths(missing: Sequence[SealedItem], extra: Sequence[Found], gone: Sequence[SealedItem]) -> list[Pair]:
    """Find items whose place another item left, or that a broken manifest states before their turn.

    `gone` are items that were given up, and whose names are those of later items.
    """
    there = {found.sort_key: found for found in extra}
    left = {id(sealed.item) for sealed in gone}
    pairs: list[Pair] = []
    for sealed in missing:
        key = sealed.item.sort_key
        if key in there and id(sealed.item) not in left:
            pairs.append((sealed, there.pop(key)))
    return pairs


def pair_numbers(missing: Sequence[SealedItem], unclaimed: Iterable[Found]) -> list[Pair]:
    """Find items under the name that is made of their number, among what no named item was found under."""
    numbers = {parse_neutral_name(store_name(found.path)): found for found in unclaimed}
    return [(sealed, numbers[sealed.item.number]) for sealed in missing if sealed.item.number in numbers]


def pair_name_forms(missing: Sequence[SealedItem], extra: Sequence[Found]) -> list[Pair]:
    """Find items whose name is spelled with other code points; names that are several items or files are left alone."""
    founds: dict[str, list[Found]] = {}
    for found in extra:
        founds.setdefault(nfc_key(store_name(found.path)), []).append(found)
    items: dict[str, list[SealedItem]] = {}
    for sealed in missing:
        items.setdefault(nfc_key(path_of(sealed)), []).append(sealed)
    return [
        (same_name[0], founds[form][0])
        for form, same_name in items.items()
        if len(same_name) == 1 and len(founds.get(form, ())) == 1
    ]


def find_other_types(missing: Sequence[SealedItem], extra: Sequence[Found]) -> list[tuple[SealedItem, Found | None]]:
    """Find items in whose place something of another type lies; None for a directory that is not empty."""
    there = {found.path: found for found in extra}
    parents: set[bytes] = set()
    for path in there:
        while (path := path.rpartition(b"/")[0]) and path not in parents:
            parents.add(path)
    paths = [(sealed, parse_name(path_of(sealed))) for sealed in missing]
    return [(sealed, there.get(path)) for sealed, path in paths if path in there or path in parents]


def group_by_digests(missing: Sequence[SealedItem]) -> dict[tuple[str, str], list[SealedItem]]:
    """Group items by SHA-256 and BLAKE3 of their bytes. Empty files are all alike and are left alone."""
    groups: dict[tuple[str, str], list[SealedItem]] = {}
    for sealed in missing:
        digests, size = sealed.item.content.digests, sealed.item.content.size
        if digests and size:
            groups.setdefault((digests.sha256, digests.blake3), []).append(sealed)
    return groups


def match_leftovers(comparer: Comparer) -> None:
    """Look again for what is left over: in its place, by its number, by type, by name in another form, by digest."""
    if comparer.missing and comparer.extra:
        _match_paths(comparer)
    _look_past_patterns(comparer)
    _match_neutral_names(comparer)
    _report_unreadable_directories(comparer)
    disposed = [sealed for sealed in comparer.missing if comparer.record.is_disposed(sealed)]
    for sealed in disposed:
        comparer.judge.report_missing(sealed)
    comparer.forget(disposed, ())
    if comparer.missing and comparer.extra:
        _match_types(comparer)
    if comparer.missing and comparer.extra:
        _match_name_forms(comparer)
    # Two names that this version of Unicode cannot compare may be one to a later version.
    comparer.judge.names_are_doubtful = any(has_unassigned(path_of(sealed)) for sealed in comparer.missing) and any(
        has_unassigned(store_name(found.path)) for found in comparer.extra
    )
    if comparer.missing and comparer.extra and comparer.mode is Mode.HASH:
        _match_renamed(comparer)


def _match_paths(comparer: Comparer) -> None:
    """Find items whose place another item left, or that a broken manifest states before their turn."""
    comparer.compare_all(comparer.take_pairs(pair_paths(comparer.missing, comparer.extra, comparer.gone)))


def _look_past_patterns(comparer: Comparer) -> None:
    """What was sealed before a pattern came that hides it is compared all the same."""
    if not isinstance(comparer.evidence, TreeLocation):
        return
    hidden = find_hidden(comparer.evidence, comparer.missing, comparer.exclusions)
    comparer.forget((sealed for sealed, _ in hidden), ())
    unhidden = count_unhidden(hidden, comparer.exclusions)
    comparer.result.notes.excluded_count -= unhidden
    # What lies below a directory that a pattern leaves out was not listed with it.
    comparer.result.notes.seen += len(hidden) - unhidden
    comparer.compare_all(
        [Task(found, sealed, comparer.mode, size=sealed.item.content.size) for sealed, found in hidden]
    )


def _match_neutral_names(comparer: Comparer) -> None:
    """Find items under the name that is made of their number: those whose own name is withheld, or was unsafe."""
    for sealed in nameless_items(comparer.record):
        if not comparer.selection.includes(sealed.item):
            comparer.judge.fates_of(sealed).not_selected += 1
        else:
            comparer.note_selected(sealed)
            if not comparer.is_omitted(sealed, None):
                comparer.add_missing(sealed)
    if not comparer.missing:
        return
    tasks = comparer.take_pairs(pair_numbers(comparer.missing, _unclaimed(comparer)))
    comparer.neutral_names += len(tasks)
    comparer.compare_all(tasks)


def _unclaimed(comparer: Comparer) -> Iterable[Found]:
    """Give what no named item was found under; where only some items were asked for, that was not kept."""
    if comparer.selection.is_all:
        return comparer.extra
    return (found for found in comparer.founds(WalkNotes()) if found.path not in comparer.claimed)


def _report_unreadable_directories(comparer: Comparer) -> None:
    """What is below a directory that cannot be listed is not missing: nobody could look."""
    unreadable = [found for found in comparer.extra if found.kind is Kind.UNREADABLE]
    comparer.result.evidence.unlistable += len(unreadable)
    for found in unreadable if comparer.selection.is_all else ():
        stored = store_name(found.path)
        comparer.add(Code.UNREADABLE, Effect.UNCHECKED, Words("unlistable"), path=stored)
    prefixes = tuple(found.path + b"/" for found in unreadable)
    hidden = (
        [missing for missing in comparer.missing if (missing.item.sort_key or b"").startswith(prefixes)]
        if prefixes
        else []
    )
    for sealed in hidden:
        comparer.judge.fates_of(sealed).unreadable += 1
        comparer.judge.find(Code.UNREADABLE, Effect.UNCHECKED, sealed, Words("below-unlistable"))
    comparer.forget(hidden, unreadable)


def _match_name_forms(comparer: Comparer) -> None:
    """A copy through another system may spell the same name with other code points."""
    tasks = comparer.take_pairs(pair_name_forms(comparer.missing, comparer.extra))
    for task in tasks:
        comparer.judge.respelled(task.context, task.found.path)
    comparer.compare_all(tasks)


def _match_types(comparer: Comparer) -> None:
    """A file where an empty directory was, or the other way round, sorts elsewhere than the item does."""
    explained = find_other_types(comparer.missing, comparer.extra)
    for sealed, found in explained:
        comparer.judge.type_changed(sealed, KIND_NAMES[found.kind] if found else Words("kind-directory"))
    explaining = [found for _, found in explained if found is not None]
    comparer.result.evidence.compared += len(explaining)
    comparer.forget((sealed for sealed, _ in explained), explaining)


def _match_renamed(comparer: Comparer) -> None:
    """Look for the bytes of missing files among the extra ones. Empty files are all alike and are left alone."""
    missing = group_by_digests(comparer.missing)
    sizes = {sealed.item.content.size for group in missing.values() for sealed in group}
    files = [Task(found, None, Mode.STAT) for found in comparer.extra if found.kind is Kind.FILE]
    candidates, holes, left_out = [], 0, 0
    for task, seen in comparer.observe(files, jobs=1):
        if seen.stamp and seen.stamp.size in sizes:
            holes += seen.holes
            if holes <= MAX_HOLES:
                candidates.append(replace(task, mode=Mode.HASH, size=seen.stamp.size))
            left_out += holes > MAX_HOLES
    if left_out:
        comparer.add(Code.NOT_HASHED, Effect.UNCHECKED, Words("sparse", bytes=MAX_HOLES), count=left_out)
    renamed: list[tuple[SealedItem, Found]] = []
    for task, seen in comparer.observe(candidates):
        comparer.count_progress(seen)
        group = missing.get((seen.sha256, seen.blake3))
        if group:
            renamed.append((group.pop(0), task.found))
    for sealed, found in renamed:
        comparer.judge.fates_of(sealed).renamed += 1
        comparer.result.evidence.renamed += 1
        stored = store_name(found.path)
        says = Words("recordable" if isinstance(comparer.evidence, TreeLocation) else "renamed")
        comparer.judge.accuse(Code.RENAMED, sealed, says, path_of(sealed), stored)
    comparer.forget((sealed for sealed, _ in renamed), (found for _, found in renamed))
