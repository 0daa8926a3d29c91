"""On what a time-stamp token is judged: the clock, the user's anchors, and what was supplied with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.request import TimeStampRequest
from evtool.core.timestamp.sunset import SunsetTable


class Together:
    """Several collections as one, which can be iterated more than once and holds none of their members."""

    def __init__(self, *parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return chain.from_iterable(self._parts)


class Grounds(Struct, frozen=True):
    """Everything a token is judged on, but for the token and the data.

    Attributes:
        now: the time of the verification, with time zone.
        anchors: the user's anchors; without any, nothing passes.
        existed_by: when other evidence shows that this token existed, None without such evidence. The token is then
            judged as of that moment: what expired or was revoked later does not matter to it.
        request: the saved request; its imprint, policy and nonce must be in the token.
        certificates: certificates in DER that may help to build the path; never trusted.
        crls: CRLs in DER that the verifier hands in: one that shows nothing leaves the token undecided.
        ocsp_answers: OCSP answers in DER, likewise.
        kept_crls: CRLs in DER that lie beside the token, read one at a time. Anybody can have put them there, so what
            shows nothing is passed over, and the token is worth what it is without.
        kept_ocsp_answers: OCSP answers in DER, likewise.
        require_revocation: no pass without evidence for the whole path. Otherwise it is needed only once a certificate
            of the path has expired, as nobody can ask the authority about it any more.
        sunsets: until when algorithms are trusted, None applies no dates.
    """

    now: datetime
    anchors: tuple[Anchor, ...] = ()
    existed_by: datetime | None = None
    request: TimeStampRequest | None = None
    certificates: Iterable[bytes] = ()
    crls: tuple[bytes, ...] = ()
    ocsp_answers: tuple[bytes, ...] = ()
    kept_crls: Iterable[bytes] = ()
    kept_ocsp_answers: Iterable[bytes] = ()
    require_revocation: bool = False
    sunsets: SunsetTable | None = None

    def __post_init__(self) -> None:
        for moment in (self.now, self.existed_by):
            if moment is not None and moment.tzinfo is None:
                raise FormatError("a token is judged at a time with a time zone", key="judged-without-zone")

    @property
    def judged_at(self) -> datetime:
        """Give the moment as of which the token is judged."""
        return self.existed_by or self.now
