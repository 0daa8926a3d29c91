"""The spelling of file names: one form in files, one on screens.

A name on disk is bytes. In files it takes the *stored* form: UTF-8 text in which control characters, `%` and bytes
that are not UTF-8 are percent-encoded, everything else is kept as found. On screens it takes the *shown* form:
printable, on one line, escaped so that two different names never print the same. Both are one to one.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used

_CONTROL = compiled_when_used("[\x00-\x1f%\x7f-\x9f]")
_ESCAPE = compiled_when_used("%([0-9A-F]{2})")

_UNPRINTABLE = compiled_when_used("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters (general category Cc), the line and the paragraph separator, bidirectional controls, surrogates.
The list is closed: `str.isprintable` would give another answer with every version of Unicode."""


def is_printable(text: str) -> bool:
    """Tell whether text in a file is printable, as `manifests/FORMAT-text.md`, rule T9, defines it."""
    return not _UNPRINTABLE.search(text)


def store_name(name: bytes) -> str:
    """Spell a path from disk in its stored form.

    Control characters are those of Unicode category Cc (C0, DEL, C1). Hexadecimal digits are upper case, as in
    RFC 3986, section 2.1.
    """
    # surrogateescape turns each byte that is not UTF-8 into one lone surrogate, which no valid text contains.
    text = name.decode("utf-8", "surrogateescape")
    if _needs_no_escape(text):
        return text
    return "".join(_store_character(character) for character in text)


def store_names(names: Sequence[bytes]) -> list[str]:
    """Spell the names in one directory in their stored form; at once, as nearly all need no escape."""
    if not names:
        return []
    # A name holds no slash, and no sequence of UTF-8 spans one.
    text = b"/".join(names).decode("utf-8", "surrogateescape")
    return text.split("/") if _needs_no_escape(text) else [store_name(name) for name in names]


def _needs_no_escape(text: str) -> bool:
    """Tell it quickly for most text; what is printable is neither a control character nor a surrogate."""
    return text.isprintable() and "%" not in text


def _store_character(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"%{ord(character) - 0xDC00:02X}"
    if _CONTROL.match(character):
        return "".join(f"%{byte:02X}" for byte in character.encode())
    return character


@lru_cache(maxsize=1024)
def parse_name(stored: str) -> bytes:
    """Give the bytes on disk that a stored path stands for; those of the last paths are remembered.

    Raises:
        FormatError: the path is not relative, has an empty, `.` or `..` component, or is not in its canonical spelling.
    """
    try:
        name = _unescape(stored)
    except UnicodeEncodeError:
        raise FormatError(f"path {shown(stored)} holds a surrogate, which is not text") from None
    components = name.split(b"/")
    if any(part in (b"", b".", b"..") for part in components) or b"\0" in name:
        raise FormatError(
            f"path {shown(stored)} is not a plain relative path",
            hint="absolute paths, empty components, '.' and '..' are refused: they could lead outside the directory",
        )
    if store_name(name) != stored:
        raise FormatError(f"path {shown(stored)} is not in its canonical spelling, which is {shown(store_name(name))}")
    return name


def parse_target(stored: str) -> bytes:
    """Give the bytes of a symbolic link's target; unlike a path it may lead anywhere, as it is never followed."""
    try:
        target = _unescape(stored)
    except UnicodeEncodeError:
        raise FormatError(f"link target {shown(stored)} holds a surrogate, which is not text") from None
    if store_name(target) != stored or not target:
        raise FormatError(f"link target {shown(stored)} is not in its canonical spelling")
    return target


def _unescape(stored: str) -> bytes:
    if "%" not in stored:
        return stored.encode("utf-8")
    pieces = _ESCAPE.split(stored)
    # re.split with one group alternates: text, escape, text, escape, ..., text.
    return b"".join(
        bytes([int(piece, 16)]) if index % 2 else piece.encode("utf-8") for index, piece in enumerate(pieces)
    )


def nfc_key(stored: str) -> str:
    """Give the form under which two stored names count as equal but for their Unicode spelling."""
    return stored if stored.isascii() else unicodedata.normalize("NFC", stored)


def has_unassigned(stored: str) -> bool:
    """Tell whether a stored name holds a code point that this version of Unicode does not assign (category Cn).

    A later version may give it another normal form, so this one cannot say which names it equals.
    """
    return not stored.isascii() and any(unicodedata.category(character) == "Cn" for character in stored)


_MARK_LIMIT = 4
"""How many combining marks in a row are shown as they are; more would smear over neighbouring lines."""

_INVISIBLE = compiled_when_used(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U00016fe4\U0001d159"
    "\U000e0100-\U000e01ef]"
)
"""What Python calls printable, but shows as nothing: the code points with the property Default_Ignorable_Code_Point
(DerivedCoreProperties.txt of Unicode), Hangul fillers among them, and two blank symbols. `a` and `a` with one of them
behind it would look alike."""


def is_visible(character: str) -> bool:
    """Tell whether a character shows on a screen as itself, and does nothing else there."""
    return character.isprintable() and not _INVISIBLE.match(character)


_NOT_NFC = r" \(not NFC)"


def shown(text: str, limit: int = 240) -> str:
    r"""Escape text from outside for a terminal, a log or a message: printable, one line, one to one.

    Whatever is not printable (control, format, bidi, zero width, unassigned, line and paragraph separators) becomes
    `\u{HEX}`, a backslash `\\`. Text that is not in Unicode form NFC carries a mark, as it looks like its NFC twin.
    Text longer than `limit` characters is cut in the middle, with the start of its SHA-256 beside it.
    """
    safe = text if _is_plain(text) else _escape_for_screen(text)
    if len(safe) <= limit:
        return safe
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    keep = (limit - 40) // 2
    return f"{safe[:keep]}\\(cut, SHA-256 {digest}...){safe[-keep:]}"


def shown_path(name: bytes, limit: int = 240) -> str:
    """Escape a path from disk for a screen."""
    return shown(store_name(name), limit)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and "\\" not in text and text.strip(" ") == text and text != ""


def _escape_for_screen(text: str) -> str:
    out: list[str] = []
    marks = 0
    for index, character in enumerate(text):
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        at_edge = character == " " and index in (0, len(text) - 1)
        if character == "\\":
            out.append("\\\\")
        elif not is_visible(character) or marks > _MARK_LIMIT or at_edge or (marks and index == 0):
            out.append(f"\\u{{{ord(character):X}}}")
        else:
            out.append(character)
    if not text:
        return r"\(empty)"
    return "".join(out) + ("" if unicodedata.is_normalized("NFC", text) else _NOT_NFC)


_MAX_NAMED = 20
"""Names that a message gives one by one."""


def name_some(names: Sequence[str], total: int) -> str:
    """Name the first of many things, of which not all need be given, and count the others."""
    named = names[:_MAX_NAMED]
    more = f"; and {total - len(named):,} more" if total > len(named) else ""
    return "; ".join(named) + more
