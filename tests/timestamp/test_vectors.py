"""Every vector is judged as its file says, by evtool and by openssl; the folder is the list."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from evtool.core.timestamp.result import TokenVerdict
from evtool.core.timestamp.verify import verify_token
from tests.timestamp.vector import VECTORS, Vector, ask_openssl, load_vectors, openssl_version

ALL = load_vectors()
GOOD = [vector for vector in ALL if vector.expect == "passed"]


def judge(vector: Vector, directory: Path = VECTORS) -> TokenVerdict:
    return verify_token(vector.full_response, vector.data, vector.grounds(directory))


def told(verdict: TokenVerdict) -> dict[str, object]:
    """Spell the facts of a verdict as the vectors do."""
    facts = verdict.claimed
    assert facts
    accuracy = facts.accuracy
    return {
        "gen_time": facts.gen_time_text,
        "accuracy": str(Decimal(repr(accuracy.span.total_seconds())).normalize()) if accuracy else "unknown",
        "ordering": facts.ordering,
        "policy": facts.policy,
        "serial": facts.serial,
        "nonce": facts.nonce,
        "imprint_hash": facts.imprint_hash,
        "tsa_name": facts.tsa_name,
        "qualified": facts.qualified,
        "signer": verdict.signer.certificate.name if verdict.signer else "",
    }


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_a_vector_is_judged_as_its_file_says(vector: Vector) -> None:
    verdict = judge(vector)

    assert (verdict.state.value, verdict.reason.value) == (vector.expect, vector.reason), verdict.remarks
    assert {caution.value for caution, _ in verdict.cautions} >= set(vector.cautions)
    assert (verdict.proven is not None) == (vector.expect == "passed")
    for name, value in vector.facts.items():
        assert told(verdict)[name] == value
    texts = [remark.detail for remark in verdict.remarks] + [detail for _, detail in verdict.cautions]
    assert all(text and text.isprintable() for text in texts)


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
def test_openssl_agrees_or_the_vector_says_why_not(vector: Vector) -> None:
    agrees = (vector.openssl == "accepts") == (vector.expect == "passed")
    assert agrees != bool(vector.openssl_differs)
    if not agrees and not openssl_version().startswith("3.0."):
        pytest.skip("the reasons for disagreeing are about OpenSSL 3.0")

    assert ask_openssl(vector) == (vector.openssl == "accepts")


def test_most_vectors_must_not_pass_and_all_fit_in_the_repository() -> None:
    assert len(ALL) >= 60
    assert len(GOOD) * 2 < len(ALL)
    assert sum(path.stat().st_size for path in VECTORS.rglob("*")) < 1_500_000


def test_every_vector_says_in_one_sentence_why() -> None:
    comments = [vector.comment for vector in ALL]
    assert all(comment.endswith(".") and len(comment) > 15 for comment in comments)
    assert len(set(comments)) == len(comments)


def test_the_script_still_makes_all_vectors_with_the_same_verdicts(tmp_path: Path) -> None:
    """Fresh keys, other bytes, the same scenarios: each new file is judged as the old one."""
    subprocess.run([sys.executable, VECTORS / "make_vectors.py", tmp_path], check=True, capture_output=True)
    made = load_vectors(tmp_path)

    assert [vector.name for vector in made] == [vector.name for vector in ALL]
    for vector in made:
        verdict = judge(vector, tmp_path)
        assert (verdict.state.value, verdict.reason.value) == (vector.expect, vector.reason), vector.name
