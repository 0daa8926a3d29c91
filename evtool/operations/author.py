"""Who adds entries to a record, and with what."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, field

from evtool.core.custody.privacy import TextPolicy
from evtool.keys.signer import Signer
from evtool.scan.progress import NoProgress, Progress

Random = Callable[[int], bytes]
"""Gives so many random bytes."""

Now = Callable[[], datetime]
"""Gives the present moment, with its offset from UTC."""


def system_now() -> datetime:
    """Read the clock of this computer, in UTC, which tells nothing of where it stands."""
    return datetime.now(UTC)


class Author(Struct, frozen=True):
    """Who adds an entry: every operation that signs takes one.

    Attributes:
        signer: the key, and the code under which it signs.
        policy: what the texts of an entry may not hold.
        progress: who is told how the work moves on.
        random: where salts and samples come from.
        now: the clock.
    """

    signer: Signer
    policy: TextPolicy = field(default_factory=TextPolicy)
    progress: Progress = field(default_factory=NoProgress)
    random: Random = os.urandom
    now: Now = system_now
