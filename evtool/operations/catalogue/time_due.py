"""When the time evidence of what is held has to be renewed: read from the records themselves, one of each collection.

No table has this. What a time-stamp rests on today depends on whom the user trusts, and on tables of when algorithms
end; so the newest record of each collection is opened and judged, as `evtool due` does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct

from evtool.core.errors import EvtoolError
from evtool.core.values import replace
from evtool.operations.catalogue.copies import StoredCopy, read_copies
from evtool.operations.catalogue.locations import Location, list_locations
from evtool.operations.catalogue.register import Container
from evtool.operations.record.place import BundleAccess, RecordPlace
from evtool.operations.verify.due import DueResult, find_due
from evtool.operations.verify.time.grounds import TimeGrounds
from evtool.store.catalogue.database import Catalogue


class RenewalDue(NamedTuple):
    """Time evidence that ends.

    Attributes:
        collection: id of the collection.
        location, path: where the copy lies from which it was read.
        renew_by: when it is time to renew; a year before the end.
        ends: when the first certificate or algorithm ends.
    """

    collection: str
    location: str
    path: str
    renew_by: datetime
    ends: datetime


class TimeDue(Struct, frozen=True):
    """What has to be done about time evidence.

    Attributes:
        renewals: what has to be renewed, soonest first.
        unproven: ids of the collections whose newest seal has no time-stamp that passes.
        unread: ids of the collections of which no copy could be read here.
    """

    renewals: tuple[RenewalDue, ...]
    unproven: tuple[str, ...]
    unread: tuple[str, ...]


def find_time_due(
    catalogue: Catalogue, now: datetime, end: datetime, grounds: TimeGrounds, access: BundleAccess | None = None
) -> TimeDue:
    """Read the newest record of each collection that is held, and find what has to be renewed until `end`.

    Raises:
        InputError: the catalogue cannot be read.
    """
    locations = {location.code: location for location in list_locations(catalogue)}
    place = RecordPlace(access=access or BundleAccess())
    renewals, unproven, unread = list[RenewalDue](), list[str](), list[str]()
    for collection, copies in _newest_copies(catalogue):
        for copy in copies:
            try:
                found = _read(copy, locations[copy.location], place, grounds, now)
            except EvtoolError:
                continue
            if not found.proven:
                unproven.append(collection)
            first = min(found.items, key=lambda item: item.renew_by, default=None)
            if first is not None and first.renew_by <= end:
                renewals.append(RenewalDue(collection, copy.location, copy.path, first.renew_by, first.ends))
            break
        else:
            unread.append(collection)
    return TimeDue(tuple(sorted(renewals, key=lambda each: (each.renew_by, each))), tuple(unproven), tuple(unread))


def _newest_copies(catalogue: Catalogue) -> Iterator[tuple[str, list[StoredCopy]]]:
    """Yield each collection with the copies of what came of it, the newest first."""
    copies = [copy for copy in read_copies(catalogue) if copy.container != Container.NOTICE.value]
    for uid, found in groupby(
        sorted(copies, key=lambda copy: (copy.uid, -copy.holding, copy.id)), lambda copy: copy.uid
    ):
        yield uid, list(found)


def _read(copy: StoredCopy, location: Location, place: RecordPlace, grounds: TimeGrounds, now: datetime) -> DueResult:
    continued = location.path_of(copy.continued) if copy.continued is not None else None
    if continued is not None and not os.path.isdir(continued):
        continued = None
    return find_due(location.path_of(copy.path), grounds, where=replace(place, continued=continued), now=now)
