"""`evtool import`: evidence that somebody else listed, checked and sealed in one read."""

from __future__ import annotations

import os

import click
from msgspec import Struct

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.left_out import render_left_out
from evtool.cli.command import Command, flag, options_of
from evtool.cli.group import Group
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.statements import StatementOptions, statement_options
from evtool.cli.options.texts import encoding_option
from evtool.cli.options.values import ExistingPath, code_value
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import PartyCode
from evtool.core.errors import ExitCode
from evtool.core.text.names import shown
from evtool.interop.checksum_lists import ListOptions
from evtool.operations.author import Author
from evtool.operations.seal.import_evidence import (
    LIST_FORMATS,
    ImportResult,
    Origin,
    import_bag,
    import_list,
)
from evtool.operations.seal.options import SealOptions
from evtool.report.import_document import ImportDocument
from evtool.report.language import english

GROUP_EXAMPLES = """\b
Examples:
  evtool import bag received/bag-17 --source NGO-3
  evtool import list SHA256SUMS received/case-9 --format sha256sum
  evtool import list audit.txt received/case-9 --format hashdeep \\
      --strip /mnt/disc/

\b
Exit codes:
  0  checked and sealed
  1  a file is not as listed, or a bag is not whole; nothing was sealed
  2  wrong usage, or sealed already
  3  no file differs from the list, but one is missing or has another
     name; nothing was sealed
  4  something could not be read

The files are compared with what the list says of them, in the same read in which they are hashed for the seal, and are
never changed. If one of them differs or is missing, nothing is sealed. Two entries are added: `collected` says what was
checked against what, `sealed` seals it. Files that no list names are sealed too, and named in the answer.
"""

BAG_EXAMPLES = """\b
Examples:
  evtool import bag received/bag-17 --source NGO-3 --place "field office"
  evtool import bag received/bag-17 --dry-run
                                compare everything, and write nothing
  evtool import bag received/bag-17 --custody bag-17-custody
                                the record outside; the bag stays as it is

Every manifest and tag manifest is compared, and Payload-Oxum; a file in the payload that no manifest lists is refused.
What systems write into folders, such as Thumbs.db, is left out and named; what only has such a name is sealed and
named. Nothing is ever fetched: what fetch.txt lists has to be there already. The record goes to custody/ in the bag,
which other programs take for a directory of tag files.
"""

LIST_EXAMPLES = """\b
Examples:
  evtool import list SHA256SUMS received/case-9 --format sha256sum
  evtool import list audit.txt received/case-9 --format hashdeep \\
      --strip /mnt/disc/ --source NGO-3
  ssh archive cat case-9.b3 |
      evtool import list - received/case-9 --format b3sum
  evtool import list list.csv received/case-9 --format get-filehash \\
      --strip 'E:\\case'

Lists of the *sum programs may be plain or written with --tag, with one blank, two or a tab, and with comments; those
of openssl, TeraCopy, HashCheck, fciv and md5summer are alike. Tables (csv, get-filehash, ftk, autopsy, hashmyfiles)
are read by the names of their columns; --columns names others. A backslash is read as / where no file has it in its
name. SFV, MD5 and SHA-1 show accidents only, not intent.
"""

BAG_EXIT_CODES = """\b
Exit codes:
  0  checked and sealed
  1  a file is not as listed, or the bag is not whole; nothing was
     sealed
  2  wrong usage, or sealed already
  4  something could not be read
"""

LIST_EXIT_CODES = """\b
Exit codes:
  0  checked and sealed
  1  a file is not as listed; nothing was sealed
  2  wrong usage, or sealed already
  3  no file differs, but one that is listed is missing or has another
     name; nothing was sealed
  4  something could not be read
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Check evidence against the list it came with, and seal it."""


class OriginOptions(Struct, frozen=True):
    """Whom and where the evidence came from.

    Attributes:
        source: a code, or None.
        place: a coarse place, or None.
    """

    source: str | None = flag("--source", type=code_value, metavar="CODE", help="Whom it came from; recorded.")
    place: str | None = flag("--place", metavar="TEXT", help="Coarse place where it came from; recorded.")

    def origin(self) -> Origin:
        """Give the two as the library takes them."""
        return Origin(PartyCode(self.source) if self.source else None, self.place)


_origin_options = options_of(OriginOptions, "came_from")


def _options(statements: StatementOptions, entry: EntryOptions) -> SealOptions:
    return SealOptions(
        header=entry.header(),
        statements=statements.files(),
        where=entry.place(),
    )


@command.command("bag", cls=Command, epilog=f"{BAG_EXAMPLES}\n{BAG_EXIT_CODES}")
@click.argument("directory", metavar="PATH", type=ExistingPath())
@_origin_options
@statement_options
@entry_options
@signing_options
@output_and_progress
def bag(
    directory: str,
    came_from: OriginOptions,
    statements: StatementOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Check the BagIt bag PATH of another program against all of its manifests, and seal it where it lies."""
    with terminal_progress(output) as progress:
        author = Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress)
        result = import_bag(directory, author, _options(statements, entry), came_from.origin())
    return _answer(output, directory, result, entry.dry_run)


@command.command("list", cls=Command, epilog=f"{LIST_EXAMPLES}\n{LIST_EXIT_CODES}")
@click.argument("list_file", metavar="LIST", type=click.Path(allow_dash=True))
@click.argument("directory", metavar="DIR", type=ExistingPath())
@click.option(
    "--format",
    "format_name",
    metavar="PROGRAM",
    type=click.Choice(LIST_FORMATS),
    help=f"The program that wrote LIST: {', '.join(LIST_FORMATS)}. [default: what LIST says, if that is certain]",
)
@click.option("--strip", metavar="PREFIX", default="", help="Take PREFIX off the beginning of every path in LIST.")
@click.option(
    "--columns",
    metavar="COLUMNS",
    help="Which columns of a table hold the path and the digests, by name or number: path=Location,sha256=Hash.",
)
@encoding_option("LIST")
@_origin_options
@statement_options
@entry_options
@signing_options
@output_and_progress
def list_(
    list_file: str,
    directory: str,
    format_name: str | None,
    strip: str,
    columns: str | None,
    encoding: str | None,
    came_from: OriginOptions,
    statements: StatementOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Check the directory DIR against LIST, and seal it; paths in LIST are relative to DIR, `-` is standard input."""
    with terminal_progress(output) as progress:
        result = import_list(
            directory,
            list_file,
            ListOptions(format_name, os.fsencode(strip).decode("utf-8", "surrogateescape"), encoding, columns),
            Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress),
            _options(statements, entry),
            came_from.origin(),
        )
    return _answer(output, directory, result, entry.dry_run)


def _answer(output: Output, directory: str, result: ImportResult, dry_run: bool) -> int:
    if not dry_run:
        output.did(f"{shown(directory)}: checked and sealed, entries {result.collected} and {result.seal.entry}")
    output.answer(_render(directory, result, dry_run))
    output.document(
        ImportDocument(
            exit_code=ExitCode.OK,
            path=directory,
            dry_run=dry_run,
            collected=result.collected,
            sealed=result.seal.entry,
            head=result.seal.head,
            checked=result.checked,
            algorithms=result.algorithms,
            weak_only=result.weak_only,
            items=result.seal.new_items,
            unlisted=result.unlisted,
            notes=result.notes,
            left_out=result.seal.left_out,
        )
    )
    return ExitCode.OK


_MAX_NAMED = 20


def _render(directory: str, result: ImportResult, dry_run: bool) -> str:
    record, seal, note = (
        ("would record", "would seal", "; nothing was written") if dry_run else ("records", "seals", "")
    )
    lines = [
        f"{shown(directory)}: {result.checked:,} files are as listed ({', '.join(result.algorithms)})",
        f"  entry {result.collected} {record} it, "
        f"entry {result.seal.entry} {seal} {result.seal.new_items:,} items{note}",
    ]
    if result.weak_only:
        how_many = "" if result.weak_only == result.checked else f"{result.weak_only:,} of them by nothing better: "
        lines.append(
            f"  {how_many}MD5, SHA-1 and CRC-32 show accidents only, not intent: another file with the same value can "
            "be made"
        )
    lines += [f"  note: {note}" for note in result.notes]
    lines += [f"  in no list: {shown(name)}" for name in result.unlisted[:_MAX_NAMED]]
    if len(result.unlisted) > _MAX_NAMED:
        lines.append(f"  and {len(result.unlisted) - _MAX_NAMED:,} more")
    if result.seal.excluded:
        lines += render_left_out(result.seal)
    if result.seal.head:
        lines += head_lines(english(), result.seal.head)
    return "\n".join(lines)
