"""Verdicts in words: what was asked, what was shown, what was not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from unicodedata import east_asian_width

from evtool.core.finding import Axis, AxisState, Effect, Finding
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import name_ranges, ranges_of
from evtool.core.verdict import Report, SignerReport
from evtool.report.consent_text import render_access
from evtool.report.findings import list_findings
from evtool.report.groups import MOST_LINES, FindingRow, fit_findings, group_findings, say
from evtool.report.headline import render_headline
from evtool.report.moments import format_local, localize
from evtool.report.stamp import render_times

_STATES = {
    AxisState.SHOWN: "shown",
    AxisState.FAILED: "FAILED",
    AxisState.NOT_ESTABLISHED: "not established",
}

_MARKS = {
    Effect.DISPROVES: "FAILED",
    Effect.UNCHECKED: "not checked",
    Effect.OPEN: "open",
    Effect.NOTE: "note",
}

LIMITS = (
    "This shows whether the files are the same bytes as when they were sealed, and which keys signed that.\n"
    "It does not show that what they say is true, who made them, or when they were made."
)

_SIGNER_LINES = 5
_TIME_LINES = 8
"""How many lines on signers and on times give way to no finding."""

_KEY_LINES = 5
"""How many lines tell how to trust keys: those of three keys."""

_FEWEST = 4
"""How many lines of findings are shown however long the rest is."""


def render_report(
    report: Report,
    name: str,
    width: int | None = None,
    limit: int | None = None,
    checked: datetime | None = None,
) -> str:
    """Write the report of one verification; `name` is what the user called the directory.

    Lines are folded to `width` columns; None leaves each whole, for programs. With `limit`, findings of one reason are
    said once and the answer has about 40 lines; None lists everything, one by one. `checked` is the time of the check.
    """
    first = [*render_access(report, name), "", f"{shown(name)}: {render_headline(report)}", *_partial(report)]
    first += ["", *_render_axes(report), *_render_counts(report, checked), *_render_continued(report)]
    last = ["", *LIMITS.split("\n")]
    if report.head:
        last = ["", "Head (write it down and keep it somewhere else)", f"  {group_in_fours(report.head)}", *last]
    if limit is None:
        listed = [_render_finding(finding, width) for finding in list_findings(report.findings, None).findings]
        middle = [*(["", "Findings", *listed] if listed else []), *_render_every_signer(report.signers, width)]
        middle += [*_render_keys(report.signers), *render_times(report.intervals, report.timestamps)]
    else:
        middle = _render_what_fits(report, width, MOST_LINES - _height([*first, *last], width))
    return "\n".join([*first, *middle, *last])


def _render_what_fits(report: Report, width: int | None, room: int) -> list[str]:
    """Write findings, signers and times in that many lines; what is left out is counted."""
    signers, keys = _render_signers(report.signers, width), _render_keys(report.signers)
    keys, room = keys[:_KEY_LINES], room - _height(keys[:_KEY_LINES], width)
    times = render_times(report.intervals, report.timestamps)
    kept = min(_height(signers, width), _SIGNER_LINES) + min(_height(times, width), _TIME_LINES)
    findings = _fit_findings(report.findings, width, max(room - kept, _FEWEST))
    room -= _height(findings, width)
    signers = _cut(signers, width, max(room - min(_height(times, width), _TIME_LINES), 3))
    return [*findings, *signers, *keys, *_cut(times, width, max(room - _height(signers, width), 3))]


def _fit_findings(findings: Sequence[Finding], width: int | None, room: int) -> list[str]:
    if not findings:
        return []

    def write(rows: Sequence[FindingRow]) -> list[str]:
        return ["", "Findings", *(_render_row(row, width) for row in rows)]

    # Of what is more than a note, every kind is told, however narrow the screen is.
    serious = [finding for finding in findings if finding.effect is not Effect.NOTE]
    room = max(room, _height(write(group_findings(serious, 1)), width) + 1)
    rows = fit_findings(findings, lambda tried: _height(write(tried), width) <= room)
    return _cut(write(rows), width, room)


def _cut(lines: list[str], width: int | None, room: int) -> list[str]:
    """Leave out what does not fit, and say how much that is."""
    if _height(lines, width) <= room:
        return lines
    kept: list[str] = []
    while len(kept) < len(lines) and _height([*kept, lines[len(kept)]], width) < room:
        kept.append(lines[len(kept)])
    return [*kept, f"  and {len(lines) - len(kept):,} more lines; --all prints them"]


def _height(lines: Sequence[str], width: int | None) -> int:
    """Count the lines on a screen of that width."""
    pieces = [piece for line in lines for piece in line.split("\n")]
    return len(pieces) if width is None else sum(max(1, -(-_columns(piece) // width)) for piece in pieces)


def _partial(report: Report) -> list[str]:
    """Say which copy this is, unless it is the whole collection."""
    copy = report.partial
    if copy is None or copy.items == copy.sealed:
        return []
    handed = f"as handed to {copy.recipient} by entry {copy.entry}"
    return [f"This is a partial copy: {copy.items:,} of {copy.sealed:,} items, {handed}."]


def _render_axes(report: Report) -> list[str]:
    lines = []
    for axis in Axis:
        asked = "" if axis in report.required else "  (not asked for)"
        lines.append(f"  {axis.value:<11}{_STATES[report.axes[axis]]}{asked}")
    return lines


def _render_counts(report: Report, checked: datetime | None) -> list[str]:
    when = f"Checked {format_local(checked)}." if checked else ""
    items = report.items
    if not report.sealed:
        return ["", "Items: none", *([when] if when else [])]
    fates = [
        (items.changed, "changed"),
        (items.missing, "missing"),
        (items.renamed, "renamed"),
        (items.type_changed, "of another type"),
        (items.unreadable, "not readable"),
        (items.withheld, "withheld"),
        (items.omitted, "listed by name only"),
        (items.disposed, "disposed of"),
        (items.stated_only, "known only by their statements"),
        (items.unread, "not read"),
        (items.not_selected, "not asked for"),
        (items.unjudged, "in a seal that fails verification"),
    ]
    parts = [f"{report.sealed:,} sealed", f"{items.ok:,} unchanged"]
    parts += [f"{count:,} {fate}" for count, fate in fates if count]
    if report.evidence.extra:
        parts.append(f"{report.evidence.extra:,} not in any seal")
    return ["", f"Items: {', '.join(parts)} ({format_size(report.bytes)} read). {when}".rstrip()]


def _render_continued(report: Report) -> list[str]:
    """Say which entries are not in the copy itself."""
    added = [
        signer.entry for signer in report.signers if report.continued is not None and signer.entry > report.continued
    ]
    if not added:
        return []
    entries = f"entry {added[0]}" if len(added) == 1 else f"entries {added[0]} to {added[-1]}"
    return [f"Record: {entries} from the directory that continues it"]


def _render_finding(finding: Finding, width: int | None) -> str:
    return _render_row(FindingRow(finding.effect, finding.code, say(finding)), width)


def _render_row(row: FindingRow, width: int | None) -> str:
    head = f"  {_MARKS[row.effect] if row.effect else '':<12} {row.code.value:<20} "
    return head + fold(row.text, len(head), width)


_SIGNED = "Signed (the times are what the signer says)"


def _render_every_signer(signers: Sequence[SignerReport], width: int | None) -> list[str]:
    return ["", _SIGNED, *(_render_signer(signer, width) for signer in signers)] if signers else []


def _render_signers(signers: Sequence[SignerReport], width: int | None) -> list[str]:
    """Write who signed, each key once."""
    groups: dict[tuple[str, str, bool], list[SignerReport]] = {}
    for signer in signers:
        groups.setdefault((signer.agent, signer.fingerprint, signer.trusted), []).append(signer)
    lines = ["", _SIGNED] if groups else []
    for signed in groups.values():
        if len(signed) == 1:
            lines.append(_render_signer(signed[0], width))
            continue
        entries = name_ranges(ranges_of(signer.entry for signer in signed).ranges, singular="entry", plural="entries")
        lines.append(f"  {fold(f'{entries}  {_who(signed[0])}', 4, width)}")
        lines.append(f"    from {localize(signed[0].claimed_time)} to {localize(signed[-1].claimed_time)}")
    return lines


def _render_signer(signer: SignerReport, width: int | None) -> str:
    when = f"{signer.event}  {localize(signer.claimed_time)}"
    return f"  {fold(f'entry {signer.entry}  {when}  {_who(signer)}', 4, width)}"


def _who(signer: SignerReport) -> str:
    return f"agent {signer.agent}  {'trusted' if signer.trusted else 'NOT TRUSTED'}  {signer.fingerprint}"


def _render_keys(signers: Sequence[SignerReport]) -> list[str]:
    """Say how to trust the keys that are not trusted."""
    unknown = sorted({(signer.agent, signer.public_key) for signer in signers if not signer.trusted})
    if not unknown:
        return []
    lines = ["", "To trust a key, confirm the fingerprint with its owner through a separate channel, then run"]
    return lines + [f"  echo '{key}' | evtool trust add {agent} -" for agent, key in unknown]


def fold(text: str, indent: int, width: int | None) -> str:
    """Fold a text at its spaces and indent all lines but the first. A Hangul syllable takes two columns."""
    if width is None or width < indent + _NARROWEST:
        return text
    lines, used = [""], indent
    for word in text.split(" "):
        size = _columns(word)
        if lines[-1] and used + 1 + size > width:
            lines.append("")
            used = indent
        lines[-1] += f" {word}" if lines[-1] else word
        used += size + (lines[-1] != word)
    return ("\n" + " " * indent).join(lines)


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


_NARROWEST = 30
"""The smallest number of columns that is worth folding to."""


def format_size(size: int) -> str:
    """Write a number of bytes for a person, in powers of 1024."""
    if size < 1024:
        return f"{size} bytes"
    value = float(size)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        value /= 1024
        if value < 1024 or unit == "TiB":
            break
    return f"{value:.1f} {unit}"
