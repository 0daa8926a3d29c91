"""Runs: every command that writes to a catalogue is one, with its number, its kind and its moments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evtool.core.text.times import format_utc
from evtool.operations.author import Author
from evtool.store.catalogue.database import Catalogue


@contextmanager
def running(catalogue: Catalogue, kind: str, author: Author) -> Iterator[int]:
    """Begin a run, give its number, and end it.

    Raises:
        InputError: the catalogue cannot be written.
        BusyError: another run has been writing for longer than half a minute.
    """
    with catalogue.write() as connection:
        row = connection.execute(
            "INSERT INTO run(kind, started) VALUES(?,?) RETURNING id", (kind, format_utc(author.now()))
        ).fetchall()
        number = int(row[0][0])
    yield number
    with catalogue.write() as connection:
        connection.execute("UPDATE run SET ended=? WHERE id=?", (format_utc(author.now()), number))
