"""The checkers that come with this version: their bytes, and the digest by which a copy of one is known."""

from __future__ import annotations

import functools
import hashlib
from enum import Enum
from pathlib import Path

from evtool.core.errors import InputError

_FOLDER = Path(__file__).parents[1] / "web"


class Checker(Enum):
    """A program that checks a record without evtool; the value is the name of its file."""

    SCRIPT = "check.py"
    """A script of 150 lines for Python alone."""
    PAGE = "check.html"
    """The browser page: a whole second verifier, built from `evtool/web/src`."""


def read_checker(checker: Checker) -> bytes:
    """Read the file of a checker.

    Raises:
        InputError: this installation lacks it.
    """
    try:
        return (_FOLDER / checker.value).read_bytes()
    except OSError as error:
        raise InputError(
            "this installation of evtool lacks its file {name}: {why.strerror}",
            hint="install evtool again; without the file it cannot name the digest by which a copy of it is known",
            key="checker-missing",
            name=checker.value,
            why=error,
        ) from error


@functools.cache
def sha256_of(checker: Checker) -> str:
    """Give the SHA-256 of the file of a checker, in lower-case hexadecimal; read once in a run.

    Raises:
        InputError: as `read_checker`.
    """
    return hashlib.sha256(read_checker(checker)).hexdigest()
