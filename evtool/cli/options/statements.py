"""Options about what an archivist states of items."""

from __future__ import annotations

from dataclasses import dataclass

import click

from evtool.cli.command import flag, options_of
from evtool.operations.seal.statements import StatementFiles


@dataclass(frozen=True, slots=True)
class StatementOptions:
    """Where it is written what is stated of items.

    Attributes:
        table: a table with a row for each item, or None.
        defaults: a file about whole directories, or None.
    """

    table: str | None = flag(
        "--table",
        metavar="FILE",
        type=click.Path(),
        help="The filled-in table (CSV): context and consent of each item. `evtool items` prints one to fill in.",
    )
    defaults: str | None = flag(
        "--defaults",
        metavar="FILE",
        type=click.Path(),
        help="TOML file of what is stated of whole directories.",
    )

    def files(self) -> StatementFiles:
        """Give the two as the library takes them."""
        return StatementFiles(self.table, self.defaults)


statement_options = options_of(StatementOptions, "statements", "What is stated of the items")
"""Add --table and --defaults; the command gets them as `statements`."""
