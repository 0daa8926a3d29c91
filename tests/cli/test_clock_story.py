"""Clocks that cannot be right: said at sealing and at verifying, and never held against anybody."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


def with_clock(party: Party, at: str, *arguments: str | Path) -> dict[str, Any]:
    """Run evtool on a computer whose clock stands elsewhere; gives its document."""
    command = ["faketime", "-f", at, *party.run.command(*arguments, "--json")]
    run = subprocess.run(
        command, cwd=party.run.directory, env=party.run.environment, check=False, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr + run.stdout
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def notes(findings: list[dict[str, Any]]) -> list[str]:
    found = [finding for finding in findings if finding["code"] == "clock-doubtful"]
    assert {finding["effect"] for finding in found} <= {"note"}
    return [finding["message"] for finding in found]


def verified(party: Party, case: Path) -> list[str]:
    """Verify today, with success; gives what is said of clocks."""
    return notes(party.ok("verify", case, "--json").document["reports"][0]["findings"])


def set_dates(case: Path, year: int, files: int = 99) -> None:
    moment = datetime(year, 5, 1, tzinfo=UTC).timestamp()
    for path in sorted(case.glob("*.txt"))[:files]:
        os.utime(path, (moment, moment))


def test_a_dead_battery(archivist: Party) -> None:
    """1980: before evtool, and before the dates of the files that lie there."""
    case = make_case(archivist.run, "사건", files=3)
    set_dates(case, 2024)
    said = notes(with_clock(archivist, "1980-01-01 10:00:00", "seal", case)["findings"])
    assert said[0].startswith("this computer's clock says 1980-01-01T10:00:0")
    assert "when there was no evtool; set it, or the entry will claim a wrong time" in said[0]
    assert "but 3 new items have later dates, up to 2024-05-01" in said[1]
    later = verified(archivist, case)
    assert "entry 1 says that it was recorded at 1980-01-01T10:00:0" in later[0]
    assert "3 of its items have later dates, up to 2024-05-01" in later[1]
    archivist.ok("record", case, "accessed")
    assert len(verified(archivist, case)) == 2, "the entry of today is in order"


def test_a_seal_from_the_future(archivist: Party) -> None:
    """2099: decades after evtool was made. Today's computer says that one of two clocks is wrong."""
    case = make_case(archivist.run, "사건")
    said = notes(with_clock(archivist, "2099-01-01 10:00:00", "seal", case)["findings"])
    assert len(said) == 1
    assert "decades after this evtool was made" in said[0]
    (seen,) = verified(archivist, case)
    assert "entry 1 says that it was recorded at 2099-01-01T10:00:0" in seen
    assert "one of the two clocks is wrong" in seen
    (case / "새 파일.txt").write_text("new\n")
    after = notes(archivist.ok("seal", case, "--json").document["findings"])
    assert len(after) == 1
    assert "but the record has an entry of 2099-01-01T10:00:0" in after[0]


def test_a_camera_with_a_wrong_year_accuses_nobody(archivist: Party) -> None:
    """One photograph of 2031: the laptop may be right, and the words leave that open; nothing else changes."""
    case = make_case(archivist.run, "사건")
    set_dates(case, 2031, files=1)
    (said,) = notes(archivist.ok("seal", case, "--json").document["findings"])
    assert "1 new item has a later date, up to 2031-05-01" in said
    assert "or the clock of whatever wrote them, is wrong" in said
    (seen,) = verified(archivist, case)
    assert "1 of its items has a later date" in seen


def test_clocks_that_are_in_order_are_not_mentioned(archivist: Party) -> None:
    """Files of yesterday, of half a day ahead in another zone, and of 1970."""
    case = make_case(archivist.run, "사건")
    now = datetime.now(UTC).timestamp()
    for path, moment in zip(sorted(case.glob("*.txt")), (now - 86_400, now + 43_200, 0.0), strict=False):
        os.utime(path, (moment, moment))
    assert notes(archivist.ok("seal", case, "--json").document["findings"]) == []
    assert verified(archivist, case) == []
    assert notes(archivist.ok("seal", case, "--dry-run", "--json").document["findings"]) == []
