"""The one writer of custody directories: what it writes is complete or absent.

Files are written under temporary names, flushed to the medium, then renamed, the signature last: it makes the entry
exist. A run that fails takes back what it wrote; one that is killed leaves temporary files, which the next writer
recognises by name and removes. Evidence is never opened here.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from evtool.core.errors import InputError
from evtool.core.names import shown
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS, TreeLocation
from evtool.store.custody import FileRole, Listing, file_name
from evtool.store.lock import lock_directory

_BINARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_ELSEWHERE = "on a read-only medium, keep the custody directory elsewhere with --custody DIR"
_MAKE_ROOM = "nothing was lost: make room and run it again, or keep the custody directory elsewhere with --custody DIR"


def part_name(name: str) -> str:
    """Name a file while it is being written."""
    return f".{name}.part"


class CustodyWriter:
    """Exclusive right to write one custody directory.

    Use as a context manager; leaving it without a complete `commit` removes what was written, and the directory too if
    it was made for this run and is empty. Where the platform has directory descriptors, every name is taken relative
    to the directory that was locked: a link that is swapped in while evtool runs leads nowhere.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._made = False
        self._directory: int | None = None
        """The open directory; None where names cannot be taken relative to one."""
        self._lock: int | None = None
        self._written: list[str] = []
        self._commit: list[str] = []
        """Names of the commit under way, in their order."""

    def __enter__(self) -> CustodyWriter:
        try:
            os.mkdir(self._path)
            self._made = True
        except FileExistsError:
            pass
        except OSError as error:
            hint = _ELSEWHERE if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else ""
            raise InputError(f"the custody directory cannot be made: {error.strerror}", hint=hint) from error
        try:
            self._directory = self._open()
            self._lock = lock_directory(self._directory, self._at(part_name("lock")))
        except BaseException:
            # Without the lock the directory is another run's by now, even if it is still empty.
            self._made = False
            self._release()
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._undo()
        finally:
            self._release()
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            message = f"the custody directory cannot be written: {error.strerror}"
            raise InputError(message, hint=_ELSEWHERE if error.errno == errno.EROFS else _MAKE_ROOM) from error

    @property
    def location(self) -> TreeLocation:
        """Where the directory is, and which one: the one that was locked."""
        if self._directory is None:
            return TreeLocation.find(self._path)
        facts = os.fstat(self._directory)
        return TreeLocation(self._path, facts.st_dev, facts.st_ino)

    def clean(self, listing: Listing, *, keep: str, informational: Mapping[str, str]) -> None:
        """Remove what an interrupted run left behind, and finish it where only its informational files are missing.

        `keep` names the journal that the next seal can use; `informational` is what the newest entry says of the
        informational files: name -> SHA-256.

        Raises:
            InputError: an entry has lost its signature in some other way; it is somebody's record and stays.
        """
        given: list[str] = []
        for sequence, event in listing.unsigned:
            signature = file_name(sequence, event, FileRole.SIGNATURE)
            # The signature is named last, so an interrupted run always leaves its temporary file.
            if part_name(signature) not in listing.unfinished:
                raise InputError(
                    f"entry {sequence} has no signature, and no interrupted run explains it",
                    hint=f"bring {signature} back from a copy, or move the files that begin with {sequence:04d} away",
                )
            given += [file_name(sequence, event, role) for role in listing.files[sequence, event]]
        left = [name for name in listing.unfinished if name not in (part_name(keep), part_name("lock"))]
        for name, digest in informational.items():
            if part_name(name) in left and self._digest(part_name(name)) == digest:
                self._give_name(name)
                left.remove(part_name(name))
        # The temporary signature goes last: as long as it is there, the other files are known to be leftovers.
        for name in given + sorted(left, key=lambda name: name.endswith(".toml.sig.part")):
            os.unlink(self._at(name), dir_fd=self._directory)

    def create(self, name: str) -> BinaryIO:
        """Open a new file under its temporary name.

        Raises:
            InputError: it exists, or cannot be made.
        """
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
            descriptor = os.open(self._at(part_name(name)), flags, 0o666, dir_fd=self._directory)
        except OSError as error:
            hint = _ELSEWHERE if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else ""
            raise InputError(f"custody file {shown(name)} cannot be written: {error.strerror}", hint=hint) from error
        self._written.append(name)
        return os.fdopen(descriptor, "wb", buffering=256 * 1024)

    def open_kept(self, name: str) -> BinaryIO:
        """Open a file that stays under its temporary name for the next run; what it holds can be read, and added to.

        Raises:
            InputError: it cannot be opened.
        """
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY
            descriptor = os.open(self._at(part_name(name)), flags, 0o600, dir_fd=self._directory)
        except OSError as error:
            hint = _ELSEWHERE if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else ""
            raise InputError(f"custody file {shown(name)} cannot be written: {error.strerror}", hint=hint) from error
        return os.fdopen(descriptor, "a+b", buffering=1024 * 1024)

    def write(self, name: str, data: bytes) -> None:
        """Write one small file under its temporary name, and flush it to the medium."""
        with self.create(name) as file:
            file.write(data)
            flush_to_medium(file)

    def commit(self, names: Iterable[str], *, informational: Iterable[str] = ()) -> None:
        """Give written files their names, in this order; the last of `names` makes the entry exist.

        The directory is flushed before that name is given, so that the entry never exists without its parts, and
        after it. Informational files come afterwards and replace those of that name: until the entry exists, nothing
        that an earlier one speaks of changes.

        Raises:
            InputError: a name is taken; nothing is overwritten.
        """
        order = list(names)
        for name in order:
            if self._exists(name):
                raise InputError(f"custody file {shown(name)} exists already; nothing was overwritten")
        if self._made:
            self._flush_parent()
        self._commit = order
        for name in order[:-1]:
            self._give_name(name)
        self._flush_directory()
        self._give_name(order[-1])
        try:
            self._flush_directory()
            for name in informational:
                self._give_name(name)
            self._flush_directory()
        except OSError as error:
            raise InputError(
                f"{shown(order[-1])} is written, but the medium did not confirm it: {error.strerror}",
                hint="look after the medium, then run evtool verify; a copy on another one is advisable",
            ) from error

    def remove(self, name: str) -> None:
        """Remove a temporary file that is no longer of use."""
        # One that stays is removed by the next run.
        with contextlib.suppress(OSError):
            os.unlink(self._at(part_name(name)), dir_fd=self._directory)

    def _undo(self) -> None:
        """Take back what was written, unless the entry exists.

        What is on disk decides, not what this run remembers: it may have been interrupted between the two.
        """
        names = [part_name(name) for name in self._written]
        if self._commit:
            last = part_name(self._commit[-1])
            if not self._exists(last):
                return  # what is left is for the next run to finish
            names += [name for name in self._commit[:-1] if not self._exists(part_name(name))]
            # The temporary signature goes last: it tells the next run what the rest is.
            names = [name for name in names if name != last] + [last]
        with contextlib.suppress(OSError):
            for name in names:
                if self._exists(name):
                    os.unlink(self._at(name), dir_fd=self._directory)

    def _give_name(self, name: str) -> None:
        os.replace(self._at(part_name(name)), self._at(name), src_dir_fd=self._directory, dst_dir_fd=self._directory)

    def _exists(self, name: str) -> bool:
        try:
            os.stat(self._at(name), dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _digest(self, name: str) -> str:
        with os.fdopen(os.open(self._at(name), os.O_RDONLY | _BINARY, dir_fd=self._directory), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _at(self, name: str) -> bytes:
        """Give the path of a file for calls that take `dir_fd=self._directory`."""
        return os.fsencode(name) if self._directory is not None else os.path.join(self._path, os.fsencode(name))

    def _flush_directory(self) -> None:
        if self._directory is not None:
            os.fsync(self._directory)

    def _flush_parent(self) -> None:
        """A new directory whose own name never reached the medium is lost with all that is in it."""
        if HAS_DIRECTORY_DESCRIPTORS:
            parent = os.open(os.path.dirname(self._path), _DIRECTORY & ~getattr(os, "O_NOFOLLOW", 0))
            try:
                os.fsync(parent)
            finally:
                os.close(parent)

    def _open(self) -> int | None:
        if not HAS_DIRECTORY_DESCRIPTORS:
            return None
        try:
            return os.open(self._path, _DIRECTORY)
        except OSError as error:
            link = os.path.islink(self._path)
            raise InputError(
                f"{shown(os.fsdecode(os.path.basename(self._path)))} "
                + ("is a symbolic link, which could lead anywhere" if link else f"cannot be used: {error.strerror}"),
                hint="it is evidence like any other; keep the custody directory elsewhere with --custody DIR",
            ) from error

    def _release(self) -> None:
        if self._made:
            # Empty only if nothing was sealed and nothing is kept for the next run.
            with contextlib.suppress(OSError):
                os.rmdir(self._path)
        for descriptor in (self._lock, self._directory):
            if descriptor is not None:
                os.close(descriptor)
        self._lock = self._directory = None


def flush_to_medium(file: BinaryIO) -> None:
    """Flush a file down to the medium; an error here means that nothing of it can be relied on."""
    file.flush()
    os.fsync(file.fileno())
