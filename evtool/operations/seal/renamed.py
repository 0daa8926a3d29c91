"""Finding items that lie under other names now: a file that is new, with the bytes of one that is missing.

A renamed file must not become a new item: the old one would be missing for ever, and the new one would have no terms of
consent. What is paired is clear by rule, and everything else is named; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from evtool.core.custody.item_names import Rename
from evtool.core.errors import EvidenceError
from evtool.core.manifest.statement import ItemType
from evtool.core.text.limits import MAX_HOLES
from evtool.core.text.names import shown, store_name
from evtool.operations.record.record import SealedItem
from evtool.operations.verify.items.judge import KIND_OF, path_of
from evtool.scan.engine import Task, Workers, observe_all
from evtool.scan.observe import Known, Mode, Observation
from evtool.scan.tree import TreeLocation
from evtool.scan.walk import Found, Kind

MAX_NAMED = 20
"""Renamed items that a message names; the others are counted."""


class Unclear(Struct, frozen=True):
    """Missing items and new files that are the same, and could be paired in more than one way.

    Attributes:
        items: number and name of each item.
        names: names of the new files, in stored form.
    """

    items: tuple[tuple[int, str], ...]
    names: tuple[str, ...]


class Renames(Struct, frozen=True):
    """What lies under other names.

    Attributes:
        clear: pairs of an item and its new name, in the order of the items.
        unclear: what could be paired in more than one way.
    """

    clear: tuple[Rename, ...] = ()
    unclear: tuple[Unclear, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.clear or self.unclear)


class RenamedItems(Exception):  # noqa: N818  # a way back to the beginning, and no error
    """Items lie under other names, which the user accepts: they get these names before anything else is sealed.

    Attributes:
        renames: the items and their names.
        known: digests of the files that were read so far.
    """

    def __init__(self, renames: tuple[Rename, ...]) -> None:
        super().__init__()
        self.renames = renames
        self.known: dict[bytes, Known] = {}


class RenamedError(EvidenceError):
    """Items seem to have other names now, and nobody has said yet whether that is right; nothing was sealed.

    Attributes:
        renames: what was found.
    """

    def __init__(self, renames: Renames) -> None:
        self.renames = renames
        lines = [rename.describe() for rename in renames.clear[:MAX_NAMED]]
        if len(renames.clear) > MAX_NAMED:
            lines.append(f"and {len(renames.clear) - MAX_NAMED:,} more")
        for unclear in renames.unclear[:MAX_NAMED]:
            items = ", ".join(f"item {number} {shown(name)}" for number, name in unclear.items[:MAX_NAMED])
            names = ", ".join(map(shown, unclear.names[:MAX_NAMED]))
            lines.append(f"not clear: {items} can be each of: {names}")
        count = len(renames.clear) + sum(len(unclear.items) for unclear in renames.unclear)
        super().__init__(
            "{what_en} to have another name now, so nothing was sealed:",
            hint="say for each that is not clear which it is: `evtool record DIR renamed --items N --new-name PATH`"
            if renames.unclear
            else "if that is right: `evtool seal DIR --renamed`; if not, put the files back, or record a disposal",
            lines=tuple(lines),
            key="renamed-unclear" if renames.unclear else "renamed-clear",
            what_en="1 item that is missing seems" if count == 1 else f"{count:,} items that are missing seem",
            count=count,
        )


def find_renames(
    missing: Sequence[SealedItem], new: Iterable[Found], evidence: TreeLocation, workers: Workers
) -> Renames:
    """Look for missing items among what no seal knows; files of the same size are read for that.

    `missing` are items that nobody disposed of; `new` is what would become items.
    """
    wanted = {_kind_of(sealed): None for sealed in missing if sealed.item.file is not None}
    if not wanted:
        return Renames()
    kinds = {KIND_OF[item_type] for item_type, _ in wanted}
    candidates = [Task(found, None, Mode.STAT) for found in new if found.kind in kinds]
    sizes = {size for _, size in wanted}
    alike, holes = list[Task[None]](), 0
    for task, seen in observe_all(evidence, candidates, jobs=1):
        size = seen.stamp.size if seen.kind is Kind.FILE and seen.stamp is not None else None
        if seen.problem is None and (seen.kind is not Kind.FILE or size in sizes):
            holes += seen.holes
            if holes <= MAX_HOLES:
                alike.append(Task(task.found, None, Mode.HASH, size=size))
    groups: dict[object, tuple[list[tuple[int, str]], list[str]]] = {}
    for sealed in missing:
        if sealed.item.file is not None:
            groups.setdefault(_identity(sealed), ([], []))[0].append((sealed.item.number, path_of(sealed)))
    for task, seen in observe_all(evidence, alike, jobs=workers):
        group = groups.get(_identity_of(seen)) if seen.problem is None else None
        if group is not None:
            group[1].append(store_name(task.found.path))
    clear, unclear = list[Rename](), list[Unclear]()
    for identity, (items, names) in groups.items():
        if names:
            pairs, rest = pair_names(items, names, has_bytes=_has_bytes(identity))
            clear += pairs
            unclear += rest
    return Renames(tuple(sorted(clear, key=lambda rename: rename.item)), tuple(unclear))


def pair_names(
    items: Sequence[tuple[int, str]], names: Sequence[str], *, has_bytes: bool
) -> tuple[list[Rename], list[Unclear]]:
    """Pair missing items with new names of the same content, as far as that is clear.

    Two belong together whose paths end in the same names, the more of them the better, if no other item or name ends
    so. One item and one name are a pair whatever they are called, if they have bytes: empty files, links and empty
    directories are all alike. What is left on both sides is unclear, if there are bytes; if there are none, the items
    are merely missing.
    """
    left_items, left_names = dict(items), dict.fromkeys(names)
    if has_bytes and len(items) == len(names) == 1:
        return [Rename(items[0][0], items[0][1], names[0])], []
    pairs: list[Rename] = []
    depth = min(max(path.count("/") for path in left_items.values()), max(path.count("/") for path in left_names)) + 1
    for length in range(min(depth, _MAX_DEPTH), 0, -1):
        by_end: dict[tuple[str, ...], tuple[list[int], list[str]]] = {}
        for number, path in left_items.items():
            by_end.setdefault(_end(path, length), ([], []))[0].append(number)
        for path in left_names:
            by_end.setdefault(_end(path, length), ([], []))[1].append(path)
        for numbers, paths in by_end.values():
            if len(numbers) == len(paths) == 1:
                pairs.append(Rename(numbers[0], left_items.pop(numbers[0]), paths[0]))
                del left_names[paths[0]]
        if not left_items or not left_names:
            break
    if has_bytes and len(left_items) == len(left_names) == 1 and len(items) == len(names):
        ((number, old),), (new,) = left_items.items(), left_names
        return [*pairs, Rename(number, old, new)], []
    if has_bytes and left_items and left_names:
        return pairs, [Unclear(tuple(left_items.items()), tuple(left_names))]
    return pairs, []


_MAX_DEPTH = 64
"""Names at the end of a path that are looked at."""


def _end(path: str, length: int) -> tuple[str, ...]:
    return tuple(path.split("/")[-length:])


def _kind_of(sealed: SealedItem) -> tuple[ItemType, int | None]:
    content = sealed.item.content
    return content.type, content.size


def _identity(sealed: SealedItem) -> object:
    """Give what an item has to have in common with a thing that can be it."""
    content = sealed.item.content
    if content.digests is not None:
        return content.size, content.digests.sha256, content.digests.blake3
    return content.type, content.target


def _identity_of(seen: Observation) -> object:
    if seen.kind is Kind.FILE:
        return seen.stamp.size if seen.stamp else None, seen.sha256, seen.blake3
    if seen.kind is Kind.SYMLINK:
        return ItemType.SYMLINK, store_name(seen.target)
    return ItemType.DIRECTORY, None


def _has_bytes(identity: object) -> bool:
    return isinstance(identity, tuple) and isinstance(identity[0], int) and identity[0] > 0


def new_things(pairs: Iterable[tuple[SealedItem | None, Found | None]], besides: Iterable[bytes]) -> Iterator[Found]:
    """Give what would become items, but for paths that are those of sealed items in another spelling."""
    known = frozenset(besides)
    return (found for sealed, found in pairs if sealed is None and found is not None and found.path not in known)
