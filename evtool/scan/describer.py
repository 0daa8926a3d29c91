"""What is found out about a file where it is read, beside its digests."""

from __future__ import annotations

from typing import Protocol

from evtool.core.metadata.description import Description

Awaited = int
"""Stands for a description that will come: its place in what `Describer.finish` gives."""


class Describer(Protocol):
    """Describes the files of one batch.

    It is shown each file that was read, while its bytes and its descriptor are at hand, so that nothing is opened or
    read a second time.
    """

    def describe(self, head: bytes, descriptor: int, stamp: tuple[int, int, int, int]) -> Description | Awaited:
        """Describe a file by its first `HEAD` bytes, or take it over as it is open, to describe it by and by.

        `stamp` has size, modification time, change time and inode as they were when the file was read: of a file that
        has others afterwards nothing is told. The descriptor stays the caller's. Raises nothing.
        """

    def finish(self) -> list[Description]:
        """Wait for those that were taken over, and give their descriptions in the order in which they came."""

    def abandon(self) -> None:
        """Let go of what is left; nothing after `finish`."""
