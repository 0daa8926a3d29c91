"""An entry in words."""

from __future__ import annotations

from evtool.core.custody.entry import Entry
from evtool.core.custody.events import Fixity, FixityScope, details_table
from evtool.core.text.names import shown


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


def render_details(entry: Entry) -> list[str]:
    """Write the fields of an entry's own table, one per line."""
    lines = []
    if entry.items:
        lines.append(f"items: {', '.join(entry.items.serialize())}")
    for name, value in details_table(entry.details).items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        lines.append(f"{name}: {shown(text)}")
    if entry.fixity:
        lines.append(f"fixity: {render_fixity(entry.fixity)}")
    return lines
