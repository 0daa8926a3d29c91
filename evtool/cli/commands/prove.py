"""`evtool prove`: a few items, with what ties them to the seal."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.packed import Order, make_bundle, preview_bundle
from evtool.cli.command import Command, misuse
from evtool.cli.options.bundle import DisclosureOptions, EncryptionOptions, disclosure_options, encryption_options
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.items import items_option
from evtool.cli.output import Output, output_and_progress
from evtool.core.errors import UsageError
from evtool.core.text.item_choice import ItemChoice
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions

EXAMPLES = """\b
Examples:
  evtool prove case-12 --items 17 -o proof.zip --to B7 \\
      --for accountability-intl --authority DSA-2026-04

\b
Exit codes:
  0  packed and verified
  1  an item differs from the seal, or the record fails verification;
     nothing was packed
  2  wrong usage
  4  something could not be read or written
  5  refused: consent or handling of an item does not allow it

The proof is a small bundle: the items, the record, and the hashes that lead from their statements to the sealed root.
`evtool verify proof.zip` checks it. It discloses no other item, and is refused where the items may not be disclosed.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@items_option("Prove these items:", required=True)
@click.option(
    "--output",
    "-o",
    "bundle",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE.zip",
    help="The proof; new.",
)
@disclosure_options
@encryption_options
@entry_options
@signing_options
@output_and_progress
def command(
    directory: str,
    items: ItemChoice,
    bundle: Path,
    disclosure: DisclosureOptions,
    encryption: EncryptionOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Write items of DIRECTORY, and the few hashes that tie them to the seal, as a bundle."""
    if not bundle.name.lower().endswith((".zip", ".zip.age")):
        raise misuse(
            UsageError(
                "a proof is a zip container: name it ….zip, or ….zip.age if it is to be encrypted", key="proof-name"
            )
        )
    disclosed, known = disclosure.load()
    recipients, passphrase = encryption.load(bundle, known)
    options = PackOptions(Wanted(only=items), recipients=recipients, passphrase=passphrase, where=entry.place())
    order = Order(directory, bundle, disclosed, options, signing, entry)
    return (preview_bundle if entry.dry_run else make_bundle)(output, order)
