"""What a new entry says of the time-stamps before it: the digests it lists, and the commands in README.txt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct, field

from evtool.core.text.digest import sha256_hex
from evtool.core.timestamp.stamp_names import EVIDENCE, StampRole
from evtool.operations.record.record import Record
from evtool.operations.verify.time.evidence import FoundStamp, read_time_files, recorded_digests

MAX_LISTED = 300
"""Time-stamps that one entry lists; an entry has at most 64 KiB. The next entry lists what is left."""

_MAX_REPEATED = 50
"""Time-stamps whose commands stand in README.txt."""


class KnownStamps(Struct, frozen=True):
    """The time-stamps that are there when an entry is written.

    Attributes:
        to_list: file name -> SHA-256 of those that no earlier entry lists.
        repeats: for each, the commands that repeat its check.
    """

    to_list: dict[str, str] = field(default_factory=dict)
    repeats: tuple[tuple[str, ...], ...] = ()


def read_known_stamps(record: Record, now: datetime) -> KnownStamps:
    """Read the time-stamps of a record that passes verification.

    A disproved one is not listed: anybody can drop a file there, and a listed one that fails verification would speak
    against the record for ever.
    """
    if not any(name.role in EVIDENCE for name in record.listing.stamps):
        return KnownStamps()
    stamps = read_time_files(record).stamps
    recorded = recorded_digests(record.chain.links)
    # Not before there is one: this imports the X.509 parts of cryptography.
    from evtool.operations.verify.time.checks import is_disproved, repeat_commands

    fresh = [stamp for stamp in stamps if stamp.name.text not in recorded]
    sound = [stamp for stamp in fresh if not is_disproved(stamp, now)][:MAX_LISTED]
    return KnownStamps(
        to_list={stamp.name.text: sha256_hex(stamp.data) for stamp in sorted(sound, key=lambda stamp: stamp.name.text)},
        repeats=tuple(filter(None, (repeat_commands(record, stamp, now) for stamp in _tokens(stamps)))),
    )


def _tokens(stamps: Iterable[FoundStamp]) -> list[FoundStamp]:
    tokens = [stamp for stamp in stamps if stamp.name.role is StampRole.RESPONSE]
    return sorted(tokens, key=lambda stamp: stamp.name.text)[:_MAX_REPEATED]
