"""The group of all commands, of which only the one that runs is imported."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from evtool.core import __version__

Commands = Mapping[str, tuple[str, str]]
"""Name -> module and one line of help."""


class LazyGroup(click.Group):
    """A group whose commands live in modules of their own, imported on use."""

    def __init__(self, *args: Any, commands_by_name: Commands, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = commands_by_name

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the command names in the order of an archivist's work."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command; each defines it under the name `command`."""
        if cmd_name not in self._table:
            return None
        command = importlib.import_module(self._table[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101  # the table above is part of this program
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_line) for name, (_, help_line) in self._table.items()])


def make_group(commands: Commands, epilog: str) -> click.Group:
    """Make the group `evtool`, with the commands of a table."""

    @click.group(
        cls=LazyGroup,
        commands_by_name=commands,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        epilog=epilog,
    )
    @click.version_option(__version__, "--version", message="evtool %(version)s")
    def evtool() -> None:
        """Seal directories of evidence, and verify them offline.

        evtool shows that bytes are the same as when they were sealed, who signed the seal, and by when. It does not
        show that what the evidence says is true. Evidence files are only ever read.
        """

    return evtool
