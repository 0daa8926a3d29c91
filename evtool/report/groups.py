"""Findings of one reason, said once: with ranges of items and of entries, in as many lines as there is room for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from evtool.core.finding import Code, Effect, Finding
from evtool.core.text.ranges import name_ranges, ranges_of

MOST_LINES = 40
"""How long an answer for a person is, unless it is to list everything."""

_STEPS = (20, 12, 8, 5, 3, 2, 1)
"""How many findings of one kind are listed, tried until all fits."""

_MAX_RANGES = 6

_VERBS = {"is": "are", "was": "were", "has": "have", "hands": "hand"}

_ENTRY = re.compile(r"entry ([0-9]+) (\w+) ")


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One line about findings.

    Attributes:
        effect: what they do to the answer; None for a line that counts others.
        code: what they are.
        text: what is said.
    """

    effect: Effect | None
    code: Code
    text: str


def say(finding: Finding) -> str:
    """Write one finding, with the number of its item unless the message begins with it."""
    is_named = finding.item is None or finding.message.startswith("item ")
    return finding.message if is_named else f"item {finding.item} {finding.message}"


def group_findings(findings: Iterable[Finding], most: int) -> list[FindingRow]:
    """Say findings of one kind and reason together; of what is different for each item, list the first `most`."""
    kinds: dict[tuple[Effect, Code], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.effect, finding.code), []).append(finding)
    return [row for (effect, code), found in kinds.items() for row in _rows(effect, code, found, most)]


def fit_findings(findings: Sequence[Finding], fits: Callable[[list[FindingRow]], bool]) -> list[FindingRow]:
    """Group findings so that they fit, if that is possible at all."""
    rows: list[FindingRow] = []
    for most in _STEPS:
        rows = group_findings(findings, most)
        if fits(rows):
            break
    return rows


def _rows(effect: Effect, code: Code, findings: list[Finding], most: int) -> Iterator[FindingRow]:
    single: list[Finding] = []
    together: dict[tuple[str, str], list[int]] = {}
    for finding in findings:
        match = _ENTRY.match(finding.message)
        if match and int(match[1]) == finding.entry:
            together.setdefault((match[2], finding.message[match.end() :]), []).append(finding.entry)
        else:
            single.append(finding)
    for (verb, rest), entries in list(together.items())[:most]:
        yield FindingRow(effect, code, _say_of_entries(entries, verb, rest))
    if len(together) > most:
        left = [entry for entries in list(together.values())[most:] for entry in entries]
        yield FindingRow(None, code, f"and {len(left):,} more: {_name_entries(left)}; --all lists them")
    for finding in single[:most]:
        yield FindingRow(effect, code, say(finding))
    if len(single) > most:
        yield FindingRow(None, code, _say_rest(single[most:]))


def _say_of_entries(entries: list[int], verb: str, rest: str) -> str:
    verb = verb if len(set(entries)) == 1 else _VERBS.get(verb, verb)
    return f"{_name_entries(entries)} {verb} {rest}"


def _name_entries(entries: list[int]) -> str:
    return name_ranges(ranges_of(entries).ranges, _MAX_RANGES, singular="entry", plural="entries")


def _say_rest(findings: list[Finding]) -> str:
    numbers = [finding.item for finding in findings if finding.item is not None]
    if len(numbers) != len(findings):
        return f"and {len(findings):,} more; --all lists them"
    return f"and {len(findings):,} more: {name_ranges(ranges_of(numbers).ranges, _MAX_RANGES)}; --all lists them"
