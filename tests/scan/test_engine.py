"""The engine: whoever does the work, what is observed is the same, in the same order, in little memory."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from blake3 import blake3

from evtool.core.text.patterns import Exclusions
from evtool.scan.batch import Reading
from evtool.scan.engine import (
    BATCH,
    HUGE_FILE,
    LARGE_FILE,
    ReadRequest,
    Task,
    Workers,
    _group,
    gather_runs,
    observe_all,
    observe_requests,
)
from evtool.scan.fork_executor import ForkExecutor
from evtool.scan.meter import InWork, Meter
from evtool.scan.observe import ItemProblem, Known, Mode, Observation, observe
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind, WalkNotes, walk, walk_runs
from tests.scan.evidence import make_evidence, make_many

_P = ParamSpec("_P")
_T = TypeVar("_T")


class InlineExecutor(Executor):
    """Runs each call at once, in the calling thread."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Call, and return a future that is done."""
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asks for the result
            future.set_exception(error)
        return future


def spawned(jobs: int) -> Executor:
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


EXECUTORS: dict[str, Callable[[int], Executor]] = {
    "inline": lambda jobs: InlineExecutor(),
    "threads": ThreadPoolExecutor,
    "forked processes": ForkExecutor,
    "spawned processes": spawned,
}


@pytest.fixture
def evidence(tmp_path: Path) -> TreeLocation:
    return TreeLocation.find(str(make_evidence(tmp_path / "evidence")))


def list_all(location: TreeLocation) -> list[Found]:
    with Tree(location) as tree:
        return list(walk(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()))


def observe_here(location: TreeLocation) -> list[tuple[Found, Observation]]:
    """One entry after the other, by the plain function: what every executor has to agree with."""
    with Tree(location) as tree:
        return [(found, observe(tree, found, mode=Mode.HASH)) for found in list_all(location)]


def without_time(observed: list[tuple[Found, Observation]]) -> list[tuple[Found, Observation]]:
    return [(found, observation._replace(started=0)) for found, observation in observed]


@pytest.mark.parametrize("name", EXECUTORS)
def test_every_executor_observes_the_same(evidence: TreeLocation, name: str) -> None:
    """Files, links, directories and a FIFO come back in their order, wherever they were looked at."""
    workers = Workers(2, EXECUTORS[name])
    tasks = [Task(found, None) for found in list_all(evidence)]

    observed = [(task.found, observation) for task, observation in observe_all(evidence, tasks, jobs=workers)]

    assert without_time(observed) == without_time(observe_here(evidence))
    assert workers.lost_batches == 0


def test_digests_are_those_of_the_bytes(evidence: TreeLocation) -> None:
    """Small, large, deferred and empty files: both digests are what a plain reader of the file computes."""
    tasks = [Task(found, None) for found in list_all(evidence) if found.kind is Kind.FILE]
    for task, observation in observe_all(evidence, tasks, jobs=3):
        data = Path(os.fsdecode(evidence.path), os.fsdecode(task.found.path)).read_bytes()
        assert observation.stamp is not None
        assert observation.stamp.size == len(data)
        assert observation.sha256 == hashlib.sha256(data).hexdigest()
        assert observation.blake3 == blake3(data).hexdigest()


def test_a_lone_huge_file_is_hashed_by_two_threads(tmp_path: Path) -> None:
    """Its bytes pass through buffers that are used again; the digests are still those of the file."""
    path = tmp_path / "evidence" / "huge"
    path.parent.mkdir()
    with open(path, "wb") as file:
        for number in range(66):
            file.write(number.to_bytes(2, "big") * (512 * 1024))
    told: list[InWork] = []
    meter = Meter(lambda: told.extend(part for part in meter.in_work() if part.path))
    location = TreeLocation.find(str(path.parent))
    with Tree(location) as tree:
        runs = list(walk_runs(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()))

    answers = list(observe_requests(location, [ReadRequest(runs, None)], jobs=Workers(4, meter=meter)))

    data = path.read_bytes()
    assert answers[0].observations[0].sha256 == hashlib.sha256(data).hexdigest()
    assert answers[0].observations[0].blake3 == blake3(data).hexdigest()
    read = [part.read for part in told]
    assert len(set(read)) > 60
    assert read == sorted(read)
    assert read[-1] == len(data)
    assert {(part.path, part.size) for part in told} == {(b"huge", len(data))}
    assert not meter.in_work()


def test_no_more_is_read_ahead_than_a_few_batches(tmp_path: Path) -> None:
    """However many entries there are, few of them are in memory."""
    location = TreeLocation.find(str(make_many(tmp_path / "evidence", 24)))
    founds = list_all(location)
    pulled = 0

    def stream() -> Iterator[Task[None]]:
        nonlocal pulled
        for found in founds:
            pulled += 1
            yield Task(found, None)

    jobs, done, furthest = 2, 0, 0
    for _ in observe_all(location, stream(), jobs=jobs):
        done += 1
        furthest = max(furthest, pulled - done)

    assert done == len(founds) == 24 * BATCH
    assert furthest <= (3 * jobs + 2) * BATCH


def kill_the_first(reading: Reading, mark: str) -> int:
    """Count the entries of a batch; the process that does so first dies of it."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return len(reading.rows)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.mark.parametrize("name", ["forked processes", "spawned processes"])
def test_a_killed_worker_loses_nothing(tmp_path: Path, name: str) -> None:
    """As when memory runs out: the batch is read again, every other answer comes, and the loss is counted."""
    location = TreeLocation.find(str(make_many(tmp_path / "evidence", 12)))
    mark = str(tmp_path / "mark")
    (tmp_path / "unmarked").touch()
    with Tree(location) as tree:
        batches = list(gather_runs(walk_runs(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes())))
    # The first batches are done in this process, which must not be the one that dies.
    safe, deadly = batches[:2], batches[2:]
    requests = [ReadRequest(runs, None) for runs in safe]
    requests += [ReadRequest(runs, None, finish=kill_the_first, argument=mark) for runs in deadly]
    workers = Workers(2, EXECUTORS[name])

    answers = list(observe_requests(location, requests, jobs=workers))

    assert Path(mark).exists(), "no worker was killed"
    assert workers.lost_batches >= 1
    assert [answer.request for answer in answers] == requests
    assert [answer.product for answer in answers[2:]] == [BATCH] * len(deadly)


def test_work_goes_on_where_every_worker_is_killed(tmp_path: Path) -> None:
    """Workers that die again and again are replaced a few times; then this process does the work."""
    location = TreeLocation.find(str(make_many(tmp_path / "evidence", 8)))
    founds = list_all(location)

    def doomed(jobs: int) -> Executor:
        executor = ForkExecutor(jobs)
        for process in executor.processes:
            os.kill(process, signal.SIGKILL)
        return executor

    workers = Workers(2, doomed)
    observed = list(observe_all(location, [Task(found, None) for found in founds], jobs=workers))

    assert [task.found for task, _ in observed] == founds
    assert all(observation.sha256 for _, observation in observed)
    assert workers.lost_batches >= 1


def test_known_digests_are_used_while_the_file_is_the_same(evidence: TreeLocation) -> None:
    """The index of each file in its batch leads to its own digests; one that changed since is read."""
    founds = [found for found in list_all(evidence) if found.kind is Kind.FILE]
    first = {task.found: o for task, o in observe_all(evidence, [Task(found, None) for found in founds], jobs=1)}
    tasks = []
    for number, found in enumerate(founds):
        stamp = first[found].stamp
        assert stamp is not None
        known = Known(stamp if number % 2 else stamp._replace(ctime=1), f"{number:064x}", "0" * 64)
        tasks.append(Task(found, None, known=known))

    second = list(observe_all(evidence, tasks, jobs=2))

    for number, (task, observation) in enumerate(second):
        expected = f"{number:064x}" if number % 2 else first[task.found].sha256
        assert (observation.sha256, observation.reused) == (expected, bool(number % 2)), task.found


def test_a_file_that_says_another_size_than_it_has_is_not_believed() -> None:
    """Files of /proc are regular and of size 0, and still hold something: as if they grew while they are read."""
    location = TreeLocation.find("/proc/self")
    task = Task(Found(b"", b"status", Kind.FILE), None)
    ((_, observation),) = observe_all(location, [task], jobs=1)
    assert observation.problem is ItemProblem.CHANGING
    assert not observation.sha256


@pytest.mark.parametrize("jobs", [1, 2, 8, 64])
def test_large_files_are_read_together_in_as_few_tasks_as_keep_all_workers_at_work(jobs: int) -> None:
    """Photographs that are read together share a parser; none is left out, and the largest come first."""
    sizes = {index: (3 << 20) + index for index in range(BATCH)}

    groups = list(_group(sizes, jobs))

    assert [index for group in groups for index in group] == sorted(sizes, reverse=True)
    assert all(sum(sizes[index] for index in group) <= HUGE_FILE for group in groups)
    fewest = min(2 * jobs, sum(sizes.values()) // LARGE_FILE)
    assert fewest <= len(groups) <= max(2 * fewest, 8)
