"""`evtool catalogue rebuild`: a lost catalogue, made again."""

from __future__ import annotations

import os
from pathlib import Path

import click

from evtool.cli.command import Command, Option, misuse
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import load_receipt_keys, recipients_option, trust_option
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.trust import choose_trust
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.operations.catalogue.rebuild import rebuild
from evtool.operations.record.place import RecordPlace
from evtool.operations.verify.options import VerifyOptions
from evtool.report.catalogue_document import CatalogueRebuildDocument, UnreadDocument
from evtool.store.catalogue.database import journal_of

EXAMPLES = """\b
Examples:
  evtool catalogue rebuild repository.cat
  evtool catalogue rebuild repository.cat --journal copy/journal
  evtool catalogue rebuild repository.cat --at vault-2=/mnt/vault

\b
Exit codes:
  0  made again
  1  the journal fails verification
  2  wrong usage, or a catalogue is there
  3  the journal is signed by a key that you have not trusted
  4  the journal, or the records of some holdings, could not be read

Every record is verified again where it lies, by the keys that you trust now. What no record tells (where copies lie,
what was proven and decided) comes from the journal, whose volumes are ordinary sealed collections, all of which have
to be there. The key of the digests has to be where it was, or the digests are other ones.
"""


def _roots(texts: tuple[str, ...]) -> dict[str, str]:
    roots: dict[str, str] = {}
    for text in texts:
        code, separator, root = text.partition("=")
        if not (code and separator and root):
            raise misuse(
                UsageError("--at takes {form}, not {text}", key="no-root", form="LOCATION=DIR", text=shown(text))
            )
        roots[code] = os.path.abspath(root)
    return roots


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option(
    "--journal", cls=Option, type=click.Path(path_type=Path), metavar="DIR",
    help="The journal. [default: beside the catalogue]",
)  # fmt: skip
@click.option(
    "--at", "roots", cls=Option, multiple=True, metavar="LOCATION=DIR",
    help="Where a location is now. May be repeated.",
)  # fmt: skip
@trust_option
@recipients_option
@access_options
@time_options
@output_and_progress
def command(
    catalogue: Path,
    journal: Path | None,
    roots: tuple[str, ...],
    trust_file: Path | None,
    recipients_file: Path | None,
    access: AccessOptions,
    time: TimeOptions,
    output: Output,
) -> ExitCode:
    """Make a catalogue again from the records and its journal."""
    trust = choose_trust(trust_file, ())
    options = VerifyOptions(
        trust=trust.keys,
        receipts=load_receipt_keys(trust.file, recipients_file),
        place=RecordPlace(access=access.load()),
        time=time.load(output),
    )
    with terminal_progress(output) as progress:
        made = rebuild(catalogue, journal or journal_of(catalogue), options, progress, _roots(roots))
    exit_code = ExitCode.NOT_CHECKED if made.unread else ExitCode.OK
    runs, holdings = counted(made.runs, "run", "runs"), counted(made.holdings, "holding", "holdings")
    lines = [f"{shown(str(catalogue))} is made again: {holdings}, {runs}."]
    lines += [
        f"  holding {unread.holding} could not be read, its items are missing: {unread.why}" for unread in made.unread
    ]
    output.answer("\n".join(lines), done=True)
    output.document(
        CatalogueRebuildDocument(
            exit_code=exit_code,
            path=str(catalogue),
            runs=made.runs,
            holdings=made.holdings,
            unread=tuple(UnreadDocument(holding=unread.holding, why=unread.why) for unread in made.unread),
        )
    )
    return exit_code
