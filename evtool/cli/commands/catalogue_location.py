"""`evtool catalogue location`: where copies lie."""

from __future__ import annotations

import os
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, options_of
from evtool.cli.group import Group
from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.options.values import code_value, days_value, rate_value
from evtool.cli.output import Output, output_options
from evtool.operations.author import Author
from evtool.operations.catalogue.copies import look_at_location
from evtool.operations.catalogue.locations import (
    DEFAULT_CYCLE_DAYS,
    MARKER,
    Location,
    LocationKind,
    add_location,
    list_locations,
)
from evtool.report.audit_document import LocationsDocument, LocationShown
from evtool.report.language import Language
from evtool.store.catalogue.database import Catalogue, open_catalogue

GROUP_EXAMPLES = """\b
Examples:
  evtool catalogue location add repository.cat vault-1 --root /srv/vault
  evtool catalogue location list repository.cat

\b
Exit codes:
  0  done
  2  wrong usage
  4  the catalogue or the directory cannot be read or written
"""

ADD_EXAMPLES = """\b
Examples:
  evtool catalogue location add repository.cat vault-1 --root /srv/vault
  evtool catalogue location add repository.cat safe-b --kind offline \\
      --root /media/safe --cycle 365d
  evtool catalogue location add repository.cat partner --kind elsewhere

\b
Exit codes:
  0  added, or changed
  2  wrong usage
  4  the directory is not there, or is marked as another location

A file at the root, evtool-location.txt, says which location it is. It lets an audit tell a disk that is not mounted
from a disk that has lost its copies.
"""

LIST_EXAMPLES = """\b
Examples:
  evtool catalogue location list repository.cat
  evtool catalogue location list repository.cat --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  the catalogue cannot be read
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Where copies lie, and how often they are read."""


class LocationOptions(Struct, frozen=True):
    """What a location is.

    Attributes:
        kind: how it is reached.
        root: the directory that the paths of its copies start from, or None.
        cycle_days: once in so many days each of its copies is read.
        rate: bytes a second at which it is read at most, or None.
    """

    kind: LocationKind = flag(
        "--kind",
        type=click.Choice([kind.value for kind in LocationKind]),
        callback=lambda _context, _param, value: LocationKind(value),
        default=LocationKind.DISK.value,
        show_default=True,
        help="disk: always there. offline: fetched from a safe to be read. elsewhere: not read by you.",
    )
    root: str | None = flag("--root", type=click.Path(), metavar="DIR", help="The directory in which its copies lie.")
    cycle_days: int = flag(
        "--cycle",
        type=days_value,
        default=f"{DEFAULT_CYCLE_DAYS}d",
        show_default=True,
        metavar="DAYS",
        help="Read each copy once in so long.",
    )
    rate: int | None = flag(
        "--rate", type=rate_value, metavar="BYTES", help="Read at most so much a second: 80M. [default: no limit]"
    )


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@click.argument("code", metavar="CODE", type=code_value)
@options_of(LocationOptions, "described", "The location")
@signing_options
@output_options
def add(catalogue: Path, code: str, described: LocationOptions, signing: SigningOptions, output: Output) -> None:
    """Add a location, or change what is known about it."""
    root = os.path.abspath(described.root) if described.root is not None else None
    location = Location(code, described.kind, root, described.cycle_days, described.rate)
    with open_catalogue(catalogue) as opened:
        marked = add_location(opened, location, Author(signing.choose()))
        shown = _document(opened, location)
    key = "entered" if root is None else "marked" if marked else "not-marked"
    output.answer(output.language.say(f"audit.{key}", location=code, marker=MARKER), done=True)
    output.document(LocationsDocument(locations=(shown,)))


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@output_options
def list_all(catalogue: Path, output: Output) -> None:
    """List the locations, and whether each can be read now."""
    with open_catalogue(catalogue) as opened:
        shown = [_document(opened, location) for location in list_locations(opened)]
    output.answer_lines((_line(output.language, each) for each in shown), output.language.say("audit.no-location"))
    output.document(LocationsDocument(locations=tuple(shown)))


def _document(catalogue: Catalogue, location: Location) -> LocationShown:
    copies, is_there = look_at_location(catalogue, location)
    return LocationShown(
        code=location.code,
        kind=location.kind.value,
        directory=location.root,
        cycle_days=location.cycle_days,
        rate=location.rate,
        copies=copies,
        there=is_there,
    )


def _line(language: Language, shown: LocationShown) -> str:
    return language.say(
        "audit.location",
        location=shown.code,
        kind=shown.kind,
        root=shown.directory or "-",
        days=shown.cycle_days,
        count=shown.copies,
        presence=language.say("audit.there" if shown.there else "audit.not-there"),
    )
