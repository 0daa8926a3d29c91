"""Worker processes that can be stopped at once; imported only when there is work for several."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait

from evtool.scan.observe import stop_reading


class WorkerPool(ProcessPoolExecutor):
    """Worker processes that ignore Ctrl-C, and end with their parent, or soon after it stops to wait for them."""

    def __init__(self, jobs: int) -> None:
        # Forking is safe and quick while this process has one thread; elsewhere workers start from scratch.
        can_fork = sys.platform == "linux" and threading.active_count() == 1
        context = multiprocessing.get_context("fork" if can_fork else "spawn")
        self._stop_seen, self._stop = context.Pipe(duplex=False)
        super().__init__(jobs, mp_context=context, initializer=_start_worker, initargs=(self._stop_seen,))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; without `wait` they give up what they read, which may be hours long."""
        if not wait:
            self._stop.send_bytes(b"stop")
        super().shutdown(wait=wait, cancel_futures=cancel_futures)


def _start_worker(stop: Connection) -> None:
    # The parent gets the Ctrl-C and decides; a traceback of each worker would only hide its message.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # a worker keeps nothing that refers to itself

    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel, stop), daemon=True).start()


def _end_with(parent: int, stop: Connection) -> None:
    """End this worker when its parent is gone: a killed seal must not leave readers on the evidence."""
    # What the parent sent is left in the pipe, for the other workers to see.
    if stop in wait([parent, stop]):
        # The worker itself has to end: one that dies while it writes a result leaves its parent waiting for the rest.
        stop_reading()
        wait([parent])
    os._exit(1)
