"""The walk over an evidence directory: every entry, in the order in which items are numbered.

The order is that of path bytes, with a `/` after the path of a directory. One directory is sorted at a time, so the
walk is a stream: memory is that of the directories from the root to the current one, however large the tree. The stack
is explicit, so depth is bounded by the file system and not by Python.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import groupby
from typing import NamedTuple

from msgspec import Struct, field

from evtool.core.finding import Words
from evtool.core.manifest.manifest import path_sort_key
from evtool.core.text.names import nfc_key, store_name, store_names
from evtool.core.text.patterns import LITTER_PATTERNS, Exclusions
from evtool.scan.litter import read_companion
from evtool.scan.tree import Tree


class Kind(Enum):
    """What a directory entry is, before anything of it has been read."""

    FILE = "f"
    SYMLINK = "l"
    EMPTY_DIRECTORY = "d"
    SPECIAL = "s"
    """A socket, a FIFO or a device."""
    UNREADABLE = "u"
    """A directory that could not be listed."""


KINDS = {kind.value: kind for kind in Kind}
"""Value -> kind; a look-up costs a fifth of calling the enumeration."""


class Found(NamedTuple):
    """One entry that an item can be made of.

    Attributes:
        directory: path bytes of the directory it is in, `b""` for the root.
        name: its name in there.
        kind: what it is.
    """

    directory: bytes
    name: bytes
    kind: Kind

    @property
    def path(self) -> bytes:
        """Path bytes relative to the root."""
        return join_path(self.directory, self.name)

    @property
    def sort_key(self) -> bytes:
        """Place among the paths; an unreadable directory stands where it would as an empty one."""
        return path_sort_key(self.path, self.kind in (Kind.EMPTY_DIRECTORY, Kind.UNREADABLE))


class WalkNotes(Struct):
    """What a walk noticed on its way.

    Attributes:
        seen: names in the directories that were listed, without the custody directory.
        directories: how many of them are directories that hold something.
        excluded: stored paths of the first entries that a pattern left out, each with the pattern.
        excluded_count: how many entries a pattern left out; a directory counts once.
        companions: stored paths of what other systems wrote beside the evidence, each with who did.
        twins: pairs of stored paths that are one name to another system: equal under NFC, or but for case.
        fingerprint: hash over every path and kind seen, and over the device and inode of every directory; a second walk
            that gives the same saw the same tree.
    """

    seen: int = 0
    directories: int = 0
    excluded: list[tuple[str, str]] = field(default_factory=list)
    excluded_count: int = 0
    companions: list[tuple[str, Words]] = field(default_factory=list)
    twins: list[tuple[str, str]] = field(default_factory=list)
    fingerprint: str = ""
    _stack: list[_Frame] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of the tree has been walked, from 0 to 1, as if the entries of a directory were all alike."""
        if self.fingerprint:
            return 1.0
        share, width = 0.0, 1.0
        for frame in self._stack:
            width /= max(len(frame.keys), 1)
            inside = frame is not self._stack[-1]  # the entry it is at has been begun, and is not done
            share += width * (frame.at - inside)
        return share


_MAX_NOTES = 1000
"""Notes kept of each sort; counting goes on in the walk's caller, the names of a million would not be read."""


class Run(NamedTuple):
    """Entries of one directory that follow each other in item order.

    Attributes:
        directory: path bytes of the directory, `b""` for the root.
        names: their names in there.
        kinds: the value of each one's `Kind`, as one string.
    """

    directory: bytes
    names: list[bytes]
    kinds: str

    def founds(self) -> Iterator[Found]:
        """Give the entries one by one."""
        for name, kind in zip(self.names, self.kinds, strict=True):
            yield Found(self.directory, name, KINDS[kind])

    def part(self, start: int, stop: int) -> Run:
        """Give a part of the run."""
        return Run(self.directory, self.names[start:stop], self.kinds[start:stop])


def runs_of(founds: Iterable[Found]) -> list[Run]:
    """Gather entries into runs, in their order."""
    runs: list[Run] = []
    for directory, group in groupby(founds, key=_directory_of):
        names, kinds = zip(*((found.name, found.kind.value) for found in group), strict=True)
        runs.append(Run(directory, list(names), "".join(kinds)))
    return runs


def _directory_of(found: Found) -> bytes:
    return found.directory


def walk(tree: Tree, *, custody_name: bytes | None, exclusions: Exclusions, notes: WalkNotes) -> Iterator[Found]:
    """Walk a tree in item order.

    `custody_name` is the name, in the root, of the directory that evtool itself wrote, which is not evidence; None if
    that is elsewhere.

    Raises:
        OSError: the root cannot be listed. Directories below it that cannot are yielded as UNREADABLE.
    """
    for run in walk_runs(tree, custody_name=custody_name, exclusions=exclusions, notes=notes):
        yield from run.founds()


def walk_runs(tree: Tree, *, custody_name: bytes | None, exclusions: Exclusions, notes: WalkNotes) -> Iterator[Run]:
    """Walk a tree as `walk` does, by runs of entries: what is done once for a run costs nothing for each entry."""
    digest = hashlib.sha256()
    stack = notes._stack
    stack.append(_list_sorted(tree, b"", custody_name, exclusions, notes))
    while stack:
        frame = stack[-1]
        run = frame.next_run()
        if run is None:
            stack.pop()
            continue
        if run.kinds == "d":
            path = join_path(run.directory, run.names[0])
            try:
                listed = _list_sorted(tree, path, None, exclusions, notes)
            except OSError:
                run = run._replace(kinds="u")
            else:
                if listed.keys:
                    digest.update(b"%d %d\n" % tree.identify(path))
                    notes.directories += 1
                    stack.append(listed)
                    continue
        # A name holds neither NUL nor a slash, and a kind no newline: no two walks give the same bytes here.
        digest.update(b"\0".join((run.directory, b"/".join(run.names), run.kinds.encode("ascii"))) + b"\n")
        yield run
    notes.fingerprint = digest.hexdigest()


def find_one(tree: Tree, path: bytes) -> Found | None:
    """Look for one entry by its path that a pattern leaves out of a walk; None if there is none.

    A directory counts as empty, as the pattern leaves out what is below it too. What cannot be looked at is UNREADABLE.
    """
    directory, _, name = path.rpartition(b"/")
    try:
        mode = tree.stat(directory, name).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return Found(directory, name, Kind.UNREADABLE)
    kinds = {stat.S_IFREG: Kind.FILE, stat.S_IFLNK: Kind.SYMLINK, stat.S_IFDIR: Kind.EMPTY_DIRECTORY}
    return Found(directory, name, kinds.get(stat.S_IFMT(mode), Kind.SPECIAL))


def join_path(directory: bytes, name: bytes) -> bytes:
    """Give the path bytes of an entry of a directory."""
    return directory + b"/" + name if directory else name


class _Frame(Struct):
    """One directory on the way from the root to the current one.

    A list of these stands for the calls that a recursion would make: no depth is too great for it.

    Attributes:
        path: its path bytes.
        keys: its names in item order, with a `/` after those of directories.
        kinds: kinds of the names that are no regular files.
        stops: indexes of the directories, last first.
        at: index of the next name.
    """

    path: bytes
    keys: list[bytes]
    kinds: dict[bytes, str]
    stops: list[int]
    at: int = 0

    def next_run(self) -> Run | None:
        """Give the names up to the next directory, or that directory alone; None at the end."""
        at = self.at
        if at == len(self.keys):
            return None
        if self.stops and self.stops[-1] == at:
            self.stops.pop()
            self.at = at + 1
            return Run(self.path, [self.keys[at][:-1]], "d")
        self.at = self.stops[-1] if self.stops else len(self.keys)
        names = self.keys[at : self.at] if at or self.stops else self.keys
        if not self.kinds:
            return Run(self.path, names, "f" * len(names))
        return Run(self.path, names, "".join(self.kinds.get(name, "f") for name in names))


def _list_sorted(
    tree: Tree, path: bytes, custody_name: bytes | None, exclusions: Exclusions, notes: WalkNotes
) -> _Frame:
    """List one directory in item order, without what the patterns leave out."""
    names, kinds = tree.list_names(path)
    if custody_name is not None:
        names = [name for name in names if name != custody_name]
    notes.seen += len(names)
    directories = {name for name, kind in kinds.items() if kind == "d"}
    names.sort(key=(lambda name: name + b"/" if name in directories else name) if directories else None)
    stored = store_names(names)
    prefix = store_name(path) + "/" if path else ""
    excluded = exclusions.match_names(prefix, stored)
    if excluded and (excluded := _keep_what_is_no_litter(tree, path, names, kinds, excluded, exclusions)):
        _note_excluded(prefix, stored, excluded, notes)
        names = [name for index, name in enumerate(names) if index not in excluded]
        stored = [name for index, name in enumerate(stored) if index not in excluded]
    # Beside the record, what differs from it in case only has no place on some systems.
    _note_twins(prefix, stored if custody_name is None else [*stored, store_name(custody_name)], notes)
    if not directories:
        return _Frame(path, names, kinds, [])
    keys = [name + b"/" if name in directories else name for name in names]
    return _Frame(path, keys, kinds, [index for index in reversed(range(len(keys))) if keys[index].endswith(b"/")])


def _keep_what_is_no_litter(
    tree: Tree,
    path: bytes,
    names: list[bytes],
    kinds: dict[bytes, str],
    excluded: dict[int, str],
    exclusions: Exclusions,
) -> dict[int, str]:
    """Of what patterns leave out, keep in the walk what has the name of litter, but not its bytes."""
    kept = {
        index
        for index, pattern in excluded.items()
        if pattern in LITTER_PATTERNS and (names[index] in kinds or not read_companion(tree, path, names[index]))
    }
    if not kept:
        return excluded
    by_name = exclusions.by_name
    others = {index: by_name.match(store_name(join_path(path, names[index]))) for index in kept}
    return {
        index: pattern
        for index in excluded
        if (pattern := others[index] if index in kept else excluded[index]) is not None
    }


def _note_excluded(prefix: str, stored: list[str], excluded: dict[int, str], notes: WalkNotes) -> None:
    notes.excluded_count += len(excluded)
    for index, pattern in excluded.items():
        if len(notes.excluded) == _MAX_NOTES:
            break
        notes.excluded.append((prefix + stored[index], pattern))


def _note_twins(prefix: str, stored: list[str], notes: WalkNotes) -> None:
    """Note names of one directory that another system would take for the same."""
    text = "/".join(stored)
    # For ASCII that means to ignore case, which costs next to nothing when it is done for all names at once.
    if text.isascii() and (lower := text.lower()) == text:
        return
    keys = lower.split("/") if text.isascii() else [nfc_key(name).casefold() for name in stored]
    if len(set(keys)) == len(keys):
        return
    seen: dict[str, str] = {}
    for key, name in zip(keys, stored, strict=True):
        other = seen.setdefault(key, name)
        if other != name and len(notes.twins) < _MAX_NOTES:
            notes.twins.append((prefix + other, prefix + name))
