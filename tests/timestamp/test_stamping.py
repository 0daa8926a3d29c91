"""Stories of getting a time-stamp: from real authorities, over the network and across an air gap."""

from __future__ import annotations

import json
import secrets
import subprocess
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from evtool.core.errors import FormatError
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.ots.bitcoin import BlockHeaders
from evtool.core.timestamp.ots.format import parse_proof, serialize_proof
from evtool.core.timestamp.ots.stamp import is_complete
from evtool.core.timestamp.ots.verify import OtsReason, verify_proof
from evtool.core.timestamp.repeat import RepeatFiles, compute_repeat
from evtool.core.timestamp.request import parse_request
from evtool.core.timestamp.result import TokenReason, TokenState
from evtool.core.timestamp.x509.certificates import parse_certificate_file
from evtool.core.values import replace
from evtool.operations.timestamps.asking import (
    StampOrder,
    StampOutcome,
    ask_authorities,
    judge_response,
    make_request,
    preview_requests,
    stamp_with_calendars,
    upgrade_proof,
)
from evtool.report.json_value import to_json
from evtool.report.time_document import AskedServer
from tests.timestamp.openssl_authority import OTHER_POLICY, AuthorityServer, OpensslAuthority
from tests.timestamp.servers import Calendar, ScriptedServer, answer, closed_port

DATA = b"the bytes of 0001-sealed.toml.sig"
ORDER = StampOrder(DATA)
MANIFESTS = Path(__file__).parents[2] / "manifests"


def no_pause(_seconds: float) -> None:
    pytest.fail("nothing here should have to wait")


def ask(order: StampOrder, grounds: Grounds, *urls: str):  # type: ignore[no-untyped-def]
    requests = [(url, make_request(order, secrets.randbits)) for url in urls]
    return ask_authorities(order, requests, lambda: grounds, no_pause)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "pss"])
def test_an_authority_stamps_and_the_printed_commands_confirm_it(
    kind: str, authorities: dict[str, OpensslAuthority], grounds: Grounds, tmp_path: Path
) -> None:
    with AuthorityServer(authorities[kind]) as server:
        (outcome,) = ask(ORDER, grounds, server.url)

    assert outcome.ok, outcome.problem
    assert server.received == [outcome.request]
    assert outcome.verdict
    assert outcome.verdict.proven
    assert outcome.verdict.anchor
    assert outcome.verdict.anchor.name == f"Loopback {kind}"
    assert not outcome.is_clock_off
    names = [certificate.facts.name for certificate in parse_certificate_file(outcome.chain_pem)[0]]
    assert [name.split()[-1] for name in names] == ["signer", "intermediate", "root"]

    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "a.tsr").write_bytes(outcome.response)
    (tmp_path / "roots.pem").write_bytes(authorities[kind].root_pem)
    (tmp_path / "chain.pem").write_bytes(outcome.chain_pem)
    for line in compute_repeat(outcome.verdict, RepeatFiles("data", "a.tsr", chain="chain.pem")).lines:
        subprocess.run(["sh", "-c", line], cwd=tmp_path, check=True, capture_output=True)


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512"])
def test_the_imprint_may_be_any_common_hash(
    hash_name: str, authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    with AuthorityServer(authorities["ecdsa"]) as server:
        (outcome,) = ask(StampOrder(DATA, hash_name, OTHER_POLICY), grounds, server.url)

    assert outcome.ok, outcome.problem
    assert outcome.verdict
    assert outcome.verdict.claimed
    assert (outcome.verdict.claimed.imprint_hash, outcome.verdict.claimed.policy) == (hash_name, OTHER_POLICY)


@pytest.mark.parametrize("hash_name", ["sha1", "md5", "blake3", ""])
def test_a_weak_or_unknown_hash_is_not_even_asked_for(hash_name: str) -> None:
    with pytest.raises(FormatError):
        make_request(StampOrder(DATA, hash_name), secrets.randbits)


def test_one_authority_down_loses_nothing_of_the_others(
    authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    """Three are asked: one is up, nobody listens at the second, a hotel's portal answers for the third."""
    down = f"http://127.0.0.1:{closed_port()}/tsr"
    portal = ScriptedServer(answer(b"<html><title>Welcome</title>"))
    with AuthorityServer(authorities["rsa"]) as server, portal:
        outcomes = ask(ORDER, grounds, down, portal.url, server.url)

    assert [outcome.ok for outcome in outcomes] == [False, False, True]
    assert outcomes[0].problem.startswith(f"{down}: cannot be reached")
    assert "web page" in outcomes[1].problem
    assert outcomes[1].hint


def test_each_authority_gets_a_nonce_of_its_own(authorities: dict[str, OpensslAuthority], grounds: Grounds) -> None:
    with AuthorityServer(authorities["rsa"]) as one, AuthorityServer(authorities["ecdsa"]) as two:
        outcomes = ask(ORDER, grounds, one.url, two.url)
    assert len({parse_request(outcome.request).nonce for outcome in outcomes}) == 2


def test_a_replayed_answer_is_not_stored(authorities: dict[str, OpensslAuthority], grounds: Grounds) -> None:
    """Somebody on the way answers with yesterday's token for the same data."""
    yesterday = authorities["rsa"].reply(make_request(ORDER, secrets.randbits))
    with ScriptedServer(answer(yesterday)) as server:
        (outcome,) = ask(ORDER, grounds, server.url)

    assert not outcome.ok
    assert outcome.verdict
    assert outcome.verdict.reason is TokenReason.NONCE_MISMATCH


def test_an_authority_the_user_does_not_trust_leaves_nothing_behind(
    authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    only_rsa = replace(grounds, anchors=grounds.anchors[:1])
    with AuthorityServer(authorities["ecdsa"]) as server:
        (outcome,) = ask(ORDER, only_rsa, server.url)

    assert (outcome.ok, outcome.response) == (False, b"")
    assert outcome.verdict
    assert outcome.verdict.reason is TokenReason.NO_PATH
    assert "evtool trust tsa add" in outcome.hint


def test_a_policy_the_authority_does_not_have_is_answered_with_its_own_words(
    authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    with AuthorityServer(authorities["rsa"]) as server:
        (outcome,) = ask(StampOrder(DATA, policy="1.2.3.4"), grounds, server.url)

    assert not outcome.ok
    assert "unacceptedPolicy" in outcome.problem


def test_a_wrong_clock_is_told_and_stops_nothing(authorities: dict[str, OpensslAuthority], grounds: Grounds) -> None:
    late = replace(grounds, now=grounds.now + timedelta(hours=1))
    with AuthorityServer(authorities["rsa"]) as server:
        (outcome,) = ask(ORDER, late, server.url)

    assert outcome.ok
    assert outcome.is_clock_off
    assert outcome.clock_difference
    assert outcome.clock_difference < timedelta(minutes=-50)
    schema = json.loads((MANIFESTS / "timestamp.schema.json").read_text("utf-8"))["$defs"]["AskedServer"]
    told = AskedServer(url="", ok=True, clock_off_seconds=round(outcome.clock_difference.total_seconds()))
    jsonschema.validate(to_json(told), schema)


def test_an_answer_that_was_kept_says_nothing_about_the_clock(
    authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    """It came on a stick, an hour after it was given; one from the future shows that the clock is behind."""
    with AuthorityServer(authorities["rsa"]) as server:
        (fresh,) = ask(ORDER, grounds, server.url)

    def judge(passed: timedelta) -> StampOutcome:
        now = replace(grounds, now=grounds.now + passed)
        return judge_response(DATA, "", fresh.request, fresh.response, now)

    assert not judge(timedelta(hours=1)).is_clock_off
    assert judge(timedelta(hours=-1)).is_clock_off


def test_what_leaves_is_shown_without_contacting_anybody(
    authorities: dict[str, OpensslAuthority], grounds: Grounds
) -> None:
    def bits(_count: int) -> int:
        return 5

    with ScriptedServer(answer(b"x")) as server:
        (preview,) = preview_requests(ORDER, [server.url], bits)
        assert server.received == []
        ask_authorities(ORDER, [(server.url, make_request(ORDER, bits))], lambda: grounds, no_pause)
        assert server.received == [preview.wire]
    assert DATA not in preview.wire


def test_across_an_air_gap(authorities: dict[str, OpensslAuthority], grounds: Grounds, tmp_path: Path) -> None:
    """The request goes out on a stick, the response comes back on one; the request is all the memory there is."""
    (tmp_path / "out.tsq").write_bytes(make_request(ORDER, secrets.randbits))

    (tmp_path / "in.tsr").write_bytes(authorities["ecdsa"].reply((tmp_path / "out.tsq").read_bytes()))

    request = (tmp_path / "out.tsq").read_bytes()
    outcome = judge_response(DATA, "", request, (tmp_path / "in.tsr").read_bytes(), grounds)
    assert outcome.ok
    other = judge_response(b"other data", "", request, (tmp_path / "in.tsr").read_bytes(), grounds)
    assert (other.ok, other.verdict and other.verdict.state) == (False, TokenState.FAILED)


def test_the_request_handed_in_as_the_response_is_called_that(grounds: Grounds) -> None:
    request = make_request(ORDER, secrets.randbits)
    outcome = judge_response(DATA, "", request, request, grounds)

    assert not outcome.ok
    assert "request (.tsq)" in outcome.problem
    assert "import its answer" in outcome.hint


def test_openssl_reads_the_request_as_it_was_meant(tmp_path: Path) -> None:
    (tmp_path / "a.tsq").write_bytes(make_request(StampOrder(DATA, "sha512", "1.2.3.4"), lambda _count: 0))
    said = subprocess.run(
        ["openssl", "ts", "-query", "-in", "a.tsq", "-text"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout

    assert "Hash Algorithm: sha512" in said
    assert "Policy OID: 1.2.3.4" in said
    assert "Nonce: 0x4000000000000000" in said
    assert "Certificate required: yes" in said


def test_a_proof_by_calendars_from_promise_to_block() -> None:
    """One calendar is down; the other's promise is pending, then kept; the user brings the block's header."""
    down = f"http://127.0.0.1:{closed_port()}"
    with Calendar() as calendar:
        proof, outcomes = stamp_with_calendars(DATA, [down, calendar.url], secrets.token_bytes(16), no_pause)
        assert proof
        assert [outcome.url for outcome in outcomes if outcome.problem] == [down]
        pending = verify_proof(serialize_proof(proof), DATA, BlockHeaders())
        assert (pending.state, pending.reason, pending.pending) == (
            TokenState.INDETERMINATE, OtsReason.PENDING, (calendar.url,),
        )  # fmt: skip

        waiting = upgrade_proof(proof, [calendar.url], no_pause)
        assert (waiting.changed, waiting.complete, waiting.problems) == (False, False, ())

        calendar.publish(800_000)
        done = upgrade_proof(proof, [calendar.url], no_pause)
        assert (done.changed, done.complete, done.problems) == (True, True, ())
        headers = BlockHeaders(single={height: header.raw for height, header in calendar.headers.items()})

    written = serialize_proof(done.proof)
    assert serialize_proof(parse_proof(written)) == written
    verdict = verify_proof(written, DATA, headers, minimum_work=1)
    assert verdict.state is TokenState.PASSED
    assert verdict.block
    assert (verdict.block.height, str(verdict.block.day)) == (800_000, "2025-03-01")
    assert verify_proof(written, DATA, headers).reason is OtsReason.HEADER_WORK_TOO_SMALL
    assert verify_proof(written, b"other", headers, 1).reason is OtsReason.DIGEST_MISMATCH


def test_a_calendar_never_sees_the_digest_of_the_file() -> None:
    with Calendar() as calendar:
        first, _ = stamp_with_calendars(DATA, [calendar.url], secrets.token_bytes(16), no_pause)
        second, _ = stamp_with_calendars(DATA, [calendar.url], secrets.token_bytes(16), no_pause)

    assert first
    assert second
    assert first.digest == second.digest
    assert len({*calendar.commitments, first.digest}) == 3


def test_upgrading_goes_on_past_a_calendar_that_cannot_be_asked() -> None:
    """Two promises, one from a calendar that is not on the list; the other one is fetched all the same."""
    with Calendar() as listed, Calendar() as unlisted:
        proof, _ = stamp_with_calendars(DATA, [unlisted.url, listed.url], secrets.token_bytes(16), no_pause)
        assert proof
        listed.publish(800_000)
        unlisted.publish(900_000)
        outcome = upgrade_proof(proof, [listed.url], no_pause)

    assert outcome.complete
    assert [problem.url for problem in outcome.problems] == [unlisted.url]
    assert "not on your list" in outcome.problems[0].problem


@pytest.mark.parametrize("garbage", [b"", b"\x00" * 20, b"\x08" * 300, b"\xff" * 100])
def test_a_calendar_that_answers_nonsense_is_named_and_nothing_is_kept(garbage: bytes) -> None:
    with ScriptedServer(answer(garbage)) as server:
        proof, (outcome,) = stamp_with_calendars(DATA, [f"http://{server.host}"], bytes(16), no_pause)
    assert proof is None
    assert outcome.problem


def test_without_any_calendar_there_is_no_proof() -> None:
    proof, outcomes = stamp_with_calendars(DATA, [], bytes(16), no_pause)
    assert (proof, outcomes) == (None, ())
    with pytest.raises(FormatError):
        stamp_with_calendars(DATA, [], bytes(15), no_pause)


def test_a_complete_proof_is_left_as_it_is() -> None:
    with Calendar() as calendar:
        proof, _ = stamp_with_calendars(DATA, [calendar.url], bytes(16), no_pause)
        assert proof
        calendar.publish(800_000)
        done = upgrade_proof(proof, [calendar.url], no_pause)
        again = upgrade_proof(done.proof, [calendar.url], no_pause)
    assert is_complete(again.proof)
    assert not again.changed
