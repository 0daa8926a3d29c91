"""A writer that writes nothing: what an entry would be is worked out in full, and thrown away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, cast

from evtool.scan.tree import TreeLocation
from evtool.store.custody_names import Listing
from evtool.store.writer import CustodyWriter
from evtool.store.written_file import WrittenFile


class RehearsalWriter(CustodyWriter):
    """Stands for the right to write: takes no lock, makes no directory, and forgets every file."""

    def __enter__(self) -> RehearsalWriter:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        pass

    @property
    def location(self) -> TreeLocation:
        """Where the directory is."""
        return TreeLocation.find(self._path)

    def clean(self, listing: Listing, *, keep: str, informational: Mapping[str, str]) -> None:
        """Leave what an interrupted run left behind."""

    def create(self, name: str) -> WrittenFile:
        """Open a file without a name, which is gone when it is closed."""
        with tempfile.TemporaryFile(prefix="evtool-") as file:
            return WrittenFile(os.dup(file.fileno()), name)

    def open_kept(self, name: str) -> BinaryIO:
        """Open a file without a name: nothing is kept for the next run, and nothing that one kept is read."""
        return cast(BinaryIO, tempfile.TemporaryFile("a+b", prefix="evtool-"))

    def commit(self, names: Iterable[str], *, informational: Iterable[str] = ()) -> None:
        """Forget an entry."""

    def remove(self, name: str) -> None:
        """Leave a file."""


@contextmanager
def rehearsal(path: bytes) -> Iterator[RehearsalWriter]:
    """Stand in for the writer of a custody directory; for one that is not there, an empty directory elsewhere does."""
    if os.path.isdir(path):
        yield RehearsalWriter(path)
        return
    with tempfile.TemporaryDirectory(prefix="evtool-") as empty:
        yield RehearsalWriter(os.fsencode(empty))
