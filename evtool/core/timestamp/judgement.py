"""What is known about one token while it is being judged."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.result import (
    AnchorFacts,
    Caution,
    Remark,
    SignerFacts,
    TokenFacts,
    TokenReason,
    TokenState,
    TokenVerdict,
    state_of,
)
from evtool.core.timestamp.x509.path import Path


class Judgement(Struct):
    """Collects findings, facts and cautions; makes the verdict of them at the end."""

    grounds: Grounds
    claimed: TokenFacts | None = None
    signer: SignerFacts | None = None
    path: Path | None = None
    known_until: datetime | None = None
    remarks: list[Remark] = field(default_factory=list)
    cautions: list[tuple[Caution, str]] = field(default_factory=list)

    def doubt(self, reason: TokenReason, detail: str) -> None:
        """Note a reason and go on; a later step may add a worse one."""
        self.remarks.append(Remark(reason, detail))

    def caution(self, caution: Caution, detail: str) -> None:
        """Note what decides nothing but should be known."""
        self.cautions.append((caution, detail))

    def verdict(self) -> TokenVerdict:
        """Make the verdict of what was collected."""
        # Disproof decides before doubt, whichever was met first.
        ordered = sorted(self.remarks, key=lambda remark: state_of(remark.reason) is not TokenState.FAILED)
        anchor = self.path.anchor if self.path else None
        return TokenVerdict(
            remarks=tuple(ordered),
            judged_at=self.grounds.judged_at,
            claimed=self.claimed,
            signer=self.signer,
            path=tuple(certificate.facts for certificate in self.path.certificates) if self.path else (),
            anchor=AnchorFacts(anchor.name, anchor.fingerprint) if anchor else None,
            revocation_known_until=self.known_until,
            cautions=tuple(self.cautions),
            chain=tuple(certificate.der for certificate in self.path.certificates) if self.path else (),
        )
