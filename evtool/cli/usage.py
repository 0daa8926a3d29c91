"""What was wrong with a command line, and the way on."""

from __future__ import annotations

import click

from evtool.cli.group import UnknownCommandError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean, find_options
from evtool.core.text.names import shown

_NOT_ONE_OF = compiled_when_used(r"'(.*)' is not one of")


def explain_usage(error: click.ClickException) -> tuple[str, str]:
    """Give message and hint for what click found wrong."""
    if isinstance(error, UnknownCommandError):
        return error.message, error.hint
    context = error.ctx if isinstance(error, click.UsageError) else None
    see = _where_to_look(context) if context else ""
    if isinstance(error, click.NoSuchOption) and context:
        known = [name for param in context.command.get_params(context) if not _is_hidden(param) for name in param.opts]
        alike = [name for name in find_options(error.option_name, known) if name.startswith("--")]
        message = f"{context.command_path} has no option {shown(error.option_name, 80)}"
        return message, f"did you mean {' or '.join(alike)}? {see}" if alike else see
    return _one_line(error.format_message()), _guess_value(error) + see


def _guess_value(error: click.ClickException) -> str:
    """Ask whether a word was meant that is like the one that was typed, where only some words are accepted."""
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    typed = _NOT_ONE_OF.match(error.message)
    return did_you_mean(typed[1], map(str, kind.choices)) if isinstance(kind, click.Choice) and typed else ""


def _where_to_look(context: click.Context) -> str:
    program, _, words = context.command_path.partition(" ")
    return f"`{program} help {words}` explains the command" if words else f"`{program} help` lists the commands"


def _is_hidden(param: click.Parameter) -> bool:
    return not isinstance(param, click.Option) or param.hidden


def _one_line(text: str) -> str:
    return shown(" ".join(text.split()), limit=1000)
