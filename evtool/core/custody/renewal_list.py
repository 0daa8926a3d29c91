"""The list beside a `renewed` entry: BLAKE2b digests of every file that was in the record, for `b2sum -c`.

One line a file: 128 lower-case hexadecimal digits, two spaces, the file's name; sorted by name, each name once. Names
in a custody directory are plain ASCII without spaces, so none of the escapes of `b2sum` ever occurs.
"""

from __future__ import annotations

from collections.abc import Iterable

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

_LINE = compiled_when_used(rb"([0-9a-f]{128})  ([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})\Z")


def serialize_list(digests: dict[str, str]) -> bytes:
    """Write a list: file name -> digest."""
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode("ascii")


def parse_list(lines: Iterable[bytes]) -> dict[str, str]:
    """Read a list, line by line without newlines: file name -> digest.

    Raises:
        FormatError: a line has another form, or the names do not stand in their order, each once.
    """
    digests: dict[str, str] = {}
    last = ""
    for number, line in enumerate(lines, start=1):
        match = _LINE.match(line)
        if not match:
            raise FormatError(f"line {number} of the list is not a digest and a file name")
        name = match[2].decode("ascii")
        if name <= last:
            raise FormatError(f"line {number} of the list, {shown(name)}, is not in its place in the order")
        digests[name] = match[1].decode("ascii")
        last = name
    return digests
