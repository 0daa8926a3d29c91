"""A directory that continues the record of a bundle: opening it, and finding out whether the two meet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from evtool.core.custody.chain import EntryFiles, Link, check_link
from evtool.core.errors import EvtoolError, InputError, UsageError, Way
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.text.digest import sha256_hex
from evtool.core.text.names import shown
from evtool.report.language import in_english
from evtool.scan.tree import TreeLocation
from evtool.store.continued import ContinuedCustody
from evtool.store.custody import CustodyDirectory, CustodyReader

SUFFIX = ".received"
"""What the name of a bundle gets for the directory that continues its record, unless the user names another."""


def wrong_pair(apart: Finding) -> InputError:
    """Give the error that says why a directory does not continue a record."""
    return InputError(
        "{why}",
        hint="name the bundle that was received, and the directory that was made for it",
        key="apart",
        ways=(Way.CONTINUED,),
        why=in_english(apart),
    )


class Continued(Struct, frozen=True):
    """A record, as it is read together with the directory that continues it.

    Attributes:
        custody: both, or the record alone if the two do not meet.
        after: number of the newest entry of the record that is continued.
        apart: why they do not meet; None if they do.
    """

    custody: CustodyReader
    after: int
    apart: Finding | None


def default_continuation(place: str | os.PathLike[str]) -> str:
    """Name the directory that continues the record of a bundle: beside it, with its name."""
    return os.fspath(place).rstrip(os.sep) + SUFFIX


@contextmanager
def open_continued(base: CustodyReader, directory: str) -> Iterator[Continued]:
    """Open a directory that continues a record, for reading.

    Raises:
        InputError: it is not there, or no directory.
    """
    if not os.path.lexists(directory):
        raise InputError(
            "{directory} does not exist, so there is nothing that continues the record",
            hint="`evtool receive` makes it",
            key="no-continuation",
            ways=(Way.CONTINUED,),
            directory=shown(directory),
        )
    with CustodyDirectory(TreeLocation.find(directory)) as added:
        both = ContinuedCustody(base, added)
        reason = _find_gap(both, directory)
        if reason is None:
            yield Continued(both, both.newest, None)
        else:
            finding = Finding(Code.CONTINUATION_APART, Effect.UNCHECKED, reason)
            yield Continued(base, both.newest, finding)


def require_place(directory: str, base: str | os.PathLike[str]) -> bytes:
    """Give the path of a directory that is to continue a record, whether or not it is there yet.

    Raises:
        UsageError: it lies in what must not change, or is it.
    """
    path, root = os.path.realpath(os.fsencode(directory)), os.path.realpath(os.fsencode(os.fspath(base)))
    if path == root or path.startswith(root + os.fsencode(os.sep)):
        raise UsageError(
            "{directory} lies in {base}, which must not change",
            hint="name a directory beside it",
            key="continuation-inside",
            ways=(Way.CONTINUED,),
            directory=shown(directory),
            base=shown(os.fsdecode(os.fspath(base))),
        )
    return path


def _find_gap(both: ContinuedCustody, directory: str) -> Words | None:
    """Say why the directory does not go on where the record ends; None if it does.

    An entry that is not signed as it stands, or cannot be read, is for the steps of a verification to judge.
    """
    name = os.path.basename(directory.rstrip(os.sep))
    entries = both.added.list_files().entries
    if not entries:
        return Words("empty", name=name)
    sequence, event = entries[0]
    if sequence != both.newest + 1:
        return Words("gap", name=name, first=sequence, newest=both.newest)
    try:
        link = check_link(both.added.read_entry(sequence, event))
        before = _read_newest(both)
    except EvtoolError:
        return None
    if link is None or before is None or link.entry.previous is None:
        return None
    return _compare(link, before, both, name)


def _read_newest(both: ContinuedCustody) -> EntryFiles | None:
    keys = [key for key in both.base.list_files().entries if key[0] == both.newest]
    return both.base.read_entry(*keys[-1]) if keys else None


def _compare(link: Link, before: EntryFiles, both: ContinuedCustody, name: str) -> Words | None:
    first = check_link(before)
    if first is not None and first.entry.collection != link.entry.collection:
        return Words("collection", name=name, other=link.entry.collection, here=first.entry.collection)
    previous = link.entry.previous
    found = (sha256_hex(before.data), sha256_hex(before.signature))
    if previous is None or (previous.entry, previous.signature) == found:
        return None
    number = link.entry.sequence
    return Words("another-entry", number=number, name=name, newest=both.newest, says=previous.entry, here=found[0])
