"""The table of all commands with their options and arguments, as far as completion needs it."""

from __future__ import annotations

import pkgutil

from msgspec import Struct

PROGRAM = "evtool"
"""The section of the commands themselves."""

FLAG, SUBCOMMAND, DEFAULT, REPEATED = "flag", "command!", "default!", "+"


class Declared(Struct, frozen=True):
    """One line of a section.

    Attributes:
        names: of an option, of a command, or the one of an argument.
        spec: what its value is (`evtool.cli.completion.offers`), or that it has none, or is a command.
        is_repeated: whether it may come more than once.
        means: a few words on it.
    """

    names: tuple[str, ...]
    spec: str
    is_repeated: bool
    means: str

    @property
    def is_option(self) -> bool:
        """Tell whether it begins with a dash."""
        return self.names[0].startswith("-")


class CommandTable:
    """The table, of which only the sections are taken apart that somebody asks for."""

    def __init__(self, text: str) -> None:
        self._text = "\n" + text

    def section(self, command: str) -> list[Declared]:
        """Give the rows of a command or group; empty if there is none of that name."""
        _, head, rest = self._text.partition(f"\n[{command}]\n")
        return [_parse(line) for line in rest.partition("\n\n")[0].splitlines()] if head else []


def _parse(line: str) -> Declared:
    names, spec, means = line.split("\t")
    return Declared(tuple(names.split(" ")), spec.removesuffix(REPEATED), spec.endswith(REPEATED), means)


def read_table() -> CommandTable:
    """Read the table that comes with evtool."""
    data = pkgutil.get_data("evtool.cli.completion", "table.txt")
    assert data is not None  # noqa: S101  # it is part of the program
    return CommandTable(data.decode("utf-8"))
