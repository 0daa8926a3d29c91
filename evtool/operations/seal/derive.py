"""Derived copies: a redacted, extracted or transcribed copy is an item of its own, and the record says of which."""

from __future__ import annotations

import os

from msgspec import Struct

from evtool.core.custody.events import Derived
from evtool.core.custody.privacy import check_entry_text
from evtool.core.errors import InputError, SealExitCode, UsageError
from evtool.core.finding import Listed, Words
from evtool.core.manifest.manifest import Item
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import nfc_key, parse_name, shown
from evtool.core.text.ranges import ranges_of
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.entries.consent import require_decidable
from evtool.operations.entries.record_event import record_event
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.place import Where, place_of
from evtool.operations.record.read import open_record
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.seal import preview_seal, seal
from evtool.operations.seal.unsealed import list_new_names
from evtool.report.language import in_english
from evtool.scan.meter import tallied
from evtool.scan.observe import Mode, observe
from evtool.scan.progress import Progress
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind

_MAX_NAMED = 5


class DeriveResult(Struct, frozen=True):
    """A copy that is on record.

    Attributes:
        original, copy: numbers of the two items.
        sealed: number of the entry that seals the copy; None if it was sealed before.
        seal: what sealing the copy did and found, or would; None if it was sealed before.
        entry: number of the entry `derived`.
        head: its SHA-256; None in a dry run of a copy that is new.
    """

    original: int
    copy: int
    sealed: int | None
    seal: SealResult | None
    entry: int
    head: str | None

    @property
    def exit_code(self) -> SealExitCode:
        """The exit code of the command `derive`: that of sealing the copy."""
        return SealExitCode.OK if self.seal is None else self.seal.exit_code


def derive(
    path: str | os.PathLike[str],
    original: str,
    copy: str,
    method: str,
    author: Author,
    options: SealOptions,
) -> DeriveResult:
    """Record that one item is a copy, made by a method, of another; a copy that is new is sealed first.

    Both are named by item number or stored name. A new copy has to be the only thing that is new: whatever else is
    there would be sealed along with it.

    Raises:
        InputError: one of the two is not there.
        UsageError: the copy has the bytes of the original, is the original or an item sealed before it, or other new
            files would be sealed too.
        MismatchError, EvidenceError: as sealing.
    """
    details = Derived(1, 2, method)
    check_entry_text(details, options.header.reason, author.policy)
    first, second = _find(path, options.where, original, copy)
    if first is None:
        raise InputError(
            "{original} is not an item of this collection",
            hint="`evtool show DIR` lists them",
            key="derive-no-item",
            original=shown(original),
        )
    result = None
    if second is None:
        new = _find_only_new(path, options, copy)
        _require_changed(first, _hash_file(path, new, author.progress), copy)
        if place_of(options.where).dry_run:
            return _rehearse(path, author, options, first.number)
        result, second = _seal_copy(path, new, author, options)
    _require_derived(first, second, copy)
    details = replace(details, original=first.number, copy=second.number)
    header = replace(options.header, items=ranges_of((first.number, second.number)))
    written = record_event(path, author, details, header, where=options.where)
    sealed = result.entry if result is not None else None
    return DeriveResult(first.number, second.number, sealed, result, written.entry, written.head)


def _seal_copy(
    path: str | os.PathLike[str], copy: str, author: Author, options: SealOptions
) -> tuple[SealResult, Item]:
    result = seal(path, author, options)
    (sealed,) = _find(path, options.where, copy)
    if sealed is None:
        raise InputError(
            "{copy} was not sealed",
            hint="`evtool show DIR` lists the sealed items",
            key="derive-unsealed",
            copy=shown(copy),
        )
    if result.entry is not None:
        author.progress.did(Words("copy-sealed", entry=result.entry, item=sealed.number))
    return result, sealed


def _rehearse(path: str | os.PathLike[str], author: Author, options: SealOptions, original: int) -> DeriveResult:
    """Tell what deriving a new file would add: its seal, and the entry after that."""
    result = preview_seal(path, options, policy=author.policy, progress=author.progress)
    with open_record(path, options.where) as record:
        number = record.chain.links[-1].entry.sequence + 1
        return DeriveResult(original, record.next_item, number, result, number + 1, None)


def _find(path: str | os.PathLike[str], where: Where, *names: str) -> list[Item | None]:
    """Find items by number or stored name, or by the same name in another Unicode form if only one has it."""
    numbers = {int(name): name for name in names if _NUMBER.fullmatch(name)}
    exact: dict[str, Item] = {}
    alike: dict[str, list[Item]] = {}
    with open_record(path, where) as record:
        for sealed in read_numbered_items(record):
            item = sealed.item
            if item.number in numbers:
                exact[numbers[item.number]] = item
            stored = item.file.path if item.file else None
            for name in names:
                if stored is not None and name not in numbers.values() and nfc_key(stored) == nfc_key(name):
                    alike.setdefault(name, []).append(item)
                    if stored == name:
                        exact[name] = item
        require_decidable(record)
    found = {name: items[0] for name, items in alike.items() if len(items) == 1} | exact
    return [found.get(name) for name in names]


_NUMBER = compiled_when_used("[1-9][0-9]{0,15}")


def _digest_of(item: Item) -> str | None:
    return item.content.digests.sha256 if item.content.digests else None


def _hash_file(path: str | os.PathLike[str], stored: str, progress: Progress) -> str | None:
    """Compute the SHA-256 of a new file; None for what is not a file, which sealing judges."""
    directory, _, name = parse_name(stored).rpartition(b"/")
    with Tree(TreeLocation.find(os.fspath(path))) as tree:
        progress.start("reading", None, None)
        with tallied(progress.meter, parse_name(stored)) as tally:
            seen = observe(tree, Found(directory, name, Kind.FILE), mode=Mode.HASH, tally=tally)
    return seen.sha256 or None


def _require_derived(original: Item, copy: Item, name: str) -> None:
    """Refuse an item as a copy of what was sealed after it, or has the same bytes."""
    if copy.number <= original.number:
        raise UsageError(
            "item {copy} was sealed before item {original}, so it cannot be a copy of it",
            key="derive-earlier",
            copy=copy.number,
            original=original.number,
        )
    _require_changed(original, _digest_of(copy), name)


def _require_changed(original: Item, digest: str | None, copy: str) -> None:
    """Refuse a copy with the bytes of the original: it would be disclosed in the belief that something is blacked out.

    Raises:
        UsageError: it is the same.
    """
    if digest is not None and digest == _digest_of(original):
        raise UsageError(
            "{copy} has the same bytes as item {number}: nothing was changed",
            hint="save the redacted file under that name, then run the command again",
            key="derive-unchanged",
            copy=shown(copy),
            number=original.number,
        )


def _find_only_new(path: str | os.PathLike[str], options: SealOptions, copy: str) -> str:
    """Give the stored name of a copy that is not sealed yet.

    Raises:
        InputError: there is no such file.
        UsageError: there are other new files.
    """
    new = list_new_names(path, options)
    alike = [name for name in new if nfc_key(name) == nfc_key(copy)]
    if copy not in new and len(alike) != 1:
        raise InputError(
            "{copy} is neither an item nor a new file of this directory",
            hint="put the copy into the evidence directory, and name it as `evtool seal DIR --dry-run` would list it",
            key="derive-not-new",
            copy=shown(copy),
        )
    found = copy if copy in new else alike[0]
    others = [name for name in new if name != found]
    if others:
        raise UsageError(
            "other new files would be sealed too: {names}",
            hint="seal them first with `evtool seal DIR`, or move them away",
            key="derive-others",
            names=in_english(Words("names", names=Listed(tuple(others[:_MAX_NAMED]), len(others)))),
        )
    return found
