"""Where an output is made before it gets its name: a directory beside it, which one run owns at a time.

`.NAME.evtool-0123456789abcdef.part/` holds the file `lock`, which the run keeps locked for as long as it lives, the
output under the name `content`, and at times a `note` on what the run was about to do. The output leaves it by a
rename, as a whole. What a killed run leaves has a lock that nobody holds: the next run takes it, says so, and removes
the rest. A lock on a file is one that two computers see on the same share, unlike one on a directory.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from evtool.core.text.expressions import compiled_when_used
from evtool.store.removal import remove_content

try:
    import fcntl
except ImportError:
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

_LOCK, _CONTENT, _NOTE = "lock", "content", "note"
_MAX_START = 100
_NAME = compiled_when_used(r"\..{0,100}\.evtool-[0-9a-f]{16}\.part\Z", re.DOTALL)
_MAX_NOTE = 1024
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LOCKS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)


class WorkPlace(Struct, frozen=True):
    """A work directory that this run owns."""

    path: Path

    @property
    def content(self) -> Path:
        """Where the output is made."""
        return self.path / _CONTENT

    def note(self, text: str) -> None:
        """Leave a word for whoever finds what this run may leave behind; it is on the medium when this returns."""
        descriptor = os.open(self.path / _NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _FILE, 0o600)
        try:
            os.write(descriptor, text.encode("utf-8")[:_MAX_NOTE])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class Leftover(Struct, frozen=True):
    """What a run left that was killed.

    Attributes:
        path: its work directory.
        removed: whether it is gone now; else nobody can tell whether its run still lives, or it cannot be removed.
        note: the word that the run left, if it did.
        has_output: whether an output was in it that had not got its name.
    """

    path: Path
    removed: bool
    note: str = ""
    has_output: bool = False


@contextlib.contextmanager
def open_work_place(output: Path) -> Iterator[WorkPlace]:
    """Make a work directory beside an output, and remove it afterwards with all that is still in it.

    Raises:
        OSError: it cannot be made.
    """
    path, lock = _make(output)
    try:
        yield WorkPlace(path)
    finally:
        _remove_with_lock(path, lock)


def _remove_with_lock(path: Path, lock: int) -> None:
    """Remove a work directory and let go of its open lock, which goes last: without it, this looks like a leftover.

    Raises:
        OSError: something in it cannot be removed; the lock is let go all the same.
    """
    with os.fdopen(lock, "rb") as held:
        remove_content(path, keep=_LOCK)
        if not _HAS_LOCKS:
            held.close()  # Windows removes no file that is open
        (path / _LOCK).unlink(missing_ok=True)
        # Without its lock the empty directory is a leftover to others, and they may be the first to remove it.
        with contextlib.suppress(FileNotFoundError):
            try:
                os.rmdir(path)
            except OSError:
                # Network shares and FUSE keep a file that is removed while it is open, under another name beside it.
                held.close()
                os.rmdir(path)


def _make(output: Path) -> tuple[Path, int]:
    while True:
        # Cut by bytes, which is what limits a name; the output itself may have as many as there can be.
        start = os.fsencode(output.name)[:_MAX_START].decode("utf-8", "ignore")
        path = output.with_name(f".{start}.evtool-{secrets.token_hex(8)}.part")
        os.mkdir(path, 0o700)
        try:
            lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FILE, 0o600)
        except FileNotFoundError:
            continue  # another run took the empty directory for a leftover
        except BaseException:
            os.rmdir(path)
            raise
        # A file system without locks has no runs that could take it away, either.
        if _lock(lock) is not False and os.fstat(lock).st_nlink:
            return path, lock
        os.close(lock)


def _lock(descriptor: int) -> bool | None:
    """Lock a file without waiting; False if another run holds it, None if there are no locks."""
    if not _HAS_LOCKS:
        return None  # Windows: a file that is open can be neither renamed nor removed, which is lock enough
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in _NO_LOCKS else False
    return True


def remove_leftovers(output: Path) -> Iterator[Leftover]:
    """Remove what killed runs left beside an output, and tell of each; what a living run works on is left alone."""
    try:
        with os.scandir(output.parent) as entries:
            names = sorted(
                entry.name for entry in entries if _NAME.match(entry.name) and entry.is_dir(follow_symlinks=False)
            )
    except OSError:
        return  # there is nowhere to write to, which the run will find out
    for name in names:
        leftover = _remove(output.parent / name)
        if leftover is not None:
            yield leftover


def _remove(path: Path) -> Leftover | None:
    """Remove one leftover; None if it belongs to a run that lives, or to another user."""
    try:
        if hasattr(os, "geteuid") and os.lstat(path).st_uid != os.geteuid():
            return None
        if not _HAS_LOCKS and _is_open(path / _LOCK):
            return None
        lock = os.open(path / _LOCK, os.O_RDWR | _FILE)
    except FileNotFoundError:
        # A run was killed before it had made its lock, or after it had removed all else; or this one is being made.
        with contextlib.suppress(OSError):
            os.rmdir(path)
            return Leftover(path, removed=True)
        return None
    except OSError:
        return Leftover(path, removed=False)
    try:
        is_locked = _lock(lock)
        if is_locked is False:
            return None
        note, has_output = _read_note(path), _has_output(path)
        if is_locked is None and _HAS_LOCKS:
            return Leftover(path, False, note, has_output)
        taken, lock = lock, -1
        try:
            _remove_with_lock(path, taken)
        except OSError:
            return Leftover(path, False, note, has_output)
        return Leftover(path, True, note, has_output)
    finally:
        if lock >= 0:
            os.close(lock)


def _is_open(lock: Path) -> bool:
    """Tell whether a run holds its lock open, where that keeps a file from being renamed.

    Raises:
        FileNotFoundError: there is no lock.
    """
    aside = lock.with_name(f"{_LOCK}.aside")
    try:
        os.rename(lock, aside)
    except PermissionError:
        return True
    os.rename(aside, lock)
    return False


def _has_output(path: Path) -> bool:
    """Tell whether an output lies there that has no other name; a file has two between getting one and losing one."""
    try:
        facts = os.lstat(path / _CONTENT)
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) or facts.st_nlink < 2


def _read_note(path: Path) -> str:
    try:
        descriptor = os.open(path / _NOTE, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _FILE)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _MAX_NOTE).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
