"""Names that were used again: what a disposal gives up frees its name for something else.

Sealing, listing what is new and verifying pair items with what lies under their names; all of them do it here, so that
they agree on what is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evtool.core.manifest.statement import ItemType
from evtool.operations.merge import merge_sorted
from evtool.operations.record.items import read_items, read_items_afresh
from evtool.operations.record.record import Record, SealedItem
from evtool.operations.verify.items.judge import is_another
from evtool.scan.engine import Task, observe_all
from evtool.scan.observe import Mode
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found

Pairs = Iterator[tuple[SealedItem | None, Found | None]]


def pair_items(record: Record | None, founds: Iterable[Found], gone: list[SealedItem]) -> Pairs:
    """Pair items with what lies under their names; a name that was used again belongs to the newest item.

    Reads the items as `read_items` does. Items whose names were used again are added to `gone`.
    """
    return _pair(record, read_items(record) if record else iter(()), founds, gone)


def find_new(record: Record | None, evidence: TreeLocation, founds: Iterable[Found], *, afresh: bool = False) -> Pairs:
    """As `pair_items`, with what lies in the place of a disposed item, and is not that item, on its own: it is new.

    Nothing is read for that: it is another one if its type, size, target or date differs. `afresh` reads the items as
    `read_items_afresh` does.
    """
    items = (read_items_afresh if afresh else read_items)(record) if record else iter(())
    for sealed, found in _pair(record, items, founds, []):
        if record and sealed and found and record.is_disposed(sealed) and _is_new(evidence, sealed, found):
            yield sealed, None
            yield None, found
        else:
            yield sealed, found


def _pair(
    record: Record | None,
    items: Iterator[tuple[bytes, SealedItem]],
    founds: Iterable[Found],
    replaced: list[SealedItem],
) -> Pairs:
    told = 0
    newest = _keep_newest(record, items, replaced) if record else iter(())
    for pair in merge_sorted(newest, ((found.sort_key, found) for found in founds)):
        yield from ((sealed, None) for sealed in replaced[told:])
        told = len(replaced)
        yield pair
    yield from ((sealed, None) for sealed in replaced[told:])


def _keep_newest(
    record: Record, items: Iterator[tuple[bytes, SealedItem]], replaced: list[SealedItem]
) -> Iterator[tuple[bytes, SealedItem]]:
    """Take out items whose name went to a later one, which the order by name puts right behind them."""
    held = next(items, None)
    for key, sealed in items:
        assert held is not None  # noqa: S101  # the first item is held from the start
        if held[0] == key and record.is_replaced(held[1], sealed):
            replaced.append(held[1])
        else:
            yield held
        held = key, sealed
    if held is not None:
        yield held


def _is_new(evidence: TreeLocation, sealed: SealedItem, found: Found) -> bool:
    content, file = sealed.item.content, sealed.item.file
    if content.type is ItemType.OMITTED:
        return True
    ((_, seen),) = observe_all(evidence, [Task(found, None, Mode.STAT)], jobs=1)
    if seen.problem is not None:
        return False
    touched = content.type is ItemType.FILE and file and seen.stamp and seen.stamp.mtime != file.mtime
    return bool(touched) or is_another(content, seen)
