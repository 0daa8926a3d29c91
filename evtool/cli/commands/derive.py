"""`evtool derive`: a redacted or otherwise changed copy of an item."""

from __future__ import annotations

import click

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.marked import marked_lines
from evtool.cli.command import Argument, Command
from evtool.cli.completion import offers
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.statements import StatementOptions, statement_options
from evtool.cli.options.values import ExistingPath
from evtool.cli.output import Output, output_options
from evtool.cli.progress import terminal_progress
from evtool.core.text.names import shown
from evtool.operations.author import Author
from evtool.operations.seal.derive import derive
from evtool.operations.seal.options import SealOptions
from evtool.report.findings import list_findings
from evtool.report.import_document import DeriveDocument
from evtool.report.language import english

EXAMPLES = """\b
Examples:
  evtool derive case-12 interview.pdf redacted/interview.pdf \\
      --method "names blacked out by hand"
  evtool derive case-12 17 transcript.txt --method transcribed \\
      --defaults redacted.toml

\b
Exit codes:
  0  recorded
  1  nothing was recorded, and the record fails verification
  2  wrong usage
  4  nothing was recorded: something could not be read; if the copy was
     sealed by then, the message on stderr says so
  6  the copy is sealed, both are recorded, and something else is wrong: an
     item of an earlier seal changed or vanished

A dry run answers with 1 or 3 where the run itself would answer with 6.

ORIGINAL is an item, by number or name. COPY is an item, or a new file, which is then sealed. Names are those inside of
DIRECTORY: letter.pdf, not case-12/letter.pdf. The terms of consent of a copy are its own: state them with --table or
--defaults. A bundle can then carry the copy and withhold the original, and the recipient sees in the record what the
copy was made from.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=ExistingPath())
@click.argument("original", cls=Argument, completes=offers.ITEM, metavar="ORIGINAL")
@click.argument("copy", cls=Argument, completes=offers.ITEM, metavar="COPY")
@click.option("--method", required=True, metavar="TEXT", help="How the copy was made; recorded.")
@statement_options
@entry_options
@signing_options
@output_options
def command(
    directory: str,
    original: str,
    copy: str,
    method: str,
    statements: StatementOptions,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Record that COPY was made from ORIGINAL, and seal it if it is new."""
    options = SealOptions(
        header=entry.header(),
        statements=statements.files(),
        where=entry.place(),
    )
    with terminal_progress(output) as progress:
        author = Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress)
        result = derive(directory, original, copy, method, author, options)
    dry_run = entry.dry_run
    would = ("would be", "would record", "would seal") if dry_run else ("is", "records", "seals")
    lines = [
        f"{shown(directory)}: item {result.copy} {would[0]} a copy of item {result.original}, "
        f"entry {result.entry} {would[1]} it{'; nothing was written' if dry_run else ''}"
    ]
    if result.sealed is not None:
        lines.append(f"  entry {result.sealed} {would[2]} the copy")
    notes = result.seal.notes if result.seal is not None else ()
    listed = list_findings(result.seal.findings if result.seal is not None else (), output.limit)
    lines += [*(f"  note: {note}" for note in notes), *marked_lines(listed)]
    lines += head_lines(english(), result.head) if result.head is not None and not dry_run else []
    output.answer("\n".join(lines), done=not dry_run)
    output.document(
        DeriveDocument(
            exit_code=result.exit_code,
            path=directory,
            dry_run=dry_run,
            original=result.original,
            copy=result.copy,
            sealed=result.sealed,
            entry=result.entry,
            head=None if dry_run else result.head,
            findings=listed.documents,
            more_findings=listed.more,
            notes=tuple(notes),
        )
    )
    return result.exit_code
