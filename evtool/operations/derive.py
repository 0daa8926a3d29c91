"""Derived copies: a redacted, extracted or transcribed copy is an item of its own, and the record says of which."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from evtool.core.errors import InputError, UsageError
from evtool.core.events import Derived
from evtool.core.item_ranges import ranges_of
from evtool.core.names import shown
from evtool.core.privacy import check_entry_text
from evtool.keys.signer import Signer
from evtool.operations.collection import Collection, read_items
from evtool.operations.comparison import Selection
from evtool.operations.consent import require_sound
from evtool.operations.entry_writer import EntryHeader, Now, Random, system_now
from evtool.operations.new_items import list_new_names
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.read import open_record
from evtool.operations.record import record_event
from evtool.operations.seal import seal
from evtool.operations.seal_options import SealOptions

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class DeriveResult:
    """A copy that is on record.

    Attributes:
        original, copy: numbers of the two items.
        sealed: number of the entry that seals the copy; None if it was sealed before.
        entry: number of the entry `derived`.
        head: its SHA-256.
    """

    original: int
    copy: int
    sealed: int | None
    entry: int
    head: str


def derive(
    path: str | os.PathLike[str],
    original: str,
    copy: str,
    method: str,
    signer: Signer,
    options: SealOptions,
    *,
    progress: Progress | None = None,
    random: Random = os.urandom,
    now: Now = system_now,
) -> DeriveResult:
    """Record that one item is a copy, made by a method, of another; a copy that is new is sealed first.

    Both are named by item number or stored name. A new copy has to be the only thing that is new: whatever else is
    there would be sealed along with it.

    Raises:
        InputError: one of the two is not there.
        UsageError: the copy is the original or an item sealed before it, or other new files would be sealed too.
        MismatchError, EvidenceError: as sealing.
    """
    details = Derived(1, 2, method)
    check_entry_text(details, options.reason, options.policy)
    before = _find(path, options.custody, original, copy)
    if before.original is None:
        raise InputError(f"{shown(original)} is no item of this collection", hint="`evtool show DIR` lists them")
    sealed = None
    number = before.copy
    if number is None:
        _require_only_new(path, options, copy)
        sealed = seal(path, signer, options, progress=progress or NoProgress(), random=random, now=now).entry
        number = _find(path, options.custody, original, copy).copy
    if number is None:
        raise InputError(f"{shown(copy)} was not sealed", hint="`evtool show DIR` lists what is")
    if number <= before.original:
        raise UsageError(f"item {number} was sealed before item {before.original}, so it is no copy of it")
    details = replace(details, original=before.original, copy=number)
    items = ranges_of((before.original, number))
    header = EntryHeader(options.reason, options.happened_at, options.clock, items)
    written = record_event(
        path, signer, details, header, custody=options.custody, policy=options.policy, random=random, now=now
    )
    return DeriveResult(before.original, number, sealed, written.entry, written.head)


@dataclass(frozen=True, slots=True)
class _Pair:
    original: int | None
    copy: int | None


def _find(path: str | os.PathLike[str], custody: str | None, original: str, copy: str) -> _Pair:
    with open_record(path, custody) as collection:
        found = _numbers(collection, (original, copy))
        require_sound(collection)
    return _Pair(found.get(original), found.get(copy))


def _numbers(collection: Collection, names: tuple[str, ...]) -> dict[str, int]:
    """Find items by their numbers or stored names."""
    wanted = {name: Selection(frozenset({int(name)})) if name.isdigit() else name for name in names if name}
    found: dict[str, int] = {}
    for _, sealed in read_items(collection):
        for name, what in wanted.items():
            path = sealed.item.file.path if sealed.item.file else None
            if what == path or (isinstance(what, Selection) and sealed.item.number in what.numbers):
                found[name] = sealed.item.number
    return found


def _require_only_new(path: str | os.PathLike[str], options: SealOptions, copy: str) -> None:
    new = list_new_names(path, options)
    if copy not in new:
        raise InputError(
            f"{shown(copy)} is neither an item nor a new file of this directory",
            hint="put the copy into the evidence directory, and name it as `evtool show --json` would",
        )
    others = [name for name in new if name != copy]
    if others:
        more = f" and {len(others) - _MAX_NAMED} more" if len(others) > _MAX_NAMED else ""
        raise UsageError(
            f"other files are new and would be sealed too: {', '.join(map(shown, others[:_MAX_NAMED]))}{more}",
            hint="seal them first with `evtool seal`, or move them away",
        )
