"""The last line of a verification in lines: what came to light when the records were compared."""

from __future__ import annotations

import time

from evtool.core.errors import ExitCode
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.values import replace
from evtool.core.verdict.accounts import EvidenceCounts, ItemFates
from evtool.core.verdict.verdict import Report
from evtool.report.document import report_sum
from evtool.report.trust_used import TrustChosen, TrustKind, TrustOrigin

TRUST = TrustChosen(
    kind=TrustKind.FILE, origin=TrustOrigin.ENVIRONMENT, path="trust", sha256=None, keys=0, fingerprints=()
)


def test_the_sum_of_many_findings_takes_no_longer_than_to_go_through_them() -> None:
    """Ten thousand files that nobody sealed, in a copy whose record parts from another one: only that is new."""
    found = tuple(Finding(Code.EXTRA, Effect.DISPROVES, Words("extra"), path=f"{number}") for number in range(10_000))
    parted = Finding(Code.RECORDS_PART, Effect.OPEN, Words("begin", name="other", after=None), entry=1)
    before = Report(None, None, (), found, 0, ItemFates(), EvidenceCounts(), 0, (), ())
    after = replace(before, findings=(parted, *found))
    started = time.process_time()
    told = report_sum([("a", before), ("b", before)], [("a", before), ("b", after)], ExitCode.MISMATCH, TRUST)
    assert time.process_time() - started < 2
    assert [(path.path, [finding.code for finding in path.findings]) for path in told.parted] == [
        ("b", [Code.RECORDS_PART])
    ]
