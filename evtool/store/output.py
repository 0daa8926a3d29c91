"""Files and directories that the user named as outputs: complete or absent, and never over what is there."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evtool.core.errors import InputError
from evtool.core.names import shown
from evtool.store.medium import flush_directory, flush_to_medium


def write_new_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a new file: under a temporary name beside it, flushed to the medium, then given its name.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    with new_file(path, mode) as output:
        output.file.write(data)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file being written: open for writing, under its temporary name."""

    file: BinaryIO
    temporary: Path


@contextmanager
def new_file(path: Path, mode: int = 0o600) -> Iterator[NewFile]:
    """Write a new file of any size; it gets its name when the context is left without an error.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    check_new(path)
    temporary = _temporary_name(path)
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield NewFile(file, temporary)
                flush_to_medium(file)
            _give_name(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"{shown(str(path))} cannot be written: {error.strerror}") from error


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """Fill a new directory; it gets its name when the context is left without an error, and is gone otherwise.

    Yields the directory under its temporary name; only its owner may look into it, as into the final one.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    check_new(path)
    temporary = _temporary_name(path)
    try:
        os.mkdir(temporary, 0o700)
        try:
            yield temporary
            _flush_directories(temporary)
            # On POSIX an empty directory of this name would be replaced, and nothing else.
            if os.path.lexists(path):
                raise FileExistsError(17, os.strerror(17))
            os.rename(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    except OSError as error:
        raise InputError(f"{shown(str(path))} cannot be written: {error.strerror}") from error


def check_new(path: Path) -> None:
    """Refuse an output that is there already, before any work is done for it.

    Raises:
        InputError: something has this name.
    """
    if os.path.lexists(path):
        raise InputError(f"{shown(str(path))} exists already and is not overwritten", hint="name a new one")


def write_file_in(directory: Path, name: str, chunks: Iterable[bytes]) -> int:
    """Write a new file below a directory that is being filled, with the directories above it; return its size.

    The caller has made sure that the name leads nowhere else.
    """
    target = directory / name
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(target, flags, 0o600), "wb") as file:
        size = sum(file.write(chunk) for chunk in chunks)
        flush_to_medium(file)
    return size


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")


def _flush_directories(root: Path) -> None:
    if os.name != "posix":
        return
    for directory, _, _ in os.walk(root):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            flush_directory(descriptor)
        finally:
            os.close(descriptor)


def _give_name(temporary: Path, path: Path) -> None:
    """Rename without replacing; a link fails where the name is taken, on every POSIX system."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # No hard links on this file system (FAT): a gap remains in which another program could take the name.
        if os.path.lexists(path):
            raise FileExistsError(17, os.strerror(17)) from None
        os.rename(temporary, path)
        return
    os.unlink(temporary)
