"""Which findings an answer lists: the first of each kind, and how many more there are.

The sender of the evidence decides how many findings there are: one for each file that is in no seal. An answer stays
short enough for a person to read, and small enough for a program, unless all findings are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from evtool.core.finding import Axis, Code, Effect, Finding, Words
from evtool.report.language import Language, english, in_english

IN_TEXT = 20
"""How many findings of one kind an answer for a person lists."""
IN_JSON = 1000
"""How many findings of one kind a JSON document lists."""


class FindingDocument(Struct, frozen=True, kw_only=True):
    """One thing that a verification found.

    Attributes:
        code: what it is.
        effect: what it does to the answer.
        message: one line for a person, in English, names escaped.
        item: number of the item, if it is about one.
        path: stored name of the file it is about, if any.
        expected: what the seal says, if there is something to compare.
        found: what is there.
        entry: number of the custody entry, if it is about one.
        count: how many things it is about, where one finding sums up many.
        axis: the question it bears on, which follows from its code.
    """

    code: Code
    effect: Effect
    message: str
    item: int | None
    path: str | None
    expected: str | None
    found: str | None
    entry: int | None
    count: int
    axis: Axis


class ListedFindings(Struct, frozen=True):
    """Findings that an answer lists, in their order.

    Attributes:
        findings: the first of each kind.
        more: kind -> how many more there are; empty if all are listed.
    """

    findings: tuple[Finding, ...]
    more: dict[Code, int]

    @property
    def documents(self) -> tuple[FindingDocument, ...]:
        """Write them for a program, which gets English whatever the language of the user is."""
        return tuple(map(_document, self.findings))

    def say_rest(self, language: Language) -> list[tuple[Code, str]]:
        """Say for each kind how many findings are not listed."""
        return [(code, language.say("report.more", count=count)) for code, count in self.more.items()]


def list_findings(findings: Iterable[Finding], limit: int | None) -> ListedFindings:
    """Take the first findings of each kind; None lists all."""
    listed: list[Finding] = []
    seen: Counter[Code] = Counter()
    for finding in findings:
        seen[finding.code] += 1
        if limit is None or seen[finding.code] <= limit:
            listed.append(finding)
    more = {code: count - limit for code, count in seen.items() if limit is not None and count > limit}
    return ListedFindings(tuple(listed), more)


def _document(finding: Finding) -> FindingDocument:
    return FindingDocument(
        code=finding.code,
        effect=finding.effect,
        message=in_english(finding),
        item=finding.item,
        path=finding.path,
        expected=in_english_if_words(finding.expected),
        found=in_english_if_words(finding.found),
        entry=finding.entry,
        count=finding.count,
        axis=finding.axis,
    )


def in_english_if_words(value: str | Words | None) -> str | None:
    """Give what was expected or found as documents for programs have it."""
    return english().say_words(value) if isinstance(value, Words) else value
