"""Proving one copy, or some of its items: the bytes are those that were registered.

A directory is checked as `verify` checks it, against its own record, which has to hold the entry that was the newest
when it was registered. A bundle that is one file is compared as a whole, by the SHA-256 of the file that was verified
when it came in: one pass proves more than its items, and no key is needed for an encrypted one. The entries that
continue the record beside it are checked as `continuation_proof` says. Whose keys are trusted
is not asked: that was decided when the copy was registered, and a disk does not change it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from enum import Enum

from msgspec import Struct

from evtool.core.errors import EvidenceError, InputError
from evtool.core.finding import Cause, Code, Effect, Finding, Words
from evtool.core.text.ranges import ItemRanges, ranges_of
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.catalogue.continuation_proof import find_wrong_continuation
from evtool.operations.catalogue.schedule import Portion
from evtool.operations.record.place import RecordPlace
from evtool.operations.record.selection import Selection
from evtool.operations.record.withholding import disclosed_items
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify_and_tell
from evtool.scan.progress import Progress
from evtool.store.custody_names import NAME

_CHUNK = 1024 * 1024
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""A link in the place of a file is not the file; a pipe there must not make the audit wait."""

_GONE = (errno.ENOENT, errno.ENOTDIR)
_GONE_KEY = "copy-gone"


class Scope(Enum):
    """What a proof is about."""

    FULL = "full"
    """All items from the first to the last, each read and compared."""
    CONTAINER = "container"
    """The file that holds them."""


class CopyPlace(Struct, frozen=True):
    """A copy, as it was registered.

    Attributes:
        path: on this machine.
        container: its form, `dir` and `bag` if it is a folder.
        continued: the directory that continues its record, on this machine, or None.
        collection: id of the collection, or None.
        head: digest of the newest entry, or None.
        sha256: of the file, if it is one.
        size: bytes of the file, if it is one.
        receipt: digest of the receipt that was signed for it, or None.
        items: the items that it holds; None if it holds none.
        may_be_unmounted: tells, if nothing is there, whether the disk may not be mounted.
    """

    path: str
    container: str
    continued: str | None
    collection: str | None
    head: str | None
    sha256: str | None
    size: int
    receipt: str | None = None
    items: ItemRanges | None = None
    may_be_unmounted: Callable[[str], bool] = lambda path: False

    @property
    def is_file(self) -> bool:
        """Whether it is one file, which is read as a whole or not at all."""
        return is_one_file(self.container)


def is_one_file(container: str) -> bool:
    """Tell whether what has this form is one file, which cannot be read in pieces. Folders may have a SHA-256, too."""
    return container not in ("dir", "bag")


class CopyProof(Struct, frozen=True):
    """What came of reading.

    Attributes:
        scope: what was compared.
        ok: items that are as registered.
        changed: items that are not, by their bytes, names or types, or because their record is not.
        missing: items that are gone.
        unreadable: items that could not be read.
        size: bytes that were read.
        damaged: numbers of the items that are changed or missing, as far as they can be told.
        why: what is wrong; None if nothing is.
    """

    scope: Scope
    ok: int
    changed: int
    missing: int
    unreadable: int
    size: int
    damaged: ItemRanges | None = None
    why: Words | Finding | Cause | None = None

    @property
    def is_damaged(self) -> bool:
        """Whether something is not as registered."""
        return self.changed + self.missing > 0

    @property
    def is_lost(self) -> bool:
        """Whether that is true of the whole copy, so that reading more of it would tell no more."""
        return self.is_damaged and self.damaged is None

    def about(self, items: int) -> CopyProof:
        """Say of so many items what is true of a whole copy."""
        return replace(self, changed=items if self.changed else 0, missing=items if self.missing else 0)


def prove(copy: CopyPlace, piece: Portion, *, whole: bool, jobs: int | None, progress: Progress) -> CopyProof:
    """Prove the items of a piece; `whole` tells that there are no others in the copy.

    Of a bundle that is one file the piece is all of it.
    """
    try:
        wrong = _find_wrong_kind(copy)
        if wrong is not None and wrong.key == _GONE_KEY and copy.may_be_unmounted(copy.path):
            return CopyProof(_scope(copy), 0, 0, 0, piece.items, 0, why=Words("copy-unmounted"))
        if wrong is not None:
            return _lost(copy, piece, wrong, missing=wrong.key == _GONE_KEY)
        beside = _find_wrong_beside(copy)
        if copy.is_file:
            proof = _prove_file(copy, piece, progress)
            return proof if beside is None or proof.is_damaged else _lost(copy, piece, beside, size=proof.size)
        if beside is not None:
            return _lost(copy, piece, beside)
        return _prove_items(copy, piece, whole=whole, jobs=jobs, progress=progress)
    except (InputError, EvidenceError, OSError) as error:
        return CopyProof(_scope(copy), 0, 0, 0, piece.items, 0, why=Cause.of(error))


def _scope(copy: CopyPlace) -> Scope:
    return Scope.CONTAINER if copy.is_file else Scope.FULL


def _find_wrong_kind(copy: CopyPlace) -> Words | None:
    """Tell what lies in the place of a copy if it is not that: nothing, a link, something of another type.

    Raises:
        OSError: it cannot be told.
    """
    try:
        mode = os.lstat(copy.path).st_mode
        if not copy.is_file and stat.S_ISDIR(mode):
            os.lstat(os.path.join(copy.path, "bagit.txt" if copy.container == "bag" else os.fsdecode(NAME)))
    except OSError as error:
        if error.errno in _GONE:
            return Words(_GONE_KEY)
        raise
    if stat.S_ISLNK(mode):
        return Words("copy-link")
    expected = stat.S_ISREG(mode) if copy.is_file else stat.S_ISDIR(mode)
    return None if expected else Words("copy-other-type")


def _find_wrong_beside(copy: CopyPlace) -> Words | None:
    if copy.continued is None or copy.collection is None:
        return None
    return find_wrong_continuation(copy.continued, copy.collection, copy.head, copy.receipt)


def _lost(copy: CopyPlace, piece: Portion, why: Words, *, missing: bool = False, size: int = 0) -> CopyProof:
    """Tell that nothing of a piece can be relied on any more."""
    changed, gone = (0, piece.items) if missing else (piece.items, 0)
    return CopyProof(_scope(copy), 0, changed, gone, 0, size, None, why)


def _prove_file(copy: CopyPlace, piece: Portion, progress: Progress) -> CopyProof:
    """Compare a file with its SHA-256."""
    descriptor = os.open(copy.path, _READ)
    with open(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        if size != copy.size:
            return _lost(copy, piece, Words("copy-size", found=size, expected=copy.size))
        progress.start("checking", piece.items, size)
        found = _hash(file.read, progress.advance)
    if found != copy.sha256:
        return _lost(copy, piece, Words("copy-bytes"), size=size)
    return CopyProof(Scope.CONTAINER, piece.items, 0, 0, 0, size)


def _hash(read: Callable[[int], bytes], advance: Callable[[int, int], None]) -> str:
    digest = hashlib.sha256()
    while chunk := read(_CHUNK):
        digest.update(chunk)
        advance(0, len(chunk))
    return digest.hexdigest()


def _prove_items(copy: CopyPlace, piece: Portion, *, whole: bool, jobs: int | None, progress: Progress) -> CopyProof:
    """Check items as `verify` does, and judge what that says about the copy."""
    options = VerifyOptions(
        expected_head=copy.head,
        selection=Selection() if whole else Selection(frozenset(range(piece.first, piece.last + 1))),
        place=RecordPlace(continued=copy.continued),
        jobs=jobs,
    )
    report, disclosed = verify_and_tell(copy.path, options, disclosed_items, progress)
    if report.collection is not None and report.collection != copy.collection:
        return _lost(copy, piece, Words("copy-other-collection"), size=report.bytes)
    damage = [finding for finding in report.findings if _is_damage(finding, copy)]
    fates = report.items
    numbers = [finding.item for finding in damage if finding.item is not None]
    of_record = [finding for finding in damage if finding.item is None]
    if numbers:
        # The lists of a bag say of the same files once more that they are not as they were.
        of_record = [finding for finding in of_record if finding.code is not Code.BAG_BROKEN]
    if of_record:
        # What a record that is not as registered says of its items proves nothing of them.
        return CopyProof(Scope.FULL, 0, piece.items, 0, 0, report.bytes, None, _without_name(of_record[0]))
    open_questions = [finding for finding in report.findings if _is_open(finding, report)]
    absent = _find_absent(copy, piece, disclosed) if not open_questions else []
    return CopyProof(
        Scope.FULL,
        ok=fates.ok + fates.stated_only,
        changed=fates.changed + fates.renamed + fates.type_changed,
        missing=fates.missing + len(absent),
        unreadable=fates.unreadable or len(open_questions),
        size=report.bytes,
        damaged=ranges_of(sorted({*numbers, *absent})) if numbers or absent else None,
        why=Words("copy-items")
        if damage
        else Words("copy-absent")
        if absent
        else _without_name(open_questions[0])
        if open_questions
        else None,
    )


def _find_absent(copy: CopyPlace, piece: Portion, disclosed: ItemRanges | None) -> list[int]:
    """Find the items of a piece that a copy withholds: another bundle of the collection would verify in its place."""
    held = copy.items.meet(ItemRanges(((piece.first, piece.last),))) if copy.items is not None else None
    if held is None or (disclosed is not None and held.meet(disclosed) == held):
        return []
    return [number for number in held if disclosed is None or number not in disclosed]


def _without_name(finding: Finding) -> Words | Finding:
    """Give what to say of a finding. Whoever audits may not know the names of files, and mail from a job is read by
    many: those are left to `verify`.
    """
    return Words("copy-record") if finding.path is not None else finding


def _is_damage(finding: Finding, copy: CopyPlace) -> bool:
    """Tell whether a finding disproves what was registered. A file that was added to a directory does not: it grows."""
    return finding.effect is Effect.DISPROVES and not (finding.code is Code.EXTRA and copy.container == "dir")


def _is_open(finding: Finding, report: Report) -> bool:
    """Tell whether a finding says that something was not read, though it should be there."""
    fates = report.items
    nothing_to_read = finding.code is Code.NO_ITEMS and fates.disposed + fates.stated_only + fates.omitted > 0
    return finding.effect is Effect.UNCHECKED and not nothing_to_read
