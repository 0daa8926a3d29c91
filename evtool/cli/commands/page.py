"""`evtool page`: a check that does without evtool, written to a file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evtool.cli.command import Command, misuse
from evtool.cli.output import Output, output_options
from evtool.core import __version__
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.operations.record.wrong_place import is_sealed
from evtool.report.checker_document import PageDocument, describe_checker
from evtool.report.checkers import Checker, read_checker
from evtool.store.output import write_files

EXAMPLES = """\b
Examples:
  evtool page -o check.html          a page for a browser, without any network
  evtool page --script -o check.py   a script of 150 lines for Python alone
  evtool page --script -o - | less   read it
  python3 -I check.py interview-0042 trusted_keys
  evtool --version --json            its SHA-256, and nothing written

\b
Exit codes:
  0  it was written
  2  wrong usage
  4  it could not be written

Whoever doubts evtool checks with something else. The page is a second program for all of it but time-stamps, which it
shows and does not judge: open the file in a browser, with the network switched off, and give it a .zip or a folder. The
script has 150 lines, long ones; it needs Python 3.11 or newer and nothing else. The SHA-256 of each is the same in
every installation of one version, so a copy from anywhere can be compared. Neither ever lies in a record or a bundle:
do not run a program that came with evidence from a stranger.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.option("--script", "script", is_flag=True, help="Write the script check.py in place of the page check.html.")
@click.option(
    "--output",
    "-o",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it to FILE; with - print it, and nothing else.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@output_options
def command(script: bool, file: Path, force: bool, output: Output) -> int:
    """Write a check that does without evtool to a file, and print its SHA-256."""
    checker = Checker.SCRIPT if script else Checker.PAGE
    if str(file) == "-":
        if output.json:
            raise misuse(UsageError("-o - prints the file itself; leave --json out", key="printed-no-json"))
        sys.stdout.buffer.write(read_checker(checker))
        return ExitCode.OK
    _check_place(file)
    written = describe_checker(checker)
    write_files({file: read_checker(checker)}, replace=force)
    lines = [f"{shown(str(file))}: written, from evtool {__version__}. Its SHA-256 is", ""]
    output.answer("\n".join([*lines, f"  {group_in_fours(written.sha256)}"]), done=True)
    output.document(PageDocument(path=str(file), checker=written, version=__version__))
    return ExitCode.OK


def _check_place(file: Path) -> None:
    """Refuse a place in a sealed directory or in a bundle: there it would be a file that nobody sealed.

    Raises:
        UsageError: it lies there.
    """
    for folder in file.resolve().parents:
        if is_sealed(folder):
            raise UsageError(
                "{path} lies in {folder}, which has a record; nothing was written",
                hint="name a place outside of it: no check travels with the evidence that it is for",
                key="page-into-evidence",
                path=shown(str(file)),
                folder=shown(str(folder)),
            )
