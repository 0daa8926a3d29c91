"""`evtool prove`: a few items, with what ties them to the seal."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.commands.pack import announce_travels, answer_packed
from evtool.cli.options.bundle import Encryption, choice_value, disclosure_options, encryption_options
from evtool.cli.options.common import SigningOptions, progress_option
from evtool.cli.options.entry import entry_options
from evtool.cli.output import Notices, Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import ExitCode
from evtool.operations.author import Author
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.pack import Disclosure, PackOptions, pack
from evtool.operations.entries.writer import EntryHeader

EXAMPLES = """\b
Examples:
  evtool prove case-12 17 -o proof.zip --to B7 --for accountability-intl --authority DSA-2026-04

\b
The proof is a small bundle: the items, the record, and the hashes that lead from their statements to the sealed root.
`evtool verify proof.zip` checks it. It discloses no other item, and is refused where the items may not be disclosed.

\b
Exit codes:
  0  packed and verified
  1  an item or the record is not as sealed; nothing was packed
  2  wrong usage
  4  something could not be read or written
  5  refused: consent or handling of an item does not allow it
"""


@click.command(epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@click.argument("items", nargs=-1, required=True, metavar="N|N-N|PATTERN...")
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
@progress_option
def command(
    directory: str,
    items: tuple[str, ...],
    bundle: Path,
    disclosure: Disclosure,
    known_keys: tuple[str, ...],
    encryption: Encryption,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Write items of DIRECTORY, and the few hashes that tie them to the seal, as a bundle."""
    if not bundle.name.lower().endswith((".zip", ".zip.age")):
        raise click.UsageError("a proof is a zip container: name it ….zip, or ….zip.age if it is to be encrypted")
    recipients, lock = encryption(bundle, known_keys)
    options = PackOptions(Wanted(only=choice_value(items)), recipients=recipients, passphrase=lock, custody=custody)
    notices = Notices()
    with terminal_progress(output) as progress:
        result = pack(
            directory,
            bundle,
            Author(signing.choose(), policy, progress),
            disclosure,
            options,
            header=header,
            tell=notices,
            announce=lambda travels: announce_travels(output, travels),
        )
    answer_packed(output, directory, bundle, result, recipients, notices)
    return ExitCode.OK
