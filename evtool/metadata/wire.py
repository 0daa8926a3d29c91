"""What the parties of an extraction say to each other.

Client, fork server and caged child are three processes. A request is one byte on the control socket with two
descriptors beside it: the file to parse, and a socket of its own for the reply. A reply is how the child ended (an
`Ending` and a number, exit status or signal), then what it wrote: JSON documents, one a line, each of which stands
for all claims found so far. What a child wrote is never trusted before it was checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

EXTRACT, PROBE = b"x", b"p"
"""Requests: parse the file in a cage; show what the cage refuses."""

REQUIRED_BARS = ("open", "socket", "fork")
"""What a cage must be shown to refuse, or nothing is parsed in it."""

REPLY_HEAD = struct.Struct("!BI")
"""An `Ending`, and the exit status or signal."""

ANSWER_LIMIT = 160 << 10
"""Bytes that a child may write in all; the next one ends it."""


class Ending(IntEnum):
    """How the fork server saw a child end."""

    EXITED = 0
    SIGNALLED = 1
    TIMED_OUT = 2
    TALKED_TOO_MUCH = 3
    NOT_STARTED = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost.

    Attributes:
        cpu_seconds: processor time.
        wall_seconds: time on the clock.
        memory: bytes of address space, the interpreter included.
    """

    cpu_seconds: int = 5
    wall_seconds: int = 20
    memory: int = 640 << 20
