"""Terms as a catalogue stores them: what decides, and no word of what people wrote freely."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from evtool.core.consent.items import ItemTerms, TermsNeverStated, TermsStated, TermsWithheld
from evtool.core.errors import InputError
from evtool.core.terms.terms import ConsentTerms, code_text, parse_terms
from evtool.core.values import replace

BASIS_STATED = "stated"
"""What stands for the text `basis`: that there is one decides, what it says does not."""


class KnownTerms(Enum):
    """What is known about terms; see `evtool.core.consent.items`."""

    STATED = "stated"
    NEVER = "never"
    WITHHELD = "withheld"


class StoredTerms(NamedTuple):
    """Terms as a row holds them.

    Attributes:
        known: a value of `KnownTerms`.
        text: the terms in their one spelling; empty if none is stated.
    """

    known: str
    text: str


@lru_cache(maxsize=4096)
def spell_terms(known: ItemTerms) -> StoredTerms:
    """Give what is stored of terms."""
    if isinstance(known, TermsNeverStated):
        return StoredTerms(KnownTerms.NEVER.value, "")
    kind = KnownTerms.WITHHELD if isinstance(known, TermsWithheld) else KnownTerms.STATED
    return StoredTerms(kind.value, spell_plain_terms(known.terms))


def spell_plain_terms(terms: ConsentTerms) -> str:
    """Spell terms without the texts that people write: a note, the number of a form, why no consent is required."""
    plain = replace(terms, note=None, ref=None, basis=BASIS_STATED if terms.basis else None)
    return plain.serialize() if plain.stated else ""


@lru_cache(maxsize=4096)
def read_plain_terms(text: str) -> ConsentTerms:
    """Read what `spell_plain_terms` wrote.

    Raises:
        FormatError: it is not in that form.
    """
    return parse_terms(text) if text else ConsentTerms()


def read_terms(known: str, text: str) -> ItemTerms:
    """Read what `spell_terms` wrote.

    Raises:
        InputError, FormatError: it is not in that form.
    """
    if known == KnownTerms.NEVER.value:
        return TermsNeverStated()
    if known == KnownTerms.STATED.value:
        return TermsStated(read_plain_terms(text))
    if known == KnownTerms.WITHHELD.value:
        return TermsWithheld(read_plain_terms(text))
    raise InputError("the catalogue holds terms of an unknown kind", key="catalogue-terms")


def codes_in(terms: ConsentTerms) -> list[tuple[str, str]]:
    """Give the name and the code of each term that has several, for a search by code."""
    lists: tuple[tuple[str, tuple[Enum | str, ...] | None], ...] = (
        ("for", terms.purposes),
        ("share", terms.share),
        ("conditions", terms.conditions),
        ("agreement", terms.agreement),
    )
    return [(name, code_text(code)) for name, codes in lists for code in codes or ()]
