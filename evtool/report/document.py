"""A verdict as one JSON document for scripts; `manifests/report.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from evtool.core.errors import ExitCode
from evtool.core.verdict import Finding, Report

REPORT_FORMAT = "evtool-report/1"


def report_document(results: Sequence[tuple[str, Report]], exit_code: ExitCode) -> dict[str, Any]:
    """Put the reports of one run into one document, each under the name that the user gave its directory."""
    return {
        "format": REPORT_FORMAT,
        "exit_code": int(exit_code),
        "reports": [_report(name, report) for name, report in results],
    }


def _report(name: str, report: Report) -> dict[str, Any]:
    return {
        "path": name,
        "exit_code": int(report.exit_code),
        "axes": {axis.value: state.value for axis, state in report.axes.items()},
        "required": [axis.value for axis in report.required],
        "collection": report.collection,
        "head": report.head,
        "counts": asdict(report.counts),
        "findings": [finding_document(finding) for finding in report.findings],
        "signers": [asdict(signer) for signer in report.signers],
    }


def finding_document(finding: Finding) -> dict[str, Any]:
    """Write one finding; fields that do not apply are null, so that every finding has the same ones."""
    return {
        "code": finding.code.value,
        "axis": finding.axis.value,
        "effect": finding.effect.value,
        "message": finding.message,
        "item": finding.item,
        "path": finding.path,
        "expected": finding.expected,
        "found": finding.found,
        "entry": finding.entry,
        "count": finding.count,
    }
