"""`evtool intake list`: what waits for a decision."""

from __future__ import annotations

import click

from evtool.cli.answers.holding import holdings_document, render_holding
from evtool.cli.command import Command
from evtool.cli.options.intake import StoreOptions, known_store_options
from evtool.cli.output import Output, output_options
from evtool.operations.catalogue.holdings import Holdings
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool intake list --catalogue repository.cat
  evtool intake list --catalogue repository.cat --everything

\b
Exit codes:
  0  printed
  2  wrong usage
  4  the catalogue cannot be read
"""


@click.command("list", cls=Command, epilog=EXAMPLES)
@click.option("--everything", is_flag=True, help="List every bundle that came, not only those in quarantine.")
@known_store_options
@output_options
def command(everything: bool, store: StoreOptions, output: Output) -> None:
    """List the bundles in quarantine, and why they are there."""
    with open_catalogue(store.catalogue) as catalogue:
        found = Holdings(catalogue, store.location).listed(everything=everything)
    language = output.language
    lines = [line for holding in found for line in render_holding(language, holding)]
    if found:
        lines.append(language.say("intake.more"))
    output.answer_lines(lines, language.say("intake.nothing-waits"))
    output.document(holdings_document(str(store.catalogue), found))
