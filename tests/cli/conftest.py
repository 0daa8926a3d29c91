"""What several stories share: authorities, a record with a time-stamp."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.custody import Party, make_case, make_party
from tests.cli.time_record import OLD, answer_offline, in_2025, trust
from tests.conftest import Runner, make_runner
from tests.timestamp.openssl_authority import OpensslAuthority, make_authority


@pytest.fixture(scope="session")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """An authority whose certificates begin in 2025, so that it can also answer in the past."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "one", "ecdsa", "2025-01-01 00:00:00")


@pytest.fixture(scope="session")
def other_tsa(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """Another one, with another root."""
    return make_authority(tmp_path_factory.mktemp("tsa") / "two", "rsa", "2025-01-01 00:00:00")


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    """Agent A1, with a key, and no time-stamp authority trusted yet."""
    return make_party(evtool, "A1")


@pytest.fixture(scope="session")
def sealed_in_2025(tmp_path_factory: pytest.TempPathFactory, tsa: OpensslAuthority) -> Path:
    """A folder with the home of an agent and a directory that they sealed and had stamped in 2025, and accessed now."""
    folder = tmp_path_factory.mktemp("sealed")
    party = make_party(make_runner(folder), "A1")
    case = make_case(party.run)
    trust(party, tsa)
    in_2025(party, "seal", case)
    answer_offline(party, case, tsa, OLD)
    party.ok("record", case, "accessed")
    return folder


@pytest.fixture
def stamped(archivist: Party, sealed_in_2025: Path) -> Path:
    """A copy of that directory; the archivist has the home that goes with it."""
    shutil.copytree(sealed_in_2025 / "home-A1", archivist.run.home, dirs_exist_ok=True)
    return Path(shutil.copytree(sealed_in_2025 / "work" / "case", archivist.run.directory / "case", symlinks=True))
