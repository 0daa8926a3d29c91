"""The head of a record, as a person writes it down."""

from __future__ import annotations

from evtool.cli.output import width_of_screen
from evtool.core.text.digest import group_in_fours
from evtool.report.columns import fold
from evtool.report.language import Language


def head_lines(language: Language, head: str, advice: str = "answer.head") -> list[str]:
    """Give the lines that end an answer: an empty one, what to do with the head, and the head in groups of four."""
    return ["", language.say(advice), f"  {fold(group_in_fours(head), 2, width_of_screen())}"]
