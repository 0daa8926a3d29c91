"""Errors told to a person, in the language that they chose."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.cli.delivery import print_error
from evtool.core.errors import EvtoolError
from evtool.report.language import Language, Said, language_of_errors


def tell(error: EvtoolError, done: Sequence[str]) -> None:
    """Print an error on stderr; `done` is what the run did although its answer, or the rest of its work, was lost."""
    language = language_of_errors()
    marks = (language.word("program", "error"), language.word("program", "hint"))
    print_error(language.say_error(error), hint_of(language, error, done), language.say_lines(error), marks)


def hint_of(language: Language, error: EvtoolError, done: Sequence[str] = ()) -> str:
    """Say what to do next, and what was done all the same; empty where there is nothing to say."""
    hint = language.say_hint(error)
    if not done:
        return hint
    told = language.say("program.done", what=Said("; ".join(done)))
    return language.say("program.both", hint=hint, done=told) if hint else told
