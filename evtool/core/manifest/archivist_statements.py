"""What an archivist states of one item when it is sealed: context and consent, ready to become lines of a manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct

from evtool.core.manifest.manifest import Item
from evtool.core.manifest.statement import ConsentStatement, ContextStatement
from evtool.core.terms.terms import ConsentTerms


class LineWriter(NamedTuple):
    """One line of a manifest to be written.

    Attributes:
        kind: kind of the statement.
        write: gives the line, for the number of the item and a salt.
    """

    kind: str
    write: Callable[[int, str], bytes]


class ArchivistStatements(Struct, frozen=True):
    """Context and consent of one item.

    Attributes:
        context: field and value, sorted by field, no field twice.
        terms: the terms, or None if none are stated.
    """

    context: tuple[tuple[str, str], ...] = ()
    terms: ConsentTerms | None = None

    @property
    def lines(self) -> tuple[LineWriter, ...]:
        """The lines to be written, in the order of a manifest."""
        context = [_context_line(field, value) for field, value in self.context]
        return (*context, _consent_line(self.terms)) if self.terms and self.terms.stated else tuple(context)

    def is_said_by(self, item: Item) -> bool:
        """Tell whether a sealed item states the same already."""
        context = tuple((statement.field, statement.value) for statement in item.context)
        return context == self.context and (item.consent.terms if item.consent else None) == self.terms


def make_context(values: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Put fields in the order of a manifest."""
    return tuple(sorted(values.items()))


def _context_line(field: str, value: str) -> LineWriter:
    return LineWriter("context", lambda item, salt: ContextStatement(item, salt, field, value).serialize())


def _consent_line(terms: ConsentTerms) -> LineWriter:
    return LineWriter("consent", lambda item, salt: ConsentStatement(item, salt, terms).serialize())
