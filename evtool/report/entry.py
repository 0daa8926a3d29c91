"""An entry in words."""

from __future__ import annotations

from itertools import islice

from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Fixity, FixityScope, Renamed, details_table
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges


def render_fixity(fixity: Fixity) -> str:
    """Say what a fixity result shows."""
    how = "all items" if fixity.scope is FixityScope.FULL else f"a sample of {fixity.checked:,}"
    parts = [f"{fixity.ok:,} of {fixity.checked:,} as sealed"]
    for count, fate in (
        (fixity.changed, "changed"),
        (fixity.missing, "missing"),
        (fixity.unreadable, "unreadable"),
        (fixity.extra, "not in any seal"),
        (fixity.withheld, "withheld or only named"),
    ):
        if count:
            parts.append(f"{count:,} {fate}")
    return f"{how} read: {', '.join(parts)}"


_MAX_NAMED = 20
"""New names that are told of one entry."""


def _first(items: ItemRanges) -> list[int]:
    return list(islice(items, _MAX_NAMED))


def render_details(entry: Entry) -> list[str]:
    """Write the fields of an entry's own table, one per line."""
    lines = []
    if entry.items:
        lines.append(f"items: {', '.join(entry.items.serialize())}")
    if isinstance(entry.details, Renamed) and entry.items:
        lines.append(f"renamed {counted(len(entry.items), 'item')}")
        lines += [
            f"  item {item}: {shown(path)}"
            for item, path in zip(_first(entry.items), entry.details.paths, strict=False)
        ]
        if len(entry.items) > _MAX_NAMED:
            lines.append(f"  and {len(entry.items) - _MAX_NAMED:,} more")
        return lines
    for name, value in details_table(entry.details).items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        lines.append(f"{name}: {shown(text)}")
    if entry.fixity:
        lines.append(f"fixity: {render_fixity(entry.fixity)}")
    return lines
