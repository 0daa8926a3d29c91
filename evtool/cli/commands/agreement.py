"""`evtool agreement`: with whom the user agreed on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from shlex import quote
from typing import Any

import click
from msgspec import Struct

from evtool.cli.answers.listed import UserList
from evtool.cli.command import Argument, Command, flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.group import Group
from evtool.cli.options.values import agreement_value, code_value, conditions_value, day_value, purposes_value
from evtool.cli.output import Output, output_options
from evtool.core.consent.agreements import Agreement, AtEnd, Coordination
from evtool.core.errors import UsageError
from evtool.core.terms.input import accepted
from evtool.core.terms.terms import TERMS_BY_NAME, Condition, Permission, Purpose, code_text
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.agreements import (
    MOST_HOURS,
    add_agreement,
    change_agreement,
    digest_document,
    find_agreement,
    load_agreements,
    remove_agreement,
)
from evtool.keys.home import agreements_file, home_directory
from evtool.keys.recipients import load_recipients
from evtool.keys.toml_list import name_place
from evtool.report.agreement_document import AgreementsDocument, AgreementShown
from evtool.report.language import Language, Said

GROUP_EXAMPLES = """\b
Examples:
  evtool agreement add DSA-2026-04 --party ngo-3 --party ohchr-dprk \\
      --signed 2026-04-01 --ends 2031-04-01 --purpose un-reporting
  evtool agreement list
  evtool agreement show DSA-2026-04

\b
Exit codes:
  0  done
  2  wrong usage, or a number that is not in the list
  4  the list cannot be read or written

The list is the file agreements.toml beside the list of recipients, which EVTOOL_HOME moves. It never travels with
evidence. You may edit it by hand: comments stay.

From the first agreement on, every number in the terms of an item has to be in the list: `evtool pack`, `transfer`,
`record disclosed` and `consent check` refuse what goes under an agreement that is not listed, is not in force on that
day, is between other parties, or does not cover the purpose. No confirmation overrides that. Without the list,
agreements are numbers that a recipient has signed, and nothing more is asked.
"""

ADD_EXAMPLES = """\b
Examples:
  evtool agreement add DSA-2026-04 --party ngo-3 --party ohchr-dprk \\
      --signed 2026-04-01 --ends 2031-04-01 --onward ask --at-end return \\
      --purpose un-reporting,accountability-intl
  evtool agreement add MOU-7 --party ngo-3 --party museum \\
      --signed 2026-05-02 --purpose research --document MOU-7.pdf
  evtool agreement add DSA-2026-04 --change --ends 2033-04-01

\b
Exit codes:
  0  done
  2  wrong usage, or the list has NUMBER already (without --change)
  4  the list or the document cannot be read or written

What an agreement does not state, it leaves to the terms of each item. What both state, the stricter of the two counts:
an agreement never allows what the terms do not.
"""

LIST_EXAMPLES = """\b
Examples:
  evtool agreement list
  evtool agreement list --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  the list cannot be read
"""

SHOW_EXAMPLES = """\b
Examples:
  evtool agreement show DSA-2026-04

\b
Exit codes:
  0  printed
  2  wrong usage, or a number that is not in the list
  4  the list cannot be read
"""

REMOVE_EXAMPLES = """\b
Examples:
  evtool agreement remove DSA-2026-04

\b
Exit codes:
  0  removed
  2  wrong usage, or a number that is not in the list
  4  the list cannot be read or written

Items whose terms name it are refused from then on. An agreement that has ended may stay in the list: it says so.
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Keep a list of agreements: with whom, for what, how long."""


def _choice(*names: str, kind: type[Permission] | type[AtEnd] | type[Coordination], says: str) -> Any:
    codes = [str(code.value) for code in kind]
    return flag(*names, type=click.Choice(codes), help=f"{says} [default: not stated]")


class AgreementOptions(Struct, frozen=True):
    """What is said of an agreement; an empty tuple or None was not given.

    Attributes:
        parties: codes of those who made it.
        signed: day on which it was signed.
        purposes: what items may go for; one tuple for each time that it was given.
        starts: first day on which it is in force.
        ends: first day on which it is no longer in force.
        review: day on which the parties look at it again.
        onward: `no`, `ask` or `yes`.
        defence: `no`, `ask` or `yes`.
        conditions: what must be kept to; one tuple for each time that it was given.
        coordination: `none`, `files` or `people`.
        breach_notice_hours: within how many hours a recipient tells of a breach.
        at_end: `return`, `destroy`, `keep` or `ask`.
        document: the signed document.
    """

    parties: tuple[str, ...] = flag(
        "--party",
        multiple=True,
        type=code_value,
        metavar="CODE",
        completes=offers.RECIPIENT,
        help="A recipient or organisation that made it, yours among them. Give two or more.",
    )
    signed: date | None = flag("--signed", type=day_value, metavar="DAY", help="When it was signed.")
    purposes: tuple[tuple[Purpose | str, ...], ...] = flag(
        "--purpose",
        multiple=True,
        type=purposes_value,
        metavar="PURPOSE",
        completes=offers.term_words("for"),
        help=f"What items may be used for: {accepted(TERMS_BY_NAME['for'])}. May be repeated.",
    )
    starts: date | None = flag(
        "--starts", type=day_value, metavar="DAY", help="First day in force. [default: the day of --signed]"
    )
    ends: date | None = flag(
        "--ends", type=day_value, metavar="DAY", help="First day on which it is no longer in force. [default: none]"
    )
    review: date | None = flag("--review", type=day_value, metavar="DAY", help="When the parties look at it again.")
    onward: str | None = _choice("--onward", kind=Permission, says="Whether a recipient may pass items on.")
    defence: str | None = _choice("--defence", kind=Permission, says="Whether an accused may see them.")
    conditions: tuple[tuple[Condition | str, ...], ...] = flag(
        "--condition",
        multiple=True,
        type=conditions_value,
        metavar="CODE",
        completes=offers.term_words("conditions"),
        help=f"What must be kept to: {accepted(TERMS_BY_NAME['conditions'])}. May be repeated.",
    )
    coordination: str | None = _choice("--coordination", kind=Coordination, says="What may be compared under it.")
    breach_notice_hours: int | None = flag(
        "--breach-notice-hours",
        type=click.IntRange(1, MOST_HOURS),
        metavar="N",
        help="Within how many hours a recipient tells of a breach.",
    )
    at_end: str | None = _choice("--at-end", kind=AtEnd, says="What happens to the items when it ends.")
    document: Path | None = flag(
        "--document",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The signed document: its SHA-256 is kept, the document is not.",
    )

    def apply(self, agreement: Agreement) -> Agreement:
        """Change what is given, and keep the rest.

        Raises:
            InputError: the document cannot be read.
        """
        given: dict[str, Any] = {
            "parties": tuple(sorted(set(self.parties))) or None,
            "signed": self.signed,
            "purposes": _together(self.purposes),
            "starts": self.starts,
            "ends": self.ends,
            "review": self.review,
            "onward": self.onward and Permission(self.onward),
            "defence": self.defence and Permission(self.defence),
            "conditions": _together(self.conditions),
            "coordination": self.coordination and Coordination(self.coordination),
            "breach_notice_hours": self.breach_notice_hours,
            "at_end": self.at_end and AtEnd(self.at_end),
            "document": self.document and digest_document(self.document),
        }
        return replace(agreement, **{name: value for name, value in given.items() if value is not None})


def _together(given: Sequence[Sequence[Any]]) -> tuple[Any, ...] | None:
    codes = {code for codes in given for code in codes}
    return tuple(sorted(codes, key=code_text)) if given else None


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("number", type=agreement_value)
@options_of(AgreementOptions, "stated", "What was agreed on")
@click.option("--change", is_flag=True, help="NUMBER is in the list: change what is given, keep the rest.")
@output_options
def add(number: str, stated: AgreementOptions, change: bool, output: Output) -> None:
    """Put the agreement NUMBER into your list.

    Use codes, never names. The agreement itself stays in the safe.
    """
    if change:
        agreement = change_agreement(number, stated.apply)
    else:
        if not stated.parties or stated.signed is None or not stated.purposes:
            raise misuse(
                UsageError(
                    "say who made the agreement, when it was signed and for what, with --party, --signed and --purpose",
                    key="agreement-needs",
                )
            )
        agreement = add_agreement(stated.apply(Agreement(number, (), stated.signed, ())))
    _LIST.print_added(shown(number), agreement, output)
    say = output.language.say
    output.talk(say("user-list.kept", path=Said(name_place(agreements_file(home_directory())))))
    for recipient in (known.recipient for known in load_recipients().by_code.values()):
        is_party = recipient.code in agreement.parties or recipient.organisation in agreement.parties
        if is_party and number not in recipient.agreements:
            signed = " ".join(f"--agreement {quote(each)}" for each in sorted({*recipient.agreements, number}))
            output.talk(say("agreement.not-signed", code=recipient.code, signed=Said(shown(signed))))


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@output_options
def list_(output: Output) -> None:
    """List your agreements, one per line."""
    listed = load_agreements()
    found = {} if listed is None else listed.by_number
    _LIST.print_all({shown(number): agreement for number, agreement in found.items()}, output)
    if listed is None:
        output.talk(output.language.say("agreement.no-list"))
    elif not found:
        output.talk(output.language.say("agreement.empty"))


@command.command("show", cls=Command, epilog=SHOW_EXAMPLES)
@click.argument("number", cls=Argument, type=agreement_value, completes=offers.AGREEMENT)
@output_options
def show(number: str, output: Output) -> None:
    """Print all that your list says of the agreement NUMBER."""
    _LIST.print_one(shown(number), find_agreement(number), output)


@command.command("remove", cls=Command, epilog=REMOVE_EXAMPLES)
@click.argument("number", cls=Argument, type=agreement_value, completes=offers.AGREEMENT)
@output_options
def remove(number: str, output: Output) -> None:
    """Take the agreement NUMBER off your list."""
    _LIST.print_removed(shown(number), remove_agreement(number), output)


def _shown(agreement: Agreement) -> AgreementShown:
    starts, ends, review = (
        None if day is None else str(day) for day in (agreement.starts, agreement.ends, agreement.review)
    )
    return AgreementShown(
        number=agreement.number,
        parties=agreement.parties,
        signed=str(agreement.signed),
        starts=starts,
        ends=ends,
        review=review,
        purposes=tuple(map(code_text, agreement.purposes)),
        onward=agreement.onward,
        defence=agreement.defence,
        conditions=tuple(map(code_text, agreement.conditions)),
        coordination=agreement.coordination,
        breach_notice_hours=agreement.breach_notice_hours,
        at_end=agreement.at_end,
        document=agreement.document,
    )


def _as_line(language: Language, agreement: Agreement) -> str:
    purposes = ", ".join(map(code_text, agreement.purposes)) or language.say("agreement.for-nothing")
    return f"{', '.join(agreement.parties)}; {purposes}; {_days(language, agreement)}"


def _days(language: Language, agreement: Agreement) -> str:
    today, first = datetime.now(UTC).date(), str(agreement.first_day)
    if agreement.ends is None:
        says = language.say("agreement.without-end", first=first)
    else:
        says = language.say("agreement.ends", first=first, ends=str(agreement.ends))
    if agreement.is_in_force(today):
        return says
    return language.say("agreement.ended" if agreement.has_ended(today) else "agreement.not-yet", days=says)


def _rows(language: Language, agreement: Agreement) -> Iterator[tuple[str, str]]:
    said, none = _shown(agreement), language.say("user-list.none")
    hours = said.breach_notice_hours
    rows = (
        ("parties", ", ".join(said.parties)),
        ("signed", said.signed),
        ("in-force", _days(language, agreement)),
        ("review", said.review),
        ("purposes", ", ".join(map(shown, said.purposes)) or none),
        ("onward", said.onward and said.onward.value),
        ("defence", said.defence and said.defence.value),
        ("conditions", ", ".join(map(shown, said.conditions)) or None),
        ("coordination", said.coordination and said.coordination.value),
        ("breach-notice", None if hours is None else language.say("agreement.hours", count=hours)),
        ("at-end", said.at_end and said.at_end.value),
        ("document", said.document),
    )
    return ((label, language.say("user-list.not-stated") if text is None else text) for label, text in rows)


_LIST = UserList(
    "agreement",
    _as_line,
    _rows,
    lambda agreements: AgreementsDocument(agreements=tuple(map(_shown, agreements))),
)
