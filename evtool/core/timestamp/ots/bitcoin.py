"""Bitcoin block headers, as the user supplies them, and what can be checked of one without a network.

Checked are its proof of work, its links to neighbours that were supplied too, and that its work is of the size of the
real chain's. That it stands at this height of the best chain is the user's claim.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct, field

from evtool.core.errors import FormatError

HEADER_SIZE = 80
MINIMUM_WORK = 1 << 60
"""Expected hashes behind a header. Block 358391 of 2015 has 2**67; a header made up on one machine has 2**40 or so."""

MAX_JSON_BYTES = 16 << 20
_CLOCK_SLACK = timedelta(hours=2)
"""Nodes accept a header whose time is up to two hours ahead of their clocks."""


class BlockHeader(Struct, frozen=True):
    """One block header, 80 bytes."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != HEADER_SIZE:
            raise FormatError(
                "a block header has {size} bytes, this has {count}",
                key="header-size",
                count=len(self.raw),
                size=HEADER_SIZE,
            )

    @property
    def digest(self) -> bytes:
        """Give the double SHA-256, in the order it is computed."""
        return hashlib.sha256(hashlib.sha256(self.raw).digest()).digest()

    @property
    def block_hash(self) -> str:
        """Give the block hash as everybody writes it: hexadecimal, last byte first."""
        return self.digest[::-1].hex()

    @property
    def previous(self) -> bytes:
        """Give the digest of the header before."""
        return self.raw[4:36]

    @property
    def merkle_root(self) -> bytes:
        """Give the Merkle root, in the order a proof ends in."""
        return self.raw[36:68]

    @property
    def time(self) -> datetime:
        """Give the time the miner set; it may be some two hours off."""
        return datetime.fromtimestamp(int.from_bytes(self.raw[68:72], "little"), UTC)

    @property
    def day(self) -> date:
        """Give the day by whose end the block existed: no finer than the miner's clock allows."""
        return (self.time + _CLOCK_SLACK).date()

    @property
    def existed_by(self) -> datetime:
        """Give the end of that day."""
        return datetime.combine(self.day + timedelta(days=1), datetime.min.time(), UTC)

    @property
    def target(self) -> int:
        """Give the number that the hash must not exceed; 0 where the header encodes none."""
        bits = int.from_bytes(self.raw[72:76], "little")
        exponent, mantissa = bits >> 24, bits & 0x007FFFFF
        if bits & 0x00800000 or exponent > 32:
            return 0
        target = mantissa << 8 * (exponent - 3) if exponent >= 3 else mantissa >> 8 * (3 - exponent)
        return target if target < 1 << 256 else 0

    @property
    def work(self) -> int:
        """Give the expected number of hashes behind this header, 0 if its own hash does not meet its target."""
        if not self.target > 0 or int.from_bytes(self.digest, "little") > self.target:
            return 0
        return (1 << 256) // (self.target + 1)


class BlockHeaders(Struct, frozen=True):
    """The headers the user supplied.

    Attributes:
        start: height of the first header in `run`.
        run: headers of consecutive blocks, 80 bytes each; a copy of the whole chain has some 75 MB.
        single: further headers by height.
    """

    start: int = 0
    run: bytes = b""
    single: Mapping[int, bytes] = field(default_factory=dict)

    def find(self, height: int) -> BlockHeader | None:
        """Find the header of a height."""
        if height in self.single:
            return BlockHeader(self.single[height])
        offset = (height - self.start) * HEADER_SIZE
        if 0 <= offset < len(self.run):
            return BlockHeader(self.run[offset : offset + HEADER_SIZE])
        return None

    def are_linked(self, height: int) -> bool:
        """Tell whether a header fits the neighbours that were supplied."""
        before, here, after = (self.find(at) for at in (height - 1, height, height + 1))
        if here is None:
            return False
        return (before is None or here.previous == before.digest) and (after is None or after.previous == here.digest)


def parse_header_run(data: bytes, start: int) -> BlockHeaders:
    """Read consecutive 80-byte headers, the first of which has height `start`.

    Raises:
        FormatError: the length is no multiple of 80, or `start` is negative.
    """
    if start < 0 or not data or len(data) % HEADER_SIZE:
        raise FormatError(
            "{count} bytes are not block headers of {size} bytes each",
            hint="write them one behind the other, from the lowest height on, in binary",
            key="headers-size",
            count=len(data),
            size=HEADER_SIZE,
        )
    return BlockHeaders(start, data)


def parse_header_json(text: str) -> BlockHeaders:
    """Read headers from a JSON object of height to hexadecimal, as `bitcoin-cli getblockheader HASH false` prints them.

    Raises:
        FormatError: it is not such an object.
    """
    if len(text) > MAX_JSON_BYTES:
        raise FormatError(
            "a file of block headers has at most {limit} characters, this has {count}",
            key="headers-long",
            count=len(text),
            limit=MAX_JSON_BYTES,
        )
    try:
        table = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise FormatError("the block headers are not JSON, or name a height twice", key="headers-not-json") from error
    if not isinstance(table, dict) or not table:
        raise FormatError("the block headers are not a JSON object of height to header", key="headers-not-object")
    return BlockHeaders(single=dict(_parse_row(height, header) for height, header in table.items()))


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError
    return table


def _parse_row(height: str, header: object) -> tuple[int, bytes]:
    if not (height.isascii() and height.isdigit() and len(height) < 10) or not isinstance(header, str):
        raise FormatError("a row of the block headers is not a height with a header in hexadecimal", key="headers-row")
    try:
        raw = bytes.fromhex(header)
    except ValueError:
        raise FormatError(
            "the header at height {height} is not hexadecimal", key="headers-not-hex", height=height
        ) from None
    return int(height), BlockHeader(raw).raw
