"""`evtool verify`: all findings, one verdict."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import click

from evtool.cli.command import OUTPUT, Command, Option, misuse, one_of_two, options_of
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.asked import AskedOptions
from evtool.cli.options.common import (
    WorkerOptions,
    continued_option,
    custody_option,
    workers_options,
)
from evtool.cli.options.items import items_option
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.trust import TrustChoice
from evtool.cli.output import Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.errors import EvidenceError, ExitCode, InputError, UsageError
from evtool.core.text.item_choice import ItemChoice
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.record.place import Place, RecordPlace
from evtool.operations.record.selection import Selection
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.parting import compare_reports
from evtool.operations.verify.verify import report_unreadable, verify
from evtool.report.headline import render_one_line
from evtool.report.several import GRAVITY, render_several, render_sum
from evtool.report.text import render_report
from evtool.scan.progress import Progress

EXAMPLES = """\b
Examples:
  evtool verify interview-0042
  evtool verify interview-0042 --trust trusted_keys
                              trust the keys in this file, not your own list
  evtool verify interview-0042 --signer SHA256:...
                              trust this key, and no other
  evtool verify interview-0042 --expect-head '1f3a ...'
                              the entry that you noted must be in the record
  evtool verify interview-0042 --items 17,20-25
  evtool verify interview-0042 --require time --tsa-roots roots.pem
                              ask for time-stamps by these authorities
  evtool verify interview-0042 --require time --revocation tsa.crl
                              ... whose certificates were not revoked
  evtool verify case-12.zip case-13.zip.age --identity key.txt
  evtool verify case-12.zip --continued case-12.zip.received
                              with what its recipient recorded since
  evtool verify inbox/* --json
  evtool verify inbox/* --json-lines
                              for scripts: a line per path, then the counts

\b
Exit codes:
  0  all that was asked for is shown
  1  tampering or a mismatch is proven
  2  wrong usage
  3  nothing is disproven, but something asked for is not established
     (a key you have not trusted, --quick)
  4  could not be checked: unreadable, incomplete or unsealed
Of several paths the most serious result decides (1, then 4, then 3). Records
of one collection are compared with each other.

Several paths are answered with one line each and a sum, and --quiet with these lines alone. --all prints everything.
Nothing is written, and no network is used.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(allow_dash=True))
@items_option("Check only these items:")
@options_of(AskedOptions, "asked")
@custody_option
@continued_option
@access_options
@time_options
@workers_options
@click.option(
    "--json-lines",
    "in_lines",
    cls=Option,
    section=OUTPUT,
    is_flag=True,
    help="Print one JSON document on one line for each PATH, as soon as it is checked, and one with the counts.",
)
@output_of_work
def command(
    paths: tuple[str, ...],
    items: ItemChoice,
    asked: AskedOptions,
    custody: str | None,
    continued: str | None,
    access: AccessOptions,
    time: TimeOptions,
    workers: WorkerOptions,
    in_lines: bool,
    output: Output,
) -> int:
    """Check sealed directories: are all files there and unchanged, who signed, and do you trust them?

    PATH is an evidence directory, or a bundle: a folder, a .zip, a .zip.age, or - for standard input. A bundle is
    checked as it is, and nothing is extracted.
    """
    if (custody is not None or continued is not None) and len(paths) > 1:
        option = "--custody" if custody is not None else "--continued"
        raise misuse(UsageError("{option} goes with one PATH", key="with-one-path", option=option))
    trust = asked.trust()
    options = replace(
        asked.load(trust),
        selection=Selection(choice=items),
        place=RecordPlace(custody, continued, access.load()),
        jobs=workers.jobs,
        scheduler=workers.scheduler,
        time=time.load(output),
    )
    if in_lines:
        if output.json:
            raise misuse(one_of_two("--json", "--json-lines"))
        return _answer_in_lines(paths, options, trust, output)
    if "-" in paths and sys.stdin.isatty():
        output.note("reads-terminal")
    results: list[tuple[str, Report]] = []
    with terminal_progress(output) as progress:
        if len(paths) == 1:
            # What is wrong with the only path is the answer; a page of what was not established would bury it.
            results.append((paths[0], verify(_place(paths[0]), options, progress=progress)))
        else:
            results += compare_reports([(path, _verify(path, options, progress)) for path in paths])
    exit_code = _weigh(results)
    output.answer(_render([(_called(path), report) for path, report in results], output, trust))
    if output.json:
        # Start-up time: the types of the document, and of all that it may hold, are for scripts alone.
        from evtool.report.document import report_document

        output.document(report_document(results, exit_code, trust.document(), output.limit))
    return exit_code


def _weigh(results: Sequence[tuple[str, Report]]) -> ExitCode:
    """Give the most serious verdict."""
    return min((report.exit_code for _, report in results), key=GRAVITY.index)


def _answer_in_lines(paths: Sequence[str], options: VerifyOptions, trust: TrustChoice, output: Output) -> ExitCode:
    """Print the verdict on each path as soon as there is one, and the sum behind the last."""
    # Start-up time: the types of the documents are for scripts alone.
    from evtool.report.document import ReportLine, directory_report, report_sum

    output = replace(output, json=True)
    results: list[tuple[str, Report]] = []
    with terminal_progress(output) as progress:
        for path in paths:
            report = _verify(path, options, progress)
            results.append((path, report))
            output.line(ReportLine(report=directory_report(path, report, output.limit)))
    compared = compare_reports(results)
    exit_code = _weigh(compared)
    output.line(report_sum(results, compared, exit_code, trust.document()))
    return exit_code


def _render(results: Sequence[tuple[str, Report]], output: Output, trust: TrustChoice) -> str:
    """Write the whole report on one path; of several, one line each, and what they come to."""
    language, file = output.language, trust.variable_says
    if output.quiet:
        trust.tell()
        return "\n".join(render_one_line(language, report, name) for name, report in results)
    if len(results) == 1 or output.lists_all:
        now = datetime.now(UTC)
        reports = [
            render_report(language, report, name, output.width, output.limit, now, file) for name, report in results
        ]
        return "\n\n".join(reports if len(results) == 1 else [*reports, render_sum(language, results)])
    return render_several(language, results, datetime.now(UTC), file)


def _called(path: str) -> str:
    return "standard input" if path == "-" else path


def _place(path: str) -> Place:
    return sys.stdin.buffer if path == "-" else path


def _verify(path: str, options: VerifyOptions, progress: Progress) -> Report:
    """Verify one of several paths; one that cannot be read does not hide the others."""
    try:
        return verify(_place(path), options, progress=progress)
    except (InputError, EvidenceError, OSError) as error:
        return report_unreadable(options, error)
