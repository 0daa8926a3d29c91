"""`evtool pack`: all or part of a collection as a bundle."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.answers.packed import Order, make_bundle, preview_bundle
from evtool.cli.command import Command, flag, options_of
from evtool.cli.completion import offers
from evtool.cli.options.bundle import DisclosureOptions, EncryptionOptions, disclosure_options, encryption_options
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.items import items_option
from evtool.cli.output import Output, output_and_progress
from evtool.core.text.item_choice import ItemChoice
from evtool.operations.bundle.choice import WITHHOLDABLE, Wanted
from evtool.operations.bundle.options import PackOptions

EXAMPLES = """\b
Examples:
  evtool pack case-12 -o case-12.zip --to B7 --for accountability-intl \\
      --authority DSA-2026-04
  evtool pack case-12 -o part.zip --items photos,17-20 \\
      --without '*.docx' --to B7 --for research --authority DSA-2026-04
  evtool pack case-12 -o part.zip --items 17 --neutral-names \\
      --to B7 --for research --authority DSA-2026-04
  evtool pack case-12 -o case-12.zip.age --encrypt-to age1... \\
      --to B7 --for research --authority DSA-2026-04

\b
Exit codes:
  0  packed and verified
  1  an item differs from the seal, or the record fails verification;
     nothing was packed
  2  wrong usage
  4  something could not be read or written
  5  refused: consent or handling of an item does not allow it

The name decides the form: .zip is a zip container, .zip.age an encrypted one, any other name a folder. A bundle for a
recipient whose key your list knows is encrypted to it, unless --plain says otherwise. All of them are BagIt 1.0 bags,
and `evtool verify` checks them as they are. What is not disclosed stays part of the seal: the bundle
holds hashes for it, from which neither names nor contents can be guessed.

There is no --continued: what is packed is an evidence directory, whose record gets the entry. To hand on a bundle that
you received, give it as it is and record that with `evtool transfer BUNDLE --continued DIR`; to hand on a part of it,
unpack it first (`evtool unpack BUNDLE --continued DIR`).
"""


class PartOptions(Struct, frozen=True):
    """What of the items is disclosed.

    Attributes:
        withhold: statements to withhold of every item.
        neutral_names: name the files by item number.
        subjects: disclose whom the items are about.
        allowed_only: leave out what may not be disclosed.
    """

    withhold: tuple[str, ...] = flag(
        "--withhold",
        multiple=True,
        metavar="STATEMENTS",
        completes=offers.words(("names", "metadata", "context")),
        help=f"Withhold this of every item: {WITHHOLDABLE}. May be repeated.",
    )
    neutral_names: bool = flag(
        "--neutral-names",
        is_flag=True,
        help="Withhold the names: files go by item number, item-000017.jpg. The same as --withhold names.",
    )
    subjects: bool = flag(
        "--subjects",
        is_flag=True,
        help="Disclose the codes of the people whom the items are about (context.subjects). [default: withheld]",
    )
    allowed_only: bool = flag(
        "--allowed-only", is_flag=True, help="Leave out what may not be disclosed, instead of refusing."
    )


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@click.option(
    "--output", "-o", "bundle", required=True, type=click.Path(path_type=Path), metavar="OUT", help="The bundle; new."
)
@items_option("Disclose only these items:")
@items_option("Leave these items out:", "--without")
@options_of(PartOptions, "part")
@disclosure_options
@encryption_options
@entry_options
@signing_options
@output_and_progress
def command(
    directory: str,
    bundle: Path,
    items: ItemChoice,
    without: ItemChoice,
    part: PartOptions,
    disclosure: DisclosureOptions,
    encryption: EncryptionOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Pack DIRECTORY, or part of it, as a bundle for somebody else; an entry `disclosed` records it first."""
    disclosed, known = disclosure.load()
    recipients, passphrase = encryption.load(bundle, known)
    options = PackOptions(
        wanted=Wanted(
            only=items,
            without=without,
            withhold=frozenset(part.withhold),
            subjects=part.subjects,
            allowed_only=part.allowed_only,
        ),
        neutral_names=part.neutral_names,
        recipients=recipients,
        passphrase=passphrase,
        where=entry.place(),
    )
    order = Order(directory, bundle, disclosed, options, signing, entry)
    return (preview_bundle if entry.dry_run else make_bundle)(output, order)
