"""Which copies are read tonight, in which order, and whether the nights suffice.

Every copy is due once in its cycle: `last_proof` and the cycle after it, where the proof of a round of reading is as
old as the *start* of that round. A copy that was added later is due later, so a growing collection alarms nobody.

A copy is not read before it has to be. `seconds_wanted` looks ahead: it reads tonight what the nights to come could no
longer read in time, with a tenth of each of them kept back. So what arrived on one day is spread over the cycle, and
disks are not worn by reading that nobody needs.

A file that takes longer than a whole night cannot be read in pieces, for no half of a SHA-256 can be put aside. Rather
than never, it is read in one go on the night before it is due, first of all, and that night ends when it is read.

Nothing here reads a disk, a clock or the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil

from msgspec import Struct

DAY = timedelta(days=1)
KEPT_BACK = 0.1
"""Part of each night to come that is not counted on: copies cannot be cut just anywhere, and computers are off."""

_LONGEST_GAP = timedelta(days=31)


class CopyReading(Struct, frozen=True):
    """What is left to read of one copy in its round.

    Attributes:
        copy: its row in the catalogue.
        seconds: how long reading the rest of it takes.
        whole_seconds: how long reading all of it takes.
        cycle: once in so long it is to be read.
        last_proof: when the last round that ended began; None if there was none.
        doubtful: whether that round found damage, or could not read something.
        cuttable: whether it can be left at the border of an item, and gone on with on another night.
    """

    copy: int
    seconds: float
    whole_seconds: float
    cycle: timedelta
    last_proof: datetime | None
    doubtful: bool = False
    cuttable: bool = True

    def due(self, now: datetime) -> datetime:
        """Tell when it has to be read: at once if it never was.

        A proof of the future was made when this clock, or that one, was wrong. It says nothing, and must not keep a
        copy from being read for as long as the clock was wrong by.
        """
        if self.last_proof is None or self.last_proof > now:
            return now
        return self.last_proof + self.cycle

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether it should have been read before now."""
        return self.last_proof is not None and self.last_proof <= now and self.due(now) < now


class Forecast(Struct, frozen=True):
    """Whether the nights suffice.

    Attributes:
        needed: seconds of reading a day that the cycles ask for, rounded up.
        cycle_days: in how many days everything is read at this budget, rounded up; None without a budget.
        overdue: copies that should have been read before now.
        oldest_days: age of the oldest proof, in whole days; None if no copy has one.
        too_long: copies that cannot be cut, and take longer than the whole budget: each has a run of its own.
        is_behind: whether something is overdue, or will be.
        next_due: when the next copy has to be read; None if there is none.
    """

    needed: int
    cycle_days: int | None
    overdue: int
    oldest_days: int | None
    too_long: tuple[int, ...]
    is_behind: bool
    next_due: datetime | None = None


def order(readings: Iterable[CopyReading], now: datetime) -> list[CopyReading]:
    """Put copies in the order in which they are read: due ones that were found damaged, then what is due first."""
    return sorted(
        readings,
        key=lambda reading: (not (reading.doubtful and reading.due(now) <= now), reading.due(now), reading.copy),
    )


def gap_between_runs(now: datetime, previous: datetime | None) -> timedelta:
    """Tell how long it takes until the next run, from how long ago the one before was: a day at least, 31 at most."""
    return max(DAY, min(_LONGEST_GAP, now - previous)) if previous is not None else DAY


def seconds_wanted(ordered: Sequence[CopyReading], now: datetime, gap: timedelta, budget: float | None) -> float:
    """Tell how many seconds have to be read now, so that each copy can still be read before it is due.

    `ordered` are copies as `order` gives them, and `budget` the seconds of each run, None if there is no end to them:
    then only what is due before the next run is over has to be read.
    """
    night = timedelta(seconds=budget) if budget is not None else gap / 4
    wanted = work = 0.0
    for reading in ordered:
        work += _share_of_run(reading, budget)
        # Runs after this one that are over by then.
        later = max(0, (reading.due(now) - now - night) // gap)
        if budget is None:
            wanted = work if later == 0 else wanted
        else:
            wanted = max(wanted, work - later * budget * (1 - KEPT_BACK))
    return wanted


def choose(ordered: Sequence[CopyReading], wanted: float, budget: float | None) -> Iterator[CopyReading]:
    """Yield what to read until that is enough: of copies that no run is long enough for, one at most, and first.

    Whoever reads tells by itself when the time is over: what is chosen rests on estimates.
    """
    taken, chosen, long = 0.0, list[CopyReading](), list[CopyReading]()
    for reading in ordered:
        if taken >= wanted:
            break
        taken += _share_of_run(reading, budget)
        (long if is_too_long(reading, budget) else chosen).append(reading)
    yield from long[:1]
    yield from chosen


def _share_of_run(reading: CopyReading, budget: float | None) -> float:
    """Give the seconds that a copy takes from the runs: one that is too long for any takes all of one."""
    return reading.seconds if budget is None or not is_too_long(reading, budget) else budget


def is_too_long(reading: CopyReading, budget: float | None) -> bool:
    """Tell whether a copy can be read neither in a run of this length nor in pieces."""
    return budget is not None and not reading.cuttable and reading.whole_seconds > budget


def forecast(readings: Sequence[CopyReading], now: datetime, budget: float | None) -> Forecast:
    """Tell whether so many seconds a day suffice for these copies, as they are after a run."""
    needed = ceil(round(sum(reading.whole_seconds / (reading.cycle / DAY) for reading in readings), 3))
    longest = max((reading.cycle / DAY for reading in readings), default=0.0)
    overdue = sum(reading.is_overdue(now) for reading in readings)
    proofs = [reading.last_proof for reading in readings if reading.last_proof is not None]
    too_long = tuple(reading.copy for reading in readings if is_too_long(reading, budget))
    return Forecast(
        needed=needed,
        cycle_days=ceil(longest * needed / budget) if budget else None,
        overdue=overdue,
        oldest_days=max(0, (now - min(proofs)) // DAY) if proofs else None,
        too_long=too_long,
        is_behind=bool(overdue or (budget is not None and needed > budget)),
        next_due=min((reading.due(now) for reading in readings), default=None),
    )


class Portion(Struct, frozen=True):
    """Items of a copy that are read in one go, and whose proof is one transaction.

    Attributes:
        first: number of the first one.
        last: number of the last one.
        size: bytes of all of them.
        items: how many they are.
    """

    first: int
    last: int
    size: int
    items: int


PIECE_SIZE = 512 * 1024 * 1024
PIECES = 64
"""A piece has so many bytes at least, and a copy at most so many pieces for the number of its items: the record is read
anew for each of them. What a killed run loses is what it read of one piece."""


def cut(items: Sequence[tuple[int, int]], next_item: int) -> Iterator[Portion]:
    """Cut what is left of a copy at the borders of items; `items` are all its items, each with its size in bytes."""
    least = len(items) / PIECES
    first, last, size, count = 0, 0, 0, 0
    for number, length in items:
        if number < next_item:
            continue
        if count and size + length > PIECE_SIZE and count >= least:
            yield Portion(first, last, size, count)
            size = count = 0
        first = first if count else number
        last, size, count = number, size + length, count + 1
    if count:
        yield Portion(first, last, size, count)
