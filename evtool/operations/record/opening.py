"""Opening an evidence directory with its record: where the two lie, and whether the record may be built on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from evtool.core.errors import InputError, MismatchError, UsageError, Way
from evtool.core.finding import Code, Effect, Finding
from evtool.core.text.names import shown
from evtool.operations.record.place import Where, place_of
from evtool.operations.record.record import Record, read_record
from evtool.report.language import in_english
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory, CustodyReader, locate_custody
from evtool.store.custody_names import NAME

_VERIFY_FIRST = "run `evtool verify DIR` first"


class Opened(Struct, frozen=True):
    """An evidence directory, and its record if it has one.

    Attributes:
        evidence: the evidence directory.
        record: what the record says, which passed `require_sound`; None without a record.
        custody_name: name of the custody directory in the evidence directory; None if it lies elsewhere.
    """

    evidence: TreeLocation
    record: Record | None
    custody_name: bytes | None


@contextmanager
def open_evidence(path: str | os.PathLike[str], where: Where) -> Iterator[Opened]:
    """Open an evidence directory for reading, with the record that it has by now.

    Raises:
        InputError: the directory, or the custody directory, cannot be used or read.
        MismatchError: the record fails verification.
        UsageError: the custody directory lies inside the evidence.
    """
    evidence, custody_path = TreeLocation.find(os.fspath(path)), place_of(where).custody
    own = NAME if is_own_place(evidence, find_place(evidence, custody_path)) else None
    location = locate_custody(evidence, custody_path)
    if location is None:
        yield Opened(evidence, None, own)
        return
    with CustodyDirectory(location) as directory:
        yield Opened(evidence, read_sound_record(directory), own)


def find_place(evidence: TreeLocation, custody_path: str | None) -> bytes:
    """Decide where the custody directory is, whether or not it is there yet; None means its own place.

    Raises:
        UsageError: it lies in the evidence directory, but not at its own place: there it would be evidence.
    """
    own = os.path.join(evidence.path, NAME)
    if custody_path is None:
        return own
    path, root = os.path.realpath(os.fsencode(custody_path)), os.path.realpath(evidence.path)
    if path == os.path.join(root, NAME) or _is_same(path, own):
        return own
    if path == root or path.startswith(root + b"/"):
        raise UsageError(
            "the custody directory lies inside the evidence directory",
            hint="use the directory custody/ in it, which is the default, or name a directory outside",
            key="custody-inside",
            ways=(Way.CUSTODY,),
        )
    return path


def is_own_place(evidence: TreeLocation, place: bytes) -> bool:
    """Tell whether a place that `find_place` gave lies in the evidence directory, as `custody/`."""
    return place == os.path.join(evidence.path, NAME)


def _is_same(path: bytes, own: bytes) -> bool:
    """Ask the system: one directory can have names that differ in case, in Unicode form, or by a mount."""
    try:
        return os.path.samestat(os.lstat(path), os.lstat(own))
    except OSError:
        return False


def read_sound_record(custody: CustodyDirectory) -> Record:
    """Read a record, and refuse to build on one that fails verification.

    Raises:
        InputError: the directory is not evtool's, or cannot be read.
        MismatchError: an entry, a signature or the order of the entries fails verification.
    """
    require_ours(custody)
    return read_to_build_on(custody)


def require_ours(custody: CustodyDirectory) -> None:
    """Refuse to write into a directory that is not evtool's.

    Raises:
        InputError: it is not.
    """
    if not custody.list_files().is_ours:
        raise InputError(
            "the directory {path} holds files that evtool did not write; it counts as evidence like any other, "
            "and nothing was written there",
            hint="keep the custody directory elsewhere; this directory is then sealed with the rest",
            key="custody-foreign",
            ways=(Way.CUSTODY, Way.CONTINUED),
            path=shown(os.fsdecode(os.path.basename(custody.location.path))),
        )


def read_to_build_on(custody: CustodyReader) -> Record:
    """Read a record, wherever it lies, and refuse to build on one that fails verification.

    Raises:
        InputError: it cannot be read.
        MismatchError: an entry, a signature or the order of the entries fails verification.
    """
    record = read_record(custody)
    # What an interrupted run left is cleaned by the next writer, and stands in nobody's way.
    require_sound(finding for finding in record.record_findings if finding.code is not Code.ENTRY_UNFINISHED)
    return record


def require_sound(findings: Iterable[Finding]) -> None:
    """Refuse to build on a record, or to answer out of one, if it is disproved or not all of it could be checked.

    Raises:
        MismatchError: a finding disproves something; such a finding is named first.
        InputError: something could not be checked.
    """
    found = sorted(
        (finding for finding in findings if finding.effect in (Effect.DISPROVES, Effect.UNCHECKED)),
        key=lambda finding: finding.effect is not Effect.DISPROVES,
    )
    if not found:
        return
    if found[0].effect is Effect.DISPROVES:
        raise MismatchError(
            "the record fails verification: {why}", hint=_VERIFY_FIRST, key="record-fails", why=in_english(found[0])
        )
    raise InputError(
        "the record cannot be read: {why}", hint=_VERIFY_FIRST, key="record-unreadable", why=in_english(found[0])
    )
