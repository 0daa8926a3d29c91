"""What may be used for what: the decision of FORMAT-consent over what a catalogue holds, once for each basis.

A catalogue decides nothing: whoever hands something over asks the record itself. What is asked here is where to look.
"""

from __future__ import annotations

import sqlite3

from msgspec import Struct

from evtool.core.consent.decision import Decision, Request, decide
from evtool.core.custody.branches import EntryPlace
from evtool.core.custody.events import Event
from evtool.core.custody.house import Act, Houses
from evtool.core.ssh.key import PublicKey
from evtool.core.values import replace
from evtool.operations.catalogue.forks import read_disowned
from evtool.operations.catalogue.stored_terms import read_terms
from evtool.operations.record.trust import TrustPolicy


class UseQuestion(Struct, frozen=True):
    """What is asked of every item.

    Attributes:
        request: who would get it, what for, when.
        trust: whose signatures under terms count.
    """

    request: Request
    trust: TrustPolicy


def read_acts(
    connection: sqlite3.Connection, collection: int, left_out: frozenset[EntryPlace] = frozenset()
) -> list[Act]:
    """Read who signed what in a collection, in the order of numbers."""
    rows = connection.execute(
        "SELECT digest, signature, sequence, event, agent, key FROM entry WHERE collection=? ORDER BY sequence",
        (collection,),
    )
    return [
        Act(sequence, Event(event), agent, key)
        for digest, signature, sequence, event, agent, key in rows
        if (digest, signature) not in left_out
    ]


class Decider:
    """Decides over the items of one collection; those of one basis share their answer."""

    def __init__(self, connection: sqlite3.Connection, collection: int, question: UseQuestion) -> None:
        self._connection = connection
        self._question = question
        self._keys = {signer.public_key.fingerprint: signer.public_key for signer in question.trust.trust.signers}
        rows = connection.execute(
            "SELECT sequence, digest, agent, key, retired FROM entry WHERE collection=?", (collection,)
        ).fetchall()
        retired = {key for _, _, _, key, is_retired in rows if is_retired}
        self._sequences = {digest: sequence for sequence, digest, _, _, _ in rows}
        self._untrusted = {
            digest for _, digest, agent, key, _ in rows if key in retired or not self._trusts(key, agent)
        }
        self._request = self._place(read_acts(connection, collection, read_disowned(connection, collection)), retired)
        self._decisions: dict[int, Decision] = {}

    def decide(self, basis: int) -> Decision:
        """Decide over the items of a basis."""
        if basis not in self._decisions:
            entries, known, text = self._connection.execute(
                "SELECT entries, known, text FROM basis JOIN terms ON terms.id=basis.terms WHERE basis.id=?", (basis,)
            ).fetchone()
            # An entry that is gone from the table cannot be trusted either.
            untrusted = {self._sequences.get(digest, 0) for digest in entries.split() if not self._is_trusted(digest)}
            self._decisions[basis] = decide(read_terms(known, text), self._request, sorted(untrusted))
        return self._decisions[basis]

    def _is_trusted(self, digest: str) -> bool:
        return digest in self._sequences and digest not in self._untrusted

    def _trusts(self, fingerprint: str, agent: str) -> bool:
        policy = self._question.trust
        if policy.signers:
            return fingerprint in policy.signers
        key = self._keys.get(fingerprint)
        return key is not None and policy.judge_key(key, agent) is None

    def _place(self, acts: list[Act], retired: set[str]) -> Request:
        """Tell whether whoever asks would pass on what came from others.

        Admissions are not in a catalogue, so a colleague whom the sender's house took in later counts as somebody else.
        """
        request, trust = self._question.request, self._question.trust
        agent, key = request.agent, request.key
        is_trusted = agent is not None and key is not None and self._trusts_key(key, agent)
        houses = Houses(acts, is_trusted=lambda act: act.key not in retired and self._trusts(act.key, act.agent))
        fingerprint = key.fingerprint if key is not None else None
        acts_for_sender = fingerprint not in retired and houses.acts_for_sender(
            agent, fingerprint, is_trusted=is_trusted
        )
        known = trust.signers or trust.trust.signers
        return replace(request, is_onward=request.is_onward or not acts_for_sender or not known)

    def _trusts_key(self, key: PublicKey, agent: str) -> bool:
        return self._question.trust.judge_key(key, agent) is None
