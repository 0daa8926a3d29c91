"""`evtool help`: the help of any command, found by its words, and pages about what takes several commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from evtool.cli.command import Argument, Command
from evtool.cli.completion import offers
from evtool.cli.output import Output
from evtool.cli.screen import ASIDE, COMMANDS, SECTIONS
from evtool.cli.topics import TOPICS, find_topic, guess_topic, read_topic, render, title_of
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.names import shown
from evtool.report.language import Language

EXAMPLES = """\b
Examples:
  evtool help                  all commands and topics
  evtool help first-hour       where to start
  evtool help seal
  evtool help consent set

\b
Exit codes:
  0  the help was printed
  2  there is no such command, and no such topic
"""

_WIDTH = 80
"""The columns of a page that is not read on a narrower terminal."""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("words", cls=Argument, completes=offers.command_words(TOPICS), nargs=-1, metavar="[COMMAND|TOPIC]...")
@click.pass_context
def command(context: click.Context, words: tuple[str, ...]) -> int:
    """Explain a command or a topic.

    The page of a command has its options, examples and exit codes. A topic is about what takes several commands.
    Topics are in English, and in Korean where the locale is Korean or with EVTOOL_LANG=ko.
    """
    output = Output()
    topic = find_topic(words)
    if not words:
        output.answer(_write_overview(output.language))
    elif topic:
        page = read_topic(topic, output.language.code)
        output.answer(render(page, min(output.width or _WIDTH, _WIDTH), styled=_takes_styles()))
    else:
        output.answer(_find(context.find_root(), words).get_help())
    return ExitCode.OK


def _write_overview(language: Language) -> str:
    """List all commands in their groups, and the topics, one per line."""
    lines: list[str] = [language.say("overview.about")]
    for heading, commands in SECTIONS.items():
        lines += ["", heading if language.code == "en" else language.word("command-group", heading)]
        lines += [_tell(name, language) for name in commands]
    lines += ["", *(_tell(name, language) for name in ASIDE if name != "help")]
    lines += ["", language.say("overview.topics")]
    lines += [f"  {name:<22} {title_of(read_topic(name, language.code))}" for name in TOPICS]
    return "\n".join([*lines, "", language.say("overview.more")])


def _tell(name: str, language: Language) -> str:
    words = COMMANDS[name][1] if language.code == "en" else language.word("command", name)
    return f"  {name:<10} {words}"


def _takes_styles() -> bool:
    """Tell whether the answer goes to a terminal that shows bold text; see no-color.org."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


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
        if context.parent is None:
            _look_for_topic(words, group.list_commands(context))
        name, found, _ = group.resolve_command(context, [word])
        assert found is not None  # noqa: S101  # what is not found is an error already
        context = click.Context(found, info_name=name, parent=context)
    return context


def _look_for_topic(words: Sequence[str], commands: Sequence[str]) -> None:
    """Refuse words that name no command and are most like a topic."""
    if words[0] in commands:
        return
    meant = guess_topic(words, commands)
    if meant:
        raise UsageError(
            "there is no command and no topic {name}",
            hint="did you mean `evtool help {meant}`?",
            key="no-such-topic",
            name=shown(" ".join(words), 80),
            meant=meant,
        )
