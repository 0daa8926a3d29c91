"""The cover sheet of a bundle, for a reader without evtool: what may be done with it, before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evtool.core.consent_summary import ConsentSummary
from evtool.core.names import shown
from evtool.core.times import format_time
from evtool.report.consent_text import render_handling_line, render_summary

_NOTES = """\
This page was made when the bundle was packed; the entry above holds its SHA-256. The terms that count are those in the
statements and entries under custody/, and `evtool verify` prints them. Consent may have changed since; ask the sender
before each use. Do not pass the bundle on, in whole or in part, unless the terms allow it. A label keeps nobody from
reading: only encryption does.

Before anything is passed on, the agreement should answer: who the parties are, for which purposes, whether it may be
passed on, whether an accused may see it, how it is kept, who is told of a leak, what happens when consent is withdrawn,
and when it is returned or destroyed.
"""


@dataclass(frozen=True, slots=True)
class Handover:
    """What the page says beside the terms.

    Attributes:
        entry: number of the entry that records it.
        moment: when, as the signer's clock said.
        agent: code of the signer.
        counterparty: code of the receiver.
        purpose: code of the purpose.
        authority: what allows it.
        approved_by: code of a second agent.
        confirmed: what that agent confirmed.
        duties: what the receiver has to keep to, half a sentence each.
        items, total: how many items the bundle discloses, and how many are sealed.
    """

    entry: int
    moment: datetime
    agent: str
    counterparty: str
    purpose: str
    authority: str
    approved_by: str | None
    confirmed: tuple[str, ...]
    duties: tuple[str, ...]
    items: int
    total: int


def render_cover_sheet(summary: ConsentSummary, handover: Handover) -> str:
    """Write the page from the terms of the items that the bundle discloses."""
    lines = [render_handling_line(summary.strictest_handling, "this bundle"), *render_summary(summary)]
    lines += [f"  to be kept  {shown(duty)}" for duty in handover.duties]
    lines += [
        "",
        "HANDED OVER",
        f"  to          {handover.counterparty}",
        f"  for         {shown(handover.purpose)}",
        f"  allowed by  {shown(handover.authority)}",
        f"  by agent    {handover.agent}, {format_time(handover.moment)} (claimed), entry {handover.entry}",
    ]
    if handover.approved_by:
        what = ", ".join(map(shown, handover.confirmed)) or "nothing"
        lines.append(f"  confirmed   by agent {handover.approved_by}: {what}")
    withheld = handover.total - handover.items
    lines += [
        "",
        f"CONTENTS: {handover.items:,} of {handover.total:,} sealed items; {withheld:,} are withheld",
        "",
        _NOTES,
    ]
    return "\n".join(lines)
