"""`evtool catalogue holders`: who holds items of a collection."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.holders import copy_document, given_document, render_copy, render_given
from evtool.cli.command import Command
from evtool.cli.options.values import items_value
from evtool.cli.output import Output, output_options
from evtool.core.text.ranges import ItemRanges
from evtool.operations.catalogue.holders import find_holders
from evtool.report.answers_document import CatalogueHoldersDocument
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue holders repository.cat 1520...
  evtool catalogue holders repository.cat 1520... 3,7-9 --json

\b
Exit codes:
  0  printed
  2  wrong usage
  4  the catalogue cannot be read, or does not know the collection

This is what the records in the catalogue tell. Whoever received an item may have passed it on. Recipients who rejected
it are listed too: they may have looked at it.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("collection", metavar="ID")
@click.argument("items", metavar="[N-N]", required=False, type=items_value)
@output_options
def command(catalogue: Path, collection: str, items: ItemRanges | None, output: Output) -> None:
    """List your copies, and everybody who was given items."""
    with open_catalogue(catalogue) as opened:
        found = find_holders(opened, collection, items)
    language = output.language
    lines: list[str] = [language.say("catalogue.collection", collection=found.collection)]
    lines += [f"  {render_copy(language, copy)}" for copy in found.own]
    lines += [f"  {render_given(language, given)}" for given in found.given]
    if not found.own and not found.given:
        lines.append(f"  {language.say('catalogue.nobody')}")
    output.answer("\n".join(lines))
    output.document(
        CatalogueHoldersDocument(
            path=str(catalogue),
            collection=found.collection,
            items=tuple(found.items.serialize()),
            own=tuple(map(copy_document, found.own)),
            given=tuple(map(given_document, found.given)),
        )
    )
