"""Asks time-stamp authorities and calendars, each on its own, and checks what they answer before anybody stores it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from msgspec import Struct

from evtool.core.errors import EvtoolError
from evtool.core.timestamp.algorithms import HASHES_BY_NAME
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.ots.format import parse_reply
from evtool.core.timestamp.ots.proof import OtsError, Proof, Timestamp
from evtool.core.timestamp.ots.stamp import Submission, build_proof, find_pending, is_complete, upgrade
from evtool.core.timestamp.renewal import CLOCK_TOLERANCE
from evtool.core.timestamp.request import make_nonce, parse_request, serialize_request
from evtool.core.timestamp.result import TokenReason, TokenState, TokenVerdict
from evtool.core.timestamp.verify import verify_token
from evtool.core.values import replace
from evtool.interop import ots_client, tsa_client
from evtool.interop.http_client import Outgoing

Pause = Callable[[float], None]


class StampOrder(Struct, frozen=True):
    """What is asked of every authority.

    Attributes:
        data: what is stamped.
        hash_name: hash function of the imprint.
        policy: the policy asked for, None leaves it to the authority.
    """

    data: bytes
    hash_name: str = "sha256"
    policy: str | None = None


class StampOutcome(Struct, frozen=True):
    """What came of asking one authority.

    Attributes:
        url: its address.
        request: the request that was sent, to be kept beside the response.
        response: what it answered; empty unless it may be stored.
        verdict: how the answer was judged, None if there was none.
        problem: why there is nothing to store, safe to print; "" where there is.
        hint: what to do about it.
        clock_difference: the token's time minus this computer's clock; None without a token, and for an older answer
            that came by file.
    """

    url: str
    request: bytes
    response: bytes = b""
    verdict: TokenVerdict | None = None
    problem: str = ""
    hint: str = ""
    clock_difference: timedelta | None = None

    @property
    def ok(self) -> bool:
        """Tell whether the response may be stored."""
        return bool(self.response)

    @property
    def chain_pem(self) -> bytes:
        """Give the certificates of the path in PEM, the signer first, to be kept beside the response."""
        return b"".join(_pem(certificate) for certificate in self.verdict.chain) if self.verdict else b""

    @property
    def is_clock_off(self) -> bool:
        """Tell whether this computer's clock and the authority's are more than five minutes apart."""
        return self.clock_difference is not None and abs(self.clock_difference) > CLOCK_TOLERANCE


def _pem(certificate: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate) + b"-----END CERTIFICATE-----\n"


def make_request(order: StampOrder, random_bits: Callable[[int], int]) -> bytes:
    """Write the request for one authority, with a nonce of its own (`random_bits` is `secrets.randbits`)."""
    function = HASHES_BY_NAME.get(order.hash_name)
    digest = (function.compute(order.data) if function else None) or b""
    return serialize_request(digest, order.hash_name, make_nonce(random_bits(63)), order.policy)


def preview_requests(order: StampOrder, urls: Iterable[str], random_bits: Callable[[int], int]) -> tuple[Outgoing, ...]:
    """Decide what would leave this machine for each authority, and send nothing.

    Raises:
        NetworkError: an address cannot be used.
    """
    return tuple(tsa_client.prepare_request(url, make_request(order, random_bits)) for url in urls)


def ask_authorities(
    order: StampOrder,
    requests: Sequence[tuple[str, bytes]],
    grounds: Callable[[], Grounds],
    pause: Pause,
) -> tuple[StampOutcome, ...]:
    """Ask each authority with its request, one after the other; one that fails loses none of the others.

    `grounds` is called for each answer and holds the clock at that moment.
    """
    return tuple(_ask(order, url, request, grounds, pause) for url, request in requests)


def _ask(order: StampOrder, url: str, request: bytes, grounds: Callable[[], Grounds], pause: Pause) -> StampOutcome:
    try:
        response = tsa_client.fetch_response(url, request, pause=pause)
    except EvtoolError as error:
        return StampOutcome(url, request, problem=error.message, hint=error.hint)
    at = grounds()
    outcome = judge_response(order.data, url, request, response, at)
    return replace(outcome, clock_difference=_clock_difference(outcome.verdict, at))


def judge_response(data: bytes, url: str, request: bytes, response: bytes, grounds: Grounds) -> StampOutcome:
    """Check an answer against its request, also one that came on a stick from another machine.

    Only what passes may be stored: imprint, nonce, policy, signature and chain.
    """
    verdict = verify_token(response, data, replace(grounds, request=parse_request(request)))
    difference = _clock_difference(verdict, grounds)
    # An answer that was kept for a while is older than the clock, and says nothing about it.
    if difference is not None and difference < timedelta(0):
        difference = None
    if verdict.state is not TokenState.PASSED:
        return StampOutcome(url, request, b"", verdict, verdict.detail, _hint(verdict), difference)
    return StampOutcome(url, request, response, verdict, clock_difference=difference)


def _clock_difference(verdict: TokenVerdict | None, grounds: Grounds) -> timedelta | None:
    return verdict.claimed.gen_time - grounds.now if verdict and verdict.claimed else None


def _hint(verdict: TokenVerdict) -> str:
    match verdict.reason:
        case TokenReason.NO_PATH | TokenReason.PATH_WEAK:
            return "'evtool trust tsa add' trusts the root of an authority, after you have checked its fingerprint"
        case TokenReason.NONCE_MISMATCH | TokenReason.REQUEST_IMPRINT_MISMATCH:
            return "this answer belongs to another request; ask again"
        case TokenReason.IS_A_REQUEST:
            return "send that file to the authority, and import its answer"
        case TokenReason.NOT_GRANTED:
            return "ask without a policy, with another hash, or ask another authority"
        case _:
            return ""


class CalendarOutcome(Struct, frozen=True):
    """What came of asking one calendar; `problem` is "" where it answered."""

    url: str
    problem: str = ""
    hint: str = ""


def stamp_with_calendars(
    data: bytes, calendars: Iterable[str], salt: bytes, pause: Pause
) -> tuple[Proof | None, tuple[CalendarOutcome, ...]]:
    """Have calendars stamp data, each on its own; gives a pending proof unless all of them failed.

    `salt` is 16 random bytes; it keeps the calendars from comparing digests.
    """
    submission = Submission(hashlib.sha256(data).digest(), salt)
    replies: list[Timestamp] = []
    outcomes: list[CalendarOutcome] = []
    for calendar in calendars:
        try:
            reply = parse_reply(ots_client.submit(calendar, submission.commitment, pause=pause))
            build_proof(submission, [reply])
        except EvtoolError as error:
            outcomes.append(CalendarOutcome(calendar, error.message, error.hint))
            continue
        replies.append(reply)
        outcomes.append(CalendarOutcome(calendar))
    return (build_proof(submission, replies) if replies else None), tuple(outcomes)


class UpgradeOutcome(Struct, frozen=True):
    """What came of asking for the rest of one proof.

    Attributes:
        proof: the proof, grown or as it was.
        changed: it grew.
        complete: it names a Bitcoin block now.
        problems: calendars that could not be asked or answered wrongly.
    """

    proof: Proof
    changed: bool
    complete: bool
    problems: tuple[CalendarOutcome, ...]


def upgrade_proof(proof: Proof, calendars: Iterable[str], pause: Pause) -> UpgradeOutcome:
    """Ask every listed calendar that made a promise for the rest; a promise that stands still is no problem."""
    listed = tuple(calendars)
    grown, problems = proof, []
    for pending in find_pending(proof):
        try:
            reply = ots_client.fetch_upgrade(pending.uri, pending.commitment, listed, pause=pause)
            if reply is not None:
                grown = upgrade(grown, pending.commitment, parse_reply(reply))
        except OtsError as error:
            problems.append(CalendarOutcome(pending.uri, f"its answer is not a proof: {error.message}"))
        except EvtoolError as error:
            problems.append(CalendarOutcome(pending.uri, error.message, error.hint))
    return UpgradeOutcome(grown, grown != proof, is_complete(grown), tuple(problems))
