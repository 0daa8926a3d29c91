"""Finds out what files say about themselves: by their first bytes where these suffice, else by asking a fork server.

The one thing that the rest of evtool uses of this package:

    with MetadataExtractor() as extractor:
        result = extractor.extract(descriptor)
        if result.claims is not None: ...

An extraction never raises for what a file contains. A parser that was killed, hung or crashed costs that file its
claims, or those it had not yet found, and the reason is part of the result.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from msgspec import Struct

from evtool.core.metadata.claims import Claims
from evtool.core.metadata.description import HEAD, Description
from evtool.core.metadata.json_form import read_claims
from evtool.core.metadata.vocabulary import Detail, Failure
from evtool.metadata.describing import FileDescriber, read_stamp
from evtool.metadata.wire import TABLE, TABLE_LIMIT, TOGETHER, Limits, Parsers, Settings

if TYPE_CHECKING:
    from evtool.metadata.server_link import ServerLink


class ExtractionResult(Struct, frozen=True):
    """What one file says about itself, and how that was found out.

    Attributes:
        claims: in the form that was asked for; None if nothing at all could be found out. With a `failure` beside
            them they are what the parser had found before it ended.
        failure: None if the parser finished (each extractor's own problems are part of the claims).
        confinement: the mechanisms that confined the parser, joined by `+`; "none" without confinement; `NOT_PARSED`
            if no parser read the file.
    """

    claims: Claims | None
    failure: Failure | None
    confinement: str

    @classmethod
    def of(cls, description: Description) -> ExtractionResult:
        """Give what a description says."""
        claims = read_claims(description.claims.encode()) if description.claims else None
        failure = Failure(description.failure) if description.failure else None
        return cls(claims, failure, description.confinement)


class MetadataExtractor:
    """A connection to fork servers, each of which starts with the first file that needs it.

    May be used by several threads. Worker processes that are forked after `share` use the same servers; others make
    their own.

    Attributes:
        detail: with `Detail.BASIC` what the basic form leaves out never leaves the parser's process.
        limits: what one parser's process may cost.
        sandbox: False parses without confinement.
        tables: True reads workbooks, by `read_table`, and nothing else.
    """

    def __init__(
        self,
        *,
        detail: Detail = Detail.FULL,
        limits: Limits | None = None,
        sandbox: bool = True,
        tables: bool = False,
    ) -> None:
        self._basic = detail is Detail.BASIC
        loaded = (Parsers.TABLES,) if tables else (Parsers.PLAIN, Parsers.NATIVE)
        limits = limits or Limits()
        self._settings = {parsers: Settings(limits, sandbox, self._basic, parsers) for parsers in loaded}
        self._lock = threading.Lock()
        self._links: dict[Parsers, ServerLink] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def share(self) -> None:
        """Make ready for processes that will be forked: they will ask the servers that this one would ask."""
        for parsers in self._settings:
            self._link_to(parsers).share()

    def close(self) -> None:
        """End the fork servers; what they are parsing at this moment is ended too."""
        for link in self._links.values():
            link.close()

    @property
    def confinement(self) -> str:
        """The mechanisms that confine the parsers, joined by `+`; "" where it is refused, "none" where unwanted."""
        found = {self._link_to(parsers).ask_confinement() for parsers in self._settings}
        return found.pop() if len(found) == 1 else ""

    def extract(self, descriptor: int) -> ExtractionResult:
        """Find out what a file claims, by its open descriptor; its position is neither used nor moved.

        Takes at most the limits' time. Raises nothing for what the file contains.
        """
        try:
            head, stamp = _read_head(descriptor), read_stamp(descriptor)
        except OSError:
            return ExtractionResult(None, Failure.NO_CONFINEMENT, "none")
        describer = self.describe_batch(together=1)
        told = describer.describe(head, descriptor, stamp)
        return ExtractionResult.of(told if isinstance(told, Description) else describer.finish()[told])

    def describe_batch(self, together: int = TOGETHER) -> FileDescriber:
        """Begin to describe files; up to `together` of them that Python code alone reads share one process."""
        return FileDescriber(self._link_to, basic=self._basic, together=together)

    def read_table(self, descriptor: int) -> tuple[bytes, Failure | None]:
        """Give what the child wrote of a workbook (see `wire`), and how it failed, if it did."""
        link = self._link_to(Parsers.TABLES)
        pending = link.submit([descriptor], request=TABLE)
        return (b"", pending) if isinstance(pending, Failure) else link.receive(pending, TABLE_LIMIT)

    def _link_to(self, parsers: Parsers) -> ServerLink:
        # Start-up time: it imports what starts processes, which a few texts do not need.
        from evtool.metadata.server_link import ServerLink

        with self._lock:
            if parsers not in self._links:
                self._links[parsers] = ServerLink(self._settings[parsers])
            return self._links[parsers]


def _read_head(descriptor: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, HEAD, 0)
    # Windows has no such call.
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    head = os.read(descriptor, HEAD)
    os.lseek(descriptor, position, os.SEEK_SET)
    return head


_shared: dict[tuple[Detail, bool], MetadataExtractor] = {}
"""The extractors of this process, by detail and sandbox, that `describe_batch` uses."""


class SharedExtractor(NamedTuple):
    """An extractor that workers use as well.

    Attributes:
        describe: begins to describe files where it is called; it can be sent to workers.
        share: has to be called before workers are forked, so that they ask the servers of this process. Others ask
            their own, which end with them.
    """

    describe: Callable[[], FileDescriber]
    share: Callable[[], None]


@contextmanager
def shared_extractor(detail: Detail, *, sandbox: bool) -> Iterator[SharedExtractor]:
    """Give an extractor to this process and its workers."""
    key = detail, sandbox
    with MetadataExtractor(detail=detail, sandbox=sandbox) as extractor:
        _shared[key] = extractor
        try:
            yield SharedExtractor(functools.partial(describe_batch, detail, sandbox), extractor.share)
        finally:
            _shared.pop(key, None)


def describe_batch(detail: Detail, sandbox: bool) -> FileDescriber:
    """Begin to describe files with the extractor of this process."""
    key = detail, sandbox
    if key not in _shared:
        _shared.setdefault(key, MetadataExtractor(detail=detail, sandbox=sandbox))
    return _shared[key].describe_batch()
