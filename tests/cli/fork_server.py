"""Runs evtool many times without starting Python anew: every run is a fork of this process, which has all imported.

One JSON object a line on standard input asks for a run:

    arguments   the command line
    stdout      path of a file for what the run prints; its errors go to the same path with `.err`
    output      where standard output leads in its stead: `full` (a disk without room), `gone` (a pipe without a
                reader), `byte` (one whose reader goes away after one byte); errors likewise
    directory   where it runs, and
    environment with which variables; without them, those of this process
    burn        a system call and how often to make it, without effect, before the run. Under `strace -e
                inject=...:when=N` the calls of each process are counted anew, so N - n calls burnt put the fault
                at the n-th call of the run
    kill        a signal and after how many seconds to send it

The answer is a line with the exit code, negative for a signal.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import select
import signal
import sys
import time
from typing import Any

from evtool.cli.app import main
from evtool.cli.screen import COMMANDS


def _burn(call: str, times: int) -> None:
    here = os.open("/", os.O_RDONLY)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for _ in range(times):
        try:
            if call == "write":
                os.write(nowhere, b"x")
            elif call == "fsync":
                os.fsync(here)
            elif call == "mkdir":
                os.mkdir("/")
            elif call == "renameat":
                os.rename("no such file", "nor this", src_dir_fd=here, dst_dir_fd=here)
            else:
                os.unlink("no such file", dir_fd=here)
        except OSError:
            pass
    os.close(here)
    os.close(nowhere)


def _lead(descriptor: int, where: str) -> None:
    """Let a standard stream end where what is written cannot arrive."""
    if where == "full":
        os.dup2(os.open("/dev/full", os.O_WRONLY), descriptor)
        return
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    if where == "byte" and os.fork() == 0:
        os.close(writer)
        os.read(reader, 1)
        os._exit(0)
    os.close(reader)
    os.dup2(writer, descriptor)
    os.close(writer)


def _child(run: dict[str, Any]) -> None:
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for descriptor, path in ((1, run["stdout"]), (2, run["stdout"] + ".err")):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
    for descriptor, name in ((1, "output"), (2, "errors")):
        if run.get(name):
            _lead(descriptor, run[name])
    if "directory" in run:
        os.chdir(run["directory"])
    if "environment" in run:
        os.environ.clear()
        os.environ.update(run["environment"])
        time.tzset()
    if "burn" in run:
        _burn(*run["burn"])
    main(run["arguments"])


def _serve() -> None:
    for module, _ in COMMANDS.values():
        importlib.import_module(module)
    for module in ("cryptography.hazmat.primitives.serialization", "concurrent.futures.process"):
        importlib.import_module(module)
    for line in sys.stdin:
        run = json.loads(line)
        process = os.fork()
        if process == 0:
            _child(run)
        if "kill" in run:
            number, seconds = run["kill"]
            ended = os.pidfd_open(process)
            if not select.select([ended], [], [], seconds)[0]:
                os.kill(process, number)
            os.close(ended)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    _serve()
