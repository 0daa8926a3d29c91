"""`evtool pack`: all or part of a collection as a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.options.bundle import choice_value, disclosure_options, encryption_options
from evtool.cli.options.common import SigningOptions, progress_option
from evtool.cli.options.entry import entry_options
from evtool.cli.output import Notices, Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import ExitCode
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.keys.age_keys import Recipient, parse_recipient
from evtool.keys.passphrase import Passphrase
from evtool.operations.author import Author
from evtool.operations.bundle.choice import WITHHOLDABLE, Wanted
from evtool.operations.bundle.pack import Disclosure, PackOptions, PackResult, pack
from evtool.operations.entries.writer import EntryHeader
from evtool.report.bundle_document import LeftOutItem, PackDocument
from evtool.report.text import format_size

EXAMPLES = """\b
Examples:
  evtool pack case-12 -o case-12.zip --to B7 --for accountability-intl --authority DSA-2026-04
  evtool pack case-12 -o part.zip --only 'photos' --only 17-20 --without '*.docx' --to B7 ...
  evtool pack case-12 -o part.zip --only 17 --withhold names --to B7 ...
  evtool pack case-12 -o case-12.zip.age -r age1... --to B7 ...

\b
The name decides the form: .zip is a zip container, .zip.age an encrypted one, any other name a folder. All of them are
BagIt 1.0 bags, and `evtool verify` checks them as they are. What is not disclosed stays part of the seal: the bundle
holds hashes for it, from which neither names nor contents can be guessed.

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
@click.option(
    "--output", "-o", "bundle", required=True, type=click.Path(path_type=Path), metavar="OUT", help="The bundle; new."
)
@click.option("--only", multiple=True, metavar="N|N-N|PATTERN", help="Disclose only these items. May be repeated.")
@click.option("--without", multiple=True, metavar="N|N-N|PATTERN", help="Leave these items out. May be repeated.")
@click.option(
    "--withhold",
    multiple=True,
    metavar="STATEMENTS",
    help=f"Withhold this of every item: {WITHHOLDABLE}. May be repeated.",
)
@click.option("--neutral-names", is_flag=True, help="Name the files of the bundle by item number, item-000017.jpg.")
@click.option("--allowed-only", is_flag=True, help="Leave out what may not be disclosed, instead of refusing.")
@disclosure_options
@encryption_options
@entry_options
@progress_option
def command(
    directory: str,
    bundle: Path,
    only: tuple[str, ...],
    without: tuple[str, ...],
    withhold: tuple[str, ...],
    neutral_names: bool,
    allowed_only: bool,
    disclosure: Disclosure,
    known_keys: tuple[str, ...],
    recipients: tuple[Recipient, ...],
    lock: Passphrase | None,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Pack DIRECTORY, or part of it, as a bundle for somebody else; an entry `disclosed` records it first."""
    wanted = Wanted(
        only=choice_value(only),
        without=choice_value(without),
        withhold=frozenset(withhold),
        allowed_only=allowed_only,
    )
    if bundle.name.lower().endswith(".age") and not recipients and lock is None:
        recipients = tuple(parse_recipient(key) for key in known_keys)
    options = PackOptions(
        wanted=wanted,
        neutral_names=neutral_names,
        recipients=recipients,
        passphrase=lock,
        custody=custody,
    )
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
        )
    answer_packed(output, directory, bundle, result, recipients, notices)
    return ExitCode.OK


def answer_packed(
    output: Output,
    directory: str,
    bundle: Path,
    result: PackResult,
    recipients: tuple[Recipient, ...],
    notices: Notices,
) -> None:
    """Print what was packed."""
    output.answer(_render(bundle, result, recipients), done=True)
    output.document(
        PackDocument(
            exit_code=ExitCode.OK,
            path=directory,
            bundle=str(bundle),
            entry=result.entry,
            head=result.head,
            items=result.items,
            withheld=result.withheld,
            left_out=tuple(LeftOutItem(item=number, reason=reason) for number, reason in result.left_out),
            files=result.files,
            neutral=result.neutral,
            size=result.size,
            duties=result.duties,
            encrypted_to=tuple(one.text for one in recipients),
            leftovers=tuple(notices.texts),
        )
    )


def _render(bundle: Path, result: PackResult, recipients: tuple[Recipient, ...]) -> str:
    lines = [
        f"{shown(str(bundle))}: packed and verified, entry {result.entry} records it",
        f"  {result.items:,} items disclosed, {result.withheld:,} withheld "
        f"({result.files:,} files, {format_size(result.size)})",
    ]
    lines += [f"  item {number} was left out: {reason}" for number, reason in result.left_out]
    if result.neutral:
        lines.append(
            f"  {result.neutral:,} of the files go by the number of their item: that was asked for, or other systems "
            "could misread their names"
        )
    if result.like_record:
        lines.append(
            f"  {result.like_record:,} of the items are named custody or like it, which is where the record goes when "
            "the bundle is unpacked: there they go by their number, at least on systems that ignore case"
        )
    lines += [f"  to be kept: {shown(duty)}" for duty in result.duties]
    lines += [f"  encrypted to {one.text}" for one in recipients]
    lines += ["", "Head, to be told the receiver by another way:", f"  {group_in_fours(result.head)}"]
    return "\n".join(lines)
