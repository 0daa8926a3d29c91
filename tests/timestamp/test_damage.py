"""Damage of every kind to a good token: no crash, and never another fact under a passing verdict."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.timestamp.result import TokenState
from evtool.core.timestamp.verify import verify_token
from tests.timestamp.mint import DATA
from tests.timestamp.test_vectors import ALL, judge

MINTED = next(vector for vector in ALL if vector.name == "good-minted")
GROUNDS = MINTED.grounds()
TRUTH = judge(MINTED)


def damage(response: bytes) -> bool:
    """Judge a damaged response; tells whether it passed, and checks that it then says the truth."""
    verdict = verify_token(response, DATA, GROUNDS)
    if verdict.state is TokenState.PASSED:
        assert verdict.proven == TRUTH.proven
        assert verdict.signer == TRUTH.signer
        assert verdict.anchor == TRUTH.anchor
        return True
    assert verdict.proven is None
    assert verdict.detail.isprintable()
    return False


def test_no_single_bit_changes_a_fact() -> None:
    """Only bits of unsigned parts may change without harm: there are few of them, and they carry no fact."""
    response = MINTED.response
    passed = 0
    for position in range(len(response) * 8):
        flipped = bytearray(response)
        flipped[position // 8] ^= 1 << position % 8
        passed += damage(bytes(flipped))
    assert 0 < passed < 100


def test_no_flipped_byte_changes_a_fact_of_a_stock_token() -> None:
    """The same on a token that `openssl ts -reply` made, with RSA: one bit of every byte."""
    stock = next(vector for vector in ALL if vector.name == "good-openssl-rsa")
    grounds, truth = stock.grounds(), judge(stock)
    assert truth.proven
    for position in range(len(stock.response)):
        flipped = bytearray(stock.response)
        flipped[position] ^= 1 << position % 8
        verdict = verify_token(bytes(flipped), DATA, grounds)
        assert verdict.proven in (None, truth.proven)


def test_no_cut_passes() -> None:
    assert not any(damage(MINTED.response[:length]) for length in range(len(MINTED.response)))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_other_damage_changes_a_fact(data: st.DataObject) -> None:
    """Bytes replaced, removed, inserted, doubled, at one to four places."""
    response = bytearray(MINTED.response)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(response)))
        end = data.draw(st.integers(start, min(start + 40, len(response))))
        piece = data.draw(st.sampled_from([b"", bytes(response[start:end]) * 2]) | st.binary(max_size=40))
        response[start:end] = piece
    damage(bytes(response))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_get_a_verdict(response: bytes) -> None:
    assert not damage(response)
