"""A repository with copies of one collection in every form, for tests that damage and audit them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from evtool.core.text.times import format_utc
from evtool.core.values import replace
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer
from evtool.operations.author import Author
from evtool.operations.catalogue.audit import AuditOptions, AuditResult, Stopwatch, audit
from evtool.operations.catalogue.locations import Location, LocationKind, add_location
from evtool.scan.progress import NoProgress, Progress
from evtool.store.catalogue.database import open_catalogue
from tests.catalogue.repository import make_repository, make_sender, pack, rows
from tests.conftest import make_runner

START = datetime(2027, 1, 1, 22, 0, tzinfo=UTC)
"""The first night. Every copy was last read so long before it as a test says, or a day."""

DAY = timedelta(days=1)


@dataclass
class Clock:
    """A clock on the wall that tests set, and a stopwatch that runs with what is slept."""

    moment: datetime = START
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.moment + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    @property
    def stopwatch(self) -> Stopwatch:
        return Stopwatch(lambda: self.seconds, self.sleep)


@dataclass
class Vault:
    """A catalogue and the directory in which its copies lie: `case`, `bag`, `b.zip` and `b.zip.age`."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    progress: Progress = field(default_factory=NoProgress)

    @property
    def root(self) -> Path:
        return self.folder / "vault"

    @property
    def file(self) -> Path:
        return self.folder / "C"

    @property
    def author(self) -> Author:
        key = str(self.folder / "UN-1")
        signer = choose_signer(key=key, agent_code="UN-1", passphrase=TerminalPassphrase())
        return Author(signer, progress=self.progress, now=self.clock.now)

    def locate(self, code: str, kind: LocationKind, root: Path | None, cycle_days: int = 30) -> bool:
        """Enter a location, or change it."""
        location = Location(code, kind, str(root) if root else None, cycle_days, None)
        with open_catalogue(self.file) as catalogue:
            return add_location(catalogue, location, self.author)

    @contextmanager
    def tables(self) -> Iterator[sqlite3.Connection]:
        """Change what no command changes: how long ago a copy was read, and where more copies of the same lie."""
        with open_catalogue(self.file) as catalogue, catalogue.write() as connection:
            yield connection

    def add_copy(
        self, like: str, path: str, last_proof: datetime, *, location: str = "vault-1", carrier: str = ""
    ) -> None:
        """Enter another copy of what lies at `like`."""
        with self.tables() as connection:
            self.add_row(connection, like, path, last_proof, location, carrier)

    @staticmethod
    def add_row(
        connection: sqlite3.Connection, like: str, path: str, last_proof: datetime, location: str, carrier: str = ""
    ) -> None:
        connection.execute(
            "INSERT INTO copy(holding, location, path, carrier, next_item, last_proof, last_result) "
            "SELECT holding, ?, ?, ?, 1, ?, 'ok' FROM copy WHERE path=?",
            (location, path, carrier or None, format_utc(last_proof), like),
        )

    def was_read(self, last_proof: datetime, path: str | None = None) -> None:
        """Set when copies were last read."""
        with self.tables() as connection:
            connection.execute(
                "UPDATE copy SET last_proof=?, last_result='ok' WHERE path=COALESCE(?, path)",
                (format_utc(last_proof), path),
            )

    def audit(self, options: AuditOptions | None = None) -> AuditResult:
        """Audit at the moment that the clock shows."""
        with open_catalogue(self.file) as catalogue:
            return audit(catalogue, self.author, options or AuditOptions(jobs=1), self.clock.stopwatch)

    def audit_all(self, options: AuditOptions | None = None) -> AuditResult:
        """Audit with everything due."""
        return self.audit(replace(options or AuditOptions(jobs=1), cycle_days=1))

    def copy(self, path: str) -> tuple[int, str | None, str | None, str | None]:
        """Give where its round goes on, when that began, its last proof and what was found."""
        query = "SELECT next_item, round_started, last_proof, last_result FROM copy WHERE path=?"
        ((next_item, started, proof, result),) = rows(self.file, query, path)
        return next_item, started, proof, result


def make_vault(folder: Path) -> Path:
    """Make one by the commands; give the folder that `copy_vault` copies."""
    evtool = make_runner(folder)
    sender = make_sender(evtool, files=6)
    repository = make_repository(evtool, sender)
    identity = evtool.directory / "key.txt"
    made = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True)
    identity.write_text(made.stdout)
    identity.chmod(0o600)
    public = next(line.split()[-1] for line in made.stdout.splitlines() if "public key" in line)
    vault = evtool.directory / "vault"
    vault.mkdir()
    pack(sender, "vault/bag")
    # After the first bundle its record has two entries.
    shutil.copytree(evtool.directory / "case", vault / "case")
    pack(sender, "vault/b.zip")
    pack(sender, "vault/b.zip.age", "--encrypt-to", public)
    repository.ok("catalogue", "location", "add", "C", "vault-1", "--root", vault)
    paths = [vault / name for name in ("case", "bag", "b.zip", "b.zip.age")]
    repository.ok("catalogue", "add", "C", *paths, "--location", "vault-1", "--identity", identity)
    shutil.copy(repository.run.home / "keys" / "UN-1", evtool.directory / "UN-1")
    return evtool.directory


def copy_vault(made: Path, folder: Path) -> Vault:
    """Copy a vault to a folder of a test, and move its location there; every copy was read a day before `START`."""
    shutil.copytree(made, folder / "repository", symlinks=True)
    vault = Vault(folder / "repository")
    with vault.tables() as connection:
        connection.execute("UPDATE location SET root=?", (str(vault.root),))
    vault.was_read(START - DAY)
    return vault
