"""The user's list of agreements: with whom, for what, how long, on which terms.

A file `agreements.toml` beside the list of recipients, which `evtool agreement` edits and a person may. It never
travels. Where there is no such file, agreements are numbers in terms and nothing more; where there is one, every number
has to be in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any

from evtool.core.consent.agreements import Agreement, Agreements, AtEnd, Coordination
from evtool.core.errors import FormatError, UsageError
from evtool.core.terms.input import accepted, parse_user_term
from evtool.core.terms.terms import TERMS_BY_NAME, Permission, check_text, code_text
from evtool.core.text.codes import check_code
from evtool.core.text.digest import sha256_hex
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import shown
from evtool.core.text.toml import TomlTable
from evtool.keys.files import read_any_file
from evtool.keys.home import agreements_file
from evtool.keys.toml_list import TomlList, require_lists

MAX_DOCUMENT = 256 * 1024 * 1024
"""Largest signed document, in bytes."""

MOST_HOURS = 10_000
"""The longest time for a notice of a breach, in hours."""

_DOCUMENT = compiled_when_used(r"sha256:[0-9a-f]{64}\Z")
_FEWEST_PARTIES = 2


def load_agreements(home: Path | None = None) -> Agreements | None:
    """Read the user's own list of agreements; None if the user keeps none.

    A list that cannot be read, or that others can change, is an error and never taken for none.

    Raises:
        InputError: the file cannot be read.
        KeyFileError: others can change it.
        FormatError: it is not in the format.
    """
    found = AGREEMENTS.load(home=home)
    return None if found is None else Agreements(found)


def find_agreement(number: str, home: Path | None = None) -> Agreement:
    """Give one agreement of the user's list.

    Raises:
        UsageError: the list does not have it.
        InputError, KeyFileError, FormatError: as `load_agreements`.
    """
    listed = load_agreements(home)
    by_number = {} if listed is None else listed.by_number
    if number not in by_number:
        meant = did_you_mean(number, by_number)
        raise UsageError(
            "{number} is not in your list of agreements",
            hint="{meant_en}`evtool agreement list` prints those that are; `evtool agreement add` adds one",
            key="agreement-unlisted",
            number=shown(number, 80),
            meant_en=meant,
        )
    return by_number[number]


def add_agreement(agreement: Agreement, home: Path | None = None) -> Agreement:
    """Put an agreement that the user's list does not have yet at the end of the file.

    Raises:
        UsageError: the list has it already.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format, or the agreement makes no sense.
    """

    def change(found: Agreement | None) -> Agreement:
        if found is not None:
            raise UsageError(
                "{number} is already in your list of agreements",
                hint="`evtool agreement show {number}` prints what it says; `evtool agreement add {number} --change` "
                "changes what you give and keeps the rest",
                key="agreement-there",
                number=shown(agreement.number, 80),
            )
        return _checked(agreement)

    return AGREEMENTS.edit(agreement.number, change, home)


def change_agreement(number: str, change: Callable[[Agreement], Agreement], home: Path | None = None) -> Agreement:
    """Change what the user's list says of an agreement, and give what it says now.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, others can change it, or the lines about it hold comments.
        FormatError: the file is not in the format, or the agreement would make no sense.
    """
    return AGREEMENTS.edit(number, lambda found: _checked(change(found or find_agreement(number, home))), home)


def remove_agreement(number: str, home: Path | None = None) -> Agreement:
    """Take an agreement off the user's list, and give what the list said; its number refuses every item from then on.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format.
    """
    agreement = find_agreement(number, home)
    AGREEMENTS.remove(number, home)
    return agreement


def digest_document(path: Path) -> str:
    """Give the digest of a signed document, as the list has it.

    Raises:
        InputError: the document cannot be read.
    """
    return f"sha256:{sha256_hex(read_any_file(path, MAX_DOCUMENT))}"


def _read(number: str, table: TomlTable) -> Agreement:
    check_text(TERMS_BY_NAME["agreement"], number)
    fields = {"parties": "codes of recipients or organisations", "purposes": accepted(TERMS_BY_NAME["for"])}
    require_lists(f"agreement {shown(number, 80)}", table, fields)
    stated: dict[str, Any] = {name: table.take_enum(name, kind) for name, kind in _CHOICES.items() if name in table}
    stated |= {name: table.take(name, kind) for name, kind in _OTHERS.items() if name in table}
    return _checked(
        Agreement(
            number=number,
            parties=_sorted(map(check_code, table.take_strings("parties"))),
            signed=table.take("signed", date),
            purposes=parse_user_term("for", " ".join(table.take_strings("purposes"))),
            conditions=parse_user_term("conditions", " ".join(_strings(table, "conditions"))),
            **stated,
        )
    )


_CHOICES: dict[str, type[Enum]] = {
    "onward": Permission,
    "defence": Permission,
    "coordination": Coordination,
    "at_end": AtEnd,
}

_OTHERS: dict[str, type] = {"starts": date, "ends": date, "review": date, "breach_notice_hours": int, "document": str}
"""Fields that may be missing -> what they hold."""


def _strings(table: TomlTable, name: str) -> tuple[str, ...]:
    return table.take_strings(name) if name in table else ()


def _sorted(codes: Any) -> tuple[str, ...]:
    return tuple(sorted(set(codes)))


def _checked(agreement: Agreement) -> Agreement:
    """Give an agreement as it is, if what it says makes sense.

    Raises:
        FormatError: it has fewer than two parties, ends before it begins, or a value is not one of its kind.
    """
    number = shown(agreement.number, 80)
    if len(agreement.parties) < _FEWEST_PARTIES:
        raise FormatError(
            "agreement {number} names fewer than two parties",
            hint="name both, by their codes: the recipient or its organisation, and yours",
            key="agreement-parties",
            number=number,
        )
    if agreement.ends is not None and agreement.ends <= agreement.first_day:
        raise FormatError(
            "agreement {number} ends on {ends}, before it begins",
            hint="it is in force from {first} on, and the day on which it ends is the first on which it no longer is",
            key="agreement-days",
            number=number,
            ends=str(agreement.ends),
            first=str(agreement.first_day),
        )
    hours = agreement.breach_notice_hours
    if hours is not None and not 1 <= hours <= MOST_HOURS:
        raise FormatError(
            "agreement {number}: {name} is {hours}, expected 1 to {limit}",
            key="agreement-hours",
            number=number,
            name="breach_notice_hours",
            hours=hours,
            limit=MOST_HOURS,
        )
    if agreement.document is not None and not _DOCUMENT.match(agreement.document):
        raise FormatError(
            "agreement {number}: {name} is not sha256: and 64 hexadecimal digits in lower case",
            key="agreement-document",
            number=number,
            name="document",
        )
    return agreement


def _spell(agreement: Agreement) -> dict[str, Any]:
    choices = {name: getattr(agreement, name) for name in _CHOICES}
    return {
        "parties": list(agreement.parties),
        "signed": agreement.signed,
        "starts": agreement.starts,
        "ends": agreement.ends,
        "review": agreement.review,
        "purposes": list(map(code_text, agreement.purposes)),
        "conditions": list(map(code_text, agreement.conditions)) or None,
        **{name: None if value is None else value.value for name, value in choices.items()},
        "breach_notice_hours": agreement.breach_notice_hours,
        "document": agreement.document,
    }


AGREEMENTS = TomlList("agreement", "the list of agreements", "evtool-agreements/1", agreements_file, _read, _spell)
"""How the list is written."""
