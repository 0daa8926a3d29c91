"""Progress on a terminal: files, bytes, rate and time left; nothing on a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evtool.cli.output import Output
from evtool.operations.progress import NoProgress, Progress
from evtool.report.text import format_size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_INTERVAL = 0.1
"""Seconds between two drawings."""

_DELAY = 0.5
"""Seconds before the first one: what takes less needs no bar."""


@contextmanager
def terminal_progress(output: Output) -> Iterator[Progress]:
    """Draw progress on stderr if it is a terminal and talk is wanted."""
    if output.quiet or not sys.stderr.isatty():
        yield NoProgress()
        return
    bar = _TerminalProgress()
    try:
        yield bar
    finally:
        bar.close()


class _TerminalProgress:
    """Draws from the calling thread alone: worker processes are forked, which a second thread would make unsafe."""

    wants_totals = True

    def __init__(self) -> None:
        self._files = 0
        self._bytes = 0
        self._total_files: int | None = None
        self._total_bytes: int | None = None
        self._action = ""
        self._started = self._drawn = time.monotonic()
        self._bar: RichProgress | None = None

    def start(self, action: str, files: int | None, size: int | None) -> None:
        """Begin an action."""
        self._action, self._total_files, self._total_bytes = action, files, size
        self._files = self._bytes = 0
        self._started = self._drawn = time.monotonic()

    def advance(self, files: int, size: int) -> None:
        """Count, and draw now and then."""
        self._files += files
        self._bytes += size
        now = time.monotonic()
        if now - self._drawn >= _INTERVAL and now - self._started >= _DELAY:
            self._drawn = now
            self._draw(now)

    def close(self) -> None:
        """Remove the bar, so that the answer stands alone."""
        if self._bar is not None:
            self._bar.stop()

    def _draw(self, now: float) -> None:
        share = self._share()
        if self._bar is None:
            self._bar = _make_bar()
            self._bar.add_task("", total=1)
            self._bar.start()
        task = self._bar.task_ids[0]
        total = None if share is None else 1.0
        self._bar.update(task, completed=share or 0.0, total=total, description=self._text(now, share))
        self._bar.refresh()

    def _share(self) -> float | None:
        if self._total_bytes:
            return min(self._bytes / self._total_bytes, 1.0)
        return min(self._files / self._total_files, 1.0) if self._total_files else None

    def _text(self, now: float, share: float | None) -> str:
        elapsed = max(now - self._started, 0.001)
        files = f"{self._files:,}" + (f" of {self._total_files:,}" if self._total_files else "")
        size = format_size(self._bytes) + (f" of {format_size(self._total_bytes)}" if self._total_bytes else "")
        left = f", {_duration(elapsed / share - elapsed)} left" if share else ""
        return f"{self._action}: {files} files, {size}, {format_size(int(self._bytes / elapsed))}/s{left}"


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _make_bar() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    return Bar(
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )
