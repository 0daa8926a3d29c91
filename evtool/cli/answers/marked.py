"""What sealing found, line by line: each finding behind a word for what it does to the answer."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.cli.next_command import fill_commands
from evtool.core.finding import Effect
from evtool.report.findings import ListedFindings
from evtool.report.language import english

_MARKS = {
    Effect.DISPROVES: "FAILED",
    Effect.UNCHECKED: "not checked",
    Effect.OPEN: "not established",
    Effect.NOTE: "note",
}


def marked_lines(listed: ListedFindings) -> Iterator[str]:
    """Give the lines, in English as the rest of such an answer."""
    language = english().telling(fill_commands)
    for finding in listed.findings:
        item = f"item {finding.item} " if finding.item is not None else ""
        yield f"  {_MARKS[finding.effect]}: {finding.code.value}: {item}{language.say_finding(finding)}"
    yield from (f"  {code.value}: {words}" for code, words in listed.say_rest(language))
