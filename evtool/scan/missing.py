"""What to say of a path that is not there: people mistype names, and the right one lies beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice

from evtool.core.text.names import nfc_key, shown

_MAX_LOOKED_AT = 10_000
"""Names of a folder that are looked at."""

_ALIKE = 0.7
"""How much of a name has to be alike; the measure is that of `difflib`."""


def explain_missing(path: str) -> tuple[str, str]:
    """Say which part of a path is not there, and which name is close to it: message and hint."""
    present, name = _split(path)
    whole = os.path.join(present, name)
    message = f"{shown(path)} does not exist"
    if os.path.abspath(whole) != os.path.abspath(path):
        message += f": there is no {shown(whole)}"
    # Start-up time: few runs have a mistyped name.
    from difflib import get_close_matches

    by_key = {nfc_key(other).casefold(): other for other in _names(present or os.curdir)}
    alike = get_close_matches(nfc_key(name).casefold(), by_key, 1, _ALIKE)
    if not alike:
        return message, "check the spelling, and the folder that you are in"
    return message, f"did you mean {shown(os.path.join(present, by_key[alike[0]]))}?"


def _split(path: str) -> tuple[str, str]:
    """Give the part of a path that is there, and the first name below it that is not."""
    rest = path.rstrip(os.sep) or path
    while True:
        above, name = os.path.split(rest)
        if not above or above == rest or os.path.lexists(above):
            return above, name
        rest = above.rstrip(os.sep) or above


def _names(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in islice(entries, _MAX_LOOKED_AT))
    except OSError:
        return
