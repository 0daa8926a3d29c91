"""An Executor of forked worker processes that the calling thread itself talks to.

`concurrent.futures.ProcessPoolExecutor` keeps two threads beside the caller's, which contend with it for the
interpreter for every batch; and when one worker is killed, it gives up all of them. Here the caller moves the bytes
whenever it waits for a result, so there is no other thread, and a worker that dies takes nothing with it but the
call it was at.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, NoReturn, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_HEADER = struct.Struct("<Q")
_READ = 1024 * 1024
_PIPE_SIZE = 1024 * 1024
"""What a pipe is asked to hold, so that a worker need not wait for the parent to take a result."""

_AHEAD = 2
"""Calls that a worker may have: the one it is at, and the next one, so that it need not wait for the parent."""


class WorkerLostError(BrokenExecutor):
    """A worker process ended before it had answered."""


class ForkExecutor(Executor):
    """Runs calls in worker processes.

    Only the thread that made it may use it, and waits by asking a future for its result: `concurrent.futures.wait`
    would sleep while nobody moves the bytes. Functions, arguments and results are pickled.
    """

    def __init__(self, workers: int) -> None:
        self._queue: deque[tuple[_Future[Any], bytes]] = deque()
        self._workers: list[_Worker] = []
        self._by_descriptor: dict[int, _Worker] = {}
        self._poll = select.poll()
        self._lifeline = os.pipe()
        self._is_shut = False
        for _ in range(workers):
            self._start_worker()

    @property
    def processes(self) -> list[int]:
        """Process identifiers of the workers that are alive."""
        return [worker.process for worker in self._workers]

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Send a call to a worker.

        Raises:
            RuntimeError: the executor was shut down.
            BrokenExecutor: no worker is left.
        """
        if self._is_shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if not self._workers:
            raise WorkerLostError("every worker process ended")
        future: _Future[_T] = _Future(self)
        self._queue.append((future, pickle.dumps((fn, args, kwargs), pickle.HIGHEST_PROTOCOL)))
        self._assign()
        self._pump(0)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; calls that are under way are waited for, or given up together with those not begun."""
        if self._is_shut:
            return
        self._is_shut = True
        if wait and not cancel_futures:
            while self._queue or any(worker.calls for worker in self._workers):
                self._pump(None)
        for future, _ in self._queue:
            future.cancel()
        for worker in self._workers:
            # They only ever read, so one may be ended anywhere; a huge file would keep it for a long time.
            worker.close(kill=bool(worker.calls))
        self._workers.clear()
        for descriptor in self._lifeline:
            os.close(descriptor)

    def wait_for(self, future: Future[Any], timeout: float | None) -> None:
        """Move bytes until a future is done, or until so many seconds are over."""
        end = None if timeout is None else time.monotonic() + timeout
        while not future.done():
            if self._is_shut:
                raise RuntimeError("the executor was shut down before the call was done")
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return
            self._pump(left)

    def _start_worker(self) -> None:
        calls_out, calls_in = os.pipe()
        answers_out, answers_in = os.pipe()
        process = os.fork()
        if process == 0:
            for worker in self._workers:
                os.close(worker.calls_in)
                os.close(worker.answers_out)
            for descriptor in (calls_in, answers_out, self._lifeline[1]):
                os.close(descriptor)
            _serve(calls_out, answers_in, self._lifeline[0])
        os.close(calls_out)
        os.close(answers_in)
        worker = _Worker(process, calls_in, answers_out)
        self._workers.append(worker)
        self._by_descriptor[answers_out] = self._by_descriptor[calls_in] = worker
        self._poll.register(answers_out, select.POLLIN)

    def _assign(self) -> None:
        """Hand out what waits, each call to the worker that has the fewest."""
        while self._queue and self._workers:
            worker = min(self._workers, key=_count_calls)
            if len(worker.calls) == _AHEAD:
                return
            future, call = self._queue.popleft()
            if future.cancelled():
                continue
            worker.calls.append((future, call))
            worker.output += (_HEADER.pack(len(call)), call)
            self._write(worker)

    def _pump(self, timeout: float | None) -> None:
        """Write and read what can be; wait so many seconds until something can, with `None` for ever."""
        for descriptor, event in self._poll.poll(None if timeout is None else timeout * 1000):
            worker = self._by_descriptor.get(descriptor)
            if worker is None:
                continue
            if descriptor == worker.calls_in:
                self._write(worker)
            elif event & (select.POLLIN | select.POLLHUP):
                self._read(worker)

    def _write(self, worker: _Worker) -> None:
        """Send as much as the pipe takes; ask to be told when it can take more."""
        try:
            while worker.output:
                data = worker.output.popleft()
                written = os.write(worker.calls_in, data)
                if written < len(data):
                    worker.output.appendleft(data[written:])
        except BlockingIOError:
            worker.output.appendleft(data)
            self._poll.register(worker.calls_in, select.POLLOUT)
        except BrokenPipeError:
            # It is gone; reading its answers will show how far it came.
            worker.output.clear()
            self._unregister(worker.calls_in)
        else:
            self._unregister(worker.calls_in)

    def _read(self, worker: _Worker) -> None:
        data = os.read(worker.answers_out, _READ)
        if not data:
            self._bury(worker)
        for answer in worker.take(data):
            future, _ = worker.calls.popleft()
            succeeded, value = pickle.loads(answer)  # noqa: S301  # from our own child
            future.settle(value if succeeded else None, None if succeeded else value)
        self._assign()

    def _bury(self, worker: _Worker) -> None:
        """A worker is gone: the call it was at is lost, the next one goes to another worker."""
        self._workers.remove(worker)
        for descriptor in (worker.answers_out, worker.calls_in):
            self._unregister(descriptor)
            del self._by_descriptor[descriptor]
        worker.close(kill=True)
        lost, *others = worker.calls or [None]
        worker.calls.clear()
        self._queue.extendleft(reversed([call for call in others if call is not None]))
        if lost is not None:
            lost[0].settle(None, WorkerLostError("a worker process ended before it had answered"))
        if not self._workers:
            while self._queue:
                self._queue.popleft()[0].settle(None, WorkerLostError("every worker process ended"))

    def _unregister(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError):
            self._poll.unregister(descriptor)


class _Future(Future[_T]):
    """A future that has its executor move bytes while somebody waits for it."""

    def __init__(self, executor: ForkExecutor) -> None:
        super().__init__()
        self._executor = executor

    def result(self, timeout: float | None = None) -> _T:
        """Wait for the call, at most so many seconds, and give what it returned.

        Raises:
            TimeoutError: there is no answer yet.
        """
        self._executor.wait_for(self, timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait for the call, at most so many seconds, and give what it raised.

        Raises:
            TimeoutError: there is no answer yet.
        """
        self._executor.wait_for(self, timeout)
        return super().exception(0)

    def settle(self, value: Any, error: BaseException | None) -> None:
        """Take the answer, unless nobody wants it any more."""
        if self.set_running_or_notify_cancel():
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)


class _Worker:
    """The parent's side of one worker process."""

    def __init__(self, process: int, calls_in: int, answers_out: int) -> None:
        self.process = process
        self.calls_in = calls_in
        self.answers_out = answers_out
        self.calls: deque[tuple[_Future[Any], bytes]] = deque()
        """Calls it was given and has not answered."""
        self.output: deque[bytes] = deque()
        """Bytes that its pipe had no room for."""
        self._input = bytearray()
        os.set_blocking(calls_in, False)
        _enlarge(calls_in)
        _enlarge(answers_out)

    def take(self, data: bytes) -> list[bytes]:
        """Take bytes that it sent, and give the answers that are complete."""
        self._input += data
        answers: list[bytes] = []
        at = 0
        while len(self._input) - at >= _HEADER.size:
            (size,) = _HEADER.unpack_from(self._input, at)
            end = at + _HEADER.size + size
            if len(self._input) < end:
                break
            answers.append(bytes(self._input[at + _HEADER.size : end]))
            at = end
        del self._input[:at]
        return answers

    def close(self, *, kill: bool) -> None:
        """Close the pipes, which ends the process, and wait for it."""
        os.close(self.calls_in)
        os.close(self.answers_out)
        if kill:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.process, 0)


def _count_calls(worker: _Worker) -> int:
    return len(worker.calls)


def _enlarge(pipe: int) -> None:
    """Ask for a larger pipe where the system has such a thing."""
    # Not every platform has it.
    import fcntl

    # The system limits how much a user may have in pipes; the usual size will do.
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)


def _serve(calls: int, answers: int, lifeline: int) -> NoReturn:
    """Answer calls until there are no more of them; this is the life of a worker process."""
    # Only a worker process needs these.
    import gc
    import threading

    status = 1
    try:
        # The parent gets the Ctrl-C and decides; a traceback of each worker would only hide its message.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        gc.disable()  # a worker keeps nothing that refers to itself
        threading.Thread(target=_end_with_parent, args=(lifeline,), daemon=True).start()
        while header := _read_exactly(calls, _HEADER.size):
            call = _read_exactly(calls, *_HEADER.unpack(header))
            answer = _answer(call)
            _write_all(answers, _HEADER.pack(len(answer)) + answer)
        status = 0
    finally:
        # Whatever happened, nothing of the parent's (open files, its exit handlers) may run here.
        os._exit(status)


def _answer(call: bytes) -> bytes:
    try:
        fn, args, kwargs = pickle.loads(call)  # noqa: S301  # from our own parent
        return pickle.dumps((True, fn(*args, **kwargs)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001  # it belongs to whoever asks for the result
        return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)


def _end_with_parent(lifeline: int) -> None:
    """End this worker when its parent is gone: a killed seal must not leave readers on the evidence."""
    os.read(lifeline, 1)
    os._exit(1)


def _read_exactly(descriptor: int, size: int) -> bytes:
    """Read so many bytes; none if the other side closed the pipe."""
    parts: list[bytes] = []
    while size:
        part = os.read(descriptor, size)
        if not part:
            return b""
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
