"""Runs a program many times without starting Python anew: every run is a fork of this process, which has all imported.

    python fork_server.py CONTROL PROGRAM

PROGRAM is a package with a `__main__`. CONTROL is the number of a socket. Each message on it asks for one run and
carries descriptors: a file with a JSON object, the socket that gets the answer, standard input, output and errors,
and what else the run shall have open. The object says

    arguments    the command line
    directory    where it runs
    environment  the variables it has, and no others
    umask        of the run
    descriptors  the numbers of what else it has open
    burn         a system call and how often to make it, without effect, before the run. Under `strace -e
                 inject=...:when=N` the calls of each process are counted anew, so N - n calls burnt put the fault
                 at the n-th call of the run

The answer is the number of the process, then, when it has ended, its exit code, negative for a signal.

A run differs from a real start in what it does not do: it imports nothing, compiles no expression, reads no catalogue
of texts, reads no variable that Python reads before the first line of a program (`tests/forks.py` leaves those to a
real start), shares the hash seed with the others, and leaves the process without taking Python apart.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import itertools
import json
import os
import pkgutil
import runpy
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any, NoReturn

NUMBER = struct.Struct("<i")
"""How a process number and an exit code are sent."""


def import_all(program: str) -> None:
    """Import every module of a package that can be imported here, and what these import only when they need it."""
    package = importlib.import_module(program)
    for module in pkgutil.walk_packages(package.__path__, f"{program}."):
        # Neither is imported by anything: `evtool/web/check.py` is written out as it is, and runs when it is imported.
        if not module.name.endswith((".__main__", ".web.check")):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                # What an extra brings need not be here; a run that asks for it says so.
                if (error.name or "").startswith(program):
                    raise
    for name in ("cryptography.hazmat.primitives.serialization", "concurrent.futures.process"):
        importlib.import_module(name)


def prepare(program: str) -> None:
    """Do once what every run would do again, whatever it is asked: compile expressions, and read texts.

    A real start does it when it first needs one; the stories that run `anew` do. Nothing is looked at that belongs to a
    user, a directory or an environment.
    """
    modules = [module for name, module in sys.modules.items() if name.startswith(f"{program}.")]
    for value in (value for module in modules for value in vars(module).values()):
        if type(value).__name__ == "_Expression":
            assert value.pattern, "an attribute of a compiled expression: from now on Python's own cache has it"
    if (language := sys.modules.get(f"{program}.report.language")) is not None:
        for code in language.list_languages():
            texts = language.load_language(code)
            for table in texts.tables:
                texts.table(table)


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
            elif call == "linkat":
                os.link("no such file", "nor this", src_dir_fd=here, dst_dir_fd=here)
            else:
                os.unlink("no such file", dir_fd=here)
        except OSError:
            pass
    os.close(here)
    os.close(nowhere)


def _take_descriptors(given: list[int], numbers: list[int]) -> None:
    """Give descriptors these numbers, and close all others."""
    above = max(*numbers, *given) + 1
    for number, descriptor in zip(numbers, [fcntl.fcntl(fd, fcntl.F_DUPFD, above) for fd in given], strict=True):
        os.dup2(descriptor, number)
    edges = [*sorted(numbers), os.sysconf("SC_OPEN_MAX")]
    for number, following in itertools.pairwise(edges):
        os.closerange(number + 1, following)


def _run(program: str, descriptors: list[int]) -> NoReturn:
    """Become a process as `python -m PROGRAM` would be, run the program, and end."""
    os.setsid()
    request, _, *given = descriptors
    run: dict[str, Any] = json.loads(os.pread(request, os.fstat(request).st_size, 0))
    _take_descriptors(given, [0, 1, 2, *run["descriptors"]])
    # A shell that starts jobs in the background has them, and so this server, ignore the interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(run["umask"])
    os.chdir(run["directory"])
    os.environ.clear()
    os.environ.update(run["environment"])
    time.tzset()
    sys.argv = [program, *run["arguments"]]
    sys.path.insert(0, run["directory"])
    if "burn" in run:
        _burn(*run["burn"])
    code = 0
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException as error:  # noqa: BLE001  # as Python ends a program
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    # Python waits for threads; it would then clear every object away one by one, which takes longer than most runs.
    threading._shutdown()  # type: ignore[attr-defined]
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve(control: socket.socket, program: str) -> None:
    """Answer requests until the other end is closed; several runs may go on at a time."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    process, answer = running.pop(key.fd)
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    _, status = os.waitpid(process, 0)
                    with answer:
                        answer.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))
                    continue
                message, descriptors, _, _ = socket.recv_fds(control, 16, 64)
                if not message:
                    return
                process = os.fork()
                if process == 0:
                    _run(program, descriptors)
                answer = socket.socket(fileno=descriptors.pop(1))
                for descriptor in descriptors:
                    os.close(descriptor)
                answer.send(NUMBER.pack(process))
                ended = os.pidfd_open(process)
                running[ended] = process, answer
                selector.register(ended, selectors.EVENT_READ)


if __name__ == "__main__":
    # This folder is not on the path of a run.
    del sys.path[0]
    import_all(sys.argv[2])
    prepare(sys.argv[2])
    gc.collect()
    # The garbage collector of a run leaves alone what all runs share; it would otherwise copy it, page by page.
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
