"""`evtool catalogue init`: an empty catalogue, and what of names it may hold."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.command import Command, Option
from evtool.cli.output import Output, output_options
from evtool.report.catalogue_document import CatalogueInitDocument
from evtool.store.catalogue.database import Names, key_file_of, make_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue init repository.cat
  evtool catalogue init repository.cat --names titles

\b
Exit codes:
  0  made
  2  wrong usage, or the file or its journal is there already
  4  the catalogue cannot be written

Keep it on a local disk. Beside it lies the key of its digests, repository.cat.key: whoever has the catalogue without it
cannot find out whether you hold a document. Keep a copy of the key elsewhere; without it, a catalogue that is made
again has other digests.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option(
    "--names",
    cls=Option,
    type=click.Choice([names.value for names in Names]),
    default=Names.NONE.value,
    show_default=True,
    help="Which names it holds, for good: none, the titles that archivists gave, or all file names as well.",
)
@output_options
def command(catalogue: Path, names: str, output: Output) -> None:
    """Make an empty catalogue."""
    chosen = Names(names)
    make_catalogue(catalogue, chosen)
    say = output.language.say
    lines = [say("catalogue.made", path=str(catalogue), names=say(f"catalogue.names-{names}"))]
    lines.append(say("catalogue.made-key", path=str(key_file_of(catalogue))))
    output.answer("\n".join(lines), done=True)
    output.document(
        CatalogueInitDocument(path=str(catalogue), names=chosen.value, key_file=str(key_file_of(catalogue)))
    )
