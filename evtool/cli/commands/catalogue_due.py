"""`evtool catalogue due`: what a repository has to do by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from evtool.cli.answers.copies import carrier_documents, say_carriers, say_place, trouble_document
from evtool.cli.command import Command, Option
from evtool.cli.options.values import days_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.core.finding import Words
from evtool.keys.agreements import load_agreements
from evtool.operations.catalogue.copies import DAMAGED, Trouble
from evtool.operations.catalogue.due import Due, find_catalogue_due
from evtool.report.audit_document import AgreementDue, CatalogueDueDocument, ConsentDue, CopiesDue, HandoverOpen
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue due repository.cat
  evtool catalogue due repository.cat --within 365d --json

\b
Exit codes:
  0  nothing should have been done before now
  2  wrong usage
  3  something should have been done before now: a copy is damaged or
     overdue, a carrier was not fetched, a review was missed, something is
     held under an agreement that has ended
  4  the catalogue cannot be read

Consent that has ended is not in this list: `evtool catalogue recall` names those items. `evtool due DIR` tells when
time-stamps expire.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.option(
    "--within",
    cls=Option,
    type=days_value,
    default="60d",
    show_default=True,
    metavar="DAYS",
    help="List what is due within so many days.",
)
@output_options
def command(catalogue: Path, within: int, output: Output) -> ExitCode:
    """List what has to be done, and by when."""
    now = datetime.now(UTC)
    with open_catalogue(catalogue) as opened:
        due = find_catalogue_due(opened, now, timedelta(days=within), load_agreements())
    exit_code = ExitCode.NOT_ESTABLISHED if due.is_late else ExitCode.OK
    nothing = output.language.say("audit.nothing-due", day=f"{now.date() + timedelta(days=within)}")
    output.answer_lines(_render(output.language, due), nothing)
    output.document(
        CatalogueDueDocument(
            exit_code=exit_code,
            day=f"{now.date()}",
            within_days=within,
            copies=tuple(
                CopiesDue(location=each.location, due=f"{each.due.date()}", copies=each.copies, overdue=each.overdue)
                for each in due.copies
            ),
            damaged=tuple(
                trouble_document(Trouble(copy.location, Words(f"copy-{copy.last_result}"), copy))
                for copy in due.damaged
            ),
            carriers=carrier_documents(due.carriers),
            consent=tuple(ConsentDue(**each._asdict()) for each in due.consent),
            agreements=tuple(
                AgreementDue(
                    agreement=agreement.number,
                    ends=str(agreement.ends),
                    at_end=agreement.at_end.value if agreement.at_end is not None else None,
                    holdings=holdings,
                )
                for agreement, holdings in due.agreements
            ),
            handovers=tuple(HandoverOpen(**each._asdict()) for each in due.handovers),
        )
    )
    return exit_code


def _render(language: Language, due: Due) -> Iterator[str]:
    say = language.say
    for copy in due.damaged:
        key = "audit.damaged-before" if copy.last_result == DAMAGED else "audit.unread-before"
        yield say(key, place=say_place(language, copy))
    for each in due.copies:
        if each.overdue:
            yield f"{each.location}: {say('audit.overdue', count=each.overdue)}"
        yield say("audit.read", day=f"{each.due.date()}", count=each.copies, location=each.location)
    yield from say_carriers(language, due.carriers)
    for ends in due.consent:
        yield say(f"audit.{ends.what}", day=ends.day, count=ends.items, collection=ends.collection)
    for agreement, holdings in due.agreements:
        yield say("audit.agreement", agreement=agreement.number, day=str(agreement.ends), count=holdings)
    for given in due.handovers:
        day = given.happened[:10]
        yield say("audit.handover", party=given.party, entry=given.entry, collection=given.collection, day=day)
