"""Output files that the user named: complete or absent, and never over something that is there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from evtool.core.errors import InputError
from evtool.core.names import shown


def write_new_file(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a new file: under a temporary name beside it, flushed to the medium, then given its name.

    Raises:
        InputError: it exists already, or cannot be written; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _give_name(temporary, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    except OSError as error:
        raise InputError(f"{shown(str(path))} cannot be written: {error.strerror}") from error


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
