"""Consent terms as people type them: in a table, a file of defaults or an option.

Stricter than reading a statement: a code that is not known is refused as a slip of the pen unless it begins with `x-`,
and terms that make no sense together are named.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evtool.core.errors import FormatError
from evtool.core.terms.terms import (
    PERMITTING,
    TERMS,
    TERMS_BY_NAME,
    ConsentTerms,
    Handling,
    Status,
    Term,
    TermShape,
    check_text,
    code_text,
    is_region,
    parse_day,
)
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import shown
from evtool.core.text.times import plain_date

NOBODY = "none"
"""What a person types for a list that is stated and empty."""

_AS = {"for": "as a purpose", "by": "as the one who gave consent"}
"""Terms whose names do not read as nouns, as a sentence has them."""

_TYPOGRAPHIC = "\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb\u2013\u2014\uff0c\uff1b\u3001\u00a0"
"""Quotation marks, dashes, commas and blanks that look like those of ASCII."""

_SEPARATORS = compiled_when_used(r"[\s,;]+")
_SLIP = compiled_when_used(r"[a-z0-9][a-z0-9:_-]{0,39}\Z")
_OWN = compiled_when_used(r"x-[a-z0-9][a-z0-9._-]{0,60}\Z")


def accepted(term: Term) -> str:
    """Say in words what a term may be."""
    if term.codes is not None:
        words = ", ".join(str(code.value) for code in term.codes)
        words += ", region:XX" if term.name == "conditions" else ""
        words += ", or a custom code x-..."
        return words + (f"; one or more, or {NOBODY}" if term.shape is TermShape.CODES else "")
    if term.shape is TermShape.RECIPIENTS:
        return f"codes of recipients, or {NOBODY}"
    return "a date like 2026-03-01" if term.shape is TermShape.DATE else f"text of 1 to {term.limit} characters"


def parse_user_term(name: str, text: str) -> Any:
    """Read one term as a person typed it; gives the value that `ConsentTerms` holds.

    Raises:
        FormatError: it is none of the accepted values, which the message lists.
    """
    term = TERMS_BY_NAME[name]
    text = text.strip()
    if term.shape is TermShape.DATE:
        return parse_day(name, plain_date(text))
    if term.shape is TermShape.TEXT:
        checked = check_text(term, text)
        return (checked,) if name == "agreement" else checked
    if term.shape is TermShape.CODE:
        return _code(term, text)
    return _codes(term, [] if text.lower() == NOBODY else [piece for piece in _SEPARATORS.split(text) if piece])


def make_terms(values: Mapping[str, Any]) -> ConsentTerms:
    """Put values from `parse_user_term` together: name of the term -> value."""
    return ConsentTerms(**{TERMS_BY_NAME[name].attribute: value for name, value in values.items()})


def parse_toml_terms(table: Mapping[str, Any], where: str) -> ConsentTerms:
    """Read terms out of a TOML table; `where` names it in errors.

    Raises:
        FormatError: a term is unknown, or not one of its accepted values.
    """
    values: dict[str, Any] = {}
    for name, value in table.items():
        term = TERMS_BY_NAME.get(name)
        if term is None:
            known = ", ".join(TERMS_BY_NAME)
            raise FormatError(
                "{where}: {name} is not a term of consent",
                hint="the terms are: {known}",
                key="terms-unknown",
                where=where,
                name=shown(name, 80),
                known=known,
            )
        try:
            values[name] = _toml_value(term, value)
        except FormatError as error:
            raise FormatError("{where}: {why}", hint="{why.hint}", key="terms-where", where=where, why=error) from None
    return make_terms(values)


def _toml_value(term: Term, value: object) -> Any:
    if term.shape in (TermShape.CODES, TermShape.RECIPIENTS):
        if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
            raise FormatError(
                '{term} is not a list like ["a", "b"]; accepted: {accepted_en}',
                key="term-no-list",
                term=term.name,
                accepted_en=accepted(term),
            )
        return _codes(term, value)
    # A TOML date without quotes is a date already; one with a time of day is not a day.
    text = str(value) if term.shape is TermShape.DATE else value
    if not isinstance(text, str):
        raise FormatError(
            "{term} is not text; accepted: {accepted_en}",
            key="term-no-text",
            term=term.name,
            accepted_en=accepted(term),
        )
    return parse_user_term(term.name, text)


def _code(term: Term, text: str) -> Any:
    try:
        # Spreadsheets begin cells with a capital of their own accord.
        return term.codes(text.lower()) if term.codes else text
    except ValueError:
        own, region = text.lower(), f"region:{text[7:].upper()}"
        if _OWN.match(own):
            return own
        if term.name == "conditions" and text[:7].lower() == "region:" and is_region(region):
            return region
        raise FormatError(
            "{code_en} is not accepted {term_en}",
            hint="{meant_en}accepted: {accepted_en}",
            key="term-code",
            code_en=quote_code(text),
            term_en=_AS.get(term.name, f"for {term.name}"),
            term=term.name,
            meant_en=did_you_mean(text, [str(code.value) for code in term.codes or ()]),
            accepted_en=accepted(term),
            known=", ".join(str(code.value) for code in term.codes or ()),
        ) from None


def quote_code(text: str) -> str:
    """Repeat what somebody typed for a code in a message, unless it could be a name that stands in the wrong place."""
    return text if _SLIP.match(text) else "what is there"


def _codes(term: Term, texts: Iterable[str]) -> tuple[Any, ...]:
    if term.shape is TermShape.RECIPIENTS:
        codes: list[Any] = [_recipient(term, text) for text in texts]
    else:
        codes = [_code(term, text) for text in texts]
    if len(codes) > term.limit:
        raise FormatError(
            "{term} has {count} codes, at most {limit} are accepted",
            key="term-codes",
            term=term.name,
            count=len(codes),
            limit=term.limit,
        )
    return tuple(sorted(set(codes), key=code_text))


def _recipient(term: Term, text: str) -> str:
    try:
        if text != NOBODY:
            return check_code(text)
    except FormatError:
        pass
    # Not repeated: somebody may have put a name where a code belongs. A sign that word processors put in is told.
    sign = next((character for character in text if character in _TYPOGRAPHIC), None)
    why = f": it has the sign {sign} ({unicodedata.name(sign).lower()})" if sign else ""
    raise FormatError(
        "{term} is not accepted{why_en}",
        hint="accepted: {accepted_en}",
        key="term-refused",
        term=term.name,
        why_en=why,
        accepted_en=accepted(term),
    )


def find_contradictions(terms: ConsentTerms, *, whole: bool) -> Iterator[FormatError]:
    """Name what cannot be meant, for the person who typed these terms.

    `whole` tells whether they are all that is stated about an item; a change may leave out what was stated before.
    """
    if terms.handling is Handling.PUBLIC and terms.status is not None and terms.status not in PERMITTING:
        yield FormatError(
            "handling is public, but status is {status}", key="terms-public-status", status=code_text(terms.status)
        )
    if terms.status is Status.NOT_REQUIRED and not terms.basis:
        yield FormatError("status is not-required, but basis does not say why not", key="terms-no-basis")
    if terms.basis is not None and terms.status not in (None, Status.NOT_REQUIRED):
        yield FormatError(
            "basis says why no consent is required, but status is not `not-required`", key="terms-basis-status"
        )
    if terms.starts and terms.until and terms.until <= terms.starts:
        yield FormatError("until is not later than from, so consent would apply on no day", key="terms-no-day")
    if terms.share == () and terms.handling in (Handling.NAMED, Handling.PARTNERS, Handling.PUBLIC):
        yield FormatError("handling allows recipients, but share is {nobody}", key="terms-share-nobody", nobody=NOBODY)
    if len([code for code in terms.conditions or () if is_region(code)]) > 1:
        yield FormatError("conditions name several regions, and nobody could meet all of them", key="terms-regions")
    if whole and terms.handling is Handling.NAMED and terms.share is None:
        yield FormatError("handling is named, but share does not name anyone", key="terms-named-nobody")
    if whole and terms.handling is Handling.PARTNERS and terms.agreement is None:
        yield FormatError("handling is partners, but no agreement is stated", key="terms-no-agreement")


TERM_NAMES = tuple(term.name for term in TERMS)
"""How files and commands spell the terms, in reading order."""
