"""What the parties of an extraction say to each other.

Client, fork server and confined child are three processes. A request is one byte on the control socket with descriptors
beside it: a socket of its own for the reply, then the files to parse. On the reply's socket the client has written
before that, in one line, which formats it has found by the first bytes, so that nobody has to find them again; null for
those that show only in a structure. A reply is how the child ended (an `Ending` and
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

import json
import os
import struct
from collections.abc import Sequence
from enum import Enum, IntEnum

from msgspec import Struct, to_builtins
from msgspec.structs import astuple

from evtool.core.metadata.claims import FormatClaim

CAN_PARSE = hasattr(os, "fork")
"""Whether this system can start parsers at all, confined or not; Windows cannot."""

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

TOGETHER = 128
"""Files that may share one process: a batch of those who read them."""


class Parsers(Enum):
    """What a fork server has loaded. Two servers, as what a server has loaded costs each child that it forks."""

    PLAIN = "plain"
    """Extractors that are Python code alone, which may read several files in one process."""
    NATIVE = "native"
    """Extractors that native code helps, for files that have a process each."""
    TABLES = "tables"
    """What reads workbooks, and nothing else."""


class Ending(IntEnum):
    """How the fork server saw a child end."""

    EXITED = 0
    SIGNALLED = 1
    TIMED_OUT = 2
    TALKED_TOO_MUCH = 3
    NOT_STARTED = 4


class Limits(Struct, frozen=True):
    """What one file may cost.

    Attributes:
        cpu_seconds: processor time.
        wall_seconds: time on the clock.
        memory: bytes of address space, the interpreter included.
    """

    cpu_seconds: int = 5
    wall_seconds: int = 20
    memory: int = 384 << 20


class Settings(Struct, frozen=True):
    """What the client tells the server once.

    Attributes:
        limits: what one process may cost.
        confined: whether children enter the confinement.
        basic: whether children leave out what the basic form leaves out; then it never crosses the pipe.
        parsers: what is loaded.
    """

    limits: Limits
    confined: bool
    basic: bool
    parsers: Parsers

    def spell(self) -> str:
        """Spell them for the command line of the server."""
        return json.dumps(to_builtins(self))

    @classmethod
    def parse(cls, spelled: str) -> Settings:
        """Read what `spell` wrote."""
        values = json.loads(spelled)
        return cls(Limits(**values["limits"]), values["confined"], values["basic"], Parsers(values["parsers"]))


def spell_formats(formats: Sequence[FormatClaim | None]) -> bytes:
    """Spell the formats that the client found, one for each file of a request."""
    return json.dumps([found and astuple(found) for found in formats]).encode()


def parse_formats(spelled: bytes) -> list[FormatClaim | None]:
    """Read what `spell_formats` wrote."""
    return [
        FormatClaim(found[0], found[1], tuple(found[2]), found[3]) if found else None for found in json.loads(spelled)
    ]
