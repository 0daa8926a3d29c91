"""What a seal counts of what files say about themselves, without any value of it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from evtool.core.metadata.description import Description
from evtool.core.metadata.json_form import read_claims
from evtool.core.metadata.vocabulary import Withheld


class Seen(NamedTuple):
    """What is counted of one description.

    Attributes:
        is_stated: whether there are claims, whole or in part.
        failure: why claims are missing or may be incomplete, as in `Description`.
        confinement: what confined the parser, as in `Description`.
        sensitive: kinds of what the basic form leaves out.
        holds_recording: whether it is a picture in which a video or a sound recording was found.
        is_cut_short: whether an extractor did not reach its end.
        was_read_twice: whether the file had to be handed to a second parser.
    """

    is_stated: bool
    failure: str
    confinement: str
    sensitive: tuple[Withheld, ...]
    holds_recording: bool
    is_cut_short: bool
    was_read_twice: bool


@lru_cache(maxsize=1024)
def seen_of(description: Description) -> Seen:
    """Give what is counted of a description."""
    claims = read_claims(description.claims.encode()) if description.claims else None
    sensitive = tuple(kind for kind, _ in claims.sensitive()) if claims else ()
    return Seen(
        is_stated=claims is not None,
        failure=description.failure,
        confinement=description.confinement,
        sensitive=sensitive,
        holds_recording=claims is not None and claims.holds_recording,
        is_cut_short=claims is not None and bool(claims.problems),
        was_read_twice=description.was_read_twice,
    )
