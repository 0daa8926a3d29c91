"""Executors: where work runs when the caller names no other place."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from evtool.scan.meter import CELLS, is_counting, share_cells

if TYPE_CHECKING:
    from concurrent.futures import Executor


def default_jobs() -> int:
    """Give the number of workers for this machine: more than cores, as a disk answers several readers faster."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return 1 if cores == 1 else min(16, 4 * cores)


def make_process_executor(jobs: int) -> Executor:
    """Start worker processes that ignore Ctrl-C and end with their parent."""
    # A run with one job starts no worker, and needs nothing of all this.
    import threading

    # Forking is safe and quick while this process has one thread; elsewhere workers start from scratch.
    if sys.platform == "linux" and threading.active_count() == 1:
        # Only where it can work.
        from evtool.scan.fork_executor import ForkExecutor

        return ForkExecutor(jobs)
    # This takes long to import, and Linux does not need it.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    cells = context.RawArray("Q", CELLS) if is_counting() else None
    if cells is not None:
        share_cells(cells)
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(cells,))


def _start_worker(cells: object) -> None:
    # Only a worker process needs these.
    import gc
    import signal

    # A run with one job starts no worker, and needs nothing of all this.
    import threading

    # This takes long to import, and Linux does not need it.
    from multiprocessing import parent_process

    # The parent gets the Ctrl-C and decides; a traceback of each worker would only hide its message.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # a worker keeps nothing that refers to itself
    if cells is not None:
        share_cells(cells)

    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """End this worker when its parent is gone: a killed seal must not leave readers on the evidence."""
    # Only a worker process needs this.
    from multiprocessing.connection import wait

    wait([sentinel])
    os._exit(1)
