"""The cover sheet of a bundle, for a reader without evtool: what may be done with it, before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evtool.core.consent.summary import ConsentSummary
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.core.text.times import format_time
from evtool.report.consent_text import render_access_line, render_summary
from evtool.report.language import english
from evtool.report.travels import LISTED, Travels, render_travels

_WORDS = """\
WHAT THE WORDS MEAN
  handling    who may get it: closed (nobody), named (those under share), partners (who signed the agreement), public
  consent     whether the person agreed; withdrawn means that the person no longer does
  for         the only purposes that the person agreed to
  conditions  what must be done or avoided; the agreement says how
  identity    who may learn who the person is: withheld (nobody), to-court, to-recipient, public
  onward      whether you may pass it on: yes, ask (ask the sender first), no; not-stated counts as no
  defence     whether it may be shown to an accused: yes, ask, no; not-stated counts as no
  A number in brackets says to how many items a term applies, if not to all of them.
"""

_NOTES = """\
This page was made when the bundle was packed; the entry above holds its SHA-256. The terms that apply are those in the
statements and entries under custody/, and `evtool verify` prints them. Consent may have changed since: ask the sender
before each use. Do not pass the bundle on, in whole or in part, unless the terms allow it. A label does not stop anyone
from reading; only encryption does.

Before anything is passed on, the agreement should answer: who the parties are, for which purposes, whether it may be
passed on, whether an accused may see it, how it is kept, who is told of a leak, what happens when consent is withdrawn,
and when it is returned or destroyed.
"""


_MAX_RANGES = 20
_MAX_REMARKS = 100


@dataclass(frozen=True, slots=True)
class Handover:
    """What the page says besides the terms.

    Attributes:
        entry: number of the entry that records it.
        moment: when, as the signer's clock said.
        agent: code of the signer.
        recipient: code of the recipient.
        purpose: code of the purpose.
        authority: what allows it.
        approved_by: code of a second agent.
        confirmed: what that agent confirmed.
        duties: the conditions that the recipient must meet, a short phrase each.
        collection: id of the collection.
        items: numbers of the items that the bundle discloses.
        total: how many are sealed.
        travels: what goes along beside the evidence.
        remarks: what there is to know of single items, a sentence each.
    """

    entry: int
    moment: datetime
    agent: str
    recipient: str
    purpose: str
    authority: str
    approved_by: str | None
    confirmed: tuple[str, ...]
    duties: tuple[str, ...]
    collection: str
    items: ItemRanges
    total: int
    travels: Travels
    remarks: tuple[str, ...] = ()


def render_cover_sheet(summary: ConsentSummary, handover: Handover) -> str:
    """Write the page from the terms of the items that the bundle discloses."""
    lines = [render_access_line(english(), summary.strictest_handling, "this bundle", summary)]
    lines += render_summary(english(), summary)
    lines += [f"  condition   {shown(duty)}" for duty in handover.duties]
    lines += [
        "",
        "HANDED OVER",
        f"  to          {handover.recipient}",
        f"  for         {shown(handover.purpose)}",
        f"  allowed by  {shown(handover.authority)}",
        f"  by agent    {handover.agent}, {format_time(handover.moment)} (claimed), entry {handover.entry}",
    ]
    if handover.approved_by:
        what = ", ".join(map(shown, handover.confirmed)) or "nothing"
        lines.append(f"  confirmed   by agent {handover.approved_by}: {what}")
    lines += ["", *_contents(handover)]
    lines += ["", "WHAT TRAVELS WITH THE EVIDENCE", *render_travels(handover.travels, LISTED), "", _WORDS, _NOTES]
    return "\n".join(lines)


def _contents(handover: Handover) -> list[str]:
    count = len(handover.items)
    ranges = handover.items.serialize()
    more = f" and {len(ranges) - _MAX_RANGES} more ranges" if len(ranges) > _MAX_RANGES else ""
    return [
        f"CONTENTS: {count:,} of {handover.total:,} sealed items, {handover.total - count:,} withheld",
        f"  items       {', '.join(ranges[:_MAX_RANGES])}{more}, of collection {handover.collection}",
        *(f"  {remark}" for remark in handover.remarks[:_MAX_REMARKS]),
    ]
