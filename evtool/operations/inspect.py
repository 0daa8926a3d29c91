"""What files say about themselves, beside what was observed of them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from evtool.core.errors import InputError
from evtool.core.metadata.vocabulary import Detail
from evtool.core.text.names import shown_path, store_name
from evtool.metadata import ExtractionResult, MetadataExtractor
from evtool.metadata.observations import MetadataObservation, Observed, observe

# Without waiting: a FIFO would block until somebody writes to it. Windows knows none of the three, and changes bytes
# unless it is told not to.
_FILE = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Inspection(Struct, frozen=True):
    """One file: what was observed, what it claims, and what does not fit together.

    Attributes:
        name: stored name, as the caller gave it.
        error: why the file could not be read at all; then the rest is None, empty or 0.
        hint: what to do then; may be empty.
        mtime: modification time in nanoseconds, which `observed` has in whole seconds.
    """

    name: str
    observed: Observed | None = None
    result: ExtractionResult | None = None
    observations: tuple[MetadataObservation, ...] = ()
    error: str = ""
    hint: str = ""
    mtime: int = 0

    @property
    def complete(self) -> bool:
        """Whether the file was read, and its parser finished."""
        return self.result is not None and self.result.failure is None


def inspect_files(
    paths: Sequence[bytes], *, detail: Detail = Detail.BASIC, sandbox: bool = True, now: datetime | None = None
) -> Iterator[Inspection]:
    """Inspect files one after the other; one that cannot be read does not stop the rest.

    `now` is what claimed times are compared with; the computer's clock if it is None. Files are opened read-only.
    """
    now = now or datetime.now(UTC)
    with MetadataExtractor(detail=detail, sandbox=sandbox) as extractor:
        for path in paths:
            try:
                yield _inspect(path, extractor, now)
            except InputError as error:
                yield Inspection(store_name(path), error=error.message, hint=error.hint)


def _inspect(path: bytes, extractor: MetadataExtractor, now: datetime) -> Inspection:
    descriptor = _open(path)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            if stat.S_ISDIR(found.st_mode):
                raise InputError(
                    "{path} is a folder",
                    hint="name a file in it: `evtool inspect FOLDER/FILE`",
                    key="inspect-folder",
                    path=shown_path(path),
                )
            raise InputError("{path} is not a regular file", key="inspect-not-file", path=shown_path(path))
        modified = datetime.fromtimestamp(found.st_mtime_ns // 10**9, UTC)
        observed = Observed(store_name(path), found.st_size, modified)
        result = extractor.extract(descriptor)
    except (OSError, OverflowError, ValueError) as error:
        raise InputError(
            "{path} could not be read ({kind_en})",
            key="inspect-unread",
            path=shown_path(path),
            kind_en=type(error).__name__,
        ) from error
    finally:
        os.close(descriptor)
    observations = observe(result.claims, observed, now) if result.claims is not None else ()
    return Inspection(observed.name, observed, result, observations, mtime=found.st_mtime_ns)


def _open(path: bytes) -> int:
    try:
        return os.open(path, _FILE)
    except OSError as error:
        raise InputError(
            "{path} could not be opened: {why.strerror}", key="inspect-unopened", path=shown_path(path), why=error
        ) from error
    except ValueError as error:
        raise InputError("{path} is not a path", key="inspect-no-path", path=shown_path(path)) from error
