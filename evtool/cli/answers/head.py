"""The head of a record, as a person writes it down."""

from __future__ import annotations

from evtool.core.text.digest import group_in_fours

KEEP_IT = "write it down and keep it somewhere else"


def head_lines(head: str, advice: str = KEEP_IT) -> list[str]:
    """Give the lines that end an answer: an empty one, what to do with the head, and the head in groups of four."""
    return ["", f"Head ({advice}):", f"  {group_in_fours(head)}"]
