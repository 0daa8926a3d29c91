"""Giving items up: a wrong number is noticed before it is signed, as the item of that number still lies there."""

from __future__ import annotations

from evtool.core.errors import UsageError, Way
from evtool.core.manifest.skim import seek
from evtool.core.manifest.statement import ItemType
from evtool.core.text.names import parse_name
from evtool.core.text.ranges import ItemRanges, is_about, name_ranges, ranges_of
from evtool.operations.entries.opening import OpenRecord
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.record import SealedItem, read_record
from evtool.operations.verify.items.judge import is_another
from evtool.scan.observe import Mode, observe
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import find_one

STILL_THERE = "still-there"
"""Confirms that items are disposed of although they lie there as they were sealed."""

_MAX_RANGES = 10


def require_gone(opened: OpenRecord, items: ItemRanges | None) -> None:
    """Refuse to dispose of items that lie there with the type, size and target that they were sealed with.

    Nothing is read for that. `items` are those that the entry will be about; None means all that are sealed.

    Raises:
        UsageError: some do; they are named by their numbers.
    """
    record = read_record(opened.custody)
    named = [
        sealed
        for sealed in read_numbered_items(record, seek(items))
        if sealed.item.file is not None
        and sealed.item.content.type is not ItemType.OMITTED
        and not record.is_disposed(sealed)
        and is_about(items, opened.next_sequence, sealed.item.number, sealed.seal.number)
    ]
    there = _find_there(opened.evidence, named)
    if there:
        lies = "lies" if len(there) == 1 else "lie"
        raise UsageError(
            "{items_en} still {lies_en} where the record says, so nothing was recorded",
            hint="check the numbers, or remove the files first; if it is right all the same, confirm {code}",
            key="disposal-still-there",
            items_en=name_ranges(ranges_of(there).ranges, _MAX_RANGES),
            lies_en=lies,
            items=ranges_of(there).ranges,
            code=STILL_THERE,
            ways=(Way.STILL_THERE,),
        )


def _find_there(evidence: TreeLocation | EvidenceSource, named: list[SealedItem]) -> list[int]:
    """Give the numbers of the items that lie there; a bundle holds all files that its record discloses."""
    if not isinstance(evidence, TreeLocation):
        return [sealed.item.number for sealed in named if sealed.item.content.type is ItemType.FILE]
    there: list[int] = []
    with Tree(evidence) as tree:
        for sealed in named:
            found = find_one(tree, parse_name(sealed.item.file.path if sealed.item.file else ""))
            if found is not None and not is_another(sealed.item.content, observe(tree, found, mode=Mode.STAT)):
                there.append(sealed.item.number)
    return there
