"""What came of adding an entry."""

from __future__ import annotations

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import list_named_items
from evtool.cli.output import Output
from evtool.core.errors import ExitCode
from evtool.core.finding import weigh
from evtool.core.text.names import shown
from evtool.operations.entries.record_event import RecordResult
from evtool.operations.record.place import RecordPlace
from evtool.report.custody_document import EntryDocument
from evtool.report.entry import render_fixity
from evtool.report.findings import ListedFindings, list_findings
from evtool.report.language import english, in_english


def answer_entry(output: Output, directory: str, result: RecordResult, *notes: str, where: RecordPlace) -> ExitCode:
    """Print an entry that was added, or would be; exit code 1 or 4 if it records that the evidence differs.

    `where` is the place of the record, in which it is looked up what the items are called.
    """
    exit_code = weigh(result.findings)
    listed = list_findings(result.findings, output.limit)
    named = list_named_items(output, directory, where, result.items)
    lines = [_say_what_was_added(result, directory, where.dry_run), *named, *_render_written(result, listed)]
    if not where.dry_run:
        lines += head_lines(result.head)
    output.answer("\n".join([*lines, *notes]), done=not where.dry_run)
    output.document(
        EntryDocument(
            exit_code=exit_code,
            path=directory,
            dry_run=where.dry_run,
            entry=result.entry,
            head=None if where.dry_run else result.head,
            items=tuple(result.items.serialize()) if result.items else None,
            fixity=result.fixity,
            findings=listed.documents,
            more_findings=listed.more,
        )
    )
    return exit_code


def _say_what_was_added(result: RecordResult, directory: str, dry_run: bool) -> str:
    if dry_run:
        return f"{shown(directory)}: would add entry {result.entry}; nothing was written"
    return f"{shown(directory)}: added entry {result.entry}"


def _render_written(result: RecordResult, listed: ListedFindings) -> list[str]:
    """Write in what state the evidence was found."""
    lines = [f"  {render_fixity(result.fixity)}"] if result.fixity else []
    lines += [f"  {finding.code.value}: {in_english(finding)}" for finding in listed.findings]
    return [*lines, *(f"  {code.value}: {words}" for code, words in listed.say_rest(english()))]
