"""What lists of other programs say of files, and which of their paths are safe."""

from __future__ import annotations

from msgspec import Struct, field

from evtool.core.errors import FormatError, Way
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown_path

DIGEST_SIZES = {
    **{"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64},
    **{"sha3_224": 28, "sha3_256": 32, "sha3_384": 48, "sha3_512": 64, "blake2b": 64, "blake2s": 32, "blake3": 32},
}
"""Algorithms that lists are read for, as Python names them -> bytes of a digest."""

CRC32 = "crc32"
"""The checksum of SFV lists: 4 bytes, made against noise on a line and against nobody."""

CHECKSUM_SIZES = DIGEST_SIZES | {CRC32: 4}
"""`DIGEST_SIZES`, and what only lists have and no bag."""

WEAK = frozenset({"md5", "sha1", CRC32})
"""Algorithms for which another file with the same value can be made; they show accidents only, not intent."""

_HEX = compiled_when_used(r"[0-9A-Fa-f]+\Z")


class Expected(Struct):
    """What lists say of one file.

    Attributes:
        digests: algorithm -> digest in lower-case hexadecimal.
        size: bytes, or None if no list says it.
    """

    digests: dict[str, str] = field(default_factory=dict)
    size: int | None = None


def add_expected(file: Expected, digests: dict[str, str], size: int | None, where: str) -> None:
    """Add what one line says about a file.

    Raises:
        FormatError: another line says otherwise.
    """
    for algorithm, digest in digests.items():
        if file.digests.setdefault(algorithm, digest) != digest:
            raise FormatError(
                "{where}: the file is already listed with another digest", key="list-two-digests", where=where
            )
    if size is not None and file.size not in (None, size):
        raise FormatError("{where}: the file is already listed with another size", key="list-two-sizes", where=where)
    file.size = size if size is not None else file.size


def parse_digest(algorithm: str, text: str, where: str) -> dict[str, str]:
    """Read a digest in hexadecimal.

    Raises:
        FormatError: it is none of this algorithm.
    """
    if len(text) != 2 * CHECKSUM_SIZES[algorithm] or not _HEX.match(text):
        raise FormatError(
            "{where}: this is not a {algorithm} digest", key="list-not-digest", where=where, algorithm=algorithm
        )
    return {algorithm: text.lower()}


def is_safe(path: bytes) -> bool:
    """Tell whether a path stays below the directory that it is relative to."""
    return bool(path) and b"\0" not in path and not any(part in (b"", b".", b"..") for part in path.split(b"/"))


def safe_path(path: bytes, where: str) -> bytes:
    """Return a relative path without `./` at its beginning.

    Raises:
        FormatError: it is absolute, or could lead out of the directory.
    """
    while path.startswith(b"./"):
        path = path[2:]
    if not is_safe(path):
        raise FormatError(
            "{where}: the path {path} does not stay below the directory",
            hint="if the list was made elsewhere, remove the beginning of its paths",
            key="list-path-outside",
            ways=(Way.STRIP,),
            where=where,
            path=shown_path(path),
        )
    return path
