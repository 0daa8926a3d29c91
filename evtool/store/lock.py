"""The lock on a custody directory: one writer at a time.

Two locks, because neither suffices alone. The system's lock on the directory ends with the process that holds it, but
on network shares Linux grants it to every computer. A lock file can be made by one process only, wherever it runs, but
outlives a process that is killed: it says enough to tell whether its writer is gone, and nothing that names anybody.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable

from evtool.core.errors import BusyError, InputError, Way
from evtool.store.lock_holder import describe_this_run, is_gone
from evtool.store.naming import add_name

_BINARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_VANISHES = getattr(os, "O_TEMPORARY", 0)
"""Has Windows remove a file when it is closed, or when its process ends."""

_MAX_LOCK = 4096

LOCK_FILE = ".lock.part"


class DirectoryLock:
    """The lock on one open directory, held until it is released."""

    def __init__(self, directory: int | None, at: Callable[[str], bytes]) -> None:
        """Prepare to lock a directory; `at` gives the path of a file in it, for calls that take `dir_fd`."""
        self._directory = directory
        self._at = at
        self._text = b""
        self._descriptor: int | None = None
        """The lock file, where the system removes it when it is closed (Windows)."""

    def acquire(self) -> None:
        """Lock the directory without waiting.

        Raises:
            BusyError: another run holds the lock, or may hold it.
            InputError: the file system has no locks, or the lock file cannot be written.
        """
        if self._directory is not None:
            _flock(self._directory)
        text = describe_this_run()
        try:
            if not self._create(text):
                self._remove_if_gone()
                if not self._create(text):
                    raise _busy()
        except FileNotFoundError:
            # Between opening and locking, the other run may have removed the directory that it had made.
            raise _busy() from None
        except OSError as error:
            raise InputError(
                "the custody directory cannot be locked: {why.strerror}",
                hint="make sure that the medium is writable, or keep the custody directory elsewhere",
                key="custody-not-locked",
                ways=(Way.CUSTODY,),
                why=error,
            ) from error
        self._text = text

    @property
    def is_held(self) -> bool:
        """Whether the lock file is still the one of this run: somebody may have taken it for a leftover."""
        if self._descriptor is not None:
            return True  # as long as it is open, no other evtool can read it, and so none takes it for a leftover
        return self._text != b"" and self._read(LOCK_FILE) == self._text

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        elif self.is_held:
            self._unlink(LOCK_FILE)
        self._text = b""

    def _create(self, text: bytes) -> bool:
        """Make the lock file, complete from its first moment on where there are hard links; tell whether it is ours."""
        temporary = f".0000-lock.{secrets.token_hex(8)}.part"
        if _VANISHES:
            return self._create_plainly(text)
        self._write(temporary, text)
        try:
            is_made = add_name(self._at(temporary), self._at(LOCK_FILE), directory=self._directory)
        except FileExistsError:
            return False
        finally:
            self._unlink(temporary)
        return is_made or self._create_plainly(text)  # no hard links here (FAT)

    def _create_plainly(self, text: bytes) -> bool:
        try:
            self._write(LOCK_FILE, text)
        except FileExistsError:
            return False
        return True

    def _write(self, name: str, text: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | _VANISHES
        descriptor = os.open(self._at(name), flags, 0o644, dir_fd=self._directory)
        try:
            os.write(descriptor, text)
        except BaseException:
            os.close(descriptor)
            self._unlink(name)
            raise
        if _VANISHES:
            self._descriptor = descriptor
        else:
            os.close(descriptor)

    def _remove_if_gone(self) -> None:
        """Remove the lock file of a run that is certainly gone.

        It is moved aside first: of two runs that found it at once, one would else remove the new lock of the other.
        """
        found = self._read(LOCK_FILE)
        if found is None:
            return
        if not is_gone(found, self._directory):
            raise _busy(unknown=True)
        aside = f".0000-lock.{secrets.token_hex(8)}.part"
        one, other, here = self._at(LOCK_FILE), self._at(aside), self._directory
        with contextlib.suppress(FileNotFoundError):
            os.rename(one, other, src_dir_fd=here, dst_dir_fd=here)
            if self._read(aside) != found:
                with contextlib.suppress(OSError):
                    add_name(other, one, directory=here)
                self._unlink(aside)
                raise _busy()
            self._unlink(aside)

    def _read(self, name: str) -> bytes | None:
        try:
            descriptor = os.open(self._at(name), os.O_RDONLY | _BINARY, dir_fd=self._directory)
        except OSError:
            return None
        try:
            return os.read(descriptor, _MAX_LOCK)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def _unlink(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._at(name), dir_fd=self._directory)


def _flock(directory: int) -> None:
    # Windows has none; a directory is only held open where there are locks.
    import fcntl

    try:
        fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy() from None
    except OSError as error:
        raise InputError(
            "the custody directory cannot be locked: {why.strerror}",
            hint="this file system has no locks; seal on another one, or keep the custody directory elsewhere",
            key="custody-no-locks",
            ways=(Way.CUSTODY,),
            why=error,
        ) from error
    # Between opening and locking, the other run may have removed the directory that it had made.
    if os.fstat(directory).st_nlink == 0:
        raise _busy()


def _busy(*, unknown: bool = False) -> BusyError:
    if unknown:
        return BusyError(
            "another evtool is writing to this custody directory",
            hint="wait until it has finished, then run the command again; if you are certain that evtool is not "
            "running on any computer, delete {file} in that directory",
            key="custody-busy-unknown",
            ways=(Way.WAIT,),
            file=LOCK_FILE,
        )
    return BusyError(
        "another evtool is writing to this custody directory",
        hint="wait until it has finished, then run the command again",
        key="custody-busy",
        ways=(Way.WAIT,),
    )
