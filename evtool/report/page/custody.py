"""What the page says about custody: the entries over time, who confirms them, and what time-stamps prove."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evtool.core.custody.events import Event
from evtool.core.finding import Code
from evtool.core.text.digest import group_in_fours
from evtool.core.timestamp.time_report import StampReport
from evtool.core.timestamp.token_state import TokenState
from evtool.report.page.writer import PageWriter, digest, lines, name, ranges, spell
from evtool.report.paper import Block, Bullets, Content, Grid, Picture, TextRun, ValueKind
from evtool.report.timeline import TimelineRow, choose_rows, draw_timeline


def timeline(page: PageWriter) -> Iterator[Block]:
    """Tell the entries as a picture and as a table, with what is proven apart from what is claimed."""
    yield page.heading("timeline.title")
    yield page.paragraph("timeline.before")
    rows = list(_rows(page))
    if not rows:
        return
    chosen = choose_rows(rows)
    what = page.say("timeline.picture")
    yield page.paragraph("timeline.picture")
    yield Picture(draw_timeline(chosen, what, page.say("timeline.open")), what)
    if len(chosen) < len(rows):
        yield page.paragraph("timeline.shortened", count=len(rows) - len(chosen))
    columns = (
        page.column("page.entry"),
        page.column("timeline.event", ValueKind.WORD),
        page.column("timeline.agent", ValueKind.WORD),
        page.column("timeline.claimed", share=3),
        page.column("timeline.not-before", share=3),
        page.column("timeline.not-after", share=3),
        page.column("timeline.trusted", share=2),
        page.column("timeline.first", ValueKind.DIGEST, 2),
    )
    yield Grid(columns, tuple(_table(page)), is_annex=True)


def _table(page: PageWriter) -> Iterator[tuple[Content, ...]]:
    bounds = page.account.proven_intervals()
    trusted = page.account.trusted_entries()
    unproven = page.say("timeline.unproven")
    for entry in page.account.log:
        interval = bounds.get(entry.entry)
        yield (
            str(entry.entry),
            page.say(f"event.{entry.event.value}"),
            name(entry.agent),
            entry.happened_at,
            (interval.not_before if interval else None) or unproven,
            (interval.not_after if interval else None) or unproven,
            page.yes(entry.entry in trusted),
            group_in_fours(entry.head[:8]),
        )


def _rows(page: PageWriter) -> Iterator[TimelineRow]:
    bounds = page.account.proven_intervals()
    unanswered = {f.entry for f in page.account.report.findings if f.code is Code.TRANSFER_OPEN}
    for entry in page.account.log:
        interval = bounds.get(entry.entry)
        yield TimelineRow(
            entry=entry.entry,
            label=page.say(f"event.{entry.event.value}"),
            claimed=datetime.fromisoformat(entry.happened_at),
            not_before=_moment(interval.not_before) if interval else None,
            not_after=_moment(interval.not_after) if interval else None,
            is_open=entry.entry in unanswered,
            is_kept=entry.event in (Event.SEALED, Event.TRANSFERRED, Event.DISCLOSED, Event.RECEIVED),
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def witnesses(page: PageWriter) -> Iterator[Block]:
    """Say who outside confirms the record."""
    report = page.account.report
    stamps = sum(stamp.state is TokenState.PASSED for stamp in report.timestamps)
    found = {finding.code for finding in report.findings}
    said = []
    if receipts := _entries(page, Event.RECEIVED):
        said.append(page.say("witness.receipts", entries=receipts))
    if countersigned := _entries(page, Event.COUNTERSIGNED):
        said.append(page.say("witness.countersigned", entries=countersigned))
    if stamps:
        said.append(page.say("witness.stamps", count=stamps))
    if page.account.asked.expected_head is not None and report.head is not None and Code.HEAD_UNKNOWN not in found:
        said.append(page.say("witness.noted"))
    yield page.heading("witness.title")
    if said:
        yield Bullets(tuple(said))
    yield page.paragraph("witness.what" if said else "witness.none")


def _entries(page: PageWriter, event: Event) -> str:
    return ranges(entry.entry for entry in page.account.log if entry.event is event)


def time_evidence(page: PageWriter) -> Iterator[Block]:
    """List the time-stamps, with what each says and whether it passed."""
    yield page.heading("time.title")
    if not page.account.report.timestamps:
        yield page.paragraph("time.none")
        return
    columns = (
        page.column("page.entry"),
        page.column("time.kind", share=2),
        page.column("time.state", share=3),
        page.column("time.says", share=3),
        page.column("time.accuracy", share=2),
        page.column("time.authority", share=5),
        page.column("time.policy", share=3),
        page.column("time.serial", ValueKind.DIGEST, 3),
    )
    yield Grid(columns, tuple(_stamp(page, stamp) for stamp in page.account.report.timestamps), is_annex=True)


def _stamp(page: PageWriter, stamp: StampReport) -> tuple[Content, ...]:
    fingerprint = (digest(page.known(stamp.authority_fingerprint)),)
    return (
        str(stamp.entry),
        page.say(f"stamp.{stamp.kind.value}"),
        (page.say(f"stamp.{stamp.state.value}"), " ", TextRun(stamp.reason, ValueKind.COMMAND)),
        page.known(stamp.attested_time),
        page.known(stamp.accuracy),
        lines([name(stamp.authority), fingerprint]) if stamp.authority is not None else fingerprint,
        page.known(stamp.policy and spell(stamp.policy)),
        page.known(stamp.serial),
    )
