"""What a comparison says of many items at once: one note for each kind of thing, with their number."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.finding import Code, Effect, Finding, Listed, Words
from evtool.operations.record.companions import report_companions
from evtool.operations.record.record import Record
from evtool.operations.verify.items.comparison import Comparison
from evtool.scan.walk import WalkNotes


def sum_up(
    result: Comparison, record: Record, *, neutral_names: int, other_dates: int, is_all: bool
) -> Iterator[Finding]:
    """Yield the notes of a comparison.

    Args:
        result: what was compared.
        record: with what.
        neutral_names: items that are stored under their numbers.
        other_dates: items that have another modification date, and nothing else.
        is_all: whether all items were asked for.
    """
    if neutral_names:
        yield Finding(Code.NEUTRAL_NAME, Effect.NOTE, Words("stored"), count=neutral_names)
    if renamed := sum(len(seal.renamed) for seal in record.seals):
        yield Finding(Code.NEW_NAME, Effect.NOTE, Words("renamed", by=record.names.entries.ranges), count=renamed)
    if stated_only := sum(fates.stated_only for fates in result.fates.values()):
        yield Finding(Code.STATED_ONLY, Effect.NOTE, Words("bundle"), count=stated_only)
    if other_dates:
        yield Finding(Code.DATE_CHANGED, Effect.NOTE, Words("unchanged"), count=other_dates)
    if is_all:
        yield from _describe_walk(result.notes)
    else:
        not_selected = sum(fates.not_selected for fates in result.fates.values())
        yield Finding(Code.NOT_SELECTED, Effect.NOTE, Words("items"), count=not_selected)


def _describe_walk(notes: WalkNotes) -> Iterator[Finding]:
    """Tell of what patterns left out, of companions, and of names that some systems take for one."""
    if notes.excluded_count:
        patterns = tuple(sorted({pattern for _, pattern in notes.excluded}))
        names = Listed(tuple(path for path, _ in notes.excluded), notes.excluded_count)
        says = Words("pattern", patterns=Listed(patterns, len(patterns)), names=names)
        yield Finding(Code.EXCLUDED, Effect.NOTE, says, count=notes.excluded_count)
    yield from report_companions(Code.COMPANION, notes.companions)
    for name, twin in notes.twins:
        yield Finding(Code.NAME_TWIN, Effect.NOTE, Words("twin", twin=twin), path=name)
