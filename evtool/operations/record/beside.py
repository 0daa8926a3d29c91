"""The files beside a time-stamp: read when a judgement asks for them, one at a time, and never all of them.

Anybody can put such files there, and most of them are never asked for: certificates once a token has been read,
revocation lists once it leads to an authority that the user trusts.
"""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.errors import EvtoolError
from evtool.core.text.limits import MAX_CHAIN_CERTIFICATES, MAX_REVOCATION_BYTES
from evtool.core.timestamp.stamp_names import StampName, StampRole
from evtool.core.timestamp.x509.certificates import parse_certificate_file
from evtool.operations.record.record import Record

_BUDGETED = frozenset({StampRole.CRL, StampRole.OCSP})

_Key = tuple[int, str, str, StampRole]


class Companions:
    """Finds and reads the files beside the time-stamps of one record; what cannot be read is left out."""

    def __init__(self, record: Record) -> None:
        self._custody = record.custody
        self._names: dict[_Key, list[StampName]] = {}
        for name in record.listing.stamps:
            self._names.setdefault(_key(name, name.role), []).append(name)
        self._left = MAX_REVOCATION_BYTES
        self.unread: StampName | None = None
        """The first revocation file that was not read, as those before it used up what one record may have."""

    def beside(self, stamp: StampName, role: StampRole) -> _Beside:
        """Give the files of one role beside a time-stamp; each iteration reads them again."""
        return _Beside(self, stamp, role)

    def certificates(self, stamp: StampName) -> _Certificates:
        """Give the certificates beside a time-stamp, in DER; each iteration reads them again."""
        return _Certificates(self.beside(stamp, StampRole.CHAIN))

    def read(self, stamp: StampName, role: StampRole) -> Iterator[bytes]:
        """Read the files of one role beside a time-stamp."""
        for name in self._names.get(_key(stamp, role), ()):
            if role in _BUDGETED and self._left <= 0:
                self.unread = self.unread or name
                return
            try:
                data = self._custody.read_stamp(name)
            except EvtoolError:
                continue
            self._left -= len(data) if role in _BUDGETED else 0
            yield data


def _key(name: StampName, role: StampRole) -> _Key:
    return name.sequence, name.event, name.label, role


class _Beside:
    def __init__(self, companions: Companions, stamp: StampName, role: StampRole) -> None:
        self._companions, self._stamp, self._role = companions, stamp, role

    def __iter__(self) -> Iterator[bytes]:
        return self._companions.read(self._stamp, self._role)


class _Certificates:
    def __init__(self, chains: _Beside) -> None:
        self._chains = chains

    def __iter__(self) -> Iterator[bytes]:
        for chain in self._chains:
            try:
                found, _ = parse_certificate_file(chain, MAX_CHAIN_CERTIFICATES)
            except EvtoolError:
                continue
            yield from (certificate.der for certificate in found)
