"""Unpacking: a bundle back into an evidence directory, in a new place, complete or not at all.

What comes out has the form of the sealed directory: files under their sealed names and with their sealed dates, and the
record in `custody/`. It is verified where it was written, before it gets its name.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evtool.core.errors import MismatchError, UsageError
from evtool.core.finding import Axis, AxisState, Effect, Finding
from evtool.core.manifest import Item
from evtool.core.names import nfc_key, parse_name, parse_target, shown, store_name
from evtool.core.payload_names import find_unsafe, neutral_name, parse_neutral_name
from evtool.core.statement import ItemType
from evtool.core.verdict import Report
from evtool.operations.bag_check import check_bag
from evtool.operations.collection import read_collection, read_items
from evtool.operations.progress import NoProgress, Progress
from evtool.operations.subject import BundleAccess, Place, open_container
from evtool.operations.verify import verify
from evtool.operations.verify_options import VerifyOptions
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Kind, WalkNotes
from evtool.store.bundle import PAYLOAD_PREFIX, RECORD, Bundle, FolderBundle
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.custody import CustodyDirectory, locate_custody
from evtool.store.output import check_new, new_directory, write_file_in
from evtool.store.zip_reader import ZipEntry


@dataclass(frozen=True, slots=True)
class UnpackResult:
    """A directory that was written and verified.

    Attributes:
        neutral: files that keep a name made of their item's number: their own is withheld, or cannot be had here.
        links_left_out: links that lead out of the directory and were not made.
        report: what verifying the directory showed.
    """

    neutral: int
    links_left_out: tuple[int, ...]
    report: Report


def unpack(
    place: Place,
    output: Path,
    access: BundleAccess | None = None,
    *,
    verify_options: VerifyOptions | None = None,
    outside_links: bool = False,
    progress: Progress | None = None,
) -> UnpackResult:
    """Unpack a bundle into a new directory.

    `outside_links` makes symbolic links that lead out of the directory, too; they are left out otherwise.

    Raises:
        InputError: the output exists, or the bundle cannot be read.
        FormatError: the bundle is refused, or was changed or cut short.
        MismatchError: it does not hold. In every such case nothing is left behind.
        UsageError: the evidence holds a directory `custody`, which is where the record would go.
    """
    progress = progress or NoProgress()
    check_new(output)
    with new_directory(output) as folder:
        if isinstance(place, str | os.PathLike) and os.path.isdir(place):
            _copy_folder(TreeLocation.find(os.fspath(place)), folder, progress)
        else:
            _write_container(place, folder, access or BundleAccess(), progress)
        neutral, left_out = _restore(folder, outside_links)
        report = verify(folder, verify_options or VerifyOptions(), progress=progress)
        _require_sound(report, left_out)
    return UnpackResult(neutral, tuple(sorted(left_out)), report)


def _copy_folder(location: TreeLocation, folder: Path, progress: Progress) -> None:
    if not is_bundle_folder(location):
        raise UsageError("this directory is no bundle", hint="an evidence directory needs no unpacking")
    with FolderBundle(location) as bundle, Tree(bundle.data) as tree:
        progress.start("unpacking", None, None)
        for path in bundle.tags:
            if path.startswith(f"{RECORD}/"):
                write_file_in(folder, path, bundle.read_chunks(path))
        for found in bundle.walk(WalkNotes()):
            # Names in a bundle are in NFC; other systems may have spelled them otherwise since.
            name = nfc_key(store_name(found.path))
            if found.kind is not Kind.FILE or find_unsafe(name):
                raise MismatchError(f"{shown(name)} in the bundle is no file, or its name is not safe")
            _check_beside_record(name)
            with os.fdopen(tree.open_file(found.directory, found.name), "rb") as file:
                bundle.sizes[found.path] = write_file_in(folder, name, iter(lambda: file.read(_CHUNK), b""))
                progress.advance(1, bundle.sizes[found.path])
        # Digests are compared with those of the seal, which count, when the copy is verified.
        _require_bag(bundle)


_CHUNK = 1024 * 1024


def _write_container(place: Place, folder: Path, access: BundleAccess, progress: Progress) -> None:
    with ExitStack() as stack:
        opened: list[BinaryIO] = []

        def keep(entry: ZipEntry) -> Callable[[bytes], object] | None:
            """Open a file for each entry as it passes; its name has been found safe."""
            while opened:
                opened.pop().close()
            name = entry.name.removeprefix(PAYLOAD_PREFIX)
            if name == entry.name and not entry.name.startswith(f"{RECORD}/"):
                return None
            if name != entry.name:
                _check_beside_record(name)
            target = folder / name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(target, _NEW_FILE, 0o600), "wb")
            opened.append(file)
            stack.callback(file.close)
            return file.write

        with open_container(place, access, progress, keep) as bundle:
            while opened:
                opened.pop().close()
            _require_bag(bundle)


_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def _check_beside_record(name: str) -> None:
    if name.partition("/")[0].casefold() == RECORD:
        raise UsageError(
            f"the evidence itself has something named {RECORD}, which is where the record would be unpacked to",
            hint="verify the bundle as it is, or unpack it with unzip: it is a BagIt bag",
        )


def _require_bag(bundle: Bundle) -> None:
    links = read_collection(bundle.custody).chain.links
    for finding in check_bag(bundle, links[0].entry.collection if links else None, whole=True):
        if finding.effect is Effect.NOTE:
            continue
        raise MismatchError(f"the bundle does not hold: {finding.message}", hint="run evtool verify to see all of it")


def _restore(folder: Path, outside_links: bool) -> tuple[int, set[int]]:
    """Give files their sealed names and dates, and make what the bundle only states; returns what kept its number."""
    record = locate_custody(TreeLocation.find(os.fspath(folder)), None)
    if record is None:
        raise MismatchError("the bundle holds no record")
    with CustodyDirectory(record) as custody:
        collection = read_collection(custody)
        items = [sealed.item for _, sealed in read_items(collection)]
        items += [item for seal in collection.seals for item in seal.nameless]
    _check_places(items)
    neutral = {
        number: name
        for name in os.listdir(folder)
        if (number := parse_neutral_name(name)) is not None and (folder / name).is_file()
    }
    files = [item for item in items if item.content.type is ItemType.FILE]
    # Sealed names that look like neutral ones come last: only then it is known that nothing else goes by that number.
    files.sort(key=lambda item: _like_neutral(item) is not None)
    kept: set[int] = {item.number for seal in collection.seals for item in seal.nameless}
    for item in files:
        if _restore_file(folder, item, neutral.get(item.number), kept):
            kept.add(item.number)
    left_out = _make_stated(folder, items, outside_links)
    return len(kept & neutral.keys()), left_out


def _check_places(items: Sequence[Item]) -> None:
    """Refuse a record that states something below a file or a link: made in that order, it would lead elsewhere.

    Raises:
        MismatchError: it does.
    """
    ends = {item.file.path for item in items if item.file and item.content.type in _ENDS}
    for item in items:
        parts = item.file.path.split("/") if item.file else []
        if any("/".join(parts[:depth]) in ends for depth in range(1, len(parts))):
            raise MismatchError(
                f"item {item.number} is stated to be below a file or a link, so nothing was unpacked",
                hint="no directory can have been like that: do not trust whoever signed it",
            )


_ENDS = (ItemType.FILE, ItemType.SYMLINK)


def _like_neutral(item: Item) -> int | None:
    return parse_neutral_name(item.file.path.partition("/")[0]) if item.file else None


def _restore_file(folder: Path, item: Item, neutral: str | None, kept: set[int]) -> bool:
    """Rename one file to its sealed name and set its date; tell whether it keeps its neutral name.

    `kept` are the numbers that files go by: a sealed name that looks like theirs would be taken for them.
    """
    root = os.fsencode(folder)
    target = _target(root, item) if _like_neutral(item) not in kept else None
    if neutral is not None:
        source = os.path.join(root, os.fsencode(neutral))
        if target is None or not _rename(source, target):
            target = source
    if target is None or not os.path.lexists(target):
        return False  # missing, which the verification will say
    if item.file is not None and item.file.mtime is not None:
        os.utime(target, ns=(item.file.mtime, item.file.mtime), follow_symlinks=False)
    return neutral is not None and target.endswith(b"/" + os.fsencode(neutral))


def _target(root: bytes, item: Item) -> bytes | None:
    """Give the place of an item under its sealed name; None where it cannot have that here."""
    if item.file is None:
        return None
    stored = item.file.path
    if stored.partition("/")[0].casefold() == RECORD:
        return None
    if os.name != "posix" and find_unsafe(stored):
        return None
    return os.path.join(root, parse_name(stored))


def _rename(source: bytes, target: bytes) -> bool:
    """Move a file to its sealed name, unless something is there or this file system cannot have such a name."""
    try:
        _make_parents(os.path.dirname(source), target)
        if os.path.lexists(target):
            return False
        os.rename(source, target)
    except OSError:
        return False
    return True


def _make_parents(root: bytes, target: bytes) -> None:
    """Make the directories above a place, all of them below the root.

    Raises:
        MismatchError: one of them is a file or a link; whatever was put there would go to another place.
    """
    at = root
    for component in os.path.relpath(os.path.dirname(target), root).split(os.fsencode(os.sep)):
        at = os.path.join(at, component)
        try:
            os.mkdir(at, 0o700)
        except FileExistsError:
            if not stat.S_ISDIR(os.lstat(at).st_mode):
                raise MismatchError(
                    "the record states something below what it states to be a file or a link, so nothing was unpacked"
                ) from None


def _make_stated(folder: Path, items: Sequence[Item], outside_links: bool) -> set[int]:
    """Make empty directories, then links: nothing is written any more that could go through one of them."""
    root = os.fsencode(folder)
    left_out: set[int] = set()
    for item in sorted(items, key=lambda item: item.content.type is ItemType.SYMLINK):
        if item.content.type not in (ItemType.DIRECTORY, ItemType.SYMLINK):
            continue
        place = _target(root, item) or os.path.join(root, neutral_name(item.number, None).encode("ascii"))
        _make_parents(root, place)
        if item.content.type is ItemType.DIRECTORY:
            _make_parents(root, os.path.join(place, b"x"))
            if item.file is not None and item.file.mtime is not None:
                os.utime(place, ns=(item.file.mtime, item.file.mtime))
        elif outside_links or _leads_inside(item):
            os.symlink(parse_target(item.content.target or ""), place)
        else:
            left_out.add(item.number)
    return left_out


def _leads_inside(item: Item) -> bool:
    target = item.content.target or ""
    path = item.file.path if item.file else ""
    end = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    return not target.startswith("/") and end != ".." and not end.startswith("../")


def _require_sound(report: Report, left_out: set[int]) -> None:
    """Keep what was unpacked only if it is what was sealed; whose keys are trusted is another question.

    Raises:
        MismatchError: something is not; what was written is removed.
    """
    for finding in _problems(report, left_out):
        raise MismatchError(
            f"the bundle does not hold, so nothing was unpacked: {finding.message}",
            hint="run evtool verify on it to see all that is wrong",
        )
    if report.axes[Axis.SIGNATURES] is not AxisState.SHOWN or not report.items.ok:
        raise MismatchError("nothing that was sealed could be shown to be in the bundle, so nothing was unpacked")


def _problems(report: Report, left_out: set[int]) -> Iterator[Finding]:
    for finding in report.findings:
        if finding.effect in (Effect.DISPROVES, Effect.UNCHECKED) and finding.item not in left_out:
            yield finding
