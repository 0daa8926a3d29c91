"""The items of one seal and the entries of one directory, block by block: what belongs together, and what is left over.

Both come in the same order, so the entries up to the last path of a block are those that the block names. If they
are as many as its items, they are most likely the same ones, and block and entries go to a worker as they are. If not,
something is missing or extra, and only this block is taken apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

from msgspec import Struct

from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ItemType
from evtool.core.values import replace
from evtool.operations.merge import merge_sorted
from evtool.operations.record.record import Seal, SealedItem
from evtool.operations.verify.items.block_lookup import CompareOrder, UnchangedBlock, compare_block, sealed_sizes
from evtool.operations.verify.items.sealed_blocks import SealedBlock, SealedBlocks
from evtool.scan.engine import BATCH, Answer, ReadRequest, Workers, observe_requests
from evtool.scan.observe import Observation
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, Run, join_path, runs_of
from evtool.store.custody import CustodyReader


class Unchanged(Struct, frozen=True):
    """Items that are as they were sealed.

    Attributes:
        items: how many.
        size: bytes that were read.
        other_dates: how many of them, links aside, have another modification date.
        last: path of the last of them.
    """

    items: int
    size: int
    other_dates: int
    last: bytes


class Compared(Struct, frozen=True):
    """An item with what was found in its place, or one side alone.

    Attributes:
        sealed: the item; None for an entry that no item names.
        found: the entry; None for an item that is not there.
        observation: what the entry was; None if it was not looked at, as nothing is known to compare it with.
    """

    sealed: SealedItem | None
    found: Found | None
    observation: Observation | None


class _Part(Struct, frozen=True):
    """A block that was asked about.

    Attributes:
        block: the block.
        pairs: its items with their entries, if it had to be taken apart; else the entries are those of the request.
        loose: what of both has no counterpart.
    """

    block: SealedBlock
    pairs: list[Compared] | None = None
    loose: tuple[Compared, ...] = ()


class BlockMerge:
    """Compares one directory with the one seal of its collection."""

    def __init__(
        self,
        evidence: TreeLocation,
        custody: CustodyReader,
        seal: Seal,
        jobs: int | Workers,
    ) -> None:
        self._evidence = evidence
        self._seal = seal
        self._jobs = jobs
        self._blocks = SealedBlocks(custody, seal, BATCH)
        self._aside: list[Compared] = []
        """Entries of which no item is known."""

    def run(self, runs: Iterator[Run]) -> Iterator[Compared | Unchanged]:
        """Yield what the items of the seal and the entries of the directory are to each other, in no order.

        Afterwards the seal knows whether its manifest is the signed one.
        """
        requests = self._make_requests(runs)
        for answer in observe_requests(self._evidence, requests, jobs=self._jobs):
            yield from self._take(answer)
        yield from self._aside
        self._blocks.finish()

    def _make_requests(self, runs: Iterator[Run]) -> Iterator[ReadRequest[_Part]]:
        entries = Entries(runs)
        for block in self._blocks.read():
            if self._blocks.broken_from is not None:
                break
            taken = entries.take(block.last_key) if block.last_key is not None else []
            if block.lines and sum(len(run.names) for run in taken) == block.size:
                order = CompareOrder(block.first_item, block.first_line, block.lines)
                yield ReadRequest(taken, _Part(block), finish=compare_block, argument=order, expect=sealed_sizes)
            else:
                self._blocks.decode(block)
                founds = (found for run in taken for found in run.founds())
                pairs, loose = self._pair(block.items, ((found, None) for found in founds))
                entries_only = runs_of(pair.found for pair in pairs if pair.found is not None)
                sizes = {index: size for index, pair in enumerate(pairs) if (size := _size_of(pair)) is not None}
                yield ReadRequest(entries_only, _Part(block, pairs, loose), sizes=sizes)
        self._put_aside(entries.rest())

    def _take(self, answer: Answer[_Part]) -> Iterator[Compared | Unchanged]:
        block, pairs, loose = answer.request.context.block, answer.request.context.pairs, answer.request.context.loose
        product, observations = answer.product, answer.observations
        broken_from = self._blocks.broken_from
        if broken_from is not None and block.first_item > broken_from:
            # It was asked about before it was known that nothing can be known about it.
            self._put_aside(answer.request.runs)
            self._aside += (replace(pair, sealed=None) for pair in loose if pair.found is not None)
        elif isinstance(product, UnchangedBlock):
            self._blocks.accept_as_it_is(block, product)
            yield Unchanged(block.size, product.size, product.other_dates, (block.last_key or b"").rstrip(b"/"))
        elif pairs is not None:
            self._blocks.accept(block)
            for pair, observation in zip(pairs, observations, strict=True):
                yield replace(pair, observation=observation)
            yield from loose
        else:
            self._blocks.decode(block)
            self._blocks.accept(block)
            founds = (found for run in answer.request.runs for found in run.founds())
            pairs, loose = self._pair(block.items, zip(founds, observations, strict=True))
            yield from chain(pairs, loose)

    def _pair(
        self, items: list[Item], entries: Iterable[tuple[Found, Observation | None]]
    ) -> tuple[list[Compared], tuple[Compared, ...]]:
        """Pair the items of a block with its entries; what has no counterpart comes by itself."""
        sealed_items = ((key, SealedItem(item, self._seal)) for item in items if (key := item.sort_key) is not None)
        keyed = ((entry[0].sort_key, entry) for entry in entries)
        pairs: list[Compared] = []
        loose: list[Compared] = []
        for sealed, entry in merge_sorted(sealed_items, keyed):
            found, observation = entry or (None, None)
            if sealed is not None and found is not None and _is_comparable(sealed.item):
                pairs.append(Compared(sealed, found, observation))
            else:
                loose.append(Compared(sealed, found, None))
        return pairs, tuple(loose)

    def _put_aside(self, runs: Iterable[Run]) -> None:
        """Keep entries of which no item is known."""
        self._aside += (Compared(None, found, None) for run in runs for found in run.founds())


def _size_of(pair: Compared) -> int | None:
    content = pair.sealed.item.content if pair.sealed else None
    return content.size if content else None


def _is_comparable(item: Item) -> bool:
    """Whether anything is known about an item that an entry can be compared with."""
    return item.content.type is not ItemType.OMITTED


class Entries:
    """The entries of a directory, taken in order up to a path."""

    def __init__(self, runs: Iterator[Run]) -> None:
        self._runs = runs
        self._next = next(runs, None)

    def take(self, last_key: bytes) -> list[Run]:
        """Take the entries that do not sort after this key."""
        taken: list[Run] = []
        while (run := self._next) is not None:
            count = _count_up_to(run, last_key)
            if count:
                taken.append(run if count == len(run.names) else run.part(0, count))
            if count < len(run.names):
                self._next = run.part(count, len(run.names)) if count else run
                break
            self._next = next(self._runs, None)
        return taken

    def rest(self) -> Iterator[Run]:
        """Take all that is left."""
        while (run := self._next) is not None:
            self._next = next(self._runs, None)
            yield run


def _count_up_to(run: Run, last_key: bytes) -> int:
    """Count the entries of a run that do not sort after a key; only its sort keys are ascending, not its names."""
    if run.kinds in ("d", "u"):
        return int(join_path(run.directory, run.names[0]) + b"/" <= last_key)
    prefix = run.directory + b"/" if run.directory else b""
    if last_key.startswith(prefix):
        return bisect_right(run.names, last_key[len(prefix) :])
    return len(run.names) if prefix < last_key else 0
