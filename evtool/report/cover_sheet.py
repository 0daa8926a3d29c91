"""The cover sheet of a bundle, for a reader without evtool: what may be done with it, before anything else."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from evtool.core.consent.summary import ConsentSummary
from evtool.core.finding import Listed, Words
from evtool.core.text.ranges import ItemRanges
from evtool.core.text.times import format_time
from evtool.report.consent_text import render_access_line, render_summary
from evtool.report.language import Language, in_every_language
from evtool.report.travels import LISTED, Travels, render_travels

_MAX_RANGES = 20
_MAX_REMARKS = 100


class Handover(Struct, frozen=True):
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
    duties: tuple[Words, ...]
    collection: str
    items: ItemRanges
    total: int
    travels: Travels
    remarks: tuple[Words, ...] = ()


def render_cover_sheet(summary: ConsentSummary, handover: Handover) -> str:
    """Write the page from the terms of the items that the bundle discloses."""
    return in_every_language(lambda language: _write(language, summary, handover))


def _write(language: Language, summary: ConsentSummary, handover: Handover) -> str:
    say = language.say
    lines = [render_access_line(language, summary.strictest_handling, say("cover.this-bundle"), summary)]
    lines += render_summary(language, summary)
    lines += [say("cover.condition", duty=duty) for duty in handover.duties]
    lines += [
        "",
        say("cover.handed"),
        say("cover.to", recipient=handover.recipient),
        say("cover.for", purpose=handover.purpose),
        say("cover.authority", authority=handover.authority),
        say("cover.by-agent", agent=handover.agent, time=format_time(handover.moment), entry=handover.entry),
    ]
    if handover.approved_by and handover.confirmed:
        confirmed = Listed(handover.confirmed, len(handover.confirmed))
        lines.append(say("cover.confirmed", agent=handover.approved_by, what=confirmed))
    elif handover.approved_by:
        lines.append(say("cover.confirmed-nothing", agent=handover.approved_by))
    lines += ["", *_contents(language, handover), "", say("cover.travelling")]
    lines += [*render_travels(language, handover.travels, LISTED), "", say("cover.words"), say("cover.notes")]
    return "\n".join(lines)


def _contents(language: Language, handover: Handover) -> list[str]:
    count = len(handover.items)
    which = language.say_ranges(handover.items.ranges, "numbers", _MAX_RANGES)
    return [
        language.say("cover.contents", count=count, total=handover.total, withheld=handover.total - count),
        language.say("cover.items", which=which, collection=handover.collection),
        *(f"  {language.say_words(remark)}" for remark in handover.remarks[:_MAX_REMARKS]),
    ]
