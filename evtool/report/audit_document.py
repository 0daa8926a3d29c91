"""The JSON documents about copies, where they lie, and what has to be done when; see `evtool.report.document`."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class LocationShown(Struct, frozen=True, kw_only=True):
    """Where copies lie.

    Attributes:
        code: its code.
        kind: `disk`, `offline` or `elsewhere`.
        directory: the directory that the paths of its copies start from, or null.
        cycle_days: once in so many days each of its copies is read.
        rate: bytes a second at which it is read at most, or null.
        copies: how many copies of what is held lie there.
        there: whether it can be read now.
    """

    code: str
    kind: str
    directory: str | None
    cycle_days: int
    rate: int | None
    copies: int
    there: bool


class LocationsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue location add` and `list` print.

    Attributes:
        format: what this document is, and in which version.
        locations: the one that was added, or all, in the order of their codes.
    """

    format: Literal["evtool-catalogue-locations/1"] = "evtool-catalogue-locations/1"
    locations: tuple[LocationShown, ...]


class IntactCopyShown(Struct, frozen=True, kw_only=True):
    """A copy that is as registered, from which people can take what is damaged elsewhere.

    Attributes:
        location: code of where it lies.
        path: where it lies there.
        carrier: what it lies on, or null.
        last_proof: when the last round of reading it began.
    """

    location: str
    path: str
    carrier: str | None
    last_proof: str


class TroubledCopy(Struct, frozen=True, kw_only=True):
    """A copy that is not as registered, or could not be read.

    Attributes:
        location: code of where it lies.
        path: where it lies there; null for the whole location.
        carrier: what it lies on, or null.
        collection: id of its collection; null for a whole location.
        holding: number of the holding; null for a whole location.
        items: the items that are damaged; empty if it cannot be told which, so it may be any.
        why: what is wrong.
        intact: copies that hold these items and are as registered.
    """

    location: str
    path: str | None
    carrier: str | None
    collection: str | None
    holding: int | None
    items: tuple[str, ...]
    why: str
    intact: tuple[IntactCopyShown, ...] = ()


class CarrierDue(Struct, frozen=True, kw_only=True):
    """A carrier that has to be fetched to be read.

    Attributes:
        location: code of where it is kept.
        carrier: what it is, or null.
        due: the day by which the first of its copies has to be read.
        copies: how many copies it holds.
    """

    location: str
    carrier: str | None
    due: str
    copies: int


class AuditDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue audit` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        run: number of the run.
        budget_s: seconds that it had, or null.
        spent_s: seconds that it took.
        copies_done: copies that were read to their end.
        copies_begun: copies that were begun; the next run goes on at the next item.
        bytes: bytes that were read.
        damaged: copies that are not as registered.
        unreadable: copies, and whole locations, that could not be read although they should be there.
        overdue: copies that should have been read before now.
        oldest_proof_days: age of the oldest proof, or null if there is none.
        needed_s_per_day: seconds a day that reading every copy once in its cycle needs.
        cycle_at_this_budget_days: in how many days everything is read at this budget, or null.
        too_long: copies that take longer than the whole budget and cannot be read in pieces. Each is read in one go
            before it is due, in a run that goes on for that long.
        offline_due: carriers that have to be fetched, the first one due first.
    """

    format: Literal["evtool-audit/1"] = "evtool-audit/1"
    exit_code: ExitCode
    run: int
    budget_s: int | None
    spent_s: int
    copies_done: int
    copies_begun: int
    bytes: int
    damaged: tuple[TroubledCopy, ...]
    unreadable: tuple[TroubledCopy, ...]
    overdue: int
    oldest_proof_days: int | None
    needed_s_per_day: int
    cycle_at_this_budget_days: int | None
    too_long: int
    offline_due: tuple[CarrierDue, ...]


class CopiesDue(Struct, frozen=True, kw_only=True):
    """Copies that an audit has to read.

    Attributes:
        location: code of where they lie.
        due: the day by which the first of them has to be read.
        copies: how many are due by the end of the time that was asked about.
        overdue: how many should have been read before now.
    """

    location: str
    due: str
    copies: int
    overdue: int


class ConsentDue(Struct, frozen=True, kw_only=True):
    """Items of which consent ends, or has to be reviewed.

    Attributes:
        what: `until` or `review`.
        day: when.
        collection: id of the collection.
        items: how many they are.
        first: number of the first one.
        last: number of the last one.
    """

    what: str
    day: str
    collection: str
    items: int
    first: int
    last: int


class AgreementDue(Struct, frozen=True, kw_only=True):
    """An agreement that ends.

    Attributes:
        agreement: its number.
        ends: the last day.
        at_end: what is to be done with what came under it, or null.
        holdings: how much that is held came under it.
    """

    agreement: str
    ends: str
    at_end: str | None
    holdings: int


class HandoverOpen(Struct, frozen=True, kw_only=True):
    """A handover that its recipient has not answered.

    Attributes:
        collection: id of the collection.
        entry: number of the entry.
        party: code of the recipient.
        happened: when it was handed over, as the sender says.
        own: whether the recipient is the repository itself: what was handed over did not come, or was not answered.
    """

    collection: str
    entry: int
    party: str
    happened: str
    own: bool


class RenewalShown(Struct, frozen=True, kw_only=True):
    """Time evidence that has to be renewed.

    Attributes:
        collection: id of the collection.
        location: code of where the copy lies from which it was read.
        path: where it lies there.
        renew_by: the day by which it has to be renewed.
        ends: the day on which the first certificate or algorithm ends.
    """

    collection: str
    location: str
    path: str
    renew_by: str
    ends: str


class TimeDueShown(Struct, frozen=True, kw_only=True):
    """What has to be done about time evidence.

    Attributes:
        renewals: what has to be renewed, soonest first.
        unproven: ids of the collections whose newest seal has no time-stamp that passes.
        unread: ids of the collections of which no copy could be read here.
    """

    renewals: tuple[RenewalShown, ...]
    unproven: tuple[str, ...]
    unread: tuple[str, ...]


class CatalogueDueDocument(Struct, frozen=True, kw_only=True):
    """What `evtool catalogue due` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        day: the day it is.
        within_days: days that were asked about.
        copies: copies that an audit has to read.
        damaged: copies that the last round of reading found damaged or unreadable.
        carriers: carriers that have to be fetched.
        consent: items of which consent ends, or has to be reviewed.
        agreements: agreements that end, or have ended.
        handovers: handovers that their recipients have not answered.
        time_evidence: what has to be done about time evidence; null if the records were not read for it.
    """

    format: Literal["evtool-catalogue-due/1"] = "evtool-catalogue-due/1"
    exit_code: ExitCode
    day: str
    within_days: int
    copies: tuple[CopiesDue, ...]
    damaged: tuple[TroubledCopy, ...]
    carriers: tuple[CarrierDue, ...]
    consent: tuple[ConsentDue, ...]
    agreements: tuple[AgreementDue, ...]
    handovers: tuple[HandoverOpen, ...]
    time_evidence: TimeDueShown | None
