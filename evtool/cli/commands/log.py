"""`evtool log`: the chain of custody."""

from __future__ import annotations

import click
from msgspec import Struct

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import continued_option, custody_option
from evtool.cli.output import Output, output_and_findings
from evtool.core.custody.chain import Link
from evtool.core.custody.entry import NOT_STATED, Clock, Entry
from evtool.core.errors import ExitCode
from evtool.core.finding import weigh
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.report.columns import fold, pad
from evtool.report.document import LogDocument, log_entry
from evtool.report.entry import render_details, render_in_short
from evtool.report.findings import ListedFindings, list_findings
from evtool.report.groups import MOST_LINES, fit_findings, say_on_screen
from evtool.report.language import Language
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
    language, links = output.language, record.chain.links
    title = language.say("log.title", name=directory, count=len(links))
    if links:
        title = language.say("log.title-collection", title=title, collection=links[0].entry.collection)
    if output.quiet:
        return language.say("log.title-head", title=title, head=links[-1].head) if links else title
    if output.lists_all:
        problems = [f"  {finding.code.value}: {language.say_finding(finding)}" for finding in listed.findings]
    else:
        grouped = fit_findings(language, record.record_findings, lambda rows: len(rows) <= _MOST_FINDINGS)
        problems = [f"  {row.code.value}: {say_on_screen(language, row)}" for row in grouped]
    page = _Page(language, output.width)
    end = ["", language.say("report.findings"), *map(page.fold, problems)] if problems else []
    whole = [line for link in links for line in ("", *page.link(link))]
    room = MOST_LINES - 1 - (0 if output.lists_all else len(end))
    if output.lists_all or len(whole) <= room:
        return "\n".join([title, *whole, *end])
    end += ["", page.row("head", group_in_fours(links[-1].head)).lstrip(), language.say("log.all")]
    room = max(MOST_LINES - 2 - len(end), _FEWEST)
    for lines in ([page.short(link) for link in links], [page.shortest(link) for link in links]):
        if sum(map(len, lines)) <= room:
            break
    if len(lines) > room:
        left = language.say("log.left-out", entries=((2, len(links) - room + 2),))
        lines = [lines[0], [f"  {left}"], *lines[-(room - 2) :]]
    return "\n".join([title, "", *(text for entry in lines for text in entry), *end])


_MOST_FINDINGS = 20
"""How many lines of findings there are at most, if findings of one kind can be put together that far."""

_FEWEST = 12
"""How many entries are shown however many findings there are."""


class _Page(Struct, frozen=True):
    """Writes entries in a language.

    Attributes:
        language: that of the reader.
        width: columns that texts are folded to, or None.
    """

    language: Language
    width: int | None

    def fold(self, line: str) -> str:
        """Fold a line that is indented by two; what follows stands below its text."""
        return f"  {fold(line[2:], 4, self.width)}"

    def row(self, label: str, text: str) -> str:
        """Write a line with its label; those of one language take as many columns as the longest."""
        column = self.language.widest("log-label") + 2
        return f"  {pad(self.language.word('log-label', label), column)}{fold(text, column + 2, self.width)}"

    def shortest(self, link: Link) -> list[str]:
        """Write an entry in one line."""
        entry = link.entry
        items = f"  {self.language.say_ranges(entry.items.ranges, 'items', 4)}" if entry.items else ""
        happened = format_local(self.language, entry.happened_at)
        return [f"{self._title(link)}  {happened}  {entry.agent}{items}"]

    def short(self, link: Link) -> list[str]:
        """Write an entry in three lines."""
        said = "; ".join(render_in_short(self.language, link.entry))
        head = f"  {self.language.word('log-label', 'head')}  {group_in_fours(link.head)}"
        return [*self.shortest(link), *([f"  {said}"] if said else []), head]

    def link(self, link: Link) -> list[str]:
        """Write all fields of an entry."""
        entry, language, say = link.entry, self.language, self.language.say
        clock = say("log.clock-claimed" if entry.clock is Clock.CLAIMED else "log.clock-synced")
        lines = [
            self._title(link),
            self.row("happened", f"{format_local(language, entry.happened_at)}  {say('log.claimed')}"),
            self.row("recorded", f"{format_local(language, entry.recorded_at)}  {clock}"),
            self.row("agent", f"{entry.agent}  {entry.key}"),
            self.row("reason", say("log.reason-withheld") if entry.is_withheld else _reason(language, entry)),
            self.row("tool", shown(entry.tool)),
        ]
        lines += [self.fold(f"  {line}") for line in render_details(language, entry)]
        return [*lines, self.row("head", group_in_fours(link.head))]

    def _title(self, link: Link) -> str:
        entry = self.language.say_ranges(((link.entry.sequence, link.entry.sequence),), "entries")
        return f"{entry}  {self.language.word('event', link.entry.event.value)}"


def _reason(language: Language, entry: Entry) -> str:
    """Say why it happened, if a reason was given."""
    return language.say("log.no-reason") if entry.reason == NOT_STATED else shown(entry.reason)


def _document(record: Record, directory: str, listed: ListedFindings, exit_code: ExitCode) -> LogDocument:
    return LogDocument(
        exit_code=exit_code,
        path=directory,
        head=record.chain.head,
        entries=tuple(log_entry(link) for link in record.chain.links),
        findings=listed.documents,
        more_findings=listed.more,
    )
