"""What files are called inside a bundle: the sealed name where every system can read it, else a neutral one.

A bundle is unpacked by programs and on systems that nobody chose. A name that some of them would misread, refuse or
write to another place is replaced by `item-000017.pdf`: the number of the item, and a usual ending. The true name
stands in the signed statement only. The number is the link back: no list of replacements is needed, and none is
believed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import chain

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import nfc_key

MAX_PATH = 200
"""Longest path inside a bundle, in bytes, `data/` included; Windows programs stop at 260 characters for the whole."""

_NEUTRAL = compiled_when_used(r"item-([0-9]{6,16})(\.[a-z0-9]{1,8})?\Z", re.ASCII)
_LIKE_NEUTRAL = compiled_when_used(r"item-[0-9]+(\..*)?\Z", re.ASCII | re.IGNORECASE | re.DOTALL)

_FORBIDDEN = compiled_when_used(r'[<>:"|?*\\%]')
"""What Windows forbids in names, and `%`, which BagIt tools escape in two ways that do not agree."""

_RESERVED = compiled_when_used(
    r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\u00b9\u00b2\u00b3])(?:[ .].*)?\Z", re.I
)
"""Names of devices on Windows, whatever ending follows them."""

_PERHAPS_UNSAFE = compiled_when_used(r'[<>:"|?*\\%]|[. ](?:/|\Z)|/[~ ]|/(?:CON|PRN|AUX|NUL|COM|LPT)', re.I)
"""What every path with a reason against it has in it, but for hidden characters, Unicode forms and length."""

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (direction marks, zero width), surrogates, line and paragraph separators."""

_ENDINGS = (
    "txt md rtf pdf doc docx odt hwp hwpx xls xlsx ods csv tsv ppt pptx odp epub htm html xml json geojson yaml toml "
    "jpg jpeg png gif tif tiff bmp webp heic heif avif svg psd dng cr2 cr3 nef arw orf raf kml kmz gpx "
    "mp3 wav m4a flac ogg oga opus amr aac wma aiff mp4 m4v mov avi mkv webm 3gp mpg mpeg mts wmv flv "
    "eml msg mbox zip 7z rar tar gz bz2 xz warc wacz sqlite db log vcf ics srt vtt"
)
_USUAL_ENDINGS = frozenset(_ENDINGS.split())
"""Endings that a neutral name keeps; any other could itself tell something."""


def find_unsafe(path: str) -> str | None:
    """Say what is wrong with a path that some system could misread; None if nothing is.

    The rules name what they refuse, and nothing depends on which characters a version of Unicode knows already, so a
    bundle that one version writes is never refused by another.
    """
    if not path or path.startswith("/"):
        return "it is empty or absolute"
    if len(path.encode("utf-8", "surrogatepass")) > MAX_PATH:
        return f"it has more than {MAX_PATH} bytes"
    # The first test is the quick one for most names; a space is the only printable separator in ASCII.
    if not (path.isascii() and path.isprintable()) and any(
        unicodedata.category(character) in _HIDDEN_CATEGORIES for character in path
    ):
        return "it holds a control or format character"
    if not unicodedata.is_normalized("NFC", path):
        return "it is not in Unicode form NFC"
    for component in path.split("/"):
        if component in ("", ".", ".."):
            return "it has an empty, '.' or '..' component"
        if found := _FORBIDDEN.search(component):
            return f"it holds {found[0]}"
        if component[-1] in ". " or component[0] in "~ ":
            return "a component begins with a tilde or a space, or ends in a dot or a space"
        if _RESERVED.match(component):
            return "a component is the name of a device on Windows"
    return None


def find_unsafe_names(directory: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Give those paths of the files of one directory that a bundle cannot have, and why; quick where there are none.

    Both are in their stored form; `directory` is empty for the root.
    """
    prefix = f"data/{directory}/" if directory else "data/"
    text = "/".join((prefix, *names))
    if (
        len(prefix.encode()) + max(map(len, names), default=0) * 4 <= MAX_PATH
        and text.isprintable()
        and unicodedata.is_normalized("NFC", text)
        and not _PERHAPS_UNSAFE.search(text)
    ):
        return []
    found = ((f"{prefix}{name}", find_unsafe(f"{prefix}{name}")) for name in names)
    return [(path.removeprefix("data/"), why) for path, why in found if why is not None]


def is_place_of_record(name: str) -> bool:
    """Tell whether a name in the root of a directory is, on some system, the place where unpacking puts the record."""
    return fold_path(name) == "custody"


def _is_portable(stored: str) -> bool:
    """Tell whether a stored path can be the name in a bundle; unlike a reader, a writer takes no unknown character."""
    first = stored.partition("/")[0]
    return (
        find_unsafe(f"data/{stored}") is None
        and not _LIKE_NEUTRAL.match(first)
        and not is_place_of_record(first)
        and not any(unicodedata.category(character) in ("Cn", "Co") for character in stored)
    )


class ReservedNames:
    """What looks like a neutral name and is the sealed name of an item, or begins one: no other item may go by it.

    Without that, `item-000002.txt` could stand for item 2, or for the item that was sealed under that name.
    """

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._names: set[str] = set()
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """Add the sealed path of one item."""
        first = path.partition("/")[0]
        if _LIKE_NEUTRAL.match(first):
            self._names.add(fold_path(first))

    def __contains__(self, name: str) -> bool:
        return fold_path(name) in self._names

    BEGINNING = "item-"
    """How the path begins of every item that is to be added, in whatever case; the paths of others need not be."""


def neutral_name(number: int, stored: str | None, reserved: ReservedNames | None = None) -> str:
    """Name an item by its number, keeping the ending of its stored path if that is a usual one.

    A name that is reserved gives way to another with the same number: without an ending, or with the first of `.x0`,
    `.x1` and so on that is free.
    """
    plain = f"item-{number:06d}"
    ending = (stored or "").rpartition("/")[2].rpartition(".")[2].lower()
    name = f"{plain}.{ending}" if stored and "." in stored and ending in _USUAL_ENDINGS else plain
    if not reserved or name not in reserved:
        return name
    return next(
        candidate
        for candidate in chain((plain,), (f"{plain}.x{count}" for count in range(10**7)))
        if candidate not in reserved
    )


def parse_neutral_name(name: str) -> int | None:
    """Give the number of the item that a neutral name stands for; None if the name is not a neutral one."""
    match = _NEUTRAL.match(name)
    number = int(match[1]) if match else 0
    # One number, one spelling: seven digits only where six do not hold it.
    return number if match and match[1] == f"{number:06d}" and number else None


class PayloadNamer:
    """Chooses the names of a bundle's payload, one item after the other; the same items give the same names."""

    def __init__(self, *, neutral: bool, reserved: ReservedNames | None = None) -> None:
        self._neutral = neutral
        self._reserved = reserved
        self._taken: dict[str, str] = {}
        """Every path and directory so far, as a system without case sees it -> as it is spelled."""

    def choose(self, number: int, stored: str | None) -> str:
        """Name the payload of one item, relative to `data/`; `stored` is its path, None if that is withheld."""
        if stored is None or self._neutral or not _is_portable(stored) or not self._take(stored):
            return neutral_name(number, stored, self._reserved)
        return stored

    def _take(self, path: str) -> bool:
        """Reserve a path, unless it or a directory above it is another name's twin."""
        components = path.split("/")
        prefixes = ["/".join(components[:depth]) + "/" for depth in range(1, len(components))]
        wanted = [*((fold_path(prefix), prefix) for prefix in prefixes), (fold_path(path), path)]
        for folded, spelled in wanted:
            if self._taken.get(folded, spelled) != spelled or self._taken.get(_other_kind(folded)):
                return False
        if wanted[-1][0] in self._taken:
            return False
        self._taken.update(wanted)
        return True


def _other_kind(folded: str) -> str:
    """Give the folded spelling of the directory that a file is a twin of, and the other way round."""
    return folded[:-1] if folded.endswith("/") else folded + "/"


def fold_path(path: str) -> str:
    """Give the form under which two paths are one to a system that ignores case or Unicode forms."""
    return nfc_key(nfc_key(path).casefold())


class PathSet:
    """The paths of a container; refuses what two systems would store differently."""

    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def add(self, path: str) -> None:
        """Add the path of one file.

        Raises:
            FormatError: it is there already, or is a twin of another: equal but for case or Unicode form, or a file
                where the other needs a directory.
        """
        components = path.split("/")
        for depth in range(1, len(components)):
            prefix = "/".join(components[:depth]) + "/"
            folded = fold_path(prefix)
            if self._seen.setdefault(folded, prefix) != prefix or folded[:-1] in self._seen:
                raise FormatError(
                    "clashes with another name: the two differ only in case, or one is a file and a directory at once",
                    key="name-clash",
                )
        folded = fold_path(path)
        if self._seen.get(folded) == path:
            raise FormatError("appears twice", key="name-twice")
        if folded in self._seen or folded + "/" in self._seen:
            raise FormatError(
                "clashes with another name: the two differ only in case, or one is a file and a directory at once",
                key="name-clash",
            )
        self._seen[folded] = path
