"""Custody entries: TOML documents whose exact bytes are signed.

An entry has a header that is the same for every event, the digests of the entry before it, and one table of its event.
Its name on disk is its number and its event: `0001-sealed.toml`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from msgspec import Struct, field

from evtool.core.custody.entry_text import check_lines
from evtool.core.custody.event_tables import details_table, parse_details, parse_fixity
from evtool.core.custody.events import (
    APART,
    DETAILS,
    MAX_TEXT,
    STATES_EVIDENCE,
    Details,
    Disclosed,
    Event,
    Fixity,
    Renamed,
    Sealed,
    WithheldDetails,
)
from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code, check_fingerprint
from evtool.core.text.digest import check_hex_digest, sha256_hex
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_ENTRY, MAX_SEQUENCE
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.text.toml import TomlTable, parse_toml

FORMAT = "evtool-custody/1"

DETAILS_FORMAT = "evtool-details/1"

NOT_STATED = "not stated"
"""What an entry gives as its reason where the signer gave none."""

INFORMATIONAL_FILES = ("README.txt", "allowed_signers")
"""Files beside the entries that help a reader and prove nothing; entries hold their digests all the same."""

_LATE = timedelta(days=1)

_COLLECTION = compiled_when_used(r"[0-9a-f]{32}\Z")


class Clock(Enum):
    """What the signer says of the clock that the entry's times were read from. Never more than a claim."""

    CLAIMED = "claimed"
    SYNCED = "synced"


class Previous(Struct, frozen=True):
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


class Entry(Struct, frozen=True):
    """One link of the chain of custody.

    Attributes:
        collection: random id of the collection, 32 hexadecimal digits, given at the first seal.
        sequence: number of the entry, from 1.
        event: what it records.
        happened_at: when the event happened, as its signer says; with offset.
        recorded_at: when the entry was written, as its signer's clock said; with offset.
        clock: what the signer says about that clock.
        agent: code of the signer; never a name.
        key: fingerprint of the signer's key.
        reason: why it happened.
        tool: name and version of the program.
        previous: digests of the entry before; None in entry 1.
        details: what the event records; its type is that of the event.
        items: the items that it is about; None means all that were sealed before it.
        fixity: the result of comparing the evidence with its seals while the entry was being written.
        informational: file name -> SHA-256 of files that help a reader and prove nothing.
        apart: SHA-256 of the file that holds the details: `reason`, `items` and the table; None where they stand in
            the entry itself. Where this copy does not have that file, `details` is `WithheldDetails`, `reason` is
            empty, and nobody can say which items the entry is about.
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
    apart: str | None = None

    def __post_init__(self) -> None:
        self._check_place()
        self._check_details()
        self._check_signer()

    def _check_place(self) -> None:
        """Check of which collection it is, and where in its chain it stands."""
        if not _COLLECTION.match(self.collection):
            raise FormatError("collection is not 32 lower-case hexadecimal digits", key="entry-collection")
        if not 1 <= self.sequence <= MAX_SEQUENCE:
            raise FormatError(
                "sequence {number} is not between 1 and {limit}",
                key="entry-sequence",
                number=self.sequence,
                limit=MAX_SEQUENCE,
            )
        if (self.previous is None) != (self.sequence == 1):
            raise FormatError("the table [previous] belongs to every entry but the first", key="entry-previous")

    def _check_details(self) -> None:
        """Check that what it records goes with its event, and with the items that it names."""
        if self.apart is not None:
            check_hex_digest(self.apart, "details")
            if self.event not in APART:
                raise FormatError(
                    "an entry {event} has no details in a file of their own",
                    key="entry-no-details",
                    event=self.event.value,
                )
        if self.is_withheld and (self.apart is None or self.reason or self.items):
            raise FormatError(
                "the details of an entry are withheld with their file only, and all together",
                key="entry-details-withheld",
            )
        if type(self.details) is not DETAILS[self.event] and not self.is_withheld:
            raise FormatError(
                "the entry records {event}, but has the table of another event",
                key="entry-other-table",
                event=self.event.value,
            )
        if isinstance(self.details, Renamed) and (self.items is None or len(self.items) != len(self.details.paths)):
            raise FormatError(
                "an entry renamed names items, and one new name for each of them", key="entry-renamed-names"
            )
        if isinstance(self.details, Disclosed) and self.details.list and self.items:
            raise FormatError(
                "an entry with the list of a bundle names no items: they are in the list", key="entry-list-no-items"
            )
        if self.event is Event.ADMITTED and self.items:
            raise FormatError(
                "an entry admitted is about the whole collection and names no items", key="entry-admitted-items"
            )
        if self.fixity is None and self.event in STATES_EVIDENCE:
            raise FormatError(
                "an entry {event} needs the table [fixity]", key="entry-needs-fixity", event=self.event.value
            )

    def _check_signer(self) -> None:
        """Check who signs and when, and the texts for people."""
        if self.happened_at.tzinfo is None or self.recorded_at.tzinfo is None:
            raise FormatError("happened_at and recorded_at need an offset from UTC", key="entry-offsets")
        check_code(self.agent)
        check_fingerprint(self.key, "key")
        for name, text in (("reason", self.reason), ("tool", self.tool)):
            if name == "reason" and self.is_withheld:
                continue
            if not 1 <= len(text) <= MAX_TEXT:
                raise FormatError(
                    "{name} has {count} characters, expected 1 to {limit}",
                    key="wrong-length",
                    name=name,
                    count=len(text),
                    limit=MAX_TEXT,
                )
        for name, digest in self.informational.items():
            if name not in INFORMATIONAL_FILES:
                raise FormatError(
                    "informational.{name} is not an informational file", key="entry-informational", name=shown(name)
                )
            check_hex_digest(digest, f"informational.{shown(name)}")

    @property
    def is_withheld(self) -> bool:
        """Whether this copy does not hold the details."""
        return isinstance(self.details, WithheldDetails)

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
        }
        if self.apart is None:
            document["reason"] = self.reason
        document["tool"] = self.tool
        if self.apart is not None:
            document["details"] = self.apart
        elif self.items:
            document["items"] = self.items.serialize()
        if self.previous:
            document["previous"] = _previous_table(self.previous)
        if self.apart is None and (table := details_table(self.details)):
            document[self.event.value] = table
        if self.fixity:
            document["fixity"] = details_table(self.fixity)
        if self.informational:
            document["informational"] = dict(self.informational)
        return _dump(document, "the entry")

    def serialize_details(self, salt: str) -> bytes:
        """Write the file of details; `salt`, 16 random bytes in hexadecimal, keeps its digest from being guessed.

        Raises:
            FormatError: it would be larger than a reader accepts.
        """
        document: dict[str, Any] = {"format": DETAILS_FORMAT, "salt": salt, "reason": self.reason}
        if self.items:
            document["items"] = self.items.serialize()
        if table := details_table(self.details):
            document[self.event.value] = table
        return _dump(document, "the details of the entry")


def _dump(document: dict[str, Any], what: str) -> bytes:
    # Start-up time: only who writes an entry needs it.
    import tomli_w

    data = tomli_w.dumps(document).encode("utf-8")
    if len(data) > MAX_ENTRY:
        raise FormatError(
            "{what_en} would have {count} bytes, at most {limit} are allowed",
            key="entry-would-be-long",
            what_en=what,
            count=len(data),
            limit=MAX_ENTRY,
        )
    return data


def _previous_table(previous: Previous) -> dict[str, Any]:
    table: dict[str, Any] = {"entry": previous.entry, "signature": previous.signature}
    if previous.timestamps:
        table["timestamps"] = dict(previous.timestamps)
    return table


def parse_entry(data: bytes, details: bytes | None = None) -> Entry:
    """Read an entry. What it says counts only after its signature has been verified over the same bytes.

    `details` is the file of its details, where it has one and this copy holds it.

    Raises:
        FormatError: the details are not those that the entry names; or either is too large, not UTF-8, not TOML in the
            lines of an entry, in another format or version, with unknown or missing fields, or with a value of the
            wrong type or shape.
    """
    if len(data) > MAX_ENTRY:
        raise FormatError(
            "the entry has {count} bytes, at most {limit} are allowed",
            key="entry-long",
            count=len(data),
            limit=MAX_ENTRY,
        )
    document = parse_toml(data, "the entry", check=check_lines)
    if details is None:
        return _entry_from_document(document)
    return _entry_from_document(document, _parse_apart(document, details))


_OF_DETAILS = ("reason", "items", *(event.value for event in Event))
"""What stands in the details of an entry or in the entry itself, and never in both."""

_SALT = compiled_when_used(r"[0-9a-f]{32}\Z")


def _parse_apart(document: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Read the file of details that belongs to an entry, and give its fields."""
    if document.get("details") != sha256_hex(data):
        raise FormatError("the details are not those that the entry names", key="details-differ")
    if len(data) > MAX_ENTRY:
        raise FormatError(
            "the details have {count} bytes, at most {limit} are allowed",
            key="details-long",
            count=len(data),
            limit=MAX_ENTRY,
        )
    stated = parse_toml(data, "the details of the entry", check=check_lines)
    table = TomlTable(dict(stated), "details")
    found, salt = table.take("format", str), table.take("salt", str)
    if found != DETAILS_FORMAT or not _SALT.match(salt):
        raise FormatError(
            "the details are in format {found}, or have no salt; this version reads {format}",
            key="details-format",
            found=shown(found),
            format=DETAILS_FORMAT,
        )
    rest = {name: value for name, value in stated.items() if name not in ("format", "salt")}
    if strange := sorted(set(rest) - set(_OF_DETAILS)):
        raise FormatError(
            "the details hold {name}, which belongs in the entry or nowhere",
            key="details-strange",
            name=shown(strange[0], 80),
        )
    return rest


def _entry_from_document(document: dict[str, Any], apart: dict[str, Any] | None = None) -> Entry:
    if "details" in document and any(name in document for name in _OF_DETAILS):
        raise FormatError("the entry contains something that belongs in its details", key="entry-strange")
    table = TomlTable({**document, **(apart or {})})
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(
            "the entry is in format {found}, this version reads {format}",
            key="entry-format",
            found=shown(found),
            format=FORMAT,
        )
    event = table.take_enum("event", Event)
    previous = table.take_table("previous")
    fixity = table.take_table("fixity")
    items = parse_ranges(table.take_strings("items")) if "items" in table else None
    informational = table.take_table("informational")
    digest = table.take("details", str) if "details" in table else None
    if event is Event.RENAMED and digest is None:
        raise FormatError(
            "an entry renamed has its details in a file of their own: a copy may have to withhold names",
            key="entry-renamed-apart",
        )
    details: Details = WithheldDetails()
    if digest is None or apart is not None:
        # An event whose fields are all optional may have no table.
        details = parse_details(event, table.take_table(event.value) or TomlTable({}, event.value))
    entry = Entry(
        collection=table.take("collection", str),
        sequence=table.take("sequence", int),
        event=event,
        happened_at=table.take("happened_at", datetime),
        recorded_at=table.take("recorded_at", datetime),
        clock=table.take_enum("clock", Clock),
        agent=table.take("agent", str),
        key=table.take("key", str),
        reason="" if isinstance(details, WithheldDetails) else table.take("reason", str),
        tool=table.take("tool", str),
        previous=_parse_previous(previous) if previous else None,
        details=details,
        items=items,
        fixity=parse_fixity(fixity) if fixity else None,
        informational=informational.take_rest(str) if informational else {},
        apart=digest,
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
