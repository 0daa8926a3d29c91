"""Which copies are read on which night: simulated over years, without a disk."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtool.core.values import replace
from evtool.operations.catalogue.schedule import (
    DAY,
    PIECE_SIZE,
    PIECES,
    CopyReading,
    Forecast,
    choose,
    cut,
    forecast,
    gap_between_runs,
    is_too_long,
    order,
    seconds_wanted,
)

START = datetime(2026, 11, 1, 22, 0, tzinfo=UTC)
CYCLE = 30 * DAY


def night(
    copies: dict[int, CopyReading],
    now: datetime,
    budget: float | None,
    previous: datetime | None,
    rounds: dict[int, datetime] | None = None,
) -> list[int]:
    """Read as an audit does; a copy that can be cut is left where the time is over, its round with its start."""
    rounds = {} if rounds is None else rounds
    ordered = order(copies.values(), now)
    spent, read = 0.0, []
    for reading in choose(ordered, seconds_wanted(ordered, now, gap_between_runs(now, previous), budget), budget):
        left = float("inf") if budget is None else budget - spent
        if left <= 0:
            break
        began = rounds.pop(reading.copy, now + timedelta(seconds=spent))
        if reading.seconds <= left or is_too_long(reading, budget):
            read.append(reading.copy)
            spent += reading.seconds
            copies[reading.copy] = replace(reading, last_proof=began, seconds=reading.whole_seconds, doubtful=False)
        elif reading.cuttable:
            rounds[reading.copy] = began
            copies[reading.copy] = replace(reading, seconds=reading.seconds - left)
            break
    return read


def oldest(copies: dict[int, CopyReading], now: datetime) -> timedelta:
    return max(now - reading.last_proof for reading in copies.values() if reading.last_proof)


def make_copies(seconds: list[float], now: datetime, *, cuttable: bool = True) -> dict[int, CopyReading]:
    """Copies that all arrived on one day, with the proof of their arrival."""
    return {
        number: CopyReading(number, each, each, CYCLE, now, cuttable=cuttable) for number, each in enumerate(seconds, 1)
    }


def test_what_arrived_on_one_day_is_spread_over_the_cycle_and_nothing_is_ever_overdue() -> None:
    """28.5 TB at 150 MB/s and two hours a night, most of it in few of the copies: 26.4 nights of work in 30."""
    rng = random.Random(16)
    sizes = [rng.paretovariate(1.16) for _ in range(1000)]
    copies = make_copies([190_000 * size / sum(sizes) for size in sizes], START)
    worst, rounds = timedelta(0), dict[int, datetime]()
    for number in range(1, 66):
        now = START + number * DAY
        worst = max(worst, oldest(copies, now))
        night(copies, now, 7200, now - DAY, rounds)
        assert not forecast(list(copies.values()), now + timedelta(hours=2), 7200).is_behind
    assert worst < CYCLE


@settings(max_examples=15)
@given(
    seconds=st.lists(st.floats(1, 1500), min_size=1, max_size=60),
    cuttable=st.booleans(),
    ages=st.randoms(use_true_random=False),
)
def test_no_copy_is_older_than_its_cycle_if_the_budget_suffices(
    seconds: list[float], cuttable: bool, ages: random.Random
) -> None:
    """Whatever the sizes are and whenever the copies came; the budget is a tenth more than what is needed."""
    budget = max(sum(seconds) / 30 / 0.85, 2 * max(seconds))
    copies = make_copies(seconds, START, cuttable=cuttable)
    for number in copies:
        copies[number] = replace(copies[number], last_proof=START - ages.randrange(3) * DAY)
    rounds: dict[int, datetime] = {}
    for number in range(1, 95):
        now = START + number * DAY + timedelta(minutes=ages.randrange(10))
        night(copies, now, budget, now - DAY, rounds)
        assert oldest(copies, now + timedelta(seconds=budget)) <= CYCLE


def test_a_small_collection_is_read_once_in_its_cycle_and_not_every_night() -> None:
    copies = make_copies([125.0, 60.0], START, cuttable=False)
    times = [
        copy
        for number in range(1, 91)
        for copy in night(copies, START + number * DAY, 7200, START + (number - 1) * DAY)
    ]
    assert times.count(1) == times.count(2) == 3


def test_without_a_budget_what_is_due_before_the_next_run_is_read_and_nothing_else() -> None:
    copies = {number: CopyReading(number, 100, 100, CYCLE, START - number * DAY) for number in range(1, 31)}
    assert night(copies, START, None, START - DAY) == [30, 29]
    copies = {number: CopyReading(number, 100, 100, CYCLE, START - number * DAY) for number in range(1, 31)}
    assert night(copies, START, None, START - 7 * DAY) == list(range(30, 21, -1))


def test_a_growing_collection_alarms_nobody() -> None:
    """Every night ten copies come; each is due a cycle after it came, and the nights suffice all the time."""
    copies: dict[int, CopyReading] = {}
    for number in range(1, 100):
        now = START + number * DAY
        for copy in range(number * 10, number * 10 + 10):
            copies[copy] = CopyReading(copy, 100, 100, CYCLE, now - timedelta(hours=3), cuttable=False)
        night(copies, now, 7200, now - DAY)
        said = forecast(list(copies.values()), now, 7200)
        assert (said.overdue, said.is_behind) == (0, False)


def test_the_forecast_says_how_much_a_night_it_would_need() -> None:
    copies = list(make_copies([1000.0] * 243, START).values())
    said = forecast(copies, START + 10 * DAY, 7200)
    assert said == Forecast(8100, 34, 0, 10, (), is_behind=True, next_due=START + CYCLE)
    assert not forecast(copies, START + 10 * DAY, 8100).is_behind
    assert forecast(copies, START + 31 * DAY, 9000).overdue == 243
    assert forecast([], START, 7200) == Forecast(0, 0, 0, None, (), is_behind=False)


def test_files_that_take_longer_than_any_night_are_read_before_they_are_due_and_delay_no_other() -> None:
    """Two of three nights' length each among a hundred small ones: each has a night of its own, once in its cycle."""
    copies = make_copies([21600.0, 21600.0, *[500.0] * 100], START, cuttable=False)
    read: list[list[int]] = []
    for number in range(1, 91):
        now = START + number * DAY
        read.append(night(copies, now, 7200, now - DAY))
        assert oldest(copies, now + timedelta(hours=6)) <= CYCLE
    assert [sum(copy in copies for copies in read) for copy in (1, 2)] == [3, 3]
    assert all(copies in ([1], [2]) for copies in read if {1, 2} & {*copies})
    said = forecast(list(copies.values()), START + 90 * DAY, 7200)
    assert (said.too_long, said.is_behind) == ((1, 2), False)


def test_a_file_that_should_have_been_read_long_ago_and_that_no_night_is_long_enough_for_is_read_tonight() -> None:
    copies = make_copies([9000.0, 9000.0, 10.0], START - 40 * DAY, cuttable=False)
    assert [night(copies, START + number * DAY, 7200, None) for number in range(3)] == [[1], [2], [3]]


def test_damage_that_is_due_comes_first_and_only_then() -> None:
    now = START + 31 * DAY
    copies = make_copies([1.0, 1.0, 1.0], START)
    copies[1] = replace(copies[1], last_proof=START - DAY)
    copies[3] = replace(copies[3], doubtful=True)
    assert [reading.copy for reading in order(copies.values(), now)] == [3, 1, 2]
    copies[3] = replace(copies[3], last_proof=now - DAY)
    assert [reading.copy for reading in order(copies.values(), now)] == [1, 2, 3]


def test_a_proof_of_the_future_keeps_no_copy_from_being_read() -> None:
    """The clock was at 2099 for one night: those copies are read once more, and are as all the others then."""
    copies = make_copies([1.0, 1.0], START)
    copies[1] = replace(copies[1], last_proof=START.replace(year=2099))
    assert night(copies, START + DAY, 7200, START) == [1]
    assert copies[1].last_proof == START + DAY
    assert night(copies, START + 2 * DAY, 7200, START + DAY) == []


@pytest.mark.parametrize("previous", [START + 9 * DAY, START - timedelta(minutes=5), None])
def test_a_clock_that_jumps_back_or_a_run_right_after_another_counts_as_a_day(previous: datetime | None) -> None:
    assert gap_between_runs(START, previous) == DAY


def test_a_copy_is_cut_at_the_borders_of_items() -> None:
    third = PIECE_SIZE // 3
    items = [(number, third) for number in range(1, 11)]
    pieces = list(cut(items, 1))
    assert [(piece.first, piece.last) for piece in pieces] == [(1, 3), (4, 6), (7, 9), (10, 10)]
    assert sum(piece.size for piece in pieces) == 10 * third
    assert [(piece.first, piece.last) for piece in cut(items, 5)] == [(5, 7), (8, 10)]
    assert list(cut(items, 11)) == []
    assert [piece.items for piece in cut([(1, PIECE_SIZE * 9), (7, 0), (9, PIECE_SIZE)], 1)] == [1, 2]


@settings(max_examples=30)
@given(st.lists(st.integers(0, PIECE_SIZE), min_size=1, max_size=300))
def test_pieces_hold_every_item_once_and_are_not_too_many(sizes: list[int]) -> None:
    items = list(enumerate(sizes, 1))
    pieces = list(cut(items, 1))
    assert [number for piece in pieces for number in range(piece.first, piece.last + 1)] == [n for n, _ in items]
    assert len(pieces) <= PIECES + 1
