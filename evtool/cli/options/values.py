"""Kinds of values on the command line; each is given to click as a `type`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from evtool.core.errors import FormatError
from evtool.core.text.digest import parse_grouped_digest
from evtool.core.text.item_choice import NAME_MARK, NUMBER_MARK
from evtool.core.text.names import nfc_key
from evtool.core.text.ranges import ItemRanges, parse_user_ranges
from evtool.core.text.times import parse_user_time
from evtool.operations.record.selection import Selection

if TYPE_CHECKING:
    from evtool.core.terms.terms import Purpose


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


def ranges_value(text: str) -> ItemRanges:
    """Take item numbers and ranges like `1-8,10`."""
    try:
        return parse_user_ranges(text)
    except FormatError as error:
        raise click.BadParameter(error.message) from None


def item_selection(items: Sequence[str]) -> Selection:
    """Take digits for the number of an item, anything else for its name as JSON output spells it; `./17` is a name."""
    plain = [item.removeprefix(NUMBER_MARK) for item in items]
    names = (item.removeprefix(NAME_MARK) for item in plain if not _is_number(item))
    return Selection(frozenset(int(item) for item in plain if _is_number(item)), frozenset(map(nfc_key, names)))


def _is_number(item: str) -> bool:
    return item.isascii() and item.isdigit() and len(item) < 17


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
