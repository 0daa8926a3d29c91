"""Stories of revoked authorities: evidence that is kept, supplied or refused, and what it leaves of a time-stamp."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from tests.cli.custody import Party, make_case
from tests.cli.time_record import OLD, answer_offline, finding, report, stamps, token_of, verify_at
from tests.timestamp.openssl_authority import OpensslAuthority

MANIFESTS = Path(__file__).parents[2] / "manifests"


def crl_files(archivist: Party, authority: OpensslAuthority, at: str, revoked: str = "", reason: str = "") -> list[str]:
    """Fetch the lists of both issuers of a path; the intermediate's is the one that may name the signer."""
    for name, arguments in {"signer.crl": ("intermediate", at, revoked, reason), "ca.crl": ("root", at)}.items():
        (archivist.run.directory / name).write_bytes(authority.revocation_list(*arguments))
    return ["--revocation", "signer.crl", "--revocation", "ca.crl"]


def test_revocation_evidence_is_kept_beside_its_stamp(archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """Lists and answers from after the time-stamp: found by content, stored once, and the time-stamp rests on them."""
    case = stamped
    before = report(archivist.ok("verify", case, "--json"))["timestamps"][0]["cautions"]
    assert any(caution.startswith("revocation-not-checked") for caution in before)
    files = crl_files(archivist, tsa, "2025-04-01 00:00:00")
    pem = subprocess.run(
        ["openssl", "crl", "-inform", "DER"],
        input=tsa.revocation_list("root", "2025-04-01 00:00:00"),
        capture_output=True,
        check=True,
    )
    (archivist.run.directory / "ca.crl").write_bytes(pem.stdout)
    (archivist.run.directory / "응답.der").write_bytes(tsa.ocsp_answer("intermediate", "2025-05-01 00:00:00"))

    junk = case / "custody" / "0001-sealed.toml.sig.offline.1.crl"
    junk.write_bytes(b"dropped by a stranger")

    kept = archivist.ok("timestamp", case, *files, "--revocation", "응답.der", "--json").document

    assert junk.read_bytes() == b"dropped by a stranger"  # nothing is overwritten
    names = [f"0001-sealed.toml.sig.offline.{end}" for end in ("2.crl", "3.crl", "1.ocsp")]
    assert [(file["file"], file["new"], file["revoked_at"]) for file in kept["kept"]] == [
        (n, True, None) for n in names
    ]
    assert [(stamp["state"], stamp["cautions"]) for stamp in kept["timestamps"]] == [("passed", [])]
    assert (case / "custody" / names[0]).read_bytes() == (archivist.run.directory / "signer.crl").read_bytes()
    assert report(archivist.ok("verify", case, "--json"))["timestamps"][0]["cautions"] == []
    again = archivist.ok("timestamp", case, *files).stdout
    assert again.count("there already, as") == 2
    assert "not revoked as of 2025-04-01T00:00:00Z" in again
    schema = json.loads((MANIFESTS / "timestamp-revocation.schema.json").read_text("utf-8"))
    jsonschema.validate(kept, schema)
    archivist.ok("renew", case)
    (case / "custody" / names[2]).unlink()
    assert finding(archivist("verify", case, "--json"), "renewal-mismatch")["path"] == names[2]


def test_what_was_kept_decides_once_the_authority_has_ended(
    archivist: Party, stamped: Path, tsa: OpensslAuthority
) -> None:
    """In 2036 nobody can ask any more: with the lists of 2025 the time-stamp counts, without them it is open."""
    without = shutil.copytree(stamped, stamped.with_name("without"))
    archivist.ok("timestamp", stamped, *crl_files(archivist, tsa, "2025-04-01 00:00:00"))
    after = "2035-06-01 00:00:00"  # the certificates ended in January, ECDSA does so in December
    assert verify_at(archivist, without, after) == (3, [(1, "indeterminate", "revocation-unknown")])
    assert verify_at(archivist, stamped, after) == (0, [(1, "passed", "ok")])


@pytest.mark.parametrize(
    ("revoked", "reason", "verdict", "word"),
    [
        ("250601000000Z", "superseded", (1, "passed", "ok"), "revoked-later"),
        ("250601000000Z", "cessationOfOperation", (1, "passed", "ok"), "revoked-later"),
        ("250601000000Z", "affiliationChanged", (1, "passed", "ok"), "revoked-later"),
        ("250601000000Z", "keyCompromise", (1, "failed", "revoked"), "nothing shows that the token existed before"),
        ("250601000000Z", "", (1, "failed", "revoked"), "no reason given"),
        ("250201000000Z", "superseded", (1, "failed", "revoked"), "before the token's time"),
    ],
)
def test_a_revoked_authority(
    archivist: Party,
    stamped: Path,
    tsa: OpensslAuthority,
    revoked: str,
    reason: str,
    verdict: tuple[int, str, str],
    word: str,
) -> None:
    """RFC 3161, section 4: the date and the reason decide; supplied or kept, CRL or OCSP, the answer is the same."""
    good = verdict[1] == "passed"
    files = crl_files(archivist, tsa, "2025-07-01 00:00:00", revoked, reason)
    answered = archivist.run.directory / "signer.der"
    answered.write_bytes(tsa.ocsp_answer("intermediate", "2025-07-01 00:00:00", revoked, reason))
    for supplied in (files, ["--revocation", "signer.der"]):
        result = archivist("verify", stamped, "--require", "time", *supplied, "--json")
        assert (result.exit_code, stamps(result)) == (0 if good else 3, [verdict])
        assert word in json.dumps(report(result)["timestamps"])
        assert report(result)["axes"]["custody"] == "shown"  # nobody tampered with this record
    assert archivist("verify", stamped).exit_code == 0
    kept = archivist("timestamp", stamped, *files)
    assert kept.exit_code == (0 if good else 3)
    assert "REVOKED as of 2025-0" in kept.stdout
    assert stamps(archivist("verify", stamped, "--json")) == [verdict]


def test_a_stamp_renewed_before_the_compromise_still_counts(
    archivist: Party, stamped: Path, tsa: OpensslAuthority, other_tsa: OpensslAuthority
) -> None:
    """Another authority stamped the later entry in April; the key was stolen in June."""
    archivist.ok("trust", "tsa", "add", other_tsa.directory / "root.pem", "--name", "another")
    answer_offline(archivist, stamped, other_tsa, OLD.replace("03-01", "04-01"))
    files = crl_files(archivist, tsa, "2025-07-01 00:00:00", "250601000000Z", "keyCompromise")
    result = archivist.ok("verify", stamped, "--require", "time", *files, "--json")
    assert [state for _, state, _ in stamps(result)] == ["passed", "passed"]
    assert any("proven-before-compromise" in caution for caution in report(result)["timestamps"][0]["cautions"])


def test_revocation_evidence_that_shows_nothing_is_refused(
    archivist: Party, stamped: Path, tsa: OpensslAuthority, other_tsa: OpensslAuthority
) -> None:
    """Of another authority, forged, too old, of no such kind: named, and nothing is stored, also not its neighbour."""
    good = crl_files(archivist, tsa, "2025-04-01 00:00:00")
    before = sorted(file.name for file in (stamped / "custody").iterdir())
    folder = archivist.run.directory
    forged = bytearray((folder / "signer.crl").read_bytes())
    forged[-1] ^= 1
    cases: dict[str, tuple[bytes, int, str]] = {
        "other.crl": (
            other_tsa.revocation_list("root", "2026-11-01 00:00:00"),
            1,
            "does not concern any time-stamp here",
        ),
        "forged.crl": (bytes(forged), 1, "not signed by the issuer"),
        "older.crl": (tsa.revocation_list("intermediate", "2025-02-01 00:00:00"), 3, "older than the token"),
        "older.ocsp": (tsa.ocsp_answer("intermediate", "2025-02-01 00:00:00"), 3, "older than the token"),
        "root.pem": (tsa.root_pem, 4, "is a certificate"),
        "목록.crl": (b"<html>", 4, "neither a CRL nor an OCSP answer"),
        "token.crl": (token_of(stamped).read_bytes(), 4, "neither a CRL nor an OCSP answer"),
    }
    for name, (data, exit_code, words) in cases.items():
        (folder / name).write_bytes(data)
        refused = archivist("timestamp", stamped, *good, "--revocation", name)
        assert (refused.exit_code, words in refused.stderr) == (exit_code, True), (name, refused.stderr)
        assert f"{name}: " in refused.stderr or f"{name} does not concern" in refused.stderr
        assert sorted(file.name for file in (stamped / "custody").iterdir()) == before
    assert archivist("verify", stamped, "--revocation", "목록.crl").exit_code == 4
    archivist.ok("trust", "tsa", "remove", "국가 시점확인 기관")
    untrusted = archivist("timestamp", stamped, *good)
    assert (untrusted.exit_code, "trust tsa add" in untrusted.stderr) == (3, True)
    unstamped = make_case(archivist.run, "unstamped")
    archivist.ok("seal", unstamped)
    assert "no time-stamp token" in archivist("timestamp", unstamped, *good).stderr
