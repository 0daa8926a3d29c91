"""Stories of trusted time: stamped online and across an air gap, renewed, attacked, and checked again by others."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import jsonschema

from evtool.core.timestamp.request import parse_request
from tests.cli.custody import Party, codes, make_case
from tests.cli.time_record import OLD, answer_offline, finding, in_2025, report, stamps, token_of, trust, verify_at
from tests.conftest import Runner
from tests.timestamp.openssl_authority import AuthorityServer, OpensslAuthority, make_authority
from tests.timestamp.servers import Calendar, ScriptedServer, answer, closed_port

MANIFESTS = Path(__file__).parents[2] / "manifests"


FREE_TO_SHOW = """\
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "public"

[directory.consent]
status = "given"
by = "subject"
for = ["advocacy"]
share = ["B7"]
identity = "public"
onward = "no"
defence = "yes"
"""

RECIPIENTS = """\
format = "evtool-recipients/1"

[recipient.B7]
kinds = ["public"]
purposes = ["advocacy"]
"""


def repeat_with_openssl(case: Path, authority: OpensslAuthority, lines: list[str], copy: Path) -> list[bool]:
    """Do what the report says: in a copy of the custody directory, with the trusted roots in roots.pem."""
    shutil.copytree(case / "custody", copy)
    (copy / "roots.pem").write_bytes(authority.root_pem)
    runs = [subprocess.run(["sh", "-c", line], cwd=copy, capture_output=True, check=False) for line in lines]
    return [b"Verification: OK" in run.stdout + run.stderr for run in runs]


def test_a_seal_is_stamped_and_stock_openssl_agrees(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """Seal with --tsa: the times are proven, told apart from claims, and the printed command confirms it."""
    case = make_case(evtool)
    trust(archivist, tsa)
    with AuthorityServer(tsa) as server:
        sealed = archivist.ok("seal", case, "--tsa", server.url, "--json").document
    (asked,) = sealed["stamping"]["authorities"]
    assert (asked["ok"], asked["state"], asked["clock_off_seconds"]) == (True, "passed", None)
    assert asked["file"] == "0001-sealed.toml.sig.loopback-ecdsa-root.tsr"

    result = archivist.ok("verify", case, "--require", "time", "--json")

    assert report(result)["axes"]["time"] == "shown"
    assert stamps(result) == [(1, "passed", "ok")]
    assert report(result)["timestamps"][0]["authority"] == "국가 시점확인 기관"
    (interval,) = report(result)["intervals"]
    assert interval["not_before"] is None
    assert abs(datetime.fromisoformat(interval["not_after"]) - datetime.now(UTC)).total_seconds() < 600
    lines = report(result)["timestamps"][0]["repeat"]
    assert len(lines) == 1
    assert re.search(r" -attime \d+ ", lines[0])
    assert repeat_with_openssl(case, tsa, lines, evtool.directory / "copy") == [True]
    text = archivist.ok("verify", case).stdout
    assert "Signed (the times are what the signer says)" in text
    proven = text.partition("Proven times (by time-stamps that you trust; the times above are claims)\n")[2]
    assert proven.startswith(f"  entry 1  not after {interval['not_after']}\n")
    assert lines[0] in text
    assert "witnessed" in codes(result)


def test_nothing_new_is_not_stamped_and_that_is_said(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """Whoever asks for a time-stamp must not believe that there is one."""
    case = make_case(evtool)
    trust(archivist, tsa)
    archivist.ok("seal", case)
    with AuthorityServer(tsa) as server:
        again = archivist.ok("seal", case, "--tsa", server.url)
        first = archivist.ok("seal", make_case(evtool, "other"), "--tsa", server.url)
    assert "nothing was time-stamped: no entry was added" in again.stdout
    assert not list((case / "custody").glob("*.tsr"))
    assert "nothing was time-stamped" not in first.stdout


def test_names_of_files_tell_nothing_of_the_office(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """Neither the address that was asked nor the user's name for the authority stands anywhere in the record."""
    case = make_case(evtool)
    trust(archivist, tsa)
    with AuthorityServer(tsa) as server:
        archivist.ok("seal", case, "--tsa", server.url)
    archivist.ok("record", case, "accessed")
    for file in (case / "custody").iterdir():
        data = file.read_bytes() + file.name.encode()
        assert b"127.0.0.1" not in data
        assert "국가".encode() not in data


def test_one_of_two_authorities_is_down(
    evtool: Runner, archivist: Party, tsa: OpensslAuthority, other_tsa: OpensslAuthority
) -> None:
    """What did stamp is stored, the seal stays, and --at-least decides what is enough."""
    case = make_case(evtool)
    trust(archivist, tsa)
    down = f"http://127.0.0.1:{closed_port()}/tsr"
    with AuthorityServer(tsa) as server:
        sealed = archivist("seal", case, "--tsa", down, "--tsa", server.url)
        enough = archivist("timestamp", case, "--tsa", server.url, "--tsa", down, "--at-least", "1", "--json")
    assert sealed.exit_code == 6
    assert f"FAILED: {down}: cannot be reached" in sealed.stdout
    assert "stamped by 1 of 2 authorities" in sealed.stdout
    assert enough.exit_code == 0
    assert [authority["ok"] for authority in enough.document["stamping"]["authorities"]] == [True, False]

    result = archivist.ok("verify", case, "--require", "time", "--json")
    assert stamps(result) == [(1, "passed", "ok"), (1, "passed", "ok")]


def test_nothing_is_stored_that_did_not_pass(
    evtool: Runner, archivist: Party, tsa: OpensslAuthority, other_tsa: OpensslAuthority
) -> None:
    """A hotel's portal, a replayed answer, an authority that the user does not trust: the seal stays unstamped."""
    case = make_case(evtool)
    nobody = archivist("seal", case, "--tsa", "http://127.0.0.1:9/tsr")
    assert (nobody.exit_code, "trust tsa add" in nobody.stderr) == (2, True)
    assert not (case / "custody").exists()
    trust(archivist, tsa)
    archivist.ok("seal", case)
    before = sorted(file.name for file in (case / "custody").iterdir())

    replayed = tsa.reply(other_request(archivist, case))
    portal = ScriptedServer(answer(b"<html><title>Welcome</title>"))
    with AuthorityServer(other_tsa) as stranger, portal, ScriptedServer(answer(replayed)) as replay:
        urls = [word for url in (portal.url, replay.url, stranger.url) for word in ("--tsa", url)]
        result = archivist("timestamp", case, *urls, "--json")

    assert result.exit_code == 3
    assert [authority["reason"] for authority in result.document["stamping"]["authorities"]] == [
        None,
        "nonce-mismatch",
        "no-path",
    ]
    assert sorted(file.name for file in (case / "custody").iterdir()) == before


def other_request(party: Party, case: Path) -> bytes:
    """A request for the same data with another nonce, made on a copy."""
    copy = case.with_name("other")
    shutil.copytree(case, copy)
    party.ok("timestamp", copy, "--request", copy.with_name("other.tsq"))
    return copy.with_name("other.tsq").read_bytes()


def test_across_an_air_gap(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """The request goes out on a stick; whatever comes back is checked against it, and mix-ups are named."""
    case = make_case(evtool)
    trust(archivist, tsa)
    archivist.ok("seal", case)
    none_waits = archivist("timestamp", case, "--import", tsa.directory / "root.pem")
    assert (none_waits.exit_code, "no request is waiting" in none_waits.stderr) == (4, True)

    nowhere = archivist("timestamp", case, "--request", "no-such-stick/out.tsq")
    assert (nowhere.exit_code, list((case / "custody").glob("*.tsq"))) == (4, [])  # nothing waits that cannot be sent

    asked = archivist.ok("timestamp", case, "--request", "out.tsq", "--json").document
    assert asked["curl"].startswith(
        "curl -sS -H 'Content-Type: application/timestamp-query' --data-binary @out.tsq URL"
    )
    assert archivist("timestamp", case, "--request", "out.tsq").exit_code == 2  # never overwritten
    request = (evtool.directory / "out.tsq").read_bytes()
    (evtool.directory / "in.tsr").write_bytes(tsa.reply(request))
    mixed_up = archivist("timestamp", case, "--import", "out.tsq")
    assert (mixed_up.exit_code, "is-a-request" in mixed_up.stderr) == (4, True)
    (evtool.directory / "page.tsr").write_bytes(b"<html>")
    assert archivist("timestamp", case, "--import", "page.tsr").exit_code == 4
    (evtool.directory / "replayed.tsr").write_bytes(tsa.reply(other_request(archivist, case)))
    replayed = archivist("timestamp", case, "--import", "replayed.tsr")
    assert (replayed.exit_code, "nonce-mismatch" in replayed.stderr) == (1, True)
    archivist.ok("verify", case)

    stored = archivist.ok("timestamp", case, "--import", "in.tsr").stdout
    assert re.search(r"in\.tsr: entry 1 stamped 2\S+Z by 국가 시점확인 기관", stored)

    kept = case / "custody" / "0001-sealed.toml.sig.offline.tsr"
    assert kept.read_bytes() == (evtool.directory / "in.tsr").read_bytes()
    assert kept.with_suffix(".tsq").read_bytes() == request
    result = archivist.ok("verify", case, "--require", "time", "--json")
    assert stamps(result) == [(1, "passed", "ok")]
    archivist.ok("timestamp", case, "--request", "요청 2.tsr")  # another one waits, with an unlucky name
    again = archivist("timestamp", case, "--import", "in.tsr")
    assert (again.exit_code, f"already stored, as {kept.name}" in again.stderr) == (4, True)
    told = archivist.ok("timestamp", case, "--request", "요청 3.tsq").stdout
    (line,) = [line for line in told.splitlines() if "--import" in line]
    assert shlex.split(line) == ["evtool", "timestamp", str(case), "--import", "요청 3.tsr"]


def test_what_leaves_is_shown_byte_for_byte(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """Shown is what a server gets, but for the random nonce; and showing it sends and writes nothing."""
    case = make_case(evtool)
    trust(archivist, tsa)
    with ScriptedServer(answer(b"", "500 No")) as server:
        blank = archivist.ok("seal", case, "--tsa", server.url, "--what-leaves", "--json").document
        assert not (case / "custody").exists()
        archivist.ok("seal", case)
        shown = archivist.ok("timestamp", case, "--tsa", server.url, "--what-leaves", "--json").document
        assert server.received == []
        archivist("timestamp", case, "--tsa", server.url)
        (sent,) = server.received

    wire = bytes.fromhex(shown["requests"][0]["wire"])
    assert (blank["blank"], shown["blank"]) == (True, False)
    assert len(wire) == len(sent) == len(bytes.fromhex(blank["requests"][0]["wire"]))
    body, sent_body = wire.partition(b"\r\n\r\n")[2], sent.partition(b"\r\n\r\n")[2]
    assert wire.removesuffix(body) == sent.removesuffix(sent_body)
    assert parse_request(body).imprint == parse_request(sent_body).imprint
    assert b"evtool" not in sent.lower()
    text = archivist.ok("timestamp", case, "--tsa", server.url, "--what-leaves")
    assert "POST /tsr HTTP/1" in text.stdout


def test_without_a_token_no_certificate_code_is_loaded(evtool: Runner, archivist: Party) -> None:
    """A job that verifies thousands of records does not pay for X.509 where there is nothing to judge."""
    case = make_case(evtool)
    archivist.ok("seal", case)
    code = (
        "import sys; from evtool.cli.app import _run; "
        f"_run(['verify', {str(case)!r}, '--quiet'], []); "
        "print(sorted(name for name in sys.modules if 'x509' in name))"
    )
    command = [evtool.command()[0], "-c", code]
    done = subprocess.run(command, env=archivist.run.environment, capture_output=True, text=True, check=True)
    assert "VERIFIED" in done.stdout
    assert done.stdout.rstrip().endswith("[]")


def test_verification_opens_no_socket(evtool: Runner, archivist: Party, tsa: OpensslAuthority, tmp_path: Path) -> None:
    """With token, proof and request beside the seal, strace sees no socket; the same trace does see a stamping one."""
    case = make_case(evtool)
    trust(archivist, tsa)
    with AuthorityServer(tsa) as server, Calendar() as calendar:
        asked = sockets_of(archivist, tmp_path / "asked", "seal", case, "--tsa", server.url, "--ots", calendar.url)
    assert asked
    commands: list[list[str | Path]] = [
        ["verify", case],
        ["due", case],
        ["timestamp", case, "--request", tmp_path / "q"],
    ]
    for command in commands:
        assert sockets_of(archivist, tmp_path / "offline", *command) == []


def sockets_of(party: Party, trace: Path, *arguments: str | Path) -> list[str]:
    """The network sockets that a run of evtool opened."""
    command = ["strace", "-f", "-e", "trace=socket,connect", "-o", str(trace), *party.run.command(*arguments)]
    subprocess.run(command, cwd=party.run.directory, env=party.run.environment, check=False, capture_output=True)
    return [line for line in trace.read_text().splitlines() if "AF_INET" in line]


def test_a_listed_stamp_cannot_be_removed_or_replaced(archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """The later entry holds its digest: both are proven, even where the replacement is a good token."""
    case, token = stamped, token_of(stamped)
    good = token.read_bytes()
    result = archivist.ok("verify", case, "--json")
    first, second = report(result)["intervals"]
    assert (first["not_before"], first["not_after"]) == (None, "2025-03-01T12:00:02Z")
    assert (second["not_before"], second["not_after"]) == ("2025-03-01T11:59:58Z", None)
    assert report(result)["timestamps"][0]["listed_in"] == 2

    token.unlink()
    removed = archivist("verify", case, "--json")
    assert removed.exit_code == 1
    assert finding(removed, "timestamp-missing")["path"] == token.name

    request = token.with_suffix(".tsq").read_bytes()
    token.write_bytes(tsa.reply(request, "2025-06-01 00:00:00"))
    replaced = archivist("verify", case, "--json")
    assert replaced.exit_code == 1
    assert finding(replaced, "timestamp-changed")["path"] == token.name
    assert stamps(replaced) == [(1, "passed", "ok")]  # a good token, and still not the one that was listed

    token.write_bytes(good)
    assert archivist("verify", case).exit_code == 0


def test_files_that_strangers_drop_accuse_nobody(archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """Junk, a stamp of another entry, a swapped request: notes, no accusation; and no later entry lists them."""
    case, token = stamped, token_of(stamped)
    custody = case / "custody"
    (custody / "0002-accessed.toml.sig.moved.tsr").write_bytes(token.read_bytes())
    (custody / "0002-accessed.toml.sig.junk.tsr").write_bytes(b"junk")
    (custody / "0002-accessed.toml.sig.ots").write_bytes(b"junk")
    token.with_suffix(".tsq").write_bytes(other_request(archivist, case))
    (custody / "0001-sealed.toml.sig.offline.chain.pem").write_bytes(b"junk")
    (custody / "0001-sealed.toml.sig.offline.1.crl").write_bytes(b"junk")

    result = archivist("verify", case, "--json")

    assert result.exit_code == 0
    judged = {
        (stamp["label"], stamp["kind"]): (stamp["state"], stamp["reason"]) for stamp in report(result)["timestamps"]
    }
    assert judged["offline", "rfc3161"] == ("passed", "ok")  # worth what it was, whatever lies beside it
    assert judged["moved", "rfc3161"] == ("failed", "imprint-mismatch")
    assert judged["junk", "rfc3161"] == ("failed", "malformed")
    assert judged["", "opentimestamps"][0] == "failed"
    assert {finding["effect"] for finding in report(result)["findings"] if finding["code"] == "timestamp-failed"} == {
        "note"
    }
    archivist.ok("record", case, "accessed")
    assert "timestamps" not in (custody / "0003-accessed.toml").read_text()
    (custody / "0007-sealed.toml.sig.x.tsr").write_bytes(token.read_bytes())
    stray = archivist("verify", case, "--json")
    assert (stray.exit_code, "custody-extra" in codes(stray)) == (1, True)


def test_a_stamp_counts_only_for_whoever_trusts_its_authority(
    archivist: Party, stamped: Path, tsa: OpensslAuthority, other_tsa: OpensslAuthority
) -> None:
    """Without the anchor the time is open: nothing is disproven, and required time is exit 3."""
    case = stamped
    wrong: list[str | Path] = ["--tsa-roots", other_tsa.directory / "root.pem"]
    assert archivist("verify", case, *wrong).exit_code == 0
    result = archivist("verify", case, "--require", "time", *wrong, "--json")
    assert result.exit_code == 3
    assert stamps(result) == [(1, "indeterminate", "no-path")]
    assert report(result)["intervals"][0]["not_after"] is None
    assert "time-not-proven" in codes(result)
    right: list[str | Path] = ["--tsa-roots", tsa.directory / "root.pem"]
    archivist.ok("trust", "tsa", "remove", "국가 시점확인 기관")
    assert archivist("verify", case, "--require", "time").exit_code == 3
    assert archivist("verify", case, "--require", "time", *right).exit_code == 0


def test_what_was_stamped_before_a_key_was_stolen_still_counts(
    evtool: Runner, archivist: Party, tsa: OpensslAuthority
) -> None:
    """Revoked as of April: the seal of March is trusted by its time-stamp, the entry without one is not."""
    case = make_case(evtool)
    in_2025(archivist, "seal", case)
    archivist.ok("trust", "revoke", "A1", "--as-of", "2025-04-01")
    assert archivist("verify", case).exit_code == 3
    trust(archivist, tsa)
    answer_offline(archivist, case, tsa, OLD)

    assert archivist("verify", case).exit_code == 0

    in_2025(archivist, "record", case, "accessed", at="2025-03-02 00:00:00")
    later = archivist("verify", case, "--json")
    assert later.exit_code == 3
    assert [signer["trusted"] for signer in report(later)["signers"]] == [True, False]
    assert finding(later, "key-no-longer-valid")["entry"] == 2


def test_a_stamp_shows_that_a_claimed_time_is_wrong(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """An entry that claims to be of June was stamped in March."""
    case = make_case(evtool)
    trust(archivist, tsa)
    in_2025(archivist, "seal", case, at="2025-06-01 00:00:00")
    answer_offline(archivist, case, tsa, OLD)
    found = finding(archivist.ok("verify", case, "--json"), "time-claim")
    assert (found["entry"], found["effect"]) == (1, "note")


def test_time_evidence_is_renewed(evtool: Runner, archivist: Party, tmp_path: Path, tsa: OpensslAuthority) -> None:
    """An authority ends in 2026; renewed before that, its stamp still counts afterwards; not renewed, it does not."""
    ending = make_authority(tmp_path / "ending", "ecdsa", "2016-12-15 00:00:00")  # for ten years, nearly
    case = make_case(evtool)
    trust(archivist, ending)
    in_2025(archivist, "seal", case)
    answer_offline(archivist, case, ending, OLD)
    due = archivist("due", case, "--json")
    assert due.exit_code == 3
    (directory,) = due.document["directories"]
    assert directory["proven"]
    assert directory["things"][0]["due"]
    assert directory["things"][0]["kind"] == "certificate"
    without = shutil.copytree(case, case.with_name("not-renewed"))

    trust(archivist, tsa)
    with AuthorityServer(tsa) as server:
        renewed = archivist.ok("renew", case, "--tsa", server.url, "--json").document
    assert (renewed["entry"], renewed["files"]) == (2, 7)
    assert archivist.ok("due", case, "--json").document["directories"][0]["things"][0]["entry"] == 2

    after = "2028-01-01 00:00:00"
    assert verify_at(archivist, without, after) == (3, [(1, "indeterminate", "revocation-unknown")])
    assert verify_at(archivist, case, after) == (0, [(1, "passed", "ok"), (2, "passed", "ok")])
    stock = ["b2sum", "-c", "--quiet", "0002-renewed.blake2b"]
    subprocess.run(stock, cwd=case / "custody", check=True, capture_output=True)


def test_a_renewal_binds_every_file_of_the_record(archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """Also files that no signature covers by SHA-256: each change and each removal is named, so is one in the list."""
    case, token = stamped, token_of(stamped)
    archivist.ok("renew", case)
    archivist.ok("verify", case)
    custody = case / "custody"
    for name in (token.with_suffix(".tsq").name, "0003-renewed.blake2b"):
        file = custody / name
        good = file.read_bytes()
        file.write_bytes(good + b"x")
        changed = archivist("verify", case, "--json")
        assert (changed.exit_code, finding(changed, "renewal-mismatch")["path"]) == (1, name)
        file.unlink()
        missing = archivist("verify", case, "--json")
        assert (missing.exit_code, finding(missing, "renewal-mismatch")["path"]) == (1, name)
        file.write_bytes(good)
    assert archivist("verify", case).exit_code == 0
    (custody / "0002-accessed.blake2b").write_bytes(b"")
    assert "custody-extra" in codes(archivist("verify", case, "--json"))


def test_a_bundle_carries_its_time_evidence(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """In a zip, stamps and renewals verify where they lie; a partial copy accuses nobody of its cut manifest."""
    case = make_case(evtool)
    trust(archivist, tsa)
    (evtool.directory / "defaults.toml").write_text(FREE_TO_SHOW, "utf-8")
    recipients = archivist.run.home / "recipients.toml"
    recipients.write_text(RECIPIENTS, "utf-8")
    recipients.chmod(0o600)
    archivist.ok("seal", case, "--defaults", "defaults.toml", "--metadata", "none")
    answer_offline(archivist, case, tsa)
    archivist.ok("renew", case)
    to = ["--to", "B7", "--for", "advocacy", "--authority", "DSA-4"]
    archivist.ok("pack", case, "-o", "all.zip", *to)
    archivist.ok("pack", case, "-o", "part.zip", "--items", "2", *to)
    for bundle in ("all.zip", "part.zip"):
        result = archivist("verify", bundle, "--json")
        assert stamps(result) == [(1, "passed", "ok")], bundle
        assert report(result)["axes"]["custody"] == "shown", report(result)["findings"]


def test_trust_in_authorities_is_kept_and_shown(archivist: Party, stamped: Path, tsa: OpensslAuthority) -> None:
    """Window and policy are kept; an anchor outside of its window does not carry a token."""
    case = stamped
    assert archivist("verify", case, "--require", "time").exit_code == 0
    root = tsa.directory / "root.pem"
    added = archivist.ok(
        "trust", "tsa", "add", root, "--use-until", "2025-02-01", "--accept-policy", "1.2.3", "--json"
    ).document
    assert added["authorities"][0]["use_until"] == "2025-02-01T00:00:00Z"
    assert archivist.ok("trust", "tsa", "list", "--json").document["authorities"] == added["authorities"]
    result = archivist("verify", case, "--require", "time", "--json")
    assert (result.exit_code, stamps(result)) == (3, [(1, "indeterminate", "anchor-not-in-use")])


def test_documents_fit_their_schemas(evtool: Runner, archivist: Party, tsa: OpensslAuthority) -> None:
    """Every kind of answer about time, also those of failure, is what its published schema says."""
    case = make_case(evtool)
    trust(archivist, tsa)
    runs: list[tuple[str, list[str | Path]]] = []
    with AuthorityServer(tsa) as server, Calendar() as calendar:
        tsas = ["--tsa", server.url, "--tsa", f"http://127.0.0.1:{closed_port()}/"]
        runs += [("leaves", ["seal", case, *tsas, "--what-leaves"]), ("seal", ["seal", case, *tsas])]
        runs += [("timestamp", ["timestamp", case, *tsas, "--ots", calendar.url])]
        runs += [("timestamp-request", ["timestamp", case, "--request", "out.tsq"])]
        runs += [("timestamp-upgrade", ["timestamp", "upgrade", case, "--ots", "http://127.0.0.1:9"])]
        runs += [("renew", ["renew", case, *tsas]), ("due", ["due", case, evtool.directory])]
        runs += [("tsa-trust", ["trust", "tsa", "list"]), ("report", ["verify", case])]
        for name, arguments in runs:
            document = archivist(*arguments, "--json").document
            schema = json.loads((MANIFESTS / f"{name}.schema.json").read_text("utf-8"))
            jsonschema.validate(document, schema)
