"""What a comparison says of many items at once: one note for each kind of thing, with their number."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.finding import Code, Effect, Finding
from evtool.core.text.counts import counted
from evtool.core.text.names import name_some, shown
from evtool.core.text.ranges import name_ranges
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
        stored = counted(neutral_names, "item is stored under its number", "items are stored under their numbers")
        message = f"{stored} instead of a name; the names are in the statements, or withheld"
        yield Finding(Code.NEUTRAL_NAME, Effect.NOTE, message, count=neutral_names)
    if renamed := sum(len(seal.renamed) for seal in record.seals):
        entries = name_ranges(record.names.entries.ranges, singular="entry", plural="entries")
        message = f"{counted(renamed, 'item has', 'items have')} another name than the sealed one, by "
        message += f"{entries}; a list for sha256sum still names the old one"
        yield Finding(Code.NEW_NAME, Effect.NOTE, message, count=renamed)
    if stated_only := sum(fates.stated_only for fates in result.fates.values()):
        message = f"{counted(stated_only, 'link or empty directory is', 'links and empty directories are')} "
        message += "in the bundle as statements only"
        yield Finding(Code.STATED_ONLY, Effect.NOTE, message, count=stated_only)
    if other_dates:
        dated = counted(other_dates, "item has", "items have")
        message = f"{dated} a different modification date than at sealing; the content is unchanged"
        yield Finding(Code.DATE_CHANGED, Effect.NOTE, message, count=other_dates)
    if is_all:
        yield from _describe_walk(result.notes)
    else:
        not_selected = sum(fates.not_selected for fates in result.fates.values())
        message = f"{counted(not_selected, 'item was', 'items were')} not selected and not checked; files that are in "
        message += "no seal were not looked for"
        yield Finding(Code.NOT_SELECTED, Effect.NOTE, message, count=not_selected)


def _describe_walk(notes: WalkNotes) -> Iterator[Finding]:
    """Tell of what patterns left out, of companions, and of names that some systems take for one."""
    if notes.excluded_count:
        patterns = ", ".join(shown(pattern) for pattern in sorted({pattern for _, pattern in notes.excluded}))
        names = name_some([shown(path) for path, _ in notes.excluded], notes.excluded_count)
        left_out = counted(notes.excluded_count, "file or directory is", "files and directories are")
        message = f"{left_out} left out of the seals by pattern ({patterns}): {names}"
        yield Finding(Code.EXCLUDED, Effect.NOTE, message, count=notes.excluded_count)
    yield from report_companions(Code.COMPANION, notes.companions)
    for name, twin in notes.twins:
        names = f"{shown(name)} and {shown(twin)}"
        message = f"{names} are the same name on some systems; copying there may overwrite one"
        yield Finding(Code.NAME_TWIN, Effect.NOTE, message, path=name)
