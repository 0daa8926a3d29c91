"""`evtool compare`: two copies side by side."""

from __future__ import annotations

import click

from evtool.cli.command import Command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.operations.record.place import RecordPlace
from evtool.operations.verify.copies import CopiesReport, compare_copies
from evtool.report.custody_document import CopiesDocument, PartingDocument

EXAMPLES = """\b
Examples:
  evtool compare case-12 /media/disc/case-12

\b
Exit codes:
  0  both records are the same, one continues the other, or a recipient went
     on with a copy of their own
  1  they are of different collections, or one entry was continued twice
  2  wrong usage
  4  one of them cannot be read, or fails verification

Only the records are compared. `evtool verify` says of each copy whether its files are as sealed.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("first", type=click.Path())
@click.argument("second", type=click.Path())
@access_options
@output_and_progress
def command(first: str, second: str, access: AccessOptions, output: Output) -> int:
    """Say what two copies of a collection, directories or bundles, share, and where they part."""
    place = RecordPlace(access=access.load())
    with terminal_progress(output) as progress:
        report = compare_copies(first, second, (place, place), progress=progress)
    exit_code = ExitCode.MISMATCH if report.is_fork else ExitCode.OK
    output.answer(_render(report, first, second))
    output.document(
        CopiesDocument(
            exit_code=exit_code,
            collections=report.collections,
            shared_entries=report.shared,
            only_in_first=report.only_in_first,
            only_in_second=report.only_in_second,
            parting=_describe(report),
        )
    )
    return exit_code


def _describe(report: CopiesReport) -> PartingDocument | None:
    parting = report.parting
    if parting is None:
        return None
    return PartingDocument(
        after=parting.after.sequence if parting.after is not None else None,
        first=parting.first.head,
        second=parting.second.head,
        is_fork=parting.is_fork,
    )


def _render(report: CopiesReport, first: str, second: str) -> str:
    if report.collections[0] != report.collections[1]:
        return f"DIFFERENT COLLECTIONS: {report.collections[0]} and {report.collections[1]}"
    lines = [f"They share {report.shared} entries of collection {report.collections[0]}."]
    for name, entries in ((first, report.only_in_first), (second, report.only_in_second)):
        if entries:
            listed = ", ".join(f"{number} {event}" for number, event in entries)
            lines.append(f"  only in {shown(name)}: {listed}")
    if report.parting is not None:
        after = report.parting.after.sequence if report.parting.after is not None else 0
        begin = f"after entry {after}" if after else "from the beginning"
        for name, node in ((first, report.parting.first), (second, report.parting.second)):
            lines.append(f"  {begin} in {shown(name)}: {group_in_fours(node.head)}")
        if report.is_fork:
            lines.insert(0, "THE RECORDS PART: one entry was continued twice, and neither way is a recipient's answer.")
        else:
            lines.append("The two belong together: a recipient answered the handover, and both sides went on.")
    elif not report.only_in_first and not report.only_in_second:
        lines.append("The records are the same.")
    else:
        lines.append("One continues the other.")
    return "\n".join(lines)
