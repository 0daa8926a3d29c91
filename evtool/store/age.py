"""Encrypting and decrypting bundles in the age format, as a stream: plain text is never written to a disk.

Keys go through `pyrage`, the binding of rage; passphrases through `evtool.core.container.age_passphrase`, as pyrage has
no stream for them. What decryption yields has been authenticated chunk by chunk, but only its end shows that nothing is
missing. age names no sender: whoever has a recipient's public key can encrypt to it, so only the seal inside counts.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Protocol

from evtool.core.container.age_header import AgeHeader, read_header
from evtool.core.container.age_passphrase import RANDOM_SIZE, PassphraseEncryptor, decrypt_with_passphrase
from evtool.core.errors import FormatError, KeyFileError, UsageError, Way
from evtool.keys.age_keys import DecryptionKey, EncryptionKey, load_pyrage
from evtool.keys.passphrase import Passphrase, PassphraseSource
from evtool.store.pipe import BytePipe, PipeClosedError
from evtool.store.zip_reader import ByteSource
from evtool.store.zip_writer import ByteSink

_READ = 256 * 1024


class LineSource(ByteSource, Protocol):
    """A source that also gives lines, as a buffered file does."""

    def readline(self, size: int, /) -> bytes:
        """Give a line with its newline, or `size` bytes of it."""


@contextmanager
def encrypting(
    sink: ByteSink,
    recipients: Sequence[EncryptionKey],
    passphrase: Passphrase | None,
    random: Callable[[int], bytes] = os.urandom,
) -> Iterator[ByteSink]:
    """Give a sink that encrypts into another; leaving the context without an error completes the file.

    Raises:
        UsageError: neither or both of recipients and a passphrase are given.
        OSError: the sink cannot be written to.
    """
    if bool(recipients) == (passphrase is not None):
        raise UsageError("a bundle is encrypted either to recipients or with a passphrase", key="encrypt-either")
    if passphrase is not None:
        encryptor = PassphraseEncryptor(sink.write, passphrase.for_new_key(), random(RANDOM_SIZE))
        yield encryptor
        encryptor.finish()
        return
    load_pyrage()
    pipe = BytePipe()
    worker = _Worker(lambda: _encrypt(pipe, sink, recipients), pipe.close)
    try:
        yield pipe
    except BaseException as error:
        pipe.fail(error)
        worker.join()
        # A write that failed only because the worker had stopped is its error, not the writer's.
        if isinstance(error, PipeClosedError) and worker.error is not None:
            raise worker.error from None
        raise
    pipe.finish()
    worker.join()
    if worker.error is not None:
        raise worker.error


@contextmanager
def decrypting(
    source: LineSource,
    identities: Sequence[DecryptionKey],
    passphrase: PassphraseSource | None,
    *,
    what: str = "the bundle",
) -> Iterator[ByteSource]:
    """Give the plain text of an age file as a source; `what` names it in messages and when a passphrase is asked for.

    Raises:
        FormatError: it is not an age file, asks for too much work, or was changed or cut short; the latter shows only
            while it is read.
        KeyFileError: no identity or passphrase opens it.
    """
    header = read_header(source.readline)
    if header.has_passphrase:
        if passphrase is None:
            raise KeyFileError(
                "{what} is locked with a passphrase",
                hint="give it",
                key="locked-with-passphrase",
                ways=(Way.PASSPHRASE,),
                what=what,
            )
        candidates = passphrase.read(what, new=False).candidates()
        yield _Pieces(partial(next, decrypt_with_passphrase(header, source.read, candidates), b""))
        return
    if not identities:
        raise KeyFileError(
            "{what} is encrypted to a key",
            hint="name the file with your key",
            key="locked-with-key",
            ways=(Way.IDENTITY,),
            what=what,
        )
    pipe = BytePipe()
    worker = _Worker(lambda: _decrypt(header, source, identities, pipe), pipe.finish, on_error=pipe.fail)
    try:
        yield pipe
    finally:
        pipe.close()
        worker.join()


def _encrypt(pipe: BytePipe, sink: ByteSink, recipients: Sequence[EncryptionKey]) -> None:
    pyrage = load_pyrage()
    writer = _Writer(sink)
    try:
        pyrage.encrypt_io(_Pieces(pipe.read), writer, [recipient.key for recipient in recipients])
    except pyrage.EncryptError:
        # pyrage keeps only the words of an error; whether the disk is full is told by the error itself.
        if writer.error is not None:
            raise writer.error from None
        raise


def _decrypt(header: AgeHeader, source: ByteSource, identities: Sequence[DecryptionKey], pipe: BytePipe) -> None:
    pyrage = load_pyrage()
    reader, out = _Pieces(partial(source.read, _READ), header.data), _Gathered(pipe)
    try:
        pyrage.decrypt_io(reader, out, [identity.key for identity in identities])
        out.flush()
    except PipeClosedError:
        return  # whoever reads has seen enough
    except (pyrage.DecryptError, OSError) as error:
        if reader.error is not None:
            raise reader.error from None
        if isinstance(error, OSError):
            # rage reports a chunk that does not authenticate as an error of reading.
            raise FormatError("the age file was changed or cut short", key="age-changed") from None
        if "match" in str(error):
            raise KeyFileError(
                "none of the keys opens the bundle",
                hint="it may be encrypted to another of your keys; ask the sender",
                key="no-key-opens",
            ) from None
        raise FormatError("the header of the age file is damaged", key="age-header-damaged") from None


class _Worker:
    """A thread whose error is kept for whoever waits for it."""

    def __init__(
        self,
        work: Callable[[], object],
        at_end: Callable[[], object],
        on_error: Callable[[BaseException], object] | None = None,
    ) -> None:
        self.error: BaseException | None = None

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  # raised again in the thread that waits
                self.error = error
                if on_error is not None:
                    on_error(error)
            finally:
                at_end()

        self._thread = threading.Thread(target=run, name="age", daemon=True)
        self._thread.start()

    def join(self) -> None:
        self._thread.join()


class _Writer:
    """What pyrage writes to."""

    def __init__(self, sink: ByteSink) -> None:
        self.error: Exception | None = None
        self._sink = sink

    def write(self, data: bytes) -> int:
        try:
            self._sink.write(data)
        except Exception as error:
            self.error = error
            raise
        return len(data)

    def flush(self) -> None:
        pass


class _Gathered:
    """Small writes, handed on in larger pieces: pyrage writes 8 KiB at a time."""

    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink
        self._waiting = bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        if len(self._waiting) >= _READ:
            self.flush()
        return len(data)

    def flush(self) -> None:
        self._sink.write(bytes(self._waiting))
        self._waiting.clear()


class _Pieces:
    """Chunks of any size, given out in pieces of the size that is asked for."""

    def __init__(self, take: Callable[[], bytes], start: bytes = b"") -> None:
        self.error: Exception | None = None
        self._take = take
        self._waiting = memoryview(start)

    def read(self, size: int = -1, /) -> bytes:
        if not self._waiting:
            try:
                self._waiting = memoryview(self._take())
            except Exception as error:
                self.error = error
                raise
        end = len(self._waiting) if size < 0 else size
        piece, self._waiting = self._waiting[:end], self._waiting[end:]
        return bytes(piece)
