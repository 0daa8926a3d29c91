"""Progress: bars on a terminal, JSON lines for a program that asks for them, nothing on a pipe."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, to_builtins

from evtool.cli.output import Output, ProgressMode
from evtool.core.errors import EvtoolError
from evtool.core.finding import Words
from evtool.core.text.names import shown, store_name
from evtool.report.text import format_size
from evtool.scan.meter import InWork, Meter
from evtool.scan.progress import Measure, NoProgress, Progress

if TYPE_CHECKING:
    from evtool.cli.progress_bars import ProgressBars

_INTERVAL = 0.5
"""Seconds between two drawings; each takes two or three milliseconds."""

_LINE_INTERVAL = 0.5
"""Seconds between two JSON lines."""

_DELAY = 1.0
"""Seconds before the first drawing, which takes long as rich is imported for it: what takes less needs no bar."""

_FILE_COST = 100_000
"""Bytes that could be read in the time that a file costs by itself."""

_LEFT_SECONDS, _LEFT_SHARE = 2.0, 0.02
"""What must have passed, and what must be done, before the time left can be told."""

_MEASURE_FIRST, _MEASURE_SHARE = 0.05, 0.008
"""Seconds that may pass before the work for finding out how much there is, and the share of the time beside it."""

_LONGEST = 100_000
"""Characters of a path: as many as there can be."""

_MOST_NAMED = 16
"""Files in work that one JSON line names."""


class FileInWork(Struct, frozen=True, kw_only=True):
    """A file that is being read.

    Attributes:
        item: its stored path; that in the bundle, if a bundle is written or read.
        bytes: bytes that were read of it.
        size: its size; 0 where that is not known beforehand.
    """

    item: str
    bytes: int
    size: int


class ProgressLine(Struct, frozen=True, kw_only=True):
    """One line of progress on standard error, with `--progress json`.

    Attributes:
        format: what this line is, and in which version.
        action: what is going on, in a word.
        files: files that are finished.
        bytes: bytes that were read of them, and of the files that are being read.
        total_files, total_bytes: how many there are, as far as that is known beforehand; null where it is not.
        share: how much of the action is done, from 0 to 1; an estimate, null where there is none.
        seconds: since the action began.
        seconds_left: how long it will take at the rate so far; null until that can be told.
        item: stored path of the item that was finished last; empty before the first.
        in_work: large files that are being read; the first 16 of them.
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
    seconds_left: int | None
    item: str
    in_work: tuple[FileInWork, ...]
    done: bool


@contextmanager
def terminal_progress(output: Output) -> Iterator[Progress]:
    """Show progress the way the user asked for; without a wish, only on a terminal.

    If the work breaks off, the error also tells which steps of it stay done; otherwise the answer says that.
    """
    if output.progress is ProgressMode.JSON:
        progress: _UnseenProgress | _ShownProgress = _LineProgress(output)
    elif output.progress is ProgressMode.NONE or output.quiet or not sys.stderr.isatty():
        progress = _UnseenProgress(output)
    else:
        progress = _TerminalProgress(output)
    try:
        yield progress
    finally:
        progress.close()
    progress.forget()


class _StepsDone:
    """Hears which steps stay done."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._steps: list[str] = []

    def did(self, says: Words) -> None:
        """Keep it for the error that a later step may end with."""
        # Start-up time: few commands take several steps.
        from evtool.report.language import english, language_of_errors

        language = english() if self._output.json else language_of_errors()
        self._steps.append(language.say_words(says))
        self._output.done.append(self._steps[-1])

    def forget(self) -> None:
        """Leave it to the answer to say what was done."""
        for step in self._steps:
            self._output.done.remove(step)


class _UnseenProgress(_StepsDone, NoProgress):
    """Shows nothing."""

    def close(self) -> None:
        """There is nothing to end."""


class _Counts(Struct, frozen=True):
    """How far an action is."""

    files: int
    size: int
    in_work: list[InWork]
    elapsed: float
    share: float | None
    left: int | None


class _ShownProgress(_StepsDone, ABC):
    """Counts, and shows what it counted now and then.

    It works from the calling thread alone: worker processes are forked, which a second thread would make unsafe.
    """

    _estimate: float | None
    _measuring: Iterator[tuple[int | None, int | None]] | None

    def __init__(self, output: Output, interval: float, delay: float) -> None:
        super().__init__(output)
        self._interval = interval
        self._delay = delay
        self.meter = Meter(self._look)
        self._begin("", None, None)

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        """Begin an action."""
        self._end()
        self._begin(action, files, size)
        self._measuring = iter(measure)
        self._go_on_measuring(_MEASURE_FIRST)

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        """Count finished files and bytes."""
        self._files += files
        self._bytes += size
        if item:
            self._item = item
        if share is not None:
            self._estimate = share
        self._look()

    def close(self) -> None:
        """Show the end of it."""
        self._end()

    @abstractmethod
    def _show(self, counts: _Counts, *, done: bool) -> None:
        """Show what was counted so far."""

    def _begin(self, action: str, files: int | None, size: int | None) -> None:
        self._action, self._total_files, self._total_bytes = action, files, size
        self._files = self._bytes = 0
        self._most_files = self._most_bytes = 0
        self._most_share = 0.0
        self._item = b""
        self._estimate = None
        self._measuring = None
        self._measured = 0.0
        self._so_far = files, size
        self._started = time.monotonic()
        self._due = self._started + max(self._delay, self._interval)

    def _end(self) -> None:
        if self._action:
            self._show(self._count(time.monotonic()), done=True)
        self._action = ""

    def _look(self) -> None:
        """Show what was counted, if it is time; whoever reads or waits calls this often."""
        now = time.monotonic()
        if now >= self._due and self._action:
            self._due = now + self._interval
            self._go_on_measuring(_MEASURE_SHARE * (now - self._started) - self._measured)
            self._show(self._count(now), done=False)

    def _go_on_measuring(self, seconds: float) -> None:
        """Find out how much there is, as long as that may take by now."""
        if self._measuring is None or seconds <= 0:
            return
        begin = now = time.monotonic()
        try:
            while now - begin < seconds:
                counted = next(self._measuring, None)
                if counted is None:
                    self._total_files, self._total_bytes = self._so_far
                    self._measuring, self._most_share = None, 0.0
                    break
                self._so_far = counted
                now = time.monotonic()
        except (OSError, EvtoolError):
            # Whoever reads meets it, too, and has the words for it.
            self._measuring = None
        self._measured += now - begin

    def _count(self, now: float) -> _Counts:
        """Bring together what is finished and what is being read.

        What came back is counted by the meter no more, and by whoever takes it a moment later: no count goes back.
        """
        in_work = self.meter.in_work()
        size = self._bytes + sum(part.read for part in in_work)
        files = self._files + sum(part.is_finished for part in in_work)
        self._most_bytes, self._most_files = max(self._most_bytes, size), max(self._most_files, files)
        elapsed, share = now - self._started, self._share()
        if share is not None:
            self._most_share = share = max(self._most_share, share)
        named = [part for part in in_work if part.path and part.read and not part.is_finished]
        return _Counts(self._most_files, self._most_bytes, named, elapsed, share, self._left(elapsed, share))

    def _share(self) -> float | None:
        """Estimate how much is done, from 0 to 1."""
        if self._total_files is None and self._total_bytes is None:
            return self._estimate
        # A file costs time even if it is empty, and a large one takes the longer the larger it is.
        total = (self._total_bytes or 0) + _FILE_COST * (self._total_files or 0)
        done = self._most_bytes * bool(self._total_bytes) + _FILE_COST * self._most_files * bool(self._total_files)
        return min(done / total, 1.0) if total else None

    def _left(self, elapsed: float, share: float | None) -> int | None:
        """Tell how many seconds are left, once that rests on more than the first moment, and on all there is."""
        if share is None or self._total_bytes is None or elapsed < _LEFT_SECONDS or share < _LEFT_SHARE:
            return None
        return round(elapsed / share - elapsed)


class _LineProgress(_ShownProgress):
    """Writes JSON lines."""

    def __init__(self, output: Output) -> None:
        super().__init__(output, _LINE_INTERVAL, 0)

    def _show(self, counts: _Counts, *, done: bool) -> None:
        line = ProgressLine(
            action=self._action,
            files=counts.files,
            bytes=counts.size,
            total_files=self._total_files,
            total_bytes=self._total_bytes,
            share=None if counts.share is None else round(counts.share, 4),
            seconds=round(counts.elapsed, 3),
            seconds_left=counts.left,
            item=store_name(self._item),
            in_work=tuple(
                FileInWork(item=store_name(part.path), bytes=part.read, size=part.size)
                for part in islice(counts.in_work, _MOST_NAMED)
            ),
            done=done,
        )
        sys.stderr.write(json.dumps(to_builtins(line)) + "\n")
        sys.stderr.flush()


class _TerminalProgress(_ShownProgress):
    """Draws bars."""

    def __init__(self, output: Output) -> None:
        self._bars: ProgressBars | None = None
        super().__init__(output, _INTERVAL, _DELAY)

    def close(self) -> None:
        """Remove the bars, so that the answer stands alone."""
        super().close()
        if self._bars is not None:
            self._bars.stop()

    def _show(self, counts: _Counts, *, done: bool) -> None:
        if done:
            return
        if self._bars is None:
            # rich takes long to import, and is needed on a terminal only.
            from evtool.cli.progress_bars import ProgressBars

            self._bars = ProgressBars()
            self._bars.start()
        left = "" if counts.left is None else f"{_duration(counts.left)} left"
        files = [(_named(part.path), part.read, part.size) for part in counts.in_work]
        item = _named(self._item) if self._item else ""
        self._bars.draw(self._action, counts.share, left, self._text(counts), files, item)

    def _text(self, counts: _Counts) -> str:
        files = f"{counts.files:,}" + (f" of {self._total_files:,}" if self._total_files else "")
        size = format_size(counts.size) + (f" of {format_size(self._total_bytes)}" if self._total_bytes else "")
        return f"{files} files, {size}, {format_size(int(counts.size / counts.elapsed))}/s"


def _named(path: bytes) -> str:
    return shown(store_name(path), _LONGEST)


def _duration(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
