"""`evtool consent`: what may go to whom, for what, under which conditions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from evtool.cli.group import Group
from evtool.cli.options.common import SigningOptions, code_value, output_options, own_code
from evtool.cli.options.entry import custody_option, entry_options, with_items
from evtool.cli.options.values import purpose_value, ranges_value
from evtool.cli.output import Output
from evtool.core.consent.decision import Request
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import ExitCode, FormatError, InputError
from evtool.core.terms.input import accepted, make_terms, parse_user_term
from evtool.core.terms.terms import TERMS, Purpose, parse_day
from evtool.core.text.digest import group_in_fours
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.keys.recipients import load_recipients
from evtool.keys.trust import load_trust
from evtool.operations.author import Author
from evtool.operations.entries.consent import change_consent, decide_items, read_consent
from evtool.operations.entries.recall import recall
from evtool.operations.entries.writer import EntryHeader
from evtool.operations.record.read import open_record
from evtool.operations.record.trust import TrustPolicy
from evtool.report.consent_document import (
    ConsentChangeDocument,
    ConsentCheckDocument,
    ConsentDocument,
    RecallDocument,
    consent_document,
    decision_document,
    holding_document,
)
from evtool.report.consent_text import render_answer, render_consent, render_holding

Command = Callable[..., Any]

GROUP_EXAMPLES = """\b
Examples:
  evtool consent show case-12
  evtool consent check case-12 --to ohchr-dprk --for un-reporting
  evtool consent set case-12 42 --status withdrawn --reason "message of 3 March"
  evtool consent recall case-12 42

Items are named by their numbers, which `evtool show` lists. What was sealed with an item is never edited: a change is
an entry of its own. The newest entry decides over the status; of everything else the strictest counts, so a change
can take back at once, and can never widen what a person was told. What is not stated counts as strictest.
"""

SET_EXAMPLES = """\b
Examples:
  evtool consent set case-12 42 --status withdrawn
  evtool consent set case-12 1-17,20 --handling named --share ohchr-dprk --for un-reporting --status given
  evtool consent set case-12 --all --until 2027-01-01

Lists are written with commas or semicolons, `none` is the empty list. A withdrawal cannot un-share: it blocks what goes
out from now on, and `evtool consent recall` lists who has the item already.
"""

CHECK_EXAMPLES = """\b
Examples:
  evtool consent check case-12 --to ohchr-dprk --for accountability-intl
  evtool consent check case-12 1-17 --to court-a --for accountability-national --date 2027-01-01
  evtool consent check case-12 --to ohchr-dprk --for un-reporting --confirm redact-identity --approved-by A07

\b
Exit codes:
  0  every item may go
  1  the record does not hold
  2  wrong usage, or a recipient that you have not described
  4  the record cannot be read
  5  at least one item is refused

Recipients are described in recipients.toml, beside the folder of your keys. What --confirm says needs a second person,
whose code is --approved-by; what is withdrawn, refused, revoked or expired cannot be confirmed away.
"""

SHOW_EXAMPLES = """\b
Examples:
  evtool consent show case-12
  evtool consent show case-12 42 --json
"""

RECALL_EXAMPLES = """\b
Examples:
  evtool consent recall case-12 42
  evtool consent recall case-12          all items whose consent permits nothing any more

This lists what this record knows. Whoever received an item may have passed it on: their records know to whom.
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """What may go to whom, for what, under which conditions."""


def _items_argument(wrapped: Command) -> Command:
    return click.argument("items", required=False, type=ranges_value, metavar="[N,N-N]")(wrapped)


def _term_options(wrapped: Command) -> Command:
    """Add one option for each term of the vocabulary; the command gets them as `terms`."""

    @functools.wraps(wrapped)
    def with_terms(*args: Any, **kwargs: Any) -> Any:
        values = {term.name: kwargs.pop(f"term_{term.attribute}") for term in TERMS}
        stated = {name: _parse_term(name, value) for name, value in values.items() if value is not None}
        return wrapped(*args, terms=make_terms(stated), **kwargs)

    for term in reversed(TERMS):
        text = f"{term.meaning[0].upper()}{term.meaning[1:]}: {accepted(term)}."
        with_terms = click.option(f"--{term.name}", f"term_{term.attribute}", metavar="VALUE", help=text)(with_terms)
    return with_terms


def _parse_term(name: str, text: str) -> Any:
    try:
        return parse_user_term(name, text)
    except FormatError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise click.BadParameter(f"{error.message}{hint}", param_hint=f"--{name}") from None


def _day_value(text: str) -> date:
    try:
        return parse_day("the date", text)
    except FormatError as error:
        raise click.BadParameter(error.message) from None


@command.command("show", epilog=SHOW_EXAMPLES)
@click.argument("directory", type=click.Path())
@_items_argument
@custody_option
@output_options
def show(directory: str, items: ItemRanges | None, custody: str | None, output: Output) -> int:
    """Print the terms in force for each item, and what they were put together from."""
    with open_record(directory, custody) as collection:
        chosen = list(read_consent(collection, items))
    if not chosen:
        raise InputError("no such item is disclosed here", hint="`evtool show DIRECTORY` lists them all")
    output.answer("\n".join(map(render_consent, chosen)))
    documents = tuple(map(consent_document, chosen))
    output.document(ConsentDocument(exit_code=ExitCode.OK, path=directory, items=documents))
    return ExitCode.OK


@command.command("check", epilog=CHECK_EXAMPLES)
@click.argument("directory", type=click.Path())
@_items_argument
@click.option("--to", "code", required=True, type=code_value, metavar="CODE", help="Code of the recipient.")
@click.option("--for", "purpose", required=True, type=purpose_value, metavar="PURPOSE", help="What for.")
@click.option("--date", "day", type=_day_value, metavar="DAY", help="When. Without it: today (UTC).")
@click.option("--confirm", multiple=True, metavar="CODE", help="What a second person confirms. May be repeated.")
@click.option("--approved-by", type=code_value, metavar="CODE", help="Code of that second person.")
@click.option("--agent", type=code_value, metavar="CODE", help="Who would hand it over. Without it: your only key's.")
@click.option("--onward", is_flag=True, help="You received it from others, and would pass it on.")
@click.option("--recipients", metavar="FILE", type=click.Path(path_type=Path), help="Recipients, if not your own list.")
@click.option("--trust", "trust_file", metavar="FILE", type=click.Path(path_type=Path), help="Whose keys to trust.")
@custody_option
@output_options
def check(
    directory: str,
    items: ItemRanges | None,
    code: str,
    purpose: Purpose | str,
    day: date | None,
    confirm: tuple[str, ...],
    approved_by: str | None,
    agent: str | None,
    onward: bool,
    recipients: Path | None,
    trust_file: Path | None,
    custody: str | None,
    output: Output,
) -> int:
    """Say for each item whether it may go to a recipient for a purpose, and why not."""
    request = Request(
        recipient=load_recipients(recipients).find(code).recipient,
        purpose=purpose,
        day=day or datetime.now(UTC).date(),
        agent=agent or own_code(),
        is_onward=onward,
        confirmed=frozenset(confirm),
        approved_by=approved_by,
    )
    with open_record(directory, custody) as collection:
        answers = decide_items(collection, request, TrustPolicy(load_trust(trust_file)), items)
    refused = sum(not answer.decision.allowed for answer in answers)
    exit_code = ExitCode.REFUSED if refused or not answers else ExitCode.OK
    verdict = f"{refused:,} of {len(answers):,} items may not go" if refused else f"all {len(answers):,} items may go"
    output.answer("\n".join([f"{verdict} to {code}", *map(render_answer, answers)]))
    output.document(
        ConsentCheckDocument(
            exit_code=exit_code,
            path=directory,
            recipient=code,
            purpose=purpose if isinstance(purpose, str) else purpose.value,
            date=request.day.isoformat(),
            refused=refused,
            items=tuple(map(decision_document, answers)),
        )
    )
    return exit_code


@command.command("set", epilog=SET_EXAMPLES)
@click.argument("directory", type=click.Path())
@_items_argument
@click.option("--all", "all_items", is_flag=True, help="All items that are sealed by now.")
@_term_options
@entry_options
def set_(
    directory: str,
    items: ItemRanges | None,
    all_items: bool,
    terms: Any,
    header: EntryHeader,
    policy: TextPolicy,
    custody: str | None,
    signing: SigningOptions,
    output: Output,
) -> int:
    """Record that the consent or the handling of items changed."""
    if all_items == (items is not None):
        raise click.UsageError("name the items, or give --all")
    result = change_consent(
        directory, Author(signing.choose(), policy), terms, with_items(header, items), custody=custody
    )
    lines = [f"{shown(directory)}: added entry {result.written.entry}"]
    for name, count in result.without_effect.items():
        lines.append(f"  {name}: for {count:,} items something stricter is in force, and stays")
    lines += ["", "Head, to be noted elsewhere:", f"  {group_in_fours(result.written.head)}"]
    output.answer("\n".join(lines), done=True)
    output.document(
        ConsentChangeDocument(
            exit_code=ExitCode.OK,
            path=directory,
            entry=result.written.entry,
            head=result.written.head,
            items=tuple(result.items.serialize()),
            terms=terms.stated,
            without_effect=result.without_effect,
        )
    )
    return ExitCode.OK


@command.command("recall", epilog=RECALL_EXAMPLES)
@click.argument("directory", type=click.Path())
@_items_argument
@custody_option
@output_options
def recall_(directory: str, items: ItemRanges | None, custody: str | None, output: Output) -> int:
    """List who was given items, since when: whom to tell that consent was withdrawn."""
    with open_record(directory, custody) as collection:
        result = recall(collection, items)
    ranges = tuple(result.items.serialize()) if result.items else ()
    lines = [f"recall of items {', '.join(ranges)}" if ranges else "there is no item whose consent permits nothing"]
    lines += map(render_holding, result.holdings)
    if ranges and not result.holdings:
        lines.append("nobody was given any of them, as far as this record tells")
    output.answer("\n".join(lines))
    holdings = tuple(map(holding_document, result.holdings))
    output.document(RecallDocument(exit_code=ExitCode.OK, path=directory, items=ranges, holdings=holdings))
    return ExitCode.OK
