"""Telling what patterns left out of a seal: each by its name, with how much it is and why."""

from __future__ import annotations

from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.operations.seal.options import SealResult
from evtool.report.text import format_size

_MAX_NAMED = 20


def render_left_out(result: SealResult) -> list[str]:
    """Give the lines that name what was left out."""
    lines = [f"  {counted(result.excluded, 'entry of the directory is', 'entries of the directory are')} left out:"]
    for entry in result.left_out[:_MAX_NAMED]:
        what = format_size(entry.bytes)
        if entry.directory:
            what = f"a directory with {counted(entry.files, 'file', 'files')}, {what}"
        lines.append(f"    {shown(entry.path)}: {what}; {entry.reason}")
    if result.excluded > _MAX_NAMED:
        lines.append(f"    and {result.excluded - _MAX_NAMED:,} more")
    return [*lines, "    (--reset-excludes takes them in)"]
