"""`evtool pack`: all or part of a collection as a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.options.bundle import Encryption, choice_value, disclosure_options, encryption_options
from evtool.cli.options.common import SigningOptions, own_code, progress_option
from evtool.cli.options.entry import entry_options
from evtool.cli.output import Notices, Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import ExitCode
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.keys.age_keys import Recipient
from evtool.operations.author import Author
from evtool.operations.bundle.choice import WITHHOLDABLE, Wanted
from evtool.operations.bundle.pack import Disclosure, PackOptions, PackPreview, PackResult, pack, preview_pack
from evtool.operations.entries.writer import EntryHeader
from evtool.report.bundle_document import LeftOutItem, PackDocument, travels_document
from evtool.report.text import format_size
from evtool.report.travels import LISTED, Travels, render_travels

EXAMPLES = """\b
Examples:
  evtool pack case-12 -o case-12.zip --to B7 --for accountability-intl --authority DSA-2026-04
  evtool pack case-12 -o part.zip --only 'photos' --only 17-20 --without '*.docx' --to B7 ...
  evtool pack case-12 -o part.zip --only 17 --neutral-names --to B7 ...
  evtool pack case-12 -o case-12.zip.age -r age1... --to B7 ...

\b
The name decides the form: .zip is a zip container, .zip.age an encrypted one, any other name a folder. A bundle for a
recipient whose key your list knows is encrypted to it, unless --plain says otherwise. All of them are BagIt 1.0 bags,
and `evtool verify` checks them as they are. What is not disclosed stays part of the seal: the bundle holds hashes for
it, from which neither names nor contents can be guessed.

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
@click.option(
    "--neutral-names",
    is_flag=True,
    help="Withhold the names: files go by item number, item-000017.jpg. The same as --withhold names.",
)
@click.option("--allowed-only", is_flag=True, help="Leave out what may not be disclosed, instead of refusing.")
@click.option("--dry-run", is_flag=True, help="Tell what would be packed, and what would travel; write nothing.")
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
    dry_run: bool,
    disclosure: Disclosure,
    known_keys: tuple[str, ...],
    encryption: Encryption,
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
    recipients, lock = encryption(bundle, known_keys)
    options = PackOptions(
        wanted=wanted,
        neutral_names=neutral_names,
        recipients=recipients,
        passphrase=lock,
        custody=custody,
    )
    if dry_run:
        agent = signing.agent or own_code()
        preview = preview_pack(directory, bundle, agent, disclosure, options, header=header)
        _answer_previewed(output, directory, bundle, preview, recipients)
        return ExitCode.OK
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


def announce_travels(output: Output, travels: Travels) -> None:
    """Print what goes to the recipient beside the evidence."""
    lines = ["What travels with the evidence:", *render_travels(travels, None if output.lists_all else LISTED), ""]
    output.answer("\n".join(lines))


def _answer_previewed(
    output: Output, directory: str, bundle: Path, preview: PackPreview, recipients: tuple[Recipient, ...]
) -> None:
    """Print what would be packed."""
    announce_travels(output, preview.travels)
    lines = [
        f"{shown(str(bundle))}: would be packed; nothing was written",
        f"  {preview.items:,} items would be disclosed, {preview.withheld:,} withheld",
    ]
    lines += [f"  item {number} would be left out: {reason}" for number, reason in preview.left_out]
    lines += [f"  to be kept: {shown(duty)}" for duty in preview.duties]
    lines += [f"  would be encrypted to {recipient.text}" for recipient in recipients]
    output.answer("\n".join(lines))
    output.document(
        PackDocument(
            exit_code=ExitCode.OK,
            path=directory,
            bundle=str(bundle),
            entry=None,
            head=None,
            items=preview.items,
            withheld=preview.withheld,
            left_out=tuple(LeftOutItem(item=number, reason=reason) for number, reason in preview.left_out),
            files=0,
            neutral=0,
            size=0,
            duties=preview.duties,
            encrypted_to=tuple(recipient.text for recipient in recipients),
            travels=travels_document(preview.travels),
            dry_run=True,
            leftovers=(),
        )
    )


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
            encrypted_to=tuple(recipient.text for recipient in recipients),
            travels=travels_document(result.travels),
            dry_run=False,
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
    lines += [f"  encrypted to {recipient.text}" for recipient in recipients]
    lines += ["", "Head, to be told the receiver by another way:", f"  {group_in_fours(result.head)}"]
    return "\n".join(lines)
