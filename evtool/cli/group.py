"""Groups of commands: guess at what was mistyped, show their help when called alone, import only what runs."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from evtool.cli.command import misuse
from evtool.cli.next_command import shell_word
from evtool.cli.screen import ABOUT, ASIDE, COMMANDS, EPILOG, OTHER_WORDS, SECTIONS, render_first_screen
from evtool.core import __version__
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.guess import find_alike
from evtool.core.text.names import shown


class UnknownCommandError(click.UsageError):
    """A group has no command of this name.

    Attributes:
        says: that, and what was most likely meant.
    """

    def __init__(self, says: UsageError, ctx: click.Context) -> None:
        super().__init__(says.message, ctx)
        self.says = says


class Group(click.Group):
    """A group whose commands may live in modules of their own, imported on use.

    `modules` is name -> module; each of these defines its command under the name `command`. With `default`, whatever
    is no name of a command goes to that one: `evtool timestamp DIR` means `evtool timestamp add DIR`. A directory
    with the name of a command is written `./upgrade`.

    Attributes:
        default: the name of that command, or None.
    """

    def __init__(
        self, *args: Any, modules: Mapping[str, str] | None = None, default: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._modules = modules or {}
        self.default = default

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names in the order in which they were written down."""
        return [*self.commands, *self._modules]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command, and import its module if need be."""
        if cmd_name not in self._modules:
            return super().get_command(ctx, cmd_name)
        command = importlib.import_module(self._modules[cmd_name]).command
        assert isinstance(command, click.Command)  # noqa: S101  # the table is part of this program
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help where no command is named, and put the default one in front where it goes without saying."""
        if not args and not ctx.resilient_parsing:
            # Not a success: a script that lost the command on its way must not go on as if something had been done.
            sys.stdout.write(self.short_page(ctx) + "\n")
            raise click.exceptions.Exit(ExitCode.USAGE)
        if self.default and args[0] not in (*self.list_commands(ctx), *ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def short_page(self, ctx: click.Context) -> str:
        """Write what the group prints when it is called alone."""
        return self.get_help(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one was most likely meant."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UnknownCommandError(self._unknown(ctx, name), ctx)
        return super().resolve_command(ctx, args)

    def _unknown(self, ctx: click.Context, name: str) -> UsageError:
        """Give the error that says so, with what was most likely meant."""
        command, typed, is_root = ctx.command_path, shown(name, 80), ctx.parent is None
        other_word = OTHER_WORDS.get(name.lower()) if is_root else None
        meant = other_word or find_alike(name, self.list_commands(ctx))
        if meant:
            return UsageError(
                "{command} has no command {name}",
                hint="did you mean `{command} {meant}`?",
                key="no-such-command-but",
                command=command,
                name=typed,
                meant=meant,
            )
        if is_root and os.path.lexists(name):
            return UsageError(
                "{command} has no command {name}",
                hint="to check what is there: `evtool verify {path}`",
                key="no-such-command-path",
                command=command,
                name=typed,
                path=shell_word(name),
            )
        if is_root:
            return UsageError(
                "{command} has no command {name}",
                hint="`{command} help` lists the commands and topics",
                key="no-such-command-or-topic",
                command=command,
                name=typed,
            )
        return UsageError(
            "{command} has no command {name}",
            hint="`{command}` alone lists the commands",
            key="no-such-command",
            command=command,
            name=typed,
        )


class _Program(Group):
    """The group `evtool` itself, of which no help needs a command's module."""

    def short_page(self, ctx: click.Context) -> str:
        """Write the first screen."""
        return render_first_screen()

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone."""
        for heading, commands in (*SECTIONS.items(), ("Help", ASIDE)):
            with formatter.section(heading):
                formatter.write_dl([(name, words) for name, (_, words) in commands.items()], col_max=12)


def make_program() -> click.Group:
    """Make the group `evtool`, with every command."""
    help_text = (
        f"{ABOUT}\n\nevtool shows that bytes are the same as when they were sealed, who signed the seal, and by when. "
        "It does not show that what the evidence says is true. Evidence files are only ever read.\n\n"
        "`evtool help COMMAND` explains a command."
    )
    program = _Program(
        "evtool",
        help=help_text,
        epilog=EPILOG,
        modules={name: module for name, (module, _) in COMMANDS.items()},
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    )
    told = "With --version: as one JSON document, with the SHA-256 of the checks that do without evtool."
    program = click.option("--json", is_flag=True, expose_value=False, callback=_refuse_json, help=told)(program)
    return click.version_option(__version__, "--version", message="evtool %(version)s")(program)


def _refuse_json(_context: click.Context, _param: click.Parameter, asked: bool) -> None:
    """Refuse --json where it means nothing; with --version alone, `evtool.cli.app` answers by itself."""
    if asked:
        raise misuse(UsageError("--json goes behind the name of a command, or with --version alone", key="json-behind"))
