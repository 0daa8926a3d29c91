"""What the parties of an extraction say to each other.

Client, fork server and confined child are three processes. A request is one byte on the control socket with descriptors
beside it: a socket of its own for the reply, then the files to parse. A reply is how the child ended (an `Ending` and
a number, exit status or signal), then what it wrote, one JSON object a line:

    {"item":0,"claims":{...}}     all claims found so far in the first file, in their canonical spelling
    {"item":0,"end":true}         no more will follow for it
    {"item":0,"alone":true}       it must have a process of its own

About a workbook it is rows of cells as text, and then which sheet they are of, or what is wrong with it:

    {"rows":[["path","title"],["a.jpg",""]]}
    {"sheet":"items","sheets":2}
    {"problem":"it is locked with a password"}

What a child wrote is never trusted before it was checked.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

EXTRACT, PROBE, TABLE = b"x", b"p", b"t"
"""Requests: parse the file in confinement; show what the confinement refuses; give the cells of a workbook."""

REQUIRED_REFUSALS = ("open", "socket", "fork")
"""What confinement must be shown to refuse, or nothing is parsed in it."""

REPLY_HEAD = struct.Struct("!BI")
"""An `Ending`, and the exit status or signal."""

ANSWER_LIMIT = 160 << 10
"""Bytes that a child may write for each file; the next one ends it."""

TABLE_LIMIT = 64 << 20
"""Bytes that a child may write of the cells of a workbook."""

TOGETHER = 64
"""Files that may share one process."""


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
    memory: int = 384 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What the client tells the server once.

    Attributes:
        limits: what one process may cost.
        confined: whether children enter the confinement.
        basic: whether children leave out what the basic form leaves out; then it never crosses the pipe.
        tables: whether workbooks will be read, and nothing else.
    """

    limits: Limits
    confined: bool
    basic: bool
    tables: bool = False
