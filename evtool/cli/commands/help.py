"""`evtool help`: the help of any command, found by its words, and pages about what takes several commands."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence

import click

from evtool.cli.command import Command
from evtool.cli.output import Output
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.names import shown

EXAMPLES = """\b
Examples:
  evtool help                  all commands, and what the exit codes mean
  evtool help seal
  evtool help consent set
  evtool help keys             keys: lost, stolen, changed, left

\b
Exit codes:
  0  the help was printed
  2  there is no such command, and no such page
"""

TOPICS = frozenset({"keys"})
"""Names of the pages in `evtool/cli/topics/`; none is the name of a command."""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> int:
    """Explain a command: what it does, its options, examples and exit codes."""
    if len(words) == 1 and words[0] in TOPICS:
        Output().answer(_read_topic(words[0]))
        return ExitCode.OK
    Output().answer(_find(context.find_root(), words).get_help())
    return ExitCode.OK


def _read_topic(name: str) -> str:
    """Read a page; it is Markdown that reads well as it stands."""
    data = pkgutil.get_data("evtool.cli", f"topics/{name}.md")
    assert data is not None  # noqa: S101  # it is part of the program
    return data.decode("utf-8")


def _find(context: click.Context, words: Sequence[str]) -> click.Context:
    """Go from the program to the command that the words name."""
    for word in words:
        group = context.command
        if not isinstance(group, click.Group):
            raise UsageError(
                "{command} has no commands, so there is no {word}",
                hint="`evtool help {page}` explains it",
                key="no-commands-below",
                word=shown(word, 80),
                command=context.command_path,
                page=context.command_path.removeprefix("evtool "),
            )
        name, found, _ = group.resolve_command(context, [word])
        assert found is not None  # noqa: S101  # what is not found is an error already
        context = click.Context(found, info_name=name, parent=context)
    return context
