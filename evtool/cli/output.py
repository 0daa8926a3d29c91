"""Where words go: answers to stdout, talk to stderr, one JSON document for scripts."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from enum import Enum
from typing import Literal

import click
from msgspec import Struct, field

from evtool.cli.command import OUTPUT, flag, options_of
from evtool.cli.next_command import fill_commands
from evtool.core import __version__
from evtool.core.finding import Phrase, Value
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import is_visible
from evtool.report.findings import IN_JSON, IN_TEXT
from evtool.report.json_value import to_json
from evtool.report.language import Language, choose_language, english

_UNPRINTABLE = compiled_when_used(r"[^\x20-\x7e]")


class ErrorDocument(Struct, frozen=True, kw_only=True):
    """What any command prints when it ends without a result.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process; 130 if somebody interrupted it.
        error: what happened.
        hint: what to do next; may be empty.
    """

    format: Literal["evtool-error/1"] = "evtool-error/1"
    exit_code: int
    error: str
    hint: str


class ProgressMode(Enum):
    """How progress is shown."""

    AUTO = "auto"
    """As a bar on a terminal, not at all elsewhere."""
    JSON = "json"
    """As JSON lines on standard error, for a program that runs evtool."""
    NONE = "none"


def width_of_screen() -> int | None:
    """Give how many columns there are to read an answer in; None where it does not go to a terminal."""
    if not sys.stdout.isatty():
        return None
    # Only a terminal needs it, and it imports all kinds of archives.
    from shutil import get_terminal_size

    return get_terminal_size().columns


def _what_is_done() -> list[str]:
    """Give the list that the program keeps of what a run did, which it needs when the run fails."""
    context = click.get_current_context(silent=True)
    return context.obj if context is not None and isinstance(context.obj, list) else []


class Output(Struct, frozen=True):
    """How one run speaks; the flags for it.

    Attributes:
        lists_all: list every finding, however many there are.
        progress: how progress is shown.
        json: print one JSON document on stdout in place of text.
        quiet: leave out talk that is neither an answer nor an error.
        done: what this run did that stays done, for when the rest of it is lost.
    """

    lists_all: bool = flag(
        "--all",
        otherwise=False,
        is_flag=True,
        help=f"List every finding. [default: {IN_TEXT} of a kind, {IN_JSON:,} with --json, and a count of the rest]",
    )
    progress: ProgressMode = flag(
        "--progress",
        otherwise=ProgressMode.AUTO,
        type=click.Choice([mode.value for mode in ProgressMode]),
        callback=lambda _context, _param, value: ProgressMode(value),
        default=ProgressMode.AUTO.value,
        show_default=True,
        help="On a terminal (auto), as JSON lines on standard error, or not at all.",
    )
    json: bool = flag("--json", otherwise=False, is_flag=True, help="Print one JSON document.")
    quiet: bool = flag("--quiet", "-q", otherwise=False, is_flag=True, help="Print only the answer and errors.")
    done: list[str] = field(default_factory=_what_is_done)

    def answer(self, text: str, *, done: bool = False) -> None:
        """Print the answer for a person on stdout; silent when a script asked for JSON.

        `done` tells that its first line says what this run did.
        """
        if done:
            self.did(text)
        if not self.json:
            sys.stdout.write(text.rstrip("\n") + "\n")

    def did(self, text: str) -> None:
        """Note in the first line of a text what this run did, before it does anything else that may fail."""
        line = text.partition("\n")[0]
        if line not in self.done:
            self.done.append(line)

    @property
    def limit(self) -> int | None:
        """How many findings of one kind to list; None means all."""
        return None if self.lists_all else IN_JSON if self.json else IN_TEXT

    @property
    def width(self) -> int | None:
        """How many columns there are to read the answer in; None where it does not go to a terminal."""
        return width_of_screen()

    @property
    def language(self) -> Language:
        """In which language the answer for a person is; what a script is told is in English."""
        return (english() if self.json else choose_language()).telling(fill_commands)

    def document(self, document: object) -> None:
        """Print the answer for a script on stdout, if one asked for it; see `evtool.report.document`."""
        if self.json:
            _write_json(document)

    def answer_lines(self, lines: Iterable[str], otherwise: str) -> None:
        """Print an answer for a person as its lines come, or a word where there are none; see `answer`."""
        if self.json:
            return
        is_empty = True
        for line in lines:
            sys.stdout.write(line + "\n")
            is_empty = False
        if is_empty:
            sys.stdout.write(otherwise + "\n")

    def line(self, document: object) -> None:
        """Print one of several documents for a script on a line of its own, where a reader has it at once."""
        sys.stdout.write(_printable_json(document, is_line=True) + "\n")
        sys.stdout.flush()

    def document_of(self, document: object, member: str, values: Iterable[object]) -> None:
        """As `document`, for one with a long list: `member`, which is empty in it, gets these values as they come.

        Where they break off, so does what was printed: it is not JSON then, so nobody takes it for the whole list.
        """
        if self.json:
            _write_json_of(document, member, values)

    def talk(self, text: str) -> None:
        """Print what helps a person along on stderr; never part of the answer."""
        if not self.quiet:
            sys.stderr.write(text.rstrip("\n") + "\n")

    def note(self, key: str, **values: Value) -> None:
        """Print a note on stderr, in the language of the reader, who may be a script's owner; `key` is of `[note]`."""
        language = choose_language().telling(fill_commands)
        self.talk(f"evtool: {language.word('program', 'note')}: {language.say(f'note.{key}', **values)}")


output_options = options_of(Output, "output", OUTPUT, without=frozenset({"lists_all", "progress"}))
"""Add --json and --quiet; the command gets its `output`. The others add --all, or --progress, or both."""

output_and_findings = options_of(Output, "output", OUTPUT, without=frozenset({"progress"}))
output_and_progress = options_of(Output, "output", OUTPUT, without=frozenset({"lists_all"}))
output_of_work = options_of(Output, "output", OUTPUT)


class Notices:
    """What a user has to know beside the answer, printed on stderr at once, and kept for the answer of a script.

    Attributes:
        texts: what was printed, in English.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: Phrase) -> None:
        """Print one in the language of the reader, whether or not anything else is to be quiet."""
        self.texts.append(english().telling(fill_commands).say_phrase(text))
        language = choose_language().telling(fill_commands)
        sys.stderr.write(f"evtool: {language.word('program', 'note')}: {language.say_phrase(text)}\n")


def dump_json(document: object, *, ascii_only: bool = False, is_line: bool = False) -> str:
    """Write JSON that is also safe on a terminal: Hangul stays readable, what is not printable is escaped."""
    text = json.dumps(to_json(document), ensure_ascii=ascii_only, indent=None if is_line else 2)
    return _UNPRINTABLE.sub(_escape_unprintable, text)


def _write_json(document: object) -> None:
    sys.stdout.write(_printable_json(document) + "\n")


def _printable_json(document: object, *, is_line: bool = False) -> str:
    text = dump_json(document, is_line=is_line)
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        # The stream would escape what it cannot show as Python does, and that is no JSON.
        return dump_json(document, ascii_only=True, is_line=is_line)
    return text


def _write_json_of(document: object, member: str, values: Iterable[object]) -> None:
    """Write a document as `_write_json` does, with values in place of an empty list that is its member."""
    # Members of what stands in the document are indented further, and no text has a line break.
    head, empty, tail = _printable_json(document).partition(f'\n  "{member}": []')
    separator = head + empty[:-1]
    for value in values:
        sys.stdout.write(separator + "\n    " + _printable_json(value).replace("\n", "\n    "))
        separator = ","
    sys.stdout.write(("\n  ]" if separator == "," else head + empty) + tail + "\n")


def _escape_unprintable(match: re.Match[str]) -> str:
    character = match[0]
    # Outside of strings the only such character that the encoder writes is the newline of its indentation.
    return character if character == "\n" or is_visible(character) else json.dumps(character)[1:-1]


def print_version_document() -> None:
    """Print which evtool this is, what decides what it says, and which checkers come with it, as one JSON document."""
    # Start-up time: no other run reads the checkers, or asks what the libraries were built with.
    from evtool.operations.examine.program import describe_platform, digest_code, list_inside, list_packages
    from evtool.report.checker_document import VersionDocument, describe_checker
    from evtool.report.checkers import Checker

    code, (python, platform) = digest_code(), describe_platform()
    _write_json(
        VersionDocument(
            version=__version__,
            code_sha256=code.sha256,
            code_files=code.files,
            python=python,
            platform=platform,
            packages=list_packages(),
            inside=list_inside(),
            checkers=tuple(describe_checker(each) for each in Checker),
        )
    )


def print_error_document(message: str, hint: str, exit_code: int, *, is_line: bool = False) -> None:
    """Print an error as the JSON document of a run that has no result; on one line behind those that came before."""
    document = ErrorDocument(exit_code=exit_code, error=message, hint=hint)
    sys.stdout.write(_printable_json(document, is_line=is_line) + "\n")
