"""Findings as an answer lists them: the first of each kind, and how many more there are.

Whoever sends evidence decides how many findings there are: one for each file that no seal knows. An answer stays short
enough to be read, and no larger than what a program takes in, unless all of them are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from evtool.core.finding import Code, Finding

IN_TEXT = 20
"""Findings of one kind that an answer for a person lists."""
IN_JSON = 1000
"""Findings of one kind that a JSON document lists."""


@dataclass(frozen=True, slots=True)
class ListedFindings:
    """Findings that an answer lists, in their order.

    Attributes:
        findings: the first of each kind.
        more: kind -> how many more there are; empty where all are listed.
    """

    findings: tuple[Finding, ...]
    more: dict[Code, int]

    @property
    def rest(self) -> list[tuple[Code, str]]:
        """What to say, of each kind, about those that are not listed."""
        return [(code, f"and {count:,} more; --all lists them") for code, count in self.more.items()]


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
