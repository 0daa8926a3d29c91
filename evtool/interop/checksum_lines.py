"""Lists of one file a line: sha256sum and its kin, b3sum, openssl, fciv, SFV, hashdeep; and certutil's three lines.

A line that is not understood is an error, as it may be the one that matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from evtool.core.errors import FormatError
from evtool.core.finding import line_of
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.interop.expected import CRC32, DIGEST_SIZES, parse_digest


class ListedFile(NamedTuple):
    """What one line, or one row, says of a file.

    Attributes:
        where: the words that say where it stands, such as "line 3".
        path: as the list spells it; bytes that are not text are lone surrogates.
        digests: algorithm -> digest in lower-case hexadecimal.
        size: bytes, or None.
    """

    where: str
    path: str
    digests: dict[str, str]
    size: int | None = None


_PLAIN = compiled_when_used(r"(\\?)([0-9A-Fa-f]+)[ \t](.+)\Z", re.DOTALL)
_TAGGED = compiled_when_used(r"(\\?)([A-Za-z0-9/-]+) ?\((.+)\) ?= ?([0-9A-Fa-f]+)\Z", re.DOTALL)
_TAG_NAMES = {"MD5": "md5", "SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384"} | {
    **{"SHA512": "sha512", "SHA2224": "sha224", "SHA2256": "sha256", "SHA2384": "sha384", "SHA2512": "sha512"},
    **{"BLAKE2B": "blake2b", "BLAKE2B512": "blake2b", "BLAKE3": "blake3"},
}
_COMMENTS = ("#", ";", "//")
"""How comments begin: of md5summer and rhash, of TeraCopy, FastSum and SFV, of fciv. No digest begins so."""

_HASHDEEP_COLUMNS = {"md5", "sha1", "sha256", "tiger", "whirlpool"}
_HASHDEEP_READ = _HASHDEEP_COLUMNS & DIGEST_SIZES.keys()
_ESCAPES = compiled_when_used(r"\\(.)", re.DOTALL)
_ESCAPED = {"\\": "\\", "n": "\n", "r": "\r"}

_SFV = compiled_when_used(r"(.+?)[ \t]+([0-9A-Fa-f]{8})\Z", re.DOTALL)

_CERTUTIL = (
    re.compile(r"([A-Za-z0-9]+) hash of (?:file )?(.+):\Z"),
    re.compile(r"([A-Za-z0-9]+)의 (.+) 해시:\Z"),
    re.compile(r"([A-Za-z0-9]+) 해시\(파일 (.+)\):\Z"),
)
"""The first of certutil's lines, in English and Korean, of Windows 10 and of Windows 7."""

_PROMPT = compiled_when_used(r"(PS )?[A-Za-z]:\\[^>]*>")


def parse_sums(lines: Iterable[str], algorithm: str) -> Iterator[ListedFile]:
    """Read what coreutils and b3sum write, plain or with --tag, and what is written like it.

    As in coreutils, the first plain line decides whether one blank or tab stands between digest and name, or two
    characters of which the second is a blank or `*`; a list does not mix the two, so that no name can gain or lose a
    blank at its beginning.
    """
    is_short: bool | None = None
    for number, line in enumerate(lines, start=1):
        where = line_of(number)
        if not line.strip() or line.startswith(_COMMENTS):
            continue
        if match := _TAGGED.match(line):
            escaped, name, path, digest = match.groups()
            tagged = _TAG_NAMES.get(re.sub("[-/]", "", name.upper()))
            if tagged is None:
                raise FormatError(
                    "{where}: evtool does not read digests of this algorithm", key="list-algorithm", where=where
                )
            yield ListedFile(where, _unescape(path, where) if escaped else path, parse_digest(tagged, digest, where))
            continue
        match = _PLAIN.match(line)
        if match is None:
            raise FormatError(
                "{where} is not a digest and a file name: {line}",
                key="list-sums-line",
                where=where,
                line=shown(line, 80),
            )
        escaped, digest, path = match.groups()
        digests = parse_digest(algorithm, digest, where)
        if path[0] in " *" and len(path) > 1 and not is_short:
            is_short, path = False, path[1:]
        elif is_short is False:
            raise FormatError(
                "{where} has one blank before the file name, and the lines before it have two",
                key="list-one-blank",
                where=where,
            )
        else:
            is_short = True
        yield ListedFile(where, _unescape(path, where) if escaped else path, digests)


def parse_sfv(lines: Iterable[str]) -> Iterator[ListedFile]:
    """Read a list of SFV: a name and its CRC-32."""
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(";"):
            continue
        match = _SFV.match(line.rstrip())
        if match is None:
            raise FormatError(
                "{where} is not a file name and a CRC-32: {line}",
                key="list-sfv-line",
                line=shown(line, 80),
                where=line_of(number),
            )
        yield ListedFile(line_of(number), match[1], {CRC32: match[2].lower()})


def parse_certutil(lines: Iterable[str]) -> Iterator[ListedFile]:
    """Read what `certutil -hashfile` prints: a line with the algorithm and the file, the digest, a line of success."""
    found: tuple[str, str, str] | None = None
    for number, line in enumerate(map(str.strip, lines), start=1):
        where = line_of(number)
        if found is not None and line:
            begin, algorithm, path = found
            digest = line.replace(" ", "")
            yield ListedFile(begin, path, parse_digest(algorithm, digest, where))
            found = None
        elif match := next((match for each in _CERTUTIL if (match := each.match(line))), None):
            algorithm, path = match[1].lower(), match[2]
            if algorithm not in DIGEST_SIZES:
                raise FormatError(
                    "{where}: evtool does not read digests of {algorithm}",
                    key="list-algorithm-named",
                    where=where,
                    algorithm=shown(match[1], 40),
                )
            found = where, algorithm, path
        elif line and not line.startswith("CertUtil:") and not _PROMPT.match(line):
            raise FormatError(
                "{where} is not what certutil -hashfile prints: {line}",
                key="list-certutil-line",
                where=where,
                line=shown(line, 80),
            )
    if found is not None:
        raise FormatError("the list ends before the digest of its last file", key="list-certutil-end")


def parse_hashdeep(lines: Iterable[str]) -> Iterator[ListedFile]:
    """Read what hashdeep writes: two header lines, comments, then size, digests and name with commas between."""
    columns: list[str] = []
    for number, line in enumerate(lines, start=1):
        where = line_of(number)
        if number == 1:
            if not line.startswith("%%%% HASHDEEP-1."):
                raise FormatError("the list does not begin like a hashdeep list", key="list-hashdeep-start")
        elif line.startswith("%%%% "):
            columns = _parse_columns(line, where)
        elif line and not line.startswith("##"):
            if not columns:
                raise FormatError(
                    "{where}: the list does not say which columns it has", key="list-hashdeep-columns", where=where
                )
            values = line.split(",", len(columns) - 1)
            is_size = values[0].isascii() and values[0].isdigit() and len(values[0]) <= 19
            if len(values) != len(columns) or not is_size:
                raise FormatError("{where} does not have the columns of the list", key="list-hashdeep-row", where=where)
            digests: dict[str, str] = {}
            for name, value in zip(columns[1:-1], values[1:-1], strict=True):
                if name in _HASHDEEP_READ:
                    digests |= parse_digest(name, value, where)
            yield ListedFile(where, values[-1], digests, int(values[0]))


def _parse_columns(line: str, where: str) -> list[str]:
    """Read which digests the list has; a column given twice, or unknown, could hide one that matters."""
    columns = line[5:].split(",")
    digests = columns[1:-1]
    known = set(digests) <= _HASHDEEP_COLUMNS and len(set(digests)) == len(digests)
    if columns[0] != "size" or columns[-1] != "filename" or not known:
        raise FormatError(
            "{where}: these are not the columns of a hashdeep list", key="list-hashdeep-other", where=where
        )
    if not set(digests) & _HASHDEEP_READ:
        raise FormatError(
            "{where}: the list has no digests that evtool reads ({names})",
            key="list-hashdeep-none",
            where=where,
            names=", ".join(sorted(_HASHDEEP_READ)),
        )
    return columns


def _unescape(path: str, where: str) -> str:
    def one(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPED:
            raise FormatError("{where}: an escape in the file name is unknown", key="list-escape", where=where)
        return _ESCAPED[match[1]]

    return _ESCAPES.sub(one, path)
