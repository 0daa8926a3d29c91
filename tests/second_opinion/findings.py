"""What is found, and how it ends a step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

DISPROVES = "disproves"
UNCHECKED = "unchecked"
OPEN = "open"
NOTE = "note"


class StopError(Exception):
    """A finding, by its effect and its code, that ends a step for what the step is about."""


class Findings(list[tuple[str, str, str]]):
    """What is found: effect, code, and what it is about."""

    @contextlib.contextmanager
    def about(self, number: int) -> Iterator[None]:
        """Take down the finding that ends a step within, which is about an entry."""
        try:
            yield
        except StopError as stop:
            effect, code = stop.args
            self.add(effect, code, number)

    def add(self, effect: str, code: str, *numbers: int) -> None:
        """Take down a finding about each of these entries."""
        self.extend((effect, code, f"entry {number}") for number in numbers)


def demand(condition: object, effect: str, code: str) -> None:
    """Stop with a finding unless this holds."""
    if not condition:
        raise StopError(effect, code)


@contextlib.contextmanager
def unless_read(effect: str, code: str) -> Iterator[None]:
    """Stop with a finding if something within is refused, or cannot be read from the disk."""
    try:
        yield
    except (ValueError, OSError, RecursionError):
        raise StopError(effect, code) from None
