"""A batch of entries: what is sent to wherever work runs, and the one function that runs there."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from msgspec import Struct

from evtool.core.metadata.description import Description
from evtool.scan.describer import Awaited, Describer
from evtool.scan.meter import Tally
from evtool.scan.observe import Known, Mode, Observation, Stamp, observe, stamps_now
from evtool.scan.small_files import FileRow, read_small_files
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import KINDS, Found, Kind, Run

ReadingRow = FileRow | Observation
"""What one entry was: the short form where it is a file that was read, else the whole observation."""


class Reading(Struct, frozen=True):
    """A batch that was observed.

    Attributes:
        runs: the entries.
        rows: what each of them was, in the same order.
        started: when the first of them was looked at, in nanoseconds since 1970.
    """

    runs: list[Run]
    rows: list[ReadingRow]
    started: int


Finish = Callable[[Reading, Any], Any]
"""What else to do where the batch was observed, given the batch's argument: a function of a module, so that its name
can be sent. It returns None to have the observations themselves sent back. Small files have been looked at once when it
is called: what it returns has to bear that, see `evtool.scan.small_files`."""


Expect = Callable[[Any], Mapping[int, int]]
"""What finds sizes in a batch's argument: index of an entry -> bytes. A function of a module, as `Finish` is."""


Describe = Callable[[], Describer]
"""What gives, where a batch is observed, the describer of its files: a function of a module, or one of these with its
arguments (`functools.partial`)."""


class Batch(Struct, frozen=True):
    """Entries to observe, as they are sent.

    Attributes:
        location: the tree they are in.
        runs: the entries.
        modes: the value of each one's `Mode`, as one string; empty means to hash all of them.
        known: index of an entry -> digests from an earlier read.
        limit: files of more bytes are deferred; None for no limit.
        sizes: index of an entry -> the size that it has to have; if it has another one, it is not read.
        threads: hash with two threads.
        finish: what else to do with the reading, if anything.
        argument: what `finish` is given beside it.
        expect: finds such sizes in the argument, for those entries that take more than a moment to read.
        cell: where to count the bytes that were read; see `evtool.scan.meter`.
        describe: gives the describer of the files that are read; without it none is described.
    """

    location: TreeLocation
    runs: list[Run]
    modes: str = ""
    known: Mapping[int, Known] | None = None
    limit: int | None = None
    sizes: Mapping[int, int] | None = None
    threads: bool = False
    finish: Finish | None = None
    argument: object = None
    expect: Expect | None = None
    cell: int = 0
    describe: Describe | None = None


class Outcome(Struct, frozen=True):
    """What comes back of a batch.

    Attributes:
        product: what `finish` returned.
        rows: what each entry was; empty if there is a product.
        started: when the first of them was looked at, in nanoseconds since 1970.
    """

    product: Any
    rows: list[ReadingRow]
    started: int


def observe_batch(batch: Batch, look: Callable[[], object] | None = None) -> Outcome:
    """Observe one batch; runs wherever the Executor runs it.

    `look` is called now and then, where somebody in this process looks at the count of the bytes.
    """
    reader = _Reader(_tree_of_this_thread(batch.location), batch, look)
    started = time.time_ns()
    rows = reader.read()
    if batch.finish is not None:
        product = batch.finish(Reading(batch.runs, rows, started), batch.argument)
        if product is not None:
            return Outcome(product, [], started)
    return Outcome(None, reader.look_again(rows), started)


class _Reader:
    """Observes the entries of one batch."""

    def __init__(self, tree: Tree, batch: Batch, look: Callable[[], object] | None) -> None:
        self._tree = tree
        self._batch = batch
        self._sizes = _Sizes(batch)
        self._tally = Tally(batch.cell, look)

    def read(self) -> list[ReadingRow]:
        """Observe all entries. Small files among them have been looked at once, see `evtool.scan.small_files`."""
        with self._describing() as describing:
            for run in self._batch.runs:
                describing.rows.extend(self._read_run(run, len(describing.rows), describing.describer))
        return describing.rows

    def look_again(self, rows: list[ReadingRow]) -> list[ReadingRow]:
        """Look at small files a second time, and observe afresh what is not what it was before it was read."""
        changed: list[tuple[Run, int, int]] = []
        first = 0
        for run in self._batch.runs:
            own = rows[first : first + len(run.names)]
            if not all(isinstance(row, Observation) for row in own):
                for index, (row, stamp) in enumerate(zip(own, stamps_now(self._tree, run), strict=True)):
                    if not isinstance(row, Observation) and row[:4] != stamp:
                        changed.append((run, index, first))
            first += len(run.names)
        if changed:
            with self._describing() as again:
                again.rows.extend(self._look_closer(*entry, again.describer) for entry in changed)
            for (_, index, first), row in zip(changed, again.rows, strict=True):
                rows[first + index] = row
        return rows

    @contextlib.contextmanager
    def _describing(self) -> Iterator[_Described]:
        """Give what files are described by, if they are, and have the descriptions put where they are awaited."""
        described = _Described([], self._batch.describe() if self._batch.describe else None)
        try:
            yield described
            if described.describer is not None:
                _fill_in(described.rows, described.describer.finish())
        finally:
            if described.describer is not None:
                described.describer.abandon()

    def _read_run(self, run: Run, first: int, describer: Describer | None) -> list[ReadingRow]:
        batch, names = self._batch, run.names

        def look_closer(index: int) -> ReadingRow:
            return self._look_closer(run, index, first, describer)

        # One kind and one mode for all of them is what most runs have.
        modes = batch.modes[first : first + len(names)]
        if not batch.known and not modes.strip(Mode.HASH.value) and not run.kinds.strip(Kind.FILE.value):
            with contextlib.suppress(OSError):
                return read_small_files(self._tree, run.directory, names, look_closer, describer)
        return [look_closer(index) for index in range(len(names))]

    def _look_closer(self, run: Run, index: int, first: int, describer: Describer | None) -> ReadingRow:
        batch = self._batch
        observation = observe(
            self._tree,
            Found(run.directory, run.names[index], KINDS[run.kinds[index]]),
            mode=Mode(batch.modes[first + index]) if batch.modes else Mode.HASH,
            known=batch.known.get(first + index) if batch.known else None,
            limit=batch.limit,
            size=self._sizes.find(first + index),
            threads=batch.threads,
            tally=self._tally,
            describer=describer,
        )
        return _row_of(observation)


class _Described(Struct, frozen=True):
    """Rows that are being made, and who describes their files."""

    rows: list[ReadingRow]
    describer: Describer | None


def _fill_in(rows: list[ReadingRow], descriptions: list[Description]) -> None:
    """Put descriptions that have come where they were awaited."""
    for index, row in enumerate(rows):
        if isinstance(row, Observation):
            if isinstance(row.description, Awaited):
                rows[index] = row._replace(description=descriptions[row.description])
        elif isinstance(row[6], Awaited):
            rows[index] = (*row[:6], descriptions[row[6]])


class _Sizes:
    """The sizes that the entries of a batch have to have; found when the first of them is asked for."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._sizes = batch.sizes

    def find(self, index: int) -> int | None:
        if self._sizes is None:
            self._sizes = self._batch.expect(self._batch.argument) if self._batch.expect else {}
        return self._sizes.get(index)


def files_of(rows: list[ReadingRow]) -> list[FileRow]:
    """Give the rows if all of them are files in the short form, else none."""
    # Millions are asked: a call for each of them takes longer than what is done with the answer.
    return cast("list[FileRow]", rows) if Observation not in set(map(type, rows)) else []


def _row_of(o: Observation) -> ReadingRow:
    """Give the short form of an observation, if it has one."""
    if o.stamp is None or not o.sha256 or o.reused or o.problem is not None:
        return o
    return (*o.stamp, o.sha256, o.blake3, o.description)


def observation_of(row: ReadingRow, started: int) -> Observation:
    """Give the observation that a row stands for."""
    if isinstance(row, Observation):
        return row
    size, mtime, ctime, inode, sha256, blake3, description = row
    stamp = Stamp(size, mtime, ctime, inode)
    return Observation(Kind.FILE, stamp, sha256, blake3, started=started, description=description)


class _OpenTree(threading.local):
    """The tree of the last batch stays open in each thread: its neighbours are below the same directories."""

    tree: Tree | None = None


_OPEN = _OpenTree()


def _tree_of_this_thread(location: TreeLocation) -> Tree:
    if _OPEN.tree is None or _OPEN.tree.location != location:
        close_tree()
        _OPEN.tree = Tree(location)
    return _OPEN.tree


def close_tree() -> None:
    """Close the tree that this thread holds open for the next batch."""
    if _OPEN.tree is not None:
        _OPEN.tree.close()
        _OPEN.tree = None
