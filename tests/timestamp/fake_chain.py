"""A Bitcoin chain made up on the spot: proof of work at the easiest setting there is, found in microseconds."""

from __future__ import annotations

import hashlib

from evtool.core.timestamp.ots.bitcoin import BlockHeader

EASIEST = 0x207FFFFF
"""The target of regression test networks; a header of it has work of 2, the real chain's minimum here is 2**60."""


def mine(previous: bytes, merkle_root: bytes, time: int) -> BlockHeader:
    """Find a nonce for a header."""
    for nonce in range(1 << 16):
        head = (1).to_bytes(4, "little") + previous + merkle_root
        tail = time.to_bytes(4, "little") + EASIEST.to_bytes(4, "little") + nonce.to_bytes(4, "little")
        header = BlockHeader(head + tail)
        if header.work:
            return header
    raise AssertionError("no nonce fits, which has a chance of one in 2**65536")


def mine_chain(merkle_roots: list[bytes], time: int = 1_740_830_400) -> list[BlockHeader]:
    """Make linked headers, ten minutes apart."""
    headers: list[BlockHeader] = []
    for index, root in enumerate(merkle_roots):
        previous = headers[-1].digest if headers else bytes(32)
        headers.append(mine(previous, root, time + 600 * index))
    return headers


def double_hash(data: bytes) -> bytes:
    """Compute Bitcoin's double SHA-256."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()
