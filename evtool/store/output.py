"""Files and directories that the user named as outputs: complete or absent, and never over what is there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS
from evtool.store.medium import flush_directory, flush_to_medium
from evtool.store.naming import add_name, exists, give_name
from evtool.store.new_tree import flush_directories
from evtool.store.work import WorkPlace, open_work_place


def write_new_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a new file: under a temporary name beside it, flushed to the medium, then given its name.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    with new_file(path, mode) as output:
        output.file.write(data)


def write_files(contents: Mapping[Path, bytes], *, replace: bool) -> None:
    """Write several files in one directory, all of them or none; `replace` lets them take the place of older ones.

    All are written beside their places first. Then each takes its name: a file that is replaced keeps a second name
    until all are in place, and gets its own back if one cannot be. So every name leads to a whole file at any time.
    No system renames several files at once: a run that is killed between two of them leaves new ones beside old ones,
    and the old ones under their second names, `.NAME.old`.

    Raises:
        InputError: something has such a name already, and is not to be replaced, or a file cannot be written; all is
            as it was.
    """
    for path in contents:
        if not replace or path.is_dir():
            check_new(path)
    parts = {path: path.with_name(f".{path.name}.part") for path in contents}
    try:
        for path, data in contents.items():
            parts[path].unlink(missing_ok=True)  # of a run that was killed
            write_new_file(parts[path], data)
        with contextlib.ExitStack() as undo:
            olds = []
            for path, part in parts.items():
                olds.append(_take_place(part, path, undo, replace=replace))
            undo.pop_all()
        for old in filter(None, olds):
            old.unlink(missing_ok=True)
        _flush_parent(path)
    except OSError as error:
        raise InputError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown(str(path)), why=error
        ) from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def _take_place(part: Path, path: Path, undo: contextlib.ExitStack, *, replace: bool) -> Path | None:
    """Give a file its name, and note how that is undone; gives the second name of what may have been replaced."""
    if not replace:
        give_name(part, path)
        undo.callback(path.unlink)
        return None
    old = path.with_name(f".{path.name}.old")
    old.unlink(missing_ok=True)
    if os.path.lexists(path):
        if not add_name(path, old):
            os.rename(path, old)  # on FAT the name leads nowhere for a moment
        undo.callback(_give_back, old, path)
    else:
        undo.callback(path.unlink, missing_ok=True)
    os.replace(part, path)
    return old


def _give_back(old: Path, path: Path) -> None:
    os.replace(old, path)
    # As long as both names lead to one file, POSIX has that do nothing.
    old.unlink(missing_ok=True)


class NewFile(Struct, frozen=True):
    """A file being written: open for writing, and where it is until it has its name."""

    file: BinaryIO
    work: WorkPlace

    def flush(self) -> None:
        """Have all that was written so far on the medium."""
        flush_to_medium(self.file)


@contextmanager
def new_file(path: Path, mode: int = 0o600) -> Iterator[NewFile]:
    """Write a new file of any size; it gets its name when the context is left without an error.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    with _new_output(path) as work:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(work.content, flags, mode), "wb") as file:
            yield NewFile(file, work)
            flush_to_medium(file)
        give_name(work.content, path)
        _flush_parent(path)


@contextmanager
def new_directory(path: Path) -> Iterator[WorkPlace]:
    """Fill a new directory; it gets its name when the context is left without an error, and is gone otherwise.

    Yields where it is made; only its owner may look into it, as into the final one.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    with _new_output(path) as work:
        os.mkdir(work.content, 0o700)
        yield work
        flush_directories(work.content)
        # On POSIX an empty directory of this name would be replaced, and nothing else.
        if exists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        os.rename(work.content, path)
        _flush_parent(path)


@contextmanager
def _new_output(path: Path) -> Iterator[WorkPlace]:
    check_new(path)
    try:
        with open_work_place(path) as work:
            yield work
    except OSError as error:
        raise InputError(
            "{path} cannot be written: {why.strerror}", key="cannot-write", path=shown(str(path)), why=error
        ) from error


def check_new(path: Path) -> None:
    """Refuse an output that is there already, before any work is done for it.

    Raises:
        InputError: something has this name.
    """
    if os.path.lexists(path):
        raise InputError(
            "{path} already exists and was not overwritten",
            hint="name a new one",
            key="already-exists",
            path=shown(str(path)),
        )


def _flush_parent(path: Path) -> None:
    """Have the new name on the medium, where a directory can be flushed: some network file systems cannot."""
    if HAS_DIRECTORY_DESCRIPTORS:
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                flush_directory(descriptor)
        finally:
            os.close(descriptor)
