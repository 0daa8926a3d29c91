"""The verification of an OpenTimestamps proof, offline, against block headers the user supplies."""

from __future__ import annotations

import hmac
from datetime import date, datetime
from enum import Enum

from msgspec import Struct

from evtool.core.text.names import shown
from evtool.core.timestamp.ots.bitcoin import MINIMUM_WORK, BlockHeader, BlockHeaders
from evtool.core.timestamp.ots.format import OtsTrailingBytesError, OtsVersionError, parse_proof
from evtool.core.timestamp.ots.proof import (
    WEAK,
    BitcoinAttestation,
    Leaf,
    OtsError,
    PendingAttestation,
    Proof,
    compute_digest,
    replay,
)
from evtool.core.timestamp.result import TokenState


class OtsReason(Enum):
    """Why a proof got its state; the value is the code that stands in JSON."""

    OK = "ok"
    MALFORMED = "malformed"
    TRAILING_BYTES = "trailing-bytes"
    UNKNOWN_VERSION = "unknown-version"
    DIGEST_MISMATCH = "digest-mismatch"
    HASH_UNSUPPORTED = "hash-unsupported"
    HASH_WEAK = "hash-weak"
    PENDING = "pending"
    NO_KNOWN_ATTESTATION = "no-known-attestation"
    HEADER_MISSING = "header-missing"
    HEADER_WITHOUT_WORK = "header-without-work"
    HEADER_WORK_TOO_SMALL = "header-work-too-small"
    HEADER_NOT_LINKED = "header-not-linked"
    MERKLE_ROOT_MISMATCH = "merkle-root-mismatch"


_DISPROVED = frozenset(
    {
        OtsReason.MALFORMED,
        OtsReason.TRAILING_BYTES,
        OtsReason.DIGEST_MISMATCH,
        OtsReason.MERKLE_ROOT_MISMATCH,
    }
)


class BlockFacts(Struct, frozen=True):
    """The block that carries the proof.

    Attributes:
        height: its height, as the proof claims and the user's headers confirm.
        block_hash: its hash, to be looked up by anybody in any copy of the chain.
        day: by the end of this day (UTC) the data existed; the miner's clock allows nothing finer.
        existed_by: that end.
    """

    height: int
    block_hash: str
    day: date
    existed_by: datetime


class OtsVerdict(Struct, frozen=True):
    """The answer to: does this proof show that this data existed by some day?

    Attributes:
        reason: the code that decided.
        detail: the same in words, safe to print; "" when the proof passed.
        block: the block, None unless the proof passed.
        pending: calendars whose promise is still open, safe to print.
    """

    reason: OtsReason
    detail: str = ""
    block: BlockFacts | None = None
    pending: tuple[str, ...] = ()

    @property
    def state(self) -> TokenState:
        """Give the three-valued answer; a promise is never a pass."""
        if self.reason is OtsReason.OK:
            return TokenState.PASSED
        return TokenState.FAILED if self.reason in _DISPROVED else TokenState.INDETERMINATE


def verify_proof(proof: bytes, data: bytes, headers: BlockHeaders, minimum_work: int = MINIMUM_WORK) -> OtsVerdict:
    """Judge whether a proof (`.ots`) shows that `data` existed by some day. Never raises for what they hold.

    `minimum_work` is the expected number of hashes that a header must have behind it.
    """
    try:
        # 1. One proof, nothing behind it.
        parsed = parse_proof(proof)
        # 2. It begins with the digest of this data.
        if verdict := _check_digest(parsed, data):
            return verdict
        # 3. Replayed, its operations lead to attestations.
        leaves = tuple(replay(parsed))
    except OtsTrailingBytesError as error:
        return OtsVerdict(OtsReason.TRAILING_BYTES, error.message)
    except OtsVersionError as error:
        return OtsVerdict(OtsReason.UNKNOWN_VERSION, error.message)
    except OtsError as error:
        return OtsVerdict(OtsReason.MALFORMED, error.message)
    pending = tuple(shown(leaf.attestation.uri) for leaf in leaves if isinstance(leaf.attestation, PendingAttestation))
    # 4. Each Bitcoin attestation is compared with the user's header; one that holds is enough.
    verdicts = [
        _check_block(leaf, leaf.attestation.height, headers, minimum_work)
        for leaf in leaves
        if isinstance(leaf.attestation, BitcoinAttestation)
    ]
    best = min(verdicts, key=_rank, default=None) or _explain_none(pending)
    return OtsVerdict(best.reason, best.detail, best.block, pending)


def _check_digest(proof: Proof, data: bytes) -> OtsVerdict | None:
    computed = compute_digest(proof.hash_kind, data)
    if computed is None:
        detail = f"this Python cannot compute {proof.hash_kind.name.lower()}, the hash of the file"
        return OtsVerdict(OtsReason.HASH_UNSUPPORTED, detail)
    if not hmac.compare_digest(computed, proof.digest):
        detail = f"the proof is for digest {proof.digest.hex()[:16]}..., the data has {computed.hex()[:16]}..."
        return OtsVerdict(OtsReason.DIGEST_MISMATCH, detail)
    if proof.hash_kind in WEAK:
        name = proof.hash_kind.name.lower()
        return OtsVerdict(
            OtsReason.HASH_WEAK, f"the proof is for the {name} of the data: other data with it could be made"
        )
    return None


def _rank(verdict: OtsVerdict) -> int:
    """Order verdicts on several blocks: a proven one first, then a disproved one, then the open ones."""
    order = [TokenState.PASSED, TokenState.FAILED, TokenState.INDETERMINATE]
    return order.index(verdict.state)


def _explain_none(pending: tuple[str, ...]) -> OtsVerdict:
    if pending:
        detail = f"promised by {', '.join(pending[:3])}, not yet in any block: upgrade the proof in a few hours"
        return OtsVerdict(OtsReason.PENDING, detail)
    return OtsVerdict(OtsReason.NO_KNOWN_ATTESTATION, "the proof has no attestation of a kind that evtool knows")


def _check_block(leaf: Leaf, height: int, headers: BlockHeaders, minimum_work: int) -> OtsVerdict:
    if leaf.message is None:
        return OtsVerdict(OtsReason.HASH_UNSUPPORTED, "an operation of the proof is not supported by this Python")
    header = headers.find(height)
    if header is None:
        return OtsVerdict(OtsReason.HEADER_MISSING, _missing(height))
    if problem := _check_header(header, height, headers, minimum_work):
        return problem
    if not hmac.compare_digest(leaf.message, header.merkle_root):
        detail = f"the proof does not lead to the header of block {height}, {header.block_hash[:24]}..."
        return OtsVerdict(OtsReason.MERKLE_ROOT_MISMATCH, detail)
    if leaf.weak:
        return OtsVerdict(OtsReason.HASH_WEAK, "a broken hash function stands between the data and the block")
    return OtsVerdict(OtsReason.OK, block=BlockFacts(height, header.block_hash, header.day, header.existed_by))


def _missing(height: int) -> str:
    return (
        f"the header of Bitcoin block {height} was not supplied; whoever runs a Bitcoin node has it: "
        f"bitcoin-cli getblockheader $(bitcoin-cli getblockhash {height}) false"
    )


def _check_header(header: BlockHeader, height: int, headers: BlockHeaders, minimum_work: int) -> OtsVerdict | None:
    if header.work == 0:
        return OtsVerdict(OtsReason.HEADER_WITHOUT_WORK, f"the header given for block {height} has no proof of work")
    if header.work < minimum_work:
        detail = (
            f"the header given for block {height} has work of 2^{header.work.bit_length() - 1}, "
            f"expected at least 2^{minimum_work.bit_length() - 1}: not of the real chain"
        )
        return OtsVerdict(OtsReason.HEADER_WORK_TOO_SMALL, detail)
    if not headers.are_linked(height):
        detail = f"the header given for block {height} does not follow on its neighbours"
        return OtsVerdict(OtsReason.HEADER_NOT_LINKED, detail)
    return None
