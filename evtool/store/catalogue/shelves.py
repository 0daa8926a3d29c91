"""Where a repository puts what came in: one bundle, one place, at any moment.

    STORE/quarantine/new-0123456789abcdef/     just taken out of an inbox; what it is has not been looked at
    STORE/quarantine/SHA256/                   under its digest, until it is stored, or a person decides
    STORE/COLLECTION/HEAD/                     taken in
    STORE/evtool-store.txt                     in which version of this layout

Each of these is a *shelf*, a folder for one bundle, which goes from place to place by one rename with all that belongs
to it: `bundle.zip`, `bundle.zip.age` or the folder `bundle`, byte for byte as it came; `name`, how it was called;
`bundle.zip.received`, the directory that continues its record; and `receipt`. What a stranger calls a file is in none
of these paths.

From one medium to another nothing is renamed: the bundle is copied, flushed, read back and compared, and the original
stays where it is. Nothing here removes a bundle.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from evtool.core.errors import BusyError, InputError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown, store_name
from evtool.core.text.patterns import Exclusions
from evtool.keys.files import sync_directory
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS, Tree, TreeLocation
from evtool.scan.walk import Kind, WalkNotes, walk
from evtool.store.catalogue.inbox import Arrived, Wrapping
from evtool.store.lock import DirectoryLock
from evtool.store.medium import flush_to_medium, read_back
from evtool.store.new_tree import NewTree, NoSuchPlaceError
from evtool.store.output import write_new_file
from evtool.store.removal import remove_content
from evtool.store.work import remove_leftovers

QUARANTINE = "quarantine"
MARKER = "evtool-store.txt"
"""File at the root of a store whose first line is its format."""

_FORMAT = "evtool-store/1"

_BUNDLE, _NAME, _RECEIPT, _COPYING = "bundle", "name", "receipt", "copying"
_NEW = "new-"
_SHELF = compiled_when_used(r"(?:new-[0-9a-f]{16}|[0-9a-f]{64}(?:-[0-9]+)?)\Z")
_CHUNK = 1024 * 1024
_MAX_NAME = 16 * 1024
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_TRIES = 10_000

CONTINUED = ".received"
"""What the name of a bundle gets for the directory that continues its record, as everywhere."""


class Shelf(Struct, frozen=True):
    """The folder of one bundle.

    Attributes:
        folder: where it is.
        wrapping: what the bundle lies in.
    """

    folder: Path
    wrapping: Wrapping

    @property
    def bundle(self) -> Path:
        """The bundle itself."""
        return self.folder / f"{_BUNDLE}{self.wrapping.value}"

    @property
    def continued(self) -> Path:
        """The directory that continues its record."""
        return self.folder / f"{_BUNDLE}{self.wrapping.value}{CONTINUED}"

    @property
    def receipt(self) -> Path:
        """The receipt that was signed for it."""
        return self.folder / _RECEIPT

    @property
    def is_labelled(self) -> bool:
        """Whether its name says the digest of the bundle."""
        return not self.folder.name.startswith(_NEW)

    def read_name(self) -> str:
        """Give how the bundle was called when it came, in stored form."""
        try:
            with open(self.folder / _NAME, "rb") as file:
                return file.read(_MAX_NAME).decode("utf-8", "replace").rstrip("\n")
        except OSError:
            return self.bundle.name


class BundleMark(Struct, frozen=True):
    """What the system says of a bundle; while that is the same, nobody has written to it.

    Attributes:
        text: of every file which one it is, its size and dates; of a folder also which names there are.
        bytes: bytes of all files.
        changed: when anything in it was last written, in seconds since 1970.
    """

    text: str
    bytes: int
    changed: float


class Shelves:
    """The store of one repository. Whoever changes anything holds its lock."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.quarantine = root / QUARANTINE

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of the store, which is made if it is not there.

        Raises:
            BusyError: another run takes bundles in, or decides on one.
            InputError: it cannot be made, has no locks, or is in another version.
        """
        try:
            self.quarantine.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.quarantine, os.O_RDONLY) if HAS_DIRECTORY_DESCRIPTORS else None
        except OSError as error:
            raise cannot_store(self.root, error) from error
        lock = DirectoryLock(descriptor, self._at_lock if descriptor is None else os.fsencode)
        try:
            lock.acquire()
            try:
                self._require_format()
                yield
            finally:
                lock.release()
        except BusyError as error:
            raise BusyError(
                "another evtool is taking bundles into {path}",
                hint="wait until it has finished, then run the command again; bundles that came meanwhile are safe",
                key="store-busy",
                path=shown(str(self.root)),
            ) from error
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _require_format(self) -> None:
        """Refuse a store in another version; say in a new one in which it is."""
        path = self.root / MARKER
        for _ in remove_leftovers(path):
            pass
        if not os.path.lexists(path):
            write_new_file(path, f"{_FORMAT}\n".encode())
        try:
            with open(path, "rb") as file:
                found = file.read(_MAX_NAME).decode("utf-8", "replace").partition("\n")[0]
        except OSError as error:
            raise cannot_store(path, error) from error
        if found != _FORMAT:
            raise InputError(
                "{path} says that this store is in format {found}, and this version works on {format}",
                hint="use the evtool that the store was made with, or a newer one",
                key="store-format",
                path=shown(str(path)),
                found=shown(found, 80),
                format=_FORMAT,
            )

    def _at_lock(self, name: str) -> bytes:
        return os.fsencode(self.quarantine / name)

    def waiting(self) -> list[Shelf]:
        """List the shelves in quarantine; what a killed run left of a move that had not begun is cleared away.

        Raises:
            InputError: it cannot be listed.
        """
        try:
            names = sorted(os.listdir(self.quarantine))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise cannot_store(self.quarantine, error) from error
        for name in names:
            if name.startswith(".0000-lock.") and name.endswith(".part"):  # of a run killed while it took the lock
                with contextlib.suppress(OSError):
                    os.unlink(self.quarantine / name)
        found = (self._open_shelf(self.quarantine / name) for name in names if _SHELF.match(name))
        return [shelf for shelf in found if shelf is not None]

    def find(self, path: str) -> Shelf | None:
        """Give the shelf of a bundle by its path in the store, as `path_of` gives it; None if it is not there."""
        bundle = self.root / path
        wrapping = next((each for each in Wrapping if bundle.name == f"{_BUNDLE}{each.value}"), None)
        return Shelf(bundle.parent, wrapping) if wrapping is not None and os.path.lexists(bundle) else None

    def path_of(self, shelf: Shelf) -> str:
        """Give the path of a bundle in the store, with `/`."""
        return shelf.bundle.relative_to(self.root).as_posix()

    def is_elsewhere(self, arrived: Arrived) -> bool:
        """Tell whether something cannot be moved here: it is on another medium, or has a second name elsewhere."""
        try:
            facts = os.lstat(arrived.path)
            return facts.st_dev != os.stat(self.quarantine).st_dev or (
                stat.S_ISREG(facts.st_mode) and facts.st_nlink > 1
            )
        except OSError:
            return False

    def take(self, arrived: Arrived) -> Shelf:
        """Move a bundle out of an inbox, on a new shelf in quarantine; copy it if it `is_elsewhere`.

        Raises:
            OSError: it cannot be moved; it is where it was.
            InputError: the copy is not the original, or holds what is neither file, folder nor link.
        """
        if arrived.wrapping is None:
            raise ValueError("what is no bundle stays in the inbox")
        shelf = Shelf(self.quarantine / f"{_NEW}{secrets.token_hex(8)}", arrived.wrapping)
        os.mkdir(shelf.folder, 0o700)
        try:
            _write(shelf.folder / _NAME, f"{arrived.name}\n".encode())
            if self.is_elsewhere(arrived):
                _copy(arrived, shelf)
            else:
                try:
                    os.rename(arrived.path, shelf.bundle)
                except OSError as error:
                    if error.errno != errno.EXDEV:  # a second mount of one file system has the same device
                        raise
                    _copy(arrived, shelf)
        except BaseException:
            if not os.path.lexists(shelf.bundle):
                self._clear(shelf.folder)
            raise
        sync_directory(shelf.folder)
        sync_directory(self.quarantine)
        with contextlib.suppress(OSError):  # the inbox may be readable only; the name is gone there all the same
            sync_directory(Path(os.fsdecode(os.path.dirname(arrived.path))))
        return shelf

    def label(self, shelf: Shelf, sha256: str) -> Shelf:
        """Put a shelf under the digest of its bundle; one more of the same bytes gets a number behind it.

        Raises:
            InputError: the medium fails.
        """
        if shelf.folder.name.partition("-")[0] == sha256:
            return shelf
        return self._move(shelf, self._free(self.quarantine / sha256))

    def free_path(self, shelf: Shelf, collection: str, head: str) -> str:
        """Give the path that a bundle gets in the store, by its collection and its newest entry; nothing is there."""
        return self.path_of(Shelf(self._free(self.root / collection / head), shelf.wrapping))

    def place(self, shelf: Shelf, path: str) -> Shelf:
        """Put a shelf where its bundle has this path in the store.

        Raises:
            InputError: the medium fails, or something is there.
        """
        return self._move(shelf, (self.root / path).parent)

    def _move(self, shelf: Shelf, folder: Path) -> Shelf:
        try:
            if not folder.parent.is_dir():
                folder.parent.mkdir(mode=0o700)
                sync_directory(self.root)
            # POSIX would replace an empty directory; here nobody else works, and none is empty.
            if os.path.lexists(folder):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.rename(shelf.folder, folder)
            sync_directory(folder.parent)
            if shelf.folder.parent != folder.parent:
                sync_directory(shelf.folder.parent)
        except OSError as error:
            raise cannot_store(folder, error) from error
        return Shelf(folder, shelf.wrapping)

    def _free(self, folder: Path) -> Path:
        for number in range(1, _TRIES):
            path = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
            if not os.path.lexists(path):
                return path
        raise InputError(
            "{path} has come {count:,} times", key="store-too-often", path=shown(str(folder)), count=_TRIES
        )

    def _open_shelf(self, folder: Path) -> Shelf | None:
        if folder.is_symlink() or not folder.is_dir():
            return None
        names = set(os.listdir(folder))
        for wrapping in Wrapping:
            if f"{_BUNDLE}{wrapping.value}" in names:
                return Shelf(folder, wrapping)
        if names <= {_NAME, _COPYING}:
            self._clear(folder)
        return None

    def _clear(self, folder: Path) -> None:
        """Remove a shelf on which no bundle has arrived: the original is in the inbox."""
        with contextlib.suppress(OSError):
            remove_content(folder)
            os.rmdir(folder)


def mark(bundle: Path) -> BundleMark:
    """Say what the system says of a bundle, without reading it.

    Raises:
        OSError: it cannot be looked at.
        InputError: it is neither a file nor a folder.
    """
    facts = os.lstat(bundle)
    if stat.S_ISREG(facts.st_mode):
        return BundleMark(_said(facts), facts.st_size, facts.st_mtime)
    _require_folder(bundle, facts)
    digest, size, changed = hashlib.sha256(), 0, facts.st_mtime
    with Tree(TreeLocation.find(os.fsencode(bundle))) as tree:
        for found in walk(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()):
            facts = tree.stat(found.directory, found.name)
            size += facts.st_size if found.kind is Kind.FILE else 0
            changed = max(changed, facts.st_mtime)
            digest.update(b"%s\0%s\n" % (found.path, _said(facts).encode("ascii")))
    return BundleMark(digest.hexdigest(), size, changed)


def _said(facts: os.stat_result) -> str:
    # The time of change is set by the system, and by nobody else.
    return f"{facts.st_ino} {facts.st_mode} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns}"


def digest_of(bundle: Path) -> str:
    """Give the SHA-256 of a bundle: of its bytes, or of the list of all that is in a folder.

    That list has a line for each file, as `sha256sum` writes them over `find . -type f`, in the order of path bytes; a
    link, an empty folder and what else there is have the word for it in place of a digest, a link with that of where it
    leads.

    Raises:
        OSError: it cannot be read.
        InputError: it is neither a file nor a folder.
    """
    facts = os.lstat(bundle)
    if stat.S_ISREG(facts.st_mode):
        with os.fdopen(os.open(bundle, _READ), "rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    _require_folder(bundle, facts)
    digest = hashlib.sha256()
    with Tree(TreeLocation.find(os.fsencode(bundle))) as tree, Tree(tree.location) as reading:
        for found in walk(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()):
            word = found.kind.name.lower().replace("_", "-")
            if found.kind is Kind.FILE:
                with os.fdopen(reading.open_file(found.directory, found.name), "rb", buffering=0) as file:
                    word = hashlib.file_digest(file, "sha256").hexdigest()
            elif found.kind is Kind.SYMLINK:
                word = f"symlink {hashlib.sha256(reading.read_link(found.directory, found.name)).hexdigest()}"
            digest.update(f"{word}  ./{store_name(found.path)}\n".encode())
    return digest.hexdigest()


def flush_bundle(shelf: Shelf) -> None:
    """Have a bundle on the medium, whoever wrote it.

    Raises:
        OSError: the medium failed.
    """
    if shelf.wrapping is not Wrapping.FOLDER:
        _flush(os.open(shelf.bundle, _READ))
        return
    with Tree(TreeLocation.find(os.fsencode(shelf.bundle))) as tree, Tree(tree.location) as reading:
        for found in walk(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()):
            if found.kind is Kind.FILE:
                _flush(reading.open_file(found.directory, found.name))


def _flush(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require_folder(bundle: Path, facts: os.stat_result) -> None:
    if not stat.S_ISDIR(facts.st_mode):
        raise InputError("{path} is not a regular file", key="not-regular", path=shown(bundle.name))


def _write(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        flush_to_medium(file)


def _copy(arrived: Arrived, shelf: Shelf) -> None:
    """Copy a bundle onto its shelf, under another name until it is there and is the same.

    Raises:
        OSError: it cannot be read or written.
        InputError: what was written is not what was read.
    """
    copying, source = shelf.folder / _COPYING, Path(os.fsdecode(arrived.path))
    if shelf.wrapping is Wrapping.FOLDER:
        os.mkdir(copying, 0o700)
        _copy_folder(source, copying)
    else:
        with os.fdopen(os.open(source, _READ), "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError("{path} is not a regular file", key="not-regular", path=shown(arrived.name))
            _write_chunks(copying, iter(lambda: file.read(_CHUNK), b""))
    if digest_of(copying) != digest_of(source):
        raise InputError(
            "{path} is not the same after it was copied; it may still be written, or one of the two media is failing",
            hint="wait until the sender has finished, then run the command again",
            key="copy-differs",
            path=shown(arrived.name),
        )
    os.rename(copying, shelf.bundle)


def _copy_folder(source: Path, target: Path) -> None:
    with NewTree(target) as new, Tree(TreeLocation.find(os.fsencode(source))) as tree, Tree(tree.location) as reading:
        for found in walk(tree, custody_name=None, exclusions=Exclusions(), notes=WalkNotes()):
            try:
                if found.kind is Kind.FILE:
                    with os.fdopen(reading.open_file(found.directory, found.name), "rb", buffering=0) as file:
                        new.write_file(found.path, iter(lambda: file.read(_CHUNK), b""))  # used up here
                elif found.kind is Kind.SYMLINK:
                    new.make_link(found.path, reading.read_link(found.directory, found.name))
                elif found.kind is Kind.EMPTY_DIRECTORY:
                    new.make_directory(found.path)
                else:
                    raise InputError("{path} is not a regular file", key="not-regular", path=store_name(found.path))
            except NoSuchPlaceError as error:
                raise InputError(
                    "{path} cannot be had on this medium", key="store-no-such-name", path=store_name(found.path)
                ) from error


def _write_chunks(path: Path, chunks: Iterator[bytes]) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        flush_to_medium(file)
    if read_back(os.open(path, _READ)) != digest.hexdigest():
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def cannot_store(path: Path, error: OSError) -> InputError:
    """Say that the store cannot be used."""
    return InputError("{path}: {why.strerror}", key="cannot-read", path=shown(str(path)), why=error)
