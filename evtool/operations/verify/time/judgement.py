"""The judgement of time-stamps that were found: each one, what they prove together, and what that means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.errors import EvtoolError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.limits import MAX_REVOCATION_BYTES
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.ots.bitcoin import MINIMUM_WORK
from evtool.core.timestamp.ots.verify import OtsVerdict, verify_proof
from evtool.core.timestamp.renewal import (
    CLOCK_TOLERANCE,
    ChainToken,
    ClaimedTime,
    EntryProof,
    Interval,
    JudgedToken,
    compare_claim,
    compute_interval,
    judge_chain,
)
from evtool.core.timestamp.request import parse_request
from evtool.core.timestamp.result import TokenReason, TokenState
from evtool.core.timestamp.stamp_names import StampRole
from evtool.core.timestamp.time_report import ProvenInterval, StampKind, StampReport
from evtool.operations.record.beside import Companions
from evtool.operations.record.record import Record
from evtool.operations.verify.time.evidence import FoundStamp, TimeFiles
from evtool.operations.verify.time.grounds import TimeGrounds, TimeResult, load_sunsets
from evtool.report.stamp import describe_proof, describe_token, spell


class _Judgement(Struct):
    """What is known while the stamps of one record are being judged."""

    links: Sequence[Link]
    linked: bool
    tokens: tuple[JudgedToken, ...] = ()
    proofs: list[tuple[FoundStamp, OtsVerdict]] = field(default_factory=list)

    @property
    def entry_proofs(self) -> list[EntryProof]:
        """The blocks that proofs lead to."""
        return [
            EntryProof(stamp.name.sequence, verdict.block.existed_by) for stamp, verdict in self.proofs if verdict.block
        ]

    @property
    def passed(self) -> list[JudgedToken]:
        """The tokens that passed: the only ones that an interval is made of."""
        return [judged for judged in self.tokens if judged.verdict.proven]

    @property
    def stamped(self) -> int:
        """The newest entry with a passed stamp of its own."""
        own = [proof.entry for proof in self.entry_proofs]
        own += [judged.token.entry for judged in self.tokens if judged.verdict.proven]
        return max(own, default=0)

    def interval(self, entry: int) -> Interval:
        """What is proven for an entry; in a broken chain nothing that stands beside another entry."""
        if self.linked:
            return compute_interval(entry, self.passed, self.entry_proofs)
        own = [judged for judged in self.passed if judged.token.entry == entry]
        return compute_interval(entry, own, [proof for proof in self.entry_proofs if proof.entry == entry])


def judge_stamps(record: Record, found: TimeFiles, grounds: TimeGrounds, now: datetime) -> TimeResult:
    """Judge what was found, as of `now`."""
    links = record.chain.links
    judgement = _Judgement(links, _is_linked(record))
    for stamp in found.stamps:
        if stamp.name.role is StampRole.PROOF:
            verdict = verify_proof(stamp.data, stamp.signature, grounds.headers, grounds.minimum_work)
            judgement.proofs.append((stamp, verdict))
    responses = [stamp for stamp in found.stamps if stamp.name.role is StampRole.RESPONSE]
    companions = Companions(record)
    own = [_chain_token(companions, stamp, judgement.linked) for stamp in responses]
    ready = Grounds(
        now=now,
        anchors=tuple(grounds.anchors()),
        crls=grounds.crls,
        ocsp_answers=grounds.ocsp_answers,
        sunsets=grounds.sunsets or load_sunsets(),
    )
    judgement.tokens = judge_chain(own, ready, judgement.entry_proofs)
    intervals = {link.entry.sequence: judgement.interval(link.entry.sequence) for link in links}
    findings = [*found.findings, *_judge_tokens(companions, judgement, found), *_judge_proofs(judgement)]
    findings += _judge_unread(companions)
    findings += _judge_intervals(links, intervals)
    findings += _judge_whole(record, judgement, intervals)
    if grounds.minimum_work < MINIMUM_WORK:
        findings.append(Finding(Code.TIMESTAMP_OPEN, Effect.NOTE, Words("invented-headers")))
    return TimeResult(
        findings=tuple(findings),
        stamps=_describe(judgement, found),
        intervals=tuple(
            ProvenInterval(
                entry=number, not_before=spell(interval.not_before), not_after=spell(interval.not_after, up=True)
            )
            for number, interval in intervals.items()
        ),
        proven={link.head: end for link in links if (end := intervals[link.entry.sequence].not_after)},
        stamped=judgement.stamped,
        tokens=judgement.tokens,
    )


def _is_linked(record: Record) -> bool:
    """Whether each entry leads back to all before it; else a stamp shows nothing but its own entry."""
    numbers = [link.entry.sequence for link in record.chain.links]
    return record.chain.is_intact and numbers == list(range(1, len(numbers) + 1))


def _chain_token(companions: Companions, stamp: FoundStamp, linked: bool) -> ChainToken:
    """Make a token ready to be judged, with what lies beside it.

    The saved request is no ground here. It served when the answer came in; today only the token counts, and a request
    that somebody swapped later must not make a good token look forged.
    """
    return ChainToken(
        entry=stamp.name.sequence,
        label=stamp.name.label,
        response=stamp.data,
        data=stamp.signature,
        listed_in=stamp.listed_in if linked else None,
        certificates=companions.certificates(stamp.name),
        crls=companions.beside(stamp.name, StampRole.CRL),
        ocsp_answers=companions.beside(stamp.name, StampRole.OCSP),
    )


_BECAME_WORTHLESS = frozenset({TokenReason.REVOKED})
"""What a token fails for although it is the one that was stored: nobody tampered with this record."""


def _judge_tokens(companions: Companions, judgement: _Judgement, found: TimeFiles) -> Iterable[Finding]:
    names = {(stamp.name.sequence, stamp.name.label): stamp for stamp in found.stamps}
    for judged in judgement.tokens:
        stamp, verdict = names[judged.token.entry, judged.token.label], judged.verdict
        if verdict.state is TokenState.FAILED:
            listed = stamp.listed_in is not None and verdict.reason not in _BECAME_WORTHLESS
            yield _failed(stamp, verdict.reason.value, verdict.detail, listed)
        elif verdict.state is TokenState.INDETERMINATE:
            yield _open(stamp, verdict.reason.value, verdict.detail)
        elif _answers_another_request(companions, judged, stamp):
            says = Words("other-request", name=stamp.name.text)
            yield Finding(Code.TIMESTAMP_OPEN, Effect.NOTE, says, entry=stamp.name.sequence)


def _answers_another_request(companions: Companions, judged: JudgedToken, stamp: FoundStamp) -> bool:
    facts = judged.verdict.claimed
    for data in companions.beside(stamp.name, StampRole.REQUEST):
        try:
            request = parse_request(data)
        except EvtoolError:
            return True
        nonce = f"{request.nonce:x}" if request.nonce is not None else None
        if facts is None or facts.imprint != request.imprint.digest.hex() or (nonce and facts.nonce != nonce):
            return True
    return False


def _judge_unread(companions: Companions) -> Iterable[Finding]:
    if (name := companions.unread) is not None:
        says = Words("revocation-too-large", bytes=MAX_REVOCATION_BYTES)
        yield Finding(Code.TIMESTAMP_OPEN, Effect.UNCHECKED, says, path=name.text, entry=name.sequence)


def _judge_proofs(judgement: _Judgement) -> Iterable[Finding]:
    proven = {stamp.name.sequence for stamp, verdict in judgement.proofs if verdict.block}
    for stamp, verdict in judgement.proofs:
        if verdict.state is TokenState.FAILED:
            yield _failed(stamp, verdict.reason.value, verdict.detail, stamp.listed_in is not None)
        elif verdict.state is TokenState.INDETERMINATE and stamp.name.sequence not in proven:
            yield _open(stamp, verdict.reason.value, verdict.detail)


def _failed(stamp: FoundStamp, reason: str, detail: str, listed: bool) -> Finding:
    """A file that no entry lists can have been put there by anybody: it disproves nothing."""
    says = Words("listed" if listed else "unlisted", why=Cause(reason, f"{reason}: {detail}"), by=stamp.listed_in)
    effect = Effect.DISPROVES if listed else Effect.NOTE
    return Finding(Code.TIMESTAMP_FAILED, effect, says, path=stamp.name.text, found=reason, entry=stamp.name.sequence)


def _open(stamp: FoundStamp, reason: str, detail: str) -> Finding:
    return Finding(
        Code.TIMESTAMP_OPEN,
        Effect.NOTE,
        Words("indeterminate", why=Cause(reason, f"{reason}: {detail}")),
        path=stamp.name.text,
        found=reason,
        entry=stamp.name.sequence,
    )


def _judge_intervals(links: Sequence[Link], intervals: dict[int, Interval]) -> Iterable[Finding]:
    for link in links:
        entry, interval = link.entry, intervals[link.entry.sequence]
        if not interval.is_possible:
            says = Words("impossible", after=spell(interval.not_before), before=spell(interval.not_after))
            yield Finding(Code.TIME_CONTRADICTION, Effect.OPEN, says, entry=entry.sequence)
            continue
        claim = compare_claim(entry.recorded_at, _widen(interval))
        if claim is not ClaimedTime.POSSIBLE:
            says = Words("late" if claim is ClaimedTime.AFTER_PROOF else "early")
            yield Finding(Code.TIME_CLAIM, Effect.NOTE, says, entry=entry.sequence)


def _widen(interval: Interval) -> Interval:
    before, after = interval.not_before, interval.not_after
    return Interval(before and before - CLOCK_TOLERANCE, after and after + CLOCK_TOLERANCE)


def _judge_whole(record: Record, judgement: _Judgement, intervals: dict[int, Interval]) -> Iterable[Finding]:
    """The axis is shown once the newest seal, and through it all before, is proven."""
    if not judgement.linked:
        yield Finding(Code.TIME_NOT_PROVEN, Effect.OPEN, Words("chain"))
    elif not record.seals or record.lacks_seals:
        yield Finding(Code.TIME_NOT_PROVEN, Effect.OPEN, Words("seals"))
    elif intervals[record.seals[-1].number].not_after is None:
        number = record.seals[-1].number
        yield Finding(Code.TIME_NOT_PROVEN, Effect.OPEN, Words("newest"), entry=number)


def _describe(judgement: _Judgement, found: TimeFiles) -> tuple[StampReport, ...]:
    stamps = {
        (stamp.name.sequence, stamp.name.label): stamp
        for stamp in found.stamps
        if stamp.name.role is StampRole.RESPONSE
    }
    reports = [
        describe_token(judged, stamps[judged.token.entry, judged.token.label].name) for judged in judgement.tokens
    ]
    reports += [describe_proof(stamp.name, verdict, stamp.listed_in) for stamp, verdict in judgement.proofs]
    order = list(StampKind)
    return tuple(sorted(reports, key=lambda report: (report.entry, order.index(report.kind), report.label)))
