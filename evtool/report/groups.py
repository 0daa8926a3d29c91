"""Findings of one reason, said once: with ranges of items and of entries, in as many lines as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from evtool.core.finding import Code, Effect, Finding, Ranges
from evtool.core.text.ranges import ranges_of
from evtool.report.language import Language, Said

MOST_LINES = 40
"""How long an answer for a person is, unless it is to list everything."""

_STEPS = (20, 12, 8, 5, 3, 2, 1)
"""How many findings of one kind are listed, tried until all fits."""


class FindingRow(Struct, frozen=True):
    """One line about findings.

    Attributes:
        effect: what they do to the answer; None for a line that counts others.
        code: what they are.
        text: what is said.
    """

    effect: Effect | None
    code: Code
    text: str


def say_on_screen(language: Language, row: FindingRow) -> str:
    """Give a line as a screen has it, which names the option that lists what the line counts; paper has no options."""
    return row.text if row.effect else language.say("report.rest-listed", rest=Said(row.text))


def say(language: Language, finding: Finding) -> str:
    """Write one finding, with the number of its item unless the sentence names it."""
    text = language.say_finding(finding)
    if finding.item is None or language.names(finding, "item") or language.names(finding, "items"):
        return text
    return language.say("report.of-item", item=finding.item, text=text)


def group_findings(language: Language, findings: Iterable[Finding], most: int) -> list[FindingRow]:
    """Say findings of one kind and reason together; of what is different for each item, list the first `most`."""
    kinds: dict[tuple[Effect, Code], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.effect, finding.code), []).append(finding)
    return [row for (effect, code), found in kinds.items() for row in _rows(language, effect, code, found, most)]


def fit_findings(
    language: Language, findings: Sequence[Finding], fits: Callable[[list[FindingRow]], bool]
) -> list[FindingRow]:
    """Group findings so that they fit, if that is possible at all."""
    rows: list[FindingRow] = []
    for most in _STEPS:
        rows = group_findings(language, findings, most)
        if fits(rows):
            break
    return rows


def _rows(language: Language, effect: Effect, code: Code, findings: list[Finding], most: int) -> Iterator[FindingRow]:
    single: list[Finding] = []
    together: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.entry is not None and language.names(finding, "entries"):
            # What is said of two entries is the same if it is the same but for their numbers.
            together.setdefault(language.say_finding(finding, ((1, 1),)), []).append(finding)
        else:
            single.append(finding)
    for found in list(together.values())[:most]:
        yield FindingRow(effect, code, language.say_finding(found[0], _entries(found)))
    if len(together) > most:
        left = [finding for found in list(together.values())[most:] for finding in found]
        rest = language.say_ranges(_entries(left), "entries")
        yield FindingRow(None, code, language.say("report.rest-of", count=len(left), which=rest))
    for finding in single[:most]:
        yield FindingRow(effect, code, say(language, finding))
    if len(single) > most:
        yield FindingRow(None, code, _say_rest(language, single[most:]))


def _entries(findings: Iterable[Finding]) -> Ranges:
    return ranges_of(finding.entry for finding in findings if finding.entry is not None).ranges


def _say_rest(language: Language, findings: list[Finding]) -> str:
    numbers = [finding.item for finding in findings if finding.item is not None]
    entries = [finding.entry for finding in findings if finding.entry is not None and finding.item is None]
    if len(findings) not in (len(numbers), len(entries)):
        return language.say("report.rest", count=len(findings))
    named, noun = (numbers, "items") if numbers else (entries, "entries")
    return language.say("report.rest-of", count=len(findings), which=language.say_ranges(ranges_of(named).ranges, noun))
