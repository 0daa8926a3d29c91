"""The walk over an evidence directory: every entry, in the order in which items are numbered.

The order is that of path bytes, with a `/` after the path of a directory. One directory is sorted at a time, so the
walk is a stream: memory is that of the directories from the root to the current one, however large the tree. The stack
is explicit, so depth is bounded by the file system and not by Python.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from evtool.core.manifest import path_sort_key
from evtool.core.names import nfc_key, store_name
from evtool.core.patterns import Exclusions
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
        return self.directory + b"/" + self.name if self.directory else self.name

    @property
    def sort_key(self) -> bytes:
        """Place among the paths; an unreadable directory stands where it would as an empty one."""
        return path_sort_key(self.path, self.kind in (Kind.EMPTY_DIRECTORY, Kind.UNREADABLE))


@dataclass(slots=True)
class WalkNotes:
    """What a walk noticed on its way.

    Attributes:
        excluded: stored paths of the first entries that a pattern left out, each with the pattern.
        excluded_count: how many entries a pattern left out; a directory counts once.
        twins: pairs of stored paths that are one name to another system: equal under NFC, or but for case.
        fingerprint: hash over every path and kind seen; a second walk that gives the same saw the same tree.
    """

    excluded: list[tuple[str, str]] = field(default_factory=list)
    excluded_count: int = 0
    twins: list[tuple[str, str]] = field(default_factory=list)
    fingerprint: str = ""


_MAX_NOTES = 1000
"""Notes kept of each sort; counting goes on in the walk's caller, the names of a million would not be read."""


def walk(tree: Tree, *, custody: bytes | None, exclusions: Exclusions, notes: WalkNotes) -> Iterator[Found]:
    """Walk a tree in item order.

    `custody` names the directory in the root that evtool itself wrote, which is no evidence; None if it lies elsewhere.

    Raises:
        OSError: the root cannot be listed. Directories below it that cannot are yielded as UNREADABLE.
    """
    digest = hashlib.sha256()
    stack = [_Frame(b"", _list_sorted(tree, b"", custody, exclusions, notes))]
    while stack:
        frame = stack[-1]
        if frame.at == len(frame.entries):
            stack.pop()
            continue
        name, kind_character = frame.entries[frame.at]
        frame.at += 1
        found = Found(frame.path, name, Kind(kind_character))
        if kind_character == "d":
            try:
                entries = _list_sorted(tree, found.path, None, exclusions, notes)
            except OSError:
                found = Found(frame.path, name, Kind.UNREADABLE)
            else:
                if entries:
                    stack.append(_Frame(found.path, entries))
                    continue
        digest.update(found.sort_key + b"\0" + found.kind.value.encode())
        yield found
    notes.fingerprint = digest.hexdigest()


def find_one(tree: Tree, path: bytes) -> Found | None:
    """Look for one entry by its path that a pattern leaves out of a walk; None where there is none.

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


@dataclass(slots=True)
class _Frame:
    path: bytes
    entries: list[tuple[bytes, str]]
    at: int = 0


def _list_sorted(
    tree: Tree, path: bytes, custody: bytes | None, exclusions: Exclusions, notes: WalkNotes
) -> list[tuple[bytes, str]]:
    """List one directory in item order, without what the patterns leave out."""
    entries = tree.list_directory(path)
    if custody is not None:
        entries = [entry for entry in entries if entry[0] != custody]
    entries.sort(key=lambda entry: entry[0] + b"/" if entry[1] == "d" else entry[0])
    prefix = store_name(path) + "/" if path else ""
    kept: list[tuple[bytes, str]] = []
    for entry in entries:
        stored = prefix + store_name(entry[0])
        pattern = exclusions.match(stored)
        if pattern is None:
            kept.append(entry)
        else:
            notes.excluded_count += 1
            if len(notes.excluded) < _MAX_NOTES:
                notes.excluded.append((stored, pattern))
    _note_twins(prefix, kept, notes)
    return kept


def _note_twins(prefix: str, entries: list[tuple[bytes, str]], notes: WalkNotes) -> None:
    """Note names of one directory that another system would take for the same."""
    seen: dict[str, str] = {}
    for name, _ in entries:
        stored = store_name(name)
        other = seen.setdefault(nfc_key(stored).casefold(), stored)
        if other != stored and len(notes.twins) < _MAX_NOTES:
            notes.twins.append((prefix + other, prefix + stored))
