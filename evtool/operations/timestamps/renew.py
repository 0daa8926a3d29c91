"""Renewing the time evidence of a record: all of it is listed under a second hash family, in a signed entry.

The entry is then stamped like any other. From there on the old time-stamps are judged as of the time of the new one,
and the manifests, with the digests of the evidence in them, are bound without SHA-256.
"""

from __future__ import annotations

import hashlib
import os

from msgspec import Struct

from evtool.core.custody.events import RENEWAL_HASH, Details, Digest, Event, Renewed
from evtool.core.custody.privacy import check_entry_text
from evtool.core.custody.renewal_list import serialize_list
from evtool.core.errors import InputError
from evtool.core.text.digest import sha256_hex
from evtool.core.text.names import shown
from evtool.operations.author import Author, EntryHeader
from evtool.operations.entries.opening import has_record, open_for_writing
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.place import Where
from evtool.operations.verify.renewals import record_files
from evtool.store.custody_names import FileRole, file_name


class RenewResult(Struct, frozen=True):
    """A renewal that was recorded.

    Attributes:
        entry: number of the new entry.
        head: its SHA-256.
        files: how many files its list holds.
    """

    entry: int
    head: str
    files: int


def renew(
    path: str | os.PathLike[str],
    author: Author,
    header: EntryHeader,
    *,
    where: Where = None,
) -> RenewResult:
    """Add a `renewed` entry that lists every file of the record; it is to be stamped afterwards.

    Raises:
        InputError: there is no record.
        MismatchError: the record fails verification; what is wrong is not renewed.
        RefusedError: the reason names somebody.
    """
    if not has_record(path, where):
        raise InputError(
            "{path} has no custody directory, so there is nothing to renew",
            key="renew-no-custody",
            path=shown(os.fsdecode(os.fspath(path))),
        )
    with open_for_writing(path, where) as opened:
        digests = {
            name: opened.custody.hash_file(name, hashlib.blake2b()) for name in record_files(opened.record.listing)
        }
        if not digests:
            raise InputError("the record has no entry, so there is nothing to renew", key="renew-no-entry")
        data = serialize_list(digests)
        details: Details = Renewed(
            algorithm=RENEWAL_HASH,
            files=len(digests),
            list=Digest(sha256_hex(data)),
            list_renewed=hashlib.blake2b(data).hexdigest(),
        )
        check_entry_text(details, header.reason, author.policy)
        name = file_name(opened.next_sequence, Event.RENEWED.value, FileRole.RENEWAL)
        written = commit_entry(opened, draft_entry(opened, author, header, details, own={name: data}))
    return RenewResult(written.sequence, written.head, len(digests))
