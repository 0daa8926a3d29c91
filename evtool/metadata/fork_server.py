"""The fork server: one clean process that has every parser loaded, and forks one confined child for each file.

A process for each file, because one hostile file must not meet the next; forked from a warm parent, because starting
an interpreter for each would cost many times more. (Photographs may share one, see `child`.) The server was started
as a program of its own, so it holds no key, no passphrase and no thread of the process that seals. It reads nothing of
a file itself: it hands the descriptor to the child, collects what the child writes, ends it when its time is over,
and passes the answer on.
"""

from __future__ import annotations

import gc
import os
import resource
import selectors
import signal
import socket
import time

from msgspec import Struct, field

from evtool.core.metadata.claims import FormatClaim
from evtool.metadata.child import parse_in_confinement, preload, probe_in_confinement, read_table_in_confinement
from evtool.metadata.plain_fork import fork
from evtool.metadata.wire import (
    ANSWER_LIMIT,
    EXTRACT,
    PROBE,
    REPLY_HEAD,
    TABLE,
    TABLE_LIMIT,
    TOGETHER,
    Ending,
    Settings,
    parse_formats,
)

_CHILDREN = 2 * (os.cpu_count() or 1)
"""Children at the same time; further requests wait in the control socket."""

_CHUNK = 64 << 10

_PARTING = 0.2
"""Seconds between a child's last word and its end: a parser that answered and then stays is up to something else."""


class _Child(Struct):
    pid: int
    reply: socket.socket
    deadline: float
    limit: int
    request: bytes
    answer: bytearray = field(default_factory=bytearray)


def main(control_descriptor: int, settings: Settings) -> None:
    """Serve until the other end of the control socket is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the client, which then closes the socket
    preload(settings)
    # What is loaded is never collected: a collector that touches every object would copy every page in each child.
    gc.collect()
    gc.freeze()
    gc.disable()
    with socket.socket(fileno=control_descriptor) as control:
        _Server(control, settings).serve()


class _Server:
    def __init__(self, control: socket.socket, settings: Settings) -> None:
        self._control = control
        self._settings = settings
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._listening = False
        self._probed: tuple[Ending, int, bytes] | None = None

    def serve(self) -> None:
        """Accept, collect and end, until the client is gone."""
        self._listen(True)
        try:
            while True:
                for key, _ in self._selector.select(self._patience()):
                    if key.fileobj is not self._control:
                        self._collect(key.fd)
                    elif not self._accept():
                        return
                self._expire()
                self._listen(len(self._children) < _CHILDREN)
        finally:
            for child in self._children.values():
                os.kill(child.pid, signal.SIGKILL)

    def _listen(self, wanted: bool) -> None:
        if wanted and not self._listening:
            self._selector.register(self._control, selectors.EVENT_READ)
        elif not wanted and self._listening:
            self._selector.unregister(self._control)
        self._listening = wanted

    def _patience(self) -> float | None:
        if not self._children:
            return None
        return max(min(child.deadline for child in self._children.values()) - time.monotonic(), 0)

    def _accept(self) -> bool:
        request, descriptors, _, _ = socket.recv_fds(self._control, 1, 1 + TOGETHER)
        if not request:
            return False
        number, *files = descriptors
        reply = socket.socket(fileno=number)
        try:
            formats = parse_formats(_read_line(reply))
            if request == PROBE and self._probed:
                _send(reply, *self._probed)
            else:
                self._start(request, files, formats, reply)
        finally:
            for descriptor in files:
                os.close(descriptor)
        return True

    def _start(self, request: bytes, files: list[int], formats: list[FormatClaim | None], reply: socket.socket) -> None:
        answer, write_end = os.pipe()
        try:
            pid = fork()
        except OSError:
            os.close(answer)
            _send(reply, Ending.NOT_STARTED, 0, b"")
        else:
            if pid == 0:
                self._be_child(request, files, formats, write_end)
            deadline = time.monotonic() + self._settings.limits.wall_seconds
            limit = TABLE_LIMIT if request == TABLE else ANSWER_LIMIT * max(len(files), 1)
            self._children[answer] = _Child(pid, reply, deadline, limit, request)
            self._selector.register(answer, selectors.EVENT_READ)
        finally:
            os.close(write_end)

    def _be_child(self, request: bytes, files: list[int], formats: list[FormatClaim | None], answer: int) -> None:
        """Keep these descriptors (and the standard ones, which lead nowhere), then parse; never returns."""
        try:
            _close_all_but(*files, answer)
            if request == EXTRACT:
                parse_in_confinement(files, formats, answer, self._settings)
            elif request == TABLE:
                read_table_in_confinement(files[0], answer, self._settings)
            else:
                probe_in_confinement(answer, self._settings.limits)
        finally:
            os._exit(1)

    def _collect(self, descriptor: int) -> None:
        child = self._children[descriptor]
        data = os.read(descriptor, _CHUNK)
        child.answer += data
        if not data:
            self._finish(descriptor, None)
        elif len(child.answer) > child.limit:
            self._finish(descriptor, Ending.TALKED_TOO_MUCH)

    def _expire(self) -> None:
        now = time.monotonic()
        for descriptor in [descriptor for descriptor, child in self._children.items() if child.deadline <= now]:
            self._finish(descriptor, Ending.TIMED_OUT)

    def _finish(self, descriptor: int, ending: Ending | None) -> None:
        child = self._children.pop(descriptor)
        self._selector.unregister(descriptor)
        os.close(descriptor)
        if ending is not None:
            os.kill(child.pid, signal.SIGKILL)
        code = _wait(child)
        if ending is None:
            ending = Ending.EXITED if code >= 0 else Ending.SIGNALLED
        told = ending, abs(code), bytes(child.answer[: child.limit])
        if child.request == PROBE:
            self._probed = told  # one is enough for all clients: each child is confined in the same way
        _send(child.reply, *told)


def _wait(child: _Child) -> int:
    """Reap a child that closed its pipe. One that stays on after that has nothing left to say and is ended."""
    end = time.monotonic() + _PARTING
    while True:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            os.kill(child.pid, signal.SIGKILL)
        time.sleep(0.0001)


def _close_all_but(*kept: int) -> None:
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _read_line(reply: socket.socket) -> bytes:
    """Read what the client wrote before it made its request."""
    line = b""
    while not line.endswith(b"\n") and (part := reply.recv(_CHUNK)):
        line += part
    return line


def _send(reply: socket.socket, ending: Ending, code: int, answer: bytes) -> None:
    """Pass an answer on; a client that does not take it must not hold up the others."""
    with reply:
        reply.settimeout(1)
        try:
            reply.sendall(REPLY_HEAD.pack(ending, code) + answer)
        except OSError:
            return


def start(control_descriptor: str, settings: str) -> None:
    """Enter from the command line that the client builds."""
    main(int(control_descriptor), Settings.parse(settings))
