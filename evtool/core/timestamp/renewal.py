"""Which token of a custody chain is judged as of when, and what all of them show together.

A time-stamp does not last: its authority's certificate ends, its algorithms weaken. Each later entry of the chain lists
the digests of the tokens known by then, so a later token proves that the earlier ones existed. The newest token is
judged as of now; an earlier one as of the time that a later, passed proof gives it. That is all the renewal there is:
no token is ever changed, and a chain that grows renews itself.

What this module takes for granted is checked elsewhere: that the entries are linked by their digests, and that each
entry's signature binds its text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.timestamp.grounds import Grounds, Together
from evtool.core.timestamp.request import TimeStampRequest
from evtool.core.timestamp.result import TokenState, TokenVerdict
from evtool.core.timestamp.verify import verify_token
from evtool.core.values import replace

CLOCK_TOLERANCE = timedelta(minutes=5)
"""Clocks of ordinary computers are off by seconds; nothing is called wrong for that."""


class ChainToken(Struct, frozen=True):
    """One token where it stands in a custody chain.

    Attributes:
        entry: sequence number of the entry whose signature it stamps.
        label: which of the entry's tokens it is.
        response: the `.tsr`.
        data: the signature file that was stamped.
        listed_in: sequence number of the first later entry that holds this token's digest, None while there is none.
        request: the saved request, where there is one.
        certificates: certificates kept beside the token, in DER; as the next two, it can be iterated more than once.
        crls: CRLs kept beside it, in DER.
        ocsp_answers: OCSP answers kept beside it, in DER.
    """

    entry: int
    label: str
    response: bytes
    data: bytes
    listed_in: int | None = None
    request: TimeStampRequest | None = None
    certificates: Iterable[bytes] = ()
    crls: Iterable[bytes] = ()
    ocsp_answers: Iterable[bytes] = ()

    def __post_init__(self) -> None:
        if self.listed_in is not None and self.listed_in <= self.entry:
            raise FormatError(
                "a time-stamp of entry {entry} cannot be listed in entry {listed_in}",
                key="stamp-renewal-order",
                entry=self.entry,
                listed_in=self.listed_in,
            )


class EntryProof(Struct, frozen=True):
    """Another proof that an entry existed by some time, for example a Bitcoin block."""

    entry: int
    existed_by: datetime


class JudgedToken(Struct, frozen=True):
    """A token with its verdict.

    Attributes:
        token: the token.
        verdict: the answer.
        existed_by: when a later proof shows that the token existed; None if it was judged as of now.
    """

    token: ChainToken
    verdict: TokenVerdict
    existed_by: datetime | None


def judge_chain(
    tokens: Iterable[ChainToken], grounds: Grounds, proofs: Iterable[EntryProof] = ()
) -> tuple[JudgedToken, ...]:
    """Judge every token of a chain, the newest first; the answer is in the order of entries and labels.

    `grounds` holds the verifier's clock, anchors and options; what is kept beside each token is added to it.
    """
    known = list(proofs)
    judged: list[JudgedToken] = []
    waiting = sorted(tokens, key=lambda token: (token.entry, token.label))
    for entry in sorted({token.entry for token in waiting}, reverse=True):
        # Tokens of one entry do not list each other, so none of them helps another one.
        fresh = [_judge(token, grounds, known) for token in waiting if token.entry == entry]
        known += [EntryProof(entry, item.verdict.proven.latest) for item in fresh if item.verdict.proven]
        judged += fresh
    return tuple(sorted(judged, key=lambda item: (item.token.entry, item.token.label)))


def _judge(token: ChainToken, grounds: Grounds, known: Sequence[EntryProof]) -> JudgedToken:
    listed = token.listed_in
    times = [proof.existed_by for proof in known if listed is not None and proof.entry >= listed]
    # A proof whose time is ahead of the verifier's clock shows no more than holding the token now does. A little ahead
    # is what the accuracy of an authority makes of every fresh proof, and that one carries the token from now on.
    ahead = grounds.now + CLOCK_TOLERANCE
    existed_by = min((min(time, grounds.now) for time in times if time <= ahead), default=None)
    own = replace(
        grounds,
        existed_by=existed_by,
        request=token.request,
        certificates=Together(grounds.certificates, token.certificates),
        kept_crls=token.crls,
        kept_ocsp_answers=token.ocsp_answers,
    )
    return JudgedToken(token, verify_token(token.response, token.data, own), existed_by)


class Interval(Struct, frozen=True):
    """What is proven about when an entry was made; each end is None if nothing proves it.

    Attributes:
        not_before: it holds the digest of a token of this time, so it was made after it.
        not_after: it, or an entry that builds on it, was stamped at this time.
    """

    not_before: datetime | None
    not_after: datetime | None

    @property
    def is_possible(self) -> bool:
        """Tell whether the two ends fit; if not, one of the authorities is wrong or forged."""
        return self.not_before is None or self.not_after is None or self.not_before <= self.not_after


def compute_interval(entry: int, judged: Iterable[JudgedToken], proofs: Iterable[EntryProof] = ()) -> Interval:
    """Compute the interval that passed tokens and other proofs leave for one entry.

    A token on a later entry proves all earlier ones too, as that entry's text leads back to theirs.
    """
    judged = tuple(judged)
    passed = [item for item in judged if item.verdict.state is TokenState.PASSED]
    after = [item.verdict.proven.latest for item in passed if item.verdict.proven and item.token.entry >= entry]
    after += [proof.existed_by for proof in proofs if proof.entry >= entry]
    before = [
        item.verdict.proven.earliest
        for item in passed
        if item.verdict.proven and item.token.listed_in is not None and item.token.listed_in <= entry
    ]
    return Interval(max(before, default=None), min(after, default=None))


class ClaimedTime(Enum):
    """How a time that somebody wrote down stands to what is proven."""

    POSSIBLE = "possible"
    AFTER_PROOF = "after-proof"
    """It was stamped before the time it claims: the claim is wrong, or the clock was."""
    BEFORE_PROOF = "before-proof"
    """It holds a token that is younger than the time it claims."""


def compare_claim(claimed: datetime, interval: Interval) -> ClaimedTime:
    """Compare the time at which an entry claims to have been recorded with its interval."""
    if interval.not_after is not None and claimed > interval.not_after:
        return ClaimedTime.AFTER_PROOF
    if interval.not_before is not None and claimed < interval.not_before:
        return ClaimedTime.BEFORE_PROOF
    return ClaimedTime.POSSIBLE
