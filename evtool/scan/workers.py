"""Executors: where work runs when the caller names no other place."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

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


def default_jobs() -> int:
    """Give the number of workers for this machine: more than cores, as a disk answers several readers faster."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return 1 if cores == 1 else min(16, 4 * cores)


def make_process_executor(jobs: int) -> Executor:
    """Start a pool of worker processes."""
    # Imported here: most runs are small and need none.
    from evtool.scan.pool import WorkerPool

    return WorkerPool(jobs)
