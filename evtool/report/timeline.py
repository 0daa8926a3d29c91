"""Custody over time as a picture: one row for each entry, proven intervals as bars, claimed times as diamonds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape

from msgspec import Struct

MOST_ROWS = 60
_FIRST, _LAST = 10, 20
_LEFT, _WIDTH, _ROW, _TOP = 190, 720, 20, 24
_END = _WIDTH - 20


class TimelineRow(Struct, frozen=True):
    """One entry in the picture.

    Attributes:
        entry: number of the entry.
        label: the event in words.
        claimed: when it happened, as the signer says.
        not_before: proven; None if nothing proves it.
        not_after: likewise.
        is_open: handed over, and there is no receipt.
        is_kept: shown however many entries there are: seals and handovers.
    """

    entry: int
    label: str
    claimed: datetime
    not_before: datetime | None
    not_after: datetime | None
    is_open: bool
    is_kept: bool


def choose_rows(rows: Sequence[TimelineRow]) -> list[TimelineRow]:
    """Choose the rows of the picture: all, or the first ones, the last ones, and seals and handovers between."""
    if len(rows) <= MOST_ROWS:
        return list(rows)
    between = [row for row in rows[_FIRST:-_LAST] if row.is_kept]
    return [*rows[:_FIRST], *between[: MOST_ROWS - _FIRST - _LAST], *rows[-_LAST:]]


def draw_timeline(rows: Sequence[TimelineRow], title: str, open_label: str) -> str:
    """Draw SVG with a title; the same rows give the same bytes. Times lie on a linear scale."""
    times = [moment for row in rows for moment in (row.claimed, row.not_before, row.not_after) if moment is not None]
    first, last = min(times), max(times)
    span = (last - first).total_seconds()

    def x(moment: datetime) -> str:
        share = (moment - first).total_seconds() / span if span else 0.5
        return f"{_LEFT + share * (_END - _LEFT):.1f}"

    height = _TOP + _ROW * len(rows) + 8
    out = [
        f'<svg class="timeline" xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}"><title>{escape(title)}</title>',
        f'<text x="{_LEFT}" y="14" font-size="11">{_day(first)}</text>',
    ]
    if span:
        out.append(f'<text x="{_END}" y="14" font-size="11" text-anchor="end">{_day(last)}</text>')
    for index, row in enumerate(rows):
        y = _TOP + _ROW * index + _ROW // 2
        out.append(f'<line x1="{_LEFT}" y1="{y}" x2="{_END}" y2="{y}" stroke="#bbb" stroke-width="0.5"/>')
        out.append(f'<text x="4" y="{y + 4}" font-size="12">{row.entry} {escape(row.label)}</text>')
        out += _bar(row, y, x)
        out.append(_diamond(float(x(row.claimed)), y))
        if row.is_open:
            at = min(float(x(row.claimed)) + 10, _END - 70)
            out.append(
                f'<text x="{at:.1f}" y="{y + 4}" font-size="11" font-weight="bold">// {escape(open_label)}</text>'
            )
    return "".join([*out, "</svg>"])


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def _bar(row: TimelineRow, y: int, x: Callable[[datetime], str]) -> list[str]:
    """Draw what is proven; a side that is not proven stays open."""
    if row.not_before is None and row.not_after is None:
        return []
    start = float(x(row.not_before)) if row.not_before else float(_LEFT)
    end = float(x(row.not_after)) if row.not_after else float(_END)
    width = max(end - start, 2.0)
    if row.not_before and row.not_after:
        return [f'<rect x="{start:.1f}" y="{y - 5}" width="{width:.1f}" height="10" fill="#555"/>']
    at, way = (end, -1) if row.not_after else (start, 1)
    return [
        f'<rect x="{start:.1f}" y="{y - 5}" width="{width:.1f}" height="10" fill="#ddd"/>',
        f'<rect x="{at - (3 if way < 0 else 0):.1f}" y="{y - 5}" width="3" height="10" fill="#555"/>',
    ]


def _diamond(x: float, y: int) -> str:
    points = f"{x:.1f},{y - 6} {x + 6:.1f},{y} {x:.1f},{y + 6} {x - 6:.1f},{y}"
    return f'<polygon points="{points}" fill="#fff" stroke="#000" stroke-width="1.5"/>'
