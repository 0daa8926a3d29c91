"""Verdicts on several directories: one line each, and what they come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from evtool.core.errors import ExitCode
from evtool.core.text.counts import counted
from evtool.core.verdict import Report
from evtool.report.headline import MARKS, render_one_line
from evtool.report.moments import format_local

_MOST_KEYS = 3

GRAVITY = (ExitCode.MISMATCH, ExitCode.NOT_CHECKED, ExitCode.NOT_ESTABLISHED, ExitCode.OK)
"""Exit codes of verdicts, the most serious first."""


def render_several(results: Sequence[tuple[str, Report]], checked: datetime) -> str:
    """Write one line for each directory, under the name that the user gave it, and below what they come to."""
    lines = [render_one_line(report, name) for name, report in results]
    return "\n".join([*lines, "", render_sum(results), *_render_keys(results), f"Checked {format_local(checked)}."])


def render_sum(results: Sequence[tuple[str, Report]]) -> str:
    """Write how many ended in which verdict, the most serious first."""
    counts = Counter(report.exit_code for _, report in results)
    parts = [f"{counts[code]:,} {MARKS[code]}" for code in GRAVITY if counts[code]]
    worst = next(code for code in GRAVITY if counts[code])
    advice = "" if worst is ExitCode.OK else ". `evtool verify PATH` says why"
    return f"{counted(len(results), 'path')}: {', '.join(parts)} (exit code {int(worst)}){advice}."


def _render_keys(results: Sequence[tuple[str, Report]]) -> list[str]:
    """Name each key that the user does not trust once, with the number of directories that it signed."""
    unknown: Counter[tuple[str, str]] = Counter()
    for _, report in results:
        unknown.update({(signer.agent, signer.fingerprint) for signer in report.signers if not signer.trusted})
    lines = [
        f"{counted(count, 'path')} signed by {fingerprint} as agent {agent}, which you have not trusted"
        for (agent, fingerprint), count in unknown.most_common(_MOST_KEYS)
    ]
    more = len(unknown) - _MOST_KEYS
    return [*lines, f"and {more:,} more keys that you have not trusted"] if more > 0 else lines
