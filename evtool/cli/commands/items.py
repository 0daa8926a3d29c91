"""`evtool items`: the table that an archivist fills in before sealing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evtool.cli.command import Command
from evtool.cli.options.common import custody_option
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.interop.headings import LANGUAGES
from evtool.interop.items_table import describe_columns, serialize_table
from evtool.interop.items_workbook import write_workbook
from evtool.operations.seal.options import UNMATCHED, SealOptions
from evtool.operations.seal.statements import check_table_place
from evtool.operations.seal.unsealed import list_new_names
from evtool.report.items_document import ItemsTableDocument, TableColumn
from evtool.store.output import write_new_file

EXAMPLES = """\b
Examples:
  evtool items interview-0042 -o items.xlsx  a row for each unsealed item,
                                     with the codes to choose from
  evtool items interview-0042 > items.csv    the same as CSV
  evtool items interview-0042 -o items.xlsx --headings ko
  evtool items --columns                     what each column holds
  evtool seal interview-0042 --table items.xlsx

\b
Exit codes:
  0  the table was printed or written
  2  wrong usage
  4  the directory or its record cannot be read

Every cell that is filled in is sealed as a statement of its own; empty ones state nothing. A term of consent that
nobody states counts as its strictest value: closed. Lists are written with semicolons; `none` is a list
that is stated and empty. Dates are written like 2026-03-01; what a spreadsheet makes of them is read if the year comes
first. Workbooks (.xlsx, .ods) take the extra `tables`: pip install 'evtool[tables]'.
Names are in their stored form: control characters, % and bytes that are not UTF-8 as %XX. Keep the table outside of
the evidence directory: it holds the names and the terms of all items together.

\b
Defaults for whole directories, for `evtool seal --defaults FILE`, are TOML:
  format = "evtool-defaults/1"
  [[directory]]
  path = "."
  handling = "named"
  consent = {status = "given", by = "subject", share = ["ohchr-dprk"]}
  context = {language = "ko"}
If directories and rows both name an item, the strictest terms count;
of context, the innermost.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=click.Path(), required=False)
@click.option("--columns", is_flag=True, help="Print what each column holds, and no table.")
@click.option(
    "-o",
    "--output",
    "output_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the table to FILE: a workbook if it ends in .xlsx, CSV if it ends in .csv. FILE must not exist yet.",
)
@click.option(
    "--headings",
    type=click.Choice(tuple(LANGUAGES)),
    default="en",
    show_default=True,
    help="Language of the headings of the columns.",
)
@click.option("--bom/--no-bom", default=True, help="Begin with a byte order mark, which spreadsheets need for Hangul.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Leave names out, as `evtool seal` will.")
@click.option("--reset-excludes", is_flag=True, help="Forget the patterns in force, as `evtool seal` will.")
@custody_option
@output_options
def command(
    directory: str | None,
    columns: bool,
    output_file: Path | None,
    headings: str,
    bom: bool,
    exclude: tuple[str, ...],
    reset_excludes: bool,
    custody: str | None,
    output: Output,
) -> int:
    """Print or write a table of the items in DIRECTORY that are not sealed yet, to be filled in.

    No file of DIRECTORY is read, and nothing is written to it.
    """
    if columns == (directory is not None):
        raise UsageError("name a DIRECTORY, or ask for --columns", key="items-directory-or-columns")
    if output_file is not None and output_file.suffix.lower() not in (".xlsx", ".csv"):
        raise UsageError("the name of FILE must end in .xlsx or .csv", key="items-file-ending")
    if directory is None:
        described = list(describe_columns())
        output.answer("\n".join(f"{name:<13} {meaning}\n{'':<13} {accepted}" for name, meaning, accepted in described))
        output.document(ItemsTableDocument(columns=_columns(), paths=None))
        return ExitCode.OK
    options = SealOptions(exclude=exclude, reset_exclusions=reset_excludes, where=custody, allow=frozenset({UNMATCHED}))
    names = list_new_names(directory, options)
    if output_file is not None:
        check_table_place(str(output_file), directory)
        if output_file.suffix.lower() == ".xlsx":
            data = write_workbook(names, headings)
        else:
            data = "".join(serialize_table(names, bom=bom, language=headings)).encode("utf-8")
        write_new_file(output_file, data, 0o600)
        output.answer(f"{shown(str(output_file))}: {counted(len(names), 'row')} to fill in")
        output.document(ItemsTableDocument(columns=_columns(), paths=tuple(names)))
        return ExitCode.OK
    if output.json:
        output.document(ItemsTableDocument(columns=_columns(), paths=tuple(names)))
        return ExitCode.OK
    for piece in serialize_table(names, bom=bom, language=headings):
        # Bytes, not text: what a spreadsheet reads is UTF-8 and CRLF, whatever this terminal's encoding is.
        sys.stdout.buffer.write(piece.encode("utf-8"))
    return ExitCode.OK


def _columns() -> tuple[TableColumn, ...]:
    return tuple(
        TableColumn(name=name, meaning=meaning, accepted=accepted) for name, meaning, accepted in describe_columns()
    )
