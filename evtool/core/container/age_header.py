"""The header of an age file (C2SP `age.md`, format v1), read before anything is decrypted.

Only what must be known beforehand is read: for whom a file is encrypted, and how much work a passphrase would cost.
Whether the header is true is shown by its MAC, which whoever decrypts checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from evtool.core.errors import FormatError, InputError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

MAGIC = b"age-encryption.org/v1\n"
ARMOR_MAGIC = b"-----BEGIN AGE ENCRYPTED FILE-----"

MAX_HEADER = 256 * 1024
"""Longest header, in bytes; a recipient takes some 100, one with post-quantum keys some 1,600."""

MAX_WORK_FACTOR = 18
"""Most work that a passphrase may cost, as the power of two of scrypt's N: a second and 256 MiB. A file can ask for
far more, and would fill the memory of whoever tries it."""

_LINE_LIMIT = 64 * 1024
_ARGUMENT = compiled_when_used(rb"[!-~]+\Z")
_BODY = compiled_when_used(rb"[A-Za-z0-9+/]*\Z")
_MAC = compiled_when_used(rb"--- [A-Za-z0-9+/]{43}\Z")
_FACTOR = compiled_when_used(r"[1-9][0-9]?\Z", re.ASCII)


def is_age(start: bytes) -> bool:
    """Tell from its first bytes whether a file is encrypted with age.

    Raises:
        InputError: it is armored, which makes a third more of a file that is binary anyway.
    """
    if start.startswith(ARMOR_MAGIC):
        raise InputError(
            "the bundle is an armored age file, and evtool does not read those",
            hint="decrypt it with `age -d`, and give the result to evtool",
        )
    return start.startswith(b"age-encryption.org/")


class Stanza(Struct, frozen=True):
    """One way to the key of the file.

    Attributes:
        type: `X25519`, `ssh-ed25519`, `ssh-rsa`, `scrypt`, or one that is not known here.
        arguments: what follows the type.
        body: its lines of base64, joined.
    """

    type: str
    arguments: tuple[str, ...]
    body: str


class AgeHeader(Struct, frozen=True):
    """The header of one file.

    Attributes:
        data: its bytes, up to and with the line of the MAC.
        stanzas: the ways to its key.
    """

    data: bytes
    stanzas: tuple[Stanza, ...]

    @property
    def has_passphrase(self) -> bool:
        """Whether the file is locked with a passphrase."""
        return any(stanza.type == "scrypt" for stanza in self.stanzas)


def read_header(read_line: Callable[[int], bytes]) -> AgeHeader:
    """Read a header; `read_line` gives one line with its newline, of at most so many bytes, as `readline` does.

    Raises:
        FormatError: it is not an age file of version 1, is cut short, or asks for too much work.
    """
    lines: list[bytes] = []
    total = 0

    def take() -> bytes:
        nonlocal total
        line = read_line(_LINE_LIMIT)
        total += len(line)
        if total > MAX_HEADER:
            raise FormatError(f"the header of the age file has more than {MAX_HEADER} bytes")
        if not line.endswith(b"\n"):
            raise FormatError("the age file is cut short in its header")
        lines.append(line)
        return line[:-1]

    if take() + b"\n" != MAGIC:
        raise FormatError("this is not an age file of version 1")
    stanzas: list[Stanza] = []
    line = take()
    while line.startswith(b"-> "):
        head = line
        body = b""
        while len(line := take()) == 64 and _BODY.match(line):
            body += line
        if not _BODY.match(line) or len(line) > 64:
            raise FormatError("a recipient in the header of the age file has a body that is not base64")
        stanzas.append(_parse_stanza(head, body + line))
        line = take()
    if not _MAC.match(line) or not stanzas:
        raise FormatError("the header of the age file is damaged")
    header = AgeHeader(b"".join(lines), tuple(stanzas))
    _check_passphrase(header)
    return header


def _parse_stanza(head: bytes, body: bytes) -> Stanza:
    words = head[3:].split(b" ")
    if not all(_ARGUMENT.match(word) for word in words):
        raise FormatError("a recipient in the header of the age file is damaged")
    texts = [word.decode("ascii") for word in words]
    return Stanza(texts[0], tuple(texts[1:]), body.decode("ascii"))


def _check_passphrase(header: AgeHeader) -> None:
    """Refuse work beyond the limit, and a passphrase beside other keys: its owner could then forge for all of them."""
    if not header.has_passphrase:
        return
    if len(header.stanzas) != 1:
        raise FormatError("the age file is locked with a passphrase and with other keys, which age does not allow")
    arguments = header.stanzas[0].arguments
    if len(arguments) != 2 or not _FACTOR.match(arguments[1]):
        raise FormatError("the passphrase recipient of the age file is damaged")
    if int(arguments[1]) > MAX_WORK_FACTOR:
        raise FormatError(
            f"the passphrase of the age file costs 2^{shown(arguments[1])} rounds of scrypt, "
            f"evtool tries at most 2^{MAX_WORK_FACTOR}",
            hint="ask the sender for a file with an ordinary work factor, or for one that is encrypted to your key",
        )
