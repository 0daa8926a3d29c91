"""Makes the OpenTimestamps vectors anew, always the same: python tests/vectors/ots/make_ots_vectors.py [FOLDER]."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[3]), str(Path(__file__).parents[2])]

from evtool.core.timestamp.ots.bitcoin import MINIMUM_WORK  # noqa: E402
from evtool.core.timestamp.ots.format import MAGIC, serialize_proof  # noqa: E402
from evtool.core.timestamp.ots.proof import (  # noqa: E402  # the folders above are on the path only now
    BitcoinAttestation,
    Branch,
    Operation,
    OperationKind,
    PendingAttestation,
    Proof,
    Timestamp,
    UnknownAttestation,
)
from tests.timestamp.fake_chain import mine_chain  # noqa: E402

DATA = b"-----BEGIN SSH SIGNATURE-----\nwhat was stamped\n-----END SSH SIGNATURE-----\n"
SALT = bytes(range(16))
HEIGHT = 800_000
CALENDAR = "https://calendar.example"

# The only transaction of block 0 of Bitcoin, and the block's header: known to everybody who has a copy of the chain.
GENESIS = bytes.fromhex(
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d"
    "65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f7220"
    "62616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f"
    "4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
)
GENESIS_HEADER = (
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3"
    "888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)

# What leads from the text "Hello World!" to block 358391: a transaction, its place among the others, and the header.
HELLO = (
    "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e89294010803ba204e50d126e4674c005e04d82e84c21366780a"
    "f1f43bd54a37816b6ab34003f1c8010100000001e482f9d32ecc3ba657b69d898010857b54457a90497982ff56f97c4ec58e6f980100"
    "00006b483045022100b253add1d1cf90844338a475a04ff13fc9e7bd242b07762dea07f5608b2de367022000b268ca9c3342b3769cdd"
    "062891317cdcef87aac310b6855e9d93898ebbe8ec0121020d8e4d107d2b339b0050efdd4b4a09245aa056048f125396374ea6a2ab07"
    "09c6ffffffff026533e605000000001976a9140bf057d40fbba6744862515f5b55a2310de5772f88aca0860100000000001976a914f0"
    "0688ac000000000808f120a987f716c533913c314c78e35d35884cac943fa42cac49d2b2c69f4003f85f880808f120dec55b3487e1e3"
    "f722a49b55a7783215862785f4a3acb392846019f71dc64a9d0808f120b2ca18f485e080478e025dab3d464b416c0e1ecb6629c9aefc"
    "e8c8214d0424320808f02011b0e90661196ff4b0813c3eda141bab5e91604837bdf7a0c9df37db0e3a11980808f020c34bc1a4a1093f"
    "fd148c016b1e664742914e939efabe4d3d356515914b26d9e20808f020c3e6e7c38c69f6af24c2be34ebac48257ede61ec0a21b9535e"
    "4443277be306460808f1200798bf8606e00024e5d5d54bf0c960f629dfb9dad69157455b6f2652c0e8de810808f0203f9ada6d60baa2"
    "44006bb0aad51448ad2fafb9d4b6487a0999cff26b91f0f5360808f120c703019e959a8dd3faef7489bb328ba485574758e7091f0146"
    "4eb65872c975c80808f020cbfefff513ff84b915e3fed6f9d799676630f8364ea2a6c7557fad94a5b5d7880808f1200be23709859913"
    "babd4460bbddf8ed213e7c8773a4b1face30f8acfdf093b7050808000588960d73d7190103f7ef15"
)
HELLO_HEADER = (
    "02000000b96394585a281b7e5f438fd1c9ed492645a1fd61cb3802040000000000000000007ee445d23ad061af4a36b809501fab1ac4f2d7"
    "e7a739817dd0cbb7ec661b8a1e376755f58616186272def6"
)

SHA256 = Operation(OperationKind.SHA256)
DIGEST = hashlib.sha256(DATA).digest()
COMMITMENT = hashlib.sha256(DIGEST + SALT).digest()
SIBLING = hashlib.sha256(b"another one's commitment").digest()
ROOT = hashlib.sha256(COMMITMENT + SIBLING).digest()
CHAIN = mine_chain([SIBLING, ROOT, SIBLING])
HEADERS = {str(HEIGHT - 1 + i): header.raw.hex() for i, header in enumerate(CHAIN)}


def salted(*members: Any) -> Timestamp:
    inner = Timestamp((Branch(SHA256, Timestamp(members)),))
    return Timestamp((Branch(Operation(OperationKind.APPEND, SALT), inner),))


def to_block(height: int = HEIGHT) -> Branch:
    end = Timestamp((BitcoinAttestation(height),))
    return Branch(Operation(OperationKind.APPEND, SIBLING), Timestamp((Branch(SHA256, end),)))


def proof(*members: Any, digest: bytes = DIGEST) -> bytes:
    return serialize_proof(Proof(OperationKind.SHA256, digest, salted(*members)))


GOOD = proof(to_block())


def vector(expect: str, name: str, reason: str, comment: str, ots: bytes, **more: Any) -> dict[str, Any]:
    fields = {"data": DATA.hex(), "headers": HEADERS, "minimum_work": 1, **more}
    return {"name": f"{name}", "expect": expect, "reason": reason, "comment": comment, "proof": ots.hex(), **fields}


def good() -> Iterator[dict[str, Any]]:
    genesis = serialize_proof(
        Proof(
            OperationKind.SHA256,
            hashlib.sha256(GENESIS).digest(),
            Timestamp((Branch(SHA256, Timestamp((BitcoinAttestation(0),))),)),
        )
    )
    yield vector(
        "passed",
        "good-block-0",
        "ok",
        "The real block 0: its only transaction, hashed twice, is its Merkle root.",
        genesis,
        data=GENESIS.hex(),
        headers={"0": GENESIS_HEADER},
        minimum_work=1 << 31,
        day="2009-01-03",
    )
    yield vector(
        "passed",
        "good-block-358391",
        "ok",
        "The real block 358391, with its real work, and the proof of OpenTimestamps' own first example.",
        bytes.fromhex(HELLO),
        data=b"Hello World!\n".hex(),
        headers={"358391": HELLO_HEADER},
        minimum_work=MINIMUM_WORK,
        day="2015-05-28",
    )
    yield vector(
        "passed",
        "good-made-up-chain",
        "ok",
        "A salted digest, one sibling, one block of a chain made up for tests.",
        GOOD,
        day="2025-03-01",
    )
    yield vector(
        "passed",
        "good-and-pending",
        "ok",
        "One calendar has kept its promise, another one not yet.",
        proof(PendingAttestation(CALENDAR), to_block()),
        day="2025-03-01",
        pending=[CALENDAR],
    )
    unknown = UnknownAttestation(b"\x01" * 8, b"of a later time")
    yield vector(
        "passed",
        "good-and-unknown",
        "ok",
        "An attestation of an unknown kind stands beside a good one.",
        proof(unknown, to_block()),
        day="2025-03-01",
    )
    wrong = Branch(Operation(OperationKind.APPEND, b"x"), Timestamp((BitcoinAttestation(HEIGHT + 1),)))
    yield vector(
        "passed",
        "good-and-wrong",
        "ok",
        "One branch leads nowhere, another one to the block.",
        proof(wrong, to_block()),
        day="2025-03-01",
    )


def undecided() -> Iterator[dict[str, Any]]:
    yield vector(
        "indeterminate",
        "open-pending",
        "pending",
        "Only promised: never verified.",
        proof(PendingAttestation(CALENDAR)),
        pending=[CALENDAR],
    )
    yield vector(
        "indeterminate",
        "open-unknown",
        "no-known-attestation",
        "Only an attestation of an unknown kind.",
        proof(UnknownAttestation(b"\x01" * 8, b"")),
    )
    yield vector(
        "indeterminate",
        "open-no-header",
        "header-missing",
        "The user has no header of that height.",
        proof(to_block(HEIGHT + 9)),
    )
    yield vector(
        "indeterminate",
        "open-no-work",
        "header-without-work",
        "The header's hash does not meet its own target.",
        GOOD,
        headers={str(HEIGHT): _without_work()},
    )
    yield vector(
        "indeterminate",
        "open-little-work",
        "header-work-too-small",
        "The header was made up on one machine.",
        GOOD,
        minimum_work=1 << 60,
    )
    yield vector(
        "indeterminate",
        "open-not-linked",
        "header-not-linked",
        "The header does not follow on the one before it.",
        GOOD,
        headers={**HEADERS, str(HEIGHT - 1): HEADERS[str(HEIGHT + 1)]},
    )
    keccak = Branch(Operation(OperationKind.KECCAK256), Timestamp((BitcoinAttestation(HEIGHT),)))
    yield vector(
        "indeterminate",
        "open-keccak",
        "hash-unsupported",
        "A hash function that no Python brings along.",
        proof(keccak),
    )
    sha1 = Proof(OperationKind.SHA1, hashlib.sha1(DATA).digest(), Timestamp((BitcoinAttestation(HEIGHT),)))
    yield vector(
        "indeterminate", "open-sha1-file", "hash-weak", "The file is named by its SHA-1.", serialize_proof(sha1)
    )
    yield vector(
        "indeterminate",
        "open-version",
        "unknown-version",
        "A proof of version 2.",
        MAGIC + b"\x02" + GOOD[len(MAGIC) + 1 :],
    )


def _without_work() -> str:
    raw = bytearray(CHAIN[1].raw)
    raw[72:76] = (0x1D00FFFF).to_bytes(4, "little")
    return raw.hex()


def bad() -> Iterator[dict[str, Any]]:
    head = MAGIC + b"\x01\x08" + DIGEST
    deep = head + b"\x08" * 256 + b"\x00" + bytes.fromhex("0588960d73d71901") + b"\x01\x05"
    cases = {
        "empty": (b"", "An empty file is no proof."),
        "magic": (b"\x01" + GOOD[1:], "The first byte is wrong."),
        "truncated": (GOOD[:-1], "The last byte is missing."),
        "file-hash": (MAGIC + b"\x01\xf0" + DIGEST, "The file's hash is no hash function."),
        "operation": (head + b"\x09", "An operation that does not exist."),
        "empty-append": (
            head + b"\xf0\x00",
            "Nothing is appended, which would be a second spelling of the same proof.",
        ),
        "long-append": (head + b"\xf0\x81\x20" + b"x" * 4097, "More is appended than a message may have."),
        "padded-number": (head + b"\xf0\x81\x00x", "A number has a padding byte."),
        "endless-number": (head + b"\xf0" + b"\xff" * 20, "A number without end."),
        "deep": (deep, "256 operations in a row, one more than is read."),
        "wide": (head + b"\xff\x08" * 5000, "Branches without end."),
        "payload": (
            head + b"\x00" + bytes.fromhex("0588960d73d71901") + b"\x02\x05\x06",
            "More than a height in a Bitcoin attestation.",
        ),
        "uri": (
            head + b"\x00" + bytes.fromhex("83dfe30d2ef90c8e") + b"\x05\x04\x1b[2J",
            "A calendar address with a terminal's commands.",
        ),
        "doubling": (
            head + b"\xf3" * 8 + b"\x00" + b"\x01" * 8 + b"\x00",
            "A message that doubles until it is too long.",
        ),
    }
    for name, (ots, comment) in cases.items():
        yield vector("failed", f"bad-{name}", "malformed", comment, ots)
    yield vector("failed", "bad-trailing", "trailing-bytes", "A byte follows the proof.", GOOD + b"\x00")
    yield vector("failed", "bad-digest", "digest-mismatch", "The proof is for other data.", GOOD, data=b"other".hex())
    yield vector(
        "failed",
        "bad-root",
        "merkle-root-mismatch",
        "The operations do not lead to the block's Merkle root.",
        proof(to_block(HEIGHT + 1)),
    )


def _toml(value: object) -> str:
    match value:
        case dict():
            return "{ " + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + " }"
        case list():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
        case str():
            return f'"{value}"'
        case _:
            return str(value)


def make_vectors(folder: Path) -> int:
    """Write every vector into a folder, in place of those there."""
    for old in folder.glob("*.toml"):
        old.unlink()
    made = [*good(), *undecided(), *bad()]
    for fields in made:
        name = fields.pop("name")
        (folder / f"{name}.toml").write_text("".join(f"{k} = {_toml(v)}\n" for k, v in fields.items()), "utf-8")
    return len(made)


if __name__ == "__main__":
    print(make_vectors(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent), "vectors made")
