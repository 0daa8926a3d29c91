"""What a verification says about time: each time-stamp with its answer, and the interval proven for each entry.

Times here are text, as a report prints them: RFC 3339 in UTC. `attested_time` is what a time-stamp says; it is proven
only where its state is "passed".
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from evtool.core.timestamp.token_state import TokenState


class StampKind(Enum):
    """The two kinds of time evidence."""

    RFC3161 = "rfc3161"
    OPENTIMESTAMPS = "opentimestamps"


class StampReport(Struct, frozen=True, kw_only=True):
    """One time-stamp and how it was judged.

    Attributes:
        entry: number of the entry whose signature it stamps.
        label: which of the entry's time-stamps; for an OpenTimestamps proof "" or the label of its upgrade.
        kind: what it is.
        state: passed, indeterminate or failed.
        reason: why, as a code of `manifests/FORMAT-time.md`.
        detail: the same in words; empty when it passed.
        attested_time: the authority's time with every digit, or the end of the block's day; null if unreadable.
        accuracy: how far the authority says its clock may be off, in seconds; null if it does not say.
        authority: the user's name for the anchor that the path ended in, or null.
        authority_fingerprint: SHA-256 of that anchor's certificate, or null.
        policy: the authority's policy, or null.
        serial: serial number of the token in hexadecimal, or null.
        judged_at: the moment as of which it was judged: now, or when a later proof shows that it existed.
        listed_in: number of the first later entry that holds its digest, or null.
        block_height: height of the Bitcoin block, or null.
        block_hash: hash of that block, or null.
        pending: calendars whose promise is open.
        cautions: what should be known although it decides nothing.
        repeat: command lines that repeat the check in a copy of the custody directory.
        repeat_remark: what to look at there, or why there is no command.
    """

    entry: int
    label: str
    kind: StampKind
    state: TokenState
    reason: str
    detail: str = ""
    attested_time: str | None = None
    accuracy: str | None = None
    authority: str | None = None
    authority_fingerprint: str | None = None
    policy: str | None = None
    serial: str | None = None
    judged_at: str | None = None
    listed_in: int | None = None
    block_height: int | None = None
    block_hash: str | None = None
    pending: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    repeat: tuple[str, ...] = ()
    repeat_remark: str = ""


class ProvenInterval(Struct, frozen=True, kw_only=True):
    """What is proven about when one entry was made; an end is null if nothing proves it.

    Attributes:
        entry: number of the entry.
        not_before: it holds the digest of a time-stamp of this time.
        not_after: it, or a later entry that builds on it, was stamped at this time.
    """

    entry: int
    not_before: str | None
    not_after: str | None
