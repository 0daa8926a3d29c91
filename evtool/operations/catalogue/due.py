"""What has to be done by when: copies to read, consent to review, handovers to ask after.

Only questions to the tables, so it may be asked every morning. What time evidence expires stands in the records
themselves: `evtool due` reads those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from evtool.core.consent.agreements import Agreement, Agreements, agreements_ending
from evtool.core.custody.events import Event
from evtool.core.terms.terms import PERMITTING
from evtool.core.values import replace
from evtool.operations.catalogue.copies import (
    DAMAGED,
    UNREADABLE,
    OfflineDue,
    StoredCopy,
    due_of,
    find_offline,
    moment_of,
    read_copies,
)
from evtool.operations.catalogue.locations import Location, LocationKind, list_locations
from evtool.store.catalogue.database import Catalogue


class ReadingDue(Struct, frozen=True):
    """Copies at one location that an audit has to read.

    Attributes:
        location: code of the location.
        due: when the first of them has to be read.
        copies: how many are due by the end of the time that was asked about.
        overdue: how many should have been read before now.
    """

    location: str
    due: datetime
    copies: int = 0
    overdue: int = 0


class ConsentEnds(NamedTuple):
    """Items of a collection of which consent ends, or has to be reviewed, on one day; `what` is `until` or `review`."""

    what: str
    day: str
    collection: str
    items: int
    first: int
    last: int


class OpenHandover(NamedTuple):
    """A handover that its recipient has not answered."""

    collection: str
    entry: int
    party: str
    happened: str


class AgreementEnds(NamedTuple):
    """An agreement that ends, and how many holdings came under it."""

    agreement: Agreement
    holdings: int


class Due(Struct, frozen=True):
    """What has to be done.

    Attributes:
        copies: copies to read, by location.
        damaged: copies that the last round of reading found damaged, or could not read.
        carriers: carriers to fetch, the first one due first.
        consent: items of which consent ends or has to be reviewed, by day.
        agreements: agreements that end, or have ended and under which something is still held.
        handovers: handovers that were not answered, oldest first.
        is_late: whether something should have been done before now.
    """

    copies: tuple[ReadingDue, ...]
    damaged: tuple[StoredCopy, ...]
    carriers: tuple[OfflineDue, ...]
    consent: tuple[ConsentEnds, ...]
    agreements: tuple[AgreementEnds, ...]
    handovers: tuple[OpenHandover, ...]
    is_late: bool


def find_catalogue_due(
    catalogue: Catalogue, now: datetime, within: timedelta, agreements: Agreements | None = None
) -> Due:
    """Find what has to be done until so long from now, and what should have been done before.

    `agreements` are those of the user's list, None if there is no list.

    Raises:
        InputError: the catalogue cannot be read.
    """
    end = now + within
    locations = {location.code: location for location in list_locations(catalogue)}
    copies = read_copies(catalogue)
    here = [copy for copy in copies if locations[copy.location].kind is LocationKind.DISK]
    away = [copy for copy in copies if locations[copy.location].kind is not LocationKind.DISK]
    readings = tuple(_sum_up(here, locations, now, end))
    carriers = tuple(carrier for carrier in find_offline(away, locations, now) if carrier.due <= end)
    damaged = tuple(copy for copy in copies if copy.last_result in (DAMAGED, UNREADABLE))
    with catalogue.read() as connection:
        consent = tuple(_read_consent(connection, f"{now.date()}", f"{end.date()}"))
        handovers = tuple(_read_handovers(connection))
        ending = tuple(_read_agreements(connection, agreements, now.date(), within.days)) if agreements else ()
    late_review = any(each.what == "review" and each.day < f"{now.date()}" for each in consent)
    is_late = bool(damaged or late_review or any(reading.overdue for reading in readings))
    is_late = is_late or any(carrier.due < now for carrier in carriers)
    is_late = is_late or any(each.agreement.has_ended(now.date()) for each in ending)
    return Due(readings, damaged, carriers, consent, ending, handovers, is_late)


def _sum_up(
    copies: Iterable[StoredCopy], locations: dict[str, Location], now: datetime, end: datetime
) -> Iterator[ReadingDue]:
    found: dict[str, ReadingDue] = {}
    for copy in copies:
        due = due_of(copy, locations[copy.location].cycle, now)
        if due <= end:
            known = found.get(copy.location) or ReadingDue(copy.location, due)
            late = moment_of(copy.last_proof) is not None and due < now
            found[copy.location] = replace(
                known, due=min(known.due, due), copies=known.copies + 1, overdue=known.overdue + late
            )
    yield from sorted(found.values(), key=lambda reading: (reading.due, reading.location))


_CONSENT = """
SELECT '{what}', terms.{what}, uid, COUNT(*), MIN(number), MAX(number) FROM terms JOIN basis ON basis.terms=terms.id
JOIN item ON item.basis=basis.id JOIN collection ON collection.id=basis.collection
WHERE terms.{what} BETWEEN ? AND ? AND status IN ({permitting}) AND disposed=0 GROUP BY basis.collection, terms.{what}
"""


def _read_consent(connection: sqlite3.Connection, today: str, end: str) -> list[ConsentEnds]:
    """Read whose consent ends, and whose should be reviewed; a review that was missed stays in the list.

    Consent that has ended is in no list of what is to come: those items may go to nobody, and `recall` names them.
    """
    allowed = ", ".join(f"'{status.value}'" for status in sorted(PERMITTING, key=lambda status: status.value))
    found: list[ConsentEnds] = []
    for what, start in (("until", today), ("review", "")):
        rows = connection.execute(_CONSENT.format(what=what, permitting=allowed), (start, end))
        found += map(ConsentEnds._make, rows)
    return sorted(found, key=lambda each: (each.day, each.collection, each.what))


def _read_agreements(
    connection: sqlite3.Connection, agreements: Agreements, today: date, within_days: int
) -> Iterator[AgreementEnds]:
    """Read which agreements end; one that has ended stays in the list for as long as something is held under it."""
    held = dict(
        connection.execute(
            "SELECT agreement, COUNT(*) FROM holding WHERE agreement IS NOT NULL AND state IN ('accepted', 'partial') "
            "GROUP BY agreement"
        )
    )
    for agreement in agreements_ending(agreements, today, within_days):
        holdings = held.get(agreement.number, 0)
        if holdings or not agreement.has_ended(today):
            yield AgreementEnds(agreement, holdings)


def _read_handovers(connection: sqlite3.Connection) -> Iterator[OpenHandover]:
    rows = connection.execute(
        "SELECT uid, sequence, party, happened FROM entry AS given JOIN collection ON collection.id=given.collection "
        "WHERE party IS NOT NULL AND event IN (?, ?) AND undone_by IS NULL AND NOT EXISTS (SELECT 1 FROM entry AS "
        "answer WHERE answer.collection=given.collection AND answer.answers=given.digest) ORDER BY "
        "happened, uid, sequence",
        (Event.TRANSFERRED.value, Event.DISCLOSED.value),
    )
    return map(OpenHandover._make, rows)
