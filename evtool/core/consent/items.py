"""What a copy tells of the terms of an item: they are stated, were never stated, or withheld.

Three things that must not be taken for each other, so they are three types. Anyone who needs the terms that count asks
`terms_that_count`: what is withheld counts as the strictest of everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from msgspec import Struct

from evtool.core.consent.state import ConsentChange, combine_terms, fold_terms
from evtool.core.errors import FormatError
from evtool.core.manifest.manifest import Item
from evtool.core.terms.terms import PERMITTING, STRICTEST, ConsentTerms
from evtool.core.values import replace


class TermsStated(Struct, frozen=True):
    """The terms are known. A list in them that is empty is stated as well, and allows nothing."""

    terms: ConsentTerms


class TermsNeverStated(Struct, frozen=True):
    """The item is disclosed, and says of itself that no terms were sealed with it."""


class TermsWithheld(Struct, frozen=True):
    """Nobody can know from this copy: it withholds the item, or its record cannot be relied on.

    Attributes:
        terms: the strictest of everything, with what changes that are disclosed made of it.
    """

    terms: ConsentTerms = STRICTEST


ItemTerms = TermsStated | TermsNeverStated | TermsWithheld
"""What is known about the terms of an item."""


def sealed_terms(item: Item) -> ItemTerms:
    """Tell what is known about the terms that were sealed with an item of which this copy says anything.

    Each such item lists its statements, and a reader refuses one whose terms are not disclosed.
    """
    return TermsNeverStated() if item.consent is None else TermsStated(item.consent.terms)


def terms_in_force(sealed: ItemTerms, sealed_by: int, changes: Iterable[ConsentChange]) -> ItemTerms:
    """Put together what is in force for an item that all of these changes concern.

    `sealed_by` is the number of the entry that seals the item; the changes are in the order of their entries.
    """
    before = None if isinstance(sealed, TermsNeverStated) else sealed.terms
    terms = fold_terms(sealed_by, before, tuple(changes))
    if isinstance(sealed, TermsWithheld):
        return TermsWithheld(terms or STRICTEST)
    return TermsStated(terms) if terms is not None else TermsNeverStated()


def terms_that_count(known: ItemTerms) -> ConsentTerms:
    """Give the terms to decide over and to show; a term that is not in them counts as its strictest value."""
    return ConsentTerms() if isinstance(known, TermsNeverStated) else known.terms


class ItemConsent(Struct, frozen=True):
    """Consent of one item.

    Attributes:
        item: its number.
        sealed_by: number of the entry that seals it.
        sealed: the terms sealed with it.
        in_force: the terms in force.
        changes: the entries that changed them, oldest first.
    """

    item: int
    sealed_by: int
    sealed: ItemTerms
    in_force: ItemTerms
    changes: tuple[ConsentChange, ...]

    @property
    def permits(self) -> bool:
        """Whether the status lets anything be done at all; nobody knows that of terms that may be withheld."""
        return isinstance(self.in_force, TermsStated) and self.in_force.terms.status in PERMITTING


def consent_of(item: int, sealed: ItemTerms, sealed_by: int, changes: Iterable[ConsentChange]) -> ItemConsent:
    """Work out the consent of one item; `changes` are those of the whole chain, oldest first."""
    concerned = tuple(change for change in changes if change.concerns(item, sealed_by))
    return ItemConsent(item, sealed_by, sealed, terms_in_force(sealed, sealed_by, concerned), concerned)


def strictest_of(known: Sequence[ItemTerms]) -> ItemTerms:
    """Put together what several branches of one record say is in force for an item; there is at least one of them.

    What one branch does not know, nobody knows; and a term that one of them does not state counts as not stated.
    """
    if len(set(known)) == 1:
        return known[0]
    if any(isinstance(each, TermsWithheld) for each in known):
        return TermsWithheld()
    branches = [terms_that_count(each) for each in known]
    try:
        together = reduce(combine_terms, branches)
    except FormatError:
        # More is in force together than a reader accepts: nothing is known then.
        return TermsWithheld()
    unstated = {name: None for name in _NOTHING_WITHOUT if any(getattr(each, name) is None for each in branches)}
    together = replace(together, **unstated)
    return TermsStated(together) if together.stated else TermsNeverStated()


_NOTHING_WITHOUT = ("handling", "status", "purposes", "identity", "onward", "defence")
"""Terms that permit less where they are not stated than with any value."""
