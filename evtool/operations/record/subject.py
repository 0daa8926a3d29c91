"""What a verification is pointed at: an evidence directory, or a bundle as a folder, a file or a stream."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from evtool.core.errors import InputError, UsageError
from evtool.core.finding import Finding
from evtool.core.values import replace
from evtool.operations.record.continuation import open_continued
from evtool.operations.record.opening import find_place, is_own_place
from evtool.operations.record.place import BundleAccess, Place, RecordPlace
from evtool.scan.progress import Progress
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import TreeLocation
from evtool.store.bundle_form import is_bundle_folder
from evtool.store.custody import CustodyDirectory, CustodyReader, locate_custody
from evtool.store.custody_names import NAME

if TYPE_CHECKING:
    from evtool.store.bundle import Bundle


class Subject(Struct, frozen=True):
    """A record, and the evidence that it is about.

    Attributes:
        custody: the record, open for reading.
        evidence: the evidence directory, or the payload of a bundle.
        custody_name: name of the custody directory in the evidence directory; None if it lies elsewhere.
        bundle: the bundle, if it is one.
        continued: number of the newest entry of the record itself, if it is read with a directory that continues it.
        apart: why that directory does not continue it; None if it does.
    """

    custody: CustodyReader
    evidence: TreeLocation | EvidenceSource
    custody_name: bytes | None
    bundle: Bundle | None
    continued: int | None = None
    apart: Finding | None = None


@contextmanager
def open_subject(place: Place, where: RecordPlace, progress: Progress) -> Iterator[Subject | None]:
    """Open an evidence directory or a bundle, with what continues its record; None if a directory has no record.

    Raises:
        InputError: there is nothing that could be one, or it cannot be read.
        FormatError: a container is refused, or was changed or cut short.
        KeyFileError: a bundle is encrypted, and nothing given opens it.
        UsageError: a custody directory is given for a bundle.
    """
    with open_itself(place, where.custody, where.access, progress) as subject:
        if subject is None or where.continued is None:
            yield subject
            return
        with open_continued(subject.custody, where.continued) as both:
            yield replace(subject, custody=both.custody, continued=both.after, apart=both.apart)


@contextmanager
def open_itself(
    place: Place, custody_path: str | None, access: BundleAccess, progress: Progress
) -> Iterator[Subject | None]:
    """Open an evidence directory or a bundle with its own record alone; None if a directory has no record.

    Raises:
        InputError: there is nothing that could be one, or it cannot be read.
        FormatError: a container is refused, or was changed or cut short.
        KeyFileError: a bundle is encrypted, and nothing given opens it.
        UsageError: `custody_path` is given for a bundle.
    """
    if isinstance(place, str | os.PathLike) and os.path.isdir(place):
        location = TreeLocation.find(os.fspath(place))
        if custody_path is None and is_bundle_folder(location):
            # Start-up time: a plain directory needs no reader of bundles.
            from evtool.store.bundle import FolderBundle

            with FolderBundle(location) as folder:
                yield Subject(folder.custody, folder, None, folder)
            return
        try:
            record = locate_custody(location, custody_path)
        except InputError:
            # A link or a file in the directory's place: the user named no such record, so it is a finding.
            if custody_path is not None:
                raise
            record = None
        if record is None:
            yield None
            return
        own = NAME if is_own_place(location, find_place(location, custody_path)) else None
        with CustodyDirectory(record) as directory:
            yield Subject(directory, location, own, None)
        return
    if custody_path is not None:
        raise UsageError(
            "a bundle contains its own record; a custody directory is for evidence directories", key="bundle-own-record"
        )
    # Start-up time: as above.
    from evtool.operations.record.container import open_container

    with open_container(place, access, progress) as bundle:
        yield Subject(bundle.custody, bundle, None, bundle)


def is_bundle(place: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a bundle by its form: a file, or a folder with the lists of one."""
    path = os.fspath(place)
    if not os.path.isdir(path):
        return os.path.isfile(path)
    return is_bundle_folder(TreeLocation.find(path))
