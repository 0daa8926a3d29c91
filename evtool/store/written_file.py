"""One file of a record while it is written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from types import TracebackType

from evtool.core.errors import InputError, Way
from evtool.core.text.names import shown
from evtool.store.medium import flush_to_medium

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_ALLOWED = (errno.EROFS, errno.EACCES, errno.EPERM)
_ELSEWHERE = "on a read-only medium, keep the custody directory elsewhere"
_MAKE_ROOM = "nothing was lost: free some space and run the command again, or keep the custody directory elsewhere"
_LOOK_AFTER = (
    "the medium or the connection to it failed: check it, run `evtool verify DIR`, and run the command again; "
    "or keep the custody directory on another medium"
)


def cannot_write(name: str, error: OSError, what: str = "custody file") -> InputError:
    """Say what could not be written, why, and what to do about it."""
    is_full, is_refused = error.errno in _NO_ROOM, error.errno in _NOT_ALLOWED
    return InputError(
        "{what_en} {name} cannot be written: {why.strerror}",
        hint=_MAKE_ROOM if is_full else _ELSEWHERE if is_refused else _LOOK_AFTER,
        key="record-no-room" if is_full else "record-not-allowed" if is_refused else "record-medium",
        ways=(Way.CUSTODY,),
        what_en=what,
        name=shown(name),
        why=error,
    )


class WrittenFile:
    """A file of the record that is being written; its errors name it, and it knows the digest of its bytes."""

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        self._file = os.fdopen(descriptor, "wb", buffering=256 * 1024)
        self._digest = hashlib.sha256()

    def __enter__(self) -> WrittenFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        with contextlib.suppress(OSError):
            self._file.close()

    @property
    def sha256(self) -> str:
        """Digest of all that was written, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._digest.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise cannot_write(self.name, error) from error

    def flush_to_medium(self) -> None:
        """Flush it down to the medium."""
        try:
            flush_to_medium(self._file)
        except OSError as error:
            raise cannot_write(self.name, error) from error

    def close(self) -> None:
        """Close it."""
        try:
            self._file.close()
        except OSError as error:
            raise cannot_write(self.name, error) from error
