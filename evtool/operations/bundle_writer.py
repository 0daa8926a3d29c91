"""Writing a bundle: as a folder, a container or an encrypted one, verified before it gets its name."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

from evtool.core.errors import InputError, MismatchError
from evtool.core.finding import Axis, AxisState, Effect
from evtool.core.names import shown
from evtool.core.verdict import Report
from evtool.keys.age_keys import Recipient
from evtool.keys.passphrase import Passphrase
from evtool.operations.bundle_plan import PartFile
from evtool.operations.progress import Progress
from evtool.operations.verify import verify
from evtool.operations.verify_options import VerifyOptions
from evtool.store.output import new_directory, new_file, write_file_in
from evtool.store.pipe import BytePipe, PipeClosedError
from evtool.store.zip_writer import ByteSink, ZipWriter


class Form(Enum):
    """What a bundle is on disk."""

    FOLDER = "folder"
    ZIP = "zip"
    AGE = "zip.age"


@dataclass(frozen=True, slots=True)
class EncryptionKeys:
    """What to encrypt with; nothing for a bundle that is not encrypted.

    Attributes:
        recipients: whom to encrypt to.
        passphrase: what to encrypt with instead.
        random: where random bytes come from.
    """

    recipients: tuple[Recipient, ...] = ()
    passphrase: Passphrase | None = None
    random: Callable[[int], bytes] = os.urandom


def write_bundle(
    form: Form, output: Path, files: Sequence[PartFile], keys: EncryptionKeys, head: str, progress: Progress
) -> Report:
    """Write a bundle under a temporary name, verify it, and give it its name; `head` is its newest entry.

    Raises:
        InputError: the output exists, or cannot be written.
        EvidenceError: a file changed meanwhile.
        MismatchError: what was written does not verify; it was removed.
    """
    check = VerifyOptions(expected_head=head)
    progress.start("packing", len(files), sum(file.size for file in files))
    if form is Form.FOLDER:
        with new_directory(output) as folder:
            for file in files:
                written = write_file_in(folder, file.path, file.chunks())
                if written != file.size:
                    raise MismatchError(f"{shown(file.path)} changed while the bundle was written")
                progress.advance(files=1, size=file.size)
            return _require_sound(verify(folder, check, progress=progress))
    with new_file(output) as new:
        if form is Form.ZIP:
            _write_zip(new.file, files, progress)
            new.file.flush()
            return _require_sound(verify(new.temporary, check, progress=progress))
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
        writer.add(file.path, file.size, file.crc, file.chunks())
        progress.advance(files=1, size=file.size)
    writer.finish()


def _require_sound(report: Report) -> Report:
    """Let a bundle go only if all that does not depend on the recipient's trust is shown.

    Raises:
        MismatchError: something is not.
    """
    wanted = (Axis.INTEGRITY, Axis.SIGNATURES, Axis.CUSTODY)
    if all(report.axes[axis] is AxisState.SHOWN for axis in wanted) and report.items.ok:
        return report
    problems = [finding.message for finding in report.findings if finding.effect is not Effect.NOTE]
    raise MismatchError(
        f"the bundle does not verify and was removed: {problems[0] if problems else 'nothing was shown'}",
        hint="the entry `disclosed` stands; record with `evtool record DIR corrected` that nothing was handed over",
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
            raise InputError("the verification of the bundle did not end")
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
