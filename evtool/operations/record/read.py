"""Reading a record without judging the evidence: the chain of custody, and what is stated about the items."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from evtool.core.errors import InputError, UsageError
from evtool.core.manifest.skim import MOST_SOUGHT, Sought
from evtool.core.text.item_choice import ChoiceBinding, ItemChoice
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.operations.record.continuation import wrong_pair
from evtool.operations.record.items import nameless_items, read_afresh, read_items, read_numbered_items
from evtool.operations.record.place import BundleAccess, Where, place_of
from evtool.operations.record.record import Record, SealedItem, read_record
from evtool.operations.record.selection import Selection
from evtool.operations.record.subject import open_subject
from evtool.operations.record.wrong_place import no_record
from evtool.report.language import in_english
from evtool.scan.progress import NoProgress, Progress


@contextmanager
def open_record(
    path: str | os.PathLike[str],
    where: Where = None,
    access: BundleAccess | None = None,
    *,
    progress: Progress | None = None,
) -> Iterator[Record]:
    """Open the record of an evidence directory or of a bundle; `access` is what opens an encrypted one,
    and `progress` is told how far a container has been read.

    Its chain is checked, its manifests are read by `list_items`.

    Raises:
        InputError: there is no record.
        FormatError: a bundle is not in the form that is read.
        KeyFileError: a bundle is encrypted, and nothing given opens it.
    """
    place = place_of(where)
    place = place if access is None else replace(place, access=access)
    with open_subject(path, place, progress or NoProgress()) as subject:
        if subject is None:
            raise no_record(os.fsdecode(os.fspath(path)))
        if subject.apart is not None:
            raise wrong_pair(subject.apart)
        yield read_record(subject.custody)


def list_items(record: Record, selection: Selection) -> Iterator[SealedItem]:
    """Yield the selected items whose name is disclosed, in path order.

    Only after the last one is it known whether the manifests are the signed ones: see `Seal.findings`.
    """
    for _, sealed in read_items(record, _sought_by(record, selection)):
        if selection.includes(sealed.item):
            yield sealed


def _sought_by(record: Record, selection: Selection) -> Sought | None:
    """Tell what a selection looks for; None if that is to be found by reading all items."""
    return None if selection.is_all else find_sought(record, selection.choice, selection.numbers)


def list_nameless_items(record: Record, selection: Selection) -> Iterator[SealedItem]:
    """Yield the selected items whose name is withheld, but not what they are, by number; after `list_items`."""
    # A generator: the manifests may be read between the call and the first item.
    for sealed in nameless_items(record):
        if selection.includes(sealed.item):
            yield sealed


class SelectedItems:
    """The items of a record that are selected: read and judged once, and gone through as often as needed.

    Named items come first, in path order, then those whose name is withheld, by number. A few are kept. More are read
    again each time, so that memory does not grow with their number.
    """

    def __init__(self, record: Record, selection: Selection) -> None:
        """Read the manifests to their end, which completes `Seal.findings`."""
        self.unknown: list[str]
        """What was asked for and is not there."""
        self._record = record
        self._selection = selection
        self._kept: list[SealedItem] | None = []
        sought = _sought_by(record, selection)
        if selection.is_all and record.next_item > MOST_SOUGHT:
            # All that has to be known of them by now is whether they are the signed ones.
            self._kept, sought = None, Sought()
        binding = ChoiceBinding(selection.choice)
        for sealed in self._read(record, sought):
            binding.note(sealed.item.number, sealed.item.file.path if sealed.item.file else None)
            if self._kept is not None:
                self._kept.append(sealed)
                self._kept = self._kept if len(self._kept) <= MOST_SOUGHT else None
        self.unknown = binding.unknown()

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def __iter__(self) -> Iterator[SealedItem]:
        """Go through the items.

        Raises:
            InputError: at the end: what was read is not what was read and judged before.
        """
        if self._kept is not None:
            yield from self._kept
            return
        again = read_afresh(self._record)
        yield from self._read(again, None)
        for first, second in zip(self._record.seals, again.seals, strict=True):
            if first.findings != second.findings:
                raise InputError(
                    "{why}" if second.findings else "the record changed while it was read",
                    hint="what was printed is not complete; run `evtool verify DIR`",
                    key="printed-part" if second.findings else "record-changed",
                    why=next(map(in_english, second.findings), ""),
                )

    def _read(self, record: Record, sought: Sought | None) -> Iterator[SealedItem]:
        for _, sealed in read_items(record, sought):
            if self._selection.includes(sealed.item):
                yield sealed
        yield from list_nameless_items(record, self._selection)


def find_items(record: Record, choice: ItemChoice) -> ItemRanges | None:
    """Find out which items are meant; None for an empty choice, which means all. Reads the manifests to their end.

    Raises:
        UsageError: something means no sealed item, or items that are not sealed yet, or could mean two things.
    """
    if choice.is_empty:
        return None
    binding = ChoiceBinding(choice)
    for sealed in read_numbered_items(record, find_sought(record, choice)):
        binding.note(sealed.item.number, sealed.item.file.path if sealed.item.file else None)
    last = record.next_item - 1
    chosen = binding.finish(last)
    beyond = max((end for _, end in chosen.ranges), default=0)
    if beyond > last:
        raise UsageError(
            "item {item} is not sealed; the last sealed item is {last}",
            hint="check the numbers",
            key="item-not-sealed",
            item=beyond,
            last=last,
        )
    counted = (number for first, end in chosen.ranges for number in range(first, end + 1))
    return ranges_of((*chosen.numbers, *counted))


def find_sought(record: Record, choice: ItemChoice, numbers: Collection[int] = ()) -> Sought | None:
    """Tell how all that a choice can mean, and these numbers, is found without decoding every statement.

    None where only that tells, or where it is the shorter way.
    """
    names = choice.plain_names
    spans = [(first, min(last, record.next_item - 1)) for first, last in choice.ranges]
    if names is None or len(numbers) + sum(max(last - first + 1, 0) for first, last in spans) > MOST_SOUGHT:
        return None
    found = {*numbers, *(number for first, last in spans for number in range(first, last + 1))}
    for number in record.names.items:
        name = record.names.current(number, record.sealed_by(number))
        if name is not None and choice.means(number, name.path):
            found.add(number)
    return Sought(ranges_of(found) if found else None, names)
