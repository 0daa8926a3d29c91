"""A real time-stamp authority on loopback: keys, certificates and replies are made by `openssl`, nothing by evtool.

`openssl ts -reply` cannot sign with RSA-PSS; that authority signs its TSTInfo with `openssl cms` instead.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509

from evtool.core.timestamp.request import parse_request
from evtool.core.timestamp.signed_data import TST_INFO
from tests.timestamp.mint import Statement, wrap_response

POLICY = "1.3.6.1.4.1.99999.1.1"
OTHER_POLICY = "1.3.6.1.4.1.99999.1.2"

_CA = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
_EXTENSIONS = {
    "root": _CA,
    "intermediate": _CA.replace("CA:TRUE", "CA:TRUE,pathlen:0") + "authorityKeyIdentifier=keyid\n",
    "signer": "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    "extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n",
}
_KEYS = {
    "rsa": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "ecdsa": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "pss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
}
_CONFIG = f"""
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = signer.pem
certs = intermediate.pem
signer_key = signer.key
signer_digest = sha256
default_policy = {POLICY}
other_policies = {OTHER_POLICY}
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ca]
default_ca = list
[list]
database = index.txt
default_md = sha256
default_crl_days = 30
"""


_ISSUED = {"intermediate": "signer", "root": "intermediate"}


def run_openssl(arguments: Sequence[str], directory: Path, at: str | None = None, data: bytes = b"") -> bytes:
    """Run openssl in a directory, at another time if one is given (UTC, `2025-03-01 12:00:00`)."""
    prefix = ["faketime", "-f", at] if at else []
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "TZ": "UTC"}
    done = subprocess.run(
        [*prefix, "openssl", *arguments], cwd=directory, env=environment, input=data, capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')}")
    return done.stdout


@dataclass(frozen=True)
class OpensslAuthority:
    """An authority in a directory of its own."""

    directory: Path
    kind: str

    @property
    def root_pem(self) -> bytes:
        return (self.directory / "root.pem").read_bytes()

    @property
    def intermediate_pem(self) -> bytes:
        return (self.directory / "intermediate.pem").read_bytes()

    def revocation_list(self, issuer: str, at: str, revoked: str = "", reason: str = "") -> bytes:
        """Let `intermediate` or `root` issue a CRL in DER, with nobody on it or with what it issued as of a date."""
        self._write_index(issuer, revoked, reason)
        arguments = ["ca", "-gencrl", "-config", "tsa.conf", "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key"]
        run_openssl([*arguments, "-out", "new.crl"], self.directory, at)
        return run_openssl(["crl", "-in", "new.crl", "-outform", "DER"], self.directory)

    def ocsp_answer(self, issuer: str, at: str, revoked: str = "", reason: str = "") -> bytes:
        """Let `intermediate` or `root` answer about the certificate that it issued."""
        self._write_index(issuer, revoked, reason)
        arguments = f"-issuer {issuer}.pem -cert {_ISSUED[issuer]}.pem -reqout new.req -no_nonce"
        run_openssl(["ocsp", *arguments.split()], self.directory)
        arguments = (
            f"-index index.txt -CA {issuer}.pem -rsigner {issuer}.pem -rkey {issuer}.key -ndays 30 "
            "-reqin new.req -respout new.ocsp"
        )
        run_openssl(["ocsp", *arguments.split()], self.directory, at)
        return (self.directory / "new.ocsp").read_bytes()

    def answer_ocsp(self, issuer: str, request: bytes, at: str = "") -> bytes:
        """Answer what was really asked about the certificate that `intermediate` or `root` issued."""
        self._write_index(issuer, "", "")
        with tempfile.TemporaryDirectory() as scratch:
            query, answer = Path(scratch, "query"), Path(scratch, "answer")
            query.write_bytes(request)
            arguments = f"-index index.txt -CA {issuer}.pem -rsigner {issuer}.pem -rkey {issuer}.key -ndays 30"
            run_openssl(["ocsp", *arguments.split(), "-reqin", str(query), "-respout", str(answer)], self.directory, at)
            return answer.read_bytes()

    def _write_index(self, issuer: str, revoked: str, reason: str) -> None:
        """Write the database of `openssl ca`: one line for the certificate, revoked as of `250601000000Z` or not."""
        certificate = x509.load_pem_x509_certificate((self.directory / f"{_ISSUED[issuer]}.pem").read_bytes())
        serial = f"{certificate.serial_number:x}".upper()
        serial = serial.zfill(len(serial) + len(serial) % 2)
        state = f"R\t350101000000Z\t{revoked}{',' if reason else ''}{reason}" if revoked else "V\t350101000000Z\t"
        (self.directory / "index.txt").write_text(f"{state}\t{serial}\tunknown\t/CN={_ISSUED[issuer]}\n")

    def reply(self, request: bytes, at: str | None = None) -> bytes:
        """Answer a request as the authority would."""
        if self.kind == "pss":
            return self._reply_pss(request)
        with tempfile.TemporaryDirectory() as scratch:
            query, answer = Path(scratch, "query"), Path(scratch, "answer")
            query.write_bytes(request)
            arguments = ["ts", "-reply", "-config", "tsa.conf", "-queryfile", str(query), "-out", str(answer)]
            run_openssl(arguments, self.directory, at)
            return answer.read_bytes()

    def _reply_pss(self, request: bytes) -> bytes:
        asked = parse_request(request)
        now = f"{datetime.now(UTC):%Y%m%d%H%M%SZ}".encode()
        name = asked.imprint.hash_function.name if asked.imprint.hash_function else ""
        statement = Statement(
            hash_name=name, imprint=asked.imprint.digest, nonce=asked.nonce, gen_time=now, policy=asked.policy or POLICY
        )
        arguments = (
            f"cms -sign -cades -binary -nodetach -econtent_type {TST_INFO} -md sha256 -outform DER "
            "-signer signer.pem -inkey signer.key -certfile intermediate.pem "
            "-keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:digest"
        ).split()
        return wrap_response(run_openssl(arguments, self.directory, data=statement.der))


def make_authority(
    directory: Path, kind: str, at: str | None = None, names: Mapping[str, str] | None = None
) -> OpensslAuthority:
    """Make root, intermediate and signer with openssl: `rsa`, `ecdsa` or `pss` (the signer's key).

    `names` holds more extensions by certificate: the addresses at which its issuer says whether it was revoked.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "tsa.conf").write_text(_CONFIG)
    (directory / "serial").write_text("1000\n")
    issuer = ""
    for name, extensions in _EXTENSIONS.items():
        (directory / f"{name}.ext").write_text(extensions + (names or {}).get(name, ""))
        key = kind if name == "signer" or kind != "pss" else "rsa"
        run_openssl(["genpkey", *_KEYS[key], "-out", f"{name}.key"], directory)
        subject = f"/C=XX/O=Loopback {kind}/CN=Loopback {kind} {name}"
        run_openssl(["req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr"], directory, at)
        arguments = ["x509", "-req", "-in", f"{name}.csr", "-extfile", f"{name}.ext", "-days", "3650", "-sha256"]
        if issuer:
            arguments += ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
        else:
            arguments += ["-signkey", f"{name}.key"]
        run_openssl([*arguments, "-out", f"{name}.pem"], directory, at)
        issuer = name
    return OpensslAuthority(directory, kind)


class AuthorityServer:
    """Serves an authority over HTTP on loopback; what it received stays to be looked at."""

    def __init__(self, authority: OpensslAuthority) -> None:
        self.received: list[bytes] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(request)
                answer = authority.reply(request)
                self.send_response(200)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/tsr"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> AuthorityServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
