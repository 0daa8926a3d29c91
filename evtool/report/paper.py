"""A paper to be read, printed and signed, as values: what stands on it, and where a person has to write.

A paper says nothing about HTML, type or paper size, so that every renderer prints the same: `paper_page` for HTML
and `paper_pdf`. What a renderer does:

1. It prints the blocks in their order. It adds no text of its own except numbers of pages, and `Paper.foot`, where
   there are pages.
2. Every text is text: it was escaped for eyes (`evtool.core.text.names.shown`), and is not for any markup. A text of
   kind NAME is isolated, so that writing from right to left moves nothing beside it. A text of kind DIGEST or COMMAND
   may be broken anywhere; one of kind NUMBER or TIME is not broken.
3. `Blank`, and a value that is None, is an empty line for the pen: `Blank` inside a line of text, a value as many lines
   as its field says. A value that is "" is an empty place, and no line.
4. A choice is an empty box, or a crossed one if it is ticked; a person ticks the others.
5. A `Frame` and a `SigningPlace` stay on one page where they fit, the head of a table is repeated on every page, and
   what follows a `PageBreak` begins on a new page.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class ValueKind(Enum):
    """What a value is, for the one who sets it in type."""

    TEXT = "text"
    WORD = "word"
    """A few words that stay on one line."""
    STRONG = "strong"
    """An answer, which must not be overlooked."""
    NAME = "name"
    """Somebody else's text: a code, a name of a file."""
    DIGEST = "digest"
    NUMBER = "number"
    TIME = "time"
    COMMAND = "command"
    """What a person types, or a code that a program prints."""


class Blank(Enum):
    """A place in a sentence where a person writes."""

    LINE = "line"


class TextRun(Struct, frozen=True):
    """A piece of text of its own kind.

    Attributes:
        text: what it says.
        kind: what it is.
    """

    text: str
    kind: ValueKind


NEW_LINE = "\n"
"""The piece behind which a new line begins."""

Piece = str | TextRun | Blank
"""Text, or a place for the pen."""

Content = str | tuple[Piece, ...] | None
"""What stands in one place: one text, or several pieces, or a line for the pen."""


class Heading(Struct, frozen=True):
    """A heading.

    Attributes:
        text: its text.
        level: 2, or 3 for one below that; the title of the paper is 1.
        anchor: a name by which it can be reached; may be empty.
    """

    text: str
    level: int = 2
    anchor: str = ""


class Paragraph(Struct, frozen=True):
    """A paragraph, with places for the pen in it.

    Attributes:
        pieces: text and blanks, in their order.
        number: what it is numbered with, or None.
        is_strong: whether it must not be overlooked.
    """

    pieces: tuple[Piece, ...]
    number: int | None = None
    is_strong: bool = False


class Bullets(Struct, frozen=True):
    """Sentences, each after a bullet."""

    items: tuple[str, ...]


class CommandLines(Struct, frozen=True):
    """Lines that a person types into a shell."""

    lines: tuple[str, ...]


class Picture(Struct, frozen=True):
    """A picture, or lines of digits with a picture beside them.

    Attributes:
        svg: the picture.
        description: what it shows, for those who do not see it.
        width: in millimetres on paper; 0 is as wide as the page.
        beside: lines of digits before the picture.
    """

    svg: str
    description: str
    width: int = 0
    beside: tuple[str, ...] = ()


class Field(Struct, frozen=True):
    """One line of a form.

    Attributes:
        label: what it asks for.
        value: what the program knows, or None: a person fills it in.
        kind: of the value.
        lines: how many lines there are for the pen.
    """

    label: str
    value: Content = None
    kind: ValueKind = ValueKind.TEXT
    lines: int = 1


class FieldList(Struct, frozen=True):
    """Fields, one below the other."""

    fields: tuple[Field, ...]


class Column(Struct, frozen=True):
    """A column of a table.

    Attributes:
        heading: its heading.
        kind: of everything below it.
        share: of the width of the page, against those of the other columns; 0 is as wide as its widest line.
    """

    heading: str
    kind: ValueKind = ValueKind.TEXT
    share: int = 0


class Grid(Struct, frozen=True):
    """A table; each row has a value for each column, and the first one names the row.

    Attributes:
        columns: its columns.
        rows: its rows; None is a place for the pen.
        is_annex: whether it is long, and set in small type.
        caption: what it is; may be empty.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Content, ...], ...]
    is_annex: bool = False
    caption: str = ""


class Choice(Struct, frozen=True):
    """One box to tick, with its sentence.

    Attributes:
        pieces: text and blanks.
        ticked: whether the program knows that it applies.
    """

    pieces: tuple[Piece, ...]
    ticked: bool = False


class Choices(Struct, frozen=True):
    """Boxes to tick.

    Attributes:
        choices: the boxes.
        is_short: whether they may stand side by side.
    """

    choices: tuple[Choice, ...]
    is_short: bool = False


class Frame(Struct, frozen=True):
    """What stands in a frame, because it has to be read before all else."""

    title: str
    paragraphs: tuple[Paragraph | FieldList, ...]


class SigningPlace(Struct, frozen=True):
    """Where somebody signs: a title, and fields with room for a hand."""

    title: str
    fields: tuple[Field, ...]


class PageBreak(Struct, frozen=True):
    """What follows begins on a new page."""


class LastLine(Struct, frozen=True):
    """The last line of a paper, which shows that nothing after it is lost.

    Attributes:
        text: what it says.
        pages: the word before the number of pages, where there are pages.
    """

    text: str
    pages: str


_Written = Heading | Paragraph | Bullets | CommandLines | Picture
_ToFill = FieldList | Grid | Choices | Frame | SigningPlace
Block = _Written | _ToFill | PageBreak | LastLine
"""What a paper is made of."""


class Paper(Struct, frozen=True):
    """A whole paper.

    Attributes:
        language: code of its language.
        title: what it is.
        blocks: what stands on it.
        foot: one line for the foot of every page.
        skip: text of a link to the first heading that can be reached, for those who hear the page; may be empty.
    """

    language: str
    title: str
    blocks: tuple[Block, ...]
    foot: str
    skip: str = ""
