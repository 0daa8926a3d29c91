"""The tables of a catalogue. They hold codes, numbers, terms and dates.

Names and titles are in them only where whoever made the catalogue chose so, and digests of evidence never: an item has
a keyed digest, which tells that two items are the same bytes and confirms no document to whoever steals the file.

Agreements and recipients are not in here. They are the user's own lists, read when a question is asked, so that there
is no second copy to go stale. `manifests/FORMAT-catalogue.md` says what each column means.
"""

from __future__ import annotations

from collections.abc import Mapping

APPLICATION = 0x65767463
"""What SQLite's `application_id` of a catalogue is: `evtc`."""

VERSION = 1
"""What its `user_version` is; a catalogue of another version is made again from the records."""

TABLES = """
CREATE TABLE setting(
    name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE collection(
    id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, sender TEXT NOT NULL, first_seen TEXT NOT NULL,
    journaled INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE explanation(
    collection INTEGER NOT NULL REFERENCES collection(id), first TEXT NOT NULL, second TEXT NOT NULL,
    why TEXT NOT NULL, explained_by TEXT NOT NULL, explained_at TEXT NOT NULL, journaled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(collection, first, second)) STRICT;

CREATE TABLE entry(
    collection INTEGER NOT NULL REFERENCES collection(id), sequence INTEGER NOT NULL, digest TEXT NOT NULL,
    signature TEXT NOT NULL, previous TEXT, previous_signature TEXT, event TEXT NOT NULL, agent TEXT NOT NULL,
    key TEXT NOT NULL, retired INTEGER NOT NULL, happened TEXT NOT NULL, items TEXT, party TEXT, authority TEXT,
    purpose TEXT, answers TEXT, acceptance TEXT, terms TEXT, not_about TEXT, vouched_by TEXT, undone_by TEXT,
    proven_before TEXT, first_seen TEXT NOT NULL, PRIMARY KEY(collection, digest, signature)) STRICT;

CREATE TABLE terms(
    id INTEGER PRIMARY KEY, known TEXT NOT NULL, text TEXT NOT NULL, handling TEXT, status TEXT, starts TEXT,
    until TEXT, review TEXT, UNIQUE(known, text)) STRICT;

CREATE TABLE term_code(
    terms INTEGER NOT NULL REFERENCES terms(id), name TEXT NOT NULL, code TEXT NOT NULL,
    PRIMARY KEY(terms, name, code)) STRICT, WITHOUT ROWID;

CREATE TABLE basis(
    id INTEGER PRIMARY KEY, collection INTEGER NOT NULL REFERENCES collection(id),
    terms INTEGER NOT NULL REFERENCES terms(id), entries TEXT NOT NULL,
    UNIQUE(collection, terms, entries)) STRICT;

CREATE TABLE item(
    collection INTEGER NOT NULL REFERENCES collection(id), number INTEGER NOT NULL, sealed_by INTEGER NOT NULL,
    type TEXT NOT NULL, size INTEGER, digest BLOB, media TEXT, kind TEXT, event_date TEXT, title TEXT, path TEXT,
    words TEXT, disposed INTEGER NOT NULL, sealed INTEGER NOT NULL REFERENCES terms(id),
    basis INTEGER NOT NULL REFERENCES basis(id), PRIMARY KEY(collection, number)) STRICT, WITHOUT ROWID;

CREATE TABLE item_subject(
    collection INTEGER NOT NULL, number INTEGER NOT NULL, code TEXT NOT NULL,
    PRIMARY KEY(collection, number, code)) STRICT, WITHOUT ROWID;

CREATE TABLE holding(
    id INTEGER PRIMARY KEY, collection INTEGER REFERENCES collection(id), container TEXT NOT NULL, sha256 TEXT,
    bytes INTEGER NOT NULL, head TEXT, sender TEXT, agreement TEXT, name TEXT NOT NULL, seen TEXT NOT NULL,
    state TEXT NOT NULL, exit_code INTEGER NOT NULL, reasons TEXT NOT NULL, findings TEXT NOT NULL, receipt TEXT,
    decided_by TEXT, decided_at TEXT, decision TEXT, why TEXT, journaled INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE holding_item(
    holding INTEGER NOT NULL REFERENCES holding(id), first INTEGER NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY(holding, first)) STRICT, WITHOUT ROWID;

CREATE TABLE location(
    code TEXT PRIMARY KEY, kind TEXT NOT NULL, root TEXT, cycle_days INTEGER NOT NULL, rate INTEGER,
    journaled INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE copy(
    id INTEGER PRIMARY KEY, holding INTEGER NOT NULL REFERENCES holding(id),
    location TEXT NOT NULL REFERENCES location(code), path TEXT NOT NULL, carrier TEXT, continued TEXT,
    next_item INTEGER NOT NULL, round_started TEXT, last_proof TEXT, last_result TEXT,
    journaled INTEGER NOT NULL DEFAULT 0, UNIQUE(location, path)) STRICT;

CREATE TABLE run(
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, journal TEXT) STRICT;

CREATE TABLE gone(
    copy INTEGER PRIMARY KEY) STRICT;

CREATE TABLE proof(
    copy INTEGER NOT NULL REFERENCES copy(id), run INTEGER NOT NULL REFERENCES run(id), scope TEXT NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, ok INTEGER NOT NULL, changed INTEGER NOT NULL,
    missing INTEGER NOT NULL, unreadable INTEGER NOT NULL, PRIMARY KEY(copy, run, first)) STRICT, WITHOUT ROWID;

CREATE INDEX entry_previous ON entry(collection, previous);
CREATE INDEX entry_party ON entry(party, event);
CREATE INDEX item_digest ON item(digest, collection);
CREATE INDEX item_basis ON item(basis, disposed);
CREATE INDEX item_kind ON item(kind);
CREATE INDEX basis_terms ON basis(terms);
CREATE INDEX terms_until ON terms(until);
CREATE INDEX terms_review ON terms(review);
CREATE INDEX term_value ON term_code(name, code);
CREATE INDEX holding_collection ON holding(collection);
CREATE INDEX holding_sha256 ON holding(sha256);
CREATE INDEX copy_due ON copy(location, last_proof);
CREATE INDEX copy_holding ON copy(holding);
CREATE INDEX proof_run ON proof(run);
"""

JOURNALED: Mapping[str, tuple[str, ...]] = {
    "collection": ("sender", "first_seen"),
    "explanation": ("why", "explained_by", "explained_at"),
    "holding": (
        *("collection", "head", "sender", "agreement", "name", "state", "exit_code", "reasons", "findings", "receipt"),
        *("decided_by", "decided_at", "decision", "why"),
    ),
    "location": ("kind", "root", "cycle_days", "rate"),
    "copy": (
        *("holding", "location", "path", "carrier", "continued", "next_item", "round_started", "last_proof"),
        "last_result",
    ),
}
"""Table -> columns that no record tells, so that the journal has to. A row that changes waits for the next one."""

_ONE_TRIGGER = """
CREATE TRIGGER {table}_changed AFTER UPDATE OF {columns} ON {table} WHEN old.journaled=1 BEGIN
    UPDATE {table} SET journaled=0 WHERE rowid=new.rowid; END;
CREATE INDEX {table}_unjournaled ON {table}(journaled) WHERE journaled=0;
"""

_GONE = "CREATE TRIGGER copy_gone AFTER DELETE ON copy BEGIN INSERT OR REPLACE INTO gone VALUES(old.id); END;"

TRIGGERS = _GONE + "".join(
    _ONE_TRIGGER.format(table=table, columns=", ".join(columns)) for table, columns in JOURNALED.items()
)
"""Nobody who changes a row has to think of the journal."""
