"""Answers that a person can read: each reason once, a line for each path, and a first line that says what was found."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from evtool import VerifyOptions, verify
from evtool.core.errors import ExitCode
from evtool.report.language import english
from evtool.report.text import render_report
from tests.cli.custody import Party, make_case, make_party
from tests.cli.evidence import PUBLIC
from tests.conftest import Runner

ENTRIES = 9
MOST = 40


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    case = make_case(archivist.run)
    archivist.ok("seal", case, "--metadata", "none")
    return case


def lines_of(text: str) -> list[str]:
    return text.splitlines()


def headline(party: Party, path: Path) -> str:
    """The verdict in words, without the name of what it is about."""
    (line,) = [line for line in lines_of(party("verify", path).stdout) if line.startswith(f"{path}: ")]
    return line.removeprefix(f"{path}: ")


def test_a_key_that_nobody_trusts_is_one_finding(archivist: Party, case: Path) -> None:
    """A stranger's record of nine entries: the key is named once, with the entries that it signed."""
    for _ in range(ENTRIES - 1):
        archivist.ok("record", case, "accessed")
    fingerprint = archivist.ok("key", "show", "A1", "--json").document["keys"][0]["fingerprint"]
    (archivist.run.home / "allowed_signers").unlink()
    result = archivist("verify", case)
    assert result.exit_code == ExitCode.NOT_ESTABLISHED
    said = (
        f"key-unknown          entries 1-{ENTRIES} are signed by {fingerprint} as agent A1: you do not trust this key"
    )
    assert sum(said in line for line in lines_of(result.stdout)) == 1
    assert result.stdout.count("key-unknown") == 1
    assert result.stdout.count("NOT TRUSTED") == 1
    assert len(lines_of(result.stdout)) <= MOST
    every = archivist("verify", case, "--all").stdout
    assert (every.count("key-unknown"), every.count("NOT TRUSTED")) == (ENTRIES, ENTRIES)
    document = archivist("verify", case, "--json").document["reports"][0]
    assert sum(finding["code"] == "key-unknown" for finding in document["findings"]) == ENTRIES
    several = archivist("verify", case, case).stdout
    assert f"2 paths signed by {fingerprint} as agent A1, which you have not trusted" in several


def test_forty_three_paths_are_a_line_each_and_a_sum(archivist: Party, case: Path) -> None:
    changed = Path(shutil.copytree(case, case.with_name("changed")))
    next(changed.glob("*.txt")).write_text("changed")
    paths = [case] * 41 + [changed, case.with_name("nowhere")]
    result = archivist("verify", *paths)
    lines = lines_of(result.stdout)
    assert (result.exit_code, len(lines) <= 50) == (ExitCode.MISMATCH, True)
    assert lines[:41] == [f"{case}: VERIFIED: all 5 items are exactly as sealed. Access: closed."] * 41
    assert lines[41] == f"{changed}: MISMATCH: 1 of 5 items is not as it was sealed (1 changed). Access: closed."
    assert lines[42].startswith(f"{paths[42]}: NOT CHECKED: {paths[42]} does not exist")
    assert "43 paths: 1 MISMATCH, 1 NOT CHECKED, 41 VERIFIED (exit code 1)" in lines[44]
    quiet = archivist("verify", "--quiet", *paths)
    assert (quiet.exit_code, lines_of(quiet.stdout), quiet.stderr) == (ExitCode.MISMATCH, lines[:43], "")
    assert lines_of(archivist("verify", "-q", changed).stdout) == [lines[41]]
    whole = archivist("verify", "--all", case, changed).stdout
    assert whole.count("ACCESS TO ") == 2, "with --all, each path has its page"


def test_the_first_line_says_what_was_found(archivist: Party, case: Path) -> None:
    """What differs is counted by kind; what was given up, renamed or added is told apart from it."""
    first, second, third, fourth, _ = sorted(case.glob("*.txt"))
    assert headline(archivist, case) == "VERIFIED: all 5 items are exactly as sealed."
    copy = Path(shutil.copytree(case, case.with_name("copy")))
    (copy / second.name).unlink()
    (copy / third.name).write_text("changed")
    (copy / fourth.name).rename(copy / "elsewhere.txt")
    (copy / "planted.txt").write_text("planted")
    assert headline(archivist, copy) == (
        "MISMATCH: 3 of 5 items are not as they were sealed (1 changed, 1 missing, 1 renamed); "
        "1 thing is here that no seal names."
    )
    signature = copy / "custody" / "0001-sealed.toml"
    signature.write_bytes(signature.read_bytes().replace(b"evtool 0", b"evtool 1"))
    assert "the record fails verification" in headline(archivist, copy)
    first.unlink()
    archivist.ok("record", case, "disposed", "--items", "1", "--authority", "order 3", "--method", "burnt")
    assert headline(archivist, case) == "VERIFIED: 4 of 5 items are exactly as sealed; 1 disposed of."
    required = archivist("verify", case, "--require", "time", "--require", "consent").stdout
    said = (
        "NOT ESTABLISHED: nothing was disproven, but the time is not proven, and consent is not stated for every item."
    )
    assert said in required


def test_many_missing_items_are_named_by_ranges(archivist: Party) -> None:
    case = make_case(archivist.run, files=62)
    archivist.ok("seal", case, "--metadata", "none")
    for path in case.glob("*.txt"):
        path.unlink()
    lines = lines_of(archivist("verify", case).stdout)
    assert len(lines) <= MOST
    listed = [int(match[1]) for line in lines if (match := re.search(r"missing +item (\d+) ", line))]
    (rest,) = [line for line in lines if "--all lists them" in line]
    number = 62 - len(listed)
    assert f"missing              and {number} more: items {len(listed) + 1}-62; --all lists them" in rest
    assert archivist("verify", case, "--all").stdout.count("is missing") == 62


def test_documents_for_scripts_can_be_repeated_and_pages_for_people_are_dated(archivist: Party, case: Path) -> None:
    once, again = (archivist.ok("verify", case, "--json").stdout for _ in range(2))
    assert once == again
    assert "Checked 20" in archivist.ok("verify", case).stdout
    assert "checked_at" not in once


def test_times_are_told_in_the_zone_of_the_reader_as_well(evtool: Runner) -> None:
    """An entry of late evening in UTC is one of the next morning in Seoul, and both stand there."""
    party = make_party(evtool, "A1")
    case = make_case(evtool, files=1)
    party.ok("seal", case, "--metadata", "none", "--happened-at", "2026-11-27T20:30:00Z")
    both = "2026-11-27T20:30:00Z (here 2026-11-28T05:30:00+09:00)"
    for command in ("verify", "log"):
        assert both in evtool(command, case, TZ="Asia/Seoul", EVTOOL_HOME=str(party.run.home)).stdout, command
        assert "(here " not in evtool(command, case, TZ="UTC", EVTOOL_HOME=str(party.run.home)).stdout
    written = b"".join(path.read_bytes() for path in (case / "custody").iterdir())
    assert b"+09:00" not in written


def test_a_refused_bundle_of_62_items_is_twelve_lines(archivist: Party) -> None:
    """Whatever the items are refused for: each reason once, with the items that it concerns, and no more than fits."""
    case = make_case(archivist.run, files=62)
    rows = ["path,handling,status,for,share,until,conditions"]
    for number, path in enumerate(sorted(case.glob("*.txt")), 1):
        status = ("refused", "withdrawn", "revoked", "expired", "unknown")[number % 5]
        rows.append(f"{path.name},named,{status},advocacy,X9,2020-01-{number % 28 + 1:02d},x-{number}")
    (case.parent / "items.csv").write_text("\n".join(rows) + "\n")
    archivist.ok("seal", case, "--metadata", "none", "--table", case.parent / "items.csv")
    archivist.ok("recipient", "add", "B7", "--kind", "ngo", "--purpose", "research")
    to = ("--to", "B7", "--for", "research")
    refused = archivist("pack", case, "-o", "b.zip", *to, "--authority", "DSA-1")
    assert refused.exit_code == ExitCode.REFUSED
    lines = lines_of(refused.stderr)
    assert len(lines) <= 12
    assert lines[0] == "evtool: error: 62 items may not be disclosed, so nothing was packed:"
    assert "  items 1-62: B7 is not among the named recipients" in lines
    checked = archivist("consent", "check", case, *to)
    assert len(lines_of(checked.stdout)) <= 12
    assert "more reasons; --all lists them" in checked.stdout
    every = archivist("consent", "check", case, *to, "--all").stdout
    assert all(f"item {number}: conditions holds x-{number}," in every for number in range(1, 63))


def test_items_without_terms_are_named(archivist: Party) -> None:
    case = make_case(archivist.run)
    (case.parent / "defaults.toml").write_text(PUBLIC)
    archivist.ok("seal", case, "--metadata", "none", "--defaults", case.parent / "defaults.toml")
    assert "terms are stated for every item" in archivist.ok("show", case, "--without-terms").stdout
    (case / "new.txt").write_text("new")
    (case / "newer.txt").write_text("newer")
    archivist.ok("seal", case, "--metadata", "none")
    shown = archivist.ok("show", case, "--without-terms")
    assert "no terms are stated for 2 items: 6-7" in shown.stdout
    assert "new.txt" in shown.stdout
    assert "증거-01.txt" not in shown.stdout
    document = archivist.ok("show", case, "--without-terms", "--json").document
    assert [item["item"] for item in document["items"]] == [6, 7]
    archivist.ok("consent", "set", case, "--items", "6", "--status", "given")
    assert "no terms are stated for 1 item: 7" in archivist.ok("show", case, "--without-terms").stdout
    verdict = archivist.ok("verify", case).stdout
    told = f"`evtool show {case} --without-terms` lists it"
    assert f"1 of 7 items has no consent stated: treat it as closed; {told}" in verdict


def test_a_long_chain_is_a_short_answer(archivist: Party, case: Path) -> None:
    """In full as long as that is short; then a line for each entry, the newest ones if there are many."""
    short = archivist.ok("log", case).stdout
    assert "reason    not stated" in short
    for _ in range(44):
        archivist.ok("record", case, "accessed")
    heads = [entry["head"] for entry in archivist.ok("log", case, "--json").document["entries"]]
    lines = lines_of(archivist.ok("log", case).stdout)
    assert len(lines) <= MOST
    assert [line for line in lines if line.startswith("entry 1 ")]
    assert [line for line in lines if line.startswith("entry 45 ")]
    (left,) = [line for line in lines if "are not shown here" in line]
    match = re.search(r"entries 2-(\d+) ", left)
    assert match
    assert sum(line.startswith("entry ") for line in lines) == 45 - (int(match[1]) - 1)
    assert heads[-1] in "".join(lines).replace(" ", "")
    every = archivist.ok("log", case, "--all").stdout.replace(" ", "")
    assert all(head in every for head in heads)
    assert lines_of(archivist.ok("log", case, "--quiet").stdout) == [f"{lines[0]}, head {heads[-1]}"]


def test_no_failure_is_left_out_on_a_narrow_screen(archivist: Party, case: Path) -> None:
    """Missing items fill the screen of a stranger's record; that one more is changed is told all the same."""
    first, *others = sorted(case.glob("*.txt"))
    first.write_text("changed")
    for path in others:
        path.unlink()
    (archivist.run.home / "allowed_signers").unlink()
    report = verify(case, VerifyOptions(jobs=1))
    text = render_report(english(), report, "case", width=60, limit=20)
    for kind in ("changed", "missing", "key-unknown", "no-consent"):
        assert f" {kind} " in text, kind
    assert "| evtool trust add A1 -" in text
