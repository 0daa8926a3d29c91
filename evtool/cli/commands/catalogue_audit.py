"""`evtool catalogue audit`: read copies again, over the years, in the hours that there are for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.answers.copies import carrier_documents, say_carriers, say_trouble, trouble_document
from evtool.cli.command import Command, flag, options_of
from evtool.cli.options.common import SigningOptions, WorkerOptions, jobs_option, signing_options
from evtool.cli.options.values import code_value, days_value, rate_value, seconds_value, time_of_day_value
from evtool.cli.output import Output, output_and_progress
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode
from evtool.operations.author import Author
from evtool.operations.catalogue.audit import AuditOptions, AuditResult, audit
from evtool.report.audit_document import AuditDocument
from evtool.report.language import Language
from evtool.report.text import format_size
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue audit repository.cat --until 06:00
  evtool catalogue audit repository.cat --budget 2h --cycle 30d --rate 80M
  evtool catalogue audit repository.cat --location safe-b
                              a disk that you have fetched

\b
Exit codes:
  0  what was read is as the catalogue says, and the time suffices
  1  a copy is damaged; the answer names the copies that are intact
  2  wrong usage
  3  nothing is damaged, but copies should have been read before now, or
     will not be read in time; the answer says how much time it needs
  4  a copy that should be there could not be read, or a disk is missing

An audit reads the copies that are due, and those that later runs would have no time for. The next run goes on where
this one stopped, at the next item. What has begun is finished: one file, or one piece of half a gibibyte. A bundle that
is one file cannot be read in pieces: if no run has time enough for it, it is read in one go before it is due, and that
run takes as long as it takes. A copy is due one cycle after its last proof. The first proof is the check when it came,
so a new copy is not due at once.

Nothing is repaired, and no key is needed to read: a bundle that is one file is compared with its SHA-256, encrypted or
not. Carriers in a safe are never a failure; they are listed until they are fetched. Damage is told once in each cycle,
and `evtool catalogue due` lists it every day: put an intact copy in its place, then add it with `evtool catalogue add`.
"""


class HowMuch(Struct, frozen=True):
    """How much to read.

    Attributes:
        budget: seconds, or None.
        until: time of day, or None.
        cycle_days: once in so many days each copy is read; None for what its location says.
        locations: codes of the locations to read; empty for all.
        rate: bytes a second at most, or None.
    """

    budget: float | None = flag(
        "--budget", type=seconds_value, metavar="TIME", help="Read for this long: 2h, 90m. [default: no end]"
    )
    until: time | None = flag(
        "--until",
        type=time_of_day_value,
        metavar="HH:MM",
        help="Begin nothing after this time of day, on the clock of this computer.",
    )
    cycle_days: int | None = flag(
        "--cycle",
        type=days_value,
        metavar="DAYS",
        help="Read each copy once in so many days. [default: that of its location]",
    )
    locations: tuple[str, ...] = flag(
        "--location", multiple=True, type=code_value, metavar="CODE", help="Only copies there. May be repeated."
    )
    rate: int | None = flag(
        "--rate",
        type=rate_value,
        metavar="BYTES",
        help="Read at most this much per second: 80M. [default: that of the location]",
    )


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@options_of(HowMuch, "much", "How much")
@jobs_option
@signing_options
@output_and_progress
def command(
    catalogue: Path, much: HowMuch, workers: WorkerOptions, signing: SigningOptions, output: Output
) -> ExitCode:
    """Read copies again, to find damage in time."""
    options = AuditOptions(
        budget=much.budget,
        until=much.until,
        cycle_days=much.cycle_days,
        locations=frozenset(much.locations),
        rate=much.rate,
        jobs=workers.jobs,
    )
    with open_catalogue(catalogue) as opened, terminal_progress(output) as progress:
        result = audit(opened, Author(signing.choose(), progress=progress), options)
    if result.interrupted and not result.damaged:
        # What is proven is kept; that somebody ended the run is the answer.
        raise KeyboardInterrupt
    output.answer("\n".join(_render(output.language, result)))
    output.document(_document(result))
    return result.exit_code


def _render(language: Language, result: AuditResult) -> Iterator[str]:
    say, said = language.say, result.forecast
    for trouble in result.damaged:
        yield from say_trouble(language, trouble, "damaged")
    for trouble in result.unreadable:
        yield from say_trouble(language, trouble, "unread")
    size = format_size(result.bytes, language)
    yield say("audit.done", run=result.run, count=result.copies, size=size, minutes=round(result.spent / 60))
    if not (result.copies or result.begun or said.is_behind or result.damaged or result.unreadable) and said.next_due:
        yield say("audit.nothing-to-read", day=f"{said.next_due.date()}")
    if result.begun:
        yield say("audit.begun", count=result.begun)
    if said.overdue:
        yield say("audit.overdue", count=said.overdue)
    if said.too_long:
        yield say("audit.too-long", count=len(said.too_long))
    if said.is_behind:
        needed = _hours(language, said.needed)
        if result.budget is None or said.cycle_days is None:
            yield say("audit.needs-only", needed=needed)
        else:
            yield say("audit.needs", needed=needed, budget=_hours(language, result.budget), days=said.cycle_days)
    yield from say_carriers(language, result.offline)


def _hours(language: Language, seconds: float) -> str:
    return language.say("audit.hours", hours=f"{seconds / 3600:.1f}")


def _document(result: AuditResult) -> AuditDocument:
    said = result.forecast
    return AuditDocument(
        exit_code=result.exit_code,
        run=result.run,
        budget_s=int(result.budget) if result.budget is not None else None,
        spent_s=int(result.spent),
        copies_done=result.copies,
        copies_begun=result.begun,
        bytes=result.bytes,
        damaged=tuple(map(trouble_document, result.damaged)),
        unreadable=tuple(map(trouble_document, result.unreadable)),
        overdue=said.overdue,
        oldest_proof_days=said.oldest_days,
        needed_s_per_day=said.needed,
        cycle_at_this_budget_days=said.cycle_days,
        too_long=len(said.too_long),
        offline_due=carrier_documents(result.offline),
    )
