"""Who adds entries to a record, and with what."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct, field

from evtool.core.custody.entry import NOT_STATED, Clock
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import UsageError
from evtool.core.text.ranges import ItemRanges
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


class EntryHeader(Struct, frozen=True):
    """What the signer says of an entry, whatever it records.

    Attributes:
        reason: why it happened.
        happened_at: when, with offset; None means now.
        clock: what the signer says about the clock.
        items: the items it is about; None means all that are sealed by now.
    """

    reason: str = NOT_STATED
    happened_at: datetime | None = None
    clock: Clock = Clock.CLAIMED
    items: ItemRanges | None = None

    def __post_init__(self) -> None:
        if self.happened_at is not None and self.happened_at.tzinfo is None:
            raise UsageError("the time of the event needs an offset from UTC", key="event-offset")
