"""`evtool consent`: what may go to whom, for what, under which conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import list_named_items
from evtool.cli.answers.packed import MAX_RANGES
from evtool.cli.command import Command, Option, flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.group import Group
from evtool.cli.options.access import AccessOptions, access_options, short_access_options
from evtool.cli.options.common import (
    PlaceOptions,
    SigningOptions,
    reading_options,
    recipients_flag,
    signing_options,
    trust_flag,
    who_would_sign,
)
from evtool.cli.options.entry import EntryOptions, bundle_entry_options
from evtool.cli.options.items import items_option, resolve_items
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import PURPOSES, ExistingPath, code_value, day_value, purpose_value
from evtool.cli.output import Output, output_and_findings, output_options
from evtool.core.consent.decision import ConsentAnswer, Request
from evtool.core.errors import ExitCode, FormatError, InputError, UsageError
from evtool.core.finding import Words
from evtool.core.terms.input import accepted, make_terms, parse_user_term
from evtool.core.terms.terms import TERMS, ConsentTerms, Purpose
from evtool.core.text.item_choice import ItemChoice
from evtool.core.text.ranges import ItemRanges, ranges_of, spell_any
from evtool.keys.agreements import load_agreements
from evtool.keys.recipients import load_recipients
from evtool.operations.author import Author
from evtool.operations.entries.consent import TermDifference, change_consent, decide_items, read_consent
from evtool.operations.entries.exits import group_refusals
from evtool.operations.entries.notice import make_notice
from evtool.operations.entries.recall import recall
from evtool.operations.record.read import open_record
from evtool.operations.record.trust import TrustPolicy
from evtool.report.columns import fold
from evtool.report.consent_document import (
    ConsentChangeDocument,
    ConsentCheckDocument,
    ConsentDocument,
    RecallDocument,
    TermChangeDocument,
    consent_document,
    decision_document,
    holding_document,
)
from evtool.report.consent_text import render_consent, render_holding, say_term
from evtool.report.language import Language, Said
from evtool.store.output import write_new_file

GROUP_EXAMPLES = """\b
Examples:
  evtool consent show case-12
  evtool consent check case-12 --to ohchr-dprk --for un-reporting
  evtool consent set case-12 --items 42 --status withdrawn
  evtool consent recall case-12 --items 42
  evtool consent show case-12.zip --continued case-12.zip.received
  evtool help consent-terms    the terms one by one, and what to do with them

\b
Exit codes:
  0  done; check: every item may go
  1  the record fails verification
  2  wrong usage
  4  the record cannot be read or written
  5  check: at least one item is refused

What was sealed with an item is never edited: a change is an entry of its own. The newest entry decides over the status.
Of everything else the strictest counts, so a change can take back at once, and can never widen what a person was told.
What is not stated counts as strictest.
"""

SET_EXAMPLES = """\b
Examples:
  evtool consent set case-12 --items 42 --status withdrawn --dry-run
  evtool consent set case-12 --items 42 --status withdrawn
  evtool consent set case-12 --items 1-17,20 --handling named \\
      --share ohchr-dprk --for un-reporting --status given
  evtool consent set case-12 --all-items --until 2027-01-01

\b
Exit codes:
  0  recorded
  1  the record fails verification; nothing was recorded
  2  wrong usage
  4  something could not be read or written; nothing was recorded

Lists are written with commas or semicolons; `none` is the empty list. A withdrawal cannot un-share: it blocks what goes
out from now on, and `evtool consent recall` lists who has the item already. A recipient who received a bundle records
with --continued what they learned afterwards: it counts in their own record.
"""

CHECK_EXAMPLES = """\b
Examples:
  evtool consent check case-12 --to ohchr-dprk --for accountability-intl
  evtool consent check case-12 --items 1-17 --to court-a \\
      --for accountability-national --date 2027-01-01
  evtool consent check case-12 --to ohchr-dprk --for un-reporting \\
      --confirm redact-identity --approved-by A07

\b
Exit codes:
  0  every item may go
  1  the record fails verification
  2  wrong usage, or a recipient that is not in your list
  4  the record cannot be read
  5  at least one item is refused

`evtool recipient add` describes a recipient. What --confirm says needs a second person, whose code is --approved-by. No
confirmation overrides consent that was withdrawn, refused, revoked or has expired.
"""

SHOW_EXAMPLES = """\b
Examples:
  evtool consent show case-12
  evtool consent show case-12 --items 42 --json

\b
Exit codes:
  0  printed
  1  the record fails verification
  2  wrong usage, or no such item
  4  the record cannot be read
"""

RECALL_EXAMPLES = """\b
Examples:
  evtool consent recall case-12 --items 42
  evtool consent recall case-12      all items that may go to nobody any more
  evtool consent recall case-12 --items 42 --notice case-12.notice

\b
Exit codes:
  0  printed
  1  the record fails verification
  2  wrong usage, or no such item
  4  the record cannot be read

This lists what this record knows. Whoever received an item may have passed it on: their records know to whom. Send the
notice to every holder: `evtool receive PATH --notice FILE` takes it in. It holds the changes as they were signed, for
these items alone, and the entries that place them in the record. A notice can withdraw what was permitted; it never
permits anything.
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """What may go to whom, for what, under which conditions."""


def _term_options(wrapped: Callable[..., Any]) -> Callable[..., Any]:
    """Add one option for each term of the vocabulary; `_stated_terms` puts them together."""
    for term in reversed(TERMS):
        text = f"{term.meaning[0].upper()}{term.meaning[1:]}: {accepted(term)}."
        option = click.option(
            f"--{term.name}",
            f"term_{term.attribute}",
            metavar="VALUE",
            completes=offers.term_words(term.name),
            help=text,
            **_TERMS,
        )
        wrapped = option(wrapped)
    return wrapped


_TERMS: dict[str, Any] = {"cls": Option, "section": "Terms"}


def _stated_terms(values: dict[str, str | None]) -> ConsentTerms:
    given = {term.name: values[f"term_{term.attribute}"] for term in TERMS}
    return make_terms({name: _parse_term(name, value) for name, value in given.items() if value is not None})


def _parse_term(name: str, text: str) -> Any:
    try:
        return parse_user_term(name, text)
    except FormatError as error:
        hint = f"; {error.hint}" if error.hint else ""
        raise click.BadParameter(f"{error.message}{hint}", param_hint=f"--{name}") from error


@command.command("show", cls=Command, epilog=SHOW_EXAMPLES)
@click.argument("directory", type=click.Path())
@items_option("Only these items:")
@reading_options
@access_options
@output_options
def show(directory: str, items: ItemChoice, where: PlaceOptions, access: AccessOptions, output: Output) -> int:
    """Print the terms in force for each item, and what they were put together from."""
    place = where.place(access.load())
    numbers = resolve_items(directory, place, items)
    with open_record(directory, place) as record:
        chosen = list(read_consent(record, numbers))
    if not chosen:
        raise InputError(
            "no such item is disclosed here", hint="`evtool show DIR` lists them all", key="items-not-here"
        )
    language = output.language
    output.answer_lines((render_consent(language, consent) for consent in chosen), "")
    document = ConsentDocument(exit_code=ExitCode.OK, path=directory, items=())
    output.document_of(document, "items", map(consent_document, chosen))
    return ExitCode.OK


class CheckOptions(Struct, frozen=True):
    """To whom items would go, for what, when.

    Attributes:
        recipient: code of the recipient.
        purpose: what for.
        day: when; None for today.
        authority: what would allow it, or None.
        confirm: codes of what a second person confirms.
        approved_by: code of that second person, or None.
        agent: who would hand the items over; None for the agent of the only own key.
        onward: whether the sender received the items from others.
        recipients_file: recipient list; None for the user's own.
        trust_file: trust list; None for the user's own.
    """

    recipient: str = flag(
        "--to",
        required=True,
        type=code_value,
        metavar="CODE",
        completes=offers.RECIPIENT,
        help="Code of the recipient.",
    )
    purpose: Purpose | str = flag(
        "--for",
        required=True,
        type=purpose_value,
        metavar="PURPOSE",
        completes=offers.term_words("for"),
        help=f"What for: {PURPOSES}.",
    )
    day: date | None = flag("--date", type=day_value, metavar="DAY", help="When. [default: today (UTC)]")
    authority: str | None = flag(
        "--authority",
        metavar="TEXT",
        completes=offers.AGREEMENT,
        help="What would allow it; an agreement of your list counts as one of the terms.",
    )
    confirm: tuple[str, ...] = flag(
        "--confirm", multiple=True, metavar="CODE", help="What a second person confirms. May be repeated."
    )
    approved_by: str | None = flag("--approved-by", type=code_value, metavar="CODE", help="Code of that second person.")
    agent: str | None = flag(
        "--agent",
        type=code_value,
        metavar="CODE",
        completes=offers.OWN_CODE,
        help="Who would hand over. [default: EVTOOL_AGENT, or your key's]",
    )
    onward: bool = flag("--onward", is_flag=True, help="You received the items from others, and would pass them on.")
    recipients_file: Path | None = recipients_flag()
    trust_file: Path | None = trust_flag()

    def request(self) -> Request:
        """Give the question that consent answers.

        Raises:
            UsageError: the recipient list does not have the recipient.
            InputError, KeyFileError, FormatError: a list cannot be read.
        """
        agent, key = who_would_sign(self.agent)
        return Request(
            recipient=load_recipients(self.recipients_file).find(self.recipient).recipient,
            purpose=self.purpose,
            day=self.day or datetime.now(UTC).date(),
            agreements=load_agreements(),
            authority=self.authority,
            agent=agent,
            key=key,
            is_onward=self.onward,
            confirmed=frozenset(self.confirm),
            approved_by=self.approved_by,
        )


@command.command("check", cls=Command, epilog=CHECK_EXAMPLES)
@click.argument("directory", type=click.Path())
@items_option("Only these items:")
@options_of(CheckOptions, "asked")
@reading_options
@access_options
@output_and_findings
def check(
    directory: str,
    items: ItemChoice,
    asked: CheckOptions,
    where: PlaceOptions,
    access: AccessOptions,
    output: Output,
) -> int:
    """Say for each item whether it may go to a recipient for a purpose, and why not."""
    code, purpose = asked.recipient, asked.purpose
    request = asked.request()
    place = where.place(access.load())
    chosen = resolve_items(directory, place, items)
    with open_record(directory, place) as record:
        answers = decide_items(record, request, TrustPolicy(told_trust(asked.trust_file).keys), chosen)
    refused = sum(not answer.decision.allowed for answer in answers)
    exit_code = ExitCode.REFUSED if refused or not answers else ExitCode.OK
    if not output.json:
        verdict = output.language.say(
            "consent.may-not-go" if refused else "consent.may-go", count=refused, total=len(answers), recipient=code
        )
        output.answer("\n".join([verdict, *_render_answers(answers, output)]))
    document = ConsentCheckDocument(
        exit_code=exit_code,
        path=directory,
        recipient=code,
        purpose=purpose if isinstance(purpose, str) else purpose.value,
        date=request.day.isoformat(),
        refused=refused,
        items=(),
    )
    output.document_of(document, "items", map(decision_document, answers))
    return exit_code


def _render_answers(answers: Sequence[ConsentAnswer], output: Output) -> list[str]:
    """Say each reason and each condition once, with the items that it concerns."""
    decisions = [(answer.consent.item, answer.decision) for answer in answers]
    language, lines = output.language, []
    for group in group_refusals(decisions):
        way = Words("second-person", code=group.refusal.confirm) if group.refusal.confirm else None
        items = _name_items(group.items, output)
        said = language.say_words(Words("refused", items=items, why=group.refusal.says, way=way))
        lines.append(f"  {group.refusal.reason.value:<26} {fold(said, 29, output.width)}")
    if len(lines) > _MOST_REASONS and not output.lists_all:
        lines[_MOST_REASONS:] = [f"  {language.say('consent.more', count=len(lines) - _MOST_REASONS)}"]
    allowed = {number: decision for number, decision in decisions if decision.allowed}
    if allowed and len(allowed) < len(decisions):
        lines.append(f"  {language.say('consent.allowed', items=_name_items(ranges_of(allowed), output))}")
    duties: dict[Words, list[int]] = {}
    for number, decision in allowed.items():
        for duty in decision.duties:
            duties.setdefault(duty, []).append(number)
    for duty, numbers in duties.items():
        items = _name_items(ranges_of(numbers), output)
        lines.append(f"  {fold(language.say('consent.condition', items=items, duty=duty), 4, output.width)}")
    return lines


_MOST_REASONS = 8


def _name_items(items: ItemRanges, output: Output) -> Said:
    return output.language.say_ranges(items.ranges, "items", None if output.lists_all else MAX_RANGES)


@command.command("set", cls=Command, epilog=SET_EXAMPLES)
@click.argument("directory", type=ExistingPath())
@items_option("Only these items:")
@click.option("--all-items", is_flag=True, help="All items that are sealed by now.")
@_term_options
@bundle_entry_options
@short_access_options
@signing_options
@output_options
def set_(
    directory: str,
    items: ItemChoice,
    all_items: bool,
    entry: EntryOptions,
    access: AccessOptions,
    signing: SigningOptions,
    output: Output,
    **terms: str | None,
) -> int:
    """Record that the consent or the handling of items changed."""
    if all_items != items.is_empty:
        raise misuse(UsageError("name the items with --items, or give --all-items", key="which-items"))
    stated = _stated_terms(terms)
    place = entry.place(access.load())
    header = entry.header(resolve_items(directory, place, items))
    author = Author(signing.choose(dry_run=entry.dry_run), entry.policy())
    result = change_consent(directory, author, stated, header, where=place)
    dry_run = entry.dry_run
    language, say = output.language, output.language.say
    added = "answer.would-add" if dry_run else "answer.added"
    lines: list[str] = [say(added, name=directory, entry=result.written.entry)]
    lines += list_named_items(language, output, directory, place, result.items)
    lines += [_render_difference(language, difference, dry_run) for difference in result.differences]
    if not result.differences:
        lines.append(f"  {say('consent.no-change')}")
    for name, count in result.without_effect.items():
        lines.append(f"  {say('consent.stricter-stays', name=language.word('term.name', name), count=count)}")
    lines += [] if dry_run else head_lines(language, result.written.head)
    output.answer("\n".join(lines), done=not dry_run)
    output.document(
        ConsentChangeDocument(
            exit_code=ExitCode.OK,
            path=directory,
            dry_run=dry_run,
            entry=result.written.entry,
            head=None if dry_run else result.written.head,
            items=tuple(result.items.serialize()),
            terms=stated.stated,
            changes=tuple(map(_change_document, result.differences)),
            without_effect=result.without_effect,
        )
    )
    return ExitCode.OK


def _render_difference(language: Language, difference: TermDifference, dry_run: bool) -> str:
    def spell(value: Any) -> Said:
        return language.say("label.not-stated") if value is None else say_term(language, difference.term, value)

    said = language.say(
        "consent.would-change" if dry_run else "consent.changes",
        term=language.word("term.name", difference.term),
        before=spell(difference.before),
        after=spell(difference.after),
        items=language.say_ranges(difference.items.ranges, "items", MAX_RANGES),
    )
    return f"  {said}"


def _change_document(difference: TermDifference) -> TermChangeDocument:
    before, after = (
        tuple(value) if isinstance(value, list) else value for value in (difference.before, difference.after)
    )
    return TermChangeDocument(
        term=difference.term, before=before, after=after, items=tuple(difference.items.serialize())
    )


@command.command("recall", cls=Command, epilog=RECALL_EXAMPLES)
@click.argument("directory", type=click.Path())
@items_option("Only these items:")
@click.option(
    "--notice",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a signed notice for the holders: the entries that changed these terms, without names.",
)
@reading_options
@access_options
@signing_options
@output_options
def recall_(
    directory: str,
    items: ItemChoice,
    notice: Path | None,
    where: PlaceOptions,
    access: AccessOptions,
    signing: SigningOptions,
    output: Output,
) -> int:
    """List who was given items, and since when: tell them that consent was withdrawn."""
    place = where.place(access.load())
    numbers = resolve_items(directory, place, items)
    with open_record(directory, place) as record:
        result = recall(record, numbers)
        if notice is not None:
            write_new_file(notice, make_notice(record, result, signing.choose()))
    ranges = spell_any(result.items)
    language, say = output.language, output.language.say
    concerned = language.say_ranges(result.items.ranges, "items", None) if result.items else Said()
    lines: list[str] = [say("consent.recall", items=concerned) if ranges else say("consent.recall-nothing")]
    lines += [render_holding(language, holding) for holding in result.holdings]
    if ranges and not result.holdings:
        lines.append(say("consent.recall-nobody"))
    lines += ["", say("consent.notice", path=str(notice))] if notice is not None else []
    output.answer("\n".join(lines))
    holdings = tuple(map(holding_document, result.holdings))
    output.document(
        RecallDocument(
            exit_code=ExitCode.OK,
            path=directory,
            items=ranges,
            holdings=holdings,
            notice=str(notice) if notice is not None else None,
        )
    )
    return ExitCode.OK
