"""`evtool catalogue list`: the collections that a catalogue knows."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.command import Command, Option
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.text.ranges import ranges_of, spell_any, spell_ranges
from evtool.operations.catalogue.listing import Held, list_collections
from evtool.report.catalogue_document import CatalogueListDocument, HeldDocument
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue list repository.cat
  evtool catalogue list repository.cat --from ngo-3 --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  the catalogue cannot be read
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option("--from", "sender", cls=Option, type=code_value, metavar="CODE", help="Only what this sender sent.")
@output_options
def command(catalogue: Path, sender: str | None, output: Output) -> None:
    """List the collections that you hold, one per line."""
    with open_catalogue(catalogue) as opened:
        if output.json:
            documents = map(_document, list_collections(opened, sender))
            output.document_of(CatalogueListDocument(path=str(catalogue), collections=()), "collections", documents)
        else:
            language = output.language
            lines = (_line(language, held) for held in list_collections(opened, sender))
            output.answer_lines(lines, language.say("catalogue.none-held"))


def _line(language: Language, held: Held) -> str:
    say, waiting = language.say, held.in_quarantine
    items = language.say_ranges(held.held.ranges) if held.held is not None else say("catalogue.not-held")
    line = say("catalogue.held", collection=held.collection, sender=held.sender, items=items)
    if not waiting:
        return line
    numbers = ", ".join(spell_ranges(ranges_of(waiting).ranges))
    return line + say("catalogue.held-quarantined", count=len(waiting), numbers=numbers)


def _document(held: Held) -> HeldDocument:
    return HeldDocument(
        collection=held.collection,
        sender=held.sender,
        first_seen=held.first_seen,
        entries=held.entries,
        items=held.items,
        held=spell_any(held.held),
        holdings=held.holdings,
        in_quarantine=held.in_quarantine,
    )
