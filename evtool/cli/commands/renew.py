"""`evtool renew`: carry time evidence on before what it rests on ends."""

from __future__ import annotations

import click

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.stamp import answer_leaves, describe_failure, describe_rehearsal, describe_stamping
from evtool.cli.command import Command
from evtool.cli.next_command import next_command
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.stamp import StampRequestOptions, stamp_options
from evtool.cli.options.values import ExistingPath
from evtool.cli.output import Output, output_options
from evtool.core.errors import EvtoolError, ExitCode
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.timestamps.add import StampOptions, add_timestamps, preview_blank
from evtool.operations.timestamps.renew import RenewResult, renew
from evtool.report.language import english
from evtool.report.stamp import render_rehearsal, render_stamping
from evtool.report.time_document import RenewDocument, Stamping

EXAMPLES = """\b
Examples:
  evtool due archive/*                       list what expires when
  evtool renew interview-0042 --tsa http://tsa.example/tsr
                       by an authority whose certificate expires later
  evtool renew interview-0042 --dry-run      tell what would be renewed
  evtool renew interview-0042                then, across an air gap:
  evtool timestamp interview-0042 --request out.tsq

\b
Exit codes:
  0  renewed, and stamped by the required number of authorities
  1  the record fails verification; what is wrong is not renewed
  2  wrong usage
  3  renewed, but stamped by fewer authorities than required; the entry
     stays
  4  nothing was renewed: something could not be read

The entry lists every file of the record with its BLAKE2b digest, for `b2sum -c`. Without a time-stamp on it, it renews
nothing. Renew while the old time-stamps still pass.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=ExistingPath())
@stamp_options
@entry_options
@signing_options
@output_options
def command(
    directory: str,
    stamping: StampRequestOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Renew the time evidence of DIRECTORY: list all of it under a second hash family, and have that stamped."""
    order = stamping.build(output, None, entry.place()) if stamping.asks else None
    if stamping.what_leaves:
        answer_leaves(output, preview_blank(order or StampOptions()), blank=True)
        return ExitCode.OK
    dry_run = entry.dry_run
    author = Author(signing.choose(dry_run=dry_run), entry.policy())
    result = renew(directory, author, entry.header(), where=entry.place())
    if dry_run:
        stamps = describe_rehearsal(result.entry, order) if order is not None else None
    else:
        output.did(_render(directory, result, None, dry_run=False))
        stamps = _stamp(directory, order, result)
    exit_code = ExitCode.OK if dry_run or stamps is None or stamps.ok else ExitCode.NOT_ESTABLISHED
    output.answer(_render(directory, result, stamps, dry_run=dry_run), done=not dry_run)
    output.document(
        RenewDocument(
            exit_code=exit_code,
            path=directory,
            entry=result.entry,
            dry_run=dry_run,
            head=None if dry_run else result.head,
            files=result.files,
            stamping=stamps,
        )
    )
    if stamps is None and not dry_run:
        output.talk(
            "Without a time-stamp this entry carries nothing on: "
            f"`{next_command('evtool timestamp DIR --tsa URL')}` adds one; --request and --import go across an air gap."
        )
    return exit_code


def _stamp(directory: str, order: StampOptions | None, result: RenewResult) -> Stamping | None:
    if order is None:
        return None
    order = replace(order, entry=result.entry)
    try:
        return describe_stamping(add_timestamps(directory, order))
    except EvtoolError as error:
        return describe_failure(result.entry, order, error)


def _render(directory: str, result: RenewResult, stamps: Stamping | None, *, dry_run: bool) -> str:
    if dry_run:
        what = f"would renew {result.files} files of the record as entry {result.entry}; nothing was written"
        return "\n".join([f"{shown(directory)}: {what}", *(render_rehearsal(stamps) if stamps is not None else ())])
    lines = [f"{shown(directory)}: renewed {result.files} files of the record as entry {result.entry}"]
    if stamps is not None:
        lines += ["", *render_stamping(stamps, next_command)]
    return "\n".join([*lines, *head_lines(english(), result.head)])
