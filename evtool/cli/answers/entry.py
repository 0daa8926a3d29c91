"""What came of adding an entry."""

from __future__ import annotations

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import list_named_items
from evtool.cli.output import Output
from evtool.core.errors import ExitCode
from evtool.core.finding import is_open, weigh
from evtool.operations.entries.record_event import RecordResult
from evtool.operations.record.place import RecordPlace
from evtool.report.custody_document import EntryDocument
from evtool.report.entry import render_fixity
from evtool.report.findings import ListedFindings, list_findings
from evtool.report.language import Language


def answer_entry(output: Output, directory: str, result: RecordResult, *notes: str, where: RecordPlace) -> ExitCode:
    """Print an entry that was added, or would be; exit code 1, 4 or 3 if the evidence was not found as it was sealed.

    `where` is the place of the record, in which it is looked up what the items are called.
    """
    exit_code = weigh(result.findings, established=not is_open(result.findings))
    language = output.language
    listed = list_findings(result.findings, output.limit)
    named = list_named_items(language, output, directory, where, result.items)
    added = "answer.would-add" if where.dry_run else "answer.added"
    lines = [language.say(added, name=directory, entry=result.entry), *named]
    lines += _render_written(language, result, listed)
    if not where.dry_run:
        lines += head_lines(language, result.head)
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


def _render_written(language: Language, result: RecordResult, listed: ListedFindings) -> list[str]:
    """Write in what state the evidence was found."""
    lines = [f"  {render_fixity(language, result.fixity)}"] if result.fixity else []
    lines += [f"  {finding.code.value}: {language.say_finding(finding)}" for finding in listed.findings]
    return [*lines, *(f"  {code.value}: {words}" for code, words in listed.say_rest(language))]
