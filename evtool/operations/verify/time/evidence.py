"""The time evidence of a record as it lies on disk: read, and compared with what later entries list."""

from __future__ import annotations

from msgspec import Struct, field

from evtool.core.custody.chain import Link
from evtool.core.errors import EvtoolError, FormatError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.digest import sha256_hex
from evtool.core.text.limits import MAX_STAMPS, MAX_STAMPS_SIZE
from evtool.core.timestamp.stamp_names import EVIDENCE, StampName, parse_stamp_name
from evtool.operations.record.record import Record


class FoundStamp(Struct, frozen=True):
    """One time-stamp token or proof as it lies there.

    Attributes:
        name: its parsed file name.
        data: its bytes.
        signature: the signature file that it should be about.
        listed_in: number of the first later entry that holds the digest of these bytes; None while there is none.
    """

    name: StampName
    data: bytes
    signature: bytes
    listed_in: int | None


class TimeFiles(Struct):
    """All that lies there, and what is wrong with it before anything is judged."""

    stamps: list[FoundStamp] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def recorded_digests(links: tuple[Link, ...]) -> dict[str, list[tuple[int, str]]]:
    """Collect what the entries say of time-stamps: file name -> the entries that list it, with the digest."""
    recorded: dict[str, list[tuple[int, str]]] = {}
    for link in links:
        for name, digest in (link.entry.previous.timestamps if link.entry.previous else {}).items():
            recorded.setdefault(name, []).append((link.entry.sequence, digest))
    return recorded


def read_time_files(record: Record) -> TimeFiles:
    """Read every token and proof, and find those that entries list but that are not there, or not the same."""
    links = record.chain.links
    found = TimeFiles()
    recorded = recorded_digests(links)
    there = {name.text: name for name in record.listing.stamps if name.role in EVIDENCE}
    for text, records in recorded.items():
        _check_recorded(text, records, there, found)
    if len(there) > MAX_STAMPS:
        says = Words("too-many", most=MAX_STAMPS)
        found.findings.append(Finding(Code.TIMESTAMP_OPEN, Effect.NOTE, says, count=len(there)))
    usable = {link.entry.sequence: link.entry.event.value for link in links}
    size = 0
    for count, name in enumerate(sorted(there.values(), key=lambda name: name.text not in recorded)):
        if count >= MAX_STAMPS and name.text not in recorded:
            break
        if usable.get(name.sequence) == name.event:
            if size > MAX_STAMPS_SIZE:
                found.findings.append(_too_much(name, is_listed=name.text in recorded))
                break
            size += _read_stamp(record, name, recorded.get(name.text, []), found)
    return found


def _too_much(name: StampName, *, is_listed: bool) -> Finding:
    """Say from where on nothing was judged.

    Those that no entry lists come last. Anybody can add and remove these, so one that is not judged hides nothing that
    could not be removed as well: it is not relied upon, and that keeps no other answer away.
    """
    effect = Effect.UNCHECKED if is_listed else Effect.NOTE
    says = Words("too-large", bytes=MAX_STAMPS_SIZE)
    return Finding(Code.TIMESTAMP_OPEN, effect, says, path=name.text, entry=name.sequence)


def _check_recorded(text: str, records: list[tuple[int, str]], there: dict[str, StampName], found: TimeFiles) -> None:
    name, entry = parse_stamp_name(text), records[0][0]
    if name is None or name.role not in EVIDENCE or name.sequence >= entry:
        says = Words("kind-unknown", name=text)
        found.findings.append(Finding(Code.CUSTODY_UNREADABLE, Effect.UNCHECKED, says, entry=entry))
    elif text not in there:
        finding = Finding(Code.TIMESTAMP_MISSING, Effect.DISPROVES, Words("listed"), path=text, entry=entry)
        found.findings.append(finding)


def _read_stamp(record: Record, name: StampName, records: list[tuple[int, str]], found: TimeFiles) -> int:
    """Read one token or proof; returns how many bytes it has."""
    try:
        data = record.custody.read_stamp(name)
        signature = record.custody.read_entry(name.sequence, name.event).signature
    except EvtoolError as error:
        found.findings.append(_unreadable(name, records, error))
        return 0
    digest = sha256_hex(data)
    for entry, recorded in records:
        if recorded != digest:
            found.findings.append(
                Finding(
                    Code.TIMESTAMP_CHANGED,
                    Effect.DISPROVES,
                    Words("digest"),
                    path=name.text,
                    expected=recorded,
                    found=digest,
                    entry=entry,
                )
            )
    listed = min((entry for entry, recorded in records if recorded == digest), default=None)
    found.stamps.append(FoundStamp(name, data, signature, listed))
    return len(data)


def _unreadable(name: StampName, records: list[tuple[int, str]], error: EvtoolError) -> Finding:
    """Whatever is larger than a time-stamp can be is not the one that was listed; any other failure shows nothing."""
    effect = Effect.NOTE
    if records:
        effect = Effect.DISPROVES if isinstance(error, FormatError) else Effect.UNCHECKED
    code = Code.TIMESTAMP_CHANGED if effect is Effect.DISPROVES else Code.CUSTODY_UNREADABLE
    key = "unreadable" if name.text in error.message else "unreadable-file"
    return Finding(code, effect, Words(key, name=name.text, why=Cause.of(error)), path=name.text, entry=name.sequence)
