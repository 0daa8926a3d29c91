"""The lock on a custody directory: one writer at a time."""

from __future__ import annotations

import os

from evtool.core.errors import BusyError, InputError


def lock_directory(descriptor: int | None, lock_file: bytes) -> int | None:
    """Lock an open directory without waiting; the lock lasts until the descriptor is closed.

    Where directories have no locks (Windows), `lock_file` is created instead, which only one process can; its
    descriptor is returned, and the system removes the file when that is closed.

    Raises:
        BusyError: another run holds the lock.
        InputError: the file system has no locks.
    """
    if descriptor is None:
        return _create_lock_file(lock_file)
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _busy() from None
    except OSError as error:
        raise InputError(
            f"the custody directory cannot be locked: {error.strerror}",
            hint="this file system has no locks; seal on another one, or keep the custody directory elsewhere "
            "with --custody DIR",
        ) from error
    # Between opening and locking, the other run may have removed the directory that it had made.
    if os.fstat(descriptor).st_nlink == 0:
        raise _busy()
    return None


def _create_lock_file(path: bytes) -> int:
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_TEMPORARY", 0)
    try:
        return os.open(path, flags)
    except FileExistsError:
        raise _busy() from None


def _busy() -> BusyError:
    return BusyError(
        "another evtool is writing to this custody directory", hint="wait until it has finished, then run again"
    )
