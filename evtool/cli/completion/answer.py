"""What a shell gets for a line that is being typed."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from msgspec import Struct

from evtool.cli.completion import SHELLS, offers
from evtool.cli.completion.line import split_line
from evtool.cli.completion.table import DEFAULT, FLAG, PROGRAM, SUBCOMMAND, CommandTable, Declared, read_table
from evtool.cli.completion.words import TypedRecord, Word, find_words

_OF_THE_SHELL = {"file": "files", "dir": "directories"}
"""What a shell completes by itself -> how it is told so."""

_BREAKS = "=:"
"""Where bash begins another word: it replaces only what follows the last of them."""


class _Place(Struct, frozen=True):
    """Where the cursor is.

    Attributes:
        spec: what is expected there.
        typed: what is typed of it.
        before: what stands before that in the same word.
        record: which record the line is about.
    """

    spec: str
    typed: str
    before: str = ""
    record: TypedRecord = TypedRecord()


def answer_shell(shell: str, arguments: Sequence[str]) -> int:
    """Print what fits: first a line that says of which kind, then one word a line, with a tab and what it means.

    bash gives the line up to the cursor; the other shells give the words behind the program, of which the last one
    ends at the cursor. The exit code says whether all went well; nobody is told why not.
    """
    if shell not in SHELLS:
        return 1
    try:
        words = _after_program(split_line(arguments[0])) if shell == "bash" else list(arguments)
        kind, found = find_answer(read_table(), words[:-1], words[-1])
    except Exception:  # noqa: BLE001  # whoever pressed TAB did not ask for a message
        return 1
    if shell == "bash":
        cut = max(map(words[-1].rfind, _BREAKS)) + 1
        found = [Word(word.text[cut:]) for word in found]
    lines = [kind, *(f"{word.text}\t{word.means}" if word.means else word.text for word in found)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _after_program(words: list[str]) -> list[str]:
    """Leave out the program, and what stands before it, such as variables."""
    names = [word.rpartition("/")[2] for word in words[:-1]]
    return words[names.index(PROGRAM) + 1 :]


def find_answer(table: CommandTable, words: Sequence[str], typed: str) -> tuple[str, list[Word]]:
    """Give what fits behind these words: `words`, with the words; or `files` or `directories`, which the shell knows.

    Raises:
        Exception: something cannot be read; then nothing fits.
    """
    command, rest = _find_command(table, words)
    rows = table.section(command)
    commands = [row for row in rows if row.spec in (SUBCOMMAND, DEFAULT)]
    named = [row for row in commands if row.names[0].startswith(typed)]
    default = next((row.names[0] for row in commands if row.spec == DEFAULT), None)
    if named or (commands and default is None and not typed.startswith("-")):
        return "words", _named(named)
    if default is not None:
        rows = table.section(f"{command} {default}")
    place = _find_place(rows, rest, typed)
    if place.spec == FLAG:
        return "words", _options(rows, rest, typed)
    if place.spec in _OF_THE_SHELL:
        return _OF_THE_SHELL[place.spec], []
    if place.spec.startswith(f"{offers.COMMAND}:"):
        below = _named(row for row in table.section(" ".join(rest) or PROGRAM) if row.spec == SUBCOMMAND)
        others = [] if rest else [Word(word) for word in place.spec.partition(":")[2].split()]
        return "words", [word for word in (*below, *others) if word.text.startswith(typed)]
    found = find_words(place.spec, place.typed, place.record)
    return "words", [Word(place.before + word.text, word.means) for word in found]


def _named(rows: Iterable[Declared]) -> list[Word]:
    return [Word(row.names[0], row.means) for row in rows]


def _find_command(table: CommandTable, words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Find the command that the first words name, and the words behind it."""
    command = PROGRAM
    for at, word in enumerate(words):
        commands = {row.names[0]: row.spec for row in table.section(command) if row.spec in (SUBCOMMAND, DEFAULT)}
        if not commands:
            return command, words[at:]
        below = word if word in commands else next((name for name, spec in commands.items() if spec == DEFAULT), None)
        if below is None:
            return "", ()
        command = below if command == PROGRAM else f"{command} {below}"
        if below != word:
            return command, words[at:]
    return command, ()


def _options(rows: Sequence[Declared], words: Sequence[str], typed: str) -> list[Word]:
    """Give the long names of the options that can still be given."""
    given = {word.partition("=")[0] for word in words}
    free = [row for row in rows if row.is_option and (row.is_repeated or not given.intersection(row.names))]
    names = [(max(row.names, key=len), row.means) for row in free]
    return [Word(name, means) for name, means in names if name.startswith(typed)]


def _find_place(rows: Sequence[Declared], words: Sequence[str], typed: str) -> _Place:
    """Go through the words of a command, and find out what is expected where the cursor is."""
    options = {name: row for row in rows if row.is_option for name in row.names}
    arguments = [row for row in rows if not row.is_option]
    given: dict[str, str] = {}
    waiting: Declared | None = None
    ended = False
    for word in words:
        name, equals, value = word.partition("=")
        if waiting is not None:
            given.setdefault(waiting.names[-1], word)
            waiting = None
        elif word == "--" and not ended:
            ended = True
        elif name in options and not ended:
            if equals:
                given.setdefault(options[name].names[-1], value)
            elif options[name].spec != FLAG:
                waiting = options[name]
        elif word[:1] != "-" or word == "-" or ended:
            argument = arguments[0] if arguments else None
            if argument is not None:
                given.setdefault(_DIRECTORY if argument.spec in _OF_THE_SHELL else argument.names[0], word)
                arguments = arguments if argument.is_repeated else arguments[1:]
    record = TypedRecord(given.get(_DIRECTORY), given.get("--custody"))
    name, equals, value = typed.partition("=")
    if waiting is not None:
        return _Place(waiting.spec, typed, record=record)
    if not ended and equals and name in options:
        return _Place(options[name].spec, value, f"{name}=", record)
    if not ended and typed.startswith("-"):
        return _Place(FLAG, typed)
    return _Place(arguments[0].spec if arguments else offers.NOTHING, typed, record=record)


_DIRECTORY = ""
"""How the first argument that is a path is remembered: the record is there."""
