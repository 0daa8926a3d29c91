"""The option of commands that read a text which somebody brought."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from evtool.core.text.foreign import ENCODINGS

_Function = TypeVar("_Function", bound=Callable[..., Any])


def encoding_option(what: str) -> Callable[[_Function], _Function]:
    """Add --encoding, which says how the text `what` is encoded; the command gets a name, or None."""
    return click.option(
        "--encoding",
        metavar="NAME",
        type=click.Choice(tuple(ENCODINGS), case_sensitive=False),
        help=f"How {what} is encoded, if it is not UTF-8 or UTF-16 with its mark: {', '.join(ENCODINGS)}.",
    )
