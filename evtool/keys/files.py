"""Files that decide over trust, or hold a secret: read only if protected, written only as a whole.

The permission bits of POSIX are checked wherever they exist. Windows has none: there the folder of the user's profile
is what protects these files, and nothing is checked.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from evtool.core.errors import InputError, KeyFileError
from evtool.core.text.names import shown

_HAS_MODES = hasattr(os, "geteuid")
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO

# Without O_NONBLOCK the opening of a FIFO without a writer would wait for ever; without O_BINARY Windows changes bytes.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)
_NO_LOCKS = (errno.ENOLCK, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF)
_DIRECTORY = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def shown_file(path: Path) -> str:
    """Escape a path for a message."""
    return shown(str(path))


def read_secret_file(path: Path, limit: int) -> bytes:
    """Read a file that only its owner may see, of at most `limit` bytes.

    A symbolic link is followed, as ssh does; what counts is the file it leads to.

    Raises:
        KeyFileError: it is not there, not a file, too large, open to others, or others could replace it.
    """
    try:
        data, mode = _read(path, limit)
    except InputError as error:
        raise KeyFileError.like(error) from None
    if _HAS_MODES and mode & _OPEN_TO_OTHERS:
        raise KeyFileError(
            "{path} is open to other users (mode {mode})",
            hint="if nobody else has used it, run chmod 600 on it and try again; otherwise make a new key",
            key="key-open-to-others",
            path=shown_file(path),
            mode=f"{stat.S_IMODE(mode):04o}",
        )
    check_directory(path)
    return data


def read_own_file(path: Path, limit: int) -> bytes:
    """Read a file that others may see but not change, of at most `limit` bytes.

    Raises:
        InputError: it is not there, not a file or too large.
        KeyFileError: others could change or replace it.
    """
    data, mode = _read(path, limit)
    if _HAS_MODES and mode & _WRITABLE_BY_OTHERS:
        raise KeyFileError(
            "{path} can be changed by other users (mode {mode})",
            hint="check its lines, then run chmod 600 on it",
            key="file-changeable",
            path=shown_file(path),
            mode=f"{stat.S_IMODE(mode):04o}",
        )
    check_directory(path)
    return data


def read_any_file(path: Path, limit: int) -> bytes:
    """Read a file of at most `limit` bytes that the user named, whoever may change it.

    Raises:
        InputError: it is not there, not a file or too large.
    """
    return _read(path, limit)[0]


def _read(path: Path, limit: int) -> tuple[bytes, int]:
    try:
        descriptor = os.open(path, _READ)
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown_file(path), why=error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise InputError("{path} is not a file", key="not-a-file", path=shown_file(path))
        data = b""
        while len(data) <= limit and (piece := os.read(descriptor, limit + 1 - len(data))):
            data += piece
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown_file(path), why=error) from error
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise InputError("{name} has more than {limit} bytes", key="file-long", name=shown_file(path), limit=limit)
    return data, status.st_mode


def check_directory(path: Path) -> None:
    """Check that nobody else can put another file in the place of this one.

    Raises:
        KeyFileError: others may write in its directory, and the sticky bit does not keep them from renaming.
    """
    directory = Path(os.path.realpath(path)).parent
    _check_not_writable(directory, os.stat(directory).st_mode)


def _check_not_writable(directory: Path, mode: int) -> None:
    if _HAS_MODES and mode & _WRITABLE_BY_OTHERS and not mode & stat.S_ISVTX:
        raise KeyFileError(
            "other users may replace files in {directory} (mode {mode})",
            hint="run chmod 700 on the directory, and check that its files are still yours",
            key="directory-changeable",
            directory=shown_file(directory),
            mode=f"{stat.S_IMODE(mode):04o}",
        )


def make_private_directory(directory: Path) -> None:
    """Create a directory for the user alone, with its parents; one that exists must not be writable by others."""
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            # The umask can have taken away what the owner needs.
            directory.chmod(0o700)
        if not directory.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        raise KeyFileError(
            "{path} cannot be created: {why.strerror}", key="cannot-create", path=shown_file(directory), why=error
        ) from error
    _check_not_writable(directory, os.stat(directory).st_mode)


def create_file(path: Path, data: bytes, mode: int, *, any_medium: bool = False) -> None:
    """Write a new file that is on the disk when this returns; whatever has its name stays as it is.

    With `any_medium` the file may lie where files have no such modes, as on a memory stick.

    Raises:
        KeyFileError: the name is taken, or the file cannot be written; then nothing is left of it.
    """
    try:
        descriptor = os.open(path, _CREATE, mode)
    except FileExistsError:
        raise KeyFileError(
            "{path} already exists and was not overwritten",
            hint="name a new file; in a directory, one inside of it",
            key="exists-not-overwritten",
            path=shown_file(path),
        ) from None
    except FileNotFoundError:
        raise KeyFileError(
            "{path} cannot be written: there is no directory {directory}",
            hint="check the spelling, and that the medium is there",
            key="cannot-write-nowhere",
            path=shown_file(path),
            directory=shown_file(path.parent),
        ) from None
    except OSError as error:
        raise KeyFileError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown_file(path), why=error
        ) from error
    try:
        with open(descriptor, "wb") as file:
            if _HAS_MODES:
                # The umask can have taken away what the owner needs.
                with contextlib.suppress(*([PermissionError] if any_medium else [])):
                    os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        sync_directory(path.parent)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise KeyFileError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown_file(path), why=error
        ) from error


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Replace a file: after a power cut it has either its old or its new bytes, never a part of them.

    Raises:
        KeyFileError: it cannot be written; the old bytes are still there.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    create_file(temporary, data, mode)
    try:
        os.replace(temporary, target)
        sync_directory(target.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KeyFileError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown_file(path), why=error
        ) from error


def sync_directory(directory: Path) -> None:
    """Make sure that the names in a directory are on the disk; Windows cannot, and does so on its own."""
    if not _HAS_MODES:
        return
    descriptor = os.open(directory, _DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            # Some network file systems cannot sync a directory; any other error means that it may be lost.
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Hold the lock of a directory, waiting for it; two runs that change one file then do so in turn.

    Windows and some network file systems have no lock on directories: there the later of two writers in the same
    moment wins.
    """
    try:
        import fcntl
    except ImportError:  # pragma: no cover
        yield
        return
    descriptor = os.open(directory, _DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)
