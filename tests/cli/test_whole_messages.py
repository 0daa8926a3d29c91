"""A message says how many things it is about by itself: in the text, in JSON, for one thing and for several."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.evidence import give_key
from tests.conftest import Runner


@pytest.fixture
def case(evtool: Runner) -> Path:
    """Three items, of which the third is new and was given no terms."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    terms = evtool.directory / "defaults.toml"
    terms.write_text(
        'format = "evtool-defaults/1"\n[[directory]]\npath = "."\nhandling = "named"\n'
        'consent = {status = "given", by = "subject", share = ["B7"]}\n'
    )
    for name in ("a.txt", "b.txt"):
        (case / name).write_text(name)
    assert evtool("seal", case, "--defaults", terms).exit_code == 0
    (case / "c.txt").write_text("c")
    assert evtool("seal", case).exit_code == 0
    return case


def messages(evtool: Runner, case: Path, *options: str) -> dict[str, str]:
    """Give the messages of a verification as JSON has them, by code, after checking that the text has them too."""
    document = evtool("verify", case, "--json", *options).document["reports"][0]
    text = " ".join(evtool("verify", case, *options).stdout.split())
    # A person is told which directory that is.
    text = text.replace(f"`evtool show {case} ", "`evtool show DIR ")
    found = {finding["code"]: finding["message"] for finding in document["findings"]}
    for code, message in found.items():
        assert f" {code} {message}" in text or f" {code} item " in text, text
    return found


def test_one_item_without_consent_keeps_its_number(case: Path, evtool: Runner) -> None:
    """The number used to be put in front by the text alone, and only if it was not 1."""
    assert messages(evtool, case)["no-consent"] == (
        "1 of 3 items has no consent stated: treat it as closed; `evtool show DIR --without-terms` lists it"
    )


def test_several_items_without_consent(case: Path, evtool: Runner) -> None:
    (case / "d.txt").write_text("d")
    assert evtool("seal", case).exit_code == 0
    assert messages(evtool, case)["no-consent"] == (
        "2 of 4 items have no consent stated: treat them as closed; `evtool show DIR --without-terms` lists them"
    )


def test_the_first_line_counts_items_without_consent(case: Path, evtool: Runner) -> None:
    """Nobody may get the third one, so nobody may get all of it."""
    assert evtool("verify", case).stdout.splitlines()[0].endswith("closed. It may not be given to anyone.")


def test_dates_are_counted(case: Path, evtool: Runner) -> None:
    os.utime(case / "a.txt", (1, 1))
    one = "1 item has a different modification date than at sealing; the content is unchanged"
    assert messages(evtool, case)["date-changed"] == one
    os.utime(case / "b.txt", (1, 1))
    two = "2 items have a different modification date than at sealing; the content is unchanged"
    assert messages(evtool, case)["date-changed"] == two


def test_items_that_were_not_selected_are_counted(case: Path, evtool: Runner) -> None:
    rest = "not selected and not checked; files that are in no seal were not looked for"
    assert messages(evtool, case, "--items", "1")["not-selected"] == f"2 items were {rest}"
    assert messages(evtool, case, "--items", "1", "--items", "2")["not-selected"] == f"1 item was {rest}"


def test_an_item_that_is_in_no_seal_is_named_once(case: Path, evtool: Runner) -> None:
    """The text used to say "item 9 item 9"."""
    assert messages(evtool, case, "--items", "1", "--items", "9")["item-unknown"].startswith("9: no seal contains")
    assert "item 9 item 9" not in evtool("verify", case, "--items", "9").stdout
