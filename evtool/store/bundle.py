"""A bundle, open for reading: a BagIt bag with the evidence under `data/` and the record under `custody/`.

A folder and a container (`evtool.store.zip_bundle`) offer the same: the small files of the bag, the record, and the
evidence as a source for comparisons.
"""

from __future__ import annotations

import hashlib
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Self, TypeVar

from evtool.core.container.bagit import (
    DECLARATION_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    PAYLOAD_DIRECTORY,
    TAG_MANIFEST_FILE,
)
from evtool.core.container.companions import SYSTEM_DIRECTORIES, find_companion
from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Words
from evtool.core.text.limits import MAX_BAG_LINE, MAX_BAG_README, MAX_INFO
from evtool.core.text.names import shown, shown_path, store_name
from evtool.core.text.patterns import Exclusions
from evtool.scan.companions import describe_companion
from evtool.scan.engine import Task, Workers, observe_all
from evtool.scan.observe import Observation
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import Found, Kind, WalkNotes, walk
from evtool.store.bounds import Bound, of_lines, of_size, read_within
from evtool.store.custody import CustodyDirectory, CustodyFile, CustodyReader
from evtool.store.custody_names import NAME, RECORD, bound_of

PAYLOAD_PREFIX = f"{PAYLOAD_DIRECTORY}/"

_Context = TypeVar("_Context")


class Bundle(ABC):
    """A bundle. Paths are relative to the bag, with `/`; payload names are relative to `data/`, as bytes.

    Attributes:
        custody: the record.
        tags: SHA-256 of every file outside of `data/`, by its path.
        unread: why a file outside of `data/` was not read to its end, by its path; it has no SHA-256 then.
        data: the directory of the payload; None if one file holds the whole bundle.
        payload: SHA-256 of every payload file, by its name; empty for files that have not been read (yet).
        sizes: bytes of the payload files that have been read, by name.
        foreign: what is outside of `data/` and neither a file nor a directory of the bag, in shown form.
        companions: what other systems wrote beside the files of the bag: stored name, and who did.
    """

    custody: CustodyReader
    data: TreeLocation | None
    tags: dict[str, str]
    unread: dict[str, str]
    payload: dict[bytes, str]
    sizes: dict[bytes, int]
    foreign: list[str]
    companions: list[tuple[str, Words]]

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    @abstractmethod
    def open_tag(self, path: str) -> CustodyFile:
        """Open a file outside of `data/`.

        Raises:
            InputError: it is not there.
        """

    @abstractmethod
    def walk(self, notes: WalkNotes) -> Iterator[Found]:
        """Yield the payload files in the order of items."""

    @abstractmethod
    def observe(
        self, tasks: Iterable[Task[_Context]], *, jobs: int | Workers
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Observe payload files."""

    def read_tag(self, path: str, limit: int) -> bytes:
        """Read a small file outside of `data/`.

        Raises:
            InputError: it is not there.
            FormatError: it is larger than `limit` bytes.
        """
        with self.open_tag(path) as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise FormatError("{name} has more than {limit} bytes", key="file-long", name=shown(path), limit=limit)
        return data

    def read_chunks(self, path: str) -> Iterator[bytes]:
        """Read a file outside of `data/` piece by piece, within the bound that its name gives it.

        Raises:
            InputError: it is not there.
            FormatError: it is too large to be what its name says.
        """
        with self.open_tag(path) as file:
            yield from read_within(path, file.read, bound_of_tag(path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FolderBundle(Bundle):
    """A bundle that is a folder."""

    data: TreeLocation

    def __init__(self, location: TreeLocation) -> None:
        self._root = Tree(location)
        self.data = _find_directory(location, PAYLOAD_DIRECTORY.encode("ascii"))
        self.custody = CustodyDirectory(_find_directory(location, NAME))
        self.payload = {}
        self.sizes = {}
        self.foreign = []
        self.companions = []
        self.tags = {}
        self.unread = {}
        self._listed: frozenset[bytes] | None = None
        for path in self._list_tags():
            digest = hashlib.sha256()
            try:
                for chunk in self.read_chunks(path):
                    digest.update(chunk)
                self.tags[path] = digest.hexdigest()
            except FormatError as error:
                self.tags[path], self.unread[path] = "", error.message

    def close(self) -> None:
        """Close the directories."""
        self.custody.close()
        self._root.close()

    def open_tag(self, path: str) -> CustodyFile:
        """Open a file outside of `data/`."""
        directory, _, name = path.rpartition("/")
        try:
            descriptor = self._root.open_file(os.fsencode(directory), os.fsencode(name))
        except OSError as error:
            raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(path), why=error) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InputError("{path} is not a regular file", key="not-regular", path=shown(path))
        return os.fdopen(descriptor, "rb", buffering=256 * 1024)

    def walk(self, notes: WalkNotes) -> Iterator[Found]:
        """Yield what is below `data/`; files that other systems wrote there are no part of it."""
        listed = self._listed_companions()
        with Tree(self.data) as tree, Tree(self.data) as looking:
            for found in walk(tree, custody_name=None, exclusions=Exclusions(), notes=notes):
                who = describe_companion(looking, found)
                if who is not None and found.path not in listed:
                    notes.companions.append((store_name(found.path), who))
                    continue
                if found.kind is Kind.FILE:
                    self.payload.setdefault(found.path, "")
                yield found

    def observe(
        self, tasks: Iterable[Task[_Context]], *, jobs: int | Workers
    ) -> Iterator[tuple[Task[_Context], Observation]]:
        """Observe payload files, and remember their digests."""
        for task, observation in observe_all(self.data, tasks, jobs=jobs):
            if observation.sha256 and observation.stamp:
                self.payload[task.found.path] = observation.sha256
                self.sizes[task.found.path] = observation.stamp.size
            yield task, observation

    def _listed_companions(self) -> set[bytes]:
        """Give the listed payload files that are named as companions are: they can also be evidence."""
        prefix = PAYLOAD_PREFIX.encode("ascii")
        listed: set[bytes] = set()
        try:
            with self.open_tag(MANIFEST_FILE) as file:
                while line := file.readline(MAX_BAG_LINE):
                    path = line.rstrip(b"\n").partition(b"  ")[2]
                    if find_companion(path.rpartition(b"/")[2]) is not None:
                        listed.add(path.removeprefix(prefix))
        except InputError:
            pass
        return listed

    def _list_tags(self) -> Iterator[str]:
        for directory in (b"", NAME):
            prefix = directory + b"/" if directory else b""
            for name, kind in sorted(self._root.list_directory(directory)):
                path = prefix + name
                if not directory and kind == "d" and name in (NAME, PAYLOAD_DIRECTORY.encode("ascii")):
                    continue
                if kind == "f":
                    who = describe_companion(self._root, Found(directory, name, Kind.FILE))
                    if who is None:
                        yield os.fsdecode(path)
                    elif not directory:  # those in the record are found with the rest of it
                        self.companions.append((store_name(path), who))
                elif kind == "d" and name in SYSTEM_DIRECTORIES:
                    if not directory:
                        self.companions.append((store_name(path), Words("system-folder")))
                else:
                    self.foreign.append(shown_path(path))


_BOUNDS = {
    DECLARATION_FILE: of_size(MAX_INFO),
    INFO_FILE: of_size(MAX_INFO),
    MANIFEST_FILE: of_lines(MAX_BAG_LINE),
    TAG_MANIFEST_FILE: of_lines(MAX_BAG_LINE),
}


def bound_of_tag(path: str) -> Bound:
    """Give the bound of a file outside of `data/`; what does not belong there is small, or not read."""
    if path.startswith(f"{RECORD}/"):
        return bound_of(path[len(RECORD) + 1 :])
    return _BOUNDS.get(path, of_size(MAX_BAG_README))


def _find_directory(bag: TreeLocation, name: bytes) -> TreeLocation:
    path = os.path.join(bag.path, name)
    try:
        facts = os.lstat(path)
    except OSError as error:
        raise InputError(
            "the bundle has no directory {name}: {why.strerror}",
            key="bundle-no-directory",
            name=name.decode(),
            why=error,
        ) from error
    if not stat.S_ISDIR(facts.st_mode):
        raise InputError("{name} in the bundle is not a directory", key="bundle-not-directory", name=name.decode())
    return TreeLocation(path, facts.st_dev, facts.st_ino)
