"""How the page spells values: in the words of its language, escaped for eyes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime

from evtool.core.finding import Value as Said
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import ranges_of
from evtool.core.text.times import format_utc
from evtool.report.account import Account
from evtool.report.language import PAGES, load_language
from evtool.report.paper import NEW_LINE, Column, Content, Field, Heading, Paragraph, Piece, TextRun, ValueKind


class PageWriter:
    """The account that a page is made of, and the language that it is said in.

    Attributes:
        account: what is told.
        texts: the texts of the page.
        sentences: the catalogue that says what was found.
    """

    def __init__(self, account: Account, language: str) -> None:
        self.account = account
        self.texts = load_language(language, PAGES)
        self.sentences = load_language(language)

    def say(self, key: str, **values: Said) -> str:
        """Say something in the language of the page."""
        return self.texts.say(key, **values)

    def heading(self, key: str, level: int = 2, anchor: str = "") -> Heading:
        """Write a heading."""
        return Heading(self.say(key), level, anchor)

    def paragraph(self, key: str, *, is_strong: bool = False, **values: Said) -> Paragraph:
        """Write a paragraph of one text."""
        return Paragraph((self.say(key, **values),), is_strong=is_strong)

    def field(self, key: str, value: Content, kind: ValueKind = ValueKind.TEXT) -> Field:
        """Write a line of a form whose label is a text of the page."""
        return Field(self.say(key), value, kind)

    def column(self, key: str, kind: ValueKind = ValueKind.TEXT, share: int = 0) -> Column:
        """Write a column whose heading is a text of the page."""
        return Column(self.say(key), kind, share)

    def known(self, value: object) -> str:
        """Write a value, or that it is not known."""
        return self.say("page.not-known") if value is None else str(value)

    def yes(self, value: bool) -> str:
        """Write an answer."""
        return self.say("page.yes" if value else "page.no")

    def term(self, term: str, code: str) -> str:
        """Say a value of a term of consent in words; what the language has no words for as it is, escaped."""
        table = "term.any" if code in self.sentences.table("term.any") else f"term.{term}"
        # In English the catalogue of sentences has codes, which documents for programs promise.
        texts = self.texts if table in self.texts.tables else self.sentences
        return texts.word(table, code)

    def head_lines(self) -> tuple[str, ...]:
        """Write the head in groups of four, four to a line; empty if there is none."""
        head = self.account.report.head
        groups = group_in_fours(head).split(" ") if head else []
        return tuple(" ".join(groups[at : at + 4]) for at in range(0, len(groups), 4))

    def checked_at(self) -> str:
        """Write when it was checked, with its offset and in UTC."""
        moment = self.account.made.verified_at
        return f"{moment} {self.say('page.utc', utc=format_utc(datetime.fromisoformat(moment)))}"

    def foot(self) -> str:
        """Write what stands at the foot of each page, so that a sheet that got loose can be put back."""
        collection = self.account.report.collection or self.say("page.no-collection")
        return self.say("page.foot", collection=collection, time=self.account.made.verified_at)


def spell(text: str, limit: int = 240) -> str:
    """Escape somebody else's text for eyes, composed: a name that was not is marked as such, and looks the same."""
    return nfc(shown(text, limit))


def nfc(text: str) -> str:
    """Compose text that was escaped for eyes."""
    return unicodedata.normalize("NFC", text)


def name(text: str, limit: int = 240) -> tuple[Piece, ...]:
    """Write somebody else's text, isolated from what stands beside it; what is longer says that it is cut."""
    return (TextRun(spell(text, limit), ValueKind.NAME),)


def digest(text: str) -> TextRun:
    """Write digits that a person compares."""
    return TextRun(text, ValueKind.DIGEST)


def lines(values: Iterable[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    """Write one below the other."""
    return joined(values, NEW_LINE)


def joined(values: Iterable[tuple[Piece, ...]], between: str = "; ") -> tuple[Piece, ...]:
    """Write one behind the other."""
    pieces: list[Piece] = []
    for value in values:
        pieces += [between, *value] if pieces else value
    return tuple(pieces)


def ranges(numbers: Iterable[int | None]) -> str:
    """Write numbers as ranges; empty if there are none."""
    known = sorted({number for number in numbers if number})
    return ", ".join(ranges_of(known).serialize()) if known else ""
