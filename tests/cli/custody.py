"""Parties of a handover, and shorthand for what they do."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from tests.conftest import Runner, RunResult

UNSTATED = ("status-not-stated", "handling-not-stated", "purpose-not-stated", "purpose-not-of-recipient")
_CONFIRMED = (word for code in (*UNSTATED, "redact-identity") for word in ("--confirm", code))
ANYWAY = (*_CONFIRMED, "--reason", "order 12")
"""Hands over evidence of which no terms are stated, to somebody whom nobody described."""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with a home of their own, a key and a code."""

    code: str
    run: Runner

    @property
    def public_key(self) -> Path:
        """The file that others trust."""
        return self.run.home / "keys" / f"{self.code}.pub"

    def __call__(self, *arguments: str | Path) -> RunResult:
        return self.run(*arguments)

    def ok(self, *arguments: str | Path) -> RunResult:
        """Run, and expect success."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.stderr + result.stdout
        return result

    def trusts(self, other: Party) -> None:
        """Trust another party's key."""
        self.ok("trust", "add", other.code, other.public_key)


def make_party(evtool: Runner, code: str) -> Party:
    """Make a party with a key, in a home beside the runner's own."""
    party = party_of(evtool, code)
    party.ok("key", "new", code, "--no-passphrase")
    return party


def party_of(evtool: Runner, code: str) -> Party:
    """Give the party of this code whose home is there."""
    home = evtool.home.with_name(f"home-{code}")
    environment = evtool.environment | {"EVTOOL_HOME": str(home)}
    return Party(code, replace(evtool, home=home, environment=environment))


def move_in(evtool: Runner, made: Path, code: str) -> Party:
    """Give the party of this code in a copy, with all dates, of the folder in which a runner's work and homes are."""
    shutil.copytree(made, evtool.directory.parent, symlinks=True, dirs_exist_ok=True)
    return party_of(evtool, code)


def make_case(evtool: Runner, name: str = "case", files: int = 5) -> Path:
    """Make an evidence directory."""
    case = evtool.directory / name
    case.mkdir()
    for number in range(1, files + 1):
        (case / f"증거-{number:02d}.txt").write_text(f"content of file {number}\n", encoding="utf-8")
    return case


def copy_of(case: Path, name: str) -> Path:
    """Copy a directory with its dates, as one does on a disc."""
    return Path(shutil.copytree(case, case.with_name(name), symlinks=True))


def codes(result: RunResult) -> list[str]:
    """Codes of the findings of one verification."""
    return [finding["code"] for finding in result.document["reports"][0]["findings"]]
