"""What every command is made of: options from frozen dataclasses, and a help page with named sections."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import click

from evtool.cli.next_command import fill_commands
from evtool.cli.ways import options_for
from evtool.core.errors import EvtoolError, UsageError

Function = Callable[..., Any]

_T = TypeVar("_T")

OWN = "Options"
"""The section of a command's own options."""

_RANGE = re.compile(r"\s*\[([0-9]+<=)?x[<>]=[0-9]+\]")
"""What click adds to the help of a number; what a user gets wrong, the error says."""

OUTPUT = "Output"
"""The last section, which also has --help."""


class Option(click.Option):
    """An option that stands in a named section of the help page.

    Attributes:
        section: its heading.
    """

    def __init__(self, *args: Any, section: str = OWN, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose help page lists the options in sections: its own first, the output last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections in the order in which their options come."""
        sections: dict[str, list[tuple[str, str]]] = {OWN: []}
        last: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is None:
                continue
            heading = param.section if isinstance(param, Option) else OWN
            is_last = heading == OUTPUT or "--help" in param.opts
            (last if is_last else sections.setdefault(heading, [])).append((record[0], _RANGE.sub("", record[1])))
        for heading, records in (*sections.items(), (OUTPUT, last)):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records, col_max=26)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; errors get what only the command knows: its name, and the options that take their ways out."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        except EvtoolError as error:
            error.options, error.fill = options_for(error, self), functools.partial(_fill, ctx)
            raise


def _fill(context: click.Context, text: str) -> str:
    """Make the commands in a text ready to be typed, as the run of that context would type them."""
    with context.scope(cleanup=False):
        return fill_commands(text)


def misuse(error: EvtoolError) -> click.UsageError:
    """Give the error of a command line that says this, and on which page the command is explained."""
    usage = click.UsageError(error.message)
    usage.__cause__ = error
    return usage


def one_of_two(first: str, second: str) -> UsageError:
    """Give the error that two options exclude each other."""
    return UsageError(
        "{first} and {second} are two answers to one question; give one", key="one-of-two", first=first, second=second
    )


def flag(*names: str, otherwise: Any = dataclasses.MISSING, **settings: Any) -> Any:
    """Declare a field of a dataclass as an option: its names, and what `click.option` takes beside them.

    `otherwise` is the value of the field where a command does not have the option.
    """
    return dataclasses.field(default=otherwise, metadata={"names": names, "settings": settings})


def options_of(
    kind: type[_T],
    keyword: str,
    section: str = OWN,
    *,
    without: frozenset[str] = frozenset(),
    renamed: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> Callable[[Function], Function]:
    """Give a command an option for each field of `kind` that `flag` declares, in their order.

    The command gets the object that is made of them as the argument `keyword`. A field in `without` is no option of
    this command; it keeps its default, as does a field that `flag` does not declare. `renamed` has the names of options
    of which one is taken in this command: field -> names.

    Raises:
        click.UsageError: when the command runs, if `kind` refuses the values.
    """
    declared = [
        field
        for field in dataclasses.fields(kind)  # type: ignore[arg-type]  # a dataclass, which no type can say
        if "names" in field.metadata and field.name not in without
    ]
    parameters = {field.name: f"{keyword}_{field.name}" for field in declared}

    def decorate(command: Function) -> Function:
        @functools.wraps(command)
        def with_options(*args: Any, **kwargs: Any) -> Any:
            values = {name: kwargs.pop(parameter) for name, parameter in parameters.items()}
            return command(*args, **kwargs, **{keyword: kind(**values)})

        for field in reversed(declared):
            names, settings = field.metadata["names"], field.metadata["settings"]
            names = renamed.get(field.name, names)
            click.option(*names, parameters[field.name], cls=Option, section=section, **settings)(with_options)
        return with_options

    return decorate
