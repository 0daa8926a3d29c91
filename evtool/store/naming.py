"""Giving a file a name that nothing has yet, without replacing anything: the one place where that is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES)
"""What systems answer where a file cannot have a second name, as on FAT."""

_NOT_FOLLOWED = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}

_Name = bytes | Path


def add_name(file: _Name, name: _Name, *, directory: int | None = None) -> bool:
    """Give a file a second name; a link fails where the name is taken, on every system and from every computer.

    Both are relative to the open directory `directory`, if one is given. Returns False if this file system has no
    second names; nothing was done then.

    Raises:
        FileExistsError: the name is taken.
        OSError: the medium fails.
    """
    try:
        os.link(file, name, src_dir_fd=directory, dst_dir_fd=directory, **_NOT_FOLLOWED)
    except OSError as error:
        if error.errno in _NO_LINKS:
            return False
        raise
    return True


def give_name(temporary: _Name, name: _Name, *, directory: int | None = None) -> None:
    """Give a file its name in place of its temporary one, unless something has that name.

    Without second names (FAT) a gap remains in which another program could take the name. The temporary name may stay
    if it cannot be removed any more.

    Raises:
        FileExistsError: the name is taken; the file is where it was.
        OSError: the medium fails.
    """
    if add_name(temporary, name, directory=directory):
        try:
            os.unlink(temporary, dir_fd=directory)
        except OSError:
            return  # it has its name; whoever cleans up finds the other one
        return
    if exists(name, directory=directory):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)


def exists(name: _Name, *, directory: int | None = None) -> bool:
    """Tell whether something has a name, be it a link that leads nowhere.

    Raises:
        OSError: nobody can tell.
    """
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
