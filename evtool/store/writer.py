"""The one writer of custody directories: what it writes is complete or absent.

Files are written under temporary names, flushed to the medium, then given their names, the signature last: it makes
the entry exist. A name is only given where there is none, and what was written is read back in the end: a lock that
does not lock, as on some network shares, must not turn into a broken record. A run that fails takes back what it wrote;
one that is killed leaves temporary files, which the next writer recognises by name and removes. Evidence is never
opened here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from evtool.core.errors import BusyError, InputError, Way
from evtool.core.text.names import shown
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS, TreeLocation
from evtool.store.custody_names import FileRole, Listing, file_name
from evtool.store.lock import LOCK_FILE, DirectoryLock
from evtool.store.medium import flush_directory, read_back
from evtool.store.naming import exists, give_name
from evtool.store.written_file import WrittenFile, cannot_write

_BINARY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


_PAUSE = 0.2
"""Seconds between two tries to get a lock that another run holds."""


def part_name(name: str) -> str:
    """Name a file while it is being written."""
    return f".{name}.part"


_UNRELIABLE = "the record may be broken: run `evtool verify DIR`; do not rely on this medium or share"


class CustodyWriter:
    """Exclusive right to write one custody directory.

    Use as a context manager; leaving it without a complete `commit` removes what was written, and the directory too if
    it was made for this run and is empty. Where the platform has directory descriptors, every name is taken relative
    to the directory that was locked: a link that is swapped in while evtool runs leads nowhere.
    """

    def __init__(self, path: bytes, *, wait: float = 0.0) -> None:
        """Prepare to write a directory; `wait` is for how many seconds another run's lock is waited for."""
        self._path = path
        self._wait = wait
        self._made = False
        self._directory: int | None = None
        """The open directory; None if names cannot be taken relative to one."""
        self._lock: DirectoryLock | None = None
        self._written: dict[str, WrittenFile] = {}
        self._identities: dict[str, tuple[int, int]] = {}
        """Device and inode of each written file: it keeps them when it gets its name."""
        self._named: set[str] = set()
        self._commit: list[str] = []
        """Names of the commit under way, in their order."""

    def __enter__(self) -> CustodyWriter:
        until = time.monotonic() + self._wait
        while True:
            try:
                return self._enter()
            except BusyError:
                left = until - time.monotonic()
                if left <= 0:
                    raise
            time.sleep(min(_PAUSE, left))

    def _enter(self) -> CustodyWriter:
        self._made = False
        try:
            os.mkdir(self._path)
            self._made = True
        except FileExistsError:
            pass
        except OSError as error:
            raise InputError(
                "the custody directory cannot be made: {why.strerror}",
                hint="{advice.hint}",
                key="custody-not-made",
                ways=(Way.CUSTODY,),
                why=error,
                advice=cannot_write(self._place, error),
            ) from error
        try:
            self._directory = self._open()
            self._lock = DirectoryLock(self._directory, self._at)
            self._lock.acquire()
        except BaseException as error:
            # Held by another run, the directory is its by now, even if it is still empty.
            self._made = self._made and not isinstance(error, BusyError)
            self._release()
            raise
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        try:
            self._undo()
        finally:
            self._release()

    @property
    def location(self) -> TreeLocation:
        """Where the directory is, and which one: the one that was locked."""
        if self._directory is None:
            return TreeLocation.find(self._path)
        facts = os.fstat(self._directory)
        return TreeLocation(self._path, facts.st_dev, facts.st_ino)

    def clean(self, listing: Listing, *, keep: str, informational: Mapping[str, str]) -> None:
        """Remove what an interrupted run left behind, and finish it where only its informational files are missing.

        `keep` names the journal that the next seal can use; `informational` is what the newest entry says of the
        informational files: name -> SHA-256.

        Raises:
            InputError: an entry has lost its signature in some other way; it is somebody's record and stays.
        """
        given: list[str] = []
        for sequence, event in listing.unsigned:
            signature = file_name(sequence, event, FileRole.SIGNATURE)
            # The signature is named last, so an interrupted run always leaves its temporary file.
            if part_name(signature) not in listing.unfinished:
                raise InputError(
                    "entry {entry} has no signature, and there was no interrupted run",
                    hint="restore {signature} from a copy, or move away the files that begin with {prefix}",
                    key="entry-no-signature",
                    entry=sequence,
                    signature=signature,
                    prefix=f"{sequence:04d}",
                )
            given += [file_name(sequence, event, role) for role in listing.files[sequence, event]]
        left = [name for name in listing.unfinished if name not in (part_name(keep), LOCK_FILE)]
        for name, digest in informational.items():
            if part_name(name) in left and self._digest(part_name(name)) == digest:
                self._replace(name)
                left.remove(part_name(name))
        # The temporary signature goes last: as long as it is there, the other files are known to be leftovers.
        for name in given + sorted(left, key=lambda name: name.endswith(".toml.sig.part")):
            try:
                os.unlink(self._at(name), dir_fd=self._directory)
            except OSError as error:
                raise InputError(
                    "custody file {name}, left by an interrupted run, cannot be removed: {why.strerror}",
                    hint="{advice.hint}",
                    key="custody-not-removed",
                    name=shown(name),
                    why=error,
                    advice=cannot_write(name, error),
                ) from error

    def create(self, name: str) -> WrittenFile:
        """Open a new file under its temporary name.

        Raises:
            InputError: it exists, or cannot be made.
        """
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
            descriptor = os.open(self._at(part_name(name)), flags, 0o666, dir_fd=self._directory)
        except OSError as error:
            raise cannot_write(name, error) from error
        facts = os.fstat(descriptor)
        self._identities[name] = (facts.st_dev, facts.st_ino)
        self._written[name] = WrittenFile(descriptor, name)
        return self._written[name]

    def open_kept(self, name: str) -> BinaryIO:
        """Open a file that stays under its temporary name for the next run; what it holds can be read, and added to.

        Raises:
            InputError: it cannot be opened.
        """
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _BINARY
            descriptor = os.open(self._at(part_name(name)), flags, 0o600, dir_fd=self._directory)
        except OSError as error:
            raise cannot_write(name, error) from error
        return os.fdopen(descriptor, "a+b", buffering=1024 * 1024)

    def write(self, name: str, data: bytes) -> None:
        """Write one small file under its temporary name, and flush it to the medium."""
        with self.create(name) as file:
            file.write(data)
            file.flush_to_medium()

    def commit(self, names: Iterable[str], *, informational: Iterable[str] = ()) -> None:
        """Give written files their names, in this order; the last of `names` makes the entry exist.

        The directory is flushed before that name is given, so that the entry never exists without its parts, and
        after it. Informational files come afterwards and replace those of that name: until the entry exists, nothing
        that an earlier one names changes. In the end every file is read back under its name.

        Raises:
            BusyError: another run took the lock away, or the names; nothing was overwritten.
            InputError: a name is taken, the medium failed, or a file does not read back as it was written.
        """
        order, texts = list(names), list(informational)
        if self._lock is None or not self._lock.is_held:
            raise _overtaken(LOCK_FILE)
        for name in order:
            if self._exists(name):
                raise InputError(
                    "custody file {name} already exists; nothing was overwritten",
                    key="custody-file-exists",
                    name=shown(name),
                )
        if self._made:
            self._flush_parent()
        self._commit = order
        for name in order[:-1]:
            self._give_name(name)
        self._flush_directory()
        self._give_name(order[-1])
        try:
            self._flush_directory()
            for name in texts:
                self._replace(name)
            self._flush_directory()
        except InputError as error:
            raise InputError(
                "{name} was written, but the medium did not confirm it: {why}",
                hint="check the medium, then run `evtool verify DIR`, and make a copy on another medium",
                key="not-confirmed",
                name=shown(order[-1]),
                why=error,
            ) from error
        for name in order + texts:
            self._read_back(name)

    def remove(self, name: str) -> None:
        """Remove a temporary file that is no longer of use."""
        # One that stays is removed by the next run.
        with contextlib.suppress(OSError):
            os.unlink(self._at(part_name(name)), dir_fd=self._directory)

    def _undo(self) -> None:
        """Take back what was written, unless the entry exists.

        What is on disk decides, not what this run remembers: it may have been interrupted between the two.
        """
        if self._commit and self._is_named(self._commit[-1]):
            return  # what is left is for the next run to finish
        names = [name for name in self._commit[:-1] if self._is_named(name)]
        # The temporary signature goes last: it tells the next run what the rest is.
        parts = sorted(self._written, key=lambda name: name in self._commit[-1:])
        with contextlib.suppress(OSError):
            for name in [*names, *map(part_name, parts)]:
                if self._exists(name):
                    os.unlink(self._at(name), dir_fd=self._directory)

    def _is_named(self, name: str) -> bool:
        """Tell whether a written file has its name; another run's file may have it instead."""
        try:
            facts = os.stat(self._at(name), dir_fd=self._directory, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return name in self._named or (facts.st_dev, facts.st_ino) == self._identities.get(name)

    def _give_name(self, name: str) -> None:
        """Give a written file its name if nothing has it: a link fails where a name is taken, on every computer."""
        try:
            # Without hard links (FAT), the lock alone keeps another run from taking the name now.
            give_name(self._at(part_name(name)), self._at(name), directory=self._directory)
        except FileExistsError:
            raise _overtaken(name) from None
        except OSError as error:
            raise cannot_write(name, error) from error
        self._named.add(name)

    def _replace(self, name: str) -> None:
        part = self._at(part_name(name))
        try:
            os.replace(part, self._at(name), src_dir_fd=self._directory, dst_dir_fd=self._directory)
        except OSError as error:
            raise cannot_write(name, error) from error
        self._named.add(name)

    def _read_back(self, name: str) -> None:
        """Compare a file, under its name, with what was written.

        Raises:
            InputError: it is another one, or cannot be read.
        """
        try:
            found = read_back(os.open(self._at(name), os.O_RDONLY | _BINARY, dir_fd=self._directory))
        except OSError as error:
            raise InputError(
                "custody file {name} was written, but cannot be read back: {why.strerror}",
                hint=_UNRELIABLE,
                key="custody-not-read-back",
                name=shown(name),
                why=error,
            ) from error
        if found != self._written[name].sha256:
            raise InputError(
                "custody file {name} was written, but different bytes were read back",
                hint=_UNRELIABLE,
                key="custody-other-bytes",
                name=shown(name),
            )

    def _exists(self, name: str) -> bool:
        return exists(self._at(name), directory=self._directory)

    def _digest(self, name: str) -> str:
        with os.fdopen(os.open(self._at(name), os.O_RDONLY | _BINARY, dir_fd=self._directory), "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _at(self, name: str) -> bytes:
        """Give the path of a file for calls that take `dir_fd=self._directory`."""
        return os.fsencode(name) if self._directory is not None else os.path.join(self._path, os.fsencode(name))

    def _flush_directory(self) -> None:
        if self._directory is not None:
            self._flush(self._directory)

    def _flush_parent(self) -> None:
        """A new directory whose own name never reached the medium is lost with all that is in it."""
        if HAS_DIRECTORY_DESCRIPTORS:
            parent = os.open(os.path.dirname(self._path), _DIRECTORY & ~getattr(os, "O_NOFOLLOW", 0))
            try:
                self._flush(parent)
            finally:
                os.close(parent)

    def _flush(self, directory: int) -> None:
        try:
            flush_directory(directory)
        except OSError as error:
            raise cannot_write(self._place, error, "the custody directory") from error

    @property
    def _place(self) -> str:
        """The directory as it is named in messages: by its last two names."""
        return "/".join(os.fsdecode(self._path).split(os.sep)[-2:])

    def _open(self) -> int | None:
        if not HAS_DIRECTORY_DESCRIPTORS:
            return None
        try:
            return os.open(self._path, _DIRECTORY)
        except OSError as error:
            link = os.path.islink(self._path)
            raise InputError(
                "{path} is a symbolic link, and could lead anywhere"
                if link
                else "{path} cannot be used: {why.strerror}",
                hint="it counts as evidence; keep the custody directory elsewhere",
                key="custody-is-link" if link else "custody-not-used",
                ways=(Way.CUSTODY,),
                path=shown(os.fsdecode(os.path.basename(self._path))),
                why=error,
            ) from error

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if self._made:
            # Empty only if nothing was sealed and nothing is kept for the next run.
            with contextlib.suppress(OSError):
                os.rmdir(self._path)
        if self._directory is not None:
            os.close(self._directory)
            self._directory = None


def _overtaken(name: str) -> BusyError:
    return BusyError(
        "another evtool wrote to this custody directory at the same time ({name}); this run added nothing",
        hint="wait until it has finished, then run the command again; locks do not work between computers that "
        "share this medium",
        key="written-at-once",
        name=shown(name),
    )
