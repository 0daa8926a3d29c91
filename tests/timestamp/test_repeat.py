"""The commands that a report prints are run as they are printed, on every kind of token."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from evtool.core.timestamp.repeat import Repeat, RepeatFiles, RepeatTool, compute_repeat
from evtool.core.timestamp.verify import verify_token
from tests.timestamp.test_vectors import ALL, GOOD, judge
from tests.timestamp.vector import VECTORS, Vector

_NOT_ASKED = {
    "good-twin-certificate": "openssl takes the first certificate with this issuer and serial number",
    "good-unreadable-certificate": "openssl gives up on one broken certificate",
}


def lay_out(vector: Vector, folder: Path) -> Repeat:
    """Put a vector's files where the commands look for them, in a folder with a space in its name."""
    (folder / "0001 sealed.toml.sig").write_bytes(vector.data)
    (folder / "0001 sealed.tsr").write_bytes(vector.response)
    roots = [(VECTORS / "certificates" / anchor.file).read_bytes() for anchor in vector.anchors]
    (folder / "roots.pem").write_bytes(b"".join(roots))
    chain = ""
    if vector.certificates:
        chain = "chain.pem"
        done = [
            subprocess.run(["openssl", "x509"], input=c, capture_output=True, check=True) for c in vector.certificates
        ]
        (folder / chain).write_bytes(b"".join(process.stdout for process in done))
    files = RepeatFiles("0001 sealed.toml.sig", "0001 sealed.tsr", "roots.pem", chain, vector.name == "good-bare-token")
    return compute_repeat(judge(vector), files)


@pytest.mark.parametrize("vector", [v for v in GOOD if v.name not in _NOT_ASKED], ids=lambda vector: vector.name)
def test_the_printed_commands_accept_the_token(vector: Vector, tmp_path: Path) -> None:
    repeat = lay_out(vector, tmp_path)
    if repeat.tool is RepeatTool.NONE:
        assert repeat.commands == ()
        assert vector.name in ("good-ed25519", "good-key-identifier")
        assert repeat.remark
        return

    said = ""
    for line in repeat.lines:
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)
        said += done.stdout + done.stderr
    if repeat.tool is RepeatTool.CMS:
        facts = judge(vector).claimed
        assert facts
        assert facts.imprint.upper() in said  # as asn1parse prints it
        assert facts.imprint in said  # as dgst prints it
    else:
        assert "Verification: OK" in said


def test_the_printed_command_still_refuses_other_data(tmp_path: Path) -> None:
    vector = next(v for v in GOOD if v.name == "good-openssl-rsa")
    repeat = lay_out(vector, tmp_path)
    (tmp_path / "0001 sealed.toml.sig").write_bytes(b"other data")

    done = subprocess.run(["sh", "-c", repeat.lines[0]], cwd=tmp_path, capture_output=True, check=False)

    assert done.returncode != 0


def test_nothing_is_printed_for_a_token_whose_signature_was_not_verified() -> None:
    vector = next(v for v in ALL if v.name == "bad-signature")
    verdict = verify_token(vector.response, vector.data, vector.grounds())

    assert compute_repeat(verdict, RepeatFiles("a", "b")).tool is RepeatTool.NONE
