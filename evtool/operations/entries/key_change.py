"""Telling a record that an agent has another key: an entry `admitted`, signed by the key up to now."""

from __future__ import annotations

import os
from collections.abc import Sequence

from evtool.core.custody.events import Admitted, Fingerprint, PartyCode, Role
from evtool.core.custody.house import acts_of
from evtool.core.errors import InputError, UsageError
from evtool.core.ssh.key import PublicKey
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.record_event import RecordResult, record_event
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record


def choose_old_key(
    path: str | os.PathLike[str], new: PublicKey, old: Sequence[PublicKey], *, where: Where = None
) -> PublicKey:
    """Choose which of the old keys of an agent, the newest first, can tell this record of the new one.

    Raises:
        UsageError: the record knows the new key already.
        InputError: none of the old keys has signed here, so there is nobody whom the new one could follow.
    """
    with open_record(path, where) as record:
        acts, admitting = acts_of(record.chain.links), record.houses.admitting
    known = {act.key for act in acts} | {act.admitted.key for act in acts if act.admitted and act.entry in admitting}
    if new.fingerprint in known:
        raise UsageError("this record knows the new key already; nothing was added", key="key-known-already")
    for key in old:
        if key.fingerprint in known:
            return key
    raise InputError(
        "the old key has signed nothing in this record",
        hint="here the new key can sign without a word",
        key="key-signed-nothing",
    )


def announce_key(
    path: str | os.PathLike[str],
    author: Author,
    new: PublicKey,
    header: EntryHeader,
    *,
    where: Where = None,
) -> RecordResult:
    """Add the entry `admitted` by which the next key of the agent who signs follows the present one.

    Raises:
        as `record_event`.
    """
    details = Admitted(PartyCode(author.signer.code), Fingerprint(new.fingerprint), Role.AFTER)
    return record_event(path, author, details, header, where=where)
