"""Putting a certificate together: its texts in one language, filled with the values of an account.

The certificates themselves stand beside this module, one file for each place. Each is a function that gives the blocks
of the paper, made with the words of a `Writer`: a text is named, and is found in the table of that certificate, or in
the table `common`. Where a text says `{blank}`, a person writes. Names begin with what they are: `head-` a heading,
`column-` the head of a column, `field-` the label of a field, `tick-` what stands beside a box.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from evtool.core.finding import Value
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.report.account import Account
from evtool.report.certificate.kind import CertificateKind
from evtool.report.certificate.standing import Extent, Standing, count_equal, judge
from evtool.report.language import FOLDER, PAGES, Language, Said, load_language
from evtool.report.paper import (
    Blank,
    Block,
    Choice,
    Choices,
    Column,
    Field,
    FieldList,
    Grid,
    Heading,
    Paragraph,
    SigningPlace,
    ValueKind,
)

CERTIFICATES = FOLDER / "certificate"
"""Where the texts of certificates are."""

_MARK = "\x1f"
"""Stands for a blank while a sentence is put together; a value never holds it, as it is not printable."""

_MOST_NAME = 4_000

_SHARES = {ValueKind.DIGEST: 36, ValueKind.NAME: 20, ValueKind.TIME: 22, ValueKind.NUMBER: 9}
"""Kind of a column -> its share of the width."""


class Source(Struct, frozen=True):
    """What a certificate is made from.

    Attributes:
        account: the account of a verification.
        sha256: digest of that account as it is written to its file.
    """

    account: Account
    sha256: str


class Writer:
    """Says the texts of one certificate in one language.

    Attributes:
        kind: which certificate it is.
        source: what it is made from.
        account: the account in it.
        page: the texts that it shares with the page of the report.
        standing: what the verification allows it to say.
    """

    def __init__(self, kind: CertificateKind, source: Source, language: str, folder: Path = CERTIFICATES) -> None:
        self.kind = kind
        self.source = source
        self.account = source.account
        self.page = load_language(language, PAGES)
        self.standing: Standing = judge(source.account, kind)
        self._texts: Language = load_language(language, folder)
        report = self.account.report
        self._values: dict[str, Value] = {
            "blank": Said(_MARK),
            "version": self.account.made.evtool,
            "equal": count_equal(self.account, self.standing.fates),
            "ok": report.items.ok,
            "sealed": report.sealed,
            "withheld": report.items.withheld,
        }

    @property
    def language(self) -> str:
        """The code of the language."""
        return self._texts.code

    @property
    def is_reviewed(self) -> bool:
        """Whether a lawyer has read the texts."""
        return self._texts.is_reviewed

    def has(self, name: str) -> bool:
        """Tell whether the table of this certificate has a text; a refusal has none of its numbered headings."""
        is_numbered = self.standing.extent is Extent.REFUSED and name.startswith("head-")
        return not is_numbered and name in self._texts.table(self.kind.value)

    def say(self, name: str, **values: Value) -> str:
        """Say a text without blanks."""
        table = self.kind.value if self.has(name) else "common"
        return self._texts.say(f"{table}.{name}", **(self._values | values))

    def pieces(self, name: str, **values: Value) -> tuple[str | Blank, ...]:
        """Say a text that may have blanks."""
        first, *rest = self.say(name, **values).split(_MARK)
        pieces: list[str | Blank] = [first]
        for text in rest:
            pieces += [Blank.LINE, text]
        return tuple(piece for piece in pieces if piece != "")

    def heading(self, name: str, level: int = 2) -> Heading:
        """Make a heading."""
        return Heading(self.say(f"head-{name}"), level)

    def paragraph(self, name: str, *, is_strong: bool = False, **values: Value) -> Paragraph:
        """Make a paragraph."""
        return Paragraph(self.pieces(name, **values), is_strong=is_strong)

    def steps(self, name: str, **values: Value) -> list[Block]:
        """Make the numbered paragraphs `name-1`, `name-2` and so on, as many as the catalogue has."""
        names: list[str] = []
        while self.has(f"{name}-{len(names) + 1}"):
            names.append(f"{name}-{len(names) + 1}")
        return [Paragraph(self.pieces(each, **values), number) for number, each in enumerate(names, 1)]

    def choices(self, *names: str, ticked: Iterable[str] = (), is_short: bool = False) -> Choices:
        """Make boxes to tick; those in `ticked` are."""
        return Choices(tuple(Choice(self.pieces(f"tick-{name}"), name in ticked) for name in names), is_short)

    def blanks(self, *names: str, lines: int = 1) -> FieldList:
        """Make fields that only a person can fill in."""
        return FieldList(tuple(Field(self.say(f"field-{name}"), lines=lines) for name in names))

    def field(self, name: str, value: str, kind: ValueKind = ValueKind.TEXT) -> Field:
        """Make a field with what the program knows."""
        return Field(self.say(f"field-{name}"), value, kind)

    def signature(self, name: str, *names: str) -> SigningPlace:
        """Make the place where somebody signs."""
        return SigningPlace(self.say(name), tuple(Field(self.say(f"field-{each}")) for each in names))

    def table(
        self, columns: Iterable[Column], rows: Iterable[tuple[str | None, ...]], *, is_annex: bool = False
    ) -> Grid:
        """Make a table."""
        return Grid(tuple(columns), tuple(rows), is_annex)

    def column(self, name: str, kind: ValueKind = ValueKind.TEXT, share: int = 0) -> Column:
        """Make the head of a column; its share of the width is about the letters in it, by its kind if not given."""
        return Column(self.say(f"column-{name}"), kind, share or _SHARES.get(kind, 16))


def spell_name(text: str | None) -> str:
    """Escape somebody else's text for eyes; what is not there is an empty place."""
    return "" if text is None else shown(text, _MOST_NAME)


def spell_digest(digest: str | None) -> str:
    """Write a digest in groups of four."""
    return "" if digest is None else group_in_fours(digest)
