"""Auditing copies: reading them again, over the years, in the hours that there are for it.

What is read, and in which order, `schedule` decides. Each proof is one transaction, so a run that is killed loses what
it read of one piece and nothing else, and the next one goes on at the next item. Nothing is repaired: damage is named,
with the copies that are intact, and people decide.
"""

from __future__ import annotations

import sqlite3
import time as clocks
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial

from msgspec import Struct, field

from evtool.core.errors import ExitCode, InputError
from evtool.core.finding import Words
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.text.times import format_utc
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.catalogue.copies import (
    DAMAGED,
    OK,
    UNREADABLE,
    ReadingDue,
    StoredCopy,
    Trouble,
    find_intact,
    in_order,
    moment_of,
    read_copies,
    read_items,
    sum_due,
)
from evtool.operations.catalogue.locations import (
    Location,
    LocationKind,
    Presence,
    find_presence,
    list_locations,
    may_be_unmounted,
)
from evtool.operations.catalogue.proofs import CopyPlace, CopyProof, is_one_file, prove
from evtool.operations.catalogue.runs import running_beside
from evtool.operations.catalogue.schedule import (
    CopyReading,
    Forecast,
    Portion,
    choose,
    cut,
    forecast,
    gap_between_runs,
    is_too_long,
    order,
    seconds_wanted,
)
from evtool.scan.meter import Meter
from evtool.scan.progress import Measure, Progress
from evtool.store.catalogue.database import Catalogue

KIND = "audit"
DEFAULT_RATE = 80_000_000
"""Bytes a second that estimates count on until something was measured: a disk on USB."""

_MEASURABLE = 64 * 1024 * 1024
"""Bytes from which on a measured speed says something."""


class Stopwatch(Struct, frozen=True):
    """What tells how long work takes: a clock that nobody can set. Proofs are dated by the author's.

    Attributes:
        elapsed: seconds since some moment.
        sleep: waits so many seconds.
    """

    elapsed: Callable[[], float] = clocks.monotonic
    sleep: Callable[[float], None] = clocks.sleep


class AuditOptions(Struct, frozen=True):
    """How much to read.

    Attributes:
        budget: seconds; None for no end.
        until: time of day, on this computer's clock, after which nothing is begun; None for none.
        cycle_days: once in so many days each copy is read; None for what its location says.
        locations: codes of the locations to read; empty for all.
        rate: bytes a second at most; None for what the location says.
        jobs: number of workers; None means a number that suits this machine.
    """

    budget: float | None = None
    until: time | None = None
    cycle_days: int | None = None
    locations: frozenset[str] = frozenset()
    rate: int | None = None
    jobs: int | None = None


class AuditResult(Struct, frozen=True):
    """What came of an audit.

    Attributes:
        run: its number.
        budget: seconds that it had; None for no end.
        spent: seconds that it took.
        copies: how many copies were read to their end.
        begun: how many were begun, and are gone on with at the next item.
        bytes: how much was read.
        damaged: copies that are not as registered.
        unreadable: copies and locations that could not be read, though they should be there.
        offline: carriers that have to be fetched, the first one due first.
        forecast: whether the nights suffice.
        interrupted: whether somebody ended it before its end.
    """

    run: int
    budget: float | None
    spent: float
    copies: int
    begun: int
    bytes: int
    damaged: tuple[Trouble, ...]
    unreadable: tuple[Trouble, ...]
    offline: tuple[ReadingDue, ...]
    forecast: Forecast
    interrupted: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """1 before 4 before 3."""
        if self.damaged:
            return ExitCode.MISMATCH
        if self.unreadable:
            return ExitCode.NOT_CHECKED
        return ExitCode.NOT_ESTABLISHED if self.forecast.is_behind else ExitCode.OK


def audit(
    catalogue: Catalogue, author: Author, options: AuditOptions | None = None, stopwatch: Stopwatch | None = None
) -> AuditResult:
    """Read what is due of the copies in a catalogue, and write down what was found.

    Raises:
        InputError: there is no copy to read, or the catalogue or its journal cannot be written.
        MismatchError: the journal fails verification.
        BusyError: another audit is under way, or something else has been writing the catalogue for ten minutes.
    """
    options = options or AuditOptions()
    copies = read_copies(catalogue, options.locations)
    if not copies:
        raise InputError(
            "the catalogue knows no copy that could be read",
            hint="`evtool catalogue add C PATH --location L` enters one",
            key="audit-no-copies",
        )
    locations = {location.code: location for location in list_locations(catalogue)}
    work = _Audit(catalogue, author, options, stopwatch or Stopwatch(), locations)
    with running_beside(catalogue, KIND, author) as run:
        read = work.read(run, copies, _note_start(catalogue, author.now()))
    return work.sum_up(read)


def _note_start(catalogue: Catalogue, now: datetime) -> datetime | None:
    """Note when this audit began, and tell when the last one did. Runs that did nothing leave no other trace."""
    with catalogue.write() as connection:
        row = connection.execute("SELECT value FROM setting WHERE name=?", (_LAST,)).fetchone()
        connection.execute("INSERT OR REPLACE INTO setting VALUES(?,?)", (_LAST, format_utc(now)))
    return moment_of(row[0]) if row is not None else None


_LAST = "last-audit"


def next_time_of_day(now: datetime, at: time) -> datetime:
    """Give the next moment, in UTC, at which clocks on the wall of this computer show a time of day.

    The wall is asked for each day by itself: between two of them summer time may begin or end.
    """
    today = now.astimezone().date()
    # A date and time without an offset is one on the wall, so `astimezone` asks for the rules of that very day.
    days = (datetime.combine(today + timedelta(days=days), at) for days in range(3))
    return next(moment for moment in (day.astimezone(UTC) for day in days) if moment > now)


class _Paced:
    """Progress of reading that is no faster than it may be."""

    def __init__(self, progress: Progress, rate: int | None, stopwatch: Stopwatch) -> None:
        self._progress = progress
        self._rate = rate
        self._stopwatch = stopwatch
        self._began = stopwatch.elapsed()
        self._read = 0

    @property
    def meter(self) -> Meter | None:
        """That of whoever watches."""
        return self._progress.meter

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        """Pass it on."""
        self._progress.start(action, files, size, measure=measure)

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        """Pass it on, and wait as long as reading was too fast."""
        self._progress.advance(files, size, item=item, share=share)
        self._read += size
        if self._rate:
            ahead = self._read / self._rate - (self._stopwatch.elapsed() - self._began)
            if ahead > 0:
                self._stopwatch.sleep(ahead)

    def did(self, says: Words) -> None:
        """Pass it on."""
        self._progress.did(says)


class _Audit(Struct):
    """One audit under way."""

    catalogue: Catalogue
    author: Author
    options: AuditOptions
    stopwatch: Stopwatch
    locations: Mapping[str, Location]
    run_number: int = 0
    began: float = 0.0
    budget: float | None = None
    ends_at: datetime | None = None
    bytes: int = 0
    done: int = 0
    begun: int = 0
    damaged: dict[int, Trouble] = field(default_factory=dict)
    unreadable: list[Trouble] = field(default_factory=list)
    to_fetch: list[Location] = field(default_factory=list)
    interrupted: bool = False

    def read(self, run: int, copies: Sequence[StoredCopy], previous: datetime | None) -> list[StoredCopy]:
        """Read what has to be read; give the copies that could have been."""
        self.run_number, now, self.began = run, self.author.now(), self.stopwatch.elapsed()
        self._set_budget(now)
        there = self._find_there(copies)
        by_number = {copy.id: copy for copy in there}
        ordered = order(self._readings(there), now)
        wanted = seconds_wanted(ordered, now, gap_between_runs(now, previous), self.budget)
        try:
            for reading in choose(ordered, wanted, self.budget):
                if self._is_over():
                    break
                if reading.cuttable or self._fits(reading.seconds) or is_too_long(reading, self.budget):
                    self._read(by_number[reading.copy])
        except KeyboardInterrupt:
            # What is proven is kept, and damage that was seen is told.
            self.interrupted = True
        return there

    def sum_up(self, read: Sequence[StoredCopy]) -> AuditResult:
        """Put together what came of it; `read` are the copies that could have been read."""
        now, numbers = self.author.now(), {copy.id for copy in read}
        after = [copy for copy in read_copies(self.catalogue) if copy.id in numbers]
        return AuditResult(
            run=self.run_number,
            budget=self.budget,
            spent=self.stopwatch.elapsed() - self.began,
            copies=self.done,
            begun=self.begun,
            bytes=self.bytes,
            damaged=tuple(map(self._with_intact, self.damaged.values())),
            unreadable=tuple(self.unreadable),
            offline=in_order(
                each for place in self.to_fetch for each in sum_due(self.catalogue, place, now, cycle=self._cycle)
            ),
            forecast=forecast(self._readings(after), now, self.budget),
            interrupted=self.interrupted,
        )

    def _set_budget(self, now: datetime) -> None:
        self.budget = self.options.budget
        if self.options.until is not None:
            self.ends_at = next_time_of_day(now, self.options.until)
            left = (self.ends_at - now).total_seconds()
            self.budget = left if self.budget is None else min(left, self.budget)

    def _with_intact(self, trouble: Trouble) -> Trouble:
        assert trouble.copy is not None  # noqa: S101  # only copies are damaged
        return replace(trouble, intact=find_intact(self.catalogue, trouble.copy, trouble.items))

    @property
    def _cycle(self) -> timedelta | None:
        days = self.options.cycle_days
        return timedelta(days=days) if days is not None else None

    def _find_there(self, copies: Sequence[StoredCopy]) -> list[StoredCopy]:
        """Tell which copies can be read now; note which have to be fetched, and which disks are missing."""
        by_location: dict[str, list[StoredCopy]] = {}
        for copy in copies:
            by_location.setdefault(copy.location, []).append(copy)
        there: list[StoredCopy] = []
        for code, here in by_location.items():
            location = self.locations[code]
            presence = find_presence(location, (copy.path for copy in here))
            if presence is Presence.THERE:
                there += here
            elif location.kind is not LocationKind.DISK:
                self.to_fetch.append(location)
            else:
                why = Words(f"location-{presence.value}", root=location.root or "", count=len(here))
                self.unreadable.append(Trouble(code, why))
        return there

    def _rate(self, location: Location) -> float:
        """Give the bytes a second to count on."""
        told, spent = self.options.rate or location.rate, self.stopwatch.elapsed() - self.began
        return told or (self.bytes / spent if self.bytes >= _MEASURABLE and spent > 0 else DEFAULT_RATE)

    def _readings(self, copies: Sequence[StoredCopy]) -> list[CopyReading]:
        return [self._reading(copy, self.locations[copy.location]) for copy in copies]

    def _reading(self, copy: StoredCopy, location: Location) -> CopyReading:
        left, rate = copy.bytes, self._rate(location)
        if copy.next_item > 1:
            left = sum(size for number, size in read_items(self.catalogue, copy) if number >= copy.next_item)
        return CopyReading(
            copy=copy.id,
            seconds=left / rate,
            whole_seconds=copy.bytes / rate,
            cycle=self._cycle or location.cycle,
            last_proof=moment_of(copy.last_proof),
            doubtful=copy.last_result not in (OK, None),
            cuttable=not is_one_file(copy.container),
        )

    def _is_over(self) -> bool:
        """Tell whether nothing may be begun any more: by the clock that nobody can set, and by the one on the wall."""
        return not self._fits(0) or (self.ends_at is not None and self.author.now() >= self.ends_at)

    def _fits(self, seconds: float) -> bool:
        return self.budget is None or self.stopwatch.elapsed() - self.began + seconds <= self.budget

    def _read(self, copy: StoredCopy) -> None:
        """Read a copy, or as much of it as there is time for."""
        location = self.locations[copy.location]
        items = read_items(self.catalogue, copy)
        place = _place_of(copy, location, ranges_of(number for number, _ in items) if items else None)
        pieces = list(cut(items, copy.next_item))
        if place.is_file or not pieces:
            pieces = [Portion(items[0][0] if items else 1, items[-1][0] if items else 1, copy.bytes, len(items) or 1)]
        is_whole = copy.next_item <= 1 and len(pieces) == 1
        paced = _Paced(self.author.progress, self.options.rate or location.rate, self.stopwatch)
        for at, piece in enumerate(pieces):
            # The first piece of a run is always read: an item that no night is long enough for stops no other.
            if self.bytes and (self._is_over() or not self._fits(piece.size / self._rate(location))):
                self.begun += at > 0
                return
            began = self.author.now()
            proof = prove(place, piece, whole=is_whole, jobs=self.options.jobs, progress=paced)
            self.bytes += proof.size
            if proof.unreadable and not proof.size:
                self._leave_unread(copy, proof)
                return
            if proof.is_lost:
                piece = _join(pieces[at:])
                proof = proof.about(piece.items)
            copy = self._keep(copy, piece, proof, began, is_last=piece.last == pieces[-1].last)
            if proof.is_lost:
                break
        self.done += 1

    def _leave_unread(self, copy: StoredCopy, proof: CopyProof) -> None:
        """A copy of which nothing can be read has no new proof; it stays the one that is due first."""
        with self.catalogue.write() as connection:
            connection.execute("UPDATE copy SET last_result=? WHERE id=?", (UNREADABLE, copy.id))
        self._tell(copy, proof)

    def _keep(
        self, copy: StoredCopy, piece: Portion, proof: CopyProof, began: datetime, *, is_last: bool
    ) -> StoredCopy:
        """Write one proof, and where to go on, in one transaction; give the copy as it stands then.

        The proof of a round is as old as its start: what was read first was read then.
        """
        is_begun = copy.next_item > 1 and copy.round_started is not None
        started = copy.round_started if is_begun and copy.round_started else format_utc(began)
        counts = (proof.ok, proof.changed, proof.missing, proof.unreadable)
        row = (copy.id, self.run_number, proof.scope.value, piece.first, piece.last, *counts)
        with self.catalogue.write() as connection:
            connection.execute("INSERT INTO proof VALUES(?,?,?,?,?,?,?,?,?)", row)
            result = DAMAGED if proof.is_damaged else copy.last_result
            after = copy._replace(next_item=piece.last + 1, round_started=started, last_result=result)
            if is_last:
                result = _result_of_round(connection, copy.id, started)
                after = copy._replace(next_item=1, round_started=None, last_proof=started, last_result=result)
            connection.execute(
                "UPDATE copy SET next_item=?, round_started=?, last_proof=?, last_result=? WHERE id=?",
                (after.next_item, after.round_started, after.last_proof, after.last_result, copy.id),
            )
        self._tell(copy, proof)
        return after

    def _tell(self, copy: StoredCopy, proof: CopyProof) -> None:
        """Remember what is wrong with a copy; of a copy that was read in pieces, all of it together."""
        if proof.why is None:
            return
        trouble = Trouble(copy.location, proof.why, copy, proof.damaged)
        if not proof.is_damaged:
            self.unreadable.append(trouble)
            return
        before = self.damaged.get(copy.id)
        if before is not None:
            known = before.items is not None and trouble.items is not None
            items = ranges_of([*before.items, *trouble.items]) if known else None  # type: ignore[misc]
            trouble = replace(before, items=items)
        self.damaged[copy.id] = trouble


def _place_of(copy: StoredCopy, location: Location, items: ItemRanges | None) -> CopyPlace:
    return CopyPlace(
        path=location.path_of(copy.path),
        container=copy.container,
        continued=location.path_of(copy.continued) if copy.continued is not None else None,
        collection=copy.uid,
        head=copy.head,
        sha256=copy.sha256,
        size=copy.bytes,
        receipt=copy.receipt,
        items=items,
        may_be_unmounted=partial(may_be_unmounted, location),
    )


def _join(pieces: Sequence[Portion]) -> Portion:
    sizes, items = (piece.size for piece in pieces), (piece.items for piece in pieces)
    return Portion(pieces[0].first, pieces[-1].last, sum(sizes), sum(items))


def _result_of_round(connection: sqlite3.Connection, copy: int, started: str) -> str:
    """Sum up a round from its proofs, which may be those of several runs."""
    damaged, unreadable = connection.execute(
        "SELECT SUM(changed + missing), SUM(unreadable) FROM proof WHERE copy=? AND run>="
        "(SELECT COALESCE(MAX(id), 0) FROM run WHERE kind=? AND started<=?)",
        (copy, KIND, started),
    ).fetchone()
    return DAMAGED if damaged else UNREADABLE if unreadable else OK
