"""Upgrading OpenTimestamps proofs: asking the calendars for what they promised.

A proof that grew is a new file; the promise stays as it was, as a later entry may have listed it.
"""

from __future__ import annotations

import os

from msgspec import Struct

from evtool.core.errors import EvtoolError
from evtool.core.timestamp.ots.format import parse_proof, serialize_proof
from evtool.core.timestamp.ots.proof import Proof
from evtool.core.timestamp.ots.stamp import find_pending, is_complete
from evtool.core.timestamp.stamp_names import UPGRADE_LABEL, StampName, StampRole
from evtool.interop.ots_client import require_listed
from evtool.operations.record.place import Where, place_of
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.operations.timestamps.asking import CalendarOutcome, upgrade_proof
from evtool.operations.timestamps.storing import (
    Ports,
    Target,
    free_label,
    labels_of,
    open_same_record,
    read_target,
    store_files,
)


class ProofUpgrade(Struct, frozen=True):
    """What came of asking for the rest of one proof.

    Attributes:
        entry: number of the entry.
        name: the file with the newest state of the proof.
        changed: it grew.
        complete: it names a Bitcoin block.
        problems: calendars that were not asked, or did not answer as one should; or why the file cannot be read.
        would_ask: in a dry run, the calendars that would be asked for the rest.
    """

    entry: int
    name: StampName
    changed: bool
    complete: bool
    problems: tuple[CalendarOutcome, ...] = ()
    would_ask: tuple[str, ...] = ()


def upgrade_proofs(
    path: str | os.PathLike[str],
    calendars: tuple[str, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> tuple[ProofUpgrade, ...]:
    """Ask for the rest of every proof that is still a promise, of calendars on the user's list only.

    One proof that cannot be upgraded does not keep the others from it. With `RecordPlace.dry_run` nobody is asked, and
    the result says who would be.

    Raises:
        InputError: there is no record.
    """
    ports = ports or Ports()
    with open_record(path, where) as record:
        newest = _newest_proofs(record, entry)
        loaded = [(name, *_load(record, name)) for name in newest]
    results: list[ProofUpgrade] = []
    for name, target, proof, problem in loaded:
        if target is None or proof is None:
            results.append(ProofUpgrade(name.sequence, name, False, False, (CalendarOutcome(name.text, problem),)))
        elif is_complete(proof):
            results.append(ProofUpgrade(name.sequence, name, False, True))
        elif place_of(where).dry_run:
            with open_same_record(path, where, target):
                results.append(_rehearse(name, proof, calendars))
        else:
            results.append(_upgrade(path, where, name, target, proof, calendars, ports))
    return tuple(results)


def _newest_proofs(record: Record, entry: int | None) -> list[StampName]:
    """Of each entry the proof that grew last."""
    newest: dict[int, StampName] = {}
    for name in record.listing.stamps:
        if name.role is StampRole.PROOF and entry in (None, name.sequence):
            newest[name.sequence] = max(newest.get(name.sequence, name), name, key=_generation)
    return [newest[number] for number in sorted(newest)]


def _generation(name: StampName) -> int:
    number = name.label.removeprefix(UPGRADE_LABEL).lstrip("-")
    if not name.label:
        return 0
    return int(number) if number.isdigit() else 1


def _load(record: Record, name: StampName) -> tuple[Target | None, Proof | None, str]:
    try:
        return read_target(record, name.sequence), parse_proof(record.custody.read_stamp(name)), ""
    except EvtoolError as error:
        return None, None, error.message


def _rehearse(name: StampName, proof: Proof, calendars: tuple[str, ...]) -> ProofUpgrade:
    would_ask, problems = [], []
    for uri in dict.fromkeys(pending.uri for pending in find_pending(proof)):
        try:
            require_listed(uri, calendars)
        except EvtoolError as error:
            problems.append(CalendarOutcome(uri, error.message, error.hint))
            continue
        would_ask.append(uri)
    return ProofUpgrade(name.sequence, name, False, False, tuple(problems), tuple(would_ask))


def _upgrade(
    path: str | os.PathLike[str],
    where: Where,
    name: StampName,
    target: Target,
    proof: Proof,
    calendars: tuple[str, ...],
    ports: Ports,
) -> ProofUpgrade:
    outcome = upgrade_proof(proof, calendars, ports.pause)
    if outcome.changed:
        with open_same_record(path, where, target) as opened:
            name = target.name(free_label(UPGRADE_LABEL, labels_of(opened, target)), StampRole.PROOF)
            store_files(opened, {name: serialize_proof(outcome.proof)})
    return ProofUpgrade(target.sequence, name, outcome.changed, outcome.complete, outcome.problems)
