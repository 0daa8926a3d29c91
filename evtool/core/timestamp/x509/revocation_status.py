"""What one piece of revocation evidence says about one certificate."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from msgspec import Struct


class Revocation(Struct, frozen=True):
    """A certificate was revoked.

    Attributes:
        revoked_at: the revocation date.
        reason: the reason given, None if none is; RFC 3161 treats that like a compromise.
        invalid_since: the date since when the key may have been in wrong hands, where it is given.
    """

    revoked_at: datetime
    reason: x509.ReasonFlags | None
    invalid_since: datetime | None = None

    @property
    def effective(self) -> datetime:
        """Give the earlier of revocation date and invalidity date."""
        return min(self.revoked_at, self.invalid_since or self.revoked_at)

    @property
    def reason_text(self) -> str:
        """Name the reason as RFC 5280 spells it."""
        return self.reason.value if self.reason else "no reason given"


class Evidence(Struct, frozen=True):
    """One CRL or OCSP answer, read with one certificate in mind.

    Attributes:
        source: "CRL" or "OCSP answer".
        issued_at: when its statement was made; None if it cannot be used.
        revocation: the revocation it states, None if it states that there is none.
        problem: why it cannot be used; "" where it can.
        foreign: it carries the issuer's name, but neither the issuer nor its delegate signed it.
    """

    source: str
    issued_at: datetime | None = None
    revocation: Revocation | None = None
    problem: str = ""
    foreign: bool = False
