"""`evtool transfer`: the giver's side of a handover."""

from __future__ import annotations

import click

from evtool.cli.options.common import SigningOptions, code_value, progress_option
from evtool.cli.options.entry import answer_entry, entry_options, jobs_option
from evtool.cli.output import Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import Code, Transferred
from evtool.core.custody.privacy import TextPolicy
from evtool.operations.author import Author
from evtool.operations.entries.fixity import FixityRequest
from evtool.operations.entries.record_event import record_event
from evtool.operations.entries.writer import EntryHeader

EXAMPLES = """\b
Examples:
  evtool transfer case-12 --to B7 --authority "agreement DSA-2026-04" --purpose "court proceedings"

Afterwards copy the whole directory to the receiver, who runs `evtool receive` on the copy and sends back the receipt;
`evtool receipt add` puts it here. Until then the transfer is shown as open.
"""


@click.command(epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@click.option("--to", "receiver", required=True, type=code_value, metavar="CODE", help="Code of the receiver.")
@click.option("--authority", required=True, metavar="TEXT", help="What allows it: agreement, warrant or order.")
@click.option("--purpose", required=True, metavar="TEXT", help="What for.")
@click.option("--carrier", metavar="TEXT", help="Medium, its serial or seal number.")
@entry_options
@jobs_option
@progress_option
def command(
    directory: str,
    receiver: str,
    authority: str,
    purpose: str,
    carrier: str | None,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    jobs: int | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Record that custody of DIRECTORY goes to somebody else; every item is compared first."""
    with terminal_progress(output) as progress:
        result = record_event(
            directory,
            Author(signing.choose(), policy, progress),
            Transferred(Code(receiver), authority, purpose, carrier),
            header,
            fixity=FixityRequest(jobs=jobs),
            custody=custody,
        )
    return answer_entry(output, directory, result, "", f"The transfer is open until a receipt of {receiver} is added.")
