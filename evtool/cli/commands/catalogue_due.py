"""`evtool catalogue due`: what a repository has to do by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evtool.cli.answers.copies import carrier_documents, say_carriers, say_place, trouble_document
from evtool.cli.command import Command, Option
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.time import TimeOptions, time_options
from evtool.cli.options.values import days_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import ExitCode
from evtool.core.finding import Words
from evtool.keys.agreements import load_agreements
from evtool.keys.own import list_own_keys
from evtool.operations.catalogue.copies import DAMAGED, Trouble
from evtool.operations.catalogue.due import Due, find_catalogue_due
from evtool.report.audit_document import (
    AgreementDue,
    CatalogueDueDocument,
    ConsentDue,
    CopiesDue,
    HandoverOpen,
    RenewalShown,
    TimeDueShown,
)
from evtool.report.language import Language
from evtool.store.catalogue.database import Catalogue, open_catalogue

if TYPE_CHECKING:
    from evtool.operations.catalogue.time_due import TimeDue
    from evtool.operations.record.place import BundleAccess
    from evtool.operations.verify.time.grounds import TimeGrounds

EXAMPLES = """\b
Examples:
  evtool catalogue due repository.cat
  evtool catalogue due repository.cat --within 365d --json
  evtool catalogue due repository.cat --time-evidence
                              once a month: it reads every record

\b
Exit codes:
  0  nothing should have been done before now
  2  wrong usage
  3  something should have been done before now: a copy is damaged or
     overdue, a carrier was not fetched, a review was missed, something is
     held under an agreement that has ended, time evidence was not renewed
  4  the catalogue cannot be read

Consent that has ended is not in this list: `evtool catalogue recall` names those items. When time evidence ends stands
in the records and not in the catalogue. --time-evidence reads the newest one of each collection, as `evtool due` does.
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
@click.option(
    "--time-evidence", is_flag=True, help="Also read the records of what is held, for time-stamps to be renewed."
)
@access_options
@time_options
@output_options
def command(
    catalogue: Path, within: int, time_evidence: bool, access: AccessOptions, time: TimeOptions, output: Output
) -> ExitCode:
    """List what has to be done, and by when."""
    now, own = datetime.now(UTC), {key.code for key in list_own_keys().keys}
    with open_catalogue(catalogue) as opened:
        due = find_catalogue_due(opened, now, timedelta(days=within), load_agreements(), own)
        of_time = _read_time(opened, now, within, time.load(output), access.load()) if time_evidence else None
    is_late = due.is_late or (of_time is not None and any(each.renew_by <= now for each in of_time.renewals))
    exit_code = ExitCode.NOT_ESTABLISHED if is_late else ExitCode.OK
    nothing = output.language.say("audit.nothing-due", day=f"{now.date() + timedelta(days=within)}")
    output.answer_lines((*_render(output.language, due), *_render_time(output.language, of_time)), nothing)
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
            time_evidence=_time_document(of_time) if of_time is not None else None,
        )
    )
    return exit_code


def _read_time(catalogue: Catalogue, now: datetime, within: int, grounds: TimeGrounds, access: BundleAccess) -> TimeDue:
    # Start-up time: who asks each morning reads no record.
    from evtool.operations.catalogue.time_due import find_time_due

    return find_time_due(catalogue, now, now + timedelta(days=within), grounds, access)


def _time_document(due: TimeDue) -> TimeDueShown:
    renewals = tuple(
        RenewalShown(
            collection=each.collection,
            location=each.location,
            path=each.path,
            renew_by=f"{each.renew_by.date()}",
            ends=f"{each.ends.date()}",
        )
        for each in due.renewals
    )
    return TimeDueShown(renewals=renewals, unproven=due.unproven, unread=due.unread)


def _render_time(language: Language, due: TimeDue | None) -> Iterator[str]:
    if due is None:
        return
    for each in due.renewals:
        place = language.say("audit.place", location=each.location, path=each.path)
        yield language.say("audit.renew", day=f"{each.renew_by.date()}", collection=each.collection, place=place)
    if due.unproven:
        yield language.say("audit.unproven", count=len(due.unproven))
    if due.unread:
        yield language.say("audit.time-unread", count=len(due.unread))


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
        key = "audit.handover-own" if given.own else "audit.handover"
        yield say(key, party=given.party, entry=given.entry, collection=given.collection, day=day)
