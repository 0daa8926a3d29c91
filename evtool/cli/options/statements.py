"""Options about what an archivist states of items."""

from __future__ import annotations

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.core.text.foreign import ENCODINGS
from evtool.operations.seal.options import StatementFiles


class StatementOptions(Struct, frozen=True):
    """Where it is written what is stated of items.

    Attributes:
        table: a table with a row for each item, or None.
        defaults: a file about whole directories, or None.
        table_encoding: how the table is encoded, or None.
    """

    table: str | None = flag(
        "--table",
        metavar="FILE",
        type=click.Path(),
        help="The filled-in table (CSV, .xlsx, .ods): context and consent of each item. `evtool items` "
        "makes one to fill in.",
    )
    defaults: str | None = flag(
        "--defaults",
        metavar="FILE",
        type=click.Path(),
        help="TOML file of what is stated of whole directories.",
    )

    table_encoding: str | None = flag(
        "--table-encoding",
        metavar="NAME",
        type=click.Choice(tuple(ENCODINGS), case_sensitive=False),
        help="How a table of CSV is encoded. [default: UTF-8, UTF-16 by its mark, or CP949 if it fits]",
    )

    def files(self) -> StatementFiles:
        """Give the two as the library takes them."""
        return StatementFiles(self.table, self.defaults, self.table_encoding)


statement_options = options_of(StatementOptions, "statements", "What is stated of the items")
"""Add --table, --defaults and --table-encoding; the command gets them as `statements`."""
