"""Bundles for everybody: of items whose handling is public, without a recipient."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.custody import Party, make_party
from tests.conftest import Runner

DEFAULTS = """
format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "public"

[directory.consent]
status = "given"
for = ["advocacy", "truth-memory"]
identity = "public"
onward = "yes"

[[directory]]
path = "kept"
handling = "named"

[directory.consent]
share = ["B7"]
"""


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party, tmp_path: Path) -> Path:
    """Two public items, and one for a single recipient."""
    case = archivist.run.directory / "case"
    (case / "kept").mkdir(parents=True)
    (case / "지도.txt").write_text("a map")
    (case / "report.txt").write_text("a report")
    (case / "kept" / "name.txt").write_text("for B7")
    (tmp_path / "defaults.toml").write_text(DEFAULTS)
    archivist.ok("seal", case, "--defaults", tmp_path / "defaults.toml")
    return case


def test_what_is_public_needs_no_recipient(archivist: Party, case: Path) -> None:
    """The entry says so, the bundle verifies, and what is not public stays out of it."""
    archivist.ok("pack", case, "-o", "all.zip", "--without", "kept/*")
    report = archivist("verify", "all.zip", "--json").document["reports"][0]
    assert (report["exit_code"], report["items"]["ok"], report["items"]["withheld"]) == (0, 2, 1)
    entry = (case / "custody" / "0002-disclosed.toml").read_text("utf-8")
    for line in ('recipient = "public"', 'purpose = "publication"', 'authority = "public handling"'):
        assert line in entry
    archivist.ok("pack", case, "-o", "some.zip", "--allowed-only", "--authority", "decision of 3 March")
    assert 'authority = "decision of 3 March"' in (case / "custody" / "0003-disclosed.toml").read_text("utf-8")


def test_what_is_not_public_is_refused_by_number(archivist: Party, case: Path) -> None:
    """Nothing is packed, nothing recorded, and the name is not repeated."""
    refused = archivist("pack", case, "-o", "all.zip")
    assert refused.exit_code == 5
    assert "item 1: not public, so a recipient and a purpose must be named" in refused.stderr
    assert "name.txt" not in refused.stderr
    assert not (archivist.run.directory / "all.zip").exists()
    assert not (case / "custody" / "0002-disclosed.toml").exists()


def test_consent_withdrawn_later_ends_publication_too(archivist: Party, case: Path) -> None:
    """Public handling is no consent."""
    archivist.ok("consent", "set", case, "--items", "2", "--status", "withdrawn")
    refused = archivist("pack", case, "-o", "all.zip", "--items", "2-3")
    assert (refused.exit_code, "item 2: consent is withdrawn" in refused.stderr) == (5, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "B7"], "say --for, --authority as well"),
        (["--for", "advocacy"], "say --to, --authority as well"),
        (["--to", "B7", "--for", "advocacy"], "say --authority as well"),
        (["--confirm", "redact-identity", "--approved-by", "C2"], "go with --to, --for and --authority"),
    ],
)
def test_half_a_recipient_is_wrong_usage(archivist: Party, case: Path, arguments: list[str], said: str) -> None:
    """A forgotten option must not turn a handover into a publication, and is named."""
    result = archivist("pack", case, "-o", "all.zip", "--without", "kept/*", *arguments)
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert not (archivist.run.directory / "all.zip").exists()


def test_what_is_for_nothing_or_nobody_is_not_published(archivist: Party, case: Path) -> None:
    """An empty list is stated, and allows nothing; so does one that two changes leave nothing of."""
    archivist.ok("consent", "set", case, "--items", "2", "--for", "none")
    archivist.ok("consent", "set", case, "--items", "3", "--for", "truth-memory")
    archivist.ok("pack", case, "-o", "third.zip", "--items", "3")
    archivist.ok("consent", "set", case, "--items", "3", "--for", "advocacy")
    refused = archivist("pack", case, "-o", "all.zip", "--items", "2-3")
    assert refused.exit_code == 5
    assert "items 2-3: the list of purposes is empty" in refused.stderr
    archivist.ok("consent", "set", case, "--items", "3", "--share", "none")
    assert "public is not among the named recipients" in archivist("pack", case, "-o", "all.zip", "--items", "3").stderr
