"""On what the time evidence of a record is judged, and what comes of it.

Nothing of X.509 is imported before there is a token to judge: most records have none, and a job that verifies
thousands of them should not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from evtool.core.finding import Finding
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.ots.bitcoin import MINIMUM_WORK, BlockHeaders
from evtool.core.timestamp.sunset import RESOURCE, SunsetTable, parse_sunset_table
from evtool.core.timestamp.time_report import ProvenInterval, StampReport

if TYPE_CHECKING:
    from evtool.core.timestamp.renewal import JudgedToken

AnchorSource = Callable[[], Sequence[Anchor]]
"""Gives the user's anchors; asked only once there is a token, as reading certificates takes the X.509 parts."""


def no_anchors() -> Sequence[Anchor]:
    """Trust no time-stamp authority."""
    return ()


def load_sunsets() -> SunsetTable:
    """Read the sunset table that comes with evtool."""
    # Start-up time: only a judgement of time-stamps needs this.
    from importlib.resources import files

    return parse_sunset_table(files("evtool.core.timestamp").joinpath(RESOURCE).read_text("utf-8"))


class TimeGrounds(Struct, frozen=True):
    """On what the time evidence of a record is judged.

    Attributes:
        anchors: gives the user's trust anchors for time-stamp authorities.
        headers: Bitcoin block headers that the user supplies.
        minimum_work: expected hashes that a header must have behind it.
        crls: further CRLs, in DER.
        ocsp_answers: further OCSP answers, in DER.
        sunsets: until when algorithms are trusted; None means the table that comes with evtool.
    """

    anchors: AnchorSource = no_anchors
    headers: BlockHeaders = field(default_factory=BlockHeaders)
    minimum_work: int = MINIMUM_WORK
    crls: tuple[bytes, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()
    sunsets: SunsetTable | None = None


class TimeResult(Struct, frozen=True):
    """The answer.

    Attributes:
        findings: what fails verification, is open, or should be known.
        stamps: every time-stamp with its answer.
        intervals: what is proven for each entry.
        proven: digest of an entry -> the moment by which it provably existed.
        stamped: number of the newest entry that carries a passed time-stamp of its own; 0 without any.
        tokens: the judged tokens, for whoever asks what expires.
    """

    findings: tuple[Finding, ...]
    stamps: tuple[StampReport, ...] = ()
    intervals: tuple[ProvenInterval, ...] = ()
    proven: dict[str, datetime] = field(default_factory=dict)
    stamped: int = 0
    tokens: tuple[JudgedToken, ...] = ()
