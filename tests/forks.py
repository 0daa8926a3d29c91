"""Runs a program as a fork of a process that has imported it, see `fork_server.py`."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import select
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Literal

from tests.fork_server import NUMBER

SECONDS = 120
"""No run takes longer."""

Lost = Literal["full", "gone", "byte"]
"""Where a stream leads in place of the test: a full disk, a pipe without a reader, one whose reader takes one byte."""

_READ_BEFORE = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_")
"""How variables begin that Python and its libraries read before the first line of the program."""


def read_before(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that a fork comes too late for."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_BEFORE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What to run, as `subprocess.run` takes it; `burn` as in `fork_server.py`, `kill` a signal and after what time."""

    arguments: Sequence[str]
    directory: Path
    environment: Mapping[str, str]
    stdin: bytes = b""
    pass_fds: Sequence[int] = ()
    output: Lost | None = None
    errors: Lost | None = None
    burn: tuple[str, int] | None = None
    kill: tuple[int, float] | None = None

    def request(self) -> bytes:
        """Say it as `fork_server.py` reads it."""
        umask = re.search(r"^Umask:\s*([0-7]+)$", Path("/proc/self/status").read_text(), re.M)
        assert umask
        said = {
            "arguments": self.arguments,
            "directory": str(self.directory),
            "environment": self.environment,
            "umask": int(umask[1], 8),
            "descriptors": self.pass_fds,
        }
        return json.dumps(said | ({"burn": self.burn} if self.burn else {})).encode()


class ForkServer:
    """`fork_server.py`, running; started in an environment, and under another program such as strace if asked."""

    def __init__(self, program: str, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> None:
        self.environment = dict(environment)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        server = Path(__file__).with_name("fork_server.py")
        with theirs:
            self._process = subprocess.Popen(
                [*prefix, sys.executable, str(server), str(theirs.fileno()), program],
                stdin=subprocess.DEVNULL,
                cwd="/",
                env=self.environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def can_run(self, environment: Mapping[str, str]) -> bool:
        """Tell whether a fork has what a real start in this environment has."""
        return read_before(environment) == read_before(self.environment)

    def close(self) -> None:
        """End it; what it still runs goes on."""
        self._control.close()
        self._process.wait(timeout=60)

    def __call__(self, run: Run) -> tuple[int, bytes, bytes]:
        """Run once: the exit code, standard output and standard error."""
        assert self.can_run(run.environment), "what Python reads when it starts cannot be changed for a fork"
        with ExitStack() as held:
            with ExitStack() as given:
                answer, theirs = socket.socketpair()
                held.enter_context(answer)
                given.enter_context(theirs)
                request = given.enter_context(open(os.memfd_create("request"), "wb"))
                request.write(run.request())
                request.flush()
                stdin = given.enter_context(_fed_with(run.stdin))
                (stdout, output), (stderr, errors) = (_printed_to(lost, held) for lost in (run.output, run.errors))
                given.enter_context(stdout)
                given.enter_context(stderr)
                files = (request, theirs, stdin, stdout, stderr)
                socket.send_fds(self._control, [b"run"], [*(file.fileno() for file in files), *run.pass_fds])
            return _attend(answer, output, errors, run.kill)


def _fed_with(data: bytes) -> FileIO:
    """Make a pipe that this data can be read from, to its end."""
    reader, writer = _pipe()
    if len(data) <= select.PIPE_BUF:
        with writer:
            writer.write(data)
    else:
        threading.Thread(target=_feed, args=(writer, data), daemon=True).start()
    return reader


def _feed(writer: FileIO, data: bytes) -> None:
    rest = memoryview(data)
    # Who has read enough goes away.
    with writer, suppress(BrokenPipeError):
        while rest:
            rest = rest[writer.write(rest) :]


def _printed_to(lost: Lost | None, held: ExitStack) -> tuple[FileIO, FileIO | None]:
    """Give what a run can print to, and where that can be read, if anybody reads it."""
    if lost == "full":
        return FileIO("/dev/full", "wb"), None
    reader, writer = _pipe()
    if lost == "gone":
        reader.close()
        return writer, None
    if lost == "byte":
        # One page, which is soon full.
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        threading.Thread(target=_take_one, args=(reader,), daemon=True).start()
        return writer, None
    return writer, held.enter_context(reader)


def _pipe() -> tuple[FileIO, FileIO]:
    reader, writer = os.pipe()
    return FileIO(reader, "rb"), FileIO(writer, "wb")


def _take_one(reader: FileIO) -> None:
    with reader:
        reader.read(1)


def _attend(
    answer: socket.socket, output: FileIO | None, errors: FileIO | None, kill: tuple[int, float] | None
) -> tuple[int, bytes, bytes]:
    """Read what a run prints until it has ended and nobody can print any more; kill it when that is asked."""
    process: int = NUMBER.unpack(answer.recv(NUMBER.size))[0]
    said = {stream.fileno(): bytearray() for stream in (answer, output, errors) if stream is not None}
    began = time.monotonic()
    deaths = [(SECONDS, int(signal.SIGKILL)), *([(kill[1], kill[0])] if kill else [])]
    with selectors.DefaultSelector() as selector:
        for descriptor in said:
            selector.register(descriptor, selectors.EVENT_READ)
        alive = True
        while selector.get_map() and (alive or not kill):
            ready = selector.select(max(0, began + deaths[-1][0] - time.monotonic()))
            if not ready:
                seconds, number = deaths.pop()
                if alive:
                    with contextlib.suppress(ProcessLookupError):  # it ended just now, and its answer is on the way
                        os.kill(process, number)
                if not deaths:
                    raise subprocess.TimeoutExpired("a fork", seconds)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                said[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
                    alive &= key.fd != answer.fileno()
    told, *printed = said.values()
    code: int = NUMBER.unpack(told)[0]
    out, err = (bytes(printed.pop(0)) if stream else b"" for stream in (output, errors))
    return code, out, err
