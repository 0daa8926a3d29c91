"""What a verification is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct, field

from evtool.core.finding import Axis
from evtool.core.ssh.allowed_signers import AllowedSigners
from evtool.core.ssh.key import PublicKey
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.selection import Selection
from evtool.operations.verify.time.grounds import TimeGrounds


class VerifyOptions(Struct, frozen=True):
    """What a verification is asked for.

    Attributes:
        trust: whose keys the caller trusts.
        signers: fingerprints; if any are given, these keys and no others are trusted, for every agent.
        expected_head: digest of an entry that the caller noted, 64 hexadecimal digits, or None.
        required: axes that have to be shown beside the default ones.
        whole: whether a partial copy is not enough.
        min_signers: how many agents with trusted keys have to have signed every seal, countersignatures included.
        selection: which items to check.
        quick: compare types, sizes and dates only; never ends in success.
        place: where the record is, and what opens an encrypted bundle.
        jobs: number of workers; None means a number that suits this machine.
        scheduler: address of the Dask scheduler whose workers do the work in their stead.
        links_left_out: symbolic links that the caller did not make in this copy; they count as stated, as in a bundle.
        now: the moment at which keys have to be valid; None means the present.
        receipts: code of a recipient -> keys with which it signs receipts; see `TrustPolicy`.
        time: the anchors and other material that time-stamps are judged on.
    """

    trust: AllowedSigners = field(default_factory=AllowedSigners)
    signers: frozenset[str] = frozenset()
    expected_head: str | None = None
    required: frozenset[Axis] = frozenset()
    whole: bool = False
    min_signers: int = 1
    selection: Selection = field(default_factory=Selection)
    quick: bool = False
    place: RecordPlace = field(default_factory=RecordPlace)
    jobs: int | None = None
    scheduler: str | None = None
    links_left_out: frozenset[int] = frozenset()
    now: datetime | None = None
    receipts: Mapping[str, frozenset[PublicKey]] = field(default_factory=dict)
    time: TimeGrounds = field(default_factory=TimeGrounds)
