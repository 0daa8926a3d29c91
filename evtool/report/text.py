"""Verdicts in words: what was asked, what was shown, what was not."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import east_asian_width

from evtool.core.errors import ExitCode
from evtool.core.finding import Axis, AxisState, Code, Effect, Finding
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.verdict import Report, SignerReport
from evtool.report.consent_text import render_access
from evtool.report.findings import list_findings
from evtool.report.stamp import render_times

_HEADLINES = {
    ExitCode.OK: "VERIFIED: everything that was asked for was shown.",
    ExitCode.MISMATCH: "MISMATCH: what is here is not what was sealed.",
    ExitCode.NOT_CHECKED: "NOT CHECKED: something could not be checked, so there is no verdict.",
    ExitCode.NOT_ESTABLISHED: (
        "NOT ESTABLISHED: nothing was disproven, but not everything that was asked for was shown."
    ),
}

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


def render_report(report: Report, name: str, width: int | None = None, limit: int | None = None) -> str:
    """Write the report of one verification; `name` is what the user called the directory.

    Findings are folded to `width` columns; None leaves each on one line, for programs. At most `limit` findings of each
    kind are listed; None lists all.
    """
    lines = [*render_access(report, name), "", f"{shown(name)}: {_headline(report)}", ""]
    lines += [*_render_axes(report), "", *_render_counts(report), *_render_continued(report)]
    if report.findings:
        listed = list_findings(report.findings, limit)
        lines += ["", "Findings", *(_render_finding(finding, width) for finding in listed.findings)]
        lines += [f"  {'':<12} {code.value:<20} {words}" for code, words in listed.rest]
    lines += _render_signers(report.signers)
    lines += render_times(report.intervals, report.timestamps)
    if report.head:
        lines += ["", "Head (write it down and keep it somewhere else)", f"  {group_in_fours(report.head)}"]
    return "\n".join([*lines, "", LIMITS])


def _headline(report: Report) -> str:
    code = report.exit_code
    untrusted = {Code.KEY_UNKNOWN} == {f.code for f in report.findings if f.effect is Effect.OPEN and _asked(report, f)}
    if code is ExitCode.NOT_ESTABLISHED and untrusted:
        return "INTACT, BUT SIGNED BY A KEY THAT YOU HAVE NOT CHOSEN TO TRUST." + _partial(report)
    return _HEADLINES[code] + (_partial(report) if code is not ExitCode.MISMATCH else "")


def _partial(report: Report) -> str:
    """Say which copy this is, unless it is the whole collection."""
    copy = report.partial
    if copy is None or copy.items == copy.sealed:
        return ""
    handed = f"as handed to {copy.recipient} by entry {copy.entry}"
    return f"\nThis is a partial copy: {copy.items:,} of {copy.sealed:,} items, {handed}."


def _asked(report: Report, finding: Finding) -> bool:
    return finding.axis in report.required


def _render_axes(report: Report) -> list[str]:
    lines = []
    for axis in Axis:
        asked = "" if axis in report.required else "  (not asked for)"
        lines.append(f"  {axis.value:<11}{_STATES[report.axes[axis]]}{asked}")
    return lines


def _render_counts(report: Report) -> list[str]:
    items = report.items
    if not report.sealed:
        return ["Items: none"]
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
    return [f"Items: {', '.join(parts)} ({format_size(report.bytes)} read)"]


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
    is_named = finding.item is None or finding.message.startswith("item ")
    item = "" if is_named else f"item {finding.item} "
    head = f"  {_MARKS[finding.effect]:<12} {finding.code.value:<20} "
    return head + fold(f"{item}{finding.message}", len(head), width)


def _render_signers(signers: Sequence[SignerReport]) -> list[str]:
    if not signers:
        return []
    lines = ["", "Signed (the times are what the signer says)"]
    for signer in signers:
        state = "trusted" if signer.trusted else "NOT TRUSTED"
        lines.append(
            f"  entry {signer.entry}  {signer.event}  {signer.claimed_time}  agent {signer.agent}  {state}  "
            f"{signer.fingerprint}"
        )
    unknown = {(signer.agent, signer.public_key) for signer in signers if not signer.trusted}
    if unknown:
        lines += ["", "To trust a key, confirm the fingerprint with its owner through a separate channel, then run"]
        lines += [f"  echo '{key}' | evtool trust add {agent} -" for agent, key in sorted(unknown)]
    return lines


def fold(text: str, indent: int, width: int | None) -> str:
    """Fold a text at its spaces and indent all lines but the first. A Hangul syllable takes two columns."""
    if width is None or width < indent + _NARROWEST:
        return text
    lines, used = [""], indent
    for word in text.split(" "):
        size = sum(2 if east_asian_width(character) in "WF" else 1 for character in word)
        if lines[-1] and used + 1 + size > width:
            lines.append("")
            used = indent
        lines[-1] += f" {word}" if lines[-1] else word
        used += size + (lines[-1] != word)
    return ("\n" + " " * indent).join(lines)


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
