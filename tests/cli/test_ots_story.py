"""Stories of OpenTimestamps: promised, upgraded, and checked against block headers that the user brings."""

from __future__ import annotations

import hashlib
import json
import time
import tomllib
from pathlib import Path

from evtool.core.timestamp.ots.format import serialize_proof
from evtool.core.timestamp.ots.proof import BitcoinAttestation, Timestamp
from evtool.core.timestamp.ots.stamp import Submission, build_proof
from tests.cli.custody import Party, make_case
from tests.cli.time_record import report, stamps
from tests.conftest import Runner
from tests.timestamp.servers import Calendar, closed_port

VECTORS = Path(__file__).parents[1] / "vectors"


def test_opentimestamps_from_promise_to_block(evtool: Runner, archivist: Party) -> None:
    """Promised by one of two calendars, upgraded later, verified offline against the header that the user brings."""
    case = make_case(evtool)
    down = f"http://127.0.0.1:{closed_port()}"
    with Calendar() as calendar:
        sealed = archivist.ok("seal", case, "--ots", calendar.url, "--ots", down, "--json").document
        assert [calendar["ok"] for calendar in sealed["stamping"]["calendars"]] == [True, False]
        (commitment,) = calendar.commitments
        proof = case / "custody" / "0001-sealed.toml.sig.ots"
        promise = proof.read_bytes()
        assert archivist("timestamp", case, "--ots", calendar.url).exit_code == 2  # it has one
        assert archivist("timestamp", "upgrade", case, "--ots", calendar.url).exit_code == 3
        promised = archivist("verify", case, "--require", "time", "--json")
        assert (promised.exit_code, stamps(promised)) == (3, [(1, "indeterminate", "pending")])

        archivist.ok("record", case, "accessed")  # lists the promise
        calendar.publish(800_000, time=int(time.time()))
        unlisted = archivist("timestamp", "upgrade", case, "--ots", down)
        assert (unlisted.exit_code, "not on your list" in unlisted.stdout) == (3, True)
        grown = archivist.ok("timestamp", "upgrade", case, "--ots", calendar.url, "--json").document
        headers = {str(height): header.raw.hex() for height, header in calendar.headers.items()}
    assert grown["proofs"][0]["file"] == "0001-sealed.toml.sig.upgrade.ots"
    assert proof.read_bytes() == promise
    assert commitment.hex() not in proof.read_bytes().hex()
    (evtool.directory / "headers.json").write_text(json.dumps(headers))

    supplied = ["--bitcoin-headers", "headers.json"]
    made_up = archivist("verify", case, "--require", "time", *supplied, "--json")
    assert (made_up.exit_code, stamps(made_up)[1]) == (3, (1, "indeterminate", "header-work-too-small"))
    result = archivist("verify", case, "--require", "time", *supplied, "--accept-test-chain", "--json")
    assert result.exit_code == 0
    assert stamps(result) == [(1, "indeterminate", "pending"), (1, "passed", "ok")]
    assert report(result)["timestamps"][1]["block_height"] == 800_000
    assert report(result)["intervals"][0]["not_after"].endswith("T00:00:00Z")  # the end of a day, nothing finer
    assert any(
        "made up" in finding["message"] or "invent" in finding["message"] for finding in report(result)["findings"]
    )


def test_a_real_block_is_taken_as_it_is(evtool: Runner, archivist: Party) -> None:
    """Block 358391 of 2015, as JSON and as 80 bytes: its work is accepted, and neither proof leads an entry into it."""
    vector = tomllib.loads((VECTORS / "ots" / "good-block-358391.toml").read_text("utf-8"))
    case = make_case(evtool)
    archivist.ok("seal", case)
    signature = case / "custody" / "0001-sealed.toml.sig"
    salted = Submission(hashlib.sha256(signature.read_bytes()).digest(), bytes(16))
    made_up = build_proof(salted, [Timestamp((BitcoinAttestation(358_391),))])
    (evtool.directory / "headers.json").write_text(json.dumps(vector["headers"]))
    (evtool.directory / "headers.bin").write_bytes(bytes.fromhex(vector["headers"]["358391"]))
    proof = signature.with_name(signature.name + ".ots")
    for data, reason in (
        (bytes.fromhex(vector["proof"]), "digest-mismatch"),
        (serialize_proof(made_up), "merkle-root-mismatch"),
    ):
        proof.write_bytes(data)
        for supplied in (["headers.json"], ["headers.bin", "--bitcoin-start", "358391"]):
            result = archivist("verify", case, "--require", "time", "--bitcoin-headers", *supplied, "--json")
            assert (result.exit_code, stamps(result)) == (3, [(1, "failed", reason)])
        (note,) = [finding for finding in report(result)["findings"] if finding["code"] == "timestamp-failed"]
        assert note["effect"] == "note"  # whoever dropped it there, nobody is accused
    other_height = archivist("verify", case, "--bitcoin-headers", "headers.bin", "--bitcoin-start", "358392", "--json")
    assert stamps(other_height) == [(1, "indeterminate", "header-missing")]
