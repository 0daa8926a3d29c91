"""Giving items the names that their files have now: entries `renamed`.

A person renames a file, or moves a folder. The seal cannot be changed, so an entry says where the item is. Nothing is
recorded that was not compared: the bytes under the new name are those of the item.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from evtool.core.custody.events import Renamed, StoredPaths
from evtool.core.custody.item_names import Rename
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import FormatError, InputError, MismatchError, UsageError
from evtool.core.manifest.skim import seek
from evtool.core.manifest.statement import ItemType
from evtool.core.text.limits import MAX_ENTRY
from evtool.core.text.names import parse_name, shown
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.consent import require_decidable
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.record_event import RecordResult, add_event
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record, SealedItem, read_record
from evtool.operations.verify.items.judge import is_another
from evtool.scan.observe import Mode, observe
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Kind, find_one
from evtool.store.custody_names import NAME

_ENTRY_BYTES = MAX_ENTRY - 8 * 1024
"""Bytes of names and numbers in one entry; the rest is for its reason and its salt."""


class RenameResult(Struct, frozen=True):
    """An entry `renamed` about one item.

    Attributes:
        written: the entry.
        rename: what it says.
    """

    written: RecordResult
    rename: Rename


def rename_item(
    path: str | os.PathLike[str],
    author: Author,
    item: int,
    new: str,
    header: EntryHeader,
    *,
    where: Where = None,
) -> RenameResult:
    """Record that one item has another name now, which is where its bytes lie.

    `new` is the name in stored form. The items of `header` are not read.

    Raises:
        UsageError: there is nothing to rename, or the name is that of another item.
        MismatchError: what lies under the new name is not the item, or the record fails verification.
        InputError: nothing lies there, it cannot be read, or the record cannot be.
        RefusedError: a text names somebody.
    """
    try:
        details = Renamed(StoredPaths((new,)))
    except FormatError as error:
        raise UsageError.like(error) from None
    check_entry_text(details, header.reason, author.policy)
    with open_for_writing(path, where) as opened:
        record = read_record(opened.custody)
        sealed = next((each for each in read_numbered_items(record) if each.item.number == item), None)
        require_decidable(record)
        rename = _plan(opened, record, sealed, item, new)
        assert sealed is not None  # noqa: S101  # `_plan` refuses it
        _require_item_there(opened.directory, sealed, rename)
        return RenameResult(_add(opened, author, header, [rename]), rename)


def restate_names(
    path: str | os.PathLike[str],
    author: Author,
    items: ItemRanges,
    header: EntryHeader,
    *,
    where: Where = None,
) -> list[RecordResult]:
    """Record again which names items have, in entries of their own.

    An entry that named them together with other items does not travel without these; this one does.

    Raises:
        UsageError: the name of an item is withheld here, or the item was disposed of.
        MismatchError, InputError, RefusedError: as `rename_item`.
    """
    with open_record(path, where) as record:
        renames = [
            Rename(sealed.item.number, sealed.item.file.path, sealed.item.file.path)
            for sealed in read_numbered_items(record, seek(items))
            if sealed.item.file is not None and sealed.item.number in items and not record.is_disposed(sealed)
        ]
        require_decidable(record)
    if len(renames) != len(items):
        raise UsageError(
            "an item was disposed of, or its name is withheld here, so it cannot be recorded again", key="rename-gone"
        )
    return record_renames(path, author, renames, header, where=where)


def record_renames(
    path: str | os.PathLike[str],
    author: Author,
    renames: Sequence[Rename],
    header: EntryHeader,
    *,
    where: Where = None,
) -> list[RecordResult]:
    """Record that items lie under other names now, in as many entries as it takes; the caller has compared them.

    Raises:
        UsageError: an item does not have the name that it is said to have, or a new name is that of another item.
        MismatchError, InputError, RefusedError: as `rename_item`.
    """
    check_entry_text(Renamed(StoredPaths(tuple(rename.new for rename in renames))), header.reason, author.policy)
    written = []
    for group in _split(sorted(renames, key=lambda rename: rename.item)):
        with open_for_writing(path, where) as opened:
            _require_free(read_record(opened.custody), group)
            written.append(_add(opened, author, header, group))
    return written


def _split(renames: Iterable[Rename]) -> Iterator[list[Rename]]:
    """Part renames into groups that fit into one entry each."""
    group: list[Rename] = []
    size = 0
    for rename in renames:
        # Each name stands in a line of its own, quoted, and TOML escapes no more than two of its characters: \ and ".
        own = len(rename.new.encode()) + rename.new.count("\\") + rename.new.count('"') + 48
        if group and size + own > _ENTRY_BYTES:
            yield group
            group, size = [], 0
        group.append(rename)
        size += own
    if group:
        yield group


def _add(opened: OpenRecord, author: Author, header: EntryHeader, renames: Sequence[Rename]) -> RecordResult:
    details = Renamed(StoredPaths(tuple(rename.new for rename in renames)))
    return add_event(opened, author, details, replace(header, items=ranges_of(rename.item for rename in renames)))


def _plan(opened: OpenRecord, record: Record, sealed: SealedItem | None, item: int, new: str) -> Rename:
    """Refuse what cannot be a new name for an item."""
    if sealed is None:
        raise UsageError(
            "item {item} is not here, or is withheld",
            hint="`evtool show DIR` lists the items",
            key="rename-not-here",
            item=item,
        )
    if sealed.item.file is None:
        raise UsageError(
            "the name of item {item} is withheld in this copy, so it cannot get another one here",
            key="rename-withheld",
            item=item,
        )
    if record.is_disposed(sealed):
        raise UsageError(
            "item {item} was disposed of, so it has no place that could get another name",
            key="rename-disposed",
            item=item,
        )
    old = sealed.item.file.path
    if old == new:
        raise UsageError("item {item} is named {old} already", key="rename-same", item=item, old=shown(old))
    if opened.inside and parse_name(new).partition(b"/")[0] == NAME:
        raise UsageError("{new} lies in the record, where no evidence is", key="rename-in-record", new=shown(new))
    rename = Rename(item, old, new)
    _require_free(record, [rename])
    return rename


def _require_free(record: Record, renames: Sequence[Rename]) -> None:
    """Refuse new names that are names of other items, or lie above or below one; E32 and E33 say what is free."""
    by_item = {rename.item: rename for rename in renames}
    by_name = {rename.new: rename for rename in renames}
    above = {path: rename for rename in renames for path in _above(rename.new)}
    found: set[int] = set()
    for sealed in read_numbered_items(record):
        name = sealed.item.file.path if sealed.item.file else None
        own = by_item.get(sealed.item.number)
        if own is not None and own.old == name:
            found.add(own.item)
        elif name is not None and not record.is_disposed(sealed):
            _require_apart(sealed.item.number, name, by_name, above)
    require_decidable(record)
    for rename in renames:
        if rename.item not in found:
            raise UsageError(
                "item {item} is not named {old}; nothing was recorded",
                key="rename-other-name",
                item=rename.item,
                old=shown(rename.old),
            )


def _require_apart(item: int, name: str, by_name: Mapping[str, Rename], above: Mapping[str, Rename]) -> None:
    if name in by_name:
        raise UsageError(
            "{name} is the name of item {item}, so item {other} cannot have it",
            hint="a name is free once its item has another one, or an entry says that the item was disposed of",
            key="rename-taken",
            name=shown(name),
            item=item,
            other=by_name[name].item,
        )
    below = next((path for path in _above(name) if path in by_name), None)
    other = above.get(name) or (by_name[below] if below is not None else None)
    if other is not None:
        raise UsageError(
            "{new} and {name}, item {item}, cannot both be: one lies below the other",
            hint="if item {item} was an empty directory that is one no more, record that it was disposed of",
            key="rename-below",
            new=shown(other.new),
            name=shown(name),
            item=item,
        )


def _above(path: str) -> Iterator[str]:
    """Give the paths of the directories that a path lies in."""
    while path := path.rpartition("/")[0]:
        yield path


def _require_item_there(evidence: TreeLocation, sealed: SealedItem, rename: Rename) -> None:
    """Make sure that the item lies under its new name, and not under its old one any more."""
    with Tree(evidence) as tree:
        if not _is_there(tree, sealed, rename.new):
            raise MismatchError(
                "what lies at {new} is not item {item}; nothing was recorded",
                hint="a changed file is a new item: `evtool seal DIR` seals it",
                key="rename-differs",
                new=shown(rename.new),
                item=rename.item,
            )
        if find_one(tree, parse_name(rename.old)) is not None and _is_there(tree, sealed, rename.old):
            raise UsageError(
                "item {item} still lies at {old} as well; nothing was recorded",
                hint="a second copy is a new item: `evtool seal DIR` seals it; or remove the one that is not needed",
                key="rename-both",
                item=rename.item,
                old=shown(rename.old),
            )


def _is_there(tree: Tree, sealed: SealedItem, name: str) -> bool:
    """Read what lies under a name, and tell whether it is an item.

    Raises:
        InputError: there is nothing, or it cannot be read.
    """
    found = find_one(tree, parse_name(name))
    if found is None:
        raise InputError(
            "nothing lies at {name}",
            hint="give the name below the evidence directory",
            key="rename-nothing",
            name=shown(name),
        )
    content = sealed.item.content
    if content.type is ItemType.OMITTED:
        return True
    if found.kind is Kind.EMPTY_DIRECTORY and tree.list_directory(found.path):
        return False
    seen = observe(tree, found, mode=Mode.HASH, size=content.size)
    if seen.problem is not None:
        raise InputError(
            "{name} cannot be read: {why_en}", key="rename-unreadable", name=shown(name), why_en=seen.detail
        )
    return not is_another(content, seen)
