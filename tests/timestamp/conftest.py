"""What several stories share: stock authorities made with openssl, once a run."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files

import pytest

from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.sunset import RESOURCE, SunsetTable, parse_sunset_table
from evtool.core.timestamp.x509.certificates import parse_certificate_file
from tests.timestamp.openssl_authority import OpensslAuthority, make_authority


@pytest.fixture(scope="session")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OpensslAuthority]:
    """Three authorities: RSA, ECDSA, RSA-PSS."""
    folder = tmp_path_factory.mktemp("authorities")
    return {kind: make_authority(folder / kind, kind) for kind in ("rsa", "ecdsa", "pss")}


@pytest.fixture(scope="session")
def anchors(authorities: dict[str, OpensslAuthority]) -> tuple[Anchor, ...]:
    """A user's trust in all three."""
    found = []
    for kind, authority in authorities.items():
        (root,), _ = parse_certificate_file(authority.root_pem)
        found.append(Anchor(root.der, f"Loopback {kind}"))
    return tuple(found)


@pytest.fixture
def grounds(anchors: tuple[Anchor, ...]) -> Grounds:
    """Now, with that trust."""
    return Grounds(now=datetime.now(UTC), anchors=anchors)


@pytest.fixture(scope="session")
def sunsets() -> SunsetTable:
    """The table that comes with the package."""
    return parse_sunset_table(files("evtool.core.timestamp").joinpath(RESOURCE).read_text("utf-8"))
