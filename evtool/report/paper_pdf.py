"""A paper as a PDF for an archive and for those who read by ear: PDF/A-2a and PDF/UA-1 in one file, set by typst.

Nothing but this program's own template and fonts is read: no font of the system, no package, no network. The paper goes
in as JSON, which the template takes as text and never as markup. The same paper and version of typst give the same
bytes on one kind of computer; typst does not promise them across kinds.
"""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from evtool.core.errors import InputError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.report.paper import (
    NEW_LINE,
    Blank,
    Block,
    Bullets,
    Choices,
    Column,
    CommandLines,
    Content,
    Field,
    FieldList,
    Frame,
    Grid,
    Heading,
    LastLine,
    PageBreak,
    Paper,
    Paragraph,
    Picture,
    Piece,
    SigningPlace,
    TextRun,
    ValueKind,
)

FONTS = Path(__file__).parent / "fonts"
"""The fonts that are embedded."""

_TEMPLATE = Path(__file__).parent / "templates" / "paper.typ"
_DIGEST = compiled_when_used(r"\b[0-9a-f]{64}(?:[0-9a-f]{64})?\b")
_LETTERS_OF_A_PAGE = {False: 105, True: 130}
"""How many letters stand in a line as wide as the page, in a text and in an annex."""
_DIGEST_LINES = (64, 32, 16)
"""Digits of a digest in one line: the first of these for which there is room."""
_WIDTH, _INSET, _ANNEX_SIZE = 515_900, 8_000, 7_200
"""Thousandths of a point: the width of a page, what a cell keeps free on both sides, the size of type of an annex."""
_CHUNK = compiled_when_used(r"(?:.[\u0300-\u036f]*){1,8}")
"""Eight letters with the marks on them: between two of these a long word may be broken."""


_TYPST = """
import sys, typst
template, fonts, timestamp = sys.argv[1:]
sys.stdout.buffer.write(typst.compile(
    open(template, "rb").read(),
    format="pdf",
    font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts]),
    sys_inputs={"paper": sys.stdin.buffer.read().decode()},
    pdf_standards=["a-2a", "ua-1"],
    timestamp=int(timestamp),
))
"""
"""A program that sets a paper from its standard input: it has nothing of evtool in its memory, of which typst needs
much."""


def render_pdf(paper: Paper, moment: datetime) -> bytes:
    """Set a paper; `moment` is the date that a PDF/A has to have, which is part of its bytes.

    A process for each paper: what typst keeps of one would add up with that of the next.

    Raises:
        InputError: typst made no PDF of it.
    """
    regular, bold = (Glyphs(FONTS / f"NotoSansKR-{weight}.otf") for weight in ("Regular", "Bold"))
    data = json.dumps(_Setter(regular, bold).set(paper), ensure_ascii=False).encode("utf-8")
    command = [sys.executable, "-P", "-c", _TYPST, str(_TEMPLATE), str(FONTS), str(int(moment.timestamp()))]
    run = subprocess.run(command, input=data, capture_output=True)
    if run.returncode:
        raise InputError(
            "the PDF could not be made: {why_en}",
            key="no-pdf",
            why_en=shown(run.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]),
        )
    return run.stdout


class Glyphs:
    r"""Which characters a font can draw; what it cannot is written as `shown` writes what no screen shows: `\u{HEX}`.

    A character without a glyph would stop the making of a PDF/A, as a reader could not tell what stands there.
    """

    def __init__(self, font: Path) -> None:
        self._advances = _read_advances(font)
        self._spelled = _Spelled(self._advances)

    def width(self, text: str) -> int:
        """Measure text that was written so, in thousandths of the size of its type."""
        return sum(map(self._advances.__getitem__, map(ord, text)))

    def draw(self, text: str) -> str:
        """Write text with what the font can draw."""
        return text if text.isascii() and text.isprintable() else text.translate(self._spelled)


class _Spelled(dict[int, int | str]):
    """Code point -> itself, or how it is spelled; filled as characters are met."""

    def __init__(self, coverage: Collection[int]) -> None:
        super().__init__({ord(NEW_LINE): ord(NEW_LINE)})
        self._coverage = coverage

    def __missing__(self, code: int) -> int | str:
        self[code] = found = code if code in self._coverage else f"\\u{{{code:X}}}"
        return found


@cache
def _read_advances(font: Path) -> Mapping[int, int]:
    """Read the characters of a font with their widths, in thousandths of its size (OpenType 1.9, "cmap", "hmtx")."""
    data = font.read_bytes()
    (count,) = struct.unpack_from(">H", data, 4)
    records = (struct.unpack_from(">4sIII", data, 12 + 16 * number) for number in range(count))
    tables = {tag: offset for tag, _, offset, _ in records}
    (unit,) = struct.unpack_from(">H", data, tables[b"head"] + 18)
    (metrics,) = struct.unpack_from(">H", data, tables[b"hhea"] + 34)
    # An advance and a bearing each; glyphs beyond the last are as wide as that one.
    advances = struct.unpack_from(f">{2 * metrics}H", data, tables[b"hmtx"])[::2]
    glyphs = _read_glyphs(data, tables[b"cmap"])
    return {code: advances[min(glyph, metrics - 1)] * 1000 // unit for code, glyph in glyphs}


def _read_glyphs(data: bytes, cmap: int) -> Iterator[tuple[int, int]]:
    """Read which characters a font maps to which glyphs: its table `cmap`, in format 4."""
    (subtables,) = struct.unpack_from(">H", data, cmap + 2)
    offsets = (struct.unpack_from(">I", data, cmap + 8 + 8 * number)[0] for number in range(subtables))
    (table,) = {cmap + offset for offset in offsets if struct.unpack_from(">H", data, cmap + offset) == (4,)}
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    lists = [table + 14 + 2 * count * number + (2 if number else 0) for number in range(4)]
    ends, starts, deltas, ranges = (struct.unpack_from(f">{count}H", data, at) for at in lists)
    for number, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(start, end + 1):
            at = lists[3] + 2 * number + offset + 2 * (code - start)
            glyph = struct.unpack_from(">H", data, at)[0] if offset else code + delta & 0xFFFF
            if glyph:
                yield code, glyph


class _Setter:
    """Turns a paper into what the template reads: objects with the name of a function, and texts that can be drawn."""

    def __init__(self, regular: Glyphs, bold: Glyphs) -> None:
        self._text = regular.draw
        self._width = regular.width
        self._bold = bold.draw
        self._set: dict[type[Block], Callable[[Any], dict[str, Any]]] = {
            Heading: lambda it: {"level": it.level, "text": self._bold(it.text)},
            Paragraph: self._paragraph,
            Bullets: lambda it: {"items": [self._text(text) for text in it.items]},
            CommandLines: lambda it: {"lines": [self._text(line) for line in it.lines]},
            Picture: self._picture,
            FieldList: lambda it: {"fields": self._fields(it.fields)},
            Grid: self._table,
            Choices: self._choices,
            Frame: lambda it: {"title": self._bold(it.title), "blocks": [self._block(part) for part in it.paragraphs]},
            SigningPlace: lambda it: {"title": self._bold(it.title), "fields": self._fields(it.fields)},
            PageBreak: lambda _: {},
            LastLine: lambda it: {"text": self._text(it.text), "pages": self._text(it.pages)},
        }

    def set(self, paper: Paper) -> dict[str, Any]:
        """Give the whole paper."""
        return {
            "language": paper.language,
            "title": self._bold(paper.title),
            "foot": self._text(paper.foot),
            "blocks": [self._block(block) for block in paper.blocks],
        }

    def _block(self, block: Block) -> dict[str, Any]:
        return {"kind": type(block).__name__.lower(), **self._set[type(block)](block)}

    def _paragraph(self, it: Paragraph) -> dict[str, Any]:
        number = "" if it.number is None else f"{it.number}. "
        return {"body": self._pieces((number, *it.pieces), bold=it.is_strong), "strong": it.is_strong}

    def _picture(self, it: Picture) -> dict[str, Any]:
        return {"svg": it.svg, "alt": self._text(it.description), "width": it.width, "beside": list(it.beside)}

    def _choices(self, it: Choices) -> dict[str, Any]:
        return {
            "short": it.is_short,
            "choices": [{"ticked": c.ticked, "body": self._pieces(c.pieces)} for c in it.choices],
        }

    def _fields(self, fields: Iterable[Field]) -> list[dict[str, Any]]:
        room = _LETTERS_OF_A_PAGE[False] * 7 // 10
        return [
            {"label": self._bold(it.label), "value": self._value(it.value, it.kind, room), "lines": it.lines}
            for it in fields
        ]

    def _table(self, it: Grid) -> dict[str, Any]:
        whole = sum(column.share for column in it.columns) or len(it.columns)
        room = [(column.share or 1) * _LETTERS_OF_A_PAGE[it.is_annex] // whole - 2 for column in it.columns]
        # The template sets a column of digests a tenth smaller.
        room = [
            letters * 10 // 9 if column.kind is ValueKind.DIGEST else letters
            for letters, column in zip(room, it.columns, strict=True)
        ]
        kinds = [column.kind for column in it.columns]
        rows = [[self._value(*each) for each in zip(row, kinds, room, strict=True)] for row in it.rows]
        widths = [column.share * _WIDTH // whole - _INSET for column in it.columns]
        return {
            "caption": self._bold(it.caption),
            "annex": it.is_annex,
            "columns": [self._column(column) for column in it.columns],
            "rows": rows,
            "two-lines": [it.is_annex and self._takes_two_lines(row, kinds, widths) for row in rows],
        }

    def _takes_two_lines(self, row: Iterable[object], kinds: Iterable[ValueKind], widths: Iterable[int]) -> bool:
        """Tell whether a row of an annex is two lines high for certain.

        Such a row is told its height. typst would have to set it twice to find that, which takes most of the time
        and memory that a list of thousands of items needs.
        """
        least = 0
        for value, kind, width in zip(row, kinds, widths, strict=True):
            if not isinstance(value, str):
                return False
            size = _ANNEX_SIZE * 9 // 10 if kind is ValueKind.DIGEST else _ANNEX_SIZE
            lines = value.split(NEW_LINE)
            if sum(self._most_lines(line, width * 1000 // size) for line in lines) > 2:
                return False
            least = max(least, len(lines))
        return least == 2

    def _most_lines(self, text: str, width: int) -> int:
        """Count the lines that text takes at most, up to three."""
        whole = self._width(text)
        if whole <= width:
            return 1
        # What the first line leaves free is less than one word.
        return 2 if whole + max(map(self._width, text.split(" "))) <= 2 * width else 3

    def _column(self, it: Column) -> dict[str, Any]:
        return {"heading": self._bold(it.heading), "kind": it.kind.value, "share": it.share}

    def _value(self, value: Content, kind: ValueKind, room: int) -> object:
        """Give one place with room for so many letters in a line: a text, or pieces; a line for the pen as null."""
        if value is None:
            return None
        if isinstance(value, str) and len(value) <= room and value.isascii():
            return value  # as most of the many places of an annex are
        return self._pieces((TextRun(value, kind),) if isinstance(value, str) else value, room, usual=kind)

    def _pieces(
        self,
        pieces: Iterable[Piece],
        room: int = _LETTERS_OF_A_PAGE[False],
        *,
        bold: bool = False,
        usual: ValueKind = ValueKind.TEXT,
    ) -> object:
        """Give pieces; text alone as one text, as nearly all of it is. What is `usual` in a place is not marked."""
        found: list[object] = []
        for piece in pieces:
            if piece is Blank.LINE:
                found.append(None)
                continue
            kind, text = (piece.kind, piece.text) if isinstance(piece, TextRun) else (ValueKind.TEXT, str(piece))
            drawn = (self._bold if bold or kind is ValueKind.STRONG else self._text)(text)
            for part in _break(_fold(drawn, room), room):
                if kind in _MARKED and kind is not usual:
                    found.append({"kind": kind.value, "body": part})
                elif isinstance(part, str) and found and isinstance(found[-1], str):
                    found[-1] += part
                else:
                    found.append(part)
        return found[0] if len(found) == 1 and isinstance(found[0], str) else found


_MARKED = frozenset({ValueKind.STRONG, ValueKind.DIGEST, ValueKind.COMMAND})
"""What is set in another type than the text around it."""


def _break(text: str, room: int) -> Iterator[str | list[str]]:
    """Take words out of a text that are longer than a line, each as parts between which it may be broken."""
    if len(text) <= room:
        yield text
        return
    for number, part in enumerate(_long_words(room).split(text)):
        if part:
            yield _CHUNK.findall(part) if number % 2 else part


@cache
def _long_words(room: int) -> re.Pattern[str]:
    """Find words that are longer than a line; those of East Asian writing may be broken anywhere as it is."""
    return re.compile(rf"([^\s\u1100-\u11ff\u3040-\uffef]{{{max(room, 4) + 1},}})")


def _fold(text: str, room: int) -> str:
    """Break a digest into lines of equal length, in which two people can find the same place."""
    length = next((length for length in _DIGEST_LINES if length <= room), _DIGEST_LINES[-1])
    return _DIGEST.sub(lambda digits: NEW_LINE.join(re.findall(f".{{{length}}}", digits[0])), text)
