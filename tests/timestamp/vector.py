"""A time-stamp vector: one scenario in one TOML file, and the two programs that judge it."""

from __future__ import annotations

import base64
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.request import parse_request
from evtool.core.timestamp.sunset import RESOURCE, parse_sunset_table
from evtool.core.timestamp.x509.certificates import parse_certificate_file

VECTORS = Path(__file__).parents[1] / "vectors" / "timestamp"
GEN_TIME = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class VectorAnchor:
    """An anchor of a vector, by the file of its certificate."""

    file: str
    use_from: datetime | None = None
    use_until: datetime | None = None
    policies: Sequence[str] = ()


@dataclass(frozen=True)
class Vector:
    """One scenario."""

    name: str
    expect: str
    reason: str
    comment: str
    response: bytes
    data: bytes
    now: datetime
    anchors: Sequence[VectorAnchor] = ()
    certificates: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()
    ocsp_answers: Sequence[bytes] = ()
    request: bytes = b""
    existed_by: datetime | None = None
    require_revocation: bool = False
    sunsets: bool = False
    pad_to: int = 0
    cautions: Sequence[str] = ()
    openssl: str = ""
    openssl_differs: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def full_response(self) -> bytes:
        return self.response.ljust(self.pad_to, b"\0")

    def grounds(self, directory: Path = VECTORS) -> Grounds:
        return Grounds(
            now=self.now,
            anchors=tuple(_load_anchor(anchor, directory) for anchor in self.anchors),
            existed_by=self.existed_by,
            request=parse_request(self.request) if self.request else None,
            certificates=tuple(self.certificates),
            crls=tuple(self.crls),
            ocsp_answers=tuple(self.ocsp_answers),
            require_revocation=self.require_revocation,
            sunsets=parse_sunset_table(files("evtool.core.timestamp").joinpath(RESOURCE).read_text("utf-8"))
            if self.sunsets
            else None,
        )


def _load_anchor(anchor: VectorAnchor, directory: Path) -> Anchor:
    (certificate,), _ = parse_certificate_file((directory / "certificates" / anchor.file).read_bytes())
    name = anchor.file.removesuffix(".pem")
    return Anchor(certificate.der, name, anchor.use_from, anchor.use_until, frozenset(anchor.policies))


def load_vector(path: Path) -> Vector:
    """Read one vector file."""
    table = tomllib.loads(path.read_text("utf-8"))
    for name in ("response", "data", "request"):
        if name in table:
            table[name] = base64.b64decode(table[name])
    for name in ("certificates", "crls", "ocsp_answers"):
        table[name] = [base64.b64decode(item) for item in table.get(name, [])]
    table["anchors"] = [VectorAnchor(**anchor) for anchor in table.get("anchors", [])]
    return Vector(name=path.stem, **table)


def load_vectors(directory: Path = VECTORS) -> list[Vector]:
    """Read every vector of a folder."""
    return [load_vector(path) for path in sorted(directory.glob("*.toml"))]


def openssl_version() -> str:
    """Give the version of the openssl program, for example `3.0.19`."""
    done = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[1]


def ask_openssl(vector: Vector, directory: Path = VECTORS, at: datetime | None = None) -> bool:
    """Let `openssl ts -verify -attime` judge a vector; it is given what it can make use of."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "token").write_bytes(vector.full_response)
        (folder / "data").write_bytes(vector.data)
        (folder / "query").write_bytes(vector.request)
        anchors = [(directory / "certificates" / anchor.file).read_bytes() for anchor in vector.anchors]
        (folder / "roots.pem").write_bytes(b"".join(anchors))
        pem = [
            b"-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(c)
            for c in vector.certificates
        ]
        (folder / "more.pem").write_bytes(b"".join(pem))
        source = ["-queryfile", "query"] if vector.request else ["-data", "data"]
        bare = ["-token_in"] if vector.name.startswith("good-bare") else []
        more = ["-untrusted", "more.pem"] if pem else []
        when = str(int((at or GEN_TIME).timestamp()))
        arguments = [*source, "-in", "token", *bare, "-CAfile", "roots.pem", *more, "-partial_chain", "-attime", when]
        done = subprocess.run(
            ["openssl", "ts", "-verify", *arguments],
            cwd=folder,
            capture_output=True,
            check=False,
            env={"PATH": "/usr/bin"},
        )
        return done.returncode == 0
