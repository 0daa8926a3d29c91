"""Several copies of one collection in one verification: whether somebody continued one entry twice."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core.custody.branches import Parting, find_parting
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.verify.verify import sort_findings


def compare_reports(reports: Sequence[tuple[str, Report]]) -> list[tuple[str, Report]]:
    """Compare the records of all reports with each other, and report where two of one collection part.

    The finding is in the report of the later one. It disproves if the user trusts the signers of both entries: a copy
    that anybody could have signed accuses nobody.
    """
    compared: list[tuple[str, Report]] = []
    by_collection: dict[str | None, list[int]] = {}
    for number, (name, report) in enumerate(reports):
        earlier = by_collection.setdefault(report.collection, [])
        found = [
            _describe(parting, reports[at], report)
            for at in earlier
            if (parting := find_parting(reports[at][1].links, report.links)) is not None and parting.is_fork
        ]
        earlier.append(number)
        # One is enough: copies of one branch say the same.
        findings = sort_findings([*report.findings, *found[:1]])
        compared.append((name, replace(report, findings=findings) if found else report))
    return compared


def _describe(parting: Parting, other: tuple[str, Report], report: Report) -> Finding:
    name, first = other
    trusted = {signer.head for each in (first, report) for signer in each.signers if signer.trusted}
    both = {parting.first.head, parting.second.head} <= trusted
    after = parting.after.sequence if parting.after is not None else None
    says = Words("begin" if after is None else "part", name=name, after=after)
    return Finding(
        Code.RECORDS_PART,
        Effect.DISPROVES if both else Effect.OPEN,
        says,
        expected=parting.first.head,
        found=parting.second.head,
        entry=parting.second.sequence,
        remarks=() if both else (Words("signers-untrusted"),),
    )
