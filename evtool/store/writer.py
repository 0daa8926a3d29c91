"""The one writer of custody directories: what it writes is complete or absent.

Files are written under temporary names, flushed to the medium, then renamed, the signature last: it makes the entry
exist. A run that is killed leaves temporary files, which the next writer recognises by name and removes. Evidence is
never opened here.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from typing import BinaryIO

from evtool.core.errors import BusyError, InputError
from evtool.core.names import shown
from evtool.scan.tree import TreeLocation
from evtool.store.custody import FileRole, Listing, file_name

_KEPT = re.compile(r"\.[0-9]{4}-[a-z-]+\.journal\.part\Z")
"""Leftovers that are of use: the digests of an interrupted seal."""


def part_name(name: str) -> str:
    """Name a file while it is being written."""
    return f".{name}.part"


class CustodyWriter:
    """Exclusive right to write one custody directory.

    Use as a context manager; leaving it without `commit` removes what was written, and the directory too if it was
    made for this run and is empty.
    """

    def __init__(self, path: bytes) -> None:
        self._path = path
        self._made = False
        self._descriptor = -1
        self._lock: int | None = None
        self._written: list[str] = []

    def __enter__(self) -> CustodyWriter:
        try:
            os.mkdir(self._path)
            self._made = True
        except FileExistsError:
            pass
        except OSError as error:
            raise InputError(
                f"the custody directory cannot be made: {error.strerror}",
                hint="on a read-only medium, keep the custody directory elsewhere with --custody DIR",
            ) from error
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY) if os.name == "posix" else -1
            self._take_lock()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in self._written:
            with contextlib.suppress(OSError):
                os.unlink(self._join(part_name(name)))
        self._release()

    @property
    def location(self) -> TreeLocation:
        """Where the directory is."""
        return TreeLocation.find(self._path)

    def clean(self, listing: Listing) -> None:
        """Remove what an interrupted run left behind, but for the journal of its digests.

        Raises:
            InputError: an entry has lost its signature in some other way; it is somebody's record and stays.
        """
        leftovers = [name for name in listing.unfinished if not _KEPT.match(name) and not name.startswith(".lock")]
        final: list[str] = []
        for sequence, event in listing.unsigned:
            # The signature is renamed last, so an interrupted run always leaves its temporary file.
            if part_name(file_name(sequence, event, FileRole.SIGNATURE)) not in listing.unfinished:
                raise InputError(
                    f"entry {sequence} has no signature, and no interrupted run explains it",
                    hint=f"bring {file_name(sequence, event, FileRole.SIGNATURE)} back from a copy, "
                    f"or move the files that begin with {sequence:04d} away",
                )
            final += [file_name(sequence, event, role) for role in listing.files[sequence, event]]
        # The temporary signature goes last: as long as it is there, the other files are known to be leftovers.
        for name in final + sorted(leftovers, key=lambda name: name.endswith(".toml.sig.part")):
            os.unlink(self._join(name))

    def create(self, name: str) -> BinaryIO:
        """Open a new file under its temporary name.

        Raises:
            InputError: it exists, or cannot be made.
        """
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
            descriptor = os.open(self._join(part_name(name)), flags, 0o666)
        except OSError as error:
            raise InputError(f"custody file {shown(name)} cannot be written: {error.strerror}") from error
        self._written.append(name)
        return os.fdopen(descriptor, "wb", buffering=256 * 1024)

    def write(self, name: str, data: bytes) -> None:
        """Write one small file under its temporary name, and flush it to the medium."""
        with self.create(name) as file:
            file.write(data)
            flush_to_medium(file)

    def commit(self, names: Iterable[str], *, replace: Iterable[str] = ()) -> None:
        """Give written files their names, in this order; what `replace` names may exist already.

        The directory is flushed before the last name is given, so that the entry never exists without its parts, and
        again after it.
        """
        replaceable = set(replace)
        order = list(names)
        for name in order:
            if name == order[-1]:
                self._flush_directory()
            target = self._join(name)
            if name not in replaceable and os.path.lexists(target):
                raise InputError(f"custody file {shown(name)} exists already; nothing was overwritten")
            os.replace(self._join(part_name(name)), target)
            self._written.remove(name)
        self._flush_directory()

    def remove(self, name: str) -> None:
        """Remove a temporary file that is no longer of use."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._join(part_name(name)))

    def path_of_part(self, name: str) -> bytes:
        """Path of a file while it is being written."""
        return self._join(part_name(name))

    def _join(self, name: str) -> bytes:
        return os.path.join(self._path, os.fsencode(name))

    def _flush_directory(self) -> None:
        if self._descriptor >= 0:
            os.fsync(self._descriptor)

    def _take_lock(self) -> None:
        busy = BusyError(
            "another evtool is writing to this custody directory", hint="wait until it has finished, then run again"
        )
        try:
            import fcntl
        except ImportError:
            # Windows: a file that only one process can create, and that the system removes with its process.
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_TEMPORARY", 0)
            try:
                self._lock = os.open(self._join(part_name("lock")), flags)
            except FileExistsError:
                raise busy from None
            return
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise busy from None
        except OSError as error:
            raise InputError(
                f"the custody directory cannot be locked: {error.strerror}",
                hint="this file system has no locks; seal on another one, or keep the custody directory elsewhere "
                "with --custody DIR",
            ) from error
        # Between opening and locking, the other run may have removed the directory it had made.
        if os.fstat(self._descriptor).st_nlink == 0:
            raise busy

    def _release(self) -> None:
        if self._made:
            # Empty only if nothing was sealed and nothing is kept for the next run.
            with contextlib.suppress(OSError):
                os.rmdir(self._path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def flush_to_medium(file: BinaryIO) -> None:
    """Flush a file down to the medium; an error here means that nothing of it can be relied on."""
    file.flush()
    os.fsync(file.fileno())
