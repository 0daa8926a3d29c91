"""Which findings an answer lists: the first of each kind, and how many more there are.

The sender of the evidence decides how many findings there are: one for each file that is in no seal. An answer stays
short enough for a person to read, and small enough for a program, unless all findings are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from evtool.core.finding import Code, Finding

IN_TEXT = 20
"""How many findings of one kind an answer for a person lists."""
IN_JSON = 1000
"""How many findings of one kind a JSON document lists."""


@dataclass(frozen=True, slots=True)
class ListedFindings:
    """Findings that an answer lists, in their order.

    Attributes:
        findings: the first of each kind.
        more: kind -> how many more there are; empty if all are listed.
    """

    findings: tuple[Finding, ...]
    more: dict[Code, int]

    @property
    def rest(self) -> list[tuple[Code, str]]:
        """Say for each kind how many findings are not listed."""
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
