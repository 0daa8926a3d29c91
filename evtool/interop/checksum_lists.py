"""Lists of digests that other programs wrote: sha256sum and its kin, b3sum, hashdeep.

Lists are a stranger's: every path has to stay below the directory it is about, and a line that is not understood is an
error, as it may be the one that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from evtool.core.errors import FormatError, Way
from evtool.core.text.names import shown_path

MAX_LINE = 64 * 1024
"""Longest line of a list, in bytes."""

DIGEST_SIZES = {
    **{"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64},
    **{"sha3_224": 28, "sha3_256": 32, "sha3_384": 48, "sha3_512": 64, "blake2b": 64, "blake2s": 32, "blake3": 32},
}
"""Algorithms that lists are read for, as Python names them -> bytes of a digest."""

WEAK = frozenset({"md5", "sha1"})
"""Algorithms for which two files with one digest can be made; they show accidents, not attacks."""

SUM_FORMATS = {
    **{"sha256sum": "sha256", "sha512sum": "sha512", "sha384sum": "sha384", "sha224sum": "sha224"},
    **{"sha1sum": "sha1", "md5sum": "md5", "b2sum": "blake2b", "b3sum": "blake3"},
}
"""Name of a format of one digest and one name a line -> the algorithm of lines that do not name one."""

HASHDEEP = "hashdeep"

FORMATS = (*SUM_FORMATS, HASHDEEP)
"""Names of all formats."""

_PLAIN = re.compile(rb"(\\?)([0-9A-Fa-f]+) [ *](.+)\Z", re.DOTALL)
_TAGGED = re.compile(rb"(\\?)([A-Za-z0-9-]+) \((.+)\) = ([0-9A-Fa-f]+)\Z", re.DOTALL)
_TAG_NAMES = {b"MD5": "md5", b"SHA1": "sha1", b"SHA224": "sha224", b"SHA256": "sha256", b"SHA384": "sha384"} | {
    b"SHA512": "sha512",
    b"BLAKE2B": "blake2b",
    b"BLAKE3": "blake3",
}
_HASHDEEP_COLUMNS = {"md5", "sha1", "sha256", "tiger", "whirlpool"}
_HASHDEEP_READ = _HASHDEEP_COLUMNS & DIGEST_SIZES.keys()
_ESCAPES = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}


@dataclass(slots=True)
class Expected:
    """What lists say of one file.

    Attributes:
        digests: algorithm -> digest in lower-case hexadecimal.
        size: bytes, or None if no list says it.
    """

    digests: dict[str, str] = field(default_factory=dict)
    size: int | None = None


def read_list(lines: Iterable[bytes], format_name: str, strip: bytes = b"") -> dict[bytes, Expected]:
    """Read a list whose lines come without their newlines: path -> what it says.

    `strip` is taken off the beginning of every path, as lists may hold paths from where they were made.

    Raises:
        FormatError: with the number of the line: it is not in the format, a path leads out of the directory, or two
            lines say different things of one file.
    """
    parsed = _parse_hashdeep(lines) if format_name == HASHDEEP else _parse_sums(lines, SUM_FORMATS[format_name])
    files: dict[bytes, Expected] = {}
    for number, path, digests, size in parsed:
        name = _relative(path, strip, number)
        add_expected(files.setdefault(name, Expected()), digests, size, f"line {number}")
    if not files:
        raise FormatError("the list names no file")
    return files


def add_expected(file: Expected, digests: dict[str, str], size: int | None, where: str) -> None:
    """Add what one line says about a file.

    Raises:
        FormatError: another line says otherwise.
    """
    for algorithm, digest in digests.items():
        if file.digests.setdefault(algorithm, digest) != digest:
            raise FormatError(f"{where}: the file is already listed with another digest")
    if size is not None and file.size not in (None, size):
        raise FormatError(f"{where}: the file is already listed with another size")
    file.size = size if size is not None else file.size


_Line = tuple[int, bytes, dict[str, str], int | None]


def _parse_sums(lines: Iterable[bytes], algorithm: str) -> Iterator[_Line]:
    """Read what coreutils and b3sum write, plain or with --tag; lines that begin with `#` are comments."""
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix(b"\r")
        if not line or line.startswith(b"#"):
            continue
        if match := _TAGGED.match(line):
            escaped, name, path, digest = match.groups()
            tagged = _TAG_NAMES.get(name.upper().replace(b"-", b""))
            if tagged is None:
                raise FormatError(f"line {number}: evtool does not read digests of this algorithm")
            yield number, _unescape(path, number) if escaped else path, _digest(tagged, digest, number), None
        elif match := _PLAIN.match(line):
            escaped, digest, path = match.groups()
            yield number, _unescape(path, number) if escaped else path, _digest(algorithm, digest, number), None
        else:
            raise FormatError(f"line {number} is not a digest and a file name")


def _parse_hashdeep(lines: Iterable[bytes]) -> Iterator[_Line]:
    """Read what hashdeep writes: two header lines, comments, then size, digests and name with commas between."""
    columns: list[str] = []
    for number, line in enumerate(lines, start=1):
        line = line.removesuffix(b"\r")
        if number == 1:
            if not line.startswith(b"%%%% HASHDEEP-1."):
                raise FormatError("the list does not begin like a hashdeep list")
        elif line.startswith(b"%%%% "):
            columns = _parse_columns(line, number)
        elif line and not line.startswith(b"##"):
            if not columns:
                raise FormatError(f"line {number}: the list does not say which columns it has")
            values = line.split(b",", len(columns) - 1)
            if len(values) != len(columns) or not values[0].isdigit() or len(values[0]) > 19:
                raise FormatError(f"line {number} does not have the columns of the list")
            digests: dict[str, str] = {}
            for name, value in zip(columns[1:-1], values[1:-1], strict=True):
                if name in _HASHDEEP_READ:
                    digests |= _digest(name, value, number)
            yield number, values[-1], digests, int(values[0])


def _parse_columns(line: bytes, number: int) -> list[str]:
    """Read which digests the list has; a column given twice, or unknown, could hide one that matters."""
    columns = line[5:].decode("ascii", "replace").split(",")
    digests = columns[1:-1]
    known = set(digests) <= _HASHDEEP_COLUMNS and len(set(digests)) == len(digests)
    if columns[0] != "size" or columns[-1] != "filename" or not known:
        raise FormatError(f"line {number}: these are not the columns of a hashdeep list")
    if not set(digests) & _HASHDEEP_READ:
        raise FormatError(
            f"line {number}: the list has no digests that evtool reads ({', '.join(sorted(_HASHDEEP_READ))})"
        )
    return columns


def _digest(algorithm: str, text: bytes, number: int) -> dict[str, str]:
    if len(text) != 2 * DIGEST_SIZES[algorithm] or not re.fullmatch(rb"[0-9A-Fa-f]+", text):
        raise FormatError(f"line {number}: this is not a {algorithm} digest")
    return {algorithm: text.decode("ascii").lower()}


def _unescape(path: bytes, number: int) -> bytes:
    def one(match: re.Match[bytes]) -> bytes:
        if match[1] not in _ESCAPED:
            raise FormatError(f"line {number}: an escape in the file name is unknown")
        return _ESCAPED[match[1]]

    return _ESCAPES.sub(one, path)


def _relative(path: bytes, strip: bytes, number: int) -> bytes:
    if strip:
        if not path.startswith(strip):
            raise FormatError(f"line {number}: the path {shown_path(path)} does not begin with the part to strip")
        path = path[len(strip) :].lstrip(b"/")
    return safe_path(path, f"line {number}")


def safe_path(path: bytes, where: str) -> bytes:
    """Return a relative path without `./` at its beginning.

    Raises:
        FormatError: it is absolute, or could lead out of the directory.
    """
    while path.startswith(b"./"):
        path = path[2:]
    if not path or path.startswith(b"/") or b"\0" in path or any(p in (b"", b".", b"..") for p in path.split(b"/")):
        raise FormatError(
            f"{where}: the path {shown_path(path)} does not stay below the directory",
            hint="if the list was made elsewhere, remove the beginning of its paths",
            ways=(Way.STRIP,),
        )
    return path
