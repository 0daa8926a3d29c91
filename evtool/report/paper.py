"""A paper to be printed and signed, as values: what stands on it, and where a person has to write.

A paper says nothing about HTML, type or paper size, so that several renderers print the same. What a renderer must do:

1. Print the blocks in their order, and add no text of its own except page numbers and `Paper.foot` on each page, where
   it can.
2. Take every text as text: it is escaped for eyes (`evtool.core.text.names.shown`), and not for any markup. One of
   kind NAME is isolated, so that writing from right to left moves nothing beside it. One of kind DIGEST or COMMAND is
   set in type of one width and may be broken anywhere; one of kind NUMBER or TIME is not broken.
3. Print `Blank`, and a value that is None, as an empty line for the pen: `Blank` inside a line of text, a value as many
   lines as its field says. A value that is "" is an empty place, and no line.
4. Print a choice as an empty box, or a crossed one if it is ticked; a person ticks the others.
5. Keep a `Frame` and a `SigningPlace` on one page each, repeat the head of a table on every page, and begin a new page
   at a `PageBreak`.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class ValueKind(Enum):
    """What a value is, for the one who sets it in type."""

    TEXT = "text"
    NAME = "name"
    """Somebody else's text: a code, a name of a file."""
    DIGEST = "digest"
    NUMBER = "number"
    TIME = "time"
    COMMAND = "command"


class Blank(Enum):
    """A place in a sentence where a person writes."""

    LINE = "line"


class Heading(Struct, frozen=True):
    """A heading.

    Attributes:
        text: its text.
        level: 2, or 3 for one below that; the title of the paper is 1.
    """

    text: str
    level: int = 2


class Paragraph(Struct, frozen=True):
    """A paragraph, with places for the pen in it.

    Attributes:
        pieces: text and blanks, in their order.
        number: what it is numbered with, or None.
        is_strong: whether it must not be overlooked.
    """

    pieces: tuple[str | Blank, ...]
    number: int | None = None
    is_strong: bool = False


class Field(Struct, frozen=True):
    """One line of a form.

    Attributes:
        label: what it asks for.
        value: what the program knows, or None: a person fills it in.
        kind: of the value.
        lines: how many lines there are for the pen.
    """

    label: str
    value: str | None = None
    kind: ValueKind = ValueKind.TEXT
    lines: int = 1


class FieldList(Struct, frozen=True):
    """Fields, one below the other."""

    fields: tuple[Field, ...]


class Column(Struct, frozen=True):
    """A column of a table, with the kind of everything below its heading."""

    heading: str
    kind: ValueKind = ValueKind.TEXT


class Grid(Struct, frozen=True):
    """A table; each row has a value for each column, and the first one names the row.

    Attributes:
        columns: its columns.
        rows: its rows; None is a place for the pen.
        is_annex: whether it is long, and set in small type.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str | None, ...], ...]
    is_annex: bool = False


class Choice(Struct, frozen=True):
    """One box to tick, with its sentence.

    Attributes:
        pieces: text and blanks.
        ticked: whether the program knows that it applies.
    """

    pieces: tuple[str | Blank, ...]
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
    paragraphs: tuple[Paragraph, ...]


class SigningPlace(Struct, frozen=True):
    """Where somebody signs: a title, and fields with room for a hand."""

    title: str
    fields: tuple[Field, ...]


class PageBreak(Struct, frozen=True):
    """What follows begins on a new page."""


Block = Heading | Paragraph | FieldList | Grid | Choices | Frame | SigningPlace | PageBreak


class Paper(Struct, frozen=True):
    """A whole paper.

    Attributes:
        language: code of its language.
        title: what it is.
        blocks: what stands on it.
        foot: one line for the foot of every page.
    """

    language: str
    title: str
    blocks: tuple[Block, ...]
    foot: str
