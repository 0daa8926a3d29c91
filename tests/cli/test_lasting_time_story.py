"""Time that lasts: a time-stamp says until when it proves something, and what has to be kept for afterwards."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.cli.custody import Party, make_case, make_party
from tests.cli.time_record import OLD, answer_offline, in_2025, stamps, trust, verify_at
from tests.conftest import Runner
from tests.manifests.test_schemas import check
from tests.timestamp.openssl_authority import AuthorityServer, OpensslAuthority, make_authority


class Issuers:
    """Serves on loopback what real issuers publish: a list of each, and a responder of the signer's issuer."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.at = ""
        """When lists and answers are made; "" is now."""
        self.lost: set[str] = set()
        """Paths that are not there any more."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(f"GET {self.path}")
                issuer = {"/signer.crl": "intermediate", "/ca.crl": "root"}.get(self.path)
                is_there = issuer is not None and self.path not in outer.lost
                self.give(outer.authority.revocation_list(issuer, outer.at) if issuer and is_there else None)

            def do_POST(self) -> None:
                outer.asked.append(f"POST {self.path}")
                request = self.rfile.read(int(self.headers["Content-Length"]))
                self.give(outer.authority.answer_ocsp("intermediate", request, outer.at))

            def give(self, body: bytes | None) -> None:
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        responder = f"authorityInfoAccess=OCSP;URI:{self.url}/ocsp\n"
        names = {
            "signer": f"crlDistributionPoints=URI:{self.url}/signer.crl\n{responder}",
            "intermediate": f"crlDistributionPoints=URI:{self.url}/ca.crl\n",
        }
        self.authority: OpensslAuthority = make_authority(folder, "ecdsa", "2025-01-01 00:00:00", names)
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Issuers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuers]:
    with Issuers(tmp_path_factory.mktemp("issuers") / "one") as issuers:
        yield issuers


@pytest.fixture
def issuers(published: Issuers) -> Issuers:
    published.asked.clear()
    published.lost.clear()
    published.at = ""
    return published


@pytest.fixture
def archivist(evtool: Runner, issuers: Issuers) -> Party:
    party = make_party(evtool, "A1")
    trust(party, issuers.authority)
    return party


@pytest.fixture
def case(archivist: Party, issuers: Issuers) -> Path:
    """Sealed and stamped in 2025."""
    case = make_case(archivist.run, "사건")
    in_2025(archivist, "seal", case)
    answer_offline(archivist, case, issuers.authority, OLD)
    return case


def test_what_is_to_be_kept_is_told_shown_fetched_and_then_counts(
    archivist: Party, case: Path, issuers: Issuers
) -> None:
    """Told at the time-stamp, listed by `due`, shown before it leaves; a list that is too old is no evidence yet."""
    without = Path(shutil.copytree(case, case.with_name("without")))
    request, response = case.with_name("2.tsq"), case.with_name("2.tsr")
    archivist.ok("timestamp", case, "--request", request, "--label", "second")
    response.write_bytes(issuers.authority.reply(request.read_bytes(), OLD))
    told = archivist.ok("timestamp", case, "--import", response).stdout
    assert "By itself it proves this time until 2034-12-30T00:00:00Z" in told
    assert f"evtool timestamp '{case}' --with-revocation" in told
    assert f"evtool timestamp '{case}' --revocation FILE" in told
    assert re.findall(r"http://\S+", told) == [f"{issuers.url}{path}" for path in ("/signer.crl", "/ocsp", "/ca.crl")]
    due = archivist.ok("due", case)
    assert "no revocation list or answer is kept" in due.stdout
    check("due", archivist.ok("due", case, "--json").document)

    shown = archivist.ok("timestamp", case, "--with-revocation", "--what-leaves").stdout
    assert "GET /signer.crl HTTP/1.1" in re.sub(r"\s+", " ", "".join(dumped(shown)))
    assert issuers.asked == []

    issuers.at = "2025-02-01 00:00:00"
    early = archivist("timestamp", case, "--with-revocation")
    assert early.exit_code == 3
    assert "older than the token" in early.stdout
    assert "Try again then" in early.stdout
    assert not list((case / "custody").glob("*.crl"))

    issuers.at = "2025-04-01 00:00:00"
    issuers.asked.clear()
    kept = archivist.ok("timestamp", case, "--with-revocation", "--json")
    check("timestamp-revocation", kept.document)
    assert issuers.asked == ["GET /signer.crl", "GET /ca.crl"], "the responder need not be asked"
    assert all(source["files"] for source in kept.document["fetched"])
    assert "no revocation list" not in archivist.ok("due", case).stdout
    after = "2035-06-01 00:00:00"
    assert {state for _, state, _ in verify_at(archivist, case, after)[1]} == {"passed"}
    assert verify_at(archivist, without, after) == (3, [(1, "indeterminate", "revocation-unknown")])


def dumped(text: str) -> list[str]:
    """The text column of a dump in hexadecimal."""
    return [line[57:] for line in text.splitlines() if re.match(r"\s+[0-9a-f]{4}  ", line)]


def test_where_a_list_is_gone_the_responder_is_asked(archivist: Party, case: Path, issuers: Issuers) -> None:
    """The question is one that openssl understands, and its answer is kept."""
    issuers.at = "2025-04-01 00:00:00"
    issuers.lost.add("/signer.crl")
    result = archivist.ok("timestamp", case, "--with-revocation")
    assert issuers.asked == ["GET /signer.crl", "GET /ca.crl", "POST /ocsp"]
    assert "status 404" in result.stdout
    assert [path.suffix for path in sorted((case / "custody").glob("*.offline.1.*"))] == [".crl", ".ocsp"]


def test_a_seal_can_be_stamped_and_its_evidence_kept_in_one_run(archivist: Party, issuers: Issuers) -> None:
    """Only what was asked for is contacted; without the flag nothing but the authority is."""
    case = make_case(archivist.run, "사건")
    with AuthorityServer(issuers.authority) as authority:
        plain = archivist.ok("seal", case, "--tsa", authority.url)
        assert "By itself it proves this time until" in plain.stdout
        assert issuers.asked == []
        (case / "새 파일.txt").write_text("new\n")
        result = archivist.ok("seal", case, "--tsa", authority.url, "--with-revocation", "--json")
        nothing = archivist.ok("seal", case, "--tsa", authority.url)
    check("seal", result.document)
    assert sorted(issuers.asked) == ["GET /ca.crl", "GET /signer.crl"]
    assert [bool(source["files"]) for source in result.document["stamping"]["revocation"]] == [True, True]
    assert "nothing was time-stamped" in nothing.stdout + nothing.stderr
    verified = archivist.ok("verify", case, "--require", "time", "--json")
    assert {state for _, state, _ in stamps(verified)} == {"passed"}


def test_nobody_is_asked_for_an_authority_that_is_not_trusted(evtool: Runner, case: Path, issuers: Issuers) -> None:
    """Anybody can put a time-stamp beside an entry; its addresses are asked only if the user trusts who made it."""
    stranger = make_party(evtool, "Z9")
    result = stranger("timestamp", case, "--with-revocation")
    assert result.exit_code == 3
    assert "no time-stamp here leads to an authority that you trust" in result.stderr
    assert issuers.asked == []
