"""Opening a bundle that is one file, or a stream: a zip container, encrypted or not."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from evtool.core.container.age_header import is_age
from evtool.core.container.zip import LOCAL_SIGNATURE
from evtool.core.errors import FormatError, InputError
from evtool.core.text.names import shown
from evtool.operations.record.place import BundleAccess, Place, name_of
from evtool.operations.record.wrong_place import explain_no_container
from evtool.scan.meter import watch
from evtool.scan.missing import explain_missing
from evtool.scan.progress import Progress
from evtool.store.bundle import PAYLOAD_PREFIX
from evtool.store.bundle_form import require_bundle
from evtool.store.zip_bundle import Keep, ZipBundle
from evtool.store.zip_reader import ZipEntry


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


def _name(place: Place) -> str:
    return shown(name_of(place))
