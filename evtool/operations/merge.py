"""Pairing two sorted streams, in the memory of one element of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

_L = TypeVar("_L")
_R = TypeVar("_R")


def merge_sorted(
    left: Iterable[tuple[bytes, _L]], right: Iterable[tuple[bytes, _R]]
) -> Iterator[tuple[_L | None, _R | None]]:
    """Pair two streams by their ascending keys; a key on one side only is paired with None."""
    left_stream, right_stream = iter(left), iter(right)
    one, two = next(left_stream, None), next(right_stream, None)
    while one is not None or two is not None:
        if two is None or (one is not None and one[0] < two[0]):
            assert one is not None  # noqa: S101  # follows from the loop's condition
            yield one[1], None
            one = next(left_stream, None)
        elif one is None or two[0] < one[0]:
            yield None, two[1]
            two = next(right_stream, None)
        else:
            yield one[1], two[1]
            one, two = next(left_stream, None), next(right_stream, None)
