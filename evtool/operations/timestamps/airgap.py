"""Time-stamps across an air gap: the request goes out as a file, the answer comes back as one."""

from __future__ import annotations

import os
from collections.abc import Callable

from msgspec import Struct

from evtool.core.errors import EvtoolError, FormatError, InputError, MismatchError, NotEstablishedError
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.request import parse_request
from evtool.core.timestamp.result import TokenReason, TokenState
from evtool.core.timestamp.stamp_names import StampName, StampRole, check_label
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record
from evtool.operations.record.record import Record
from evtool.operations.timestamps.asking import StampOrder, StampOutcome, judge_response, make_request
from evtool.operations.timestamps.storing import (
    Ports,
    StoredStamp,
    Target,
    free_label,
    labels_of,
    make_grounds,
    open_same_record,
    read_target,
    store_files,
)

WAITING_LABEL = "offline"
"""Label of a request that waits for its answer; nobody knows yet who will give it."""


class WrittenRequest(Struct, frozen=True):
    """A request that was written: its bytes, and the file in which it is kept."""

    data: bytes
    name: StampName


def _keep(_: bytes) -> None:
    """Leave the request to the caller, who finds it in the result."""


def write_request(
    path: str | os.PathLike[str],
    *,
    deliver: Callable[[bytes], None] = _keep,
    entry: int | None = None,
    policy: str | None = None,
    hash_name: str = "sha256",
    label: str = "",
    where: Where = None,
    ports: Ports | None = None,
) -> WrittenRequest:
    """Make a request for an entry and keep it beside it: it is what ties an answer of another day to this question.

    `deliver` takes the request to where it goes out, before it is kept: one that nobody can send must not wait for an
    answer. Whatever it raises leaves the record as it was.

    Raises:
        InputError: there is no such entry.
        FormatError: the label or the policy cannot be used.
    """
    ports = ports or Ports()
    wanted = check_label(label or WAITING_LABEL)
    with open_record(path, where) as record:
        target = read_target(record, entry)
    data = make_request(StampOrder(target.signature, hash_name, policy), ports.random_bits)
    with open_same_record(path, where, target) as opened:
        name = target.name(free_label(wanted, labels_of(opened, target)), StampRole.REQUEST)
        deliver(data)
        store_files(opened, {name: data})
    return WrittenRequest(data, name)


def import_response(
    path: str | os.PathLike[str],
    response: bytes,
    anchors: tuple[Anchor, ...],
    *,
    entry: int | None = None,
    where: Where = None,
    ports: Ports | None = None,
) -> StoredStamp:
    """Check an answer that came as a file against the requests that wait, and store it beside the one it answers.

    Raises:
        InputError: no request waits, or this very answer is stored already.
        FormatError: the file holds no answer.
        MismatchError: it answers none of the requests, or is disproved.
        NotEstablishedError: it cannot be shown on the user's anchors; it was not stored.
    """
    ports = ports or Ports()
    grounds = make_grounds(anchors, ports)()
    with open_record(path, where) as record:
        waiting = _find_waiting(record, entry)
        stored = _find_stored(record, response)
    if stored is not None:
        raise InputError("this answer is already stored, as {name}", key="answer-stored", name=stored.text)
    if not waiting:
        raise InputError(
            "no request is waiting for an answer",
            hint="`evtool timestamp DIR --request OUT.tsq` writes one",
            key="answer-unasked",
        )
    judged = [
        (target, name, judge_response(target.signature, "", request, response, grounds))
        for target, name, request in waiting
    ]
    target, name, outcome = min(judged, key=lambda candidate: _distance(candidate[2]))
    if not outcome.ok:
        raise _refusal(outcome)
    with open_same_record(path, where, target) as opened:
        answer = target.name(name.label, StampRole.RESPONSE)
        store_files(opened, {target.name(name.label, StampRole.CHAIN): outcome.chain_pem, answer: response})
    return StoredStamp(answer, outcome)


def _find_waiting(record: Record, entry: int | None) -> list[tuple[Target, StampName, bytes]]:
    stamps = record.listing.stamps
    answered = {(name.sequence, name.label) for name in stamps if name.role is StampRole.RESPONSE}
    waiting = []
    for name in stamps:
        wanted = entry is None or name.sequence == entry
        if name.role is StampRole.REQUEST and wanted and (name.sequence, name.label) not in answered:
            try:
                target = read_target(record, name.sequence)
                request = record.custody.read_stamp(name)
                parse_request(request)
            except EvtoolError:
                continue
            waiting.append((target, name, request))
    return waiting


def _find_stored(record: Record, response: bytes) -> StampName | None:
    for name in record.listing.stamps:
        if name.role is StampRole.RESPONSE:
            try:
                if record.custody.read_stamp(name) == response:
                    return name
            except EvtoolError:
                continue
    return None


_NOT_FOR_THIS = (TokenReason.IMPRINT_MISMATCH, TokenReason.REQUEST_IMPRINT_MISMATCH)


def _distance(outcome: StampOutcome) -> int:
    """Tell how far an answer is from a request: passed, doubtful, for other random numbers, for another entry."""
    if outcome.ok:
        return 0
    reason = outcome.verdict.reason if outcome.verdict else TokenReason.MALFORMED
    if reason in _NOT_FOR_THIS:
        return 3
    return 2 if reason is TokenReason.NONCE_MISMATCH else 1


_NO_ANSWER = frozenset(
    {
        TokenReason.TOO_LARGE,
        TokenReason.MALFORMED,
        TokenReason.TRAILING_BYTES,
        TokenReason.BER_NOT_SUPPORTED,
        TokenReason.IS_A_REQUEST,
        TokenReason.NOT_GRANTED,
        TokenReason.NO_TOKEN,
        TokenReason.NOT_SIGNED_DATA,
        TokenReason.NOT_A_TIMESTAMP,
    }
)


def _refusal(outcome: StampOutcome) -> EvtoolError:
    verdict = outcome.verdict
    kind: type[EvtoolError] = FormatError
    if verdict is not None and verdict.reason not in _NO_ANSWER:
        kind = MismatchError if verdict.state is TokenState.FAILED else NotEstablishedError
    code = f" [{verdict.reason.value}]" if verdict else ""
    return kind(f"the answer was not stored: {outcome.problem}{code}", hint=outcome.hint)
