"""The list of SHA-256 values that `sha256sum -c` reads, beside each manifest.

The first line is a comment with a random salt, so that the digest of the list, which the signed entry holds, tells
nobody who lacks the list anything about the files in it.
"""

from __future__ import annotations

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used

_HEADER = compiled_when_used(rb"# SHA-256 of the items of this seal; salt ([0-9a-f]{32})\Z")

MAX_LISTED_PATH = 4095
"""Longest path, in bytes, that a program can open by name on Linux (PATH_MAX less its final NUL)."""


def serialize_header(salt: str) -> bytes:
    """Write the first line, with its newline."""
    return f"# SHA-256 of the items of this seal; salt {salt}\n".encode("ascii")


def parse_header(line: bytes) -> str:
    """Read the salt from the first line, given without its newline.

    Raises:
        FormatError: the line is another.
    """
    match = _HEADER.match(line)
    if not match:
        raise FormatError("the list of checksums does not begin with the line that gives its salt")
    return match[1].decode("ascii")


def serialize_line(item: int, sha256: str, path: bytes) -> bytes:
    r"""Write the line of one file, with its newline, as GNU coreutils 9 spells it.

    A name with a newline, a carriage return or a backslash is escaped, and the line then starts with a backslash. A
    file called `-` is written `./-`, as the bare name means standard input. A path longer than programs can open by
    name is replaced by a comment.
    """
    if len(path) > MAX_LISTED_PATH:
        return b"# item %d is not listed: its path has %d bytes, more than sha256sum can open\n" % (item, len(path))
    if path == b"-":
        path = b"./-"
    mark = b""
    if b"\\" in path or b"\n" in path or b"\r" in path:
        mark = b"\\"
        path = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    return mark + sha256.encode("ascii") + b"  " + path + b"\n"
