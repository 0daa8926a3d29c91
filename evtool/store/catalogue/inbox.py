"""What lies in an inbox: bundles, and what is none; looked at, never followed and never opened.

Whoever can deliver to an inbox decides what lies there, under which names and how deep. So links are named and left,
every directory is listed once, and nothing is decided here by what a file holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from enum import Enum

from msgspec import Struct

from evtool.core.container.bagit import DECLARATION_FILE
from evtool.core.container.companions import SYSTEM_DIRECTORIES
from evtool.core.errors import EvidenceError, InputError
from evtool.core.text.names import store_name
from evtool.scan.litter import read_companion
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import join_path
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.custody_names import NAME

MAX_DEPTH = 16
"""Folders below each other that are looked into; a delivery sorts by sender and day, and needs two."""


class Wrapping(Enum):
    """What a bundle lies in. The value is what its name ends with once it is taken in."""

    ZIP = ".zip"
    AGE = ".zip.age"
    FOLDER = ""


class Arrived(Struct, frozen=True):
    """One thing in an inbox.

    Attributes:
        path: where it is.
        name: its path in the inbox in stored form, or as it stands in the list that names it.
        wrapping: what it lies in; None for what can be no bundle by its kind or its name.
    """

    path: bytes
    name: str
    wrapping: Wrapping | None


def find_arrived(inbox: TreeLocation) -> Iterator[Arrived]:
    """Yield all that lies in an inbox, in the order of names; folders that only sort are looked into.

    What other systems write beside files is passed over. The whole of a folder is listed before anything of it is
    yielded, so that whoever moves things away meanwhile changes nothing.

    Raises:
        InputError: it cannot be listed.
    """
    with Tree(inbox) as tree:
        waiting = [b""]
        while waiting:
            folder = waiting.pop()
            below: list[bytes] = []
            try:
                listed = sorted(tree.list_directory(folder))
            except OSError as error:
                if folder:
                    yield Arrived(os.path.join(inbox.path, folder), store_name(folder), None)
                    continue
                raise InputError(
                    "{path}: {why.strerror}", key="cannot-read", path=store_name(inbox.path), why=error
                ) from error
            for name, kind in listed:
                path = join_path(folder, name)
                if _is_litter(tree, folder, name, kind):
                    continue
                arrived = look_at(os.path.join(inbox.path, path), store_name(path))
                if kind == "d" and arrived.wrapping is None and path.count(b"/") + 1 < MAX_DEPTH:
                    below.append(path)
                else:
                    yield arrived
            waiting += reversed(below)


def look_at(path: bytes, name: str) -> Arrived:
    """Say what a path is, without following a link."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return Arrived(path, name, None)
    if stat.S_ISDIR(mode):
        return Arrived(path, name, Wrapping.FOLDER if _is_like_a_bundle(path) else None)
    ending = os.path.basename(path).lower()
    if not stat.S_ISREG(mode) or not ending.endswith((b".zip", b".zip.age")):
        return Arrived(path, name, None)
    return Arrived(path, name, Wrapping.AGE if ending.endswith(b".age") else Wrapping.ZIP)


def _is_like_a_bundle(path: bytes) -> bool:
    """Tell whether a folder is one delivery: a bundle, or what was meant to be one, and not a folder that sorts."""
    if any(os.path.lexists(os.path.join(path, name)) for name in (NAME, DECLARATION_FILE.encode("ascii"))):
        return True
    try:
        return is_bundle_folder(TreeLocation.find(path))
    except (InputError, EvidenceError, OSError):
        return False


def _is_litter(tree: Tree, folder: bytes, name: bytes, kind: str) -> bool:
    """Tell whether a system, and no sender, put it there."""
    if kind == "d":
        return not folder and name in SYSTEM_DIRECTORIES
    try:
        return kind == "f" and read_companion(tree, folder, name) is not None
    except OSError:
        return False
