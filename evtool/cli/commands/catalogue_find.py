"""`evtool catalogue find`: items by what they are, by their terms, and by what they may be used for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.options.common import recipients_flag, trust_flag, who_would_sign
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import PURPOSES, ExistingPath, agreement_value, code_value, day_value, purpose_value
from evtool.cli.output import Output, output_and_findings
from evtool.core.consent.decision import Request
from evtool.core.errors import UsageError
from evtool.core.finding import Words
from evtool.core.terms.terms import Purpose
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.ranges import ranges_of
from evtool.keys.agreements import load_agreements
from evtool.keys.recipients import load_recipients
from evtool.operations.catalogue.find import Finder, FoundItem, SoughtItems, UnusableItems
from evtool.operations.catalogue.usable import UseQuestion
from evtool.operations.record.trust import TrustPolicy
from evtool.report.answers_document import (
    CatalogueFindDocument,
    CatalogueRefusedDocument,
    FoundItemDocument,
    RefusedItemsDocument,
)
from evtool.report.consent_document import refusal_documents
from evtool.report.language import Language
from evtool.store.catalogue.database import open_catalogue

EXAMPLES = """\b
Examples:
  evtool catalogue find repository.cat --kind interview --status withdrawn
  evtool catalogue find repository.cat --usable-for un-reporting --to court-x
  evtool catalogue find repository.cat --event-date 2011..2013-06 --from ngo-3
  evtool catalogue find repository.cat --file suspicious.jpg
  evtool catalogue find repository.cat --text 요덕

\b
Exit codes:
  0  printed, whatever was found
  2  wrong usage, or a recipient that is not in your list
  4  the catalogue or a list cannot be read

An item is found if it meets all options that are given. Only what accepted holdings disclose is found, and nothing that
was disposed of. --usable-for asks what `evtool consent check` asks, of the terms in force as far as the catalogue knows
them; before anything goes out, `pack` asks the record itself. --text finds parts of words; capitals and blanks make no
difference.
"""

_DATE = r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)"
_DATES = compiled_when_used(rf"{_DATE}(?:\.\.{_DATE})?\Z", re.ASCII)


def _dates_value(text: str) -> tuple[str, str]:
    match = _DATES.match(text)
    if match is None:
        why = UsageError("dates look like 2011, 2011-03..2013 or 2011-03-01..2011-03-31", key="no-dates")
        raise click.BadParameter(why.message) from why
    return match[1], match[2] or match[1]


class FindOptions(Struct, frozen=True):
    """What is sought."""

    collection: str | None = flag("--collection", metavar="ID", help="Only of this collection.")
    sender: str | None = flag("--from", type=code_value, metavar="CODE", help="Only what this sender sent.")
    agreement: str | None = flag(
        "--agreement", type=agreement_value, metavar="NUMBER", help="Only what is bound to this agreement."
    )
    kind: str | None = flag("--kind", metavar="KIND", help="Only items of this kind: interview, video, x-...")
    status: str | None = flag(
        "--status", metavar="STATUS", help="Only items whose consent has this status: given, withdrawn, not-stated, ..."
    )
    dates: tuple[str, str] | None = flag(
        "--event-date", type=_dates_value, metavar="A..B", help="Only items that show an event of these dates."
    )
    due_before: date | None = flag(
        "--due-before",
        type=day_value,
        metavar="DAY",
        help="Only items whose consent ends or is to be reviewed by then.",
    )
    text: str | None = flag("--text", metavar="TEXT", help="Only items whose title or name holds this.")
    file: Path | None = flag(
        "--file", type=ExistingPath(path_type=Path), metavar="FILE", help="Only items that are the same bytes as FILE."
    )
    subject: str | None = flag("--subject", type=code_value, metavar="CODE", help="Only items about this person.")

    def sought(self) -> SoughtItems:
        """Give what is sought."""
        return SoughtItems(
            collection=self.collection,
            sender=self.sender,
            agreement=self.agreement,
            kind=self.kind,
            status=self.status,
            dates=self.dates,
            due_before=self.due_before,
            text=self.text,
            file=self.file,
            subject=self.subject,
        )


class UseOptions(Struct, frozen=True):
    """What it would be used for, by whom."""

    purpose: Purpose | str | None = flag(
        "--usable-for",
        type=purpose_value,
        metavar="PURPOSE",
        completes=offers.term_words("for"),
        help=f"Only what may be used for this: {PURPOSES}.",
    )
    recipient: str | None = flag(
        "--to", type=code_value, metavar="CODE", completes=offers.RECIPIENT, help="The code of the recipient."
    )
    day: date | None = flag("--on", type=day_value, metavar="DAY", help="The day that counts. [default: today (UTC)]")
    refused: bool = flag("--refused", is_flag=True, help="List what may not be used, with every reason.")
    agent: str | None = flag(
        "--agent",
        type=code_value,
        metavar="CODE",
        completes=offers.OWN_CODE,
        help="The code of who hands over. [default: EVTOOL_AGENT, or your key's]",
    )
    recipients_file: Path | None = recipients_flag()
    trust_file: Path | None = trust_flag()

    def question(self) -> UseQuestion | None:
        """Give the question that consent answers, or None.

        Raises:
            click.UsageError: something that belongs together is not there.
            UsageError: the recipient list does not have the recipient.
            InputError, KeyFileError, FormatError: a list cannot be read.
        """
        if self.purpose is None or self.recipient is None:
            if self.purpose is not None or self.recipient is not None or self.refused or self.day is not None:
                raise misuse(UsageError("--usable-for and --to belong together", key="usable-for-to"))
            return None
        agent, key = who_would_sign(self.agent)
        request = Request(
            recipient=load_recipients(self.recipients_file).find(self.recipient).recipient,
            purpose=self.purpose,
            day=self.day or datetime.now(UTC).date(),
            agreements=load_agreements(),
            agent=agent,
            key=key,
        )
        return UseQuestion(request, TrustPolicy(told_trust(self.trust_file).keys))


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("catalogue", metavar="CATALOGUE", type=click.Path(path_type=Path))
@options_of(FindOptions, "find", "What is sought")
@options_of(UseOptions, "use", "What it may be used for")
@output_and_findings
def command(catalogue: Path, find: FindOptions, use: UseOptions, output: Output) -> None:
    """Find items, and what they may be used for."""
    question, sought = use.question(), find.sought()
    language = output.language
    with open_catalogue(catalogue) as opened, opened.read() as connection:
        finder = Finder(opened, connection, sought, question)
        if use.refused:
            for _ in finder.find():
                pass
            output.answer_lines(_refusals(language, finder.refused), language.say("catalogue.nothing-refused"))
            document = CatalogueRefusedDocument(path=str(catalogue), refused=())
            output.document_of(document, "refused", map(_refused_document, finder.refused))
            return
        if output.json:
            documents = map(_item_document, finder.find())
            output.document_of(CatalogueFindDocument(path=str(catalogue), items=()), "items", documents)
            return
        output.answer_lines(_lines(language, finder), language.say("catalogue.nothing-found"))
        left_out = sum(len(refused.items) for refused in finder.refused)
        if left_out:
            output.answer(language.say("catalogue.left-out", count=left_out))


def _lines(language: Language, finder: Finder) -> Iterator[str]:
    """Write what was found, with what decides over it: a line for all items of a collection that share it."""
    for (collection, sender), items in groupby(finder.find(), key=lambda item: (item.collection, item.sender)):
        yield language.say("catalogue.of-collection", collection=collection, sender=sender)
        groups: dict[tuple[str | None, str | None, str | None, str, str | None], list[FoundItem]] = {}
        for item in items:
            name = item.path or item.title
            groups.setdefault((item.handling, item.status, item.until, item.known, name), []).append(item)
        for (handling, status, until, known, name), found in groups.items():
            numbers = language.say_ranges(ranges_of(item.number for item in found).ranges, "items")
            line = f"  {numbers}: {_say_terms(language, handling, status, known, len(found))}"
            line += f", {language.word('term.name', 'until')} {until}" if until else ""
            yield line + (f"  {language.say('catalogue.named', name=name)}" if name else "")


def _say_terms(language: Language, handling: str | None, status: str | None, known: str, count: int) -> str:
    if known == "withheld":
        return language.say("catalogue.terms-withheld", count=count)
    unstated = language.say("label.not-stated")
    words = [
        language.word("term.handling", handling) if handling else unstated,
        language.word("term.status", status) if status else unstated,
    ]
    return ", ".join(words)


def _refusals(language: Language, refused: list[UnusableItems]) -> Iterator[str]:
    for collection, groups in groupby(refused, key=lambda each: each.collection):
        yield language.say("catalogue.collection", collection=collection)
        for each in groups:
            items = language.say_ranges(each.items.ranges, "items")
            for refusal in each.decision.reasons:
                said = language.say_words(Words("refused", items=items, why=refusal.says, way=None))
                yield f"  {refusal.reason.value:<26} {said}"


def _item_document(item: FoundItem) -> FoundItemDocument:
    return FoundItemDocument(
        collection=item.collection,
        sender=item.sender,
        item=item.number,
        type=item.type,
        size=item.size,
        media=item.media,
        kind=item.kind,
        event_date=item.event_date,
        title=item.title,
        name=item.path,
        handling=item.handling,
        status=item.status,
        until=item.until,
        review=item.review,
        terms=item.known,
    )


def _refused_document(refused: UnusableItems) -> RefusedItemsDocument:
    return RefusedItemsDocument(
        collection=refused.collection,
        items=tuple(refused.items.serialize()),
        reasons=refusal_documents(refused.decision),
    )
