"""The head of a record, as a person writes it down."""

from __future__ import annotations

from evtool.core.text.digest import group_in_fours
from evtool.report.language import Language


def head_lines(language: Language, head: str, advice: str = "answer.head") -> list[str]:
    """Give the lines that end an answer: an empty one, what to do with the head, and the head in groups of four."""
    return ["", language.say(advice), f"  {group_in_fours(head)}"]
