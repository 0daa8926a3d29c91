"""`evtool intake decide`: a person decides on a bundle in quarantine."""

from __future__ import annotations

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions
from evtool.cli.options.intake import DoorOptions, StoreOptions, door_options, known_store_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.custody.entry import NOT_STATED
from evtool.core.errors import ExitCode, FormatError, UsageError
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.operations.author import Author
from evtool.operations.catalogue.decide import Decided, IntakeDecision, decide_holding
from evtool.operations.catalogue.holdings import Holdings
from evtool.report.intake_text import render_line
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool intake decide 31 reject --by R2 --reason "not ours" \\
      --catalogue repository.cat --policy intake.toml --receipts receipts
  evtool intake decide 32 accept --by R2 --reason "asked A1 by phone" \\
      --explain "two laptops" \\
      --catalogue repository.cat --policy intake.toml --receipts receipts
  evtool intake decide 33 partial --items 1-8 --by R2 --reason "9 is a copy" \\
      --catalogue repository.cat --policy intake.toml --receipts receipts

\b
Exit codes:
  0  decided, and the receipt was signed where the bundle was made for you
  1  the bundle fails verification, or its record parts from another one
  2  wrong usage, or there is no such holding
  3  a signer is not trusted
  4  the bundle could not be checked, or something cannot be written
  5  an agreement does not allow it

N is the number that `evtool intake list` prints. The bundle is verified again. It cannot be accepted if it fails
verification or could not be checked, if you have not trusted a signer, or if no agreement allows it: fix that first, or
reject the bundle. A rejected or returned bundle stays in quarantine; nothing is deleted.
"""


class DecidingOptions(Struct, frozen=True):
    """What is decided.

    Attributes:
        by: code of the person.
        explain: how it comes that the records part, or None.
        items: the items that are accepted, or None.
    """

    by: str = flag("--by", required=True, type=code_value, metavar="CODE", help="The code of the person who decides.")
    explain: str | None = flag(
        "--explain", metavar="TEXT", help="Why the records part; both are kept. This text stays with you."
    )
    items: str | None = flag("--items", metavar="N-N", help="With `partial`: the items that are accepted, by number.")


@click.command("decide", cls=Command, epilog=EXAMPLES)
@click.argument("number", metavar="N", type=click.IntRange(1))
@click.argument("decision", metavar="DECISION", type=click.Choice([each.value for each in IntakeDecision]))
@options_of(DecidingOptions, "deciding")
@options_of(EntryOptions, "entry", "The entry", without=frozenset({"custody", "continued", "wait"}))
@known_store_options
@door_options
@access_options
@time_options
@signing_options
@output_options
def command(
    number: int,
    decision: str,
    deciding: DecidingOptions,
    entry: EntryOptions,
    store: StoreOptions,
    door: DoorOptions,
    access: AccessOptions,
    time: TimeOptions,
    signing: SigningOptions,
    output: Output,
) -> ExitCode:
    """Accept, reject or give back a bundle in quarantine.

    DECISION is accept, partial, reject or return.
    """
    if entry.reason == NOT_STATED:
        raise misuse(UsageError("--reason TEXT says why; the sender reads it", key="decide-reason"))
    decided = Decided(IntakeDecision(decision), deciding.by, entry.header(), _items(deciding.items), deciding.explain)
    with open_catalogue(store.catalogue) as catalogue:
        root = Holdings(catalogue, store.location).root()
        options = door.load((root, store.location), access, time, output, dry_run=entry.dry_run)
        line = decide_holding(
            catalogue, number, decided, Author(signing.choose(dry_run=entry.dry_run), entry.policy()), options
        )
    output.answer(render_line(output.language, line), done=not entry.dry_run)
    output.document(line)
    return line.exit_code


def _items(text: str | None) -> ItemRanges | None:
    if text is None:
        return None
    try:
        return parse_ranges([part.strip() for part in text.split(",")])
    except FormatError as error:
        raise misuse(UsageError.like(error)) from error
