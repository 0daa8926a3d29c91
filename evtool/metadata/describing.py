"""Describes the files of a batch: what their first bytes tell at once, what a fork server has to read by and by."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from evtool.core.metadata.claims import Claims, FormatClaim
from evtool.core.metadata.description import Description
from evtool.core.metadata.json_form import spell_claims
from evtool.core.metadata.vocabulary import NOT_PARSED, Failure
from evtool.metadata.answer import read_answer
from evtool.metadata.format_table import KNOWN
from evtool.metadata.gzip_start import describe_gzip
from evtool.metadata.identify_start import sniff
from evtool.metadata.wire import ANSWER_LIMIT, TOGETHER, Parsers

if TYPE_CHECKING:
    import socket

    from evtool.metadata.server_link import ServerLink

_ENOUGH = 64 << 20
"""Bytes of files that are handed over together: whoever parses them need not wait until all are read."""

_MOST_OPEN = TOGETHER
"""Files that are held open for parsers."""

_SPARE = 24
"""Descriptors that are left free for whoever reads on."""

_GZIP = KNOWN["application/gzip"]

_UNKNOWN = "none"
"""What confined a parser that there was not."""


class _Taken(NamedTuple):
    """A file that was taken over.

    Attributes:
        place: its place among the descriptions.
        descriptor: an own one.
        stamp: size, dates and inode with which it was read.
        format: its format, if its first bytes show it.
    """

    place: int
    descriptor: int
    stamp: tuple[int, int, int, int]
    format: FormatClaim | None


class _Asked(NamedTuple):
    """Files that were handed over together, and the socket on which the reply comes."""

    link: ServerLink
    files: list[_Taken]
    pending: socket.socket


class FileDescriber:
    """Describes files one after the other (see `evtool.scan.describer.Describer`); used by one thread."""

    def __init__(self, link_to: Callable[[Parsers], ServerLink], *, basic: bool, together: int) -> None:
        self._link_to = link_to
        self._basic = basic
        self._together = together
        self._found: list[Description] = []
        self._held: list[_Taken] = []
        self._held_bytes = 0
        self._asked: deque[_Asked] = deque()
        self._open = 0

    def describe(self, head: bytes, descriptor: int, stamp: tuple[int, int, int, int]) -> Description | int:
        """Describe a file by its first bytes, or take it over as it is open; then its place in what `finish` gives."""
        found, parsers = sniff(head, stamp[0])
        if parsers is None:
            return _describe_format(found, self._basic)
        if found is _GZIP and self._basic and (told := describe_gzip(head)) is not None:
            return told
        place = len(self._found)
        self._found.append(Description("", Failure.NOT_STARTED.value, _UNKNOWN))
        self._make_room()
        try:
            taken = _Taken(place, os.dup(descriptor), stamp, found)
        except OSError:
            return place  # no descriptor is left: that is no reason to lose more than these claims
        self._open += 1
        if parsers is Parsers.NATIVE or self._together == 1:
            self._ask(self._link_to(parsers), [taken])
            return place
        self._held.append(taken)
        self._held_bytes += stamp[0]
        if len(self._held) == self._together or self._held_bytes >= _ENOUGH:
            self._hand_over()
        return place

    def finish(self) -> list[Description]:
        """Wait for all that was taken over, and give the descriptions."""
        self._hand_over()
        while self._asked:
            self._settle(self._asked.popleft())
        return self._found

    def abandon(self) -> None:
        """Close what is open for replies that nobody will ask for."""
        for asked in self._asked:
            asked.pending.close()
            self._held += asked.files
        self._asked.clear()
        for taken in self._held:
            os.close(taken.descriptor)
        self._held.clear()

    def _make_room(self) -> None:
        """Settle what was asked, oldest first, while too much is open for parsers."""
        while self._open >= min(_MOST_OPEN, _descriptors_to_use()):
            self._hand_over()
            if not self._asked:
                return
            self._settle(self._asked.popleft())

    def _hand_over(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held:
            self._ask(self._link_to(Parsers.PLAIN), held)

    def _ask(self, link: ServerLink, files: list[_Taken]) -> None:
        pending = link.submit([taken.descriptor for taken in files], [taken.format for taken in files])
        if isinstance(pending, Failure):
            for taken in files:
                self._set(taken, Description("", pending.value, link.confinement or _UNKNOWN))
        else:
            self._asked.append(_Asked(link, files, pending))

    def _settle(self, asked: _Asked) -> None:
        """Take a reply. A file that has no description, as it may not share or its company failed, is read alone."""
        link, files, pending = asked
        for taken, description in zip(files, _read_reply(link, pending, len(files)), strict=True):
            if len(files) > 1 and (description.failure or not description.claims):
                again = link.submit([taken.descriptor], [taken.format])
                if isinstance(again, Failure):
                    description = Description("", again.value, link.confinement or _UNKNOWN)
                else:
                    (description,) = _read_reply(link, again, 1)
                description = description._replace(was_read_twice=True)
            self._set(taken, description)

    def _set(self, taken: _Taken, description: Description) -> None:
        """Keep a description, if the file is still the one that was read."""
        try:
            is_same = read_stamp(taken.descriptor) == taken.stamp
        except OSError:
            is_same = False
        if not is_same:
            description = Description("", Failure.CHANGED.value, description.confinement, description.was_read_twice)
        self._found[taken.place] = description
        os.close(taken.descriptor)
        self._open -= 1


def read_stamp(descriptor: int) -> tuple[int, int, int, int]:
    """Give size, modification time, change time and inode of an open file."""
    facts = os.fstat(descriptor)
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino


def _read_reply(link: ServerLink, pending: socket.socket, files: int) -> list[Description]:
    answer, failure = link.receive(pending, ANSWER_LIMIT * files)
    confinement = link.confinement or _UNKNOWN
    return [
        # Killed after its last word is still an answer.
        Description(claims, "" if ended else (failure or Failure.ANSWER).value, confinement)
        for claims, ended in read_answer(answer, files)
    ]


@functools.lru_cache(maxsize=1024)
def _describe_format(found: FormatClaim | None, basic: bool) -> Description:
    claims = Claims(format=found)
    return Description(spell_claims(claims.reduce_to_basic() if basic else claims).decode(), "", NOT_PARSED)


@functools.cache
def _descriptors_to_use() -> int:
    """How many descriptors there are to hold files and replies with: two for each file."""
    # Not every platform has it.
    try:
        import resource
    except ImportError:
        return _MOST_OPEN
    return max((resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE) // 2, 1)
