"""Many items at once: batches of them to an Executor, observations back in order.

The engine asks a `concurrent.futures.Executor` for work and knows nothing else of where work runs. Reading many small
files holds Python's interpreter lock, so threads would only get in each other's way: by default work goes to
processes, and small jobs never leave this one.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Generic, NamedTuple, TypeVar

from evtool.scan.observe import Known, Mode, Observation, Problem, Stamp, observe
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind
from evtool.scan.workers import InlineExecutor, make_process_executor

BATCH = 128
"""Entries in one batch."""

LARGE_FILE = 8 * 1024 * 1024
"""Files of more bytes are handed back by their batch and become tasks of their own."""

HUGE_FILE = 64 * 1024 * 1024
"""From this size on, a file that is the only work left is hashed by two threads."""

_INLINE_BATCHES = 2
"""So many batches are observed in this process before others are started: starting them costs as much."""

_INLINE_FILE = 256 * 1024
"""Largest file that those first batches read themselves."""

_IN_FLIGHT_PER_JOB = 3
"""Batches a worker may have waiting; more only take memory."""

_Context = TypeVar("_Context")
_Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Task(Generic[_Context]):
    """One entry to observe.

    Attributes:
        found: where it is, and what the walk saw.
        context: whatever the caller wants back with the observation; never leaves this process.
        mode: how closely to look.
        known: digests from an earlier read, used if the file has not changed since.
    """

    found: Found
    context: _Context
    mode: Mode = Mode.HASH
    known: Known | None = None


def observe_all(
    location: TreeLocation,
    tasks: Iterable[Task[_Context]],
    *,
    jobs: int,
    make_executor: Callable[[int], Executor] = make_process_executor,
) -> Iterator[tuple[Task[_Context], Observation]]:
    """Observe all tasks and yield them in their order, each with its observation.

    `jobs` is the number of workers; 1 keeps everything in this process. At no time are more than a few batches a
    worker in memory.
    """
    dispatcher: _Dispatcher[_Context] = _Dispatcher(location, jobs, make_executor)
    try:
        yield from dispatcher.run(iter(tasks))
    except BaseException:
        # Nobody waits for the rest; a worker may have hours of reading before it.
        dispatcher.close(wait=False)
        raise
    dispatcher.close(wait=True)


class _WireBatch(NamedTuple):
    """A batch as it travels: plain values, grouped by directory, as most entries share theirs."""

    location: TreeLocation
    limit: int | None
    threads: bool
    groups: list[tuple[bytes, list[tuple[bytes, str, str, Known | None]]]]


@dataclass(slots=True)
class _Batch(Generic[_Context]):
    """A batch under way; `large` holds the tasks of the files that it handed back, by their index."""

    tasks: list[Task[_Context]]
    limit: int | None
    future: Future[list[_Row]]
    observations: list[Observation] | None = None
    large: dict[int, Future[list[_Row]]] = field(default_factory=dict)


class _Dispatcher(Generic[_Context]):
    """Keeps the workers busy and the results in order."""

    def __init__(self, location: TreeLocation, jobs: int, make_executor: Callable[[int], Executor]) -> None:
        self._location = location
        self._jobs = jobs
        self._make_executor = make_executor
        self._inline = InlineExecutor()
        self._pool: Executor | None = None
        self._submitted = 0

    def close(self, *, wait: bool) -> None:
        """Stop the workers; what they have not begun is dropped, and so is what they have, unless it is waited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=wait, cancel_futures=True)
        _close_tree()

    def run(self, stream: Iterator[Task[_Context]]) -> Iterator[tuple[Task[_Context], Observation]]:
        """Yield results in order, reading on in the stream only as far as the window allows."""
        waiting: deque[_Batch[_Context]] = deque()
        exhausted = False
        while waiting or not exhausted:
            window = self._jobs * _IN_FLIGHT_PER_JOB if self._pool else 1
            while not exhausted and len(waiting) < window:
                tasks = list(islice(stream, BATCH))
                exhausted = len(tasks) < BATCH
                if tasks:
                    waiting.append(self._start(tasks))
            # Large files go out as soon as their batch is done, not when its turn comes: they take longest.
            for index, batch in enumerate(waiting):
                if index == 0 or batch.future.done():
                    self._settle(batch, alone=exhausted and len(waiting) == 1)
            if waiting:
                yield from self._collect(waiting.popleft())

    def _start(self, tasks: list[Task[_Context]]) -> _Batch[_Context]:
        self._submitted += 1
        here = self._jobs == 1 or (self._submitted <= _INLINE_BATCHES and self._pool is None)
        limit = _INLINE_FILE if here and self._jobs > 1 else LARGE_FILE
        here = here or all(task.mode is Mode.STAT for task in tasks)
        return _Batch(tasks, limit, self._submit(tasks, limit, here=here))

    def _settle(self, batch: _Batch[_Context], *, alone: bool) -> None:
        """Wait for a batch, then give each file that it handed back a task of its own, largest first."""
        if batch.observations is not None:
            return
        observations = batch.observations = self._result(batch.future, batch.tasks, batch.limit)
        sizes = {i: o.stamp.size for i, o in enumerate(observations) if o.deferred and o.stamp is not None}
        only_one = alone and len(sizes) == 1
        for index in sorted(sizes, key=lambda i: -sizes[i]):
            threads = only_one and sizes[index] >= HUGE_FILE and self._jobs > 1
            here = self._jobs == 1 or only_one
            batch.large[index] = self._submit([batch.tasks[index]], None, here=here, threads=threads)

    def _collect(self, batch: _Batch[_Context]) -> Iterator[tuple[Task[_Context], Observation]]:
        for index, (task, observation) in enumerate(zip(batch.tasks, batch.observations or (), strict=True)):
            if index in batch.large:
                yield task, self._result(batch.large.pop(index), [task], None)[0]
            else:
                yield task, observation

    def _submit(
        self, tasks: list[Task[_Context]], limit: int | None, *, here: bool, threads: bool = False
    ) -> Future[list[_Row]]:
        wire = _pack(self._location, tasks, limit, threads)
        if here:
            return self._inline.submit(observe_batch, wire)
        try:
            if self._pool is None:
                self._pool = self._make_executor(self._jobs)
            return self._pool.submit(observe_batch, wire)
        except RuntimeError:
            # BrokenExecutor: a worker was killed, and the executor takes no more work. It is done in this process.
            return self._inline.submit(observe_batch, wire)

    def _result(self, future: Future[list[_Row]], tasks: list[Task[_Context]], limit: int | None) -> list[Observation]:
        try:
            rows = future.result()
        except (RuntimeError, CancelledError):
            # The worker died with this batch, perhaps for want of memory: once more, in this process.
            wire = _pack(self._location, tasks, limit, False)
            rows = self._inline.submit(observe_batch, wire).result()
        return [_unpack_observation(row) for row in rows]


def observe_batch(wire: _WireBatch) -> list[_Row]:
    """Observe one batch; runs wherever the Executor runs it."""
    tree = _tree_of_this_thread(wire.location)
    return [
        _pack_observation(
            observe(
                tree,
                Found(directory, name, Kind(kind)),
                mode=Mode(mode),
                known=known,
                limit=wire.limit,
                threads=wire.threads,
            )
        )
        for directory, entries in wire.groups
        for name, kind, mode, known in entries
    ]


class _OpenTree(threading.local):
    """The tree of the last batch stays open in each thread: its neighbours are below the same directories."""

    tree: Tree | None = None


_OPEN = _OpenTree()


def _tree_of_this_thread(location: TreeLocation) -> Tree:
    if _OPEN.tree is None or _OPEN.tree.location != location:
        _close_tree()
        _OPEN.tree = Tree(location)
    return _OPEN.tree


def _close_tree() -> None:
    if _OPEN.tree is not None:
        _OPEN.tree.close()
        _OPEN.tree = None


def _pack(location: TreeLocation, tasks: list[Task[_Context]], limit: int | None, threads: bool) -> _WireBatch:
    groups = [
        (directory, [(task.found.name, task.found.kind.value, task.mode.value, task.known) for task in group])
        for directory, group in groupby(tasks, key=lambda task: task.found.directory)
    ]
    return _WireBatch(location, limit, threads, groups)


def _pack_observation(o: Observation) -> _Row:
    problem = o.problem.value if o.problem else None
    stamp = tuple(o.stamp) if o.stamp else None
    return (o.kind.value, stamp, o.sha256, o.blake3, o.target, problem, o.detail, o.reused, o.deferred, o.started)


def _unpack_observation(row: _Row) -> Observation:
    kind, stamp, first, second, target, problem, detail, reused, deferred, started = row
    return Observation(
        Kind(kind),
        Stamp(*stamp) if isinstance(stamp, tuple) else None,
        str(first),
        str(second),
        target if isinstance(target, bytes) else b"",
        Problem(problem) if problem else None,
        str(detail),
        reused is True,
        deferred is True,
        started if isinstance(started, int) else 0,
    )
