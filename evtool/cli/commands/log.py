"""`evtool log`: the chain of custody."""

from __future__ import annotations

import click

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import continued_option, custody_option
from evtool.cli.output import Output, output_and_findings
from evtool.core.custody.chain import Link
from evtool.core.custody.entry import Clock
from evtool.core.errors import ExitCode
from evtool.core.finding import weigh
from evtool.core.text.counts import counted
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import name_ranges
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.report.document import LogDocument, log_entry
from evtool.report.entry import render_details, render_in_short
from evtool.report.findings import ListedFindings, list_findings
from evtool.report.groups import MOST_LINES, fit_findings
from evtool.report.language import english
from evtool.report.moments import format_local

EXAMPLES = """\b
Examples:
  evtool log interview-0042
  evtool log interview-0042 --all        however long it is
  evtool log interview-0042 --json
  evtool log case-12.zip.age -i court.key

\b
Exit codes:
  0  the chain of custody was read, and is sound
  1  the record fails verification
  2  wrong usage
  4  there is no record, or some of it cannot be read

The head of each entry is its SHA-256, in groups of four, to write on paper or read out by telephone. Whose keys they
are is for `evtool verify` to say.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@custody_option
@continued_option
@access_options
@output_and_findings
def command(directory: str, custody: str | None, continued: str | None, access: AccessOptions, output: Output) -> int:
    """Print the chain of custody of DIRECTORY, which may be a bundle, oldest entry first."""
    with open_record(directory, RecordPlace(custody, continued, access.load())) as record:
        exit_code = weigh(record.record_findings)
        if exit_code is ExitCode.OK and not record.chain.links:
            exit_code = ExitCode.NOT_CHECKED
        listed = list_findings(record.record_findings, output.limit)
        output.answer(_render(record, directory, listed, output))
        output.document(_document(record, directory, listed, exit_code))
    return exit_code


def _render(record: Record, directory: str, listed: ListedFindings, output: Output) -> str:
    """Write the chain in full if that is short, else each entry in three lines or one."""
    links = record.chain.links
    title = f"{shown(directory)}: {counted(len(links), 'entry', 'entries')}"
    if links:
        title += f" of collection {links[0].entry.collection}"
    if output.quiet:
        return f"{title}, head {links[-1].head}" if links else title
    if output.lists_all:
        problems = [f"  {finding.code.value}: {english().say_finding(finding)}" for finding in listed.findings]
    else:
        grouped = fit_findings(english(), record.record_findings, lambda rows: len(rows) <= _MOST_FINDINGS)
        problems = [f"  {row.code.value}: {row.text}" for row in grouped]
    end = ["", "Findings", *problems] if problems else []
    whole = [line for link in links for line in ("", *_render_link(link))]
    room = MOST_LINES - 1 - (0 if output.lists_all else len(end))
    if output.lists_all or len(whole) <= room:
        return "\n".join([title, *whole, *end])
    end += ["", f"head  {group_in_fours(links[-1].head)}", "--all prints every field of every entry, and every head."]
    room = max(MOST_LINES - 2 - len(end), _FEWEST)
    for lines in ([_render_short(link) for link in links], [_render_shortest(link) for link in links]):
        if sum(map(len, lines)) <= room:
            break
    if len(lines) > room:
        left = name_ranges([(2, len(links) - room + 2)], singular="entry", plural="entries")
        lines = [lines[0], [f"  {left} are not shown here"], *lines[-(room - 2) :]]
    return "\n".join([title, "", *(text for entry in lines for text in entry), *end])


_MOST_FINDINGS = 20
"""How many lines of findings there are at most, if findings of one kind can be put together that far."""

_FEWEST = 12
"""How many entries are shown however many findings there are."""


def _render_shortest(link: Link) -> list[str]:
    entry = link.entry
    items = f"  {name_ranges(entry.items.ranges, 4)}" if entry.items else ""
    happened = format_local(english(), entry.happened_at)
    return [f"entry {entry.sequence}  {entry.event.value}  {happened}  {entry.agent}{items}"]


def _render_short(link: Link) -> list[str]:
    said = "; ".join(render_in_short(link.entry))
    return [*_render_shortest(link), *([f"  {said}"] if said else []), f"  head  {group_in_fours(link.head)}"]


def _render_link(link: Link) -> list[str]:
    entry = link.entry
    clock = "as the clock said" if entry.clock is Clock.CLAIMED else "by a clock that the signer calls synchronised"
    lines = [
        f"entry {entry.sequence}  {entry.event.value}",
        f"  happened  {format_local(english(), entry.happened_at)}  (claimed)",
        f"  recorded  {format_local(english(), entry.recorded_at)}  ({clock})",
        f"  agent     {entry.agent}  {entry.key}",
        f"  reason    {'withheld from this copy, with the items' if entry.is_withheld else shown(entry.reason)}",
        f"  tool      {shown(entry.tool)}",
    ]
    lines += [f"  {line}" for line in render_details(entry)]
    return [*lines, f"  head      {group_in_fours(link.head)}"]


def _document(record: Record, directory: str, listed: ListedFindings, exit_code: ExitCode) -> LogDocument:
    return LogDocument(
        exit_code=exit_code,
        path=directory,
        head=record.chain.head,
        entries=tuple(log_entry(link) for link in record.chain.links),
        findings=listed.documents,
        more_findings=listed.more,
    )
