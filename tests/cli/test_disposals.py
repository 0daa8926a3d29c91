"""What was given up: as of when, which names it frees, and that a check of nothing is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, codes, make_case, make_party
from tests.conftest import Runner

GIVEN_BACK = ("--authority", "agreement 12", "--method", "returned", "--confirm", "still-there")
FIRST = "증거-01.txt"


@pytest.fixture
def archivist(evtool: Runner) -> Party:
    return make_party(evtool, "A1")


@pytest.fixture
def case(archivist: Party) -> Path:
    """A sealed directory with two items."""
    case = make_case(archivist.run, files=2)
    seal(archivist, case)
    return case


def seal(archivist: Party, case: Path) -> dict[str, object]:
    return archivist.ok("seal", case, "--metadata", "none", "--json").document


def findings(archivist: Party, case: Path, *more: str) -> tuple[int, list[tuple[str, int | None]]]:
    """Exit code of a verification, and its findings about single items or files."""
    result = archivist("verify", case, "--json", *more)
    (report,) = result.document["reports"]
    about = [finding for finding in report["findings"] if finding["item"] is not None or finding["path"] is not None]
    assert sum(report["items"].values()) == report["sealed"]
    return result.exit_code, [(finding["code"], finding["item"]) for finding in about]


def test_the_whole_collection_is_what_was_sealed_by_then(archivist: Party, case: Path) -> None:
    """All of it is given back; what is sealed afterwards was given to nobody, and is missed."""
    archivist.ok("record", case, "disposed", *GIVEN_BACK)
    for path in case.glob("*.txt"):
        path.unlink()
    (case / "new.txt").write_text("new")
    (case / "other.txt").write_text("other")
    seal(archivist, case)
    assert findings(archivist, case) == (ExitCode.OK, [("disposed", 1), ("disposed", 2)])
    (case / "new.txt").unlink()
    code, found = findings(archivist, case)
    assert (code, found[0], len(found)) == (ExitCode.MISMATCH, ("missing", 3), 3)


def test_a_name_that_was_given_up_can_be_used_again(archivist: Party, case: Path) -> None:
    """Another document under that name is new: extra until it is sealed, then an item like any other."""
    archivist.ok("record", case, "disposed", "--items", "1", *GIVEN_BACK)
    (case / FIRST).write_text("another document")
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("extra", None), ("disposed", 1)])
    assert archivist.ok("items", case, "--json").document["paths"] == [FIRST]
    (case.parent / "table.csv").write_text(f"path,title\n{FIRST},Another document\n", encoding="utf-8")
    preview = archivist.ok("seal", case, "--dry-run", "--table", "table.csv", "--json").document
    assert preview["new_items"] == 1
    sealed = archivist.ok("seal", case, "--table", "table.csv", "--metadata", "none", "--json").document
    assert (sealed["new_items"], sealed["findings"][0]["code"]) == (1, "disposed")
    assert findings(archivist, case) == (ExitCode.OK, [("disposed", 1)])
    assert "Another document" in archivist.ok("show", case, "--items", "3").stdout
    assert seal(archivist, case)["new_items"] == 0

    (case / FIRST).write_text("a forgery of it")
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("changed", 3), ("disposed", 1)])
    (case / FIRST).unlink()
    assert findings(archivist, case) == (ExitCode.MISMATCH, [("missing", 3), ("disposed", 1)])

    archivist.ok("record", case, "disposed", "--items", "3", *GIVEN_BACK)
    (case / FIRST).write_text("a third one")
    seal(archivist, case)
    assert findings(archivist, case) == (ExitCode.OK, [("disposed", 1), ("disposed", 3)])


def test_a_name_is_free_for_anything(archivist: Party, case: Path) -> None:
    """A directory, or a link, or the same name in another Unicode form: new, and no accusation once it is sealed."""
    archivist.ok("record", case, "disposed", *GIVEN_BACK)
    (case / FIRST).unlink()
    (case / FIRST).mkdir()
    (case / FIRST / "inside.txt").write_text("inside")
    (case / "증거-02.txt").unlink()
    (case / "증거-02.txt").symlink_to(FIRST)
    assert findings(archivist, case)[0] == ExitCode.MISMATCH
    assert seal(archivist, case)["new_items"] == 2
    assert findings(archivist, case) == (ExitCode.OK, [("disposed", 1), ("disposed", 2)])


def test_what_was_given_up_and_is_still_there_is_as_sealed(archivist: Party, case: Path) -> None:
    """Recorded first, removed later: until then it is the same item, and not sealed a second time."""
    archivist.ok("record", case, "disposed", "--items", "1", *GIVEN_BACK)
    assert findings(archivist, case) == (ExitCode.OK, [])
    assert seal(archivist, case)["new_items"] == 0


def test_nobody_gives_up_what_another_item_holds(archivist: Party, case: Path) -> None:
    """A disposal of another item frees no name: a changed file stays a changed file."""
    archivist.ok("record", case, "disposed", "--items", "2", *GIVEN_BACK)
    (case / FIRST).write_text("changed")
    code, found = findings(archivist, case)
    assert (code, found) == (ExitCode.MISMATCH, [("changed", 1)])
    assert archivist("seal", case, "--metadata", "none").exit_code == ExitCode.MISMATCH


def test_a_check_that_read_nothing_signs_nothing(archivist: Party, case: Path) -> None:
    """Everything was given up and is gone: there is nothing of which `verified` could be said."""
    archivist.ok("record", case, "disposed", *GIVEN_BACK)
    for path in case.glob("*.txt"):
        path.unlink()
    before = sorted(path.name for path in (case / "custody").iterdir())
    for more in ((), ("--sample", "1"), ("--sample", "2")):
        result = archivist("record", case, "verified", *more)
        assert result.exit_code == ExitCode.NOT_CHECKED, (more, result)
        assert "no item could be checked, so nothing was recorded" in result.stderr
    assert sorted(path.name for path in (case / "custody").iterdir()) == before
    assert archivist("verify", case).exit_code == ExitCode.NOT_CHECKED


def test_a_sample_is_drawn_from_what_is_there(archivist: Party) -> None:
    """Of twenty items one is left: a sample of one is that item, however often it is drawn."""
    case = make_case(archivist.run, "many", files=20)
    seal(archivist, case)
    archivist.ok("record", case, "disposed", "--items", "1-16,18-20", *GIVEN_BACK)
    for path in sorted(case.glob("*.txt")):
        if path.name != "증거-17.txt":
            path.unlink()
    for _ in range(5):
        fixity = archivist.ok("record", case, "verified", "--sample", "1", "--json").document["fixity"]
        assert (fixity["checked"], fixity["ok"]) == (1, 1)


def test_two_signers_are_two_agents_with_a_key_each(archivist: Party, case: Path) -> None:
    """A new key of the same agent is no second agent, and a second code for the same key is none either."""
    home = archivist.run.home
    second, other = make_second_key(archivist, "again"), make_party(archivist.run, "B7")
    archivist.trusts(other)
    archivist.ok("trust", "add", "A1", second.with_suffix(".pub"), "--another-key")
    with (home / "allowed_signers").open("a") as trusted:  # `trust add` gives a key to one agent only
        trusted.write(f"C9 {(home / 'keys' / 'A1.pub').read_text()}")
    for key, code in ((second, "A1"), (home / "keys" / "A1", "C9")):
        archivist.ok("record", case, "countersigned", "--entry", "1", "--key", key, "--agent", code)
        result = archivist("verify", case, "--require", "signers=2", "--json")
        assert (result.exit_code, "signers-too-few" in codes(result)) == (ExitCode.NOT_ESTABLISHED, True)
    other.ok("record", case, "countersigned", "--entry", "1")
    assert archivist("verify", case, "--require", "signers=2").exit_code == ExitCode.OK
    assert archivist("verify", case, "--require", "signers=3").exit_code == ExitCode.NOT_ESTABLISHED


def make_second_key(archivist: Party, folder: str) -> Path:
    """Make another key of the same agent, in a home of its own."""
    home = archivist.run.home.with_name(folder)
    archivist.run("key", "new", "A1", "--no-passphrase", EVTOOL_HOME=str(home))
    target = archivist.run.directory / "second"
    shutil.copyfile(home / "keys" / "A1", target)
    shutil.copyfile(home / "keys" / "A1.pub", target.with_suffix(".pub"))
    target.chmod(0o600)
    return target
