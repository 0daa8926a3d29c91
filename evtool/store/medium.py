"""What a medium confirms: files and directories flushed down to it, and files read back from it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import warnings
from typing import Protocol

CANNOT_FLUSH = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)
"""What file systems answer that cannot flush a directory: CIFS before Linux 4.17, VirtualBox folders, gocryptfs. Any
other error means that something is lost."""


class MediumWarning(UserWarning):
    """Everything was written, but the medium gives less certainty than others do."""


class _Flushable(Protocol):
    """A file that can be flushed."""

    def flush(self) -> None:
        """Hand what is buffered to the system."""

    def fileno(self) -> int:
        """Give the descriptor."""


def flush_to_medium(file: _Flushable) -> None:
    """Flush a file down to the medium; an error here means that nothing of it can be relied on."""
    file.flush()
    os.fsync(file.fileno())


def flush_directory(descriptor: int) -> None:
    """Flush the names in an open directory down to the medium; where the file system cannot, warn and go on.

    Raises:
        OSError: the medium failed.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_FLUSH:
            raise
        warnings.warn(
            "this file system cannot confirm that the data reached the medium; "
            "check it with `evtool verify DIR`, and keep a copy on another medium",
            MediumWarning,
            stacklevel=2,
        )


def read_back(descriptor: int) -> str:
    """Give the SHA-256 of a file, read from the medium where the system lets go of what it holds in memory."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    with os.fdopen(descriptor, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
