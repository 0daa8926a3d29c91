"""Man pages: made from the commands, current, and readable on a terminal of 80 columns."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from evtool.cli.command import help_record
from tests.tools.write_command_pages import MAN, walk, write_man_pages

ROOT = Path(__file__).parents[2]


def test_the_man_pages_are_current() -> None:
    """They are made from the help of the commands: `python -m tests.tools.write_command_pages`."""
    kept = {f"{MAN}/{path.name}": path.read_text("utf-8") for path in (ROOT / MAN).iterdir()}
    made = write_man_pages()
    assert [name for name in made | kept if made.get(name) != kept.get(name)] == []


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_a_man_page_has_what_the_help_has() -> None:
    """Each option, example and exit code of every command, within 80 columns, without a warning of groff."""
    contexts = list(walk())
    pages = [str(ROOT / MAN / f"{context.command_path.replace(' ', '-')}.1") for context in contexts]
    # This is what `man -l PAGE` runs on a terminal of 80 columns, for all pages at once.
    command = ["groff", "-ww", "-man", "-Tutf8", "-K", "utf8", "-P-cbou", "-rLL=80n", "-rcR=1", *pages]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    parts = re.split(r"(?m)^EVTOOL[A-Z-]*\(1\) +evtool(?: manual)? +EVTOOL[A-Z-]*\(1\)$", run.stdout)
    shown = dict(zip(contexts, parts[1:], strict=True))
    for context, page in shown.items():
        assert max(map(len, page.splitlines())) <= 80, context.command_path
        words = " ".join(page.split())
        for param in context.command.get_params(context):
            record = help_record(param, context)
            if record:
                assert " ".join(f"{record[0]} {record[1]}".split()) in words, (context.command_path, record)
        for line in (context.command.epilog or "").splitlines():
            if line.startswith("  "):
                assert line in page.splitlines(), context.command_path
            elif not line.startswith("\b") and not line.endswith(":"):
                assert " ".join(line.split()) in words, context.command_path
        assert isinstance(context.command, click.Group) or ("EXAMPLES" in page and "EXIT STATUS" in page)
