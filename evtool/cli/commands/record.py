"""`evtool record`: custody events."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from evtool.cli.answers.entry import answer_entry
from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.options.access import AccessOptions, access_options
from evtool.cli.options.bundle import ExitOptions, exit_options
from evtool.cli.options.common import SigningOptions, WorkerOptions, jobs_option, signing_options
from evtool.cli.options.entry import EntryOptions, bundle_entry_options
from evtool.cli.options.items import items_option, resolve_items
from evtool.cli.options.values import ExistingPath, code_value
from evtool.cli.output import Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import (
    DETAILS,
    STATES_EVIDENCE,
    Admitted,
    Corrected,
    Details,
    Disclosed,
    Event,
    Renamed,
    Role,
    Transferred,
)
from evtool.core.errors import UsageError
from evtool.core.text.item_choice import ItemChoice
from evtool.core.text.names import store_name
from evtool.core.values import defaults_of, names_of
from evtool.keys.keyfile import read_public_key_file
from evtool.operations.author import Author
from evtool.operations.entries.exits import record_exit
from evtool.operations.entries.fixity import FixityRequest
from evtool.operations.entries.record_event import head_of_entry, record_event
from evtool.operations.entries.rename import rename_item, restate_names
from evtool.operations.record.place import Where
from evtool.operations.record.read import open_record

OWN_COMMANDS = {
    Event.SEALED: "evtool seal",
    Event.RECEIVED: "evtool receive",
    Event.CONSENT_CHANGED: "evtool consent set",
    Event.RENEWED: "evtool renew",
}
"""Events that come about by doing something, and the command that does it."""

EVENTS = [event.value for event in Event if event not in OWN_COMMANDS]

EXAMPLES = """\b
Examples:
  evtool record case-12 collected --source S3 --place "Seoul" \\
      --happened-at 2026-03-01T14:30:00+09:00
  evtool record case-12 verified              read everything
  evtool record case-12 verified --sample 50  read 50 items drawn at random
  evtool record case-12 accessed --items 3-5 --reason "translation"
  evtool record case-12 copied --carrier "disc 7, copy 1 of 2"
  evtool record case-12 countersigned --entry 1 --agent B2
  evtool record case-12 admitted --code A2 --public-key A2.pub
                                              A2 works here, too
  evtool record case-12 corrected --entry 3 \\
      --correction "the disc was number 8"
  evtool record case-12 renamed --items 27 --new-name "1998/letter 5.jpg"
  evtool record case-12 renamed --items 27-30  record their names again, in an
                                              entry that travels with them
  evtool record case-12 corrected --entry 9 --undo --reason "wrong number"
  evtool record case-12 incident --description "water in the store room"
  evtool record case-12 disposed --items 9 --dry-run --authority x --method y
                                              which item is that?
  evtool record case-12 disposed --items 9 --authority "agreement 12" \\
      --method "overwritten"

\b
Exit codes:
  0  recorded
  1  the record fails verification, or the evidence differs from the seal; the
     entry says so
  2  wrong usage
  3  recorded, and it is open whether an item is as it was sealed
  4  something could not be read or written
  5  transferred, disclosed: consent or handling of an item does not allow it

`renamed` does not go with --continued: the names in a bundle never change.

For `transferred` and `disclosed`, consent is asked first, as `evtool transfer` does. To record `disposed` of items that
still lie there as they were sealed, add --confirm still-there. `corrected` with --undo undoes a wrong `disposed`,
`renamed` or `consent-changed` as a whole, if the same agent signs with the same key.

Events that claim a state of the evidence are recorded with a fresh comparison of all items, or of a sample. People
and organisations are named by code. An entry is never changed: correct it with a later one.
"""


class EventOptions(Struct, frozen=True):
    """What an event says of itself; each option belongs to the events that its help names."""

    source: str | None = flag("--source", type=code_value, metavar="CODE", help="collected: whom or what it came from.")
    place: str | None = flag("--place", metavar="TEXT", help="collected, accessed, copied, incident: where, coarsely.")
    method: str | None = flag("--method", metavar="TEXT", help="collected, derived, disposed: how.")
    carrier: str | None = flag(
        "--carrier", metavar="TEXT", help="copied, transferred: medium, serial or seal number, copy n of m."
    )
    recipient: str | None = flag(
        "--to",
        type=code_value,
        metavar="CODE",
        completes=offers.RECIPIENT,
        help="transferred, disclosed: the recipient.",
    )
    authority: str | None = flag(
        "--authority",
        metavar="TEXT",
        completes=offers.AGREEMENT,
        help="transferred, disclosed, disposed: agreement, warrant or order.",
    )
    purpose: str | None = flag("--purpose", metavar="TEXT", help="transferred, disclosed: what for.")
    approved_by: str | None = flag(
        "--approved-by", type=code_value, metavar="CODE", help="disclosed: a second agent who confirmed it."
    )
    original: int | None = flag(
        "--original",
        type=click.IntRange(1),
        metavar="N",
        completes=offers.ITEM,
        help="derived: the item it was made from.",
    )
    copy: int | None = flag(
        "--copy",
        type=click.IntRange(1),
        metavar="N",
        completes=offers.ITEM,
        help="derived: the item that it is.",
    )
    entry: int | None = flag(
        "--entry",
        type=click.IntRange(1),
        metavar="N",
        completes=offers.ENTRY,
        help="countersigned, corrected: the entry it is about.",
    )
    agent: str | None = flag("--code", type=code_value, metavar="CODE", help="admitted: whom you admit.")
    key: str | None = flag(
        "--public-key",
        metavar="FILE.pub",
        help="admitted: their public key, as a file or as a fingerprint SHA256:...",
    )
    role: str | None = flag(
        "--role",
        type=click.Choice([role.value for role in Role]),
        help="admitted: a colleague beside you, or whoever signs after you in your place. [default: beside]",
    )
    correction: str | None = flag("--correction", metavar="TEXT", help="corrected: what is right.")
    undone: bool | None = flag(
        "--undo",
        is_flag=True,
        default=None,
        help="corrected: the entry counts no more; for disposed, renamed and consent-changed.",
    )
    new_name: str | None = flag("--new-name", metavar="PATH", help="renamed: where the item lies now, below DIRECTORY.")
    description: str | None = flag("--description", metavar="TEXT", help="incident: what happened.")

    @property
    def given(self) -> dict[str, Any]:
        """What was given: name of the field -> value."""
        values = {name: getattr(self, name) for name in names_of(self)}
        return {name: value for name, value in values.items() if value is not None}


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=ExistingPath())
@click.argument("event", metavar="EVENT", type=click.Choice(EVENTS))
@options_of(EventOptions, "event_options")
@items_option("The items it is about [default: all that are sealed by now]:")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Compare only N items, drawn at random.")
@exit_options
@bundle_entry_options
@access_options
@signing_options
@jobs_option
@output_of_work
def command(
    directory: str,
    event: str,
    event_options: EventOptions,
    items: ItemChoice,
    sample: int | None,
    consent: ExitOptions,
    entry: EntryOptions,
    access: AccessOptions,
    signing: SigningOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Add an entry to the chain of custody of DIRECTORY, or with --continued to that of a bundle.

    EVENT is collected, verified, accessed, copied, transferred, disclosed, derived, renamed, countersigned, admitted,
    corrected, incident or disposed.
    """
    kind = DETAILS[Event(event)]
    if kind is Renamed:
        return _rename(directory, event_options.given, items, entry, signing, output)
    opening = access.load()
    place, before = entry.place(opening), entry.reading(opening)
    details = make_details(kind, event_options.given, directory, before)
    if kind is Admitted and not items.is_empty:
        raise misuse(
            UsageError(
                "--items does not go with admitted: whoever is admitted acts for the whole collection",
                key="items-not-admitted",
            )
        )
    if sample is not None and kind.event not in STATES_EVIDENCE:
        raise misuse(
            UsageError(
                "--sample goes with events that state something of the evidence, not with {event}",
                key="sample-event",
                event=event,
            )
        )
    fixity = FixityRequest(sample, workers.jobs) if kind.event in STATES_EVIDENCE else None
    header = entry.header(resolve_items(directory, before, items))
    with terminal_progress(output) as progress:
        author = Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress)
        if isinstance(details, Transferred | Disclosed):
            allowed = consent.load(details.recipient)
            result = record_exit(directory, author, details, header, allowed, fixity=fixity, where=place)
        else:
            confirmed = frozenset(consent.confirm)
            result = record_event(directory, author, details, header, fixity=fixity, confirmed=confirmed, where=place)
    return answer_entry(output, directory, result, where=entry.reading(opening))


def _rename(
    directory: str,
    given: dict[str, Any],
    items: ItemChoice,
    entry: EntryOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Record that an item has another name now."""
    new = given.pop("new_name", None)
    if given:
        raise UsageError(
            "{option} does not go with renamed", key="option-not-with-renamed", option=_option(next(iter(given)))
        )
    if entry.continued is not None:
        raise UsageError(
            "renamed does not go with --continued: the names in a bundle never change",
            hint="`evtool unpack DIR -o OUT` makes an evidence directory of it, whose files may get other names",
            key="renamed-not-continued",
        )
    numbers = resolve_items(directory, entry.place(), items)
    if numbers is None or (new is not None and len(numbers) != 1):
        raise UsageError(
            "renamed needs one item and its new name (--items 27 --new-name PATH)",
            hint="`evtool seal DIR --renamed` finds the new names of all files that were renamed",
            key="renamed-needs",
        )
    with terminal_progress(output) as progress:
        author = Author(signing.choose(dry_run=entry.dry_run), entry.policy(), progress)
        if new is None:
            written = restate_names(directory, author, numbers, entry.header(None), where=entry.place())
            again = "answer.would-name-again" if entry.dry_run else "answer.named-again"
            note = output.language.say(again, items=numbers.ranges, count=len(written))
            return answer_entry(output, directory, written[-1], f"  {note}", where=entry.reading())
        result = rename_item(
            directory,
            author,
            numbers.last,
            store_name(os.fsencode(new)),
            entry.header(None),
            where=entry.place(),
        )
    rename = result.rename
    named = "answer.would-be-named" if entry.dry_run else "answer.named"
    note = output.language.say(named, item=rename.item, old=rename.old, new=rename.new)
    return answer_entry(output, directory, result.written, f"  {note}", where=entry.reading())


def make_details(kind: type[Details], values: dict[str, Any], directory: str, where: Where) -> Details:
    """Build the table of an event from the options that were given.

    Raises:
        UsageError: an option is missing, or belongs to another event.
    """
    known = set(names_of(kind))
    if kind is Corrected and values.get("undone"):
        values = {"correction": "this entry does not count", **values}
    if "head" in known and "entry" in values:
        with open_record(directory, where) as record:
            values = {**values, "head": head_of_entry(record, values["entry"])}
    if kind is Admitted:
        values = {**values, "role": Role(values.get("role", Role.BESIDE.value))}
        if "key" in values:
            values["key"] = _fingerprint(values["key"])
    if unknown := sorted(set(values) - known):
        raise UsageError(
            "{option} does not go with {event}",
            key="option-not-with-event",
            option=_option(unknown[0]),
            event=kind.event.value,
        )
    missing = [name for name in names_of(kind) if name not in values and name not in defaults_of(kind)]
    if missing:
        options = list(dict.fromkeys(_option("entry" if name == "head" else name) for name in missing))
        raise UsageError(
            "{event} needs {options}",
            hint="`evtool help record` says what each of them holds",
            key="event-needs-options",
            event=kind.event.value,
            options=" and ".join(options),
        )
    return kind(**values)


def _option(field: str) -> str:
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")


_OPTIONS = {"recipient": "--to", "agent": "--code", "key": "--public-key", "undone": "--undo"}
"""Fields whose option has another name."""


def _fingerprint(key: str) -> str:
    """Give the fingerprint of a key: read from its file, or as it was typed."""
    return key if key.startswith("SHA256:") else read_public_key_file(Path(key)).fingerprint
