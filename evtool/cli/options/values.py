"""Kinds of values on the command line; each is given to click as a `type`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code
from evtool.core.text.digest import parse_grouped_digest
from evtool.core.text.names import shown
from evtool.core.text.times import parse_user_time

if TYPE_CHECKING:
    from evtool.core.terms.terms import Purpose

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?\Z")


def instant_value(text: str) -> datetime:
    """Take a time with its offset, which is kept as it was given."""
    try:
        return parse_user_time(text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from None


def digest_value(text: str) -> str:
    """Take a SHA-256 value as a person noted it, in groups or not."""
    try:
        return parse_grouped_digest(text)
    except FormatError as error:
        raise click.BadParameter(error.message) from None


def code_value(text: str) -> str:
    """Take the code of an agent."""
    try:
        return check_code(text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}: {error.hint}") from None


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
        raise click.BadParameter(
            f"{shown(text, 80)} is not a moment: expected 2026-03-01 or 2026-03-01T09:30:00+09:00"
        ) from None


def purpose_value(text: str) -> Purpose | str:
    """Take one purpose."""
    # Few commands are given a purpose.
    from evtool.core.terms.input import parse_user_term

    try:
        purposes: tuple[Purpose | str, ...] = parse_user_term("for", text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}") from None
    if len(purposes) != 1:
        raise click.BadParameter("one purpose is expected")
    return purposes[0]
