"""An entry in words."""

from __future__ import annotations

from itertools import islice

from evtool.core.custody.entry import NOT_STATED, Entry
from evtool.core.custody.event_tables import details_table
from evtool.core.custody.events import ConsentChanged, Fixity, FixityScope, Renamed
from evtool.core.terms.terms import parse_terms_cached
from evtool.core.text.counts import counted
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, name_ranges
from evtool.report.consent_text import render_terms


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


def render_in_short(entry: Entry) -> list[str]:
    """Write what an entry says for people, without digests and without what every seal has."""
    if entry.sealed is not None:
        first, number = entry.sealed.first_item, entry.sealed.items
        said = [name_ranges([(first, first + number - 1)])] if number else []
    elif isinstance(entry.details, Renamed):
        pairs = zip(_first(entry.items), entry.details.paths, strict=False) if entry.items else ()
        said = [f"item {item} to {shown(path)}" for item, path in islice(pairs, 3)]
    elif isinstance(entry.details, ConsentChanged):
        said = render_terms(parse_terms_cached(entry.details.terms))
    else:
        said = [
            f"{name} {shown(str(value), 200)}"
            for name, value in details_table(entry.details).items()
            if isinstance(value, int | str) and not _DIGEST.match(str(value))
        ]
    if entry.reason != NOT_STATED and not entry.is_withheld:
        said.append(f"reason {shown(entry.reason, 200)}")
    return said


_DIGEST = compiled_when_used(r"[0-9a-f]{32,64}\Z")


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
        text = ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
        lines.append(f"{name}: {shown(text)}")
    if entry.fixity:
        lines.append(f"fixity: {render_fixity(entry.fixity)}")
    return lines
