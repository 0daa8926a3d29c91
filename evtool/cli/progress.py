"""Progress: a bar on a terminal, JSON lines for a program that asks for them, nothing on a pipe."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from evtool.cli.output import Output, ProgressMode
from evtool.core.text.names import shown, store_name
from evtool.operations.progress import NoProgress, Progress
from evtool.report.text import format_size

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

_INTERVAL = 0.1
"""Seconds between two drawings."""

_LINE_INTERVAL = 0.5
"""Seconds between two JSON lines."""

_DELAY = 0.5
"""Seconds before the first drawing: what takes less needs no bar."""

_FILE_COST = 100_000
"""Bytes that could be read in the time that a file costs by itself."""

_LONGEST = 100_000
"""Characters of a path: as many as there can be."""

_ITEM_WIDTH = 60
"""Characters of an item's name on the terminal, if there is room for them."""
_BAR_WIDTH = 20
"""Columns of the bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressLine:
    """One line of progress on standard error, with `--progress json`.

    Attributes:
        format: what this line is, and in which version.
        action: what is going on, in a word.
        files: files that are finished.
        bytes: bytes that were read of them, and of the file that is being read.
        total_files, total_bytes: how many there are; null where that is not known.
        share: how much of the action is done, from 0 to 1; an estimate, null where there is none.
        seconds: since the action began.
        item: stored path of the item that was finished last; empty before the first.
        done: whether this is the last line of the action.
    """

    format: Literal["evtool-progress/1"] = "evtool-progress/1"
    action: str
    files: int
    bytes: int
    total_files: int | None
    total_bytes: int | None
    share: float | None
    seconds: float
    item: str
    done: bool


@contextmanager
def terminal_progress(output: Output) -> Iterator[Progress]:
    """Show progress the way the user asked for; without a wish, only on a terminal."""
    if output.progress is ProgressMode.JSON:
        shown_progress: _ShownProgress = _LineProgress()
    elif output.progress is ProgressMode.NONE or output.quiet or not sys.stderr.isatty():
        yield NoProgress()
        return
    else:
        shown_progress = _TerminalProgress()
    try:
        yield shown_progress
    finally:
        shown_progress.close()


class _ShownProgress(ABC):
    """Counts, and shows what it counted now and then.

    It works from the calling thread alone: worker processes are forked, which a second thread would make unsafe.
    """

    def __init__(self, interval: float, delay: float) -> None:
        self._interval = interval
        self._delay = delay
        self._estimate: float | None = None
        self._begin("", None, None)

    @property
    def wants_totals(self) -> bool:
        """Somebody waits, and asks how long."""
        return True

    def start(self, action: str, files: int | None, size: int | None) -> None:
        """Begin an action."""
        self._begin(action, files, size)

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        """Count finished files and bytes."""
        self._files += files
        self._bytes += size
        self._reading = (0, 0)
        if item:
            self._item = item
        if share is not None:
            self._estimate = share
        self._show_now_and_then()

    def read(self, size: int, total: int) -> None:
        """Count what was read of the file that is the only work left."""
        self._reading = (size, total)
        self._show_now_and_then()

    @abstractmethod
    def close(self) -> None:
        """Show the end of it."""

    @abstractmethod
    def _show(self, elapsed: float) -> None:
        """Show what was counted so far."""

    def _begin(self, action: str, files: int | None, size: int | None) -> None:
        self._action, self._total_files, self._total_bytes = action, files, size
        self._files = self._bytes = 0
        self._reading = (0, 0)
        self._item = b""
        self._estimate = None
        self._started = time.monotonic()
        self._due = self._started + max(self._delay, self._interval)

    def _show_now_and_then(self) -> None:
        now = time.monotonic()
        if now >= self._due:
            self._due = now + self._interval
            self._show(now - self._started)

    @property
    def _size(self) -> int:
        return self._bytes + self._reading[0]

    def _share(self) -> float | None:
        """Estimate how much is done, from 0 to 1."""
        share = self._estimate
        if self._total_files or self._total_bytes:
            # A file costs time even if it is empty, and a large one takes the longer the larger it is.
            total = (self._total_bytes or 0) + _FILE_COST * (self._total_files or 0)
            size = self._size if self._total_bytes else 0
            share = min((size + _FILE_COST * self._files * bool(self._total_files)) / total, 1.0)
            if self._total_bytes:
                return share
        done, total = self._reading
        if total:
            # Nothing else is left, so this file stands for all that is missing.
            share = (share or 0.0) + (1 - (share or 0.0)) * done / total
        return share


class _LineProgress(_ShownProgress):
    """Writes JSON lines."""

    def __init__(self) -> None:
        super().__init__(_LINE_INTERVAL, 0)

    def close(self) -> None:
        """Write the last line, so that whoever reads them knows."""
        if self._action:
            self._write(time.monotonic() - self._started, done=True)

    def _show(self, elapsed: float) -> None:
        self._write(elapsed, done=False)

    def _write(self, elapsed: float, *, done: bool) -> None:
        share = self._share()
        line = ProgressLine(
            action=self._action,
            files=self._files,
            bytes=self._size,
            total_files=self._total_files,
            total_bytes=self._total_bytes,
            share=None if share is None else round(share, 4),
            seconds=round(elapsed, 3),
            item=store_name(self._item),
            done=done,
        )
        sys.stderr.write(json.dumps(asdict(line)) + "\n")
        sys.stderr.flush()


class _TerminalProgress(_ShownProgress):
    """Draws a bar."""

    def __init__(self) -> None:
        self._bar: RichProgress | None = None
        super().__init__(_INTERVAL, _DELAY)

    def close(self) -> None:
        """Remove the bar, so that the answer stands alone."""
        if self._bar is not None:
            self._bar.stop()

    def _show(self, elapsed: float) -> None:
        share = self._share()
        if self._bar is None:
            self._bar = _make_bar()
            self._bar.add_task("", total=1)
            self._bar.start()
        task = self._bar.task_ids[0]
        total = None if share is None else 1.0
        text = self._text(elapsed, share, self._bar.console.width)
        self._bar.update(task, completed=share or 0.0, total=total, description=text)
        self._bar.refresh()

    def _text(self, elapsed: float, share: float | None, width: int) -> str:
        files = f"{self._files:,}" + (f" of {self._total_files:,}" if self._total_files else "")
        size = format_size(self._size) + (f" of {format_size(self._total_bytes)}" if self._total_bytes else "")
        left = f", {_duration(elapsed / share - elapsed)} left" if share else ""
        text = f"{self._action}: {files} files, {size}, {format_size(int(self._size / elapsed))}/s{left}"
        # A Hangul syllable takes two columns.
        room = min((width - _BAR_WIDTH - 2) // 2, _ITEM_WIDTH)
        return f"{text}\n{_end_of(shown(store_name(self._item), _LONGEST), room)}" if self._item else text


def _end_of(text: str, width: int) -> str:
    """Shorten a path to its end, which tells more than its beginning."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


def _duration(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def _make_bar() -> RichProgress:
    # rich takes long to import, and is needed on a terminal only.
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    return Bar(
        BarColumn(bar_width=_BAR_WIDTH),
        TextColumn("{task.description}", markup=False),
        console=console,
        auto_refresh=False,
        transient=True,
    )
