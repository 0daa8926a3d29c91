"""`evtool transfer`: the sender's side of a handover."""

from __future__ import annotations

import click

from evtool.cli.answers.entry import answer_entry
from evtool.cli.command import Command, Option
from evtool.cli.completion import offers
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.bundle import ExitOptions, exit_options
from evtool.cli.options.common import SigningOptions, WorkerOptions, jobs_option, signing_options
from evtool.cli.options.entry import EntryOptions, bundle_entry_options
from evtool.cli.options.values import ExistingPath, code_value
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import PartyCode, Transferred
from evtool.operations.author import Author
from evtool.operations.entries.exits import record_exit
from evtool.operations.entries.fixity import FixityRequest

EXAMPLES = """\b
Examples:
  evtool transfer case-12 --to B7 --authority "agreement DSA-2026-04" \\
      --purpose "court proceedings"

\b
Exit codes:
  0  recorded
  1  an item differs from the seal, or the record fails verification;
     nothing was recorded
  2  wrong usage
  3  recorded, and it is open whether an item is as it was sealed
  4  something could not be read or written
  5  refused: consent or handling of an item does not allow it

Consent is asked for every item, as `evtool consent check` does. What stands against the transfer is listed, with the
code that confirms it. Confirm only what you can answer for: the codes and your reason are recorded, a withdrawal that
you went against included. Terms that nobody you trust has signed cannot be confirmed.

Afterwards copy the whole directory to the recipient, who runs `evtool receive` on the copy and sends back the receipt;
`evtool receipt add` puts it here. Until then the transfer is shown as open.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=ExistingPath())
@click.option(
    "--to",
    "recipient",
    cls=Option,
    required=True,
    type=code_value,
    metavar="CODE",
    completes=offers.RECIPIENT,
    help="Code of the recipient.",
)
@click.option(
    "--authority",
    cls=Option,
    required=True,
    metavar="TEXT",
    completes=offers.AGREEMENT,
    help="What allows it: agreement, warrant or order.",
)
@click.option("--purpose", required=True, metavar="TEXT", help="What for.")
@click.option("--carrier", metavar="TEXT", help="Medium, its serial or seal number.")
@exit_options
@bundle_entry_options
@access_options
@signing_options
@jobs_option
@output_and_progress
def command(
    directory: str,
    recipient: str,
    authority: str,
    purpose: str,
    carrier: str | None,
    consent: ExitOptions,
    entry: EntryOptions,
    access: AccessOptions,
    signing: SigningOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Record that custody of DIRECTORY goes to somebody else; consent is asked and every item compared first."""
    opening = access.load()
    with terminal_progress(output) as progress:
        result = record_exit(
            directory,
            Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress),
            Transferred(PartyCode(recipient), authority, purpose, carrier),
            entry.header(),
            consent.load(recipient),
            fixity=FixityRequest(jobs=workers.jobs),
            where=entry.place(opening),
        )
    notes = [] if entry.dry_run else ["", output.language.say("answer.transfer-open", recipient=recipient)]
    return answer_entry(output, directory, result, *notes, where=entry.reading(opening))
