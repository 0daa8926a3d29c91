"""`evtool compare`: two copies side by side."""

from __future__ import annotations

import click

from evtool.cli.command import Command
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.core.text.names import shown
from evtool.operations.verify.copies import CopiesReport, compare_copies
from evtool.report.custody_document import CopiesDocument

EXAMPLES = """\b
Examples:
  evtool compare case-12 /media/disc/case-12

\b
Exit codes:
  0  both records are the same, or one continues the other
  1  they are of different collections, or each has entries that the other
     lacks
  2  wrong usage
  4  one of them cannot be read, or fails verification

Only the records are compared. `evtool verify` says of each copy whether its files are as sealed.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("first", type=click.Path())
@click.argument("second", type=click.Path())
@output_options
def command(first: str, second: str, output: Output) -> int:
    """Say what two copies of a collection share, and where they part."""
    report = compare_copies(first, second)
    exit_code = ExitCode.MISMATCH if report.is_fork else ExitCode.OK
    output.answer(_render(report, first, second))
    output.document(
        CopiesDocument(
            exit_code=exit_code,
            collections=report.collections,
            shared_entries=report.shared,
            only_in_first=report.only_in_first,
            only_in_second=report.only_in_second,
        )
    )
    return exit_code


def _render(report: CopiesReport, first: str, second: str) -> str:
    if report.collections[0] != report.collections[1]:
        return f"DIFFERENT COLLECTIONS: {report.collections[0]} and {report.collections[1]}"
    lines = [f"They share {report.shared} entries of collection {report.collections[0]}."]
    for name, entries in ((first, report.only_in_first), (second, report.only_in_second)):
        if entries:
            listed = ", ".join(f"{number} {event}" for number, event in entries)
            lines.append(f"  only in {shown(name)}: {listed}")
    if report.is_fork:
        lines.insert(0, "THE RECORDS PART: each copy has entries that the other lacks.")
    elif not report.only_in_first and not report.only_in_second:
        lines.append("The records are the same.")
    else:
        lines.append("One continues the other.")
    return "\n".join(lines)
