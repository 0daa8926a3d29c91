"""`evtool record`: custody events."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

import click

from evtool.cli.options.bundle import Leave, exit_options
from evtool.cli.options.common import SigningOptions, code_value, findings_option, progress_option
from evtool.cli.options.entry import (
    answer_entry,
    entry_options,
    items_option,
    jobs_option,
    with_items,
)
from evtool.cli.output import Output
from evtool.cli.progress import terminal_progress
from evtool.core.custody.events import DETAILS, STATES_EVIDENCE, Details, Disclosed, Event, Transferred
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import UsageError
from evtool.core.text.ranges import ItemRanges
from evtool.operations.author import Author
from evtool.operations.entries.exits import record_exit
from evtool.operations.entries.fixity import FixityRequest
from evtool.operations.entries.record_event import head_of_entry, record_event
from evtool.operations.entries.writer import EntryHeader
from evtool.operations.record.read import open_record

OWN_COMMANDS = {
    Event.SEALED: "evtool seal",
    Event.RECEIVED: "evtool receive",
    Event.CONSENT_CHANGED: "evtool consent set",
    Event.RENEWED: "evtool renew",
}
"""Events that come about by doing something, and the command that does it."""

EXAMPLES = """\b
Examples:
  evtool record case-12 collected --source S3 --place "Seoul" --happened-at 2026-03-01T14:30:00+09:00
  evtool record case-12 verified                       reads everything, records the result
  evtool record case-12 verified --sample 50           reads 50 items drawn at random
  evtool record case-12 accessed --items 3-5 --reason "translation"
  evtool record case-12 copied --carrier "disc 7, copy 1 of 2"
  evtool record case-12 countersigned --entry 1 --agent B2
  evtool record case-12 corrected --entry 3 --correction "the disc was number 8"
  evtool record case-12 incident --description "water damage in the store room"
  evtool record case-12 disposed --items 9 --authority "agreement 12" --method "overwritten"

Of `transferred` and `disclosed` consent is asked first, as `evtool transfer` does.

Events that claim a state of the evidence are recorded with a fresh comparison of all items, or of a sample. People
and organisations are named by code. An entry is never changed: correct it with a later one.
"""


@click.command(epilog=EXAMPLES)
@click.argument("directory", type=click.Path())
@click.argument("event", type=click.Choice([event.value for event in Event if event not in OWN_COMMANDS]))
@click.option("--source", type=code_value, metavar="CODE", help="collected: whom or what it came from.")
@click.option("--place", metavar="TEXT", help="collected, accessed, copied, incident: where, coarsely.")
@click.option("--method", metavar="TEXT", help="collected, derived, disposed: how.")
@click.option("--carrier", metavar="TEXT", help="copied, transferred: medium, serial or seal number, copy n of m.")
@click.option("--to", "recipient", type=code_value, metavar="CODE", help="transferred, disclosed: the recipient.")
@click.option("--authority", metavar="TEXT", help="transferred, disclosed, disposed: agreement, warrant or order.")
@click.option("--purpose", metavar="TEXT", help="transferred, disclosed: what for.")
@click.option("--approved-by", type=code_value, metavar="CODE", help="disclosed: a second agent who confirmed it.")
@click.option("--original", type=click.IntRange(1), metavar="N", help="derived: the item it was made from.")
@click.option("--copy", type=click.IntRange(1), metavar="N", help="derived: the item that it is.")
@click.option("--entry", type=click.IntRange(1), metavar="N", help="countersigned, corrected: the entry it is about.")
@click.option("--correction", metavar="TEXT", help="corrected: what is right.")
@click.option("--description", metavar="TEXT", help="incident: what happened.")
@items_option
@exit_options
@click.option("--sample", type=click.IntRange(1), metavar="N", help="Compare only N items, drawn at random.")
@entry_options
@findings_option
@jobs_option
@progress_option
def command(
    directory: str,
    event: str,
    items: ItemRanges | None,
    sample: int | None,
    leave: Leave,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    jobs: int | None,
    signing: SigningOptions,
    output: Output,
    **given: Any,
) -> int:
    """Add an entry of EVENT to the chain of custody of DIRECTORY."""
    kind = DETAILS[Event(event)]
    details = make_details(kind, given, directory, custody)
    if sample is not None and kind.event not in STATES_EVIDENCE:
        raise click.UsageError(f"--sample goes with events that state something of the evidence, not with {event}")
    fixity = FixityRequest(sample, jobs) if kind.event in STATES_EVIDENCE else None
    header = with_items(header, items)
    with terminal_progress(output) as progress:
        author = Author(signing.choose(), policy, progress)
        if isinstance(details, Transferred | Disclosed):
            consent = leave(details.recipient)
            result = record_exit(directory, author, details, header, consent, fixity=fixity, custody=custody)
        else:
            result = record_event(directory, author, details, header, fixity=fixity, custody=custody)
    return answer_entry(output, directory, result)


def make_details(kind: type[Details], given: dict[str, Any], directory: str, custody: str | None) -> Details:
    """Build the table of an event from the options that were given.

    Raises:
        UsageError: an option is missing, or belongs to another event.
    """
    values = {name: value for name, value in given.items() if value is not None}
    known = {field.name for field in fields(kind)}
    if "head" in known and "entry" in values:
        with open_record(directory, custody) as collection:
            values["head"] = head_of_entry(collection, values["entry"])
    if unknown := sorted(set(values) - known):
        raise UsageError(f"{_option(unknown[0])} does not go with {kind.event.value}")
    for field in fields(kind):
        if field.default is MISSING and field.name not in values:
            raise UsageError(f"{kind.event.value} needs {_option('entry' if field.name == 'head' else field.name)}")
    return kind(**values)


def _option(field: str) -> str:
    return "--to" if field == "recipient" else f"--{field.replace('_', '-')}"
