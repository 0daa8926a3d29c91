"""What each custody event records beyond the header of its entry.

One frozen type for each event; its fields are the fields of the entry's table, which is named after the event. Fields
of type `str` hold text for people, `Digest` 64 hexadecimal digits, `PartyCode` the code of an agent, organisation or
recipient: never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar, NewType

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.manifest.nesting import NestedPaths
from evtool.core.manifest.statement import OmissionReason
from evtool.core.terms.terms import ConsentTerms, parse_terms_cached
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.names import parse_name
from evtool.core.text.patterns import Exclusions
from evtool.core.text.ranges import ItemRanges

MAX_TEXT = 1000
"""Characters of a field of text."""

Digest = NewType("Digest", str)
"""SHA-256 in 64 lower-case hexadecimal digits."""

RENEWAL_HASH = "blake2b"
"""The second hash family: no relative of SHA-2, and `b2sum` computes it on every Linux machine."""

_LONG_DIGEST = compiled_when_used(r"[0-9a-f]{128}\Z")

PartyCode = NewType("PartyCode", str)
"""Code of an agent, organisation or recipient."""

Fingerprint = NewType("Fingerprint", str)
"""Fingerprint of a key: `SHA256:` and 43 characters of base64."""

TermsText = NewType("TermsText", str)
"""Consent terms as one canonical JSON object."""

Confirmations = NewType("Confirmations", tuple[str, ...])
"""Codes of what was confirmed before items were handed over: reasons of a refusal, and conditions."""

StoredPaths = NewType("StoredPaths", tuple[str, ...])
"""Names of items, in stored form."""

_MAX_CONFIRMED = 64

_CONFIRMED = compiled_when_used(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}\Z")


def _check_confirmed(codes: Sequence[str] | None) -> None:
    if codes is None:
        return
    if not 1 <= len(codes) <= _MAX_CONFIRMED or list(codes) != sorted(set(codes)):
        raise FormatError(f"confirmed: 1 to {_MAX_CONFIRMED} codes in their order, none twice")
    if not all(map(_CONFIRMED.match, codes)):
        raise FormatError("confirmed: something is no code")


class Event(Enum):
    """What an entry records; `manifests/FORMAT-events.md` gives the PREMIS term of each."""

    COLLECTED = "collected"
    RECEIVED = "received"
    SEALED = "sealed"
    VERIFIED = "verified"
    ACCESSED = "accessed"
    COPIED = "copied"
    TRANSFERRED = "transferred"
    DISCLOSED = "disclosed"
    DERIVED = "derived"
    RENAMED = "renamed"
    CONSENT_CHANGED = "consent-changed"
    COUNTERSIGNED = "countersigned"
    ADMITTED = "admitted"
    RENEWED = "renewed"
    CORRECTED = "corrected"
    INCIDENT = "incident"
    DISPOSED = "disposed"


class Acceptance(Enum):
    """What the recipient says about a handover."""

    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REJECTED = "rejected"


class Role(Enum):
    """How an admitted key stands to the one that admits it."""

    BESIDE = "beside"
    """A colleague: both act for the same house."""
    AFTER = "after"
    """The next key of the same agent, or of whoever takes over its work: from its first entry on it alone counts."""


class FixityScope(Enum):
    """How much was read for a fixity result."""

    FULL = "full"
    SAMPLE = "sample"


class Fixity(Struct, frozen=True):
    """The result of comparing the evidence with its seals while the entry was being written.

    Attributes:
        scope: whether every item was read, or a sample of them.
        items: items in the seals.
        checked: items that were read and compared.
        ok: items found as sealed.
        changed, missing, unreadable: items found otherwise.
        extra: files that no seal knows; 0 where only a sample was looked at.
        withheld: items of which this copy holds nothing to check: withheld, sealed by name only, or disposed of.
    """

    scope: FixityScope
    items: int
    checked: int
    ok: int
    changed: int
    missing: int
    unreadable: int
    extra: int
    withheld: int

    def __post_init__(self) -> None:
        found = self.ok + self.changed + self.missing + self.unreadable
        numbers = (self.ok, self.changed, self.missing, self.unreadable, self.extra, self.withheld)
        if found != self.checked or self.checked + self.withheld > self.items or min(numbers) < 0:
            raise FormatError("fixity: the numbers do not add up")
        if self.scope is FixityScope.FULL and self.checked + self.withheld != self.items:
            raise FormatError("fixity: a full check reads every item")

    @property
    def is_clean(self) -> bool:
        """Whether everything that was read is as sealed."""
        return self.ok == self.checked > 0 and not self.extra


class Details(Struct, frozen=True):
    """Base of all event tables."""

    event: ClassVar[Event]


class Collected(Details, frozen=True):
    """Evidence came into the hands of the agent from outside of any record.

    Attributes:
        source: whom or what it came from, as a code.
        place: coarse place.
        method: how it was collected.
    """

    event = Event.COLLECTED
    source: PartyCode | None = None
    place: str | None = None
    method: str | None = None


class Received(Details, frozen=True):
    """The agent received the collection from somebody else, and says what came.

    Attributes:
        sender: code of the agent who handed it over.
        acceptance: what was accepted.
        transfer: digest of the sender's entry `transferred` or `disclosed`.
        accepted: the items accepted, where only some were.
    """

    event = Event.RECEIVED
    sender: PartyCode
    acceptance: Acceptance
    transfer: Digest
    accepted: ItemRanges | None = None

    def __post_init__(self) -> None:
        if (self.accepted is not None) != (self.acceptance is Acceptance.PARTIAL):
            raise FormatError("received.accepted must list items if part of them was accepted, and only then")


class Sealed(Details, frozen=True):
    """A manifest of new items.

    Attributes:
        first_item: number of the first item of this manifest.
        items: how many items it states.
        lines: how many lines it has.
        root: Merkle tree hash over the lines (RFC 9162).
        checksums: SHA-256 of the `.sha256` list beside it.
        exclude: patterns of what was left out without being named.
        allowed: for which reasons the archivist allowed items to be left out by name.
    """

    event = Event.SEALED
    first_item: int
    items: int
    lines: int
    root: Digest
    checksums: Digest
    exclude: tuple[str, ...]
    allowed: tuple[OmissionReason, ...]

    def __post_init__(self) -> None:
        Exclusions(self.exclude)
        if not 1 <= self.first_item <= MAX_INTEGER or not 1 <= self.items <= self.lines <= MAX_INTEGER:
            raise FormatError("sealed.first_item, items and lines are numbers that contradict each other")

    @property
    def exclusions(self) -> Exclusions:
        """The patterns, ready to match."""
        return Exclusions(self.exclude)


class Verified(Details, frozen=True):
    """The agent compared the evidence with its seals; the result is the fixity of the entry."""

    event = Event.VERIFIED


class Accessed(Details, frozen=True):
    """Somebody looked at the evidence.

    Attributes:
        place: coarse place.
    """

    event = Event.ACCESSED
    place: str | None = None


class Copied(Details, frozen=True):
    """A copy was made.

    Attributes:
        carrier: where to: kind, serial or seal number of the medium, copy n of m.
        place: coarse place.
    """

    event = Event.COPIED
    carrier: str
    place: str | None = None


class Transferred(Details, frozen=True):
    """Custody of the whole collection goes to somebody else.

    Attributes:
        recipient: code of the recipient.
        authority: what allows it: agreement, warrant or order, by number.
        purpose: what for.
        carrier: kind, serial or seal number of the medium.
        confirmed: what stood against it and was confirmed; `reason` of the entry says why.
    """

    event = Event.TRANSFERRED
    recipient: PartyCode
    authority: str
    purpose: str
    carrier: str | None = None
    confirmed: Confirmations | None = None

    def __post_init__(self) -> None:
        _check_confirmed(self.confirmed)


class Disclosed(Details, frozen=True):
    """A bundle of all or part of the collection goes to somebody else; custody stays.

    Attributes:
        recipient: code of the recipient.
        authority: what allows it: agreement, warrant or order, by number.
        purpose: code of the purpose that consent was asked for.
        approved_by: code of a second agent who confirmed it, where the terms of an item ask for that.
        list: SHA-256 of the list of what the bundle holds, which travels in that bundle only; None if a handover
            was recorded by hand, and no bundle was made.
        confirmed: what stood against it and was confirmed; of a handover recorded by hand, `reason` says why.
    """

    event = Event.DISCLOSED
    recipient: PartyCode
    authority: str
    purpose: str
    approved_by: PartyCode | None = None
    list: Digest | None = None
    confirmed: Confirmations | None = None

    def __post_init__(self) -> None:
        _check_confirmed(self.confirmed)


class Derived(Details, frozen=True):
    """A copy of an item was made that is not the same bytes: redacted, extracted, transcribed.

    Attributes:
        original: number of the item it was made from.
        copy: number of the item that it is.
        method: how it was made.
    """

    event = Event.DERIVED
    original: int
    copy: int
    method: str

    def __post_init__(self) -> None:
        if not 1 <= self.original < self.copy <= MAX_INTEGER:
            raise FormatError("derived: the copy must be a later item than the original")


class Renamed(Details, frozen=True):
    """Items have other names from now on; the header's items say which.

    Attributes:
        paths: the new names in stored form, one for each item, in the order of the items.
    """

    event = Event.RENAMED
    paths: StoredPaths

    def __post_init__(self) -> None:
        if not self.paths:
            raise FormatError("renamed.paths is empty")
        for path in self.paths:
            parse_name(path)
        # All are given at once: no two items can have one name, and there is nothing below an item.
        if NestedPaths().add(sorted(self.paths)) is not None:
            raise FormatError("renamed.paths holds a name twice, or a name that lies below another one")


class ConsentChanged(Details, frozen=True):
    """The consent or the handling of items changed; the header's items say of which.

    Attributes:
        terms: the changed terms as one canonical JSON object, in the form of a consent statement's fields.
    """

    event = Event.CONSENT_CHANGED
    terms: TermsText

    def __post_init__(self) -> None:
        try:
            parse_terms_cached(self.terms)
        except FormatError as error:
            raise FormatError(f"consent-changed.terms: {error.message}", hint=error.hint) from None

    @property
    def consent(self) -> ConsentTerms:
        """The changed terms."""
        return parse_terms_cached(self.terms)


class Countersigned(Details, frozen=True):
    """A second agent confirms an earlier entry.

    Attributes:
        entry: number of the entry.
        head: digest of that entry.
    """

    event = Event.COUNTERSIGNED
    entry: int
    head: Digest


class Admitted(Details, frozen=True):
    """Another agent or key may act for the house of the signer; see `evtool.core.custody.house`.

    Attributes:
        agent: code of the agent who is admitted.
        key: fingerprint of the key of that agent.
        role: whether it acts beside the key that admits it, or after it.
    """

    event = Event.ADMITTED
    agent: PartyCode
    key: Fingerprint
    role: Role


class Renewed(Details, frozen=True):
    """Every earlier file of the record is listed under another hash family than SHA-2, to be time-stamped again.

    The list itself is bound twice, so that it still counts once SHA-256 does not.

    Attributes:
        algorithm: the hash function of the list; `blake2b` with 64 bytes, as `b2sum` computes it.
        files: how many files are listed.
        list: SHA-256 of the list beside the entry.
        list_renewed: digest of the same list under `algorithm`, 128 hexadecimal digits.
    """

    event = Event.RENEWED
    algorithm: str
    files: int
    list: Digest
    list_renewed: str

    def __post_init__(self) -> None:
        if self.algorithm != RENEWAL_HASH or not _LONG_DIGEST.match(self.list_renewed) or self.files < 1:
            raise FormatError(
                f"renewed: expected a list of {RENEWAL_HASH} digests of files, bound by both hash functions"
            )


class Corrected(Details, frozen=True):
    """An earlier entry says something wrong; it stays, this one says what is right.

    Attributes:
        entry: number of the entry.
        head: digest of that entry.
        correction: what is right.
        undone: true if that entry is undone as a whole; None if only words are corrected.
    """

    event = Event.CORRECTED
    entry: int
    head: Digest
    correction: str
    undone: bool | None = None

    def __post_init__(self) -> None:
        if self.undone is False:
            raise FormatError("corrected.undone is true, or is left out")


class Incident(Details, frozen=True):
    """Something happened that may bear on the evidence.

    Attributes:
        description: what.
        place: coarse place.
    """

    event = Event.INCIDENT
    description: str
    place: str | None = None


class Disposed(Details, frozen=True):
    """Items were given up: deleted, returned or destroyed; their statements stay as a tombstone.

    Attributes:
        authority: who or what allows it.
        method: how.
    """

    event = Event.DISPOSED
    authority: str
    method: str


class WithheldDetails(Details, frozen=True):
    """Stands for the table of an entry whose details this copy does not hold: nothing is known of what it says."""


DETAILS: dict[Event, type[Details]] = {
    kind.event: kind
    for kind in (
        Collected, Received, Sealed, Verified, Accessed, Copied, Transferred, Disclosed, Derived, Renamed,
        ConsentChanged, Countersigned, Admitted, Renewed, Corrected, Incident, Disposed,
    )
}  # fmt: skip
"""Event -> the type of its table."""

APART = frozenset({
    Event.ACCESSED, Event.CONSENT_CHANGED, Event.CORRECTED, Event.DERIVED, Event.DISPOSED, Event.INCIDENT,
    Event.RENAMED,
})  # fmt: skip
"""Events of which an entry about single items has its details in a file of their own, which can be withheld."""

STATES_EVIDENCE = frozenset({Event.RECEIVED, Event.VERIFIED, Event.COPIED, Event.TRANSFERRED, Event.DISCLOSED})
"""Events that claim something of the state of the evidence: their entries carry a fixity result."""
