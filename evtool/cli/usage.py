"""What was wrong with a command line, and the way on."""

from __future__ import annotations

import click

from evtool.cli.group import UnknownCommandError
from evtool.core.errors import EvtoolError, UsageError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean, find_options
from evtool.core.text.names import shown

_NOT_ONE_OF = compiled_when_used(r"'(.*)' is not one of")


def explain_usage(error: click.ClickException) -> UsageError:
    """Give the error that says what click, or a command, found wrong with the command line."""
    if isinstance(error, UnknownCommandError):
        return error.says
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is None:
        return UsageError("{said}", key="usage-alone", said=_say(error))
    see_en, page = _where_to_look(context)
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error.option_name, context)
    said, why = _say(error), error.__cause__
    where = error.param.get_error_hint(context) if isinstance(error, click.BadParameter) and error.param else ""
    if isinstance(error, click.MissingParameter):
        return UsageError(
            "{said_en}", hint="{see_en}", key="missing-value", said_en=said, see_en=see_en, page=page, where=where
        )
    if not isinstance(why, EvtoolError) or not why.key:
        kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
        if isinstance(kind, click.Choice):
            return UsageError(
                "{said_en}",
                hint="{guess_en}{see_en}",
                key="bad-choice",
                said_en=said,
                guess_en=_guess_value(error),
                see_en=see_en,
                page=page,
                where=where,
                known=", ".join(map(str, kind.choices)),
            )
        return UsageError(
            "{said}",
            hint="{see_en}",
            key="bad-word" if where else "usage",
            said=said,
            see_en=see_en,
            page=page,
            where=where,
        )
    if where:
        return UsageError(
            "{said_en}", hint="{see_en}", key="bad-value", said_en=said, see_en=see_en, page=page, where=where, why=why
        )
    return UsageError("{said_en}", hint="{see_en}", key="misused", said_en=said, see_en=see_en, page=page, why=why)


def _no_such_option(name: str, context: click.Context) -> UsageError:
    see_en, page = _where_to_look(context)
    known = [option for param in context.command.get_params(context) if not _is_hidden(param) for option in param.opts]
    alike = [option for option in find_options(name, known) if option.startswith("--")]
    return UsageError(
        "{command} has no option {option}",
        hint="did you mean {alike_en}? {see_en}" if alike else "{see_en}",
        key="no-such-option-but" if alike else "no-such-option",
        command=context.command_path,
        option=shown(name, 80),
        alike_en=" or ".join(alike),
        alike=", ".join(alike),
        see_en=see_en,
        page=page,
    )


def _guess_value(error: click.ClickException) -> str:
    """Ask whether a word was meant that is like the one that was typed, where only some words are accepted."""
    kind = error.param.type if isinstance(error, click.BadParameter) and error.param else None
    typed = _NOT_ONE_OF.match(error.message)
    return did_you_mean(typed[1], map(str, kind.choices)) if isinstance(kind, click.Choice) and typed else ""


def _where_to_look(context: click.Context) -> tuple[str, str]:
    """Give the sentence that says which page helps, and the command that prints it."""
    program, _, words = context.command_path.partition(" ")
    page = f"{program} help {words}".strip()
    return (f"`{page}` explains the command" if words else f"`{page}` lists the commands"), page


def _is_hidden(param: click.Parameter) -> bool:
    return not isinstance(param, click.Option) or param.hidden


def _say(error: click.ClickException) -> str:
    """Give the message in one line: that of an error of evtool is safe to print, that of click repeats typed words."""
    text = error.format_message()
    return text if isinstance(error.__cause__, EvtoolError) else shown(" ".join(text.split()), limit=1000)
