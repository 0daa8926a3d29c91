"""A trust anchor: one certificate that the user decided to trust for time-stamps, and within which limits."""

from __future__ import annotations

import hashlib
from datetime import datetime

from msgspec import Struct

from evtool.core.errors import FormatError


class Anchor(Struct, frozen=True):
    """One certificate the user trusts for time-stamps.

    The window is about the time in the token, not about today: it says when the user holds this authority to have been
    in good order. It belongs to this anchor alone and is never borrowed by another path.

    Attributes:
        certificate: the certificate in DER; a root, an intermediate, or the authority's own.
        name: what the user calls it.
        use_from: no token before this moment is accepted, None for no limit.
        use_until: no token after this moment is accepted, None for no limit.
        policies: accepted TSA policies, dotted; empty accepts any.
    """

    certificate: bytes
    name: str
    use_from: datetime | None = None
    use_until: datetime | None = None
    policies: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for moment in (self.use_from, self.use_until):
            if moment is not None and moment.tzinfo is None:
                raise FormatError("the use window of a time-stamp anchor needs a time zone", key="anchor-window-zone")
        if self.use_from and self.use_until and self.use_from > self.use_until:
            raise FormatError("the use window of a time-stamp anchor ends before it begins", key="anchor-window-order")

    @property
    def fingerprint(self) -> str:
        """Give the SHA-256 of the certificate, lower-case hexadecimal."""
        return hashlib.sha256(self.certificate).hexdigest()

    def in_use(self, time: datetime) -> bool:
        """Tell whether the user accepts this anchor for a token of this time; both ends belong to the window."""
        return (self.use_from is None or self.use_from <= time) and (self.use_until is None or time <= self.use_until)

    def accepts(self, policy: str) -> bool:
        """Tell whether the user accepts this TSA policy under this anchor."""
        return not self.policies or policy in self.policies
