"""What came of adding an entry."""

from __future__ import annotations

from evtool.cli.answers.head import head_lines
from evtool.cli.output import Output
from evtool.core.errors import ExitCode
from evtool.core.finding import weigh
from evtool.core.text.names import shown
from evtool.operations.entries.record_event import RecordResult
from evtool.report.custody_document import EntryDocument
from evtool.report.entry import render_fixity
from evtool.report.findings import ListedFindings, list_findings


def answer_entry(output: Output, directory: str, result: RecordResult, *notes: str) -> ExitCode:
    """Print an entry that was added; the exit code is 1 or 4 if it records that the evidence differs from the seal."""
    exit_code = weigh(result.findings)
    listed = list_findings(result.findings, output.limit)
    output.answer("\n".join([_render_written(result, directory, listed), *notes]), done=True)
    output.document(
        EntryDocument(
            exit_code=exit_code,
            path=directory,
            entry=result.entry,
            head=result.head,
            fixity=result.fixity,
            findings=listed.findings,
            more_findings=listed.more,
        )
    )
    return exit_code


def _render_written(result: RecordResult, directory: str, listed: ListedFindings) -> str:
    """Write what adding an entry did."""
    lines = [f"{shown(directory)}: added entry {result.entry}"]
    if result.fixity:
        lines.append(f"  {render_fixity(result.fixity)}")
    lines += [f"  {finding.code.value}: {finding.message}" for finding in listed.findings]
    lines += [f"  {code.value}: {words}" for code, words in listed.rest]
    return "\n".join([*lines, *head_lines(result.head)])
