"""What expires when: the certificates and algorithms on which the time evidence of a chain rests today.

Renewal is due a year before the first of them ends, as the ones who must do it may be on a journey, and a proof can
only be renewed while it still holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import Enum

from msgspec import Struct

from evtool.core.timestamp.renewal import JudgedToken
from evtool.core.timestamp.result import TokenState, TokenVerdict
from evtool.core.timestamp.sunset import Sunset, SunsetTable


class DueKind(Enum):
    """What ends."""

    CERTIFICATE = "certificate"
    HASH = "hash"
    KEY = "key"
    REVOCATION = "revocation"
    """Nothing was kept that says that the certificates were not revoked; until they end it can still be fetched."""


class DueItem(Struct, frozen=True):
    """One thing that ends.

    Attributes:
        entry: sequence number of the entry whose token rests on it.
        label: which of the entry's tokens.
        kind: what it is.
        name: certificate, hash function or kind of key, safe to print.
        ends: its last second.
        renew_by: a year before that.
        source: who says so: the certificate itself, or a row of the sunset table.
    """

    entry: int
    label: str
    kind: DueKind
    name: str
    ends: datetime
    renew_by: datetime
    source: str

    def is_due(self, now: datetime) -> bool:
        """Tell whether it is time to renew."""
        return self.renew_by <= now


def compute_due(judged: Iterable[JudgedToken], sunsets: SunsetTable) -> tuple[DueItem, ...]:
    """List what ends, soonest first.

    Only tokens that passed and are judged as of now count: the others are carried by a later proof, or carry nothing.
    """
    items = {
        item
        for token in judged
        if token.verdict.state is TokenState.PASSED and token.existed_by is None
        for item in _items(token, sunsets)
    }
    return tuple(sorted(items, key=lambda item: (item.ends, item.entry, item.label, item.kind.value, item.name)))


def _items(judged: JudgedToken, sunsets: SunsetTable) -> list[DueItem]:
    verdict = judged.verdict
    found: list[tuple[DueKind, str, datetime, str]] = []
    for link in verdict.path:
        found.append((DueKind.CERTIFICATE, link.name, link.not_after, f"certificate {link.fingerprint[:16]}"))
    if verdict.revocation_known_until is None and verdict.ends is not None:
        signer = next(link for link in verdict.path if link.not_after == verdict.ends)
        found.append((DueKind.REVOCATION, signer.name, verdict.ends, "no revocation list or answer is kept"))
    for kind, row in _rows(verdict, sunsets):
        if row and row.end:
            found.append((kind, row.name if not row.min_bits else f"{row.name}-{row.min_bits}", row.end, row.source))
    entry, label = judged.token.entry, judged.token.label
    return [DueItem(entry, label, kind, name, ends, a_year_before(ends), why) for kind, name, ends, why in found]


def _rows(verdict: TokenVerdict, sunsets: SunsetTable) -> list[tuple[DueKind, Sunset | None]]:
    hashes = [verdict.claimed.imprint_hash] if verdict.claimed else []
    hashes += [verdict.signer.digest_hash] if verdict.signer else []
    # The anchor's own signature is not relied upon.
    hashes += [link.signature_hash for link in verdict.path[:-1] if link.signature_hash]
    rows: list[tuple[DueKind, Sunset | None]] = [(DueKind.HASH, sunsets.find_hash(name)) for name in hashes]
    return rows + [(DueKind.KEY, sunsets.find_key(link.key_algorithm)) for link in verdict.path]


def a_year_before(moment: datetime) -> datetime:
    """Give the same day a year earlier; for a 29th of February the 28th."""
    try:
        return moment.replace(year=moment.year - 1)
    except ValueError:
        return moment.replace(year=moment.year - 1, day=28)
