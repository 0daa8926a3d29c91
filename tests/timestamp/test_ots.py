"""OpenTimestamps proofs: every vector, every byte string, merging and upgrading."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.timestamp.ots.bitcoin import (
    MINIMUM_WORK,
    BlockHeader,
    BlockHeaders,
    parse_header_json,
    parse_header_run,
)
from evtool.core.timestamp.ots.format import parse_proof, parse_reply, serialize_proof, serialize_timestamp
from evtool.core.timestamp.ots.proof import (
    Attestation,
    BitcoinAttestation,
    Branch,
    Operation,
    OperationKind,
    OtsError,
    PendingAttestation,
    Proof,
    Timestamp,
    UnknownAttestation,
    replay,
)
from evtool.core.timestamp.ots.stamp import (
    Submission,
    build_proof,
    find_pending,
    is_complete,
    is_listed,
    merge,
    upgrade,
)
from evtool.core.timestamp.ots.verify import verify_proof
from tests.timestamp.fake_chain import mine_chain

VECTORS = Path(__file__).parents[1] / "vectors" / "ots"
ALL = {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(VECTORS.glob("*.toml"))}

BLOCK_358391 = bytes.fromhex(
    "02000000b96394585a281b7e5f438fd1c9ed492645a1fd61cb3802040000000000000000"
    "007ee445d23ad061af4a36b809501fab1ac4f2d7e7a739817dd0cbb7ec661b8a1e376755f58616186272def6"
)


@pytest.mark.parametrize("name", ALL)
def test_a_vector_is_judged_as_its_file_says(name: str) -> None:
    vector: dict[str, Any] = ALL[name]
    headers = parse_header_json(json.dumps(vector["headers"]))

    verdict = verify_proof(
        bytes.fromhex(vector["proof"]), bytes.fromhex(vector["data"]), headers, vector["minimum_work"]
    )

    assert (verdict.state.value, verdict.reason.value) == (vector["expect"], vector["reason"]), verdict
    assert list(verdict.pending) == vector.get("pending", [])
    assert (str(verdict.block.day) if verdict.block else None) == vector.get("day")
    assert verdict.detail.isprintable()


@pytest.mark.parametrize("name", [name for name in ALL if not name.startswith("bad-") and name != "open-version"])
def test_a_proof_that_is_read_is_written_to_the_same_bytes(name: str) -> None:
    proof = bytes.fromhex(ALL[name]["proof"])
    assert serialize_proof(parse_proof(proof)) == proof


def test_the_script_still_makes_the_same_vectors(tmp_path: Path) -> None:
    subprocess.run([sys.executable, VECTORS / "make_ots_vectors.py", tmp_path], check=True, capture_output=True)
    assert {path.stem: tomllib.loads(path.read_text("utf-8")) for path in tmp_path.glob("*.toml")} == ALL


def test_the_header_of_a_real_block_has_its_hash_its_work_and_its_day() -> None:
    """Block 358391 of 2015; every copy of the chain has it."""
    header = BlockHeader(BLOCK_358391)

    assert header.block_hash == "000000000000000003e892881a8cdcdc117c06d444057c98b6f04a9ee75a2319"
    assert header.work > MINIMUM_WORK
    assert header.work.bit_length() - 1 == 67
    assert header.time.isoformat() == "2015-05-28T15:41:18+00:00"
    assert header.day == date(2015, 5, 28)


def test_a_flipped_bit_in_a_real_header_leaves_it_without_work() -> None:
    for position in range(80 * 8):
        raw = bytearray(BLOCK_358391)
        raw[position // 8] ^= 1 << position % 8
        # The easiest target that one flipped bit can make is still below the minimum.
        assert BlockHeader(bytes(raw)).work < MINIMUM_WORK


def test_a_block_late_in_the_evening_is_reported_for_the_next_day() -> None:
    """The miner's clock may be two hours off, so a finer claim would claim too much."""
    (header,) = mine_chain([bytes(32)], time=1_740_871_800)  # 2025-03-01 23:30:00
    assert header.day == date(2025, 3, 2)


def test_headers_in_one_run_are_found_by_height() -> None:
    chain = mine_chain([bytes([i]) * 32 for i in range(5)])
    headers = parse_header_run(b"".join(header.raw for header in chain), 100)

    assert headers.find(102) == chain[2]
    assert headers.find(99) is None
    assert headers.find(105) is None
    assert headers.are_linked(102)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"1": "00"}', '{"x": "00"}', '{"1": 5}', '{"1": "zz"}', "[" * 100_000]
)
def test_other_files_are_no_block_headers(text: str) -> None:
    with pytest.raises(FormatError):
        parse_header_json(text)


def test_a_height_given_twice_is_refused() -> None:
    header = BLOCK_358391.hex()
    with pytest.raises(FormatError):
        parse_header_json(f'{{"358391": "{header}", "358391": "{header}"}}')


@pytest.mark.parametrize(("data", "start"), [(b"", 0), (bytes(79), 0), (bytes(80), -1)])
def test_other_lengths_are_no_run_of_headers(data: bytes, start: int) -> None:
    with pytest.raises(FormatError):
        parse_header_run(data, start)


def operations() -> st.SearchStrategy[Operation]:
    plain = st.sampled_from([OperationKind.SHA256, OperationKind.SHA1, OperationKind.REVERSE])
    with_bytes = st.sampled_from([OperationKind.APPEND, OperationKind.PREPEND])
    return st.builds(Operation, plain) | st.builds(Operation, with_bytes, st.binary(min_size=1, max_size=40))


def attestations() -> st.SearchStrategy[Attestation]:
    address = st.text("abcxyz0189./:-_", max_size=30).map(lambda text: f"https://{text}")
    tags = st.binary(min_size=8, max_size=8).filter(lambda tag: tag[0] not in (0x05, 0x83))
    return (
        st.builds(BitcoinAttestation, st.integers(0, 2**32))
        | st.builds(PendingAttestation, address)
        | st.builds(UnknownAttestation, tags, st.binary(max_size=50))
    )


def timestamps() -> st.SearchStrategy[Timestamp]:
    leaf = st.builds(Timestamp, st.lists(attestations(), min_size=1, max_size=3).map(tuple))
    return st.recursive(
        leaf,
        lambda inner: st.builds(
            Timestamp,
            st.lists(st.builds(Branch, operations(), inner) | attestations(), min_size=1, max_size=3).map(tuple),
        ),
        max_leaves=12,
    )


def proofs() -> st.SearchStrategy[Proof]:
    return st.builds(Proof, st.just(OperationKind.SHA256), st.binary(min_size=32, max_size=32), timestamps())


@settings(max_examples=150, deadline=None)
@given(proofs())
def test_what_is_written_is_read_back(proof: Proof) -> None:
    assert parse_proof(serialize_proof(proof)) == proof


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200) | proofs().flatmap(lambda p: st.binary(max_size=8).map(lambda x: serialize_proof(p) + x))
)
def test_any_bytes_get_a_verdict(data: bytes) -> None:
    verdict = verify_proof(data, b"data", BlockHeaders())
    assert verdict.block is None


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_damage_never_moves_a_proof_to_another_block(data: st.DataObject) -> None:
    vector: dict[str, Any] = ALL["good-made-up-chain"]
    headers = parse_header_json(json.dumps(vector["headers"]))
    proof = bytearray.fromhex(vector["proof"])
    for _ in range(data.draw(st.integers(1, 3))):
        proof[data.draw(st.integers(0, len(proof) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    verdict = verify_proof(bytes(proof), bytes.fromhex(vector["data"]), headers, 1)
    assert verdict.block is None or verdict.block.height == 800_000


@settings(max_examples=100, deadline=None)
@given(st.lists(timestamps(), min_size=1, max_size=3))
def test_merging_loses_nothing_and_does_not_depend_on_the_order(parts: list[Timestamp]) -> None:
    merged = merge(parts)

    assert merge(reversed(parts)) == merged
    assert merge([merged, *parts]) == merged
    leaves = {leaf.attestation for part in parts for leaf in replay(_over(part))}
    assert {leaf.attestation for leaf in replay(_over(merged))} == leaves


def _over(timestamp: Timestamp) -> Proof:
    return Proof(OperationKind.SHA256, bytes(32), timestamp)


def test_a_promise_is_upgraded_and_the_old_proof_is_part_of_the_new_one() -> None:
    submission = Submission(bytes(range(32)), bytes(16))
    promises = [Timestamp((PendingAttestation(f"https://{name}.example"),)) for name in ("one", "two")]
    proof = build_proof(submission, promises)
    assert [p.uri for p in find_pending(proof)] == ["https://one.example", "https://two.example"]
    assert {p.commitment for p in find_pending(proof)} == {submission.commitment}
    assert not is_complete(proof)

    more = Timestamp((Branch(Operation(OperationKind.SHA256), Timestamp((BitcoinAttestation(7),))),))
    grown = upgrade(proof, submission.commitment, parse_reply(serialize_timestamp(more)))

    assert is_complete(grown)
    assert set(find_pending(grown)) == set(find_pending(proof))
    assert parse_proof(serialize_proof(grown)) == grown


def test_an_answer_to_another_commitment_is_refused() -> None:
    proof = build_proof(Submission(bytes(32), bytes(16)), [Timestamp((PendingAttestation("https://one.example"),))])
    with pytest.raises(OtsError, match="another commitment"):
        upgrade(proof, bytes(32 - 1) + b"\x01", Timestamp((BitcoinAttestation(7),)))


def test_growing_past_the_depth_that_is_read_is_refused() -> None:
    proof = build_proof(Submission(bytes(32), bytes(16)), [Timestamp((PendingAttestation("https://one.example"),))])
    tower = Timestamp((BitcoinAttestation(7),))
    for _ in range(255):
        tower = Timestamp((Branch(Operation(OperationKind.SHA256), tower),))
    with pytest.raises(OtsError, match="deeper"):
        upgrade(proof, find_pending(proof)[0].commitment, tower)


@pytest.mark.parametrize(
    ("uri", "listed"),
    [
        ("https://one.example", True),
        ("https://one.example/", True),
        ("http://one.example", False),
        ("https://one.example.evil.example", False),
        ("https://one.example/other", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_listed_calendars_are_asked(uri: str, listed: bool) -> None:
    assert is_listed(uri, ["https://one.example/", "file:///etc/passwd", ""]) is listed
