"""check.py run inside the test's own process, so that hundreds of records take seconds.

What runs is the file as it is shipped, with `__name__` as Python gives it to a program. Two things differ from a
process of its own: the end of the program, which goes back to the test; and ssh-keygen, which is asked each question
about the same bytes once only.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import NoReturn

import pytest

from evtool.report.checkers import Checker
from tests.web.asked_once import ask_ssh_keygen

SCRIPT = Path(__file__).parents[2] / "evtool" / "web" / Checker.SCRIPT.value


class _Left(BaseException):
    """The program has ended; the argument is its exit code."""


@cache
def compiled() -> CodeType:
    """Compile the script once."""
    return compile(SCRIPT.read_bytes(), str(SCRIPT), "exec")


def _leave(code: int) -> NoReturn:
    raise _Left(code)


@contextlib.contextmanager
def _as_a_program(arguments: list[str], screen: io.TextIOWrapper) -> Iterator[None]:
    hook = sys.excepthook
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "_exit", _leave)
        patch.setattr(subprocess, "run", ask_ssh_keygen)
        patch.setattr(sys, "argv", arguments)
        patch.setattr(sys, "stdout", screen)
        try:
            yield
        finally:
            sys.excepthook = hook


def run_script(evidence: Path, *trust: Path) -> tuple[int, str]:
    """Run it; gives its exit code and what it printed. What escapes it ends the test."""
    printed = io.BytesIO()
    screen = io.TextIOWrapper(printed, encoding="utf-8", write_through=True)
    code = None
    with _as_a_program([str(SCRIPT), str(evidence), *map(str, trust)], screen):
        try:
            try:
                exec(compiled(), {"__name__": "__main__"})
            except Exception as fault:
                if sys.excepthook is sys.__excepthook__:
                    raise
                sys.excepthook(type(fault), fault, fault.__traceback__)  # as Python itself does with it
        except _Left as left:
            code = left.args[0]
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int), "it came to no end of its own"
    return code, printed.getvalue().decode("utf-8")
