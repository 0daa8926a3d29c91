"""Reading a record without judging the evidence: the chain of custody, and what is stated about the items."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from evtool.core.errors import InputError, UsageError, Way
from evtool.core.text.item_choice import ChoiceBinding, ItemChoice
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.operations.progress import NoProgress
from evtool.operations.record.continuation import WRONG_PAIR
from evtool.operations.record.place import BundleAccess, Where, place_of
from evtool.operations.record.record import (
    Record,
    SealedItem,
    nameless_items,
    read_items,
    read_numbered_items,
    read_record,
)
from evtool.operations.record.selection import Selection
from evtool.operations.record.subject import open_subject
from evtool.operations.record.wrong_place import no_record
from evtool.report.language import in_english


@contextmanager
def open_record(
    path: str | os.PathLike[str], custody: Where = None, access: BundleAccess | None = None
) -> Iterator[Record]:
    """Open the record of an evidence directory or of a bundle; `access` is what opens an encrypted one.

    Its chain is checked, its manifests are read by `list_items`.

    Raises:
        InputError: there is no record.
        FormatError: a bundle is not in the form that is read.
        KeyFileError: a bundle is encrypted, and nothing given opens it.
    """
    place = place_of(custody)
    place = place if access is None else replace(place, access=access)
    with open_subject(path, place, NoProgress()) as subject:
        if subject is None:
            raise no_record(os.fsdecode(os.fspath(path)))
        if subject.apart is not None:
            raise InputError(in_english(subject.apart), hint=WRONG_PAIR, ways=(Way.CONTINUED,))
        yield read_record(subject.custody)


def list_items(record: Record, selection: Selection) -> Iterator[SealedItem]:
    """Yield the selected items whose name is disclosed, in path order.

    Only after the last one is it known whether the manifests are the signed ones: see `Seal.findings`.
    """
    for _, sealed in read_items(record):
        if selection.includes(sealed.item):
            yield sealed


def list_nameless_items(record: Record, selection: Selection) -> Iterator[SealedItem]:
    """Yield the selected items whose name is withheld, but not what they are, by number; after `list_items`."""
    # A generator: the manifests may be read between the call and the first item.
    for sealed in nameless_items(record):
        if selection.includes(sealed.item):
            yield sealed


def find_items(record: Record, choice: ItemChoice) -> ItemRanges | None:
    """Find out which items are meant; None for an empty choice, which means all. Reads the manifests to their end.

    Raises:
        UsageError: something means no sealed item, or items that are not sealed yet, or could mean two things.
    """
    if choice.is_empty:
        return None
    binding = ChoiceBinding(choice)
    for sealed in read_numbered_items(record):
        binding.note(sealed.item.number, sealed.item.file.path if sealed.item.file else None)
    last = record.next_item - 1
    chosen = binding.finish(last)
    beyond = max((end for _, end in chosen.ranges), default=0)
    if beyond > last:
        raise UsageError(f"item {beyond} is not sealed; the last sealed item is {last}", hint="check the numbers")
    counted = (number for first, end in chosen.ranges for number in range(first, end + 1))
    return ranges_of((*chosen.numbers, *counted))
