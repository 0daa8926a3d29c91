"""`evtool catalogue export`: all that a catalogue knows, for another program."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evtool.cli.command import Command, Option, misuse
from evtool.cli.output import Output, output_options
from evtool.core.errors import UsageError
from evtool.operations.catalogue.export import TABLES, ExportFormat, export_lines
from evtool.report.catalogue_document import CatalogueExportDocument
from evtool.store.catalogue.database import open_catalogue
from evtool.store.output import new_file

EXAMPLES = """\b
Examples:
  evtool catalogue export repository.cat > repository.jsonl
  evtool catalogue export repository.cat --format sql -o repository.sql
  evtool catalogue export repository.cat --format csv --table item \\
      -o items.csv

\b
Exit codes:
  0  written
  2  wrong usage
  4  the catalogue cannot be read, or the file cannot be written

Two catalogues that know the same are written as the same bytes. What --format sql writes can be loaded into SQLite and
PostgreSQL. It holds the names that the catalogue holds, and no others.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    cls=Option,
    type=click.Choice([form.value for form in ExportFormat]),
    default=ExportFormat.JSONL.value,
    show_default=True,
    help="One JSON object per line, one table as CSV, or statements for another database.",
)
@click.option(
    "--table",
    cls=Option,
    type=click.Choice([table.name for table in TABLES]),
    metavar="TABLE",
    help=f"Only this table: {', '.join(table.name for table in TABLES)}.",
)
@click.option(
    "--output", "-o", "file", cls=Option, type=click.Path(path_type=Path), metavar="FILE",
    help="A new file. [default: standard output]",
)  # fmt: skip
@output_options
def command(catalogue: Path, form: str, table: str | None, file: Path | None, output: Output) -> None:
    """Write out everything in the catalogue, for another program."""
    chosen = ExportFormat(form)
    if chosen is ExportFormat.CSV and table is None:
        raise misuse(UsageError("CSV holds one table; name it with --table", key="csv-table"))
    if file is None and (output.json or (chosen is not ExportFormat.JSONL and sys.stdout.isatty())):
        # What stands in a title could steer a terminal; the lines of JSON are in ASCII.
        raise misuse(UsageError("name a file with --output", key="export-file"))
    with open_catalogue(catalogue) as opened:
        lines = export_lines(opened, chosen, table)
        if file is None:
            for piece in lines:
                sys.stdout.write(piece)
            return
        with new_file(file) as written:
            size = sum(written.file.write(piece.encode("utf-8")) for piece in lines)
    output.answer(output.language.say("catalogue.exported", path=str(file)), done=True)
    output.document(CatalogueExportDocument(path=str(catalogue), output=str(file), bytes=size))
