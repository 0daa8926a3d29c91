"""Reading and writing the tables of events: field by field, as their types in `events` say."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any, get_type_hints

from evtool.core.custody.events import (
    DETAILS,
    MAX_TEXT,
    Confirmations,
    Details,
    Digest,
    Event,
    Fingerprint,
    Fixity,
    PartyCode,
    StoredPaths,
    TermsText,
)
from evtool.core.errors import FormatError
from evtool.core.manifest.statement import OmissionReason
from evtool.core.text.codes import check_code, check_fingerprint
from evtool.core.text.digest import check_hex_digest
from evtool.core.text.limits import MAX_INTEGER
from evtool.core.text.ranges import ItemRanges, parse_ranges
from evtool.core.text.toml import TomlTable
from evtool.core.values import defaults_of, names_of

_MAX_TERMS = 16 * 1024
"""Characters of consent terms: longer than any text, as they may list many recipients."""


def details_table(details: Details | Fixity) -> dict[str, Any]:
    """Write the fields of a table as TOML values; fields that are None are left out."""
    table: dict[str, Any] = {}
    for name in names_of(details):
        value = getattr(details, name)
        if value is None:
            continue
        if isinstance(value, ItemRanges):
            value = value.serialize()
        elif isinstance(value, Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = [part.value if isinstance(part, Enum) else part for part in value]
        table[name] = value
    return table


def parse_details(event: Event, table: TomlTable) -> Details:
    """Read the table of an event.

    Raises:
        FormatError: a field is missing, unknown, or of the wrong type or shape.
    """
    details: Details = _parse_into(DETAILS[event], table)
    return details


def check_details(details: Details) -> None:
    """Make sure that a table can be read again as it would be written: its constructor takes texts of any length.

    Raises:
        FormatError: a field is not what a reader accepts.
    """
    if parse_details(details.event, TomlTable(details_table(details), details.event.value)) != details:
        raise FormatError(
            "the table {event} reads differently from what it says",
            key="table-reads-differently",
            event=details.event.value,
        )


def parse_fixity(table: TomlTable) -> Fixity:
    """Read a fixity result."""
    fixity: Fixity = _parse_into(Fixity, table)
    return fixity


@cache
def _hints_of(kind: type[Any]) -> dict[str, Any]:
    """Give the types of a table's fields; working them out takes longer than reading an entry."""
    return get_type_hints(kind)


def _parse_into(kind: type[Any], table: TomlTable) -> Any:
    hints = _hints_of(kind)  # type: ignore[arg-type]  # a type hashes by identity
    defaults = defaults_of(kind)
    values = {
        name: defaults[name] if name in defaults and name not in table else _take(table, name, hints[name])
        for name in names_of(kind)
    }
    table.finish()
    return kind(**values)


def _take(table: TomlTable, name: str, hint: Any) -> Any:
    """Take one field by the type that is declared for it."""
    if hint is int:
        number = table.take(name, int)
        if not 0 <= number <= MAX_INTEGER:
            raise FormatError(
                "{field} is not a number from 0 to {limit}", key="field-number", field=name, limit=MAX_INTEGER
            )
        return number
    if hint == ItemRanges | None:
        return parse_ranges(table.take_strings(name))
    if hint == Confirmations | None:
        return Confirmations(table.take_strings(name))
    if hint == StoredPaths:
        return StoredPaths(table.take_strings(name))
    if hint == bool | None:
        return table.take(name, bool)
    if hint == tuple[str, ...]:
        return table.take_strings(name)
    if hint == tuple[OmissionReason, ...]:
        return _reasons(table.take_strings(name))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return table.take_enum(name, hint)
    text = table.take(name, str)
    if hint in (Digest, Digest | None):
        return check_hex_digest(text, name)
    if hint in (PartyCode, PartyCode | None):
        return check_code(text)
    if hint == Fingerprint:
        return check_fingerprint(text, name)
    limit = _MAX_TERMS if hint is TermsText else MAX_TEXT
    if not 1 <= len(text) <= limit:
        raise FormatError(
            "{field} has {count} characters, expected 1 to {limit}",
            key="field-length",
            field=name,
            count=len(text),
            limit=limit,
        )
    return text


def _reasons(texts: tuple[str, ...]) -> tuple[OmissionReason, ...]:
    try:
        return tuple(OmissionReason(text) for text in texts)
    except ValueError:
        raise FormatError("sealed.allowed holds an unknown reason", key="sealed-allowed") from None
