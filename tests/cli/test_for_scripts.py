"""What a script relies on: a line for each path, counts at the end, and whether anything was sealed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_case
from tests.cli.time_record import trust
from tests.conftest import Runner
from tests.timestamp.openssl_authority import OpensslAuthority


@pytest.fixture
def case(archivist: Party) -> Path:
    """A sealed directory."""
    case = make_case(archivist.run)
    archivist.ok("seal", case, "--metadata", "none")
    return case


def verify_in_lines(run: Runner, *arguments: str) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """Run, and give the exit code, the report of each path, and the sum."""
    result = run("verify", *arguments, "--json-lines")
    *lines, last = map(json.loads, result.stdout.splitlines())
    assert all(line["format"] == "evtool-report-line/1" for line in lines)
    assert last["format"] == "evtool-report-sum/1"
    assert last["exit_code"] == result.exit_code
    assert (last["paths"], sum(last["verdicts"].values())) == (len(lines), len(lines))
    return result.exit_code, [line["report"] for line in lines], last


def test_each_path_is_one_line_and_the_last_has_the_counts(archivist: Party, case: Path) -> None:
    """Good, changed and missing paths, in their order; the same verdicts as in the one document."""
    run = archivist.run
    shutil.copytree(case, run.directory / "changed")
    (run.directory / "changed" / "증거-01.txt").write_text("changed\nin two lines")
    paths = ["case", "changed", "no such path", "case"]
    code, reports, last = verify_in_lines(run, *paths)
    assert [report["path"] for report in reports] == paths
    assert [report["exit_code"] for report in reports] == [0, 1, 4, 0]
    assert (code, last["verdicts"], last["parted"]) == (1, {"0": 2, "1": 1, "4": 1}, [])
    whole = run("verify", *paths, "--json").document
    assert (whole["reports"], whole["trust"]) == (reports, last["trust"])
    assert verify_in_lines(run, "case")[0] == ExitCode.OK


def test_what_comes_out_at_the_end_is_in_the_sum(archivist: Party, case: Path) -> None:
    """Two copies that were continued differently are sound one by one; that they part shows when both are known."""
    run = archivist.run
    shutil.copytree(case, run.directory / "other")
    for copy, reason in (("case", "one"), ("other", "two")):
        archivist.ok("record", copy, "accessed", "--reason", reason)
    code, reports, last = verify_in_lines(run, "case", "other")
    assert [report["exit_code"] for report in reports] == [0, 0]
    (parted,) = last["parted"]
    assert (parted["path"], parted["exit_code"], parted["findings"][0]["code"]) == ("other", 1, "records-part")
    assert (code, last["verdicts"]) == (1, {"0": 1, "1": 1})


def test_a_run_that_fails_has_no_sum(archivist: Party, case: Path) -> None:
    """An error is one line, too; what came before stays, and nobody takes it for the whole."""
    wrong = archivist("verify", case, "--json-lines", "--trust", "no-such-file")
    assert (wrong.exit_code, json.loads(wrong.stdout)["format"]) == (ExitCode.NOT_CHECKED, "evtool-error/1")
    assert len(wrong.stdout.splitlines()) == 1
    assert archivist("verify", case, "--json-lines", "--json").exit_code == ExitCode.USAGE


def test_the_exit_code_of_seal_says_whether_anything_was_sealed(archivist: Party, case: Path) -> None:
    """0 and 6: what was new is sealed. Every other code: no entry was added, whatever else is wrong."""

    def seal(*options: str) -> tuple[int, bool, int, int | None]:
        entries = len(list((case / "custody").glob("*.toml")))
        result = archivist("seal", case, "--metadata", "none", "--json", *options)
        assert (len(list((case / "custody").glob("*.toml"))) > entries) is (result.exit_code in (0, 6) and not options)
        if result.document["format"] == "evtool-error/1":
            return result.exit_code, False, result.exit_code, None
        document = result.document
        return result.exit_code, document["sealed"], document["verdict"], document["entry"]

    (case / "new-1").write_text("new")
    assert seal() == (0, True, 0, 2)
    (case / "증거-01.txt").write_text("changed")
    assert seal() == (1, False, 1, None)
    (case / "new-2").write_text("new")
    assert seal("--dry-run") == (1, False, 1, None)
    assert seal() == (6, True, 1, 3)
    (case / "custody" / "0001-sealed.jsonl").write_text("changed\n")
    (case / "new-3").write_text("new")
    code, sealed, _, _ = seal()
    assert (code in (1, 4), sealed) == (True, False)


def test_a_time_stamp_that_is_missing_is_told_from_a_seal_that_is_missing(
    archivist: Party, case: Path, tsa: OpensslAuthority
) -> None:
    """Nobody answers at that address: the entry stays, and the exit code says that something else is wrong."""
    trust(archivist, tsa)
    (case / "new").write_text("new")
    asked = ("--tsa", "http://127.0.0.1:9/tsr", "--json", "--metadata", "none")
    result = archivist("seal", case, *asked)
    assert (result.exit_code, result.document["sealed"], result.document["verdict"]) == (6, True, 3)
