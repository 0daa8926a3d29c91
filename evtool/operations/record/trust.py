"""Whether the user trusts those who signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Event
from evtool.core.custody.house import Agents, Houses, act_of
from evtool.core.finding import Code, Words
from evtool.core.ssh.allowed_signers import AllowedSigners, TrustStatus
from evtool.core.ssh.key import PublicKey
from evtool.core.ssh.signature import NAMESPACE


class TrustPolicy(Struct, frozen=True):
    """Whose keys count.

    Attributes:
        trust: whose keys the caller trusts.
        signers: fingerprints; if any are given, these keys and no others are trusted, for every agent.
        now: the moment at which keys have to be valid; None means the present.
        proven: digest of an entry -> the moment by which a trusted time-stamp shows that it existed.
        receipts: code of a recipient -> keys with which its people sign; they count under that code, for what a
            recipient signs (`received`, `countersigned`) and for nothing else, unless the list ends the trust in them.
    """

    trust: AllowedSigners = field(default_factory=AllowedSigners)
    signers: frozenset[str] = frozenset()
    now: datetime | None = None
    proven: Mapping[str, datetime] = field(default_factory=dict)
    receipts: Mapping[str, frozenset[PublicKey]] = field(default_factory=dict)

    def judge_entry(self, link: Link, houses: Houses) -> tuple[Code, Words] | None:
        """Say why the signer of an entry of a record, which has these houses, is not trusted; None if it is.

        A retired key is trusted no more, whatever the list says: the entry comes after the first one of its successor
        in the chain, so it was signed later, by mistake or by whoever stole the key.
        """
        return self.judge(link) or judge_retired(link, houses)

    def judge(self, link: Link) -> tuple[Code, Words] | None:
        """Say why the signer of an entry is not trusted; None if it is.

        A claimed time proves nothing, so a key has to be valid now, or at the moment by which the entry is proven to
        have existed: what was signed before a key was stolen was not signed by the thief. This asks the lists of the
        user only, as for a receipt, which stands beside the record; of an entry in a record, ask `judge_entry`.
        """
        objection = self._judge(link.public_key, link.entry.agent, self.proven.get(link.head))
        return None if objection and self._is_of_recipient(link) else objection

    def judge_key(self, public_key: PublicKey, agent: str) -> tuple[Code, Words] | None:
        """Say why a key is not trusted for an agent at this moment; None if it is."""
        return self._judge(public_key, agent, None)

    def _is_of_recipient(self, link: Link) -> bool:
        """Tell whether a recipient that the user described signed what recipients sign, with a key of its own."""
        key, entry = link.public_key, link.entry
        if self.signers or entry.event not in _BY_RECIPIENTS or key not in self.receipts.get(entry.agent, ()):
            return False
        # Whoever ends the trust in a key means all of it, whatever other list still names the key.
        moment = self.now or datetime.now(UTC)
        dates = [(line.valid_after, line.valid_before) for line in self.trust.signers if line.public_key == key]
        return all((not first or first <= moment) and (not last or moment <= last) for first, last in dates)

    def _judge(self, public_key: PublicKey, agent: str, existed_by: datetime | None) -> tuple[Code, Words] | None:
        if self.signers:
            known = public_key.fingerprint in self.signers
            return None if known else (Code.KEY_UNKNOWN, Words("not-named"))
        moment = self.now or datetime.now(UTC)
        status = self.trust.judge(public_key, agent, NAMESPACE, moment).status
        if status is TrustStatus.NO_LONGER_VALID and existed_by is not None and existed_by < moment:
            earlier = self.trust.judge(public_key, agent, NAMESPACE, existed_by).status
            status = earlier if earlier is TrustStatus.TRUSTED else status
        return None if status is TrustStatus.TRUSTED else _REASONS[status]

    def knows(self, link: Link) -> bool:
        """Tell whether the user trusts the key of an entry for its agent at any time, past or future ones included.

        Enough to believe what the entry says against its own signer: that two keys are one agent.
        """
        objection = self.judge(link)
        return objection is None or objection[0] in (Code.KEY_NO_LONGER_VALID, Code.KEY_NOT_YET_VALID)


def read_agents(links: Iterable[Link], houses: Houses, policy: TrustPolicy) -> Agents:
    """Tell which codes and keys are one agent, by admissions that count and whose keys the user knows."""
    return Agents(act_of(link) for link in links if link.entry.sequence in houses.admitting and policy.knows(link))


def judge_retired(link: Link, houses: Houses) -> tuple[Code, Words] | None:
    """Say by which entry the key of an entry was retired before it signed; None if it was not."""
    by = houses.retired_by.get(link.entry.sequence)
    return None if by is None else (Code.KEY_RETIRED, Words("retired", agent=link.entry.agent, by=by))


_BY_RECIPIENTS = (Event.RECEIVED, Event.COUNTERSIGNED)

_REASONS = {
    TrustStatus.UNKNOWN_KEY: (Code.KEY_UNKNOWN, Words("not-trusted")),
    TrustStatus.OTHER_AGENT: (Code.KEY_OTHER_AGENT, Words("other-agent")),
    TrustStatus.OTHER_NAMESPACE: (Code.KEY_OTHER_NAMESPACE, Words("other-namespace")),
    TrustStatus.NOT_YET_VALID: (Code.KEY_NOT_YET_VALID, Words("not-yet-valid")),
    TrustStatus.NO_LONGER_VALID: (Code.KEY_NO_LONGER_VALID, Words("no-longer-valid")),
}
