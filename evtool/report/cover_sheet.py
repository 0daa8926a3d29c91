"""The cover sheet of a bundle, for a reader without evtool: what may be done with it, before anything else."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core.consent_summary import ConsentSummary
from evtool.core.digest import group_in_fours
from evtool.core.entry import Entry
from evtool.core.events import Disclosed
from evtool.core.times import format_time
from evtool.report.consent_text import render_handling_line, render_summary

_NOTES = """\
This page was made when the bundle was packed. It is signed by nobody: the terms that count are in the statements and
entries under custody/, and `evtool verify` prints them. Consent may have changed since; ask the sender before each use.
Do not pass the bundle on, in whole or in part, unless the terms allow it.
"""


def render_cover_sheet(
    summary: ConsentSummary, entry: Entry, head: str, duties: Sequence[str], items: int, total: int
) -> str:
    """Write the page for a bundle whose newest entry is `entry`, with `items` of `total` sealed items."""
    lines = [render_handling_line(summary.strictest_handling, "this bundle"), *render_summary(summary)]
    lines += [f"  to be kept  {duty}" for duty in duties]
    details = entry.details
    if isinstance(details, Disclosed):
        lines += [
            "",
            "HANDED OVER",
            f"  to          {details.counterparty}",
            f"  for         {details.purpose}",
            f"  allowed by  {details.authority}",
            f"  by agent    {entry.agent}, {format_time(entry.recorded_at)} (claimed)",
        ]
        if details.approved_by:
            lines.append(f"  confirmed   by agent {details.approved_by}")
    lines += [
        "",
        f"CONTENTS: {items:,} of {total:,} sealed items; {total - items:,} are withheld",
        f"  entry {entry.sequence}, whose SHA-256 is",
        f"  {group_in_fours(head)}",
        "",
        _NOTES,
    ]
    return "\n".join(lines)
