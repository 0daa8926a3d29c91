"""README.md says what the program does: its transcript is run, and it stays a page."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cli.test_examples import EXAMPLES, environment
from tests.conftest import Runner

__all__ = ["environment"]

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
MOST_LINES = 200


def comparable(text: str) -> str:
    """A text with whatever is new in each run made alike: heads, fingerprints and times."""
    text = re.sub(r"[0-9a-f]{4}( [0-9a-f]{4})+", "HEAD", text)
    text = re.sub(r"SHA256:[A-Za-z0-9+/]{43}", "KEY", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)


def find_missing(transcript: list[str], output: list[str]) -> list[str]:
    """The lines of a transcript that are not in the output, in this order; `...` stands for any lines between."""
    missing, place, may_skip = [], 0, True
    for line in transcript:
        if line == "...":
            may_skip = True
            continue
        if line in output[place:] and (may_skip or output[place] == line):
            place += output[place:].index(line) + 1
        else:
            missing.append(line)
        may_skip = line.startswith("$ ")
    return missing


def test_the_transcript_is_what_the_example_prints(evtool: Runner, environment: dict[str, str]) -> None:
    blocks = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    [transcript] = [block for block in blocks if "MISMATCH" in block]
    run = subprocess.run(
        ["bash", EXAMPLES / "first-steps.sh"],
        cwd=evtool.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert find_missing(comparable(transcript).splitlines(), comparable(run.stdout).splitlines()) == []


def test_a_false_transcript_is_found() -> None:
    output = ["$ evtool seal x", "sealed", "", "head", "$ evtool verify x", "fine"]
    assert find_missing(["$ evtool seal x", "sealed", "...", "$ evtool verify x", "fine"], output) == []
    assert find_missing(["$ evtool seal x", "sealed", "head"], output) == ["head"]
    assert find_missing(["$ evtool seal x", "sealed", "...", "other"], output) == ["other"]
    assert find_missing(["$ evtool verify x", "fine", "...", "$ evtool seal x"], output) == ["$ evtool seal x"]


def test_the_page_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES
