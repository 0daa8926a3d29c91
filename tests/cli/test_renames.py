"""Names that changed: renamed files, disposals that were a mistake, and what a person is asked before it counts."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner, RunResult

DEFAULTS = """format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "named"
[directory.consent]
status = "given"
by = "subject"
for = ["research"]
share = ["b7"]
identity = "public"
"""

MANIFESTS = Path(__file__).parents[2] / "manifests"
GIVEN_BACK = ("--authority", "agreement 12", "--method", "returned")
FIRST, SECOND, THIRD = "증거-01.txt", "증거-02.txt", "증거-03.txt"


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    """A sealed directory with three items and terms."""
    case = make_case(archivist.run, files=3)
    (case.parent / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
    archivist.ok("seal", case, "--metadata", "none", "--defaults", "defaults.toml")
    return case


def findings(archivist: Party, case: Path) -> tuple[int, list[tuple[str, int | None]]]:
    """Exit code of a verification, and its findings about items, files and names."""
    result = archivist("verify", case, "--json")
    (report,) = result.document["reports"]
    assert sum(report["items"].values()) == report["sealed"]
    told = [found for found in report["findings"] if found["axis"] == "integrity" or found["code"] == "undo-invalid"]
    return result.exit_code, sorted(((found["code"], found["item"]) for found in told), key=str)


def entries(case: Path) -> list[str]:
    return sorted(path.name for path in (case / "custody").glob("*.toml"))


def said(result: RunResult, code: int, *texts: str) -> None:
    """A refusal with this code says all of this."""
    assert result.exit_code == code, result.stderr
    assert [text for text in texts if text not in result.stdout + result.stderr] == []


def test_a_renamed_file_keeps_its_number_and_its_terms(archivist: Party, case: Path) -> None:
    """The whole way: the file is named and nothing is sealed; with --renamed its item has the new name."""
    (case / SECOND).rename(case / "편지 5.txt")
    before = entries(case)
    named = f"item 2 {SECOND} is now 편지 5.txt"
    said(archivist("seal", case), ExitCode.NOT_CHECKED, named, "nothing was sealed", "--renamed")
    said(archivist("seal", case, "--dry-run"), ExitCode.NOT_CHECKED, named)
    assert entries(case) == before
    assert f"`evtool seal {case} --renamed` records its new name" in archivist("verify", case).stdout
    preview = archivist.ok("seal", case, "--dry-run", "--renamed", "--json").document
    assert (preview["new_items"], preview["new_bytes"], preview["kept_items"]) == (0, 0, 3)
    assert preview["renamed"] == [{"item": 2, "old": SECOND, "new": "편지 5.txt"}]
    assert entries(case) == before

    said(archivist("seal", case, "--renamed"), ExitCode.OK, named, "recorded 1 new name, entry 2", "Head (write it")
    assert entries(case)[1:] == ["0002-renamed.toml"]
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])
    assert "handling: named" in archivist.ok("consent", "show", case, "--items", "편지 5.txt").stdout
    assert archivist.ok("seal", case, "--json").document["new_items"] == 0
    shown = archivist.ok("show", case, "--items", "2").stdout
    assert f"  name      편지 5.txt\n  before    {SECOND}  (until entry 2)\n" in shown
    assert "renamed 1 item" in archivist.ok("log", case).stdout

    # Whoever renames it back without an entry is found out, and so is whoever puts something in its old place.
    (case / "편지 5.txt").rename(case / SECOND)
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("new-name", None), ("renamed", 2)])
    (case / SECOND).rename(case / "편지 5.txt")
    (case / SECOND).write_text("not sealed")
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("extra", None), ("new-name", None)])
    archivist.ok("seal", case, "--metadata", "none")
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])


def test_what_else_is_new_is_sealed_after_the_new_names(archivist: Party, case: Path) -> None:
    """A folder was moved, with an empty file and a link in it, and something was added."""
    (case / "사진").mkdir()
    (case / "사진" / "empty").write_text("")
    (case / "사진" / "link").symlink_to("empty")
    (case / "사진" / "none").mkdir()
    (case / "사진" / "a.jpg").write_text("a picture")
    (case / "사진" / "b.jpg").write_text("a picture")
    archivist.ok("seal", case, "--metadata", "none")
    (case / "1998").mkdir()
    (case / "사진").rename(case / "1998" / "사진")
    (case / "added.txt").write_text("added")
    sealed = archivist.ok("seal", case, "--metadata", "none", "--renamed", "--json").document
    assert (sealed["renamed_by"], sealed["entry"], sealed["new_items"]) == ([3], 4, 1)
    assert {rename["new"] for rename in sealed["renamed"]} == {
        f"1998/사진/{name}" for name in ("a.jpg", "b.jpg", "empty", "link", "none")
    }
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])


def test_what_is_not_clear_is_named_and_not_guessed(archivist: Party, case: Path) -> None:
    """Two new files have the bytes of one missing item: a person has to say which one it is."""
    (case / FIRST).rename(case / "x.txt")
    shutil.copy(case / "x.txt", case / "y.txt")
    before = entries(case)
    result = archivist("seal", case, "--renamed")
    said(result, ExitCode.NOT_CHECKED, f"not clear: item 1 {FIRST} can be each of: x.txt, y.txt", "--new-name")
    assert entries(case) == before
    record = ("record", case, "renamed", "--items", "1", "--new-name")
    said(archivist(*record, SECOND), ExitCode.USAGE, f"{SECOND} is the name of item 2")
    said(archivist(*record, "gone.txt"), ExitCode.NOT_CHECKED, "nothing lies at gone.txt")
    said(archivist(*record, "../case/x.txt"), ExitCode.USAGE, "is not a plain relative path")
    said(archivist(*record, f"{SECOND}/x.txt"), ExitCode.USAGE, "one lies below the other")
    said(archivist(*record, "custody/README.txt"), ExitCode.USAGE, "lies in the record")
    (case / "z.txt").write_text("something else")
    said(archivist(*record, "z.txt"), ExitCode.MISMATCH, "is not item 1")
    said(archivist("record", case, "renamed", "--items", "1-2", "--new-name", "x"), ExitCode.USAGE, "one item")
    said(archivist(*record, "x.txt", "--place", "Seoul"), ExitCode.USAGE, "--place does not go with renamed")
    assert entries(case) == before
    said(archivist(*record, "x.txt"), ExitCode.OK, f"item 1 {FIRST} is now named x.txt")
    said(archivist(*record, "x.txt"), ExitCode.USAGE, "is named x.txt already")
    assert archivist.ok("seal", case, "--metadata", "none", "--json").document["new_items"] == 2
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])


def test_a_copy_is_a_new_item(archivist: Party, case: Path) -> None:
    """The item still lies in its place, so its copy is something new."""
    shutil.copy(case / FIRST, case / "copy.txt")
    said(archivist("record", case, "renamed", "--items", "1", "--new-name", "copy.txt"), ExitCode.USAGE, "as well")
    assert archivist.ok("seal", case, "--metadata", "none", "--renamed", "--json").document["renamed"] == []


def test_names_that_are_empty_files_only_are_no_pair(archivist: Party, case: Path) -> None:
    """One empty file went, another came: nothing says that they are the same."""
    (case / "empty-1").write_text("")
    archivist.ok("seal", case, "--metadata", "none")
    (case / "empty-1").rename(case / "empty-2")
    sealed = archivist("seal", case, "--metadata", "none", "--renamed", "--json").document
    assert (sealed["renamed"], sealed["new_items"]) == ([], 1)
    assert findings(archivist, case)[1] == [("missing", 4)]


def test_many_new_names_take_several_entries(archivist: Party, case: Path) -> None:
    """What does not fit into one entry of 64 KiB goes into the next; all of it counts."""
    deep = case / "/".join(["가" * 80] * 3)
    for number in range(120):
        (case / f"m{number}").write_text(f"content {number}")
    archivist.ok("seal", case, "--metadata", "none")
    os.makedirs(deep)
    for number in range(120):
        (case / f"m{number}").rename(deep / f"m{number} {'나' * 60}")
    sealed = archivist.ok("seal", case, "--renamed", "--json").document
    assert (sealed["renamed_by"], len(sealed["renamed"])) == ([3, 4], 120)
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])


def test_disposal_and_its_undoing(archivist: Party, case: Path) -> None:
    """A wrong number is noticed while the item lies there; what was recorded all the same can be undone once."""
    dispose = ("record", case, "disposed", "--items", "3", *GIVEN_BACK)
    before = entries(case)
    said(archivist(*dispose), ExitCode.USAGE, "item 3 still lies where", "--confirm")
    assert entries(case) == before
    archivist.ok(*dispose, "--confirm", "still-there", "--reason", "list of March")
    undo = ("record", case, "corrected", "--entry", "2", "--undo", "--reason", "it was number 2")
    said(archivist("record", case, "corrected", "--entry", "1", "--undo"), ExitCode.USAGE, "sealed cannot be undone")
    archivist.ok(*undo)
    said(archivist(*undo), ExitCode.USAGE, "entry 2 is undone already")
    schema = json.loads((MANIFESTS / "log.schema.json").read_text("utf-8"))
    jsonschema.validate(archivist.ok("log", case, "--json").document, schema)
    assert findings(archivist, case) == (ExitCode.OK, [])
    (case / THIRD).unlink()
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("missing", 3)])


def test_what_cannot_be_undone_any_more(archivist: Party, case: Path) -> None:
    """The name of an item that was given up was used again: it cannot have it back."""
    (case / THIRD).unlink()
    archivist.ok("record", case, "disposed", "--items", "3", *GIVEN_BACK)
    (case / THIRD).write_text("another document")
    archivist.ok("seal", case, "--metadata", "none")
    said(archivist("record", case, "corrected", "--entry", "2", "--undo"), ExitCode.USAGE, "which item 4 has by now")
    (case / THIRD).rename(case / "later.txt")
    archivist.ok("seal", case, "--renamed")
    archivist.ok("record", case, "corrected", "--entry", "2", "--undo")
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("missing", 3), ("new-name", None)])


def test_a_rename_can_be_undone(archivist: Party, case: Path) -> None:
    """The old name counts again, and a file under the new one is a mismatch."""
    (case / FIRST).rename(case / "x.txt")
    archivist.ok("seal", case, "--renamed")
    archivist.ok("record", case, "corrected", "--entry", "2", "--undo")
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("renamed", 1)])
    (case / "x.txt").rename(case / FIRST)
    assert findings(archivist, case) == (ExitCode.OK, [])


def test_a_withdrawal_by_mistake_is_undone_by_its_agent_alone(archivist: Party, evtool: Runner, case: Path) -> None:
    """The terms that were sealed count again; a colleague cannot do that, and an untrusted key permits nothing."""
    colleague = make_party(evtool, "A2")
    for party in (archivist, colleague):
        party.ok("recipient", "add", "b7", "--kind", "court", "--purpose", "research")
    check = ("consent", "check", case, "--to", "b7", "--for", "research", "--items", "2", "--json")
    archivist.ok("consent", "set", case, "--items", "2", "--status", "withdrawn")
    archivist.ok("record", case, "admitted", "--code", "A2", "--public-key", colleague.public_key)
    assert "status-withdrawn" in archivist(*check).stdout
    undo = ("record", case, "corrected", "--entry", "2", "--undo", "--reason", "the call was about item 3")
    said(colleague(*undo), ExitCode.USAGE, "was signed by another agent, or with another key")
    archivist.ok(*undo)
    assert "status-withdrawn" not in archivist(*check).stdout
    assert "terms-untrusted" in colleague(*check).stdout


def test_the_year_of_an_archivist(archivist: Party, evtool: Runner) -> None:
    """Rename item 27, dispose of item 61, seal another file of that name; each step by its documented command."""
    case = make_case(archivist.run, "archive", files=62)
    (case.parent / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
    archivist.ok("seal", case, "--metadata", "none", "--defaults", "defaults.toml")
    terms = archivist.ok("consent", "show", case, "--items", "27", "--json").document["items"]
    (case / "증거-27.txt").rename(case / "강가에서.txt")
    archivist.ok("seal", case, "--renamed", "--reason", "names of the catalogue")
    assert archivist.ok("consent", "show", case, "--items", "27", "--json").document["items"] == terms
    (case / "증거-61.txt").unlink()
    archivist.ok("record", case, "disposed", "--items", "61", *GIVEN_BACK)
    archivist.ok("seal", case)
    (case / "증거-61.txt").write_text("another letter")
    said(archivist("seal", case, "--metadata", "none"), ExitCode.OK, "sealed 1 new item", "as entry 4")
    assert findings(archivist, case) == (ExitCode.OK, [("disposed", 61), ("new-name", None)])
    archivist.ok("record", case, "disposed", "--items", "62", *GIVEN_BACK, "--confirm", "still-there")
    archivist.ok("record", case, "corrected", "--entry", "5", "--undo", "--reason", "meant 61")
    (case / "증거-62.txt").unlink()
    assert ("missing", 62) in findings(archivist, case)[1]


def at_a_terminal(archivist: Party, typed: str, *arguments: str | Path) -> tuple[int, str]:
    """Run with a terminal as standard input and error, type an answer, and give exit code and what was printed."""
    ours, theirs = pty.openpty()
    run = archivist.run
    process = subprocess.Popen(
        run.command(*arguments),
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.PIPE,
        env=run.environment | {"TERM": "xterm"},
        cwd=run.directory,
    )
    os.close(theirs)
    os.write(ours, f"{typed}\n".encode())
    out = process.communicate()[0]
    asked = b""
    try:
        while part := os.read(ours, 65536):
            asked += part
    except OSError:  # how Linux tells that the other side is closed
        pass
    os.close(ours)
    return process.returncode, (asked + out).decode("utf-8").replace("\r\n", "\n")


def test_a_person_is_asked(archivist: Party, case: Path) -> None:
    """On a terminal the question comes with what was found; without a yes nothing is written."""
    (case / FIRST).rename(case / "x.txt")
    before = entries(case)
    code, said_no = at_a_terminal(archivist, "n", "seal", case)
    assert (code, entries(case)) == (ExitCode.NOT_CHECKED, before)
    assert f"item 1 {FIRST} is now x.txt\n" in said_no
    assert "Were these files renamed? Record their new names? [y/N]" in said_no
    assert at_a_terminal(archivist, "y", "seal", case, "--quiet")[0] == ExitCode.NOT_CHECKED
    code, said_yes = at_a_terminal(archivist, "y", "seal", case)
    assert (code, "recorded 1 new name" in said_yes) == (ExitCode.OK, True)
    assert findings(archivist, case) == (ExitCode.OK, [("new-name", None)])
