"""`evtool catalogue explain`: a person says how it comes that a record parts."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, options_of
from evtool.cli.commands.catalogue_chain import answer_chain
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.operations.author import Author
from evtool.operations.catalogue.chain import read_chain
from evtool.operations.catalogue.explain import ForkSaid, explain_fork
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue explain repository.cat 1520... 5ba91c02 77ac40de --by R2 \\
      --why "two laptops"
  evtool catalogue explain repository.cat 1520... 5ba91c02 77ac40de --by R2 \\
      --why "A1 did not sign the second" --disown 77ac40de

\b
Exit codes:
  0  explained
  1  explained, and the record parts somewhere else as well
  2  wrong usage, there is no such fork, or what is disowned is held
  4  the catalogue cannot be read or written, or does not know the collection

FIRST and SECOND are two entries that continue the same one, each by the first 8 digits or more that `evtool catalogue
chain` prints. Until somebody has explained them, the terms of all items of the collection are unknown, and none may be
used. What is disowned is not part of the record from then on, and neither is what continues it; what has it stays in
quarantine, now and later. Whoever says something else later says it with the same command. Nothing is deleted.
"""


class SaidOptions(Struct, frozen=True):
    """What is said.

    Attributes:
        by: code of the person.
        why: how it came.
        disowned: the entry that is not part of the record, or None.
    """

    by: str = flag("--by", required=True, type=code_value, metavar="CODE", help="Who says so.")
    why: str = flag("--why", required=True, metavar="TEXT", help="How it came. Stays with you.")
    disowned: str | None = flag("--disown", metavar="ENTRY", help="Which of the two is not the sender's.")


@click.command("explain", cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("collection", metavar="ID")
@click.argument("first", metavar="FIRST")
@click.argument("second", metavar="SECOND")
@options_of(SaidOptions, "said", "The explanation")
@signing_options
@output_options
def command(
    catalogue: Path,
    collection: str,
    first: str,
    second: str,
    said: SaidOptions,
    signing: SigningOptions,
    output: Output,
) -> ExitCode:
    """Say how it comes that a record parts, and print the record."""
    with open_catalogue(catalogue) as opened:
        told = ForkSaid(first, second, said.why, said.by, said.disowned)
        explain_fork(opened, collection, told, Author(signing.choose()))
        known = read_chain(opened, collection)
    return answer_chain(output, catalogue, known, done=True)
