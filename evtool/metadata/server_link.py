"""The client's side of one fork server: starts it when it is first asked, has it show its confinement, asks it."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from evtool.core.metadata.claims import FormatClaim
from evtool.core.metadata.vocabulary import Failure
from evtool.metadata.wire import (
    ANSWER_LIMIT,
    CAN_PARSE,
    EXTRACT,
    PROBE,
    REPLY_HEAD,
    REQUIRED_REFUSALS,
    Ending,
    Settings,
    spell_formats,
)

_BOOTSTRAP = (
    "import sys; sys.path += sys.argv[3:]; from evtool.metadata.fork_server import start; start(*sys.argv[1:3])"
)

_LIBRARIES = ("evtool", "exifread", "olefile", "puremagic", "pypdf", "python_calamine", "tinytag")

_COPY_LIMIT = 256 << 20
"""Bytes of the largest file that is copied into memory where the descriptor itself cannot be handed over."""

_STARTS = 3
"""How often a fork server that died is started again."""

AHEAD = min(2 * (os.cpu_count() or 1), 8)
"""Requests that one process has on their way at the same time."""

_PATIENCE = 2.0
"""Seconds that a server has to end after its client is gone."""


class ServerLink:
    """A connection to a fork server.

    May be used by several threads. Processes that are forked after `share` use the same server; a server that dies they
    replace, each for itself.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._starts = 0
        self._owner = os.getpid()
        self._server: subprocess.Popen[bytes] | int | None = None
        """The server, as the program that was started, or as the process that waits to become it."""
        self._control: socket.socket | None = None
        self._is_probed = False
        self.confinement: str | None = None
        """The mechanisms that confine the parser, joined by `+`, as the server that was asked last has shown them; ""
        where it is refused, "none" where unwanted, None before any was asked."""

    def ask_confinement(self) -> str:
        """Give the mechanisms that confine the parser, as above; asks a server if none was asked."""
        with self._lock:
            self._connect()
        return self.confinement or ""

    def share(self) -> None:
        """Make the connection before processes are forked that are to have it; the server starts when one asks.

        Where forking is not safe, each of them starts a server of its own when it needs one.
        """
        with self._lock:
            if self._control is not None or sys.platform != "linux" or threading.active_count() > 1:
                return
            mine, theirs = socket.socketpair()
            with theirs:
                arguments = _arguments(theirs, self._settings)
                try:
                    self._server = os.fork()
                except OSError:
                    mine.close()
                    return
                if self._server == 0:
                    _become_server_when_asked(theirs.fileno(), arguments)
            self._owner = os.getpid()
            self._control = mine

    def close(self) -> None:
        """End the fork server; what it is parsing at this moment is ended too."""
        with self._lock:
            self._disconnect()

    def submit(
        self, descriptors: Sequence[int], formats: Sequence[FormatClaim | None] = (), request: bytes = EXTRACT
    ) -> socket.socket | Failure:
        """Hand files over, and give the socket on which the reply comes, or why they cannot be read."""
        with self._lock:
            if (failure := self._connect()) is not None:
                return failure
            copies: list[int] = []
            try:
                if self._settings.confined and "seccomp" not in (self.confinement or ""):
                    # Only seccomp keeps a parser from changing the mode or times of a file by its descriptor.
                    copies += map(_copy_to_memory, descriptors)
                return self._request(request, copies or descriptors, formats)
            except _TooLargeError:
                return Failure.TOO_LARGE
            except OSError:
                self._disconnect()
                return Failure.NOT_STARTED
            finally:
                for copy in copies:
                    os.close(copy)

    def receive(self, pending: socket.socket, limit: int) -> tuple[bytes, Failure | None]:
        """Wait for a reply: what the child wrote, of at most `limit` bytes, and how it failed, if it did."""
        reply = _receive(pending, limit)
        if len(reply) < REPLY_HEAD.size:
            with self._lock:
                self._disconnect()
            return b"", Failure.KILLED
        ending, code = REPLY_HEAD.unpack_from(reply)
        return reply[REPLY_HEAD.size :], _failure(Ending(ending), code)

    def _request(
        self, request: bytes, descriptors: Sequence[int], formats: Sequence[FormatClaim | None]
    ) -> socket.socket:
        assert self._control is not None  # noqa: S101  # for the type checker: _connect has made it
        mine, theirs = socket.socketpair()
        with theirs:
            mine.sendall(spell_formats(formats or [None] * len(descriptors)) + b"\n")
            socket.send_fds(self._control, [request], [theirs.fileno(), *descriptors])
        # Time enough for those that wait before it; the server holds each to its own limits.
        mine.settimeout(10 + 2 * AHEAD * self._settings.limits.wall_seconds)
        return mine

    def _connect(self) -> Failure | None:
        """Start the fork server if it is not running; the lock is held."""
        if self.confinement == "":
            return Failure.NO_CONFINEMENT
        if self._is_probed:
            return None
        if not CAN_PARSE:
            return Failure.NO_CONFINEMENT if self._settings.confined else Failure.NOT_STARTED
        if self._control is None and (failure := self._start()) is not None:
            return failure
        self.confinement = self._probe() if self._settings.confined else "none"
        if not self.confinement:
            self._disconnect()
            return Failure.NO_CONFINEMENT
        self._is_probed = True
        return None

    def _start(self) -> Failure | None:
        if self._starts >= _STARTS:
            return Failure.NOT_STARTED
        self._starts += 1
        mine, theirs = socket.socketpair()
        with theirs:
            try:
                self._server = _start_server(theirs, self._settings)
            except OSError:
                mine.close()
                return Failure.NOT_STARTED
        self._owner = os.getpid()
        self._control = mine
        return None

    def _probe(self) -> str:
        """Have a child show what its confinement refuses; "" unless it refuses all that it must."""
        try:
            reply = _receive(self._request(PROBE, [], []), ANSWER_LIMIT)
            found = json.loads(reply[REPLY_HEAD.size :])
        except (OSError, ValueError):
            return ""
        refused = set(REQUIRED_REFUSALS) <= set(found["refused"])
        return "+".join(found["applied"]) if refused else ""

    def _disconnect(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._server is not None and os.getpid() == self._owner:
            _wait_for_end(self._server)
        self._server = None
        self._is_probed = False


def _arguments(control: socket.socket, settings: Settings) -> list[str]:
    # Isolated: no variable of the environment, no file in the current directory has a say in what is loaded.
    return [
        *(sys.executable, "-I", "-B", "-c", _BOOTSTRAP),
        *(str(control.fileno()), settings.spell()),
        *_library_folders(),
    ]


def _environment() -> dict[str, str]:
    return {"LC_ALL": "C.UTF-8"} | {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}


def _start_server(control: socket.socket, settings: Settings) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _arguments(control, settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(control.fileno(),),
        start_new_session=True,
        cwd="/",
        env=_environment(),
    )


def _become_server_when_asked(control: int, arguments: list[str]) -> NoReturn:
    """Wait in a process that was just forked until there is a request, and become the fork server.

    It keeps nothing open but the control socket: what it holds else, such as the control sockets of others, would never
    be seen to be closed.
    """
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.chdir("/")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(nowhere, number)
        os.closerange(3, control)
        os.closerange(control + 1, os.sysconf("SC_OPEN_MAX"))
        waiting = select.poll()
        waiting.register(control, select.POLLIN)
        (_, events), *_ = waiting.poll()
        if events & select.POLLIN and not _is_closed(control):
            os.set_inheritable(control, True)
            os.execve(arguments[0], arguments, _environment())  # noqa: S606  # this very interpreter
    finally:
        os._exit(1)


def _is_closed(control: int) -> bool:
    """Tell whether the other side is gone without a request; a request stays where it is."""
    with socket.socket(fileno=os.dup(control)) as copy:
        return not copy.recv(1, socket.MSG_PEEK)


def _wait_for_end(server: subprocess.Popen[bytes] | int) -> None:
    """Reap a server whose control socket is closed, and end it if it stays."""
    if not isinstance(server, int):
        try:
            server.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        return
    end, pause = time.monotonic() + _PATIENCE, 0.0005
    with contextlib.suppress(ChildProcessError):
        while not os.waitpid(server, os.WNOHANG)[0]:
            if time.monotonic() > end:
                os.kill(server, signal.SIGKILL)
                os.waitpid(server, 0)
                return
            time.sleep(pause)
            pause = min(2 * pause, 0.05)


def _library_folders() -> list[str]:
    """Where the libraries lie, for installations that an isolated interpreter does not find by itself."""
    folders: dict[str, None] = {}
    for name in _LIBRARIES:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folder = os.path.dirname(os.path.abspath(spec.origin))
            folders[os.path.dirname(folder) if spec.submodule_search_locations else folder] = None
    return list(folders)


def _receive(reply: socket.socket, limit: int) -> bytes:
    """Read a whole reply, with an answer of at most `limit` bytes; a short one if the server is gone or late."""
    data = bytearray()
    with reply, contextlib.suppress(OSError):
        while len(data) <= limit + REPLY_HEAD.size and (chunk := reply.recv(64 << 10)):
            data += chunk
    return bytes(data)


def _failure(ending: Ending, code: int) -> Failure | None:
    if ending is Ending.NOT_STARTED:
        return Failure.NOT_STARTED
    if ending is Ending.TIMED_OUT:
        return Failure.WALL_TIME
    if ending is Ending.TALKED_TOO_MUCH:
        return Failure.ANSWER
    if ending is Ending.SIGNALLED:
        return Failure.CPU_TIME if code == _SIGXCPU else Failure.KILLED
    return Failure.KILLED if code else None


_SIGXCPU = 24
"""On Linux and macOS; Windows, which has no such signal, does not get here."""


class _TooLargeError(Exception):
    """A file cannot be copied into memory."""


def _copy_to_memory(descriptor: int) -> int:
    """Copy a file into memory without a name.

    Raises:
        _TooLargeError: it is too large, or the platform has no such memory.
    """
    if os.fstat(descriptor).st_size > _COPY_LIMIT or not hasattr(os, "memfd_create"):
        raise _TooLargeError
    copy = os.memfd_create("item", os.MFD_CLOEXEC)
    position = 0
    while chunk := os.pread(descriptor, 1 << 20, position):
        position += os.write(copy, chunk)
    return copy
