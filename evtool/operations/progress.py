"""How long work tells its caller that it moves on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives progress; the command line draws it, a script may log it."""

    def start(self, action: str, files: int | None, size: int | None) -> None:
        """Begin an action on so many files and bytes; None where that is not known."""

    def advance(self, files: int, size: int) -> None:
        """Count finished files and bytes."""


class NoProgress:
    """Progress that nobody watches."""

    def start(self, action: str, files: int | None, size: int | None) -> None:
        """Ignore it."""

    def advance(self, files: int, size: int) -> None:
        """Ignore it."""
