"""Writing a bundle: as a folder, a container or an encrypted one, verified before it gets its name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from evtool.core.errors import EvidenceError, InputError, MismatchError
from evtool.core.finding import Axis, AxisState, Effect
from evtool.core.text.names import shown
from evtool.core.verdict.verdict import Report
from evtool.keys.age_keys import EncryptionKey
from evtool.keys.passphrase import Passphrase
from evtool.operations.bundle.plan import PartFile
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify
from evtool.report.language import in_english
from evtool.scan.meter import watch
from evtool.scan.progress import Progress
from evtool.store.new_tree import NewTree, flush_directories
from evtool.store.output import NewFile, new_directory, new_file
from evtool.store.pipe import BytePipe, PipeClosedError
from evtool.store.work import WorkPlace
from evtool.store.zip_writer import ByteSink, ZipWriter


class Form(Enum):
    """What a bundle is on disk."""

    FOLDER = "folder"
    ZIP = "zip"
    AGE = "zip.age"


class EncryptionKeys(Struct, frozen=True):
    """What to encrypt with; nothing for a bundle that is not encrypted.

    Attributes:
        recipients: whom to encrypt to.
        passphrase: what to encrypt with instead.
        random: where random bytes come from.
    """

    recipients: tuple[EncryptionKey, ...] = ()
    passphrase: Passphrase | None = None
    random: Callable[[int], bytes] = os.urandom


class Made(Struct, frozen=True):
    """A bundle that is complete, verified and on the medium, and has no name yet.

    Attributes:
        report: what verifying it showed.
        work: where it is.
    """

    report: Report
    work: WorkPlace


@contextmanager
def new_bundle(
    form: Form, output: Path, files: Sequence[PartFile], keys: EncryptionKeys, head: str, progress: Progress
) -> Iterator[Made]:
    """Write a bundle beside its place and verify it; it gets its name when the context is left without an error.

    `head` is its newest entry.

    Raises:
        InputError: the output exists, or cannot be written.
        EvidenceError: a file changed meanwhile.
        MismatchError: what was written fails verification; it was removed.
    """
    check = VerifyOptions(expected_head=head)
    progress.start("packing", len(files), sum(file.size for file in files))
    if form is Form.FOLDER:
        with new_directory(output) as work:
            _write_folder(work, files, progress)
            report = _require_sound(verify(work.content, check, progress=progress))
            flush_directories(work.content)
            yield Made(report, work)
        return
    with new_file(output) as new:
        report = _write_container(new, form, files, keys, check, progress)
        new.flush()
        yield Made(report, new.work)


def _write_folder(work: WorkPlace, files: Sequence[PartFile], progress: Progress) -> None:
    with NewTree(work.content) as tree:
        for file in files:
            path = file.path.encode("utf-8")
            if tree.write_file(path, watch(progress.meter, path, file.size, file.chunks())) != file.size:
                raise EvidenceError(
                    "{path} changed while the bundle was written",
                    hint="make sure that nothing else writes to it",
                    key="pack-path-changed",
                    path=shown(file.path),
                )
            progress.advance(files=1, size=file.size, item=path)


def _write_container(
    new: NewFile,
    form: Form,
    files: Sequence[PartFile],
    keys: EncryptionKeys,
    check: VerifyOptions,
    progress: Progress,
) -> Report:
    if form is Form.ZIP:
        _write_zip(new.file, files, progress)
        new.file.flush()
        return _require_sound(verify(new.work.content, check, progress=progress))
    from evtool.store.age import encrypting  # it imports much that few packs need

    with (
        encrypting(new.file, keys.recipients, keys.passphrase, keys.random) as sealed,
        _verifying(sealed, check) as tee,
    ):
        _write_zip(tee, files, progress)
    return _require_sound(tee.report)


def _write_zip(sink: ByteSink, files: Iterable[PartFile], progress: Progress) -> None:
    writer = ZipWriter(sink)
    for file in files:
        path = file.path.encode("utf-8")
        writer.add(file.path, file.size, file.crc, watch(progress.meter, path, file.size, file.chunks()))
        progress.advance(files=1, size=file.size, item=path)
    writer.finish()


def _require_sound(report: Report) -> Report:
    """Let a bundle go only if all that does not depend on the recipient's trust is shown.

    Raises:
        MismatchError: something is not.
    """
    wanted = (Axis.INTEGRITY, Axis.SIGNATURES, Axis.CUSTODY)
    if all(report.axes[axis] is AxisState.SHOWN for axis in wanted) and report.items.ok:
        return report
    problems = [in_english(finding) for finding in report.findings if finding.effect is not Effect.NOTE]
    raise MismatchError(
        "the bundle fails verification and was removed: {finding}"
        if problems
        else "the bundle fails verification and was removed: nothing was shown",
        hint="nothing was recorded and nothing was handed over; `evtool verify DIR` shows what is wrong",
        key="pack-unsound" if problems else "pack-unshown",
        finding=next(iter(problems), ""),
    )


class _Tee:
    """Hands what is written to the encryption and to a verification that runs beside it."""

    def __init__(self, sink: ByteSink, options: VerifyOptions) -> None:
        self._sink = sink
        self._pipe = BytePipe()
        self._error: BaseException | None = None
        self._report: Report | None = None

        def run() -> None:
            try:
                self._report = verify(cast(BinaryIO, self._pipe), options)
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                self._error = error
            finally:
                self._pipe.close()

        self._thread = threading.Thread(target=run, name="verify", daemon=True)
        self._thread.start()

    @property
    def report(self) -> Report:
        """What the verification showed, once it is over."""
        if self._error is not None:
            raise self._error
        if self._report is None:
            raise InputError("the verification of the bundle did not finish", key="pack-check-unfinished")
        return self._report

    def write(self, data: bytes, /) -> None:
        self._sink.write(data)
        try:
            self._pipe.write(data)
        except PipeClosedError:
            # The verification stopped early: the container is not what it should be.
            self._thread.join()
            _require_sound(self.report)
            raise

    def finish(self) -> None:
        self._pipe.finish()
        self._thread.join()

    def abandon(self, error: BaseException) -> None:
        self._pipe.fail(error)
        self._thread.join()


@contextmanager
def _verifying(sink: ByteSink, options: VerifyOptions) -> Iterator[_Tee]:
    """Verify a container while it is encrypted: afterwards nobody but its recipients could."""
    tee = _Tee(sink, options)
    try:
        yield tee
    except BaseException as error:
        tee.abandon(error)
        raise
    tee.finish()
