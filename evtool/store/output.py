"""Files and directories that the user named as outputs: complete or absent, and never over what is there."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.store.medium import flush_directory, flush_to_medium
from evtool.store.naming import exists, give_name
from evtool.store.new_tree import flush_directories
from evtool.store.work import WorkPlace, open_work_place


def write_new_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a new file: under a temporary name beside it, flushed to the medium, then given its name.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    with new_file(path, mode) as output:
        output.file.write(data)


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
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):
                flush_directory(descriptor)
        finally:
            os.close(descriptor)
