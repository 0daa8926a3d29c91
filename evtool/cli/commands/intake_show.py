"""`evtool intake show`: what is known of one bundle that came."""

from __future__ import annotations

import click

from evtool.cli.answers.holding import holdings_document, render_all
from evtool.cli.command import Command
from evtool.cli.options.intake import StoreOptions, known_store_options
from evtool.cli.output import Output, output_options
from evtool.operations.catalogue.holdings import Holdings
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool intake show 31 --catalogue repository.cat

\b
Exit codes:
  0  printed
  2  wrong usage, or there is no such holding
  4  the catalogue cannot be read

`evtool verify` on the path that is printed gives every finding.
"""


@click.command("show", cls=Command, epilog=EXAMPLES)
@click.argument("number", metavar="N", type=click.IntRange(1))
@known_store_options
@output_options
def command(number: int, store: StoreOptions, output: Output) -> None:
    """Show what is known about the bundle N, a number that `evtool intake list` prints."""
    with open_catalogue(store.catalogue) as catalogue:
        holdings = Holdings(catalogue, store.location)
        holding, root = holdings.numbered(number), holdings.root()
    output.answer("\n".join(render_all(output.language, holding, root)))
    output.document(holdings_document(str(store.catalogue), [holding]))
