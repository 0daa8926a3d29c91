"""The one way to name items, in every command: `17`, `17-20`, a name or a pattern; repeated, or with commas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from evtool.cli.command import Option
from evtool.cli.completion import offers
from evtool.core.errors import FormatError
from evtool.core.text.item_choice import ItemChoice, parse_choice
from evtool.core.text.ranges import ItemRanges
from evtool.operations.record.place import Where
from evtool.operations.record.read import find_items, open_record

ITEMS = "ITEMS"
"""What stands for items in help."""


def _take(context: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> ItemChoice:
    try:
        return parse_choice(texts)
    except FormatError as error:
        raise click.BadParameter(error.message, ctx=context, param=param) from error


def items_option(what: str, name: str = "--items", **settings: Any) -> Callable[[Any], Any]:
    """Add --items; the command gets `items`, an `ItemChoice`. `what` says what is done with them."""
    text = f"{what} 17, 17-20, letter.txt or 'photos/*'; repeat it, or put commas between them."
    return click.option(
        name,
        cls=Option,
        multiple=True,
        metavar=ITEMS,
        callback=_take,
        completes=offers.ITEMS,
        help=text,
        **settings,
    )


def resolve_items(directory: str, where: Where, choice: ItemChoice) -> ItemRanges | None:
    """Find out which items of a record are meant; None means all of them.

    Raises:
        UsageError: something that was typed means no sealed item, or could mean two things.
        InputError: there is no record.
    """
    if choice.is_empty:
        return None
    with open_record(directory, where) as record:
        return find_items(record, choice)
