"""Removing all that is in a directory, however deep it is and however long its paths are.

What lies in a directory inside is moved up, one level at a time, so that nothing is ever further away than two steps:
no path grows too long for the system, and nothing calls itself.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def remove_content(path: Path, *, keep: str | None = None) -> None:
    """Remove all that is in a directory, but for a file in it named `keep`.

    Nobody else may work in it. Links in it are removed and never followed.

    Raises:
        OSError: something in it cannot be removed.
    """
    waiting = [path / name for name in _remove_files(path, keep)]
    while waiting:
        directory = waiting.pop()
        for name in _remove_files(directory):
            moved = path / secrets.token_hex(8)
            os.rename(directory / name, moved)
            waiting.append(moved)
        os.rmdir(directory)


def _remove_files(directory: Path, keep: str | None = None) -> list[str]:
    """Remove all that is not a directory, and give the names of the directories."""
    # Listed whole before anything is removed: what a listing gives while it shrinks is left open by POSIX.
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory and name != keep:
            os.unlink(directory / name)
    return [name for name, is_directory in found if is_directory]
