"""`evtool due`: what expires when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import click

from evtool.cli.command import Command, misuse
from evtool.cli.next_command import next_command
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.common import PlaceOptions, reading_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.output import Output, output_options
from evtool.core.errors import EvtoolError, ExitCode, UsageError
from evtool.core.text.names import shown
from evtool.core.timestamp.due import DueKind
from evtool.operations.verify.due import find_due
from evtool.report.stamp import spell
from evtool.report.time_document import DueDirectory, DueDocument, DueThing

EXAMPLES = """\b
Examples:
  evtool due archive/*
  evtool due archive/* --json
  evtool due case-12.zip --continued case-12.zip.received

\b
Exit codes:
  0  the newest seal of every directory is proven, and nothing is due yet
  2  wrong usage
  3  a renewal is due, or the newest seal of a directory has no time-stamp
     that passes
  4  a record could not be read

A renewal is due a year before a certificate of the chain, or an algorithm, expires. When algorithms expire stands in a
table that comes with evtool; --sunsets names another one. `evtool renew` renews whatever is due.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("paths", metavar="DIRECTORY...", nargs=-1, required=True, type=click.Path())
@reading_options
@access_options
@time_options
@output_options
def command(
    paths: tuple[str, ...], where: PlaceOptions, access: AccessOptions, time: TimeOptions, output: Output
) -> int:
    """List what the time-stamps of directories or bundles rest on, and when it ends, soonest first."""
    if (where.custody is not None or where.continued is not None) and len(paths) > 1:
        option = "--custody" if where.custody is not None else "--continued"
        raise misuse(UsageError("{option} goes with one DIRECTORY", key="with-one-directory", option=option))
    now = datetime.now(UTC)
    place, grounds = where.place(access.load()), time.load(output)
    directories: list[DueDirectory] = []
    exit_code = ExitCode.OK
    for path in paths:
        try:
            found = find_due(path, grounds, where=place, now=now)
        except EvtoolError as error:
            directories.append(DueDirectory(path=path, proven=False, things=(), problem=error.message))
            exit_code = ExitCode.NOT_CHECKED
            continue
        things = tuple(
            DueThing(
                entry=item.entry,
                label=item.label,
                kind=item.kind.value,
                name=item.name,
                ends=spell(item.ends) or "",
                renew_by=spell(item.renew_by) or "",
                due=item.is_due(now),
                source=item.source,
            )
            for item in found.items
        )
        directories.append(DueDirectory(path=path, proven=found.proven, things=things, problem=found.problem))
        if exit_code is ExitCode.OK and (not found.proven or any(thing.due for thing in things)):
            exit_code = ExitCode.NOT_ESTABLISHED
    output.answer("\n\n".join("\n".join(_render(directory)) for directory in directories))
    output.document(DueDocument(exit_code=exit_code, directories=tuple(directories)))
    return exit_code


def _render(directory: DueDirectory) -> Sequence[str]:
    lines = [f"{shown(directory.path)}: {_state(directory)}"]
    for thing in directory.things:
        mark = "DUE" if thing.due else "   "
        if thing.kind == DueKind.REVOCATION.value:
            where = f"entry {thing.entry} {thing.label}"
            missing = _missing(thing, directory.path)
            lines.append(f"  {mark} keep by {thing.renew_by}, ends {thing.ends}  {where}: {missing}")
            continue
        what = f"{thing.kind} {thing.name} ({thing.source})"
        lines.append(
            f"  {mark} renew by {thing.renew_by}, ends {thing.ends}  entry {thing.entry} {thing.label}: {what}"
        )
    return lines


def _missing(thing: DueThing, path: str) -> str:
    fetch = next_command("evtool timestamp DIR --with-revocation", path)
    return f"{thing.source} for {thing.name} and what issued it; fetch it with `{fetch}`"


def _state(directory: DueDirectory) -> str:
    if directory.problem:
        return directory.problem
    return "renewal is due" if any(thing.due for thing in directory.things) else "nothing is due"
