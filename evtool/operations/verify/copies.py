"""Two copies of a collection side by side: what they share, and where they part."""

from __future__ import annotations

import os

from msgspec import Struct

from evtool.core.custody.branches import Parting, find_parting
from evtool.core.custody.chain import Link
from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.scan.progress import Progress


class CopiesReport(Struct, frozen=True):
    """How two records relate.

    Attributes:
        collections: id of the collection of each.
        shared: number of entries from the first on that are the same.
        only_in_first, only_in_second: entries after those, as number and event.
        parting: the entry that they continue differently, if there is one.
    """

    collections: tuple[str, str]
    shared: int
    only_in_first: tuple[tuple[int, str], ...]
    only_in_second: tuple[tuple[int, str], ...]
    parting: Parting | None = None

    @property
    def same_collection(self) -> bool:
        """Whether both are copies of one collection."""
        return self.collections[0] == self.collections[1]

    @property
    def is_fork(self) -> bool:
        """Whether the record was continued twice, other than by the answer of a recipient."""
        return not self.same_collection or (self.parting is not None and self.parting.is_fork)


def compare_copies(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    where: tuple[Where, Where] = (None, None),
    *,
    progress: Progress | None = None,
) -> CopiesReport:
    """Compare the records of two directories or bundles; whether their files are as sealed is for `verify` to say.

    Raises:
        InputError: one of them has no record, or one that fails verification.
    """
    one, other = _links(first, where[0], progress), _links(second, where[1], progress)
    shared = 0
    for left, right in zip(one, other, strict=False):
        if (left.head, left.signature_digest) != (right.head, right.signature_digest):
            break
        shared += 1
    return CopiesReport(
        (one[0].entry.collection, other[0].entry.collection),
        shared,
        tuple((link.entry.sequence, link.entry.event.value) for link in one[shared:]),
        tuple((link.entry.sequence, link.entry.event.value) for link in other[shared:]),
        find_parting(one, other),
    )


def _links(path: str | os.PathLike[str], where: Where, progress: Progress | None) -> tuple[Link, ...]:
    with open_record(path, where, progress=progress) as record:
        if not record.chain.is_intact:
            raise InputError(
                "{path}: the record fails verification, so it cannot be compared",
                hint="run evtool verify to see what is wrong with it",
                key="copy-fails",
                path=shown(os.fsdecode(os.fspath(path))),
            )
        return record.chain.links
