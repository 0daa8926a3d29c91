"""`evtool derive`: a redacted or otherwise changed copy of an item."""

from __future__ import annotations

import click

from evtool.cli.options.common import SigningOptions
from evtool.cli.options.entry import entry_options
from evtool.cli.output import Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import ExitCode
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.operations.author import Author
from evtool.operations.entries.writer import EntryHeader
from evtool.operations.seal.derive import derive
from evtool.operations.seal.options import SealOptions
from evtool.operations.seal.statements import StatementFiles
from evtool.report.import_document import DeriveDocument

EXAMPLES = """\b
Examples:
  evtool derive case-12 interview.pdf redacted/interview.pdf --method "names blacked out by hand"
  evtool derive case-12 17 transcript.txt --method transcribed --defaults redacted.toml

\b
ORIGINAL is an item; COPY is an item, or a new file in DIRECTORY, which is then sealed. The terms of consent of a copy
are its own: state them with --items or --defaults. A bundle can then carry the copy and withhold the original, and
whoever gets it sees in the record what the copy was made from.

\b
Exit codes:
  0  recorded
  1  the record does not hold
  2  wrong usage
  4  something could not be read
"""


@click.command(epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@click.argument("original", metavar="ORIGINAL")
@click.argument("copy", metavar="COPY")
@click.option("--method", required=True, metavar="TEXT", help="How the copy was made; recorded.")
@click.option("--items", metavar="FILE", type=click.Path(), help="Table (CSV) of what is stated of the copy.")
@click.option("--defaults", metavar="FILE", type=click.Path(), help="TOML file of what is stated of whole directories.")
@entry_options
def command(
    directory: str,
    original: str,
    copy: str,
    method: str,
    items: str | None,
    defaults: str | None,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Record that COPY was made from ORIGINAL, and seal it if it is new."""
    options = SealOptions(
        reason=header.reason,
        happened_at=header.happened_at,
        clock=header.clock,
        statements=StatementFiles(items, defaults),
        custody=custody,
    )
    with terminal_progress(output) as progress:
        result = derive(directory, original, copy, method, Author(signing.choose(), policy, progress), options)
    lines = [
        f"{shown(directory)}: item {result.copy} is a copy of item {result.original}, entry {result.entry} records it"
    ]
    if result.sealed is not None:
        lines.append(f"  entry {result.sealed} seals the copy")
    output.answer(
        "\n".join([*lines, "", "Head, to be noted elsewhere:", f"  {group_in_fours(result.head)}"]), done=True
    )
    output.document(
        DeriveDocument(
            exit_code=ExitCode.OK,
            path=directory,
            original=result.original,
            copy=result.copy,
            sealed=result.sealed,
            entry=result.entry,
            head=result.head,
        )
    )
    return ExitCode.OK
