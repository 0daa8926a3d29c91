"""Writes what is made from the declarations of all commands: the table of completion, and the man pages.

    python -m tests.tools.write_command_pages            write them where they belong
    python -m tests.tools.write_command_pages FOLDER     write them below another folder, to compare

The help of a command is the source of its man page, which has all of it. click-man is not used: it leaves out what
stands behind the options, which are the examples and the exit codes here, and the headings between them, and takes a
line that begins with a dot, or a backslash, for an instruction.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from evtool.cli.command import Argument, Option
from evtool.cli.completion import offers
from evtool.cli.completion.table import DEFAULT, FLAG, PROGRAM, SUBCOMMAND, Declared, write_section
from evtool.cli.group import Group, make_program
from evtool.cli.screen import COMMANDS

ROOT = Path(__file__).parents[2]

TABLE = "evtool/cli/completion/table.txt"
"""Where the table of completion is."""

_LONGEST = 70
"""How many characters a shell shows of what a word means."""


def walk(command: click.Command | None = None, parent: click.Context | None = None) -> Iterator[click.Context]:
    """Give a context for the program, for each group and for each command, in the order of their listing."""
    command = command or make_program()
    context = click.Context(command, info_name=command.name if parent else PROGRAM, parent=parent)
    yield context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            below.name = name
            yield from walk(below, context)


# --- completion ------------------------------------------------------------------------------------------------------


def write_table() -> str:
    """Write the table of completion."""
    return "\n".join(
        write_section(context.command_path.removeprefix(f"{PROGRAM} "), list(_rows(context))) for context in walk()
    ).replace("\n\n\n", "\n\n")


def _rows(context: click.Context) -> Iterator[Declared]:
    command = context.command
    if isinstance(command, click.Group):
        default = command.default if isinstance(command, Group) else None
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            means = COMMANDS[name][1] if context.parent is None else _shorten(str(below.help))
            yield Declared((name,), DEFAULT if name == default else SUBCOMMAND, False, means)
    for param in command.get_params(context):
        if isinstance(param, click.Option):
            names = tuple(sorted([*param.opts, *param.secondary_opts], key=len))
            if param.name == "help":  # click keeps the names of the context that asked for it first
                names = tuple(sorted(context.help_option_names, key=len))
            if not param.hidden:
                yield Declared(
                    names, FLAG if param.is_flag else _spec(param), param.multiple, _shorten(param.help or "")
                )
        elif not isinstance(command, click.Group):
            yield Declared((param.make_metavar(context).strip("[]."),), _spec(param), param.nargs == -1, "")


def _spec(param: click.Parameter) -> str:
    """Say what a shell offers for the value: what is declared, else what the type says."""
    declared = param.completes if isinstance(param, Option | Argument) else None
    if declared is not None:
        return declared
    if isinstance(param.type, click.Choice):
        return offers.words(map(str, param.type.choices))
    if isinstance(param.type, click.Path):
        is_directory = (param.metavar or str(param.name)).lower() in ("dir", "directory")
        return "dir" if is_directory else "file"
    return "file" if param.metavar in ("FILE", "FILE.pub") else offers.NOTHING


def _shorten(text: str) -> str:
    """Give the first sentence of a help text, cut to what a shell shows."""
    first = re.split(r"(?<=[a-z)])[.:] |\.$| \[", " ".join(cleandoc(text).split()))[0].removesuffix(".")
    return first if len(first) <= _LONGEST else f"{first[: _LONGEST - 3].rsplit(' ', 1)[0]}..."


def main(folder: Path) -> None:
    """Write everything below a folder."""
    for name, text in {TABLE: write_table()}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
