"""`evtool intake INBOX`: each bundle to quarantine, verified, added to the catalogue, answered, stored."""

from __future__ import annotations

import os
import sys
import time as clock
from collections.abc import Iterator
from pathlib import Path

import click

from evtool.cli.command import Command, misuse
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.intake import DoorOptions, StoreOptions, door_options, store_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.names import shown, store_name
from evtool.operations.author import Author
from evtool.operations.catalogue.intake import intake
from evtool.operations.catalogue.outcome import IntakeCount
from evtool.report.intake_text import render_end, render_line
from evtool.scan.tree import TreeLocation
from evtool.store.catalogue.database import open_catalogue
from evtool.store.catalogue.inbox import Arrived, find_arrived, look_at

EXAMPLES = """\b
Examples:
  evtool intake inbox --catalogue repository.cat --store vault \\
      --policy intake.toml --receipts receipts

\b
A policy, intake.toml; the last line is for those who list their agreements:
  format = "evtool-intake-policy/1"
  codes = ["R1"]      # your own codes: each bundle is made for one of them
  agreement = true

With --identity, encrypted bundles are opened too. --json prints one line as soon as a bundle is done, and the counts at
the end.

\b
Exit codes:
  0  every bundle was taken in
  1  at least one bundle fails verification, or its record parts from
     another one
  2  wrong usage
  3  a signer is not trusted, a bundle is for somebody else, or it came before
  4  a bundle could not be checked, or something cannot be read or written
  5  refused: an agreement does not allow it
Of several bundles the most serious result decides (1, then 4, 5, 3).

INBOX is searched with its folders; a list on standard input has one path on each line. Links are never followed. What
lies on another medium is copied and compared, and the original stays. If the run is interrupted, repeat it: every
bundle is in the inbox, in quarantine or in the store, and the next run goes on from there.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("inbox", metavar="INBOX", type=click.Path(allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Tell what would be taken in, after every check; move and write nothing.")
@store_options
@door_options
@access_options
@time_options
@signing_options
@output_and_progress
def command(
    inbox: str,
    dry_run: bool,
    store: StoreOptions,
    door: DoorOptions,
    access: AccessOptions,
    time: TimeOptions,
    signing: SigningOptions,
    output: Output,
) -> ExitCode:
    """Check, catalogue and answer the bundles in an inbox."""
    assert store.store is not None  # noqa: S101  # the option is required here
    _require_apart(inbox, store.store, door.receipts)
    options = door.load((store.store, store.location), access, time, output, dry_run=dry_run)
    author = Author(signing.choose(dry_run=dry_run))
    count, begun, language = IntakeCount(), clock.monotonic(), output.language
    with open_catalogue(store.catalogue) as catalogue, terminal_progress(output) as progress:
        arrived = list(_arrived(inbox))
        progress.start("taking in", len(arrived), None)
        for line in intake(catalogue, arrived, author, options):
            count.add(line)
            progress.advance(1, line.bytes or 0)
            if output.json:
                output.line(line)
            elif not output.quiet or line.exit_code is not ExitCode.OK:
                output.answer(render_line(language, line), done=line.state == "accepted")
    end = count.end(clock.monotonic() - begun, dry_run=dry_run)
    if output.json:
        output.line(end)
    else:
        output.answer(render_end(language, end))
    return end.exit_code


def _arrived(inbox: str) -> Iterator[Arrived]:
    if inbox != "-":
        yield from find_arrived(TreeLocation.find(inbox))
        return
    for line in sys.stdin.buffer.read().splitlines():
        if line:
            yield look_at(os.path.abspath(line), store_name(line))


def _require_apart(inbox: str, *others: Path) -> None:
    """Refuse an inbox that is, or lies in, or holds, what bundles are moved to."""
    if inbox == "-":
        return
    real = os.path.realpath(inbox)
    for other in others:
        place = os.path.realpath(other)
        if os.path.commonpath([real, place]) in (real, place):
            raise misuse(
                UsageError(
                    "{inbox} and {other} must lie beside each other, not one in the other",
                    key="intake-inside",
                    inbox=shown(inbox),
                    other=shown(str(other)),
                )
            )
