"""Runs: every command that writes to a catalogue is one, with its number, its moments and its file in the journal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from evtool.core.errors import BusyError, EvtoolError
from evtool.core.text.times import format_utc
from evtool.operations.author import Author
from evtool.operations.catalogue.journal import RunJournal
from evtool.store.catalogue.database import Catalogue


@contextmanager
def running(catalogue: Catalogue, kind: str, author: Author) -> Iterator[int]:
    """Begin a run, give its number, and write and seal its file of the journal at the end; `kind` is one word.

    What a run did before it failed is done, and is in its file. A run that was killed is written by the next one.

    Raises:
        InputError: the catalogue or the journal cannot be written.
        MismatchError: the journal fails verification.
        BusyError: another run is under way.
    """
    with catalogue.alone():
        journal = RunJournal(catalogue, author)
        number = _begin(catalogue, journal, kind, author)
        try:
            yield number
        except EvtoolError:
            journal.write(number, format_utc(author.now()))
            raise
        journal.write(number, format_utc(author.now()))


@contextmanager
def running_beside(catalogue: Catalogue, kind: str, author: Author) -> Iterator[int]:
    """Begin and end a run as `running` does, for hours of reading: others go on beside it, but none of its kind.

    The journal waits until nobody else writes. If that takes too long, whoever writes next puts this run into it.

    Raises:
        InputError, MismatchError, BusyError: as `running`.
    """
    with ExitStack() as kept:
        with _alone_in_time(catalogue):
            journal = RunJournal(catalogue, author)
            number = _begin(catalogue, journal, kind, author)
            kept.enter_context(catalogue.alone(kind))
        try:
            yield number
        finally:
            with catalogue.write() as connection:
                connection.execute("UPDATE run SET ended=? WHERE id=?", (format_utc(author.now()), number))
            with suppress(BusyError), _alone_in_time(catalogue):
                journal.write(number, format_utc(author.now()))


def _begin(catalogue: Catalogue, journal: RunJournal, kind: str, author: Author) -> int:
    journal.settle()
    with catalogue.write() as connection:
        row = connection.execute(
            "INSERT INTO run(kind, started) VALUES(?,?) RETURNING id", (kind, format_utc(author.now()))
        ).fetchall()
    return int(row[0][0])


@contextmanager
def _alone_in_time(catalogue: Catalogue) -> Iterator[None]:
    """Wait for the others, for as long as taking in a few hundred bundles takes."""
    with ExitStack() as kept:
        for left in reversed(range(_WAIT_SECONDS + 1)):
            try:
                kept.enter_context(catalogue.alone())
                break
            except BusyError:
                if not left:
                    raise
                time.sleep(1)
        yield


_WAIT_SECONDS = 600
