"""Faults of evtool itself: told in one message, never in a traceback, and never by Python's own exit code 1.

`EVTOOL_TRACEBACK=1` in the environment adds the traceback, for whoever mends them.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from types import TracebackType

from evtool.cli.delivery import print_error
from evtool.core.errors import ExitCode

TRACEBACK_VARIABLE = "EVTOOL_TRACEBACK"

FAULT_HINT = (
    "this is a fault of evtool: please report it with this line; "
    f"{TRACEBACK_VARIABLE}=1 in the environment shows where it is"
)


class FaultWatch:
    """Hears of what nobody catches: in other threads, in what runs at exit, where an object is cleared away.

    Attributes:
        found: whether there was such a fault.
    """

    def __init__(self) -> None:
        self.found = False
        self._last_code: int | None = None

    def begin(self) -> None:
        """Take the place of the hooks with which Python prints tracebacks."""
        self._last_code = None
        sys.excepthook = self._end_at_once
        threading.excepthook = lambda fault: self._hear(fault.exc_value, fault.exc_traceback)
        sys.unraisablehook = lambda fault: self._hear(fault.exc_value, fault.exc_traceback)

    def run_exit_functions(self) -> None:
        """Run now what libraries registered to be run at exit: later, a fault could no longer change the exit code."""
        atexit._run_exitfuncs()

    def leave(self, code: int) -> None:
        """Tell that the process ends with this code, whatever threads that are still running meet with."""
        self._last_code = code
        # All files are closed and all words delivered: what is cleared away from here on can lose nothing.
        sys.unraisablehook = lambda _: None

    def _end_at_once(self, _: object, error: BaseException, trace: TracebackType | None) -> None:
        """End before Python does, which would use its own exit code."""
        self._last_code = self._last_code or ExitCode.NOT_CHECKED
        self._hear(error, trace)

    def _hear(self, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, SystemExit):
            return  # how a thread ends itself
        if not self.found:
            self.found = True
            print_error(describe_fault(error, trace), FAULT_HINT)
            print_traceback(error)
        if self._last_code is not None:
            sys.stderr.flush()
            os._exit(spoil(self._last_code))


def spoil(code: int) -> int:
    """Give the exit code of a run of which something was lost: what is proven or refused stays so, the rest is 4."""
    return ExitCode.NOT_CHECKED if code in (ExitCode.OK, ExitCode.NOT_ESTABLISHED) else code


def describe_fault(error: BaseException | None, trace: TracebackType | None = None) -> str:
    """Describe an unexpected error by type and place; its text may quote evidence and stays unsaid."""
    trace = trace or (error.__traceback__ if error else None)
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return f"internal error: {type(error).__name__}{where}"


def print_traceback(error: BaseException | None) -> None:
    """Print the traceback of an error on stderr, if the environment asks for it."""
    if error is not None and os.environ.get(TRACEBACK_VARIABLE):
        # Start-up time: a run without a fault needs none of it.
        import traceback

        traceback.print_exception(error, file=sys.stderr)
