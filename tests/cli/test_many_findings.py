"""Answers about evidence with very many findings: the first of each kind, a count of the rest, and all on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner

MANY = 20_000


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


def plant(case: Path, number: int) -> None:
    """Put files into a directory that nobody sealed."""
    (case / "planted").mkdir()
    for count in range(number):
        (case / "planted" / f"{count:05d}.txt").touch()


def test_twenty_thousand_extra_files_are_a_short_answer(archivist: Party) -> None:
    """Whoever adds files decides how many findings there are, and not how long the answer is."""
    case = make_case(archivist.run)
    archivist.ok("seal", case, "--metadata", "none")
    plant(case, MANY)

    text = archivist("verify", case)
    assert text.exit_code == ExitCode.MISMATCH
    listed = text.stdout.count("  extra    ") - 1
    assert 3 <= listed <= 20
    assert f"extra                and {MANY - listed:,} more; --all lists them" in text.stdout
    assert "MISMATCH: 20,000 things are here that no seal names." in text.stdout
    assert len(text.stdout.splitlines()) <= 40
    assert "20,000 not in any seal" in text.stdout
    assert len(text.stdout) < 8_000

    (report,) = archivist("verify", case, "--json").document["reports"]
    assert [finding["code"] for finding in report["findings"]].count("extra") == 1_000
    assert (report["more_findings"], report["evidence"]["extra"]) == ({"extra": 19_000}, MANY)

    (whole,) = archivist("verify", case, "--json", "--all").document["reports"]
    assert [finding["code"] for finding in whole["findings"]].count("extra") == MANY
    assert whole["more_findings"] == {}


def test_every_command_that_lists_findings_counts_the_rest(archivist: Party) -> None:
    """As text and as JSON: of evidence that changed, and of a record with files that do not belong there."""
    case = make_case(archivist.run, files=30)
    archivist.ok("seal", case, "--metadata", "none")
    for path in case.glob("*.txt"):
        path.write_text("changed")
    for command in (("seal",), ("record", "verified")):
        arguments = (command[0], case, *command[1:])
        short, every = archivist(*arguments), archivist(*arguments, "--all")
        assert "changed: and 10 more; --all lists them" in short.stdout, (command, short)
        assert (short.stdout.count("changed: "), every.stdout.count("changed: ")) == (21, 30), command
    for number in range(1_010):
        (case / "custody" / f"stray-{number:04d}").touch()
    for name in ("log", "show"):
        first, long = archivist(name, case, "--json").document, archivist(name, case, "--json", "--all").document
        assert (len(first["findings"]), first["more_findings"]) == (1_000, {"custody-extra": 10}), name
        assert (len(long["findings"]), long["more_findings"]) == (1_010, {}), name
    assert "custody-extra: and 998 more; --all lists them" in archivist("log", case).stdout
