"""What the library remarks while it works, told to a person beside the answer."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TextIO

from evtool.cli.next_command import fill_commands
from evtool.report.language import language_of_errors
from evtool.store.medium import MediumWarning


def show_notes() -> None:
    """Print what evtool remarks as notes, each once; warnings of other libraries stay as Python prints them."""
    default = warnings.showwarning
    told: set[str] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if not issubclass(category, MediumWarning):
            default(message, category, filename, lineno, file, line)
        elif str(message) not in told:
            told.add(str(message))
            # It comes in the middle of writing a record, which a full standard error must not disturb.
            with contextlib.suppress(OSError):
                language = language_of_errors().telling(fill_commands)
                sys.stderr.write(f"evtool: {language.word('program', 'note')}: {language.say('note.medium')}\n")

    warnings.showwarning = show
    warnings.simplefilter("always", MediumWarning)
