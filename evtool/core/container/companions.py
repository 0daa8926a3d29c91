"""Files that other systems write beside evidence when it is merely looked at or copied.

A file counts as one only by its name *and* its first bytes, and only if it is small; those that belong to another file
only beside it. They were not sealed, and are named; but that they are there accuses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from evtool.core.text.expressions import compiled_when_used

START_SIZE = 4096
"""First bytes of a file that are looked at."""

_APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00"  # RFC 1740, version 2
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] 2.2
_DS_STORE = b"\x00\x00\x00\x01Bud1"
_UTF16_MARK = b"\xff\xfe"
_FOLDER_SECTION = compiled_when_used(
    rb"\s*\[(?:\.ShellClassInfo|ViewState|LocalizedFileNames|DeleteOnCopy|\{[0-9A-Fa-f-]{36}\})\]"
)

SYSTEM_DIRECTORIES = frozenset(
    {
        b".Spotlight-V100",
        b".Trashes",
        b".fseventsd",
        b"$RECYCLE.BIN",
        b"System Volume Information",
        b"lost+found",
    }
)
"""What systems keep at the top of a medium, where a record or a bundle can lie; a directory has no bytes to tell by."""

_KIB = 1024


def _begins_with(magic: bytes) -> Callable[[bytes], bool]:
    return lambda start: start.startswith(magic)


def _is_zone(start: bytes) -> bool:
    return start.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").startswith(b"[ZoneTransfer]")


def _is_folder_settings(start: bytes) -> bool:
    text = start[2:].replace(b"\0", b"") if start.startswith(_UTF16_MARK) else start.removeprefix(b"\xef\xbb\xbf")
    return _FOLDER_SECTION.match(text) is not None


class _Rule(Struct, frozen=True):
    """How one system spells its files.

    Attributes:
        name: pattern of the whole name; the group is the name of the file that it belongs to, if it belongs to one.
        system: who writes such files.
        check: tells by the first bytes of a file.
        limit: bytes of the largest one.
        may_be_empty: whether a file without bytes counts, too.
    """

    name: re.Pattern[bytes]
    system: str
    check: Callable[[bytes], bool]
    limit: int
    may_be_empty: bool = False


_RULES = (
    _Rule(compiled_when_used(rb"\._(.+)", re.DOTALL), "macOS", _begins_with(_APPLE_DOUBLE), 256 * _KIB),
    # Windows keeps it as a stream of the file; WSL spells the colon as itself, or as U+F03A.
    _Rule(compiled_when_used(rb"(.+)(?::|\xef\x80\xba)Zone\.Identifier", re.DOTALL), "Windows", _is_zone, 64 * _KIB),
    _Rule(
        compiled_when_used(rb"(.+)@Syno(?:EAStream|Resource)", re.DOTALL),
        "Synology",
        _begins_with(_APPLE_DOUBLE),
        256 * _KIB,
    ),
    _Rule(compiled_when_used(rb"\.DS_Store"), "macOS", _begins_with(_DS_STORE), 1024 * _KIB, True),
    _Rule(compiled_when_used(rb"(?:eh)?[Tt]humbs\.db"), "Windows", _begins_with(_COMPOUND_FILE), 1024 * _KIB, True),
    _Rule(compiled_when_used(rb"[Dd]esktop\.ini"), "Windows", _is_folder_settings, 64 * _KIB, True),
)


class Companion(Struct, frozen=True):
    """What a name promises; `matches` tells whether the file keeps it.

    Attributes:
        system: who writes such files.
        beside: name of the file that it belongs to and must lie beside; None if it belongs to its folder.
    """

    system: str
    beside: bytes | None
    _rule: _Rule

    def matches(self, start: bytes, size: int) -> bool:
        """Tell by the first bytes of a file, and by its size, whether it is one."""
        if size == 0:
            return self._rule.may_be_empty
        return size <= self._rule.limit and self._rule.check(start)


def find_companion(name: bytes) -> Companion | None:
    """Tell what a name, without directories, promises; None for nearly all."""
    for rule in _RULES:
        if match := rule.name.fullmatch(name):
            return Companion(rule.system, match[1] if rule.name.groups else None, rule)
    return None
