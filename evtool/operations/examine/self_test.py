"""Known answers of every primitive that a verdict rests on, asked for before a report is made.

A court asks whether the program worked properly on that day. The inputs and answers are published ones: FIPS 180-4 and
RFC 7693 ("abc"), the test vectors of BLAKE3's authors, RFC 8032 section 7.1 (test 2), and the tree of eight leaves
that RFC 6962's own implementation tests with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from blake3 import blake3

from evtool.core.errors import EvtoolError, InputError
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash
from evtool.core.ssh.ed25519 import check_point, verify
from evtool.core.text.canonical import serialize_canonical
from evtool.report.account import SelfTest

_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
_SHA512 = (
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)
_BLAKE2B = (
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
    "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
)
_BLAKE3 = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"
_KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
_SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
_LEAVES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def _refuses(message: bytes) -> bool:
    try:
        verify(check_point(_KEY, "key"), _SIGNATURE, message)
    except EvtoolError:
        return True
    return False


def _tree() -> bool:
    tree = TreeBuilder()
    for leaf in _LEAVES:
        tree.add_leaf(compute_leaf_hash(bytes.fromhex(leaf)))
    return tree.compute_root().hex() == _ROOT


TESTS: dict[str, Callable[[], bool]] = {
    "SHA-256": lambda: hashlib.sha256(b"abc").hexdigest() == _SHA256,
    "SHA-512": lambda: hashlib.sha512(b"abc").hexdigest() == _SHA512,
    "BLAKE2b": lambda: hashlib.blake2b(b"abc").hexdigest() == _BLAKE2B,
    "BLAKE3": lambda: blake3(b"abc").hexdigest() == _BLAKE3,
    "Ed25519, good signature": lambda: not _refuses(b"\x72"),
    "Ed25519, bad signature": lambda: _refuses(b"\x73"),
    "Merkle tree": _tree,
    "canonical JSON": lambda: serialize_canonical({"b": 1, "a": "각"}) == '{"a":"각","b":1}'.encode(),
}
"""Name -> whether the known answer came."""


def run_self_test() -> tuple[SelfTest, ...]:
    """Ask every primitive for its known answer.

    Raises:
        InputError: one gave another answer, so nothing that this program says can be relied on.
    """
    tests = tuple(SelfTest(name=name, ok=test()) for name, test in TESTS.items())
    failed = [test.name for test in tests if not test.ok]
    if failed:
        raise InputError(
            "the self-test failed: {names}; no report was made",
            hint="install evtool again, or use another machine",
            key="self-test",
            names=", ".join(failed),
        )
    return tests
