"""Many items at once: batches of them to an Executor, observations back in order.

The engine asks a `concurrent.futures.Executor` for work and knows nothing else of where work runs. Reading many small
files holds Python's interpreter lock, so threads would only get in each other's way: by default work goes to
processes, and small jobs never leave this one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from evtool.core.values import replace
from evtool.scan.batch import (
    Batch,
    Describe,
    Expect,
    Finish,
    Outcome,
    Reading,
    ReadingRow,
    close_tree,
    observation_of,
    observe_batch,
)
from evtool.scan.meter import Meter
from evtool.scan.observe import Known, Mode, Observation
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, Run, join_path, runs_of
from evtool.scan.workers import make_process_executor

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

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

_GROUPS_PER_JOB = 2
"""Tasks that a worker gets, at least, of the large files of one batch, unless they are small."""

_LOOK_SECONDS = 0.1
"""How often it is looked how far the workers are, while nothing comes back."""

_MAX_POOLS = 3
"""How often workers are started again when the Executor breaks down; after that, this process does the work."""

_Context = TypeVar("_Context")


class Task(Struct, Generic[_Context], frozen=True):
    """One entry to observe.

    Attributes:
        found: where it is, and what the walk saw.
        context: whatever the caller wants back with the observation; never leaves this process.
        mode: how closely to look.
        known: digests from an earlier read, used if the file has not changed since.
        size: the size that a file has to have; if it has another one, it is not read.
    """

    found: Found
    context: _Context
    mode: Mode = Mode.HASH
    known: Known | None = None
    size: int | None = None


class ReadRequest(Struct, Generic[_Context], frozen=True):
    """Entries to observe together, at most `BATCH` of them.

    Attributes:
        runs: the entries, by directories.
        context: whatever the caller wants back with the answer; never leaves this process.
        modes: the value of each entry's `Mode`, as one string; empty means to hash all of them.
        known: index of an entry -> digests from an earlier read.
        finish: what else to do with the reading where it is made; see `evtool.scan.batch.Finish`.
        argument: what `finish` is given beside the reading.
        sizes, expect: the sizes that files have to have, or what finds them in the argument; see `Batch`.
        describe: gives what describes the files that are read; see `evtool.scan.batch.Describe`.
    """

    runs: list[Run]
    context: _Context
    modes: str = ""
    known: Mapping[int, Known] = field(default_factory=dict)
    finish: Finish | None = None
    argument: object = None
    sizes: Mapping[int, int] | None = None
    expect: Expect | None = None
    describe: Describe | None = None


class Answer(Struct, Generic[_Context], frozen=True):
    """What became of a request.

    Attributes:
        request: the request.
        product: what its `finish` returned; None if it has none, or left the observations to the caller.
        observations: one for each entry; empty if there is a product.
    """

    request: ReadRequest[_Context]
    product: Any
    observations: list[Observation]


class Workers(Struct):
    """Who does the work.

    Attributes:
        jobs: number of workers; 1 keeps everything in this process.
        make_executor: starts that many of them.
        is_elsewhere: whether they may be on other machines, where the same directory is on a device of another number.
        count_lost_workers: tells how many workers were lost that took no batch with them, as others took it over.
        lost_batches: batches that a worker took and never answered; they were done again in this process.
        meter: knows what they read; None if nobody watches.
        prepare: what has to be done before they are started, if anything.
    """

    jobs: int
    make_executor: Callable[[int], Executor] = make_process_executor
    is_elsewhere: bool = False
    count_lost_workers: Callable[[], int] = int
    lost_batches: int = 0
    meter: Meter | None = None
    prepare: Callable[[], None] | None = None


def observe_all(
    location: TreeLocation,
    tasks: Iterable[Task[_Context]],
    *,
    jobs: int | Workers,
    describe: Describe | None = None,
) -> Iterator[tuple[Task[_Context], Observation]]:
    """Observe all tasks and yield them in their order, each with its observation.

    `jobs` says who does the work; a number means so many processes. At no time are more than a few batches a worker in
    memory. `describe` is as in `ReadRequest`.
    """
    for answer in observe_requests(location, _make_requests(iter(tasks), describe), jobs=jobs):
        yield from zip(answer.request.context, answer.observations, strict=True)


def observe_requests(
    location: TreeLocation,
    requests: Iterable[ReadRequest[_Context]],
    *,
    jobs: int | Workers,
) -> Iterator[Answer[_Context]]:
    """Observe the entries of all requests and yield their answers in the order of the requests."""
    workers = jobs if isinstance(jobs, Workers) else Workers(jobs)
    dispatcher: _Dispatcher[_Context] = _Dispatcher(location, workers)
    try:
        yield from dispatcher.run(iter(requests))
    finally:
        dispatcher.close()


def gather_runs(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Cut and gather runs of any length into batches of `BATCH` entries; only the last one may have fewer."""
    gathered: list[Run] = []
    room = BATCH
    for run in runs:
        at, size = 0, len(run.names)
        while size - at >= room:
            gathered.append(run if room == size else run.part(at, at + room))
            yield gathered
            at, gathered, room = at + room, [], BATCH
        if at < size:
            gathered.append(run.part(at, size) if at else run)
            room -= size - at
    if gathered:
        yield gathered


def _make_requests(
    tasks: Iterator[Task[_Context]], describe: Describe | None
) -> Iterator[ReadRequest[list[Task[_Context]]]]:
    while batch := list(islice(tasks, BATCH)):
        runs = runs_of(task.found for task in batch)
        modes = "".join([task.mode.value for task in batch])
        known = {index: task.known for index, task in enumerate(batch) if task.known is not None}
        sizes = {index: task.size for index, task in enumerate(batch) if task.size is not None}
        yield ReadRequest(runs, batch, modes, known, sizes=sizes, describe=describe)


_Pending: TypeAlias = "Future[Outcome] | Outcome"
"""What a worker will answer, or what was found out at once in this process."""


def _is_done(pending: _Pending) -> bool:
    return isinstance(pending, Outcome) or pending.done()


class _Job(Struct, Generic[_Context]):
    """A request under way; `large` holds the work on files that it handed back, with their indexes."""

    request: ReadRequest[_Context]
    batch: Batch
    pending: _Pending
    outcome: Outcome | None = None
    large: list[tuple[list[int], Batch, _Pending]] = field(default_factory=list)


class _Dispatcher(Generic[_Context]):
    """Keeps the workers busy and the results in order."""

    def __init__(self, location: TreeLocation, workers: Workers) -> None:
        self._location = location
        self._jobs = workers.jobs
        self._workers = workers
        self._meter = workers.meter
        self._look = workers.meter.look if workers.meter else None
        self._pools: list[Executor] = []
        """The executor, and before it those that broke down."""
        self._is_broken = False
        self._submitted = 0
        self._waiting: deque[_Job[_Context]] = deque()

    def close(self) -> None:
        """Stop the workers; what they have not begun is dropped."""
        for pool in self._pools:
            pool.shutdown(wait=True, cancel_futures=True)
        for job in self._waiting:
            self._leave(job)
        close_tree()

    def run(self, stream: Iterator[ReadRequest[_Context]]) -> Iterator[Answer[_Context]]:
        """Yield answers in order, reading on in the stream only as far as the window allows."""
        waiting = self._waiting
        # One request ahead, so that it is known which one is the last.
        following = next(stream, None)
        while waiting or following is not None:
            window = self._jobs * _IN_FLIGHT_PER_JOB if self._pools else 1
            while following is not None and len(waiting) < window:
                waiting.append(self._start(following))
                following = next(stream, None)
            # Large files go out as soon as their batch is done, not when its turn comes: they take longest.
            for index, job in enumerate(waiting):
                if index == 0 or (job.outcome is None and _is_done(job.pending)):
                    self._settle(job, alone=following is None and len(waiting) == 1)
            if waiting:
                yield self._collect(waiting.popleft())

    def _start(self, request: ReadRequest[_Context]) -> _Job[_Context]:
        self._submitted += 1
        here = self._jobs == 1 or (self._submitted <= _INLINE_BATCHES and not self._pools)
        limit = _INLINE_FILE if here and self._jobs > 1 else LARGE_FILE
        # To look at a few hundred entries takes less than to send them.
        here = here or (request.modes != "" and not request.modes.strip(Mode.STAT.value))
        batch = Batch(
            self._location,
            request.runs,
            request.modes,
            request.known,
            limit,
            sizes=request.sizes,
            finish=request.finish,
            argument=request.argument,
            expect=request.expect,
            cell=self._meter.enter() if self._meter else 0,
            describe=request.describe,
        )
        return _Job(request, batch, self._submit(batch, here=here))

    def _settle(self, job: _Job[_Context], *, alone: bool) -> None:
        """Wait for a batch, then make tasks of their own of the files that it handed back, largest first."""
        if job.outcome is not None:
            return
        job.outcome = self._result(job.batch, job.pending)
        sizes = {
            index: row.stamp.size
            for index, row in enumerate(job.outcome.rows)
            if isinstance(row, Observation) and row.deferred and row.stamp is not None
        }
        only_one = alone and len(sizes) == 1
        for indexes in _group(sizes, self._jobs):
            threads = only_one and sizes[indexes[0]] >= HUGE_FILE and self._jobs > 1
            entries = [_entry(job.request.runs, index) for index in indexes]
            batch = Batch(
                self._location,
                entries,
                threads=threads,
                cell=self._enter(entries, sum(sizes[index] for index in indexes)),
                describe=job.request.describe,
            )
            job.large.append((indexes, batch, self._submit(batch, here=self._jobs == 1 or only_one)))

    def _collect(self, job: _Job[_Context]) -> Answer[_Context]:
        request, outcome = job.request, job.outcome
        assert outcome is not None  # noqa: S101  # a job is settled before it is collected
        rows: list[ReadingRow] = outcome.rows
        for indexes, batch, pending in job.large:
            for index, row in zip(indexes, self._result(batch, pending).rows, strict=True):
                rows[index] = row
        # Whoever gets the answer counts it from now on.
        self._leave(job)
        product = outcome.product
        if job.large and request.finish is not None:
            product = request.finish(Reading(request.runs, rows, outcome.started), request.argument)
        observations = [] if product is not None else [observation_of(row, outcome.started) for row in rows]
        return Answer(request, product, observations)

    def _enter(self, entries: list[Run], size: int) -> int:
        """Give files that are read together a counter of their own, under the name of the one that stands alone."""
        if self._meter is None:
            return 0
        alone = entries[0] if len(entries) == 1 else None
        return self._meter.enter(join_path(alone.directory, alone.names[0]), size) if alone else self._meter.enter()

    def _leave(self, job: _Job[_Context]) -> None:
        """Take back the counters of a request."""
        if self._meter is not None:
            for batch in (job.batch, *(batch for _, batch, _ in job.large)):
                self._meter.leave(batch.cell)

    def _submit(self, batch: Batch, *, here: bool) -> _Pending:
        """Hand a batch to a worker, or do it here."""
        while not here:
            if not self._pools or self._is_broken:
                if len(self._pools) == _MAX_POOLS:
                    break
                if self._workers.prepare is not None:
                    self._workers.prepare()
                self._pools.append(self._workers.make_executor(self._jobs))
                self._is_broken = False
            try:
                return self._pools[-1].submit(observe_batch, self._as_sent(batch))
            except RuntimeError:
                # BrokenExecutor: it lost its workers and takes no more work; what it holds comes back as lost.
                self._is_broken = True
        return observe_batch(batch, self._look)

    def _as_sent(self, batch: Batch) -> Batch:
        return replace(batch, location=self._location.on_any_device()) if self._workers.is_elsewhere else batch

    def _result(self, batch: Batch, pending: _Pending) -> Outcome:
        if isinstance(pending, Outcome):
            return pending
        try:
            return self._wait_for(pending)
        except Exception:  # noqa: BLE001  # its worker died, ran out of memory, or could not reach the directory
            # Once more, in this process: what is wrong with the batch, and not with the worker, shows again.
            self._workers.lost_batches += 1
            return observe_batch(batch, self._look)

    def _wait_for(self, pending: Future[Outcome]) -> Outcome:
        """Wait for an answer, and look now and then at what is being read meanwhile."""
        while self._look is not None and not pending.done():
            try:
                return pending.result(_LOOK_SECONDS)
            except TimeoutError:
                # Not yet; or it is what the batch met, and then the future is done.
                self._look()
        return pending.result()


def _group(sizes: Mapping[int, int], jobs: int) -> Iterator[list[int]]:
    """Put indexes of files together that are to be read together, the largest first.

    Each worker gets some, so that none is left with the last one; the fewer they are, the less they cost.
    """
    most = min(max(LARGE_FILE, sum(sizes.values()) // (_GROUPS_PER_JOB * jobs)), HUGE_FILE)
    group: list[int] = []
    total = 0
    for index in sorted(sizes, key=lambda index: -sizes[index]):
        if group and total + sizes[index] > most:
            yield group
            group, total = [], 0
        group.append(index)
        total += sizes[index]
    if group:
        yield group


def _entry(runs: list[Run], index: int) -> Run:
    """Give the entry of this index as a run of its own."""
    for run in runs:
        if index < len(run.names):
            return run.part(index, index + 1)
        index -= len(run.names)
    raise IndexError(index)
