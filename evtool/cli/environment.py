"""The variables of the environment that stand for options and places; an option that is given wins over them.

A variable that is set to nothing counts as not set. A wrong one is an error that names the variable: nobody looks for
an option that was never typed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

from evtool.core.errors import EvtoolError
from evtool.keys.home import HOME_VARIABLE, check_full_path
from evtool.report.language import ENVIRONMENT


class Variable(Enum):
    """A variable, by its name."""

    HOME = HOME_VARIABLE
    """Where keys, trust and configuration are; `evtool.keys.home` reads it, for programs too."""
    AGENT = "EVTOOL_AGENT"
    """The code to sign under, as --agent."""
    KEY = "EVTOOL_KEY"
    """The key to sign with, as --key."""
    TRUST = "EVTOOL_TRUST"
    """The trust list, as --trust."""
    LANGUAGE = ENVIRONMENT
    """The language of answers; `evtool.report.language` reads it, for programs too."""

    def read(self) -> str | None:
        """Give its value; None if it is not set, or set to nothing."""
        return os.environ.get(self.value) or None

    def read_path(self) -> str | None:
        """Give the path that it holds, as `read`.

        Raises:
            UsageError: the path begins in the current directory.
        """
        path = self.read()
        return path and check_full_path(self.value, path)


@contextmanager
def blaming(*variables: Variable) -> Iterator[None]:
    """Let an error name the variables whose values led to it; without any, it stays as it is.

    Raises:
        EvtoolError: of the same kind as the one that was raised.
    """
    try:
        yield
    except EvtoolError as why:
        if not variables:
            raise
        names, error = ", ".join(variable.value for variable in variables), type(why)
        raise error(
            "{names}: {why}", hint="{why.hint}", key="variable", lines=why.lines, ways=why.ways, names=names, why=why
        ) from why
