"""What has to be done by when: copies to read, consent to review, handovers to ask after.

Only questions to the tables, so it may be asked every morning. What time evidence expires stands in the records
themselves: `time_due` reads those.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct

from evtool.core.consent.agreements import Agreement, Agreements, agreements_ending
from evtool.core.custody.branches import EntryPlace
from evtool.core.custody.events import Event
from evtool.core.terms.terms import PERMITTING
from evtool.operations.catalogue.copies import (
    DAMAGED,
    UNREADABLE,
    ReadingDue,
    StoredCopy,
    in_order,
    read_copies,
    sum_due,
)
from evtool.operations.catalogue.forks import read_disowned
from evtool.operations.catalogue.locations import LocationKind, list_locations
from evtool.store.catalogue.database import Catalogue


class ConsentEnds(NamedTuple):
    """Items of a collection of which consent ends, or has to be reviewed, on one day; `what` is `until` or `review`."""

    what: str
    day: str
    collection: str
    items: int
    first: int
    last: int


class OpenHandover(NamedTuple):
    """A handover that its recipient has not answered; `own` if that is the repository itself."""

    collection: str
    entry: int
    party: str
    happened: str
    own: bool


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
    carriers: tuple[ReadingDue, ...]
    consent: tuple[ConsentEnds, ...]
    agreements: tuple[AgreementEnds, ...]
    handovers: tuple[OpenHandover, ...]
    is_late: bool


def find_catalogue_due(
    catalogue: Catalogue,
    now: datetime,
    within: timedelta,
    agreements: Agreements | None = None,
    own_codes: Collection[str] = (),
) -> Due:
    """Find what has to be done until so long from now, and what should have been done before.

    `agreements` are those of the user's list, None if there is no list; `own_codes` are the repository's own.

    Raises:
        InputError: the catalogue cannot be read.
    """
    end = now + within
    locations = list_locations(catalogue)
    readings = {each.code: sum_due(catalogue, each, now, end) for each in locations}
    here = {each.code for each in locations if each.kind is LocationKind.DISK}
    damaged = tuple(read_copies(catalogue, results=(DAMAGED, UNREADABLE)))
    with catalogue.read() as connection:
        consent = tuple(_read_consent(connection, f"{now.date()}", f"{end.date()}"))
        handovers = tuple(_read_handovers(connection, own_codes))
        ending = tuple(_read_agreements(connection, agreements, now.date(), within.days)) if agreements else ()
    today = now.date()
    is_late = (
        bool(damaged)
        or any(each.overdue for found in readings.values() for each in found)
        or any(each.what == "review" and each.day < f"{today}" for each in consent)
        or any(each.agreement.has_ended(today) for each in ending)
    )
    return Due(
        copies=in_order(each for code in here for each in readings[code]),
        damaged=damaged,
        carriers=in_order(each for code in readings.keys() - here for each in readings[code]),
        consent=consent,
        agreements=ending,
        handovers=handovers,
        is_late=is_late,
    )


_CONSENT = """
SELECT '{what}', terms.{what}, uid, COUNT(*), MIN(number), MAX(number) FROM terms
CROSS JOIN basis ON basis.terms=terms.id CROSS JOIN item ON item.basis=basis.id
JOIN collection ON collection.id=basis.collection
WHERE terms.{what} BETWEEN ? AND ? AND status IN ({permitting}) AND disposed=0 GROUP BY basis.collection, terms.{what}
"""
"""From the few terms to their items: CROSS JOIN keeps SQLite from going through all items, as it knows no numbers."""


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
        connection.execute("SELECT agreement, COUNT(*) FROM held WHERE agreement IS NOT NULL GROUP BY agreement")
    )
    for agreement in agreements_ending(agreements, today, within_days):
        holdings = held.get(agreement.number, 0)
        if holdings or not agreement.has_ended(today):
            yield AgreementEnds(agreement, holdings)


def _read_handovers(connection: sqlite3.Connection, own_codes: Collection[str]) -> Iterator[OpenHandover]:
    """Read which handovers were not answered: by an entry that is known, or by a receipt of this repository's own."""
    rows = connection.execute(
        "SELECT given.collection, digest, signature, uid, sequence, party, happened FROM entry AS given "
        "JOIN collection ON collection.id=given.collection WHERE party IS NOT NULL AND event IN (?, ?) "
        "AND undone_by IS NULL AND NOT EXISTS (SELECT 1 FROM entry AS answer "
        "WHERE answer.collection=given.collection AND answer.answers=given.digest) "
        "AND NOT EXISTS (SELECT 1 FROM holding WHERE holding.collection=given.collection AND head=given.digest "
        "AND receipt IS NOT NULL) ORDER BY happened, uid, sequence",
        (Event.TRANSFERRED.value, Event.DISCLOSED.value),
    )
    disowned: dict[int, frozenset[EntryPlace]] = {}
    for collection, digest, signature, uid, entry, party, day in rows.fetchall():
        if collection not in disowned:
            disowned[collection] = read_disowned(connection, collection)
        if (digest, signature) not in disowned[collection]:
            yield OpenHandover(uid, entry, party, day, party in own_codes)
