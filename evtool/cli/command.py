"""What every command is made of: options from values, and a help page with named sections."""

from __future__ import annotations

import functools
import gc
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import click
from msgspec import NODEFAULT, Struct, field

from evtool.cli.next_command import fill_commands
from evtool.cli.ways import options_for
from evtool.core.errors import EvtoolError, UsageError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import defaults_of
from evtool.report.language import ENVIRONMENT, choose_language

Function = Callable[..., Any]

_T = TypeVar("_T", bound=Struct)

OWN = "Options"
"""The section of a command's own options."""

_RANGE = compiled_when_used(r"\s*\[([0-9]+<=)?x[<>]=[0-9]+\]")
"""What click adds to the help of a number; what a user gets wrong, the error says."""

OUTPUT = "Output"
"""The last section, which also has --help."""


class Option(click.Option):
    """An option that stands in a named section of the help page.

    Attributes:
        section: its heading.
        completes: what a shell offers for its value (`evtool.cli.completion.offers`); None if its type says that.
    """

    def __init__(self, *args: Any, section: str = OWN, completes: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        self.completes = completes


def help_record(param: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    """Give the names of an option and its help; None for one that has none, and for an argument."""
    record = param.get_help_record(context) if isinstance(param, click.Option) else None
    return record and (record[0], _RANGE.sub("", record[1]))


class Argument(click.Argument):
    """An argument for which a shell offers words.

    Attributes:
        completes: as of an option.
    """

    def __init__(self, *args: Any, completes: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.completes = completes


class Command(click.Command):
    """A command whose help page lists the options in sections: its own first, the output last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections in the order in which their options come."""
        sections: dict[str, list[tuple[str, str]]] = {OWN: []}
        last: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = help_record(param, ctx)
            if record is None:
                continue
            heading = param.section if isinstance(param, Option) else OWN
            is_last = heading == OUTPUT or "--help" in param.opts
            (last if is_last else sections.setdefault(heading, [])).append(record)
        for heading, records in (*sections.items(), (OUTPUT, last)):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records, col_max=26)

    def invoke(self, ctx: click.Context) -> Any:
        """Run; errors get what only the command knows: its name, and the options that take their ways out."""
        # All that was imported stays to the end.
        gc.freeze()
        gc.set_threshold(10_000)
        gc.enable()
        try:
            self.check_environment()
            return super().invoke(ctx)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise
        except EvtoolError as error:
            error.options, error.fill = options_for(error, self), functools.partial(_fill, ctx)
            raise

    def check_environment(self) -> None:
        """Refuse a variable that cannot be followed before hours of work, not when it comes to the answer.

        Raises:
            UsageError: there are no texts in the language that is asked for.
        """
        if os.environ.get(ENVIRONMENT):
            choose_language()


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


class _Flag(Struct, frozen=True):
    """How an option is declared; makes the value of its field where a command does not have it."""

    names: tuple[str, ...]
    otherwise: Any
    settings: dict[str, Any]

    def __call__(self) -> Any:
        if self.otherwise is NODEFAULT:
            raise TypeError(f"{self.names[0]} has to be given")
        return self.otherwise


def flag(*names: str, otherwise: Any = NODEFAULT, **settings: Any) -> Any:
    """Declare a field of a value as an option: its names, and what `click.option` takes beside them.

    `otherwise` is the value of the field where a command does not have the option.
    """
    return field(default_factory=_Flag(names, otherwise, settings))


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
    makers = {name: getattr(default, "factory", None) for name, default in defaults_of(kind).items()}
    declared = {name: maker for name, maker in makers.items() if isinstance(maker, _Flag) and name not in without}
    parameters = {name: f"{keyword}_{name}" for name in declared}

    def decorate(command: Function) -> Function:
        @functools.wraps(command)
        def with_options(*args: Any, **kwargs: Any) -> Any:
            values = {name: kwargs.pop(parameter) for name, parameter in parameters.items()}
            return command(*args, **kwargs, **{keyword: kind(**values)})

        for name, found in reversed(declared.items()):
            names = renamed.get(name, found.names)
            add = click.option(*names, parameters[name], cls=Option, section=section, **found.settings)
            add(with_options)
        return with_options

    return decorate
