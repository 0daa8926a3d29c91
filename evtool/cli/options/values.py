"""Kinds of values on the command line; each is given to click as a `type`."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any, NoReturn

import click

from evtool.core.errors import FormatError
from evtool.core.terms.terms import Purpose, parse_day
from evtool.core.text.codes import check_code
from evtool.core.text.digest import parse_grouped_digest
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.text.times import parse_user_time
from evtool.scan.missing import explain_missing

if TYPE_CHECKING:
    from evtool.core.consent.decision import RecipientKind
    from evtool.core.terms.terms import Condition

PURPOSES = ", ".join(purpose.value for purpose in Purpose)
"""The purposes that this version knows, for help pages."""

_MOMENT = compiled_when_used(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?\Z")


class ExistingPath(click.Path):
    """A path at which there is something: whoever mistyped it is told before they are asked for a passphrase."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the path, or say what close to it there is.

        Raises:
            InputError: there is nothing at the path.
        """
        path = super().convert(value, param, ctx)
        if not os.path.lexists(path):
            raise explain_missing(os.fsdecode(path))
        return path


def instant_value(text: str) -> datetime:
    """Take a time with its offset, which is kept as it was given."""
    try:
        return parse_user_time(text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from error


def items_value(text: str) -> ItemRanges:
    """Take numbers of items, in any order: 3,7-9."""
    try:
        ranges = [parse_ranges([part.strip()]).ranges[0] for part in text.split(",")]
    except FormatError as error:
        raise click.BadParameter(error.message) from error
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return ItemRanges(tuple(joined))


def digest_value(text: str) -> str:
    """Take a SHA-256 value as a person noted it, in groups or not."""
    try:
        return parse_grouped_digest(text)
    except FormatError as error:
        raise click.BadParameter(error.message) from error


def code_value(text: str) -> str:
    """Take the code of an agent."""
    try:
        return check_code(text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}: {error.hint}") from error


def moment_value(text: str) -> datetime:
    """Take a date, which means its first moment in UTC, or a date and time with its offset (RFC 3339).

    A time of day without an offset would mean another moment on another machine, and is refused.
    """
    try:
        if not _MOMENT.match(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        _refuse(
            FormatError(
                "{found} is not a moment: expected 2026-03-01 or 2026-03-01T09:30:00+09:00",
                key="no-moment",
                found=shown(text, 80),
            )
        )


def day_value(text: str) -> date:
    """Take a day as a person wrote it: 2026-03-01."""
    # Few commands are given one.

    try:
        return parse_day("the date", text)
    except FormatError as error:
        raise click.BadParameter(error.message) from error


def kind_value(text: str) -> RecipientKind:
    """Take a kind of recipient."""
    # Few commands are given one.
    from evtool.core.consent.decision import RecipientKind

    known = [kind.value for kind in RecipientKind]
    if text.lower() in known:
        return RecipientKind(text.lower())
    _refuse(
        FormatError(
            "{found} is not a kind of recipient; {meant_en}accepted: {known}",
            key="no-kind",
            found=shown(text, 80),
            meant_en=did_you_mean(text, known),
            known=", ".join(known),
        )
    )


def region_value(text: str) -> str:
    """Take two letters of ISO 3166-1."""
    if re.fullmatch(r"[A-Za-z]{2}", text):
        return text.upper()
    _refuse(
        FormatError(
            "{found} is not a region: expected two letters of ISO 3166-1, like KR",
            key="no-region",
            found=shown(text, 80),
        )
    )


def agreement_value(text: str) -> str:
    """Take the number of an agreement."""
    # Few commands are given one.
    from evtool.core.terms.input import parse_user_term

    try:
        (agreement,) = parse_user_term("agreement", text)
        return str(agreement)
    except FormatError as error:
        raise click.BadParameter(error.message) from error


def purposes_value(text: str) -> tuple[Purpose | str, ...]:
    """Take purposes, with commas between them; `none` is the empty list."""
    # Few commands are given a purpose.
    from evtool.core.terms.input import parse_user_term

    try:
        purposes: tuple[Purpose | str, ...] = parse_user_term("for", text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from error
    return purposes


def conditions_value(text: str) -> tuple[Condition | str, ...]:
    """Take conditions, with commas between them; `none` is the empty list."""
    # Few commands are given one.
    from evtool.core.terms.input import parse_user_term

    try:
        conditions: tuple[Condition | str, ...] = parse_user_term("conditions", text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from error
    return conditions


def purpose_value(text: str) -> Purpose | str:
    """Take one purpose."""
    purposes = purposes_value(text)
    if len(purposes) != 1:
        _refuse(FormatError("one purpose is expected", key="one-purpose"))
    return purposes[0]


def seconds_value(text: str) -> float:
    """Take a length of time: hours, minutes or seconds, as in `2h`, `90m`, `1.5h`."""
    found = shown(text, 80)
    error = FormatError(
        "{found} is not a length of time: expected {example}", key="no-length", found=found, example="2h, 90m"
    )
    match = _matched(r"(?=[0.]*[1-9])([0-9]{1,6}(?:\.[0-9]{1,3})?)([hms])", text, error)
    return float(match[1]) * {"h": 3600, "m": 60, "s": 1}[match[2]]


def days_value(text: str) -> int:
    """Take a number of days, with or without a `d` behind it: `30d`."""
    found = shown(text, 80)
    error = FormatError(
        "{found} is not a number of days: expected {example}", key="no-days", found=found, example="30d"
    )
    return int(_matched(r"([1-9][0-9]{0,4})d?", text, error)[1])


def rate_value(text: str) -> int:
    """Take bytes a second, in powers of 1000: `80M`."""
    found = shown(text, 80)
    error = FormatError(
        "{found} is not a number of bytes a second: expected {example}", key="no-rate", found=found, example="80M"
    )
    match = _matched(r"([1-9][0-9]{0,11})([kKMG]?)", text, error)
    return int(match[1]) * {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}[match[2].upper()]


def time_of_day_value(text: str) -> time:
    """Take a time of day on the clock of this computer: `06:00`."""
    error = FormatError("{found} is not a time of day: expected 06:00", key="no-time-of-day", found=shown(text, 80))
    match = _matched(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text, error)
    return time(int(match[1]), int(match[2]))


def _matched(pattern: str, text: str, error: FormatError) -> re.Match[str]:
    return re.fullmatch(pattern, text.strip()) or _refuse(error)


def _refuse(error: FormatError) -> NoReturn:
    """Refuse a value, with a message that is safe to print: `evtool.cli.usage` would escape another one."""
    raise click.BadParameter(error.message) from error
