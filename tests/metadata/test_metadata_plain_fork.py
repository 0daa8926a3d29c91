"""A fork without what Python does at one is made where a single thread makes that needless, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from evtool.metadata import plain_fork

PLAIN, BY_PYTHON = 4711, 4712
"""No process has these numbers: none is made."""

OF_ONE_THREAD = """
import os, threading
from evtool.metadata.plain_fork import fork

def called():
    raise SystemExit("os.fork was called")

os.fork, parent = called, os.getpid()
child = fork()
if child == 0:
    import wave  # the lock of imports is free
    said = []
    thread = threading.Thread(target=said.append, args=("a thread of the child",))
    thread.start()
    thread.join()
    is_main = threading.current_thread() is threading.main_thread()
    os._exit(7 if said and is_main and os.getppid() == parent else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is always os.fork")
def test_the_child_of_one_thread_is_a_whole_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OF_ONE_THREAD], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_beside_another_thread_python_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """That thread could hold a lock at this moment, which nobody would give back in the child."""
    monkeypatch.setattr(plain_fork, "_plain_call", lambda: lambda: (PLAIN, 0))
    monkeypatch.setattr(os, "fork", lambda: BY_PYTHON)
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        assert plain_fork.fork() == BY_PYTHON
    finally:
        over.set()
        other.join()
