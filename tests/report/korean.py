"""What has to be true of any verdict that is told in Korean."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from evtool.core.verdict.verdict import Report
from evtool.report.columns import columns_of
from evtool.report.language import load_language
from evtool.report.text import render_report

FORBIDDEN = re.compile("위조|변조|진본|인증서|검증")
"""Findings of law, and words that are names of other things in a procedure."""

_ROW = re.compile(r"  (?:불일치|확인할 수 없음|확인되지 않음|참고) +(?=[a-z])")
_NOW = datetime(2026, 11, 28, tzinfo=UTC)


def check_korean(report: Report) -> None:
    """Each finding, and the report, is said in Korean, under the same codes as in English, with its rows aligned."""
    korean = load_language("ko")
    text = render_report(korean, report, "case", 80, 20, _NOW)
    assert not FORBIDDEN.search(text)
    assert "변호사의 검토를 거치지 않은" in text
    starts = {columns_of(match[0]) for line in text.split("\n") if (match := _ROW.match(line))}
    assert len(starts) <= 1, text
    whole = render_report(korean, report, "case", None, None, _NOW)
    assert all(f" {finding.code.value} " in whole for finding in report.findings)
    for finding in report.findings:
        assert re.search("[가-힣]", korean.say_finding(finding)), finding
