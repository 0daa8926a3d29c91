"""The commands that a run tells its user to type next, made ready to be typed.

Errors, answers and texts tell a command in general: `evtool log DIR`. A run knows its DIR, and was told by options
where the record is, what opens it and whom to trust: printed is the command with these, quoted for a shell, so that it
works as it stands. Whoever calls evtool from Python gets it in general.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click

from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import is_visible

PLACE = "DIR"
"""What stands for the evidence directory or bundle of a run in a command that is told in general."""

CATALOGUE = "CATALOGUE"
"""What stands for the catalogue of a run."""

CARRIED = (
    "--custody", "--continued", "-i", "--passphrase-file", "--tsa-roots", "--trust", "--recipients",
    "--key", "--agent", "--key-passphrase-file", "--deny-terms",
)  # fmt: skip
"""The options that the next command needs as this one did, if it has them: where the record is, what opens it, whom to
trust, and who signs what. That a passphrase came from a descriptor helps no later command."""

_RECORDS = {"directory", "path", "paths", "bundle"}
"""What the argument of a command is called that names a record; no command has two of them."""

_TOLD = compiled_when_used(r"`(evtool [^`]*)`")


def fill_commands(text: str) -> str:
    """Make the commands between backticks in a text ready to be typed; for texts of the program, not from outside."""
    return _TOLD.sub(lambda told: f"`{next_command(told[1])}`", text) if "`evtool " in text else text


def next_command(general: str, place: str | None = None) -> str:
    """Make a command ready to be typed; one that is not about the record of this run stays as it is.

    `place` is one of several records that a run is about. `FILE`, `N` and the like are for the user to replace.
    """
    context = click.get_current_context(silent=True)
    place = place or (_place_of(context) if context is not None else None)
    words = general.split(" ")
    if context is not None and CATALOGUE in words:
        words = [_catalogue_of(context) if word == CATALOGUE else word for word in words]
        general = " ".join(words)
    if context is None or place is None or PLACE not in words:
        return general
    target = _find_command(context.find_root().command, words[1:])
    known = {name for param in target.params for name in param.opts} if target else set()
    carried = [
        f"{name} {shell_word(value)}"
        for name, value in _given(context)
        if name in known and not any(word.split("=")[0] == name for word in words)
    ]
    at = words.index(PLACE)
    # At the end stays what the user may have to fill in.
    return " ".join([*words[:at], shell_word(place), *carried, *words[at + 1 :]])


def shell_word(text: str) -> str:
    r"""Quote a path for a shell: printable whatever it holds, and never taken for an option.

    What does not show on a screen as itself is written as its bytes (`\nnn`), in `$'...'`, which bash, zsh, and POSIX
    since its 2024 issue read. An older shell (dash) takes it for another name, and runs nothing that stands in it.
    """
    if text.startswith("-") and text != "-":
        text = f"./{text}"
    if all(map(_is_plain, text)):
        return shlex.quote(text)
    return "$'" + "".join(map(_escape, text)) + "'"


def _is_plain(character: str) -> bool:
    # A backtick would end the command where it stands in a text.
    return is_visible(character) and character != "`"


def _escape(character: str) -> str:
    # An older shell would take a quote for the end of the word even behind a backslash, and run what follows.
    if _is_plain(character) and character not in "'\\":
        return character
    # In octal: a digit that follows cannot be taken for a part of it.
    return "".join(f"\\{byte:03o}" for byte in character.encode("utf-8", "surrogateescape"))


def _place_of(context: click.Context) -> str | None:
    """Give the one record that a run is about, as it was typed; None if there is none, or it was a stream."""
    for param in context.command.params:
        if isinstance(param, click.Argument) and param.name in _RECORDS:
            value = context.params.get(param.name)
            values = value if isinstance(value, tuple) else (value,)
            return str(values[0]) if len(values) == 1 and values[0] not in (None, "-") else None
    return None


def _catalogue_of(context: click.Context) -> str:
    """Give the catalogue of a run as it was typed, as an argument or an option, ready for a shell."""
    for param in context.command.params:
        if param.opts[0] in ("catalogue", "--catalogue") and context.params.get(param.name or "") is not None:
            return shell_word(str(context.params[param.name or ""]))
    return CATALOGUE


def _given(context: click.Context) -> Iterator[tuple[str, str]]:
    """Give the options of a run that go on to the next command."""
    for param in context.command.params:
        name = next((name for name in CARRIED if name in param.opts), None)
        value = context.params.get(param.name or "") if name else None
        for given in value if isinstance(value, tuple) else (value,):
            if name and given is not None:
                yield name, str(given)


def _find_command(command: click.Command, words: list[str]) -> click.Command | None:
    """Find the command that these words name."""
    for word in words:
        if not isinstance(command, click.Group):
            break
        context = click.Context(command)
        default = getattr(command, "default", None)
        inner = command.get_command(context, word) or (command.get_command(context, default) if default else None)
        if inner is None:
            return None
        command = inner
    return command
