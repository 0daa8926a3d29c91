"""A decoder written by others, asn1crypto, reads the same facts from every token that passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asn1crypto import cms, tsp  # type: ignore[import-untyped]

from evtool.core.timestamp.result import Accuracy, TokenFacts
from evtool.core.timestamp.verify import verify_token
from tests.timestamp.test_vectors import GOOD
from tests.timestamp.vector import Vector

_NAMES = {"sha512_224": "sha512-224", "sha512_256": "sha512-256", "sha3_256": "sha3-256"}


def decode(vector: Vector) -> Any:
    """Let asn1crypto find the TSTInfo."""
    if vector.name == "good-bare-token":
        token = cms.ContentInfo.load(vector.response, strict=True)
    else:
        token = tsp.TimeStampResp.load(vector.response, strict=True)["time_stamp_token"]
    content = token["content"]["encap_content_info"]["content"]
    return tsp.TSTInfo.load(content.contents if content.parsed is None else content.parsed.dump(), strict=True)


def decoded_accuracy(info: Any) -> timedelta | None:
    accuracy = info["accuracy"].native
    if accuracy is None:
        return None
    return timedelta(
        seconds=accuracy["seconds"] or 0, milliseconds=accuracy["millis"] or 0, microseconds=accuracy["micros"] or 0
    )


@pytest.mark.parametrize("vector", GOOD, ids=lambda vector: vector.name)
def test_asn1crypto_reads_the_same_facts(vector: Vector) -> None:
    facts = verify_token(vector.response, vector.data, vector.grounds()).proven
    info = decode(vector)

    assert facts
    assert info["version"].native == "v1"
    assert info["gen_time"].native.replace(microsecond=0) == facts.gen_time.replace(microsecond=0)
    assert info["gen_time"].contents.decode() == compact(facts)
    assert decoded_accuracy(info) == (facts.accuracy.span if facts.accuracy else None)
    assert info["ordering"].native == facts.ordering
    assert info["policy"].native == facts.policy
    assert f"{info['serial_number'].native:x}" == facts.serial
    assert info["nonce"].native == (int(facts.nonce, 16) if facts.nonce else None)
    imprint = info["message_imprint"].native
    name = imprint["hash_algorithm"]["algorithm"]
    assert (_NAMES.get(name, name), imprint["hashed_message"].hex()) == (facts.imprint_hash, facts.imprint)
    assert bool(info["tsa"].native) == bool(facts.tsa_name)


def compact(facts: TokenFacts) -> str:
    """Spell a time as GeneralizedTime again."""
    return facts.gen_time_text.translate(str.maketrans("", "", "-:T"))


def test_an_accuracy_adds_up() -> None:
    assert Accuracy(1, 500, 250).span == timedelta(seconds=1, milliseconds=500, microseconds=250)
