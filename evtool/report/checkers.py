"""The checkers that come with this version: their bytes, and the digest by which a copy of one is known."""

from __future__ import annotations

import functools
import hashlib
from enum import Enum
from pathlib import Path


class Checker(Enum):
    """A program that checks a record without evtool; the value is the name of its file."""

    SCRIPT = "check.py"
    """A script of 150 lines for Python alone."""
    PAGE = "check.html"
    """The browser page: a whole second verifier, built from `evtool/web/src`."""


def read_checker(checker: Checker) -> bytes:
    """Read the file of a checker.

    Raises:
        OSError: this installation lacks it.
    """
    return (Path(__file__).parent / checker.value).read_bytes()


@functools.cache
def sha256_of(checker: Checker) -> str:
    """Give the SHA-256 of the file of a checker, in lower-case hexadecimal; read once in a run.

    Raises:
        OSError: as `read_checker`.
    """
    return hashlib.sha256(read_checker(checker)).hexdigest()
