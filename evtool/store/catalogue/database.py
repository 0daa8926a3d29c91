"""The file of a catalogue: made, opened, and written one transaction at a time."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from evtool.core.errors import BusyError, InputError, UsageError
from evtool.core.text.names import shown
from evtool.keys.files import create_file, read_secret_file
from evtool.scan.tree import HAS_DIRECTORY_DESCRIPTORS
from evtool.store.catalogue.tables import APPLICATION, TABLES, TRIGGERS, VERSION
from evtool.store.lock_holder import file_system_of
from evtool.store.medium import flush_directory, flush_to_medium

KEYED_DIGEST_SIZE = 16
"""Bytes of the keyed digest of an item: half of HMAC-SHA256 (RFC 2104), enough that two items never share one."""

_KEY_SIZE = 32
_WAIT_SECONDS = 30
_NETWORK = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.sshfs", "lustre", "ncpfs"}
    | {"nfs", "nfs4", "smb2", "smb3", "smbfs", "vboxsf"}
)
"""File systems on which two machines can write one file without seeing each other's locks. SQLite's write-ahead log
needs memory that all who use it share (sqlite.org, "Write-Ahead Logging", section 1)."""


class Names(Enum):
    """What of names and titles a catalogue holds; chosen when it is made, and never changed."""

    NONE = "none"
    """Neither: a stolen catalogue says what kinds of items there are, and under which terms."""
    TITLES = "titles"
    """The titles that archivists gave."""
    ALL = "all"
    """Titles, and the names of files."""


class Catalogue:
    """An open catalogue.

    Attributes:
        path: its file.
        names: what of names and titles it holds.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, key: bytes, names: Names) -> None:
        self.path = path
        self.names = names
        self._connection = connection
        self._key = key

    def key_digest(self, sha256: str) -> bytes:
        """Give the keyed digest of an item: 16 bytes, from the 64 hexadecimal digits of its SHA-256."""
        return hmac.digest(self._key, bytes.fromhex(sha256), hashlib.sha256)[:KEYED_DIGEST_SIZE]

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a connection on which all that is read belongs to one moment.

        Raises:
            InputError: the file cannot be read, or is damaged.
        """
        with _told_by_database(self.path):
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Give a connection for one transaction: all that is written is kept at the end, or nothing of it.

        Raises:
            InputError: the file cannot be written, or is damaged.
            BusyError: another run has been writing for longer than half a minute.
        """
        with _told_by_database(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def finish(self) -> None:
        """Note that all is in it that belongs into it.

        Raises:
            InputError: the file cannot be written.
        """
        with self.write() as connection:
            connection.execute("DELETE FROM setting WHERE name='unfinished'")

    @contextlib.contextmanager
    def alone(self, kind: str = "") -> Iterator[None]:
        """Keep other runs from beginning; what reads is not kept from anything. A run that is killed lets go.

        With a `kind` only those of that kind are kept from it, which goes on beside others.

        Raises:
            InputError: the lock beside the file cannot be made.
            BusyError: another run is under way.
        """
        lock = self.path.with_name(f"{self.path.name}.{kind}lock")
        with _told(self.path):
            os.close(os.open(lock, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(lock, isolation_level=None, timeout=0)
        try:
            with _told(self.path):
                # The locks of SQLite end with their process on every system, and nothing is written.
                connection.execute("BEGIN EXCLUSIVE")
            yield
        finally:
            connection.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


def key_file_of(path: Path) -> Path:
    """Give the file of the key of a catalogue's digests, which only its owner may read."""
    return path.with_name(f"{path.name}.key")


def journal_of(path: Path) -> Path:
    """Give the directory of a catalogue's journal, whose volumes are ordinary sealed collections."""
    return path.with_name(f"{path.name}.journal")


def add_file(path: Path, data: bytes) -> None:
    """Write a new file of a journal, which is there whole or not at all; called by the one run that is under way.

    Raises:
        InputError: it cannot be written.
    """
    # Beside the journal: whatever a killed run leaves in it would be sealed.
    part = path.parent.with_name(f".{path.parent.name}.part")
    with _told(path):
        with part.open("wb") as file:
            file.write(data)
            flush_to_medium(file)
        os.rename(part, path)
        _flush(path.parent)


def add_directory(path: Path) -> None:
    """Make a directory of a journal, unless it is there.

    Raises:
        InputError: it cannot be made.
    """
    with _told(path):
        os.makedirs(path.parent, mode=0o700, exist_ok=True)
        if not path.is_dir():
            os.mkdir(path, 0o700)
            _flush(path.parent)


def _flush(directory: Path) -> None:
    if HAS_DIRECTORY_DESCRIPTORS:
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            flush_directory(descriptor)
        finally:
            os.close(descriptor)


def make_catalogue(path: Path, names: Names, *, unfinished: bool = False) -> None:
    """Make an empty catalogue and the key of its digests. A key that is there is kept: it belongs to what was exported.

    One that is `unfinished` is made again from its journal, and refused by whoever opens it for work until
    `Catalogue.finish`. For any other, no journal may be there.

    Raises:
        UsageError: something is there already.
        InputError: it cannot be written there, or lies on a network file system.
        KeyFileError: the key that is there is open to others.
    """
    if os.path.lexists(path):
        raise UsageError("{path} already exists", key="catalogue-exists", path=shown(str(path)))
    if not unfinished and os.path.lexists(journal_of(path)):
        # An empty catalogue would hide that one was lost.
        raise UsageError(
            "{journal} already exists: it belongs to a catalogue that is gone",
            hint="`evtool catalogue rebuild {path}` makes that catalogue again from its journal and the bundles; for an"
            " empty one, take another name",
            key="catalogue-left",
            journal=shown(str(journal_of(path))),
            path=shown(str(path)),
        )
    key_file = key_file_of(path)
    if not os.path.lexists(key_file):
        create_file(key_file, secrets.token_hex(_KEY_SIZE).encode() + b"\n", 0o600)
    _read_key(path)
    # Made under another name: a catalogue is there whole, or not at all.
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _told(path):
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _require_local(part, path)
            connection = sqlite3.connect(part, isolation_level=None)
            try:
                connection.executescript(
                    f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; "
                    f"BEGIN; {TABLES} {TRIGGERS} COMMIT;"
                )
                connection.execute("INSERT INTO setting VALUES('names', ?)", (names.value,))
                if unfinished:
                    connection.execute("INSERT INTO setting VALUES('unfinished', '1')")
            finally:
                connection.close()
            os.rename(part, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


@contextlib.contextmanager
def open_catalogue(path: Path, *, unfinished: bool = False) -> Iterator[Catalogue]:
    """Open a catalogue; one that was not made again to its end only with `unfinished`.

    Raises:
        InputError: it is none, of another version, damaged, on a network file system, or cannot be opened.
        KeyFileError: its key is not there, or open to others.
    """
    if not path.exists() and journal_of(path).is_dir():
        raise InputError(
            "{path} does not exist, but its journal does",
            hint="`evtool catalogue rebuild {path}` makes the catalogue again from the journal and the bundles",
            key="catalogue-gone",
            path=shown(str(path)),
        )
    if not path.is_file():
        raise InputError(
            "{path} is not a catalogue",
            hint="`evtool catalogue init {path}` makes one",
            key="no-catalogue",
            path=shown(str(path)),
        )
    _require_local(path, path)
    key = _read_key(path)
    with _told(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=_WAIT_SECONDS)
    try:
        with _told(path):
            names = _prepare(connection, path, unfinished=unfinished)
        yield Catalogue(path, connection, key, names)
    finally:
        connection.close()


def _prepare(connection: sqlite3.Connection, path: Path, *, unfinished: bool) -> Names:
    """Refuse what is no catalogue of this version, and set what holds for every connection."""
    if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION,):
        raise InputError(
            "{path} is not a catalogue",
            hint="`evtool catalogue init {path}` makes one",
            key="no-catalogue",
            path=shown(str(path)),
        )
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version != VERSION:
        raise InputError(
            "{path} is a catalogue of version {found}; this evtool reads version {expected}",
            hint="move it away, and make it again from the records: `evtool catalogue rebuild`",
            key="catalogue-version",
            path=shown(str(path)),
            found=version,
            expected=VERSION,
        )
    if _is_unfinished(connection) and not unfinished:
        raise InputError(
            "{path} was not made again to its end",
            hint="repeat the command that makes it: `evtool catalogue rebuild {path}`",
            key="catalogue-unfinished",
            path=shown(str(path)),
        )
    for setting in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {setting}")
    return Names(connection.execute("SELECT value FROM setting WHERE name='names'").fetchone()[0])


def is_unfinished(path: Path) -> bool:
    """Tell whether a file is a catalogue that was not made again to its end: nothing is lost with it."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            is_ours = connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
            return is_ours and _is_unfinished(connection)
    except sqlite3.Error:
        return False


def _is_unfinished(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM setting WHERE name='unfinished'").fetchone() is not None


def _read_key(path: Path) -> bytes:
    file = key_file_of(path)
    text = read_secret_file(file, 2 * _KEY_SIZE + 1)
    try:
        key = bytes.fromhex(text.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_SIZE:
        raise InputError("{path} does not hold the key of a catalogue", key="catalogue-key", path=shown(str(file)))
    return key


def _require_local(path: Path, named: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        kind = file_system_of(descriptor)
    finally:
        os.close(descriptor)
    if kind in _NETWORK:
        raise InputError(
            "{path} is on a network file system ({kind}), where two computers could damage it",
            hint="keep the catalogue on a local disk; evidence may lie anywhere",
            key="catalogue-network",
            path=shown(str(named)),
            kind=kind,
        )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what the database or the system says as an error of this program."""
    try:
        with _told_by_database(path):
            yield
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown(str(path)), why=error) from error


@contextlib.contextmanager
def _told_by_database(path: Path) -> Iterator[None]:
    """As `_told`, around what reads other files as well: what the system says about those is not about this one."""
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
            raise BusyError(
                "another evtool is writing {path}",
                hint="wait until it has ended, then repeat the command",
                key="catalogue-busy",
                path=shown(str(path)),
            ) from error
        raise InputError(
            "{path}: {reason}",
            hint="if it is damaged, make it again from the records and the journal: `evtool catalogue rebuild`",
            key="catalogue-fails",
            path=shown(str(path)),
            reason=str(error),
        ) from error
