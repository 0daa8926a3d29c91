"""Forks a process that has one thread, at the price of the system's call alone."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable
from contextlib import suppress


def fork() -> int:
    """Fork as `os.fork` does; with less effort where this process has one thread only.

    `os.fork` has each child make locks and the list of threads anew, forget signals that have come, and seed random
    numbers. A child of a single thread needs none of it: no lock is held by another, the thread is the one that it was,
    and has the interpreter's lock. What a child shares with its parent then is the state of `random`, so no secret may
    be drawn from that, and a signal that has come and that Python code handles, so the caller has no such handlers.
    The system's library still does its own part, as for the random numbers of cryptography.

    Raises:
        OSError: no process can be started.
    """
    # Worth it as each file has a child: `os.fork` takes as long as all the rest, 215 of 255 µs, as each page that it
    # touches has to be copied.
    call = _plain_call()
    if call is None or not _has_one_thread():
        return os.fork()
    child, number = call()
    if child < 0:
        raise OSError(number, os.strerror(number))
    return child


def _has_one_thread() -> bool:
    """Tell whether the system counts one thread, be it of Python or of a library; false if it cannot be told."""
    try:
        return os.stat("/proc/self/task").st_nlink == _LINKS_OF_ONE
    except OSError:
        return False


_LINKS_OF_ONE = 3
"""Links of the directory that has one directory in it for each thread."""


@functools.cache
def _plain_call() -> Callable[[], tuple[int, int]] | None:
    """Give the library's call, which returns the child's number and that of the error; None if it cannot be called."""
    if sys.platform != "linux":
        return None
    with suppress(OSError, AttributeError):  # a Python that is linked statically
        # PyDLL keeps the interpreter's lock over the call, so the child has it.
        call = ctypes.PyDLL(None, use_errno=True).fork
        call.argtypes = ()
        return lambda: (call(), ctypes.get_errno())
    return None
