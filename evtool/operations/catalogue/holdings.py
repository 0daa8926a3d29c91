"""What a catalogue knows of the bundles that came: found by where they lie, by their digest or by their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from evtool.core.errors import UsageError, Way
from evtool.operations.catalogue.locations import find_disk
from evtool.operations.catalogue.register import State
from evtool.store.catalogue.database import Catalogue


class BundleHolding(NamedTuple):
    """One bundle that came, as the tables have it.

    Attributes:
        number: its number.
        collection: id of its collection, or None.
        container: its form.
        sha256: digest of its bytes, or None.
        bytes: its size.
        head: digest of its newest entry, or None.
        sender: code of who made it, or None.
        agreement: number of the agreement under which it came, or None.
        name: how it was called, as far as the catalogue keeps names.
        seen: when it came.
        state: where it stands.
        exit_code: that of its verification and of the reasons.
        reasons: why it was not accepted.
        findings: codes of what the verification found.
        receipt: SHA-256 of the receipt that was signed, or None.
        decided_by: code of who decided on it, or None.
        decided_at: when, or None.
        decision: what was decided, or None.
        why: the reason given for that, or None.
        path: where it lies in the store, or None.
    """

    number: int
    collection: str | None
    container: str
    sha256: str | None
    bytes: int
    head: str | None
    sender: str | None
    agreement: str | None
    name: str
    seen: str
    state: State
    exit_code: int
    reasons: tuple[str, ...]
    findings: tuple[str, ...]
    receipt: str | None
    decided_by: str | None
    decided_at: str | None
    decision: str | None
    why: str | None
    path: str | None


_SELECT = (
    "SELECT holding.id, collection.uid, container, sha256, bytes, head, holding.sender, agreement, name, seen, state, "
    "exit_code, reasons, findings, receipt, decided_by, decided_at, decision, why, copy.path FROM holding "
    "LEFT JOIN collection ON collection.id=holding.collection "
    "LEFT JOIN copy ON copy.holding=holding.id AND copy.location=? "
)


class Holdings:
    """The bundles of one store, by the code of its location."""

    def __init__(self, catalogue: Catalogue, location: str) -> None:
        self._catalogue = catalogue
        self.location = location

    def make_location(self, root: str) -> None:
        """Describe the store as a location, if it is none yet.

        Raises:
            UsageError: the location of this code is elsewhere.
        """
        with self._catalogue.write() as connection:
            found = find_disk(connection, self.location, root)
        if found != root:
            raise UsageError(
                "the location {location} of this catalogue is another directory",
                hint="name the directory that it had before, or give this one a code of its own",
                key="intake-other-store",
                ways=(Way.LOCATION,),
                location=self.location,
            )

    def root(self) -> Path:
        """Give the directory of the store, as the catalogue knows it.

        Raises:
            UsageError: it knows none of this code.
        """
        with self._catalogue.read() as connection:
            row = connection.execute("SELECT root FROM location WHERE code=?", (self.location,)).fetchone()
        if row is None or row[0] is None:
            raise UsageError(
                "the catalogue has no store {location}",
                hint="`evtool intake INBOX` makes one, when it takes in the first bundle",
                key="intake-no-store",
                ways=(Way.LOCATION,),
                location=self.location,
            )
        return Path(row[0])

    def at(self, path: str) -> BundleHolding | None:
        """Give the bundle that lies at a path of the store."""
        return next(self._find("WHERE copy.path=?", path), None)

    def of(self, sha256: str) -> list[BundleHolding]:
        """Give the bundles with a digest, the first one first."""
        return list(self._find("WHERE sha256=? ORDER BY holding.id", sha256))

    def numbered(self, number: int) -> BundleHolding:
        """Give a bundle by its number.

        Raises:
            UsageError: there is none.
        """
        found = next(self._find("WHERE holding.id=?", number), None)
        if found is None:
            raise UsageError(
                "the catalogue has no holding {number}",
                hint="`evtool intake list --catalogue CATALOGUE --everything` lists all that came",
                key="no-holding",
                number=number,
            )
        return found

    def listed(self, *, everything: bool) -> list[BundleHolding]:
        """List the bundles in quarantine, or all of them."""
        return list(self._find("WHERE ? OR state='quarantined' ORDER BY holding.id", everything))

    def same_record(self, collection: str, head: str, but: int | None) -> BundleHolding | None:
        """Give the bundle that is held of the same record, to its last entry; `but` is none of them."""
        held = "(SELECT id FROM held WHERE container<>'notice')"  # a notice can have the entries of what is on its way
        where = f"WHERE collection.uid=? AND head=? AND holding.id IN {held} AND holding.id<>?"
        return next(self._find(where, collection, head, but or 0), None)

    def forget_path(self, number: int, path: str) -> None:
        """Take note that a bundle lies no longer at a path."""
        with self._catalogue.write() as connection:
            connection.execute(
                "DELETE FROM copy WHERE holding=? AND location=? AND path=?", (number, self.location, path)
            )

    def paths_of(self, number: int) -> list[str]:
        """Give the paths at which a bundle lies, or is on its way to lie."""
        with self._catalogue.read() as connection:
            rows = connection.execute(
                "SELECT path FROM copy WHERE holding=? AND location=? ORDER BY id", (number, self.location)
            ).fetchall()
        return [str(path) for (path,) in rows]

    def note_decision(self, number: int, decided: tuple[str, str, str, str]) -> None:
        """Write down a decision before it is carried out: by whom, when, what, and why."""
        with self._catalogue.write() as connection:
            _write_decision(connection, number, decided)

    def decide(self, number: int, decided: tuple[str, str, str, str], state: State, receipt: str | None) -> None:
        """Write down a decision, and where the bundle stands by it."""
        with self._catalogue.write() as connection:
            _write_decision(connection, number, decided)
            connection.execute(
                "UPDATE holding SET state=?, receipt=COALESCE(?, receipt) WHERE id=?", (state.value, receipt, number)
            )

    def _find(self, where: str, *values: object) -> Iterator[BundleHolding]:
        with self._catalogue.read() as connection:
            rows = connection.execute(_SELECT + where, (self.location, *values)).fetchall()
        for row in rows:
            fields = dict(zip(BundleHolding._fields, row, strict=True))
            split = {name: tuple(fields[name].split()) for name in ("reasons", "findings")}
            yield BundleHolding(**{**fields, **split, "state": State(fields["state"])})


def _write_decision(connection: sqlite3.Connection, number: int, decided: tuple[str, str, str, str]) -> None:
    connection.execute(
        "UPDATE holding SET decided_by=?, decided_at=?, decision=?, why=? WHERE id=?", (*decided, number)
    )
