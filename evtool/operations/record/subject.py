"""What a verification is pointed at: an evidence directory, or a bundle as a folder, a file or a stream."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from msgspec import Struct

from evtool.core.container.age_header import is_age
from evtool.core.container.zip import LOCAL_SIGNATURE
from evtool.core.errors import FormatError, InputError, UsageError
from evtool.core.finding import Finding
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.operations.progress import Progress
from evtool.operations.record.continuation import open_continued
from evtool.operations.record.opening import find_place, is_own_place
from evtool.operations.record.place import BundleAccess, RecordPlace
from evtool.operations.record.wrong_place import explain_no_container
from evtool.scan.meter import watch
from evtool.scan.missing import explain_missing
from evtool.scan.source import EvidenceSource
from evtool.scan.tree import TreeLocation
from evtool.store.bundle import PAYLOAD_PREFIX, Bundle, FolderBundle
from evtool.store.bundle_form import is_bundle_folder, require_bundle
from evtool.store.custody import NAME, CustodyDirectory, CustodyReader, locate_custody
from evtool.store.zip_bundle import Keep, ZipBundle
from evtool.store.zip_reader import ZipEntry

Place = str | os.PathLike[str] | BinaryIO
"""A path, or a stream that is read to its end."""


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
    place: Place, custody: str | None, access: BundleAccess, progress: Progress
) -> Iterator[Subject | None]:
    """Open an evidence directory or a bundle with its own record alone; None if a directory has no record.

    Raises:
        InputError: there is nothing that could be one, or it cannot be read.
        FormatError: a container is refused, or was changed or cut short.
        KeyFileError: a bundle is encrypted, and nothing given opens it.
        UsageError: `custody` is given for a bundle.
    """
    if isinstance(place, str | os.PathLike) and os.path.isdir(place):
        location = TreeLocation.find(os.fspath(place))
        if custody is None and is_bundle_folder(location):
            with FolderBundle(location) as folder:
                yield Subject(folder.custody, folder, None, folder)
            return
        try:
            record = locate_custody(location, custody)
        except InputError:
            # A link or a file in the directory's place: the user named no such record, so it is a finding.
            if custody is not None:
                raise
            record = None
        if record is None:
            yield None
            return
        own = NAME if is_own_place(location, find_place(location, custody)) else None
        with CustodyDirectory(record) as directory:
            yield Subject(directory, location, own, None)
        return
    if custody is not None:
        raise UsageError(
            "a bundle contains its own record; a custody directory is for evidence directories", key="bundle-own-record"
        )
    with open_container(place, access, progress) as bundle:
        yield Subject(bundle.custody, bundle, None, bundle)


def is_bundle(place: str | os.PathLike[str]) -> bool:
    """Tell whether a path is a bundle by its form: a file, or a folder with the lists of one."""
    path = os.fspath(place)
    if not os.path.isdir(path):
        return os.path.isfile(path)
    return is_bundle_folder(TreeLocation.find(path))


@contextmanager
def open_container(
    place: Place, access: BundleAccess, progress: Progress, keep: Keep | None = None
) -> Iterator[ZipBundle]:
    """Open a zip container, encrypted or not, and read it to its end; `keep` is as for `ZipBundle`.

    Raises:
        InputError, FormatError, KeyFileError: as `open_subject`.
    """
    with _opened(place) as (source, file):
        size = os.fstat(file.fileno()).st_size if file is not None else None
        progress.start("reading", None, size)

        def watched(entry: ZipEntry, chunks: Iterator[bytes]) -> Iterator[bytes]:
            name, is_payload = entry.name.removeprefix(PAYLOAD_PREFIX), entry.name.startswith(PAYLOAD_PREFIX)
            yield from watch(progress.meter, name.encode("utf-8"), entry.size, chunks)
            progress.advance(files=is_payload, size=entry.size, item=name.encode("utf-8") if is_payload else b"")

        if is_age(source.start):
            from evtool.store.age import decrypting  # it imports much that few verifications need

            with decrypting(source, access.identities, access.passphrase) as plain:
                bundle = ZipBundle(plain, keep=keep, watch=watched)
        elif source.start.startswith(LOCAL_SIGNATURE):
            bundle = ZipBundle(source, again=file, keep=keep, watch=watched)
        else:
            part = explain_no_container(name_of(place)) if file is not None else None
            if part:
                raise part
            raise FormatError(
                "{place} is neither a zip file nor an age file",
                hint="evtool verifies an evidence directory, or a bundle as a folder, .zip or .zip.age",
                key="no-container",
                place=_name(place),
            )
        with bundle:
            require_bundle(bundle, _name(place))
            yield bundle


class _Sniffed:
    """A stream of which the first bytes were looked at and are given out again."""

    def __init__(self, stream: BinaryIO) -> None:
        self.start = b""
        while len(self.start) < _SNIFF and (more := stream.read(_SNIFF - len(self.start))):
            self.start += more
        self._left = self.start
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        if not self._left:
            return self._stream.read(size)
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def readline(self, size: int, /) -> bytes:
        if not self._left:
            return self._stream.readline(size)
        end = self._left.find(b"\n") + 1
        if end:
            return self.read(min(end, size))
        piece = self.read(min(size, len(self._left)))
        return piece + (self._stream.readline(size - len(piece)) if len(piece) < size else b"")


_SNIFF = 64


@contextmanager
def _opened(place: Place) -> Iterator[tuple[_Sniffed, BinaryIO | None]]:
    """Open what holds a container; the second value is there if it can be read again at any place."""
    if not isinstance(place, str | os.PathLike):
        yield _Sniffed(place), None
        return
    try:
        file = open(place, "rb", buffering=1024 * 1024)  # noqa: SIM115  # closed below; errors of opening have a name
    except (FileNotFoundError, NotADirectoryError) as error:
        raise explain_missing(name_of(place)) from error
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=_name(place), why=error) from error
    with file:
        regular = stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        yield _Sniffed(file), file if regular else None


def name_of(place: Place) -> str:
    """Give the path that the user named, as it is."""
    return os.fsdecode(os.fspath(place)) if isinstance(place, str | os.PathLike) else "standard input"


def _name(place: Place) -> str:
    return shown(name_of(place))
