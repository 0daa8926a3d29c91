"""Asks the fork server what files say about themselves.

The one thing that the rest of evtool uses of this package:

    with MetadataExtractor() as extractor:
        result = extractor.extract(descriptor)
        if result.claims is not None: ...

An extraction never raises for what a file contains. A parser that was killed, hung or crashed costs that file its
claims, or those it had not yet found, and the reason is part of the result.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Self

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.vocabulary import NOT_PARSED, Detail, Failure
from evtool.metadata.answer import read_answer
from evtool.metadata.format_table import BEGINNING, begins_alone
from evtool.metadata.identify_start import HEAD, claims_at_start
from evtool.metadata.wire import (
    ANSWER_LIMIT,
    EXTRACT,
    PROBE,
    REPLY_HEAD,
    REQUIRED_REFUSALS,
    TABLE,
    TABLE_LIMIT,
    TOGETHER,
    Ending,
    Limits,
    Settings,
)

_BOOTSTRAP = (
    "import sys; sys.path += sys.argv[3:]; from evtool.metadata.fork_server import start; start(*sys.argv[1:3])"
)

_LIBRARIES = ("evtool", "exifread", "olefile", "puremagic", "pypdf", "python_calamine", "tinytag")

_COPY_LIMIT = 256 << 20
"""Bytes of the largest file that is copied into memory where the descriptor itself cannot be handed over."""

_STARTS = 3
"""How often a fork server that died is started again."""

_AHEAD = min(2 * (os.cpu_count() or 1), 8)
"""Requests on their way at the same time; each may hold `TOGETHER` descriptors open."""


@dataclass(frozen=True, slots=True)
class ExtractionResult:
    """What one file says about itself, and how that was found out.

    Attributes:
        claims: in the form that was asked for; None if nothing at all could be found out. With a `failure` beside
            them they are what the parser had found before it ended.
        failure: None if the parser finished (each extractor's own problems are part of the claims).
        confinement: the mechanisms that confined the parser, joined by `+`; "none" without confinement; `NOT_PARSED`
            if no parser read the file.
    """

    claims: Claims | None
    failure: Failure | None
    confinement: str


@dataclass(frozen=True, slots=True)
class _Batch:
    """Files that were handed over together, and where their reply comes from.

    Attributes:
        files: place in the order in which they were asked for -> own descriptor.
        pending: the socket of the reply; or the result of all of them.
    """

    files: dict[int, int]
    pending: socket.socket | ExtractionResult

    def abandon(self) -> None:
        """Close what is open for a reply that nobody will ask for."""
        if isinstance(self.pending, socket.socket):
            self.pending.close()
        for descriptor in self.files.values():
            os.close(descriptor)


class MetadataExtractor:
    """A connection to one fork server, which starts with the first file.

    May be used by several threads. Worker processes that were forked may go on using it as well; those that were
    started afresh make their own.

    Attributes:
        detail: with `Detail.BASIC` what the basic form leaves out never leaves the parser's process.
        limits: what one parser's process may cost.
        sandbox: False parses without confinement.
        tables: True reads workbooks, by `read_table`, and nothing else.
    """

    def __init__(
        self,
        *,
        detail: Detail = Detail.FULL,
        limits: Limits | None = None,
        sandbox: bool = True,
        tables: bool = False,
    ) -> None:
        self._settings = Settings(limits or Limits(), sandbox, basic=detail is Detail.BASIC, tables=tables)
        self._lock = threading.Lock()
        self._starts = 0
        self._owner = os.getpid()
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._confinement = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the fork server; what it is parsing at this moment is ended too."""
        with self._lock:
            self._disconnect()

    @property
    def confinement(self) -> str:
        """The mechanisms that confine the parser, joined by `+`; "" where it is refused, "none" where unwanted."""
        with self._lock:
            self._connect()
        return self._confinement

    def extract(self, descriptor: int) -> ExtractionResult:
        """Find out what a file claims, by its open descriptor; its position is neither used nor moved.

        Takes at most the limits' time. Raises nothing for what the file contains.
        """
        start = self._look(descriptor)
        return start if isinstance(start, ExtractionResult) else self._parse(descriptor)

    def _parse(self, descriptor: int) -> ExtractionResult:
        pending = self._submit([descriptor])
        return pending if isinstance(pending, ExtractionResult) else self._finish(pending, 1)[0]

    def read_table(self, descriptor: int) -> tuple[bytes, Failure | None]:
        """Give what the child wrote of a workbook (see `wire`), and how it failed, if it did."""
        pending = self._submit([descriptor], TABLE)
        if isinstance(pending, ExtractionResult):
            return b"", pending.failure
        reply = _receive(pending, TABLE_LIMIT)
        if len(reply) < REPLY_HEAD.size:
            return b"", Failure.KILLED
        ending, code = REPLY_HEAD.unpack_from(reply)
        return reply[REPLY_HEAD.size :], _failure(Ending(ending), code)

    def extract_all(self, descriptors: Iterable[int], together: int = TOGETHER) -> Iterator[ExtractionResult]:
        """Find out what many files claim, in their order, on all cores.

        Up to `together` files that Python code alone reads, or nobody, share one process; 1 gives each its own. All
        others have their own. A descriptor may be closed as soon as the next one is asked for.
        """
        waiting: deque[_Batch] = deque()
        results: dict[int, ExtractionResult] = {}
        given = 0
        try:
            for batch in self._batches(descriptors, min(max(together, 1), TOGETHER), results):
                waiting.append(batch)
                if len(waiting) >= _AHEAD:
                    results.update(self._results(waiting.popleft()))
                while given in results:
                    yield results.pop(given)
                    given += 1
            while waiting:
                results.update(self._results(waiting.popleft()))
            for index in sorted(results):
                yield results[index]
        finally:
            for batch in waiting:
                batch.abandon()

    def _batches(
        self, descriptors: Iterable[int], together: int, results: dict[int, ExtractionResult]
    ) -> Iterator[_Batch]:
        """Hand files over: at once what needs a process of its own, the others when there are enough of them.

        What needs no parser goes straight into the results.
        """
        held: dict[int, int] = {}
        try:
            for index, descriptor in enumerate(descriptors):
                start = self._look(descriptor)
                if isinstance(start, ExtractionResult):
                    results[index] = start
                    continue
                own = os.dup(descriptor)
                if together == 1 or begins_alone(start):
                    yield self._hand_over({index: own})
                    continue
                held[index] = own
                if len(held) == together:
                    batch, held = self._hand_over(held), {}
                    yield batch
            if held:
                batch, held = self._hand_over(held), {}
                yield batch
        finally:
            for descriptor in held.values():
                os.close(descriptor)

    def _look(self, descriptor: int) -> ExtractionResult | bytes:
        """Look at the start of a file, by comparison alone: give its claims if that is enough, else the start."""
        try:
            head, size = os.pread(descriptor, HEAD, 0), os.fstat(descriptor).st_size
        except (OSError, AttributeError):  # Windows has no such call, and nothing is parsed there
            return b""
        claims = claims_at_start(head, size) if head or not size else None
        if claims is None:
            return head[:BEGINNING]
        return ExtractionResult(claims.reduce_to_basic() if self._settings.basic else claims, None, NOT_PARSED)

    def _hand_over(self, files: dict[int, int]) -> _Batch:
        return _Batch(files, self._submit(list(files.values())))

    def _results(self, batch: _Batch) -> Iterator[tuple[int, ExtractionResult]]:
        """Give a batch's results; a file that has none, as it may not share or its company failed, is read alone."""
        files = batch.files
        try:
            if isinstance(batch.pending, ExtractionResult):
                yield from ((index, batch.pending) for index in files)
                return
            results = self._finish(batch.pending, len(files))
            for (index, descriptor), result in zip(files.items(), results, strict=True):
                settled = len(files) == 1 or (result.failure is None and result.claims is not None)
                yield index, result if settled else self._parse(descriptor)
        finally:
            for descriptor in files.values():
                os.close(descriptor)

    def _submit(self, descriptors: list[int], request: bytes = EXTRACT) -> socket.socket | ExtractionResult:
        with self._lock:
            if (failure := self._connect()) is not None:
                return ExtractionResult(None, failure, self._confinement or "none")
            copies: list[int] = []
            try:
                if self._settings.confined and "seccomp" not in self._confinement:
                    # Only seccomp keeps a parser from changing the mode or times of a file by its descriptor.
                    copies += map(_copy_to_memory, descriptors)
                return self._request(request, copies or descriptors)
            except _TooLargeError:
                return ExtractionResult(None, Failure.TOO_LARGE, self._confinement)
            except OSError:
                self._disconnect()
                return ExtractionResult(None, Failure.NOT_STARTED, self._confinement)
            finally:
                for copy in copies:
                    os.close(copy)

    def _request(self, request: bytes, descriptors: list[int]) -> socket.socket:
        assert self._control is not None  # noqa: S101  # for the type checker: _connect has made it
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [request], [theirs.fileno(), *descriptors])
        # Time enough for those that wait before it; the server holds each to its own limits.
        mine.settimeout(10 + 2 * _AHEAD * self._settings.limits.wall_seconds)
        return mine

    def _finish(self, pending: socket.socket, files: int) -> list[ExtractionResult]:
        reply = _receive(pending, ANSWER_LIMIT * files)
        if len(reply) < REPLY_HEAD.size:
            with self._lock:
                self._disconnect()
            return [ExtractionResult(None, Failure.KILLED, self._confinement)] * files
        ending, code = REPLY_HEAD.unpack_from(reply)
        failure = _failure(Ending(ending), code)
        return [
            # Killed after its last word is still an answer.
            ExtractionResult(claims, None if ended else failure or Failure.ANSWER, self._confinement)
            for claims, ended in read_answer(reply[REPLY_HEAD.size :], files)
        ]

    def _connect(self) -> Failure | None:
        """Start the fork server if it is not running; the lock is held."""
        if self._control is not None:
            return None
        if not hasattr(os, "fork") or not hasattr(socket, "send_fds"):
            return Failure.NO_CONFINEMENT
        if self._confinement == "" and self._starts:
            return Failure.NO_CONFINEMENT
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
        self._control = mine
        self._confinement = self._probe() if self._settings.confined else "none"
        if not self._confinement:
            self._disconnect()
            return Failure.NO_CONFINEMENT
        return None

    def _probe(self) -> str:
        """Have a child show what its confinement refuses; "" unless it refuses all that it must."""
        try:
            reply = _receive(self._request(PROBE, []), ANSWER_LIMIT)
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
            try:
                self._server.wait(2)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._server = None


def _start_server(control: socket.socket, settings: Settings) -> subprocess.Popen[bytes]:
    # Isolated: no variable of the environment, no file in the current directory has a say in what is loaded.
    arguments = [
        sys.executable,
        "-I",
        "-B",
        "-c",
        _BOOTSTRAP,
        str(control.fileno()),
        json.dumps(asdict(settings)),
        *_library_folders(),
    ]
    environment = {"LC_ALL": "C.UTF-8"} | {k: v for k, v in os.environ.items() if k == "LD_LIBRARY_PATH"}
    return subprocess.Popen(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(control.fileno(),),
        start_new_session=True,
        cwd="/",
        env=environment,
    )


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
