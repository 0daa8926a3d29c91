"""What people read, in their language: sentences from catalogues, filled with values.

There is one catalogue for each language, `texts/CODE.toml` beside this module, and adding a language is adding a file
(`texts/README.md`). Every sentence about a verdict stands there once. The rest of the program says *what* is to be
said, as a key and values: a finding is a code, the name of a sentence on that code, and values
(`evtool.core.finding`). So no text is ever made from an English message, and the core has no texts and reads none.
Where English is a promise, in JSON documents, it is made here as well, from `en.toml`. The English of an error stands
where it is raised; [error] and [hint] of the other catalogues say it by the key of the error, with its values.

Considered and not done: a message in English inside each finding beside the catalogue, which is two texts for one
thing that drift apart; gettext, whose keys are the English sentences; and parsing a catalogue as a whole, which took
13 ms, as `tomllib` is written in Python. A catalogue is read as text (0.6 ms), and only the tables that a run says
something from are parsed: those of a clean verification are 19 of 110.

In a text `{name}` is a value. What it may be, and how it is said:

    {name}            text: escaped (`shown`); a number: its digits; words: said in place; an error: see [error]
    {count:,}         a number with separators
    {name:escaped}    text that was escaped before
    {found:short}     the first 16 digits of a digest; other text as it is
    {head:fours}      a digest in groups of four
    {purpose:for}     the word for a value of that term, from [term.for]; {event:event} the word from [event]
    {items:items}     ranges of numbers with their noun, `items 1-3, 5`; `entries` likewise
    {names:commas}    a list with what `commas` of [list] puts between two; with `semicolons` otherwise

A text that depends on a number is a table with the forms `one` and `other`, as the rule `plural` of the language has
it; the number is that of the value `count`, or of the one that `by` names. A text that begins with `@` stands for
another one, which is named behind it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import cache, lru_cache
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

from evtool.core.errors import EvtoolError, UsageError
from evtool.core.finding import Cause, Finding, Listed, Phrase, Ranges, Value, Words
from evtool.core.text.digest import group_in_fours
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.core.text.ranges import count_items, spell_ranges
from evtool.report.columns import columns_of

FOLDER = Path(__file__).parent / "texts"
"""Where the catalogues are."""

PAGES = FOLDER / "page"
"""Where those are of the page that `evtool report` writes."""

ENVIRONMENT = "EVTOOL_LANG"
"""The variable that chooses the language, before those of POSIX do."""

LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Those of POSIX, in the order in which they are asked."""

_HEADER = compiled_when_used(r"^\[([a-z0-9.-]+)\]$", re.MULTILINE)
_PLACE = compiled_when_used(r"\{([a-z_]+)(?::([a-z,]+))?\}")
_HINT_PLACE = compiled_when_used(r"(\{\w[^}]*\})")
_DIGEST = compiled_when_used(r"[0-9a-f]{64,128}\Z")
_MOST_NAMED = 20
_MOST_RANGES = 6

Text = str | Mapping[str, str]
"""A text, or its forms for different numbers."""


Pieces = tuple[str | tuple[str, str], ...]
"""A text taken apart: what stands there, and names of values, each with how it is said."""


class Said(str):
    """Text that a language said, which is not escaped when it becomes part of another text."""

    __slots__ = ()


class Language:
    """One catalogue, ready to say things.

    Attributes:
        code: of the language, as ISO 639 has it; the name of the file.
    """

    def __init__(self, code: str, source: str) -> None:
        self.code = code
        self._source = source
        headers = list(_HEADER.finditer(source))
        ends = [header.start() for header in headers[1:]] + [len(source)]
        self._places = {header[1]: (header.end(), end) for header, end in zip(headers, ends, strict=True)}
        self._tables: dict[str, Mapping[str, Any]] = {}
        self._widest: dict[str, int] = {}
        self._fill_commands: Callable[[str], str] | None = None

    def telling(self, fill_commands: Callable[[str], str]) -> Language:
        """Give this language, with the commands of its texts (`evtool log DIR`) made into those of one run."""
        language = copy(self)
        language._fill_commands = fill_commands
        return language

    def table(self, name: str) -> Mapping[str, Any]:
        """Give one table of the catalogue; empty if there is none of that name."""
        if name not in self._tables:
            start, end = self._places.get(name, (0, 0))
            self._tables[name] = tomllib.loads(self._source[start:end])
        return self._tables[name]

    def widest(self, table: str) -> int:
        """Count the columns of a terminal that the widest text of a table takes; they stand below each other."""
        if table not in self._widest:
            self._widest[table] = max(map(columns_of, self.table(table).values()))
        return self._widest[table]

    @property
    def is_reviewed(self) -> bool:
        """Whether a lawyer of that language has read the texts: what words of law say is for them to judge."""
        return self.table("language")["reviewed_by_lawyer"] is True

    @property
    def tables(self) -> list[str]:
        """The names of all tables."""
        return list(self._places)

    def find(self, key: str) -> Text | None:
        """Give a text as it stands in the catalogue; None if there is none of that key, `table.name`."""
        table, _, name = key.rpartition(".")
        text: Text | None = self.table(table).get(name)
        return self.find(text[1:]) if isinstance(text, str) and text.startswith("@") else text

    def say(self, key: str, /, **values: Value) -> Said:
        """Say something: the text of that key, with these values in it.

        Raises:
            KeyError: the catalogue has no such text, or the text asks for another value: a mistake in the program.
        """
        return self._fill(key, values)

    def word(self, table: str, code: str) -> Said:
        """Say a code of a vocabulary in words; one that the catalogue does not know as it is, escaped."""
        text = self.table(table).get(code)
        return Said(text if isinstance(text, str) else shown(code, 80))

    def say_finding(self, finding: Finding, entries: Ranges | None = None) -> Said:
        """Say what was found; `entries` are those that the same was found of, if there are more of them than one."""
        entry = finding.entry
        values: dict[str, Value] = {
            "item": finding.item,
            "path": finding.path,
            "expected": finding.expected,
            "found": finding.found,
            "entry": entry,
            "count": finding.count,
            "entries": entries or (((entry, entry),) if entry is not None else None),
            **dict(finding.says.values),
        }
        text = self._fill(key_of(finding), values)
        return Said(text + "".join(map(self.say_words, finding.remarks)))

    def say_words(self, words: Words) -> Said:
        """Say a part of a sentence."""
        return self._fill(f"part.{words.key}", dict(words.values))

    def names(self, finding: Finding, value: str) -> bool:
        """Tell whether the sentence of a finding holds a value."""
        text = self.find(key_of(finding))
        forms = [text] if isinstance(text, str) else list((text or {}).values())
        return any(place[1] == value for form in forms for place in _PLACE.finditer(form))

    def _fill(self, key: str, values: Mapping[str, Value]) -> Said:
        text = self.find(key)
        if text is None:
            raise KeyError(f"{self.code}.toml has no text {key}")
        if not isinstance(text, str):
            text = text[self._form(text, values)]
        pieces = _split(text)
        if self._fill_commands is not None and "`evtool " in text:
            pieces = self._tell(pieces, self._fill_commands)
        said = [
            piece if isinstance(piece, str) else self._say_value(values[piece[0]], piece[1], piece[0])
            for piece in pieces
        ]
        return Said("".join(said))

    @staticmethod
    def _tell(pieces: Pieces, fill_commands: Callable[[str], str]) -> Pieces:
        """Make the commands of a text ready to be typed, and leave alone what values will stand in it."""
        # No path holds a NUL.
        whole = "".join(piece if isinstance(piece, str) else "\0" for piece in pieces)
        told = iter(fill_commands(whole).split("\0"))
        return tuple(next(told) if isinstance(piece, str) else piece for piece in pieces)

    def _form(self, text: Mapping[str, str], values: Mapping[str, Value]) -> str:
        value = values[text.get("by", "count")]
        number = value if isinstance(value, int) else count_items(value) if isinstance(value, tuple) else 0
        return "one" if number == 1 and self.table("language")["plural"] == "one-other" else "other"

    def _say_value(self, value: Value, how: str, name: str) -> str:
        if isinstance(value, int):
            return f"{value:,}" if how == "," else str(value)
        if isinstance(value, Phrase):
            return self.say_phrase(value)
        if isinstance(value, str):
            vocabulary = how if how == "event" else f"term.{how}"
            return self.word(vocabulary, value) if vocabulary in self._places else _spell(value, how)
        if isinstance(value, Words):
            return self.say_words(value)
        if isinstance(value, Cause):
            return self._say_cause(value)
        if isinstance(value, Listed):
            return self._say_list(value, how or "semicolons")
        return Said() if value is None else self.say_ranges(value, how or name)

    def say_ranges(self, ranges: Ranges, noun: str = "items", most: int | None = _MOST_RANGES) -> Said:
        """Name items, or what else `noun` says, by their numbers; of very many ranges only the first."""
        named = ranges if most is None else ranges[:most]
        numbers = ", ".join(spell_ranges(named))
        if len(named) < len(ranges):
            numbers += self.say("ranges.more", count=len(ranges) - len(named))
        return self._fill(f"ranges.{noun}", {"count": count_items(ranges), "numbers": Said(numbers)})

    def say_error(self, error: EvtoolError) -> Said:
        """Say what went wrong; where there is no text for that, in English, behind a sentence that says so."""
        return self._say_cause(Cause.of(error), "error.untold")

    def say_hint(self, error: EvtoolError) -> Said:
        """Say what to do next, with the options that do it, and what else is to be known; empty where nothing is."""
        said = self.telling(error.fill)._say_advice(error)
        said = Said(f"{said} ({error.options})".strip()) if error.options else said
        return Said("; ".join(filter(None, (said, *self._say_phrases(error.remarks)))))

    def _say_advice(self, error: EvtoolError) -> Said:
        """Say what to do next, with the commands of its text made into those of one run, and values left alone."""
        if self.code == "en" or not error.hint:
            return self._say_english(error)
        if self.find(f"hint.{error.key}") is not None:
            return self._fill_escaped(f"hint.{error.key}", dict(Cause.of(error).values))
        inner = [value for value in error.values.values() if isinstance(value, EvtoolError) and value.hint]
        return self._say_advice(inner[0]) if inner else self.say("hint.untold", text=self._say_english(error))

    def _say_english(self, error: EvtoolError) -> Said:
        """Say the hint of an error, whose English stands where it was raised."""
        fill = self._fill_commands or str
        if not error.key:
            return Said(fill(error.hint))
        pieces = _HINT_PLACE.split(error.hint_template)
        # No path holds a NUL.
        texts = fill("\0".join(pieces[::2])).split("\0")
        values = [self._say_hint_value(error, place) for place in pieces[1::2]]
        return Said("".join(chain.from_iterable(zip_longest(texts, values, fillvalue=""))))

    def _say_hint_value(self, error: EvtoolError, place: str) -> str:
        """Say a value of an English hint; `{why.hint}` is the hint of another error."""
        whose = error.values[place.strip("{}").partition(".")[0].partition(":")[0]]
        if isinstance(whose, EvtoolError) and place.endswith(".hint}"):
            return self._say_english(whose)
        return place.format(**error.values)

    def say_lines(self, error: EvtoolError) -> list[str]:
        """Say what an error sums up, one line each."""
        return self._say_phrases(error.lines)

    def _say_phrases(self, texts: Sequence[str]) -> list[str]:
        return [self.say_phrase(text) if isinstance(text, Phrase) else text for text in texts]

    def _say_cause(self, cause: Cause, untold: str = "cause.other") -> Said:
        """Say an error by its key, or by its kind; `untold` is the text for one that has neither."""
        if self.code == "en":
            return Said(cause.text)
        if cause.key:
            return self._fill_escaped(f"error.{cause.key}", dict(cause.values))
        known = self.table("cause").get(cause.kind) if untold == "cause.other" else None
        return Said(known) if known else self.say(untold, kind=cause.kind, text=Said(cause.text))

    def _fill_escaped(self, key: str, values: Mapping[str, Value]) -> Said:
        """Say the text of an error, whose values are safe to print already."""
        return self._fill(key, {name: Said(value) if type(value) is str else value for name, value in values.items()})

    def say_phrase(self, phrase: Phrase) -> Said:
        """Say what a phrase says in English."""
        return self.say_words(phrase.says) if isinstance(phrase.says, Words) else self.say_finding(phrase.says)

    def _say_list(self, listed: Listed, how: str) -> str:
        named = listed.parts[:_MOST_NAMED]
        between: str = self.table("list")[how]
        said = between.join(_spell(part, "") if isinstance(part, str) else self.say_words(part) for part in named)
        rest = listed.total - len(named)
        return said + (self.say("ranges.others", count=rest) if rest > 0 else "")


def _spell(value: str, how: str) -> str:
    if isinstance(value, Said):
        return value
    if how == "escaped":
        return value
    if how == "short":
        return f"{value[:16]}..." if _DIGEST.match(value) else shown(value, 80)
    return shown(group_in_fours(value) if how == "fours" else value)


def key_of(finding: Finding) -> str:
    """Give the key of the sentence that says a finding."""
    return f"finding.{finding.code.value}.{finding.says.key}"


@lru_cache(maxsize=1024)
def _split(text: str) -> Pieces:
    """Take a text apart into what stands there, and names of values, each with how it is said."""
    pieces: list[str | tuple[str, str]] = []
    at = 0
    for place in _PLACE.finditer(text):
        pieces += [text[at : place.start()], (place[1], place[2] or "")]
        at = place.end()
    return (*pieces, text[at:])


@cache
def load_language(code: str, folder: Path = FOLDER) -> Language:
    """Read a catalogue; each is read once."""
    return Language(code, (folder / f"{code}.toml").read_text("utf-8"))


def english() -> Language:
    """Give the language of documents for programs, and of errors."""
    return load_language("en")


def in_english(says: Finding | Words) -> Phrase:
    """Say what was found, or a part of a sentence, in an error or in a document for programs."""
    said = english().say_words(says) if isinstance(says, Words) else english().say_finding(says)
    return Phrase(said, says)


def language_of_errors() -> Language:
    """Give the language that a person asked for; English if there are no texts in it, which an error then says."""
    try:
        return choose_language()
    except EvtoolError:
        return english()


def in_every_language(write: Callable[[Language], str]) -> str:
    """Write a page for a reader of whom nothing is known: in all languages, one below the other, English first.

    The first paragraph says of each other language that it follows.
    """
    languages = [english(), *(load_language(code) for code in list_languages() if code != "en")]
    pages = [write(language) for language in languages]
    pages = [
        page if language.is_reviewed else f"{page}\n{language.say('report.not-reviewed')}\n"
        for language, page in zip(languages, pages, strict=True)
    ]
    first, blank, rest = pages[0].partition("\n\n")
    below = [language.say("language.below") for language in languages[1:]]
    return "\n\n".join(["\n".join([first, *below]) + blank + rest, *pages[1:]])


def say_trust_file(language: Language, path: str) -> Said:
    """Say whose keys count in a run, if the environment decided that."""
    return language.say("report.trust-variable", path=path, variable="EVTOOL_TRUST")


def list_languages(folder: Path = FOLDER) -> list[str]:
    """Give the codes of all languages that there are catalogues for; a new language is a new file."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def choose_language(environment: Mapping[str, str] = os.environ) -> Language:
    """Give the language that a person asked for, or English.

    `EVTOOL_LANG` is asked first, then as POSIX has it the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set. A
    locale of a language that there is no catalogue for means English.

    Raises:
        UsageError: `EVTOOL_LANG` names such a language: whoever sets it expects an answer in it.
    """
    asked = environment.get(ENVIRONMENT, "")
    locale = asked or next(filter(None, map(environment.get, LOCALE_VARIABLES)), "")
    code = re.split("[_.@-]", locale, maxsplit=1)[0].lower()
    if code == "en" or (re.fullmatch("[a-z]{2,3}", code) and (FOLDER / f"{code}.toml").exists()):
        return load_language(code)
    if asked:
        known = ", ".join(list_languages())
        raise UsageError(
            "{variable} is {asked}, but there are no texts in it",
            hint="there are: {known}",
            key="language-unknown",
            asked=shown(asked, 40),
            known=known,
            variable=ENVIRONMENT,
        )
    return english()
