"""Options that every command which adds an entry shares."""

from __future__ import annotations

import contextlib
import functools
import getpass
import platform
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from evtool.cli.options.common import output_options, signing_options
from evtool.cli.options.values import instant_value, ranges_value
from evtool.cli.output import Output
from evtool.core.custody.entry import Clock
from evtool.core.custody.privacy import TextPolicy, make_policy, parse_denied_terms
from evtool.core.errors import ExitCode, InputError
from evtool.core.finding import weigh
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.operations.entries.record_event import RecordResult
from evtool.operations.entries.writer import EntryHeader
from evtool.report.custody_document import EntryDocument
from evtool.report.entry import render_fixity
from evtool.report.findings import ListedFindings, list_findings

Command = Callable[..., Any]


def header_options(command: Command) -> Command:
    """Add --reason, --happened-at and --clock; the command gets them as `header`."""

    @functools.wraps(command)
    def with_header(*args: Any, reason: str, happened_at: datetime | None, clock: str, **kwargs: Any) -> Any:
        return command(*args, header=EntryHeader(reason, happened_at, Clock(clock)), **kwargs)

    why = click.option(
        "--reason", default="not stated", metavar="TEXT", help="Why it happened; recorded for all to read."
    )
    when = click.option(
        "--happened-at", type=instant_value, metavar="TIME", help="When it happened, with offset. Without it: now."
    )
    clock = click.option(
        "--clock",
        type=click.Choice([clock.value for clock in Clock]),
        default=Clock.CLAIMED.value,
        show_default=True,
        help="What you say of this computer's clock: just a claim, or synchronised.",
    )
    return why(when(clock(with_header)))


def policy_options(command: Command) -> Command:
    """Add --deny-terms; the command gets a `policy` that also knows the names of this computer and its user."""

    @functools.wraps(command)
    def with_policy(*args: Any, deny_terms: Path | None, **kwargs: Any) -> Any:
        return command(*args, policy=load_policy(deny_terms), **kwargs)

    return click.option(
        "--deny-terms",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Refuse to write any of the terms in FILE, one a line, in any spelling.",
    )(with_policy)


def items_option(command: Command) -> Command:
    """Add --items; the command gets `items`, None for all that are sealed by now."""
    return click.option(
        "--items",
        type=ranges_value,
        metavar="N,N-N",
        help="The items it is about. Without it: all that are sealed by now.",
    )(command)


def custody_option(command: Command) -> Command:
    """Add --custody."""
    return click.option(
        "--custody", metavar="DIR", type=click.Path(), help="Where the record is, if not in the directory."
    )(command)


def jobs_option(command: Command) -> Command:
    """Add --jobs."""
    return click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help="Number of workers.")(command)


def entry_options(command: Command) -> Command:
    """Add what every command takes that adds an entry: its header, its policy, the record, the signer, the output."""
    for options in (output_options, signing_options, custody_option, policy_options, header_options):
        command = options(command)
    return command


_MAX_TERMS = 4 * 1024 * 1024


def load_policy(deny_terms: Path | None) -> TextPolicy:
    """Read the list of denied terms, and ask the system for its own names."""
    terms: list[str] = []
    if deny_terms is not None:
        try:
            with deny_terms.open("rb") as file:
                data = file.read(_MAX_TERMS + 1)
        except OSError as error:
            raise InputError(f"{shown(str(deny_terms))}: {error.strerror}") from error
        if len(data) > _MAX_TERMS:
            raise InputError(f"the list of denied terms has more than {_MAX_TERMS} bytes")
        terms = parse_denied_terms(data)
    return make_policy(terms, _local_names())


def _local_names() -> list[str]:
    names = [platform.node(), platform.node().partition(".")[0]]
    # A user may have no name, as in some containers.
    with contextlib.suppress(KeyError, OSError):
        names.append(getpass.getuser())
    return names


def with_items(header: EntryHeader, items: ItemRanges | None) -> EntryHeader:
    """Give a header its items."""
    return EntryHeader(header.reason, header.happened_at, header.clock, items)


def answer_entry(output: Output, directory: str, result: RecordResult, *notes: str) -> ExitCode:
    """Print an entry that was added, and give the exit code: 1 or 4 if it records a state that is not as sealed."""
    exit_code = weigh(result.findings)
    listed = list_findings(result.findings, output.limit)
    output.answer("\n".join([_render_written(result, directory, listed), *notes]), done=True)
    output.document(
        EntryDocument(
            exit_code=exit_code,
            path=directory,
            entry=result.entry,
            head=result.head,
            fixity=result.fixity,
            findings=listed.findings,
            more_findings=listed.more,
        )
    )
    return exit_code


def _render_written(result: RecordResult, directory: str, listed: ListedFindings) -> str:
    """Write what adding an entry did."""
    lines = [f"{shown(directory)}: added entry {result.entry}"]
    if result.fixity:
        lines.append(f"  {render_fixity(result.fixity)}")
    lines += [f"  {finding.code.value}: {finding.message}" for finding in listed.findings]
    lines += [f"  {code.value}: {words}" for code, words in listed.rest]
    return "\n".join([*lines, "", "Head, to be noted elsewhere:", f"  {group_in_fours(result.head)}"])
