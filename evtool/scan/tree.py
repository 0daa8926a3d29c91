"""Opening what is below one directory, and nothing else.

Every component is opened relative to the directory above it and without following symbolic links, so a link that is
swapped in while evtool runs leads nowhere, and paths longer than the system's limit can be reached. Everything is
opened for reading only.

Where the platform has no directory descriptors (Windows), paths are used instead and each component is looked at
before it is opened: a swapped link is then found unless it is swapped back in between.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from msgspec import Struct

from evtool.core.errors import EvidenceError, InputError
from evtool.core.text.names import shown
from evtool.scan.missing import explain_missing

HAS_DIRECTORY_DESCRIPTORS = os.open in os.supports_dir_fd and os.scandir in os.supports_fd
"""Whether names can be opened relative to an open directory."""

_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a FIFO that is swapped in must not block
    | getattr(os, "O_BINARY", 0)
)
_QUIET_FILE = _FILE | getattr(os, "O_NOATIME", 0)

_KEEP_OPEN = 100
"""Directories of the current chain that stay open; deeper ones are opened again on each use."""


_ENTRIES = 1024
"""Entries of a directory that are looked at together."""

ANY_DEVICE = -1


class TreeLocation(Struct, frozen=True):
    """Which directory is meant: where it is, and which one it was when evtool started.

    Attributes:
        path: path of the root directory, as bytes.
        device, inode: its identity; a directory swapped in under the same path has another. Device `ANY_DEVICE` leaves
            open on which one it is: that number is another on each machine.
    """

    path: bytes
    device: int
    inode: int

    @classmethod
    def find(cls, path: str | bytes) -> TreeLocation:
        """Look at a directory that the user named; here, and only here, a symbolic link is followed.

        Raises:
            InputError: there is no such directory.
        """
        raw = os.path.abspath(os.fsencode(path))
        try:
            facts = os.stat(raw)
        except (FileNotFoundError, NotADirectoryError) as error:
            message, hint = explain_missing(os.fsdecode(path))
            raise InputError(message, hint=hint) from error
        except OSError as error:
            raise InputError(f"{shown(os.fsdecode(path))}: {error.strerror}") from error
        if not stat.S_ISDIR(facts.st_mode):
            raise InputError(f"{shown(os.fsdecode(path))} is not a directory", hint="name the evidence directory")
        return cls(raw, facts.st_dev, facts.st_ino)

    def on_any_device(self) -> TreeLocation:
        """Give the same location as it may be known to another machine."""
        return TreeLocation(self.path, ANY_DEVICE, self.inode)

    def is_place_of(self, facts: os.stat_result) -> bool:
        """Tell whether what the system says about a directory is said about this one."""
        return facts.st_ino == self.inode and self.device in (facts.st_dev, ANY_DEVICE)


class Tree:
    """An open evidence directory. Not shared between threads or processes: each opens its own."""

    def __init__(self, location: TreeLocation) -> None:
        self.location = location
        self._chain: list[tuple[bytes, int]] = []
        """The open directories that lead to the one used last: path with a `/` behind it, and descriptor."""
        self._root = _open_root(location) if HAS_DIRECTORY_DESCRIPTORS else -1

    def close(self) -> None:
        """Close every descriptor."""
        while self._chain:
            os.close(self._chain.pop()[1])
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open_directory(self, path: bytes) -> int:
        """Open a directory below the root (`b""` is the root itself); the descriptor stays owned by the tree.

        Raises:
            OSError: it cannot be opened, or a component is a symbolic link.
        """
        wanted = path + b"/" if path else b""
        while self._chain and not wanted.startswith(self._chain[-1][0]):
            os.close(self._chain.pop()[1])
        at = len(self._chain[-1][0]) if self._chain else 0
        for name in wanted[at:].split(b"/")[:-1]:
            descriptor = os.open(name, _DIRECTORY, dir_fd=self._chain[-1][1] if self._chain else self._root)
            if len(self._chain) > _KEEP_OPEN:
                # Of the deep directories only the last is kept: all of them would use up the descriptors.
                os.close(self._chain.pop()[1])
            at += len(name) + 1
            self._chain.append((wanted[:at], descriptor))
        return self._chain[-1][1] if self._chain else self._root

    def open_file(self, directory: bytes, name: bytes) -> int:
        """Open one file for reading, leaving its access time alone where the system lets us; the caller closes it.

        Raises:
            OSError: it cannot be opened, or is a symbolic link.
        """
        return self.file_opener(directory)(name)

    def file_opener(self, directory: bytes) -> Callable[[bytes], int]:
        """Give a function that opens files of one directory, as `open_file` does, until the tree is used again.

        Raises:
            OSError: the directory cannot be opened.
        """
        if not HAS_DIRECTORY_DESCRIPTORS:
            return lambda name: os.open(self._checked_path(directory, name), _FILE)
        parent = self.open_directory(directory)
        open_ = os.open

        def open_in_parent(name: bytes) -> int:
            try:
                return open_(name, _QUIET_FILE, dir_fd=parent)
            except PermissionError:
                # O_NOATIME is for the owner of the file only.
                return open_(name, _FILE, dir_fd=parent)

        return open_in_parent

    def stat(self, directory: bytes, name: bytes) -> os.stat_result:
        """Look at a directory entry without following it."""
        return self.looker(directory)(name)

    def looker(self, directory: bytes) -> Callable[[bytes], os.stat_result]:
        """Give a function that looks at entries of one directory, as `stat` does, until the tree is used again.

        Raises:
            OSError: the directory cannot be opened.
        """
        if not HAS_DIRECTORY_DESCRIPTORS:
            return lambda name: os.lstat(self._checked_path(directory, name))
        return partial(os.stat, dir_fd=self.open_directory(directory), follow_symlinks=False)

    def identify(self, directory: bytes) -> tuple[int, int]:
        """Give device and inode of a directory: another one under its path, or a medium mounted there, has others."""
        where: int | bytes = (
            self.open_directory(directory) if HAS_DIRECTORY_DESCRIPTORS else self._checked_path(directory, b"")
        )
        facts = os.stat(where)
        return facts.st_dev, facts.st_ino

    def read_link(self, directory: bytes, name: bytes) -> bytes:
        """Read where a symbolic link points."""
        if not HAS_DIRECTORY_DESCRIPTORS:
            return os.fsencode(os.readlink(self._checked_path(directory, name)))
        return os.readlink(name, dir_fd=self.open_directory(directory))

    def list_directory(self, path: bytes) -> list[tuple[bytes, str]]:
        """List a directory as pairs of name and kind, in no order; see `evtool.scan.walk` for the kinds."""
        names, kinds = self.list_names(path)
        return [(name, kinds.get(name, "f")) for name in names]

    def list_names(self, path: bytes) -> tuple[list[bytes], dict[bytes, str]]:
        """List a directory, in no order: all names, and the kinds of those that are no regular files."""
        where: int | bytes = (
            self.open_directory(path) if HAS_DIRECTORY_DESCRIPTORS else self._checked_path(path, b"").rstrip(b"/")
        )
        names: list[str] = []
        kinds: dict[bytes, str] = {}
        # Some at a time: kept together, the entries of a directory of a million would need hundreds of megabytes.
        with os.scandir(where) as entries:
            source: Iterator[os.DirEntry[Any]] = iter(entries)  # names are text for a descriptor, bytes for a path
            while part := list(islice(source, _ENTRIES)):
                names += [entry.name for entry in part]
                for entry in [entry for entry in part if not entry.is_file(follow_symlinks=False)]:
                    kinds[os.fsencode(entry.name)] = _kind(entry)
        return _encode_names(names), kinds

    def _checked_path(self, directory: bytes, name: bytes) -> bytes:
        """Give a path in which no component below the root is a symbolic link, as far as a look beforehand can tell."""
        path = self.location.path
        for component in directory.split(b"/") if directory else []:
            path = os.path.join(path, component)
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return os.path.join(path, name)


def _open_root(location: TreeLocation) -> int:
    descriptor = os.open(location.path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
    facts = os.fstat(descriptor)
    if not location.is_place_of(facts):
        os.close(descriptor)
        raise EvidenceError(
            "the evidence directory was replaced by another one while evtool ran",
            hint="make sure that nothing else is using it, then run the command again",
        )
    return descriptor


def _encode_names(names: list[str]) -> list[bytes]:
    if not HAS_DIRECTORY_DESCRIPTORS:
        return [os.fsencode(name) for name in names]
    # At once, as no name holds a slash: one by one it costs more than the listing.
    return os.fsencode("/".join(names)).split(b"/") if names else []


def _kind(entry: os.DirEntry[str]) -> str:
    if entry.is_symlink():
        return "l"
    if entry.is_dir(follow_symlinks=False):
        return "d"
    if entry.is_file(follow_symlinks=False):
        return "f"
    return "s"
