"""The Executor of forked processes: calls, errors, lost workers, and what becomes of workers without a parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, CancelledError

import pytest

from evtool.scan.fork_executor import ForkExecutor, WorkerLostError


def double(value: int) -> int:
    return 2 * value


def fail(text: str) -> None:
    raise ValueError(text)


def echo(data: bytes) -> bytes:
    return data[::-1]


def die(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number)


def die_when_told(pipe: int) -> None:
    os.read(pipe, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_for(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def test_calls_are_answered() -> None:
    """More calls than workers, asked for in another order than they were made in."""
    with ForkExecutor(3) as executor:
        futures = [executor.submit(double, number) for number in range(100)]
        assert [future.result() for future in reversed(futures)] == [2 * number for number in reversed(range(100))]


def test_an_error_belongs_to_its_call() -> None:
    """What a call raises is raised where its result is asked for; the worker goes on."""
    with ForkExecutor(1) as executor:
        failed, good = executor.submit(fail, "no"), executor.submit(double, 4)
        with pytest.raises(ValueError, match=r"^no$"):
            failed.result()
        assert isinstance(failed.exception(), ValueError)
        assert good.result() == 8


def test_long_calls_and_answers_do_not_block_each_other() -> None:
    """Both sides write more than a pipe holds before they read."""
    data = [os.urandom(3_000_000) for _ in range(6)]
    with ForkExecutor(2) as executor:
        futures = [executor.submit(echo, block) for block in data]
        assert [future.result() for future in futures] == [block[::-1] for block in data]


def test_a_killed_worker_takes_only_its_call_with_it() -> None:
    """The other calls, even one that waited for the same worker, are answered by the others."""
    with ForkExecutor(2) as executor:
        lost = executor.submit(die, signal.SIGKILL)
        others = [executor.submit(double, number) for number in range(20)]
        assert [future.result() for future in others] == [2 * number for number in range(20)]
        with pytest.raises(WorkerLostError):
            lost.result()
        assert len(executor.processes) == 1


def test_without_workers_no_call_is_taken() -> None:
    """When the last worker is gone, what it had is lost, and the executor says so of every further call."""
    told, tell = os.pipe()
    with ForkExecutor(1) as executor, open(told, "rb", buffering=0), open(tell, "wb", buffering=0) as teller:
        killed = executor.submit(die_when_told, told)
        waiting = [executor.submit(double, number) for number in range(3)]
        teller.write(b"!")
        assert isinstance(killed.exception(), WorkerLostError)
        assert all(isinstance(future.exception(), WorkerLostError) for future in waiting)
        with pytest.raises(BrokenExecutor):
            executor.submit(double, 3)


def test_workers_leave_the_interrupt_to_their_parent() -> None:
    """Ctrl-C goes to every process of the terminal; the workers do not print a traceback each."""
    with ForkExecutor(1) as executor:
        assert executor.submit(die, signal.SIGINT).result() is None
        assert executor.submit(double, 1).result() == 2


def test_shutdown_gives_up_what_is_not_wanted() -> None:
    """A call under way is ended with its process, one that has not begun is cancelled."""
    executor = ForkExecutor(1)
    (process,) = executor.processes
    futures = [executor.submit(sleep_for, 600) for _ in range(4)]
    executor.shutdown(wait=True, cancel_futures=True)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(CancelledError):
        futures[-1].result()
    with pytest.raises(RuntimeError, match="shut down"):
        futures[0].result()
    with pytest.raises(RuntimeError, match="shutdown"):
        executor.submit(double, 1)


_ORPHANS = """
import os, sys, time
from evtool.scan.fork_executor import ForkExecutor
executor = ForkExecutor(2)
futures = [executor.submit(time.sleep, 600) for _ in range(2)]
print(*executor.processes, flush=True)
futures[0].result()
"""


def test_workers_end_with_their_parent() -> None:
    """A seal that is killed leaves nobody behind who reads the evidence."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", _ORPHANS], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        workers = [int(word) for word in parent.stdout.readline().split()]
        assert len(workers) == 2
        assert all(_is_alive(worker) for worker in workers)
        parent.kill()
    # They are told at once; how soon the system lets them run is its own business.
    for _ in range(1000):
        if not any(_is_alive(worker) for worker in workers):
            return
        time.sleep(0.02)
    pytest.fail("a worker outlived its parent")


def _is_alive(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
