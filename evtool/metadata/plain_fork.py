"""Forks a process that has one thread, at the price of the system's call alone."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable


def fork() -> int:
    """Fork as `os.fork` does, from a process that has no other thread and never had one.

    `os.fork` has each child set up locks and threads again and seed random numbers, all of it for threads that might
    have been running. That takes as long as all the rest, as each page that is touched has to be copied: 215 of 255.

    Raises:
        OSError: no process can be started.
    """
    child = _call()()
    if child < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return child


@functools.cache
def _call() -> Callable[[], int]:
    if sys.platform != "linux":
        return os.fork
    # PyDLL keeps the interpreter's lock over the call, so the child has it.
    call = ctypes.PyDLL(None, use_errno=True).fork
    call.argtypes = ()
    return call
