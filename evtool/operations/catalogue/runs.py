"""Runs: every command that writes to a catalogue is one, with its number, its moments and its file in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evtool.core.errors import EvtoolError
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
        journal.settle()
        with catalogue.write() as connection:
            row = connection.execute(
                "INSERT INTO run(kind, started) VALUES(?,?) RETURNING id", (kind, format_utc(author.now()))
            ).fetchall()
            number = int(row[0][0])
        try:
            yield number
        except EvtoolError:
            journal.write(number, format_utc(author.now()))
            raise
        journal.write(number, format_utc(author.now()))
