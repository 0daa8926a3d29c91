"""Timing of whole processes, in turns, so that all of them meet the same machine."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

_STACK = 256 * 1024 * 1024
"""Arguments take their room from the stack; a hundred thousand names do not fit into the usual one."""


def _do_nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Command:
    """One program to be measured.

    Attributes:
        label: how tables call it.
        steps: command lines, run one after the other and timed together.
        directory: where they run.
        prepare: what to do before each run; not timed.
        check: what to do after each run, given what the steps printed; raises if the work was not done.
        environment: variables beside those of this process.
    """

    label: str
    steps: Sequence[Sequence[str]]
    directory: Path
    prepare: Callable[[], None] = _do_nothing
    check: Callable[[bytes], None] = lambda output: None
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Timing:
    """What the runs of one command took.

    Attributes:
        walls: seconds of each run.
        processor: seconds of processor time of each run, in user and system mode together.
        failure: why there are no figures, if there are none.
    """

    walls: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    failure: str = ""

    @property
    def median(self) -> float:
        """Median of the seconds."""
        return statistics.median(self.walls)

    @property
    def spread(self) -> str:
        """Least and greatest of the seconds."""
        return f"{min(self.walls):.3f} to {max(self.walls):.3f}"


def run_in_turns(commands: Sequence[Command], runs: int, note: Callable[[str], None]) -> dict[str, Timing]:
    """Run all commands, in forward and in reverse order by turns, so many times each.

    The first turn is a warm-up: it is checked, and not counted. A command that fails is not run again.
    """
    timings = {command.label: Timing(failure=_missing(command)) for command in commands}
    for turn in range(runs + 1):
        for command in commands if turn % 2 else reversed(commands):
            timing = timings[command.label]
            if timing.failure:
                continue
            try:
                wall, processor = run_once(command)
            except (OSError, ValueError, AssertionError, subprocess.CalledProcessError) as error:
                timing.failure = f"{type(error).__name__}: {error}"[:200]
                note(f"{command.label}: {timing.failure}")
                continue
            if turn:
                timing.walls.append(wall)
                timing.processor.append(processor)
            note(f"{command.label}: {wall:.3f} s")
    return timings


def _missing(command: Command) -> str:
    """Say what is not installed of what a command runs."""
    missing = [step[0] for step in command.steps if shutil.which(step[0]) is None]
    return f"{missing[0]} is not installed" if missing else ""


def run_once(command: Command) -> tuple[float, float]:
    """Run one command once: wall and processor seconds.

    Raises:
        CalledProcessError, OSError, ValueError, AssertionError: it failed, or did other work than it should.
    """
    command.prepare()
    environment = _usual_environment() | command.environment
    output = b""
    wall = processor = 0.0
    for step in command.steps:
        # To a file: to read a hundred thousand lines from a pipe would take the time of the core beside.
        with open(os.devnull, "rb") as nothing, tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            with subprocess.Popen(
                step,
                cwd=command.directory,
                env=environment,
                stdin=nothing,
                stdout=printed,
                stderr=said,
                preexec_fn=_raise_stack_limit,
            ) as process:
                code = process.wait()
            wall += time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            output += _contents(printed)
            complaint = _contents(said)
        processor += after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if code:
            raise ValueError(f"exit {code}: {complaint.decode('utf-8', 'replace').strip()}")
    command.check(output)
    return wall, processor


def _usual_environment() -> dict[str, str]:
    """Give the variables of this process but for those that change how Python runs.

    Without byte code, which PYTHONDONTWRITEBYTECODE keeps from being written, each start compiles all modules again.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def drop_caches() -> None:
    """Have the system forget what it has read of files; needs root, on Linux.

    Raises:
        OSError: it may not be done.
    """
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3", "ascii")


def _contents(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _raise_stack_limit() -> None:
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_STACK)
        wanted = _STACK if hard == resource.RLIM_INFINITY else min(_STACK, hard)
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))


class MemoryWatch:
    """Watches the resident memory of a process and of everything it starts."""

    def __init__(self, process: int) -> None:
        self.peaks: dict[int, int] = {}
        """Process -> the most memory that was resident, in bytes, pages shared with its parent counted."""
        self._root = process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            for process in _family(self._root):
                peak = _peak_of(process)
                if peak:
                    self.peaks[process] = max(peak, self.peaks.get(process, 0))


def peak_memory(steps: Sequence[str], directory: Path, environment: dict[str, str]) -> int:
    """Run a command and give the greatest peak of resident memory, in bytes, of any of its processes."""
    with subprocess.Popen(
        steps, cwd=directory, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        watch = MemoryWatch(process.pid)
        code = process.wait()
        watch.finish()
    if code:
        raise ValueError(f"exit {code}")
    return max(watch.peaks.values())


def _family(root: int) -> list[int]:
    family, at = [root], 0
    while at < len(family):
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{family[at]}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
        at += 1
    return family


def _peak_of(process: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
