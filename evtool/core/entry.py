"""Custody entries: TOML documents whose exact bytes are signed.

An entry has a header that is the same for every event, the digests of the entry before it, and one table of its event.
Its name on disk is its number and its event: `0001-sealed.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

import tomli_w

from evtool.core.canonical import MAX_INTEGER
from evtool.core.codes import check_code
from evtool.core.digest import check_hex_digest
from evtool.core.errors import FormatError
from evtool.core.names import shown
from evtool.core.patterns import Exclusions
from evtool.core.statement import OmissionReason
from evtool.core.toml_table import TomlTable, parse_toml

FORMAT = "evtool-custody/1"

MAX_ENTRY = 64 * 1024
"""Largest entry, in bytes."""

MAX_SEQUENCE = 9999
"""Entries in one chain: four digits in the file name."""

INFORMATIONAL_FILES = ("README.txt", "allowed_signers")
"""Files beside the entries that help a reader and prove nothing; entries hold their digests all the same."""

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z", re.ASCII)
_COLLECTION = re.compile(r"[0-9a-f]{32}\Z")
_MAX_TEXT = 1000


class Event(Enum):
    """What an entry records; `manifests/FORMAT.md` gives the PREMIS term of each."""

    SEALED = "sealed"


class Clock(Enum):
    """What the signer says of the clock that the entry's times were read from. Never more than a claim."""

    CLAIMED = "claimed"
    SYNCED = "synced"


@dataclass(frozen=True, slots=True)
class Previous:
    """Digests of what was there when an entry was written: they prove the order backwards.

    Attributes:
        entry: SHA-256 of the entry before.
        signature: SHA-256 of its signature file.
        timestamps: file name -> SHA-256 of every time-stamp known by then.
    """

    entry: str
    signature: str
    timestamps: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_hex_digest(self.entry, "previous.entry")
        check_hex_digest(self.signature, "previous.signature")
        for name, digest in self.timestamps.items():
            check_hex_digest(digest, f"previous.timestamps.{shown(name)}")


@dataclass(frozen=True, slots=True)
class Sealed:
    """The event `sealed`: a manifest of new items.

    Attributes:
        first_item: number of the first item of this manifest.
        items: how many items it states.
        lines: how many lines it has.
        root: Merkle tree hash over the lines (RFC 9162).
        checksums: SHA-256 of the `.sha256` list beside it.
        exclusions: patterns of what was left out without being named.
        allowed: for which reasons the archivist allowed items to be left out by name.
    """

    first_item: int
    items: int
    lines: int
    root: str
    checksums: str
    exclusions: Exclusions
    allowed: tuple[OmissionReason, ...] = ()

    def __post_init__(self) -> None:
        check_hex_digest(self.root, "sealed.root")
        check_hex_digest(self.checksums, "sealed.checksums")
        if not 1 <= self.first_item <= MAX_INTEGER or not 1 <= self.items <= self.lines <= MAX_INTEGER:
            raise FormatError("sealed.first_item, items and lines are not numbers that fit together")


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain of custody.

    Attributes:
        collection: random id of the collection, 32 hexadecimal digits, given at the first seal.
        sequence: number of the entry, from 1.
        event: what it records.
        happened_at: when the event happened, as its signer says; with offset.
        recorded_at: when the entry was written, as its signer's clock said; with offset.
        clock: what the signer says of that clock.
        agent: code of the signer; never a name.
        key: fingerprint of the signer's key.
        reason: why it happened.
        tool: name and version of the program.
        previous: digests of the entry before; None in entry 1.
        sealed: the table of the event `sealed`.
        informational: file name -> SHA-256 of files that help a reader and prove nothing.
    """

    collection: str
    sequence: int
    event: Event
    happened_at: datetime
    recorded_at: datetime
    clock: Clock
    agent: str
    key: str
    reason: str
    tool: str
    previous: Previous | None
    sealed: Sealed | None = None
    informational: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _COLLECTION.match(self.collection):
            raise FormatError("collection is not 32 lower-case hexadecimal digits")
        if not 1 <= self.sequence <= MAX_SEQUENCE:
            raise FormatError(f"sequence {self.sequence} is not between 1 and {MAX_SEQUENCE}")
        if (self.previous is None) != (self.sequence == 1):
            raise FormatError("the table [previous] belongs to every entry but the first")
        if (self.sealed is None) != (self.event is not Event.SEALED):
            raise FormatError("the table [sealed] belongs to the event sealed, and only to it")
        if self.happened_at.tzinfo is None or self.recorded_at.tzinfo is None:
            raise FormatError("happened_at and recorded_at need an offset from UTC")
        check_code(self.agent)
        if not _FINGERPRINT.match(self.key):
            raise FormatError("key is not a SHA256: fingerprint")
        for name, text in (("reason", self.reason), ("tool", self.tool)):
            if not 1 <= len(text) <= _MAX_TEXT:
                raise FormatError(f"{name} has {len(text)} characters, expected 1 to {_MAX_TEXT}")
        for name, digest in self.informational.items():
            if name not in INFORMATIONAL_FILES:
                raise FormatError(f"informational.{shown(name)} is no informational file")
            check_hex_digest(digest, f"informational.{shown(name)}")

    @property
    def stem(self) -> str:
        """Name of the entry's files without their endings."""
        return f"{self.sequence:04d}-{self.event.value}"

    def serialize(self) -> bytes:
        """Write the document that is signed.

        Raises:
            FormatError: it would be larger than a reader accepts.
        """
        document: dict[str, Any] = {
            "format": FORMAT,
            "collection": self.collection,
            "sequence": self.sequence,
            "event": self.event.value,
            "happened_at": self.happened_at,
            "recorded_at": self.recorded_at,
            "clock": self.clock.value,
            "agent": self.agent,
            "key": self.key,
            "reason": self.reason,
            "tool": self.tool,
        }
        if self.previous:
            document["previous"] = _previous_table(self.previous)
        if self.sealed:
            document["sealed"] = _sealed_table(self.sealed)
        if self.informational:
            document["informational"] = dict(self.informational)
        data = tomli_w.dumps(document).encode("utf-8")
        if len(data) > MAX_ENTRY:
            raise FormatError(f"the entry would have {len(data)} bytes, at most {MAX_ENTRY} are allowed")
        return data


def _previous_table(previous: Previous) -> dict[str, Any]:
    table: dict[str, Any] = {"entry": previous.entry, "signature": previous.signature}
    if previous.timestamps:
        table["timestamps"] = dict(previous.timestamps)
    return table


def _sealed_table(sealed: Sealed) -> dict[str, Any]:
    return {
        "first_item": sealed.first_item,
        "items": sealed.items,
        "lines": sealed.lines,
        "root": sealed.root,
        "checksums": sealed.checksums,
        "exclude": list(sealed.exclusions.patterns),
        "allowed": [reason.value for reason in sealed.allowed],
    }


def parse_entry(data: bytes) -> Entry:
    """Read an entry. What it says counts only after its signature has been verified over the same bytes.

    Raises:
        FormatError: too large, not UTF-8, not TOML, another format or version, unknown or missing fields, or a value
            of the wrong type or shape.
    """
    if len(data) > MAX_ENTRY:
        raise FormatError(f"the entry has {len(data)} bytes, at most {MAX_ENTRY} are allowed")
    return _entry_from_document(parse_toml(data, "the entry"))


def _entry_from_document(document: dict[str, Any]) -> Entry:
    table = TomlTable(document)
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(f"the entry is in format {shown(found)}, this version reads {FORMAT}")
    previous = table.take_table("previous")
    sealed = table.take_table("sealed")
    informational = table.take_table("informational")
    entry = Entry(
        collection=table.take("collection", str),
        sequence=table.take("sequence", int),
        event=table.take_enum("event", Event),
        happened_at=table.take("happened_at", datetime),
        recorded_at=table.take("recorded_at", datetime),
        clock=table.take_enum("clock", Clock),
        agent=table.take("agent", str),
        key=table.take("key", str),
        reason=table.take("reason", str),
        tool=table.take("tool", str),
        previous=_parse_previous(previous) if previous else None,
        sealed=_parse_sealed(sealed) if sealed else None,
        informational=informational.take_rest(str) if informational else {},
    )
    table.finish()
    return entry


def _parse_previous(table: TomlTable) -> Previous:
    timestamps = table.take_table("timestamps")
    previous = Previous(
        entry=table.take("entry", str),
        signature=table.take("signature", str),
        timestamps=timestamps.take_rest(str) if timestamps else {},
    )
    table.finish()
    return previous


def _parse_sealed(table: TomlTable) -> Sealed:
    allowed = table.take_strings("allowed")
    try:
        reasons = tuple(OmissionReason(reason) for reason in allowed)
    except ValueError:
        raise FormatError("sealed.allowed holds an unknown reason") from None
    sealed = Sealed(
        first_item=table.take("first_item", int),
        items=table.take("items", int),
        lines=table.take("lines", int),
        root=table.take("root", str),
        checksums=table.take("checksums", str),
        exclusions=Exclusions(table.take_strings("exclude")),
        allowed=reasons,
    )
    table.finish()
    return sealed
