"""Storing time evidence beside the entry that it is about."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec import Struct

from evtool.core.errors import InputError, MismatchError, Way
from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.grounds import Grounds
from evtool.core.timestamp.stamp_names import MAX_LABEL, StampName, StampRole, make_label
from evtool.core.timestamp.x509.certificates import load_certificate
from evtool.core.timestamp.x509.dn import parse_name
from evtool.operations.entries.opening import OpenRecord, has_record, open_for_writing
from evtool.operations.record.place import Where
from evtool.operations.record.record import Record
from evtool.operations.timestamps.asking import Pause, StampOutcome
from evtool.operations.verify.time.grounds import load_sunsets


class Ports(Struct, frozen=True):
    """What stamping takes from the outside: randomness, the clock, and waiting."""

    random_bits: Callable[[int], int] = secrets.randbits
    random_bytes: Callable[[int], bytes] = os.urandom
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Pause = time.sleep


class Target(Struct, frozen=True):
    """The entry that is to be stamped: its name, and its signature as it was read."""

    sequence: int
    event: str
    signature: bytes

    def name(self, label: str, role: StampRole, number: int = 0) -> StampName:
        """Name a file of its time evidence."""
        return StampName(self.sequence, self.event, label, role, number)


class StoredStamp(Struct, frozen=True):
    """One time-stamp that was stored: the name of its file, and how it was judged."""

    name: StampName
    outcome: StampOutcome


def make_grounds(anchors: tuple[Anchor, ...], ports: Ports) -> Callable[[], Grounds]:
    """Make what answers are judged on, each at the moment at which it came."""
    sunsets = load_sunsets()
    return lambda: Grounds(ports.now(), anchors, sunsets=sunsets)


def read_target(record: Record, entry: int | None) -> Target:
    """Read the entry that is to be stamped, the newest by default.

    Raises:
        InputError: there is no such entry.
        MismatchError: it cannot be used: its signature does not verify.
    """
    usable = {link.entry.sequence: link for link in record.chain.links}
    numbers = [sequence for sequence, _ in record.listing.entries]
    number = entry if entry is not None else max(numbers, default=0)
    if number not in numbers:
        raise InputError(
            "the record has no entry {number}",
            hint="`evtool log DIR` lists its entries",
            key="stamp-no-entry",
            number=number,
        )
    if number not in usable:
        raise MismatchError(
            "entry {number} cannot be used, so it was not stamped",
            hint="run `evtool verify DIR` first",
            key="stamp-entry-unusable",
            number=number,
        )
    event = usable[number].entry.event.value
    return Target(number, event, record.custody.read_entry(number, event).signature)


@contextmanager
def open_same_record(path: str | os.PathLike[str], where: Where, *targets: Target) -> Iterator[OpenRecord]:
    """Lock the record to add files beside entries that were read before.

    Raises:
        MismatchError: an entry is not the one any more; nothing was stored.
    """
    if not has_record(path, where):
        raise InputError(
            "{path} no longer has a custody directory",
            key="stamp-custody-gone",
            path=shown(os.fsdecode(os.fspath(path))),
        )
    with open_for_writing(path, where) as opened:
        for target in targets:
            if read_target(opened.record, target.sequence) != target:
                raise MismatchError(
                    "entry {sequence} has changed since a moment ago; nothing was stored",
                    key="stamp-entry-changed",
                    sequence=target.sequence,
                )
        yield opened


def store_files(opened: OpenRecord, files: Mapping[StampName, bytes]) -> None:
    """Add files, all of them or, after a power cut, the first ones; none replaces anything.

    Raises:
        InputError: one of them exists already, or cannot be written.
    """
    names = [name.text for name in files]
    for name, data in files.items():
        opened.writer.write(name.text, data)
    opened.writer.commit(names)


def store_token(opened: OpenRecord, target: Target, outcome: StampOutcome, label: str = "") -> StoredStamp:
    """Store an answer that passed, with its request and its certificates; the answer comes last."""
    label = free_label(label or label_of(outcome), labels_of(opened, target))
    response = target.name(label, StampRole.RESPONSE)
    files = {
        target.name(label, StampRole.REQUEST): outcome.request,
        target.name(label, StampRole.CHAIN): outcome.chain_pem,
        response: outcome.response,
    }
    store_files(opened, files)
    return StoredStamp(response, outcome)


def labels_of(opened: OpenRecord, target: Target) -> set[str]:
    """Give the labels that are taken beside an entry."""
    # Listed again: a moment ago this run may have stored another one.
    stamps = opened.custody.list_files().stamps
    return {name.label for name in stamps if (name.sequence, name.event) == (target.sequence, target.event)}


def free_label(wanted: str, taken: set[str]) -> str:
    """Give a label that is not taken: the wanted one, or with a number behind it."""
    stem = wanted[: MAX_LABEL - 3].rstrip("-")
    candidates = (wanted if number == 1 else f"{stem}-{number}" for number in range(1, 100))
    free = next((label for label in candidates if label not in taken), None)
    if free is None:
        raise InputError(
            "there are 99 time-stamps called {label} already",
            hint="choose another name",
            key="stamp-label-most",
            ways=(Way.LABEL,),
            label=wanted,
        )
    return free


_COMMON_NAME = "2.5.4.3"


def label_of(outcome: StampOutcome) -> str:
    """Take the label of an answer from the root of its path, as its certificate calls it."""
    if outcome.verdict is None or not outcome.verdict.chain:
        return make_label("")
    root = load_certificate(outcome.verdict.chain[-1])
    names = dict(parse_name(root.subject))
    return make_label(names.get(_COMMON_NAME, ""))
