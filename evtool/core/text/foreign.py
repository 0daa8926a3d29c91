"""Texts that people bring: tables, checksum lists, trust files, public keys and the lists of bags.

They come from other programs, often on Windows. A byte order mark (Unicode, section 23.8) is skipped and decides over
the encoding. Without a mark a text is UTF-8; UTF-16 is recognised only where nothing else is possible. What is neither
may be the Korean code page 949, which is a guess: whoever reads such a text says so and shows a line of it.
"""

from __future__ import annotations

import codecs
import unicodedata

from msgspec import Struct

from evtool.core.errors import FormatError, Way
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

UTF_8 = "UTF-8"

KOREAN = "CP949"
"""The Korean code page of Windows, which contains EUC-KR."""

ENCODINGS = {
    UTF_8: "utf-8",
    "UTF-16": "utf-16",
    KOREAN: "cp949",
    "EUC-KR": "cp949",
    "CP932": "cp932",
    "GB18030": "gb18030",
    "BIG5": "cp950",
    "CP1251": "cp1251",
    "CP1252": "cp1252",
}
"""What a user may name, in upper case -> the codec."""

# The mark of UTF-32LE begins with that of UTF-16LE, so it is looked for first.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32-be", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16-le", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16-be", "UTF-16"),
)

_WRITERS = {
    "UTF-16": "as Windows PowerShell writes it with `>`, and Excel as Unicode text",
    "UTF-32": "as few programs write it",
    "UTF-8": "as Notepad and Excel write it with a byte order mark",
}

_CONTAINERS = (
    (b"PK\x03\x04", "a workbook (.xlsx, .ods), a document or another zip archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of Office before 2007 (.xls, .doc)"),
    (b"%PDF-", "a PDF"),
    (b"{\\rtf", "a document in rich text (.rtf), as WordPad writes it"),
    (b"\x1f\x8b", "a file packed with gzip"),
    (b"age-encryption.org/", "a file encrypted with age"),
)

_SAVE_AS = "save it as UTF-8: in Notepad, Save as, Encoding; in PowerShell, `Out-File -Encoding utf8` in place of `>`"

_NOT_OF_TEXT = compiled_when_used("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no text has that is read here; form feed, vertical tab and escape occur."""


class ForeignText(Struct, frozen=True):
    """A text that somebody brought.

    Attributes:
        text: the text without its byte order mark, with the line ends that it had.
        encoding: how it is encoded, in words for people.
        is_guess: whether nothing but the shape of the bytes speaks for this encoding.
    """

    text: str
    encoding: str
    is_guess: bool = False

    @property
    def sample(self) -> str:
        """The first line by which a reader can tell whether the encoding is right; empty if every line is ASCII."""
        return next((line.strip() for line in self.text.splitlines() if not line.isascii()), "")


def read_foreign_text(
    data: bytes,
    what: str,
    *,
    encoding: str | None = None,
    may_guess: bool = False,
    keeps_bytes: bool = False,
    way: Way = Way.ENCODING,
) -> ForeignText:
    """Read a text that somebody brought.

    Args:
        data: the whole file.
        what: the text in a message, such as "the table".
        encoding: what the user says it is, a key of `ENCODINGS` in any case; None finds out.
        may_guess: whether a text that is not UTF-8 is read as CP949 if that fits.
        keeps_bytes: whether bytes that are not UTF-8 are kept as lone surrogates (as in names of files) where no
            encoding is named.
        way: how the user can name the encoding.

    Raises:
        FormatError: it is not in this encoding, or in none that is recognised; the message says what it looks like.
    """
    if encoding is not None:
        return _read_named(data, what, encoding)
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return ForeignText(_decode(data[len(mark) :], codec, name, what), f"{name} with a byte order mark")
    for start, kind in _CONTAINERS:
        if data.startswith(start):
            raise FormatError("{what} is no text, but {kind}", key="foreign-no-text", what=what, kind=kind)
    if (certain := _certain_utf16(data)) is not None:
        return ForeignText(_decode(data, certain, "UTF-16", what), "UTF-16", is_guess=True)
    try:
        return ForeignText(data.decode("utf-8"), UTF_8)
    except UnicodeDecodeError:
        pass
    if may_guess and (korean := read_as_korean(data)) is not None:
        return ForeignText(korean, f"{KOREAN} (Korean)", is_guess=True)
    if keeps_bytes:
        return ForeignText(data.decode("utf-8", "surrogateescape"), "bytes that are not all UTF-8")
    raise not_utf8(data, what, way)


def not_utf8(data: bytes, what: str, way: Way = Way.ENCODING) -> FormatError:
    """Say of a text that is not UTF-8 what it reads as, with a line of it."""
    korean = read_as_korean(data)
    if korean is None:
        return FormatError(
            "{what} is not UTF-8, and evtool does not recognise its encoding",
            hint=_SAVE_AS,
            key="foreign-not-utf8",
            ways=(way,),
            what=what,
        )
    sample = ForeignText(korean, KOREAN).sample
    return FormatError(
        "{what} is not UTF-8; it reads as {encoding}, as Korean Windows writes it, for example: {sample}",
        hint="if that is what it says, name the encoding; otherwise save it as UTF-8",
        key="foreign-korean",
        ways=(way,),
        what=what,
        sample=shown(sample, 160),
        encoding=KOREAN,
    )


def read_as_korean(data: bytes) -> str | None:
    """Read bytes as CP949; None if they do not fit, or if little of it would be Korean."""
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return None
    if _NOT_OF_TEXT.search(text):
        return None
    foreign = [character for character in text if not character.isascii()]
    hangul = sum("\uac00" <= character <= "\ud7a3" for character in foreign)
    return text if foreign and 2 * hangul >= len(foreign) else None


def _read_named(data: bytes, what: str, encoding: str) -> ForeignText:
    name = encoding.upper()
    if name not in ENCODINGS:
        raise FormatError(
            "evtool does not read this encoding; it reads {names}", key="foreign-encoding", names=", ".join(ENCODINGS)
        )
    for mark, codec, marked in _MARKS:
        if data.startswith(mark) and name in (UTF_8, "UTF-16"):
            if marked != name:
                raise FormatError(
                    "{what} begins with the byte order mark of {marked}, so it is not {name}",
                    key="foreign-mark",
                    what=what,
                    marked=marked,
                    name=name,
                )
            return ForeignText(_decode(data[len(mark) :], codec, name, what), name)
    # Without a mark, UTF-16 is written by Windows, so its lower byte comes first.
    codec = "utf-16-le" if name == "UTF-16" else ENCODINGS[name]
    return ForeignText(_decode(data, codec, name, what), name)


def _decode(data: bytes, codec: str, name: str, what: str) -> str:
    try:
        text = data.decode(codec)
    except UnicodeDecodeError as error:
        writer = f" ({_WRITERS[name]})" if name in _WRITERS else ""
        raise FormatError(
            "{what} is not {name}{writer_en} throughout: see byte {start}",
            hint=_SAVE_AS,
            key="foreign-not-throughout",
            what=what,
            name=name,
            start=error.start,
            writer_en=writer,
        ) from None
    if text.startswith("\ufeff"):
        raise FormatError("{what} begins with two byte order marks", hint=_SAVE_AS, key="foreign-two-marks", what=what)
    return text


def _certain_utf16(data: bytes) -> str | None:
    """Name the codec of a text in UTF-16 without a mark, if it can be nothing else."""
    if len(data) < 4 or len(data) % 2 or b"\0" not in data:
        return None
    first, second = data[0::2].count(0), data[1::2].count(0)
    # Most characters of such a text are ASCII, and in the other order of bytes none would be.
    # (A few, such as Hangul 글, have a zero of their own at the other place.)
    if 8 * min(first, second) > max(first, second) or 2 * max(first, second) < len(data) // 2:
        return None
    codec = "utf-16-le" if second > first else "utf-16-be"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        return None
    unusual = any(unicodedata.category(character) in ("Cn", "Cs") for character in set(text))
    return None if unusual or _NOT_OF_TEXT.search(text) else codec
