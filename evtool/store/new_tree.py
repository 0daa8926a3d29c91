"""A directory being filled: files, directories and links at places of any depth, all of them below its root.

Every name is taken relative to the directory above it, which is opened step by step and never through a link: paths
longer than the system's limit can be made, and nothing that was put there before leads elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evtool.core.text.names import nfc_key, store_name
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS, Tree, TreeLocation
from evtool.scan.walk import join_path
from evtool.store.medium import flush_directory, flush_to_medium

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)

_NO_SUCH_PLACE = (
    errno.ENOENT,  # exFAT; Windows, where a whole path has 260 characters or more
    errno.ENAMETOOLONG,
    errno.EINVAL,
    errno.EILSEQ,
    errno.EEXIST,
    errno.ENOTEMPTY,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.EPERM,
)
"""What a system answers where a name or a link cannot be had, as opposed to a medium that is full or fails."""


class NoSuchPlaceError(Exception):
    """Something cannot be put where it belongs: this system has no such name, or something else is there."""


class NewTree:
    """An open directory that only this run works in."""

    def __init__(self, root: Path) -> None:
        self._root = os.fsencode(root)
        self._tree = Tree(TreeLocation.find(self._root))

    def __enter__(self) -> NewTree:
        return self

    def __exit__(self, *_: object) -> None:
        self._tree.close()

    def write_file(self, name: bytes, chunks: Iterable[bytes]) -> int:
        """Write a new file, flushed to the medium, with the directories above it; return its size.

        Raises:
            OSError: it is there, or cannot be written.
        """
        with os.fdopen(self.create(name), "wb") as file:
            size = sum(file.write(chunk) for chunk in chunks)
            flush_to_medium(file)
        return size

    def create(self, path: bytes) -> int:
        """Make a new file, and the directories above it; give its descriptor, open for writing.

        Raises:
            OSError: it is there, or cannot be made.
        """
        directory, _, name = path.rpartition(b"/")
        self._make_directories(directory, [])
        return os.open(self._at(directory, name), _NEW_FILE, 0o600, dir_fd=self._in(directory))

    def make_directory(self, path: bytes) -> None:
        """Make an empty directory, and the directories above it.

        Raises:
            NoSuchPlaceError: it cannot be had there; nothing is left of it.
            OSError: the medium fails.
        """
        directory, _, name = path.rpartition(b"/")
        self._place(directory, lambda: os.mkdir(self._at(directory, name), 0o700, dir_fd=self._in(directory)))

    def make_link(self, path: bytes, target: bytes) -> None:
        """Make a symbolic link, and the directories above it; nothing can be made through it.

        Raises:
            NoSuchPlaceError, OSError: as `make_directory`.
        """
        directory, _, name = path.rpartition(b"/")
        self._place(directory, lambda: os.symlink(target, self._at(directory, name), dir_fd=self._in(directory)))

    def move(self, source: Path, path: bytes) -> None:
        """Give a file from elsewhere on this medium its place, with the directories above it.

        Raises:
            NoSuchPlaceError, OSError: as `make_directory`; the file is where it was.
        """
        directory, _, name = path.rpartition(b"/")

        def rename() -> None:
            # Nobody else works here, so nothing can take the name between the two calls.
            if self.exists(path):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.rename(source, self._at(directory, name), dst_dir_fd=self._in(directory))

        self._place(directory, rename)

    def exists(self, path: bytes) -> bool:
        """Tell whether something has this path."""
        directory, _, name = path.rpartition(b"/")
        try:
            self._tree.stat(directory, name)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def keeps(self, name: bytes) -> bool:
        """Tell whether this medium keeps a name as it is spelled.

        Windows takes the dot off the end of a name, and makes a hidden part of `a` out of `a:b`, without a word.

        Raises:
            OSError: the medium fails.
        """
        # Some systems spell it with other code points, which a verification takes for the same name.
        return [nfc_key(store_name(found)) for found in self._try([name])] == [nfc_key(store_name(name))]

    def tells_apart(self, one: bytes, other: bytes) -> bool:
        """Tell whether two names are two to this medium; inodes would not tell, as some media give each name its own.

        Raises:
            OSError: the medium fails.
        """
        return len(self._try([one, other])) > 1

    def _try(self, names: Iterable[bytes]) -> list[bytes]:
        """Give names to empty files in a directory of their own, and list it; nothing is left of it."""
        probe = f".evtool-{secrets.token_hex(8)}".encode("ascii")
        self.make_directory(probe)
        for name in names:
            try:
                os.close(self.create(join_path(probe, name)))
            except OSError as error:
                if error.errno not in _NO_SUCH_PLACE:
                    raise
        found = [name for name, _ in self._tree.list_directory(probe)]
        for name in found:
            os.unlink(self._at(probe, name), dir_fd=self._in(probe))
        os.rmdir(self._at(b"", probe), dir_fd=self._in(b""))
        return found

    def set_date(self, path: bytes, mtime: int) -> None:
        """Set the date of a file or directory, where this medium can hold it."""
        directory, _, name = path.rpartition(b"/")
        where = {"dir_fd": self._in(directory), "follow_symlinks": False} if HAS_DIRECTORY_DESCRIPTORS else {}
        # A date is not part of what has to be as sealed, and some media cannot hold every one.
        with contextlib.suppress(OSError, OverflowError):
            os.utime(self._at(directory, name), ns=(mtime, mtime), **where)  # type: ignore[arg-type]

    def _place(self, directory: bytes, make: Callable[[], object]) -> None:
        """Make something in a directory that is made for it; take the directories back if it cannot be had there."""
        made: list[int] = []
        try:
            self._make_directories(directory, made)
            make()
        except OSError as error:
            if error.errno not in _NO_SUCH_PLACE:
                raise
            for end in reversed(made):
                above, _, name = directory[:end].rpartition(b"/")
                os.rmdir(self._at(above, name), dir_fd=self._in(above))
            raise NoSuchPlaceError from error

    def _make_directories(self, path: bytes, made: list[int]) -> None:
        """Make a directory and those above it, as far as they are not there; `made` gets the ends of the new paths."""
        if not path or self._is_there(path):
            return
        end = 0
        while end < len(path):
            start = end + 1 if end else 0
            slash = path.find(b"/", start)
            end = slash if slash >= 0 else len(path)
            above = path[: start - 1] if start else b""
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._at(above, path[start:end]), 0o700, dir_fd=self._in(above))
                made.append(end)

    def _is_there(self, path: bytes) -> bool:
        """Tell whether a directory is there; where something else is, it is an error, here or at the next step."""
        if not HAS_DIRECTORY_DESCRIPTORS:
            return os.path.isdir(os.path.join(self._root, path))
        try:
            self._tree.open_directory(path)
        except FileNotFoundError:
            return False
        return True

    def _at(self, directory: bytes, name: bytes) -> bytes:
        """Give the path of an entry for calls that take `dir_fd=self._in(directory)`.

        Raises:
            OSError: on Windows, where a backslash or a colon in a name would lead elsewhere.
        """
        if HAS_DIRECTORY_DESCRIPTORS:
            return name
        path = join_path(directory, name)
        if b"\\" in path or b":" in path:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return os.path.join(self._root, path)

    def _in(self, directory: bytes) -> int | None:
        return self._tree.open_directory(directory) if HAS_DIRECTORY_DESCRIPTORS else None


def flush_files(paths: Iterable[Path]) -> None:
    """Have files on the medium; several at once, as a medium takes many of them in the time of one.

    Raises:
        OSError: one of them cannot be relied on.
    """
    with ThreadPoolExecutor(_FLUSHERS, thread_name_prefix="flush") as pool:
        for _ in pool.map(_flush_file, paths):
            pass


_FLUSHERS = 8


def _flush_file(path: Path) -> None:
    with open(path, "r+b") as file:
        flush_to_medium(file)


def flush_directories(root: Path) -> None:
    """Have the names in a directory, and in all directories below it, on the medium."""
    if not HAS_DIRECTORY_DESCRIPTORS:
        return
    with Tree(TreeLocation.find(os.fsencode(root))) as tree:
        waiting = [b""]
        while waiting:
            path = waiting.pop()
            with contextlib.suppress(OSError):
                # Some network file systems cannot flush a directory; they do so on their own.
                flush_directory(tree.open_directory(path))
            waiting += [join_path(path, name) for name, kind in tree.list_directory(path) if kind == "d"]
