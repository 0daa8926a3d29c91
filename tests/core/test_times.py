"""Points in time: one spelling for modification times, an offset for all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.text.times import format_mtime, format_time, parse_mtime, parse_user_time

YEAR_1 = -62_135_596_800
YEAR_10000 = 253_402_300_800


@given(st.integers(YEAR_1 * 10**9, YEAR_10000 * 10**9 - 1))
@example(0)
@example(-1)
@example(YEAR_1 * 10**9)
@example(YEAR_10000 * 10**9 - 1)
def test_a_modification_time_is_read_as_it_was_written(nanoseconds: int) -> None:
    """To the nanosecond, before 1970 as after it."""
    text = format_mtime(nanoseconds)
    assert text is not None
    assert parse_mtime(text) == nanoseconds
    assert datetime.fromisoformat(text[:19]).replace(tzinfo=UTC) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(
        seconds=nanoseconds // 10**9
    )


@pytest.mark.parametrize("nanoseconds", [YEAR_1 * 10**9 - 1, YEAR_10000 * 10**9, 2**70, -(2**70)])
def test_years_without_four_digits_have_no_spelling(nanoseconds: int) -> None:
    """Some file systems hold such dates; they are stated as unknown."""
    assert format_mtime(nanoseconds) is None


@given(st.text("0123456789-:.TZ+", max_size=32))
@example("2026-02-01T24:00:00.000000000Z")
@example("2026-02-30T00:00:00.000000000Z")
@example("0000-01-01T00:00:00.000000000Z")
@example("2026-12-31T23:59:60.000000000Z")
@example("2026-02-01T09:00:00.000000000+00:00")
def test_a_modification_time_has_one_spelling(text: str) -> None:
    """Whatever is read is what would be written."""
    try:
        nanoseconds = parse_mtime(text)
    except FormatError:
        return
    assert format_mtime(nanoseconds) == text


def test_times_keep_their_offset() -> None:
    """An archivist's 14:30 stays 14:30, and says where."""
    korea = timezone(timedelta(hours=9))
    assert parse_user_time("2026-03-01T14:30:00+09:00") == datetime(2026, 3, 1, 14, 30, tzinfo=korea)
    assert format_time(datetime(2026, 3, 1, 14, 30, 5, tzinfo=korea)) == "2026-03-01T14:30:05+09:00"
    assert format_time(datetime(2026, 3, 1, 5, 30, tzinfo=UTC)) == "2026-03-01T05:30:00Z"


@pytest.mark.parametrize("text", ["2026-03-01T14:30:00", "2026-03-01", "yesterday", "", "14:30+09:00"])
def test_a_time_without_an_offset_is_refused(text: str) -> None:
    """It would be another moment for every reader."""
    with pytest.raises(FormatError) as caught:
        parse_user_time(text)
    assert "+09:00" in caught.value.hint


def test_a_naive_time_is_never_written() -> None:
    """That would be an error of the program, not of the input."""
    with pytest.raises(ValueError, match="offset"):
        format_time(datetime(2026, 3, 1))
