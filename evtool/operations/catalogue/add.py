"""Adding what a repository has already: sealed directories of its own, and bundles that lie where they stay."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from msgspec import Struct

from evtool.core.errors import EvtoolError, ExitCode, InputError, UsageError
from evtool.core.text.names import shown
from evtool.core.text.times import format_utc
from evtool.operations.author import Author
from evtool.operations.catalogue.containers import describe_container
from evtool.operations.catalogue.facts import read_facts
from evtool.operations.catalogue.locations import find_disk
from evtool.operations.catalogue.register import Arrival, Kept, Registered, register
from evtool.operations.catalogue.runs import running
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import open_verified
from evtool.store.catalogue.database import Catalogue

HERE = "here"
"""Code of the location of what is added without one: the disks of this computer."""


class AddOptions(Struct, frozen=True):
    """How to add.

    Attributes:
        verify: how to verify; a directory that continues a record goes with one path.
        location: code of the place where it lies.
        carrier: what it lies on, if that is taken in and out.
        sender: code of who sent it; None for the one under whose code the collection was begun.
        agreement: number of the agreement under which it came.
    """

    verify: VerifyOptions
    location: str = HERE
    carrier: str | None = None
    sender: str | None = None
    agreement: str | None = None


class Added(Struct, frozen=True):
    """What became of one path.

    Attributes:
        path: the path as it was given.
        collection: id of its collection; None if nothing was registered.
        head: digest of its newest entry; None likewise.
        registered: what was registered; None likewise.
        error: why nothing was.
    """

    path: str
    collection: str | None = None
    head: str | None = None
    registered: Registered | None = None
    error: EvtoolError | None = None

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of this path alone: 1 if its record parts from another one."""
        if self.registered is None:
            return ExitCode(self.error.exit_code) if self.error is not None else ExitCode.NOT_CHECKED
        return ExitCode.OK if self.registered.state.is_held else ExitCode.MISMATCH


def add_holdings(catalogue: Catalogue, paths: Iterable[str], author: Author, options: AddOptions) -> Iterator[Added]:
    """Verify and register each path in a transaction of its own; what is refused does not hide the others.

    Raises:
        UsageError: there is no such location.
        InputError: the catalogue cannot be written.
        BusyError: another run has been writing for longer than half a minute.
    """
    root = find_location(catalogue, options.location)
    with running(catalogue, "add", author):
        for path in paths:
            try:
                yield _add(catalogue, path, author, options, root)
            except EvtoolError as error:
                yield Added(path, error=error)


def _add(catalogue: Catalogue, path: str, author: Author, options: AddOptions, root: str | None) -> Added:
    contained = describe_container(path)
    with open_verified(path, options.verify, author.progress) as found:
        contained.require_unchanged(path)
        facts = read_facts(found, options.verify, path)
        continued = options.verify.place.continued
        kept = Kept(
            options.location,
            path_in(root, path),
            options.carrier,
            None if continued is None else path_in(root, continued),
        )
        arrival = Arrival(
            contained.form,
            os.path.basename(os.path.abspath(path)),
            format_utc(author.now()),
            found.report.bytes if contained.bytes is None else contained.bytes,
            sha256=contained.sha256,
            sender=options.sender,
            agreement=options.agreement,
            exit_code=int(found.report.exit_code),
            findings=tuple(sorted({finding.code.value for finding in found.report.findings})),
            kept=kept,
        )
        return Added(path, facts.collection, facts.head, register(catalogue, facts, arrival))


def find_location(catalogue: Catalogue, code: str) -> str | None:
    """Give the directory below which the paths of a location are; the one of this computer is made when needed."""
    with catalogue.write() as connection:
        if code == HERE:
            return find_disk(connection, code, None)
        row = connection.execute("SELECT root FROM location WHERE code=?", (code,)).fetchone()
    if row is None:
        raise UsageError(
            "the catalogue has no location {location}",
            hint="leave it out for what lies on the disks of this computer",
            key="no-location",
            location=shown(code),
        )
    return None if row[0] is None else str(row[0])


def path_in(root: str | None, path: str) -> str:
    """Spell a path as a row holds it: from the root of its location, or in full where that has none.

    Raises:
        InputError: it lies elsewhere, or the system gives it no name in Unicode.
    """
    # Links are followed once, here: an audit that met a link later could not tell it from one that took a copy's place.
    full = os.path.realpath(path)
    if root is not None:
        base = os.path.realpath(root)
        if not full.startswith(base + os.sep):
            raise InputError(
                "{path} does not lie in {root}, where this location is",
                key="not-in-location",
                path=shown(path),
                root=shown(root),
            )
        full = os.path.relpath(full, base)
    try:
        full.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(
            "{path} cannot be registered under this name, which is not UTF-8", key="not-utf-8", path=shown(path)
        ) from None
    return full
