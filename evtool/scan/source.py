"""Evidence that lies elsewhere than in an evidence directory: in a bundle, as a folder or in a container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from evtool.scan.engine import Task, Workers
from evtool.scan.observe import Observation
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, WalkNotes

_Context = TypeVar("_Context")


class EvidenceSource(Protocol):
    """What a comparison with the seals needs to know of the evidence.

    A source holds files only: links and empty directories are carried by their statements. It keeps no dates either.

    Attributes:
        sizes: of the files that were read, by path.
    """

    sizes: dict[bytes, int]

    @property
    def data(self) -> TreeLocation | None:
        """The directory in which its files lie; None if they lie in none."""

    def walk(self, notes: WalkNotes) -> Iterator[Found]:
        """Yield what is there in item order, as `evtool.scan.walk.walk` does."""

    def observe(
        self, tasks: Iterable[Task[_Context]], *, jobs: int | Workers
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Observe tasks in their order, as `evtool.scan.engine.observe_all` does."""
