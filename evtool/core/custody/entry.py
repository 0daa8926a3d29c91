"""Custody entries: TOML documents whose exact bytes are signed.

An entry has a header that is the same for every event, the digests of the entry before it, and one table of its event.
Its name on disk is its number and its event: `0001-sealed.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import tomli_w

from evtool.core.custody.entry_text import check_lines
from evtool.core.custody.events import (
    DETAILS,
    MAX_TEXT,
    STATES_EVIDENCE,
    Details,
    Disclosed,
    Event,
    Fixity,
    Sealed,
    details_table,
    parse_details,
    parse_fixity,
)
from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code
from evtool.core.text.digest import check_hex_digest
from evtool.core.text.limits import MAX_ENTRY, MAX_SEQUENCE
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.text.toml import TomlTable, parse_toml

FORMAT = "evtool-custody/1"

INFORMATIONAL_FILES = ("README.txt", "allowed_signers")
"""Files beside the entries that help a reader and prove nothing; entries hold their digests all the same."""

_LATE = timedelta(days=1)

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z", re.ASCII)
_COLLECTION = re.compile(r"[0-9a-f]{32}\Z")


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
        details: what the event records; its type is that of the event.
        items: the items that it is about; None means all that were sealed before it.
        fixity: the result of comparing the evidence with its seals while the entry was being written.
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
    details: Details
    items: ItemRanges | None = None
    fixity: Fixity | None = None
    informational: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _COLLECTION.match(self.collection):
            raise FormatError("collection is not 32 lower-case hexadecimal digits")
        if not 1 <= self.sequence <= MAX_SEQUENCE:
            raise FormatError(f"sequence {self.sequence} is not between 1 and {MAX_SEQUENCE}")
        if (self.previous is None) != (self.sequence == 1):
            raise FormatError("the table [previous] belongs to every entry but the first")
        if type(self.details) is not DETAILS[self.event]:
            raise FormatError(f"the entry records {self.event.value}, but has the table of another event")
        if isinstance(self.details, Disclosed) and self.details.list and self.items:
            raise FormatError("an entry with the list of a bundle names no items: they stand in the list")
        if self.fixity is None and self.event in STATES_EVIDENCE:
            raise FormatError(f"an entry {self.event.value} needs the table [fixity]")
        if self.happened_at.tzinfo is None or self.recorded_at.tzinfo is None:
            raise FormatError("happened_at and recorded_at need an offset from UTC")
        check_code(self.agent)
        if not _FINGERPRINT.match(self.key):
            raise FormatError("key is not a SHA256: fingerprint")
        for name, text in (("reason", self.reason), ("tool", self.tool)):
            if not 1 <= len(text) <= MAX_TEXT:
                raise FormatError(f"{name} has {len(text)} characters, expected 1 to {MAX_TEXT}")
        for name, digest in self.informational.items():
            if name not in INFORMATIONAL_FILES:
                raise FormatError(f"informational.{shown(name)} is no informational file")
            check_hex_digest(digest, f"informational.{shown(name)}")

    @property
    def sealed(self) -> Sealed | None:
        """The table of a seal; None in entries of any other event."""
        return self.details if isinstance(self.details, Sealed) else None

    @property
    def is_late(self) -> bool:
        """Whether it was written more than a day after what it records, as its signer says."""
        return self.recorded_at - self.happened_at > _LATE

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
        if self.items:
            document["items"] = self.items.serialize()
        if self.previous:
            document["previous"] = _previous_table(self.previous)
        if table := details_table(self.details):
            document[self.event.value] = table
        if self.fixity:
            document["fixity"] = details_table(self.fixity)
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


def parse_entry(data: bytes) -> Entry:
    """Read an entry. What it says counts only after its signature has been verified over the same bytes.

    Raises:
        FormatError: too large, not UTF-8, not TOML in the lines of an entry, another format or version, unknown or
            missing fields, or a value of the wrong type or shape.
    """
    if len(data) > MAX_ENTRY:
        raise FormatError(f"the entry has {len(data)} bytes, at most {MAX_ENTRY} are allowed")
    return _entry_from_document(parse_toml(data, "the entry", check=check_lines))


def _entry_from_document(document: dict[str, Any]) -> Entry:
    table = TomlTable(document)
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(f"the entry is in format {shown(found)}, this version reads {FORMAT}")
    event = table.take_enum("event", Event)
    previous = table.take_table("previous")
    fixity = table.take_table("fixity")
    items = parse_ranges(table.take_strings("items")) if "items" in table else None
    informational = table.take_table("informational")
    entry = Entry(
        collection=table.take("collection", str),
        sequence=table.take("sequence", int),
        event=event,
        happened_at=table.take("happened_at", datetime),
        recorded_at=table.take("recorded_at", datetime),
        clock=table.take_enum("clock", Clock),
        agent=table.take("agent", str),
        key=table.take("key", str),
        reason=table.take("reason", str),
        tool=table.take("tool", str),
        previous=_parse_previous(previous) if previous else None,
        # An event whose fields are all optional may have no table.
        details=parse_details(event, table.take_table(event.value) or TomlTable({}, event.value)),
        items=items,
        fixity=parse_fixity(fixity) if fixity else None,
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
