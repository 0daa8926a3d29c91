"""Consent and handling terms: the vocabulary, and its one spelling in statements and entries.

Terms say what may be done with an item. A term that is not stated counts as its strictest value (`STRICTEST`); a code
that this version does not know is kept as text, shown, and prevents any disclosure
(`evtool.core.consent.decision`). What people type is read elsewhere (`evtool.core.terms.input`), and more strictly:
here a statement is read as its signer wrote it, even if its terms make no sense together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Any

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.canonical import parse_canonical, serialize_canonical
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown


class Handling(Enum):
    """How far an item may go; strictest first."""

    CLOSED = "closed"
    """To nobody."""
    NAMED = "named"
    """To the recipients that `share` lists."""
    PARTNERS = "partners"
    """To those who signed the agreement, unless `share` lists who of them."""
    PUBLIC = "public"
    """To everybody, unless `share` lists to whom."""


class Status(Enum):
    """Where consent stands. Only the first two permit anything."""

    GIVEN = "given"
    NOT_REQUIRED = "not-required"
    """For a stated reason (`basis`): open source, imagery, a public judgment."""
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """By the person."""
    REVOKED = "revoked"
    """By somebody else who is entitled to."""


PERMITTING = frozenset({Status.GIVEN, Status.NOT_REQUIRED})
"""The states of consent under which anything is allowed at all."""


class Giver(Enum):
    """Who gave, or refused, consent."""

    SUBJECT = "subject"
    GUARDIAN = "guardian"
    REPRESENTATIVE = "representative"
    SOURCE_ORGANISATION = "source-org"


class Purpose(Enum):
    """What an item may be used for."""

    ACCOUNTABILITY_INTERNATIONAL = "accountability-intl"
    ACCOUNTABILITY_NATIONAL = "accountability-national"
    UN_REPORTING = "un-reporting"
    TRUTH_MEMORY = "truth-memory"
    MISSING_PERSONS = "missing-persons"
    SANCTIONS = "sanctions"
    RESEARCH = "research"
    ADVOCACY = "advocacy"


class Identity(Enum):
    """To whom the person may be known; strictest first."""

    WITHHELD = "withheld"
    """To nobody: what is handed over must not identify the person."""
    TO_COURT = "to-court"
    """To a recipient that is a court, and to no other."""
    TO_RECIPIENT = "to-recipient"
    """To whoever receives the item, but not to the public."""
    PUBLIC = "public"


class Permission(Enum):
    """Whether something may be done; strictest first."""

    NO = "no"
    ASK = "ask"
    """Only after asking again."""
    YES = "yes"


class Condition(Enum):
    """What must be kept to; `region:XX` and an organisation's own `x-...` codes stand beside these."""

    REDACT_IDENTITY = "redact-identity"
    REDACT_LOCATION = "redact-location"
    CLOSED_SESSION = "closed-session"
    NOTIFY_BEFORE_USE = "notify-before-use"
    NO_STATE_AUTHORITY = "no-state-authority"
    NO_DEATH_PENALTY = "no-death-penalty"


class TermShape(Enum):
    """What the value of a term is in a file."""

    CODE = "one code"
    CODES = "codes"
    RECIPIENTS = "codes of recipients"
    DATE = "a date"
    TEXT = "text"


class Term(Struct, frozen=True):
    """One term of the vocabulary.

    Attributes:
        name: how files and commands spell it.
        attribute: its field in `ConsentTerms`.
        shape: what its value is.
        codes: the codes that this version knows.
        limit: characters of a text, entries of a list.
        meaning: a short phrase for people.
    """

    name: str
    attribute: str
    shape: TermShape
    meaning: str
    codes: type[Enum] | None = None
    limit: int = 64


TERMS: tuple[Term, ...] = (
    Term("handling", "handling", TermShape.CODE, "who may get it", Handling),
    Term("status", "status", TermShape.CODE, "where consent stands", Status),
    Term("by", "by", TermShape.CODE, "who gave or refused it", Giver),
    Term("for", "purposes", TermShape.CODES, "for which purposes", Purpose),
    Term("share", "share", TermShape.RECIPIENTS, "which recipients; if stated, no others", limit=256),
    Term("identity", "identity", TermShape.CODE, "who may learn who the person is", Identity),
    Term("onward", "onward", TermShape.CODE, "whether a recipient may pass it on", Permission),
    Term("defence", "defence", TermShape.CODE, "whether it may be disclosed to an accused", Permission),
    Term("conditions", "conditions", TermShape.CODES, "what must be done or avoided", Condition),
    Term("from", "starts", TermShape.DATE, "first day on which consent applies"),
    Term("until", "until", TermShape.DATE, "first day on which consent no longer applies"),
    Term("review", "review", TermShape.DATE, "day on which to ask again"),
    Term(
        "agreement",
        "agreement",
        TermShape.TEXT,
        "number of the data-sharing agreement that a recipient must have signed",
    ),
    Term("ref", "ref", TermShape.TEXT, "opaque number of the consent form"),
    Term("basis", "basis", TermShape.TEXT, "why no consent is required", limit=200),
    Term("note", "note", TermShape.TEXT, "free text that must not identify anyone", limit=400),
)
"""Every term, in the order in which people read them."""

MAX_AGREEMENTS = 64
"""Agreements that one statement can hold: one of its own, and those of the directories that the item lies in."""

TERMS_BY_NAME = {term.name: term for term in TERMS}
"""Spelling in files -> term."""


class ConsentTerms(Struct, frozen=True):
    """The terms that somebody stated about an item; None is not stated, which is not the same as an empty list.

    Attributes:
        handling: how far it may go.
        status: where consent stands.
        by: who gave it.
        purposes: what for (`for` in files); codes sorted, none twice. Empty: for nothing.
        share: codes of the recipients, sorted, none twice. Empty: nobody.
        identity: to whom the person may be known.
        onward: whether a recipient may pass it on.
        defence: whether it may be disclosed to an accused.
        conditions: what must be kept to; codes sorted, none twice.
        starts: first day on which the consent holds (`from` in files).
        until: first day on which it no longer applies.
        review: day on which the person should be asked again.
        agreement: numbers of data-sharing agreements, sorted, none twice; the recipient has to have signed each.
        ref: opaque number of the consent form.
        basis: why no consent is required.
        note: free text.
    """

    handling: Handling | str | None = None
    status: Status | str | None = None
    by: Giver | str | None = None
    purposes: tuple[Purpose | str, ...] | None = None
    share: tuple[str, ...] | None = None
    identity: Identity | str | None = None
    onward: Permission | str | None = None
    defence: Permission | str | None = None
    conditions: tuple[Condition | str, ...] | None = None
    starts: date | None = None
    until: date | None = None
    review: date | None = None
    agreement: tuple[str, ...] | None = None
    ref: str | None = None
    basis: str | None = None
    note: str | None = None

    @property
    def stated(self) -> dict[str, Any]:
        """Names of the terms that are stated -> their values as files spell them, in reading order."""
        values = ((term, getattr(self, term.attribute)) for term in TERMS)
        return {term.name: _spell(term, value) for term, value in values if value is not None}

    def serialize(self) -> str:
        """Write the stated terms as one canonical JSON object, as an entry `consent-changed` holds them."""
        return serialize_canonical(self.document()).decode("utf-8")

    def document(self) -> dict[str, Any]:
        """Give the two fields of a consent statement, to be put in canonical order with its others."""
        consent = self.stated
        handling = consent.pop("handling", None)
        return {"consent": consent} if handling is None else {"consent": consent, "handling": handling}


STRICTEST = ConsentTerms(
    handling=Handling.CLOSED,
    status=Status.UNKNOWN,
    purposes=(),
    share=(),
    identity=Identity.WITHHELD,
    onward=Permission.NO,
    defence=Permission.NO,
)
"""What counts for an item of which nothing is stated."""

_CODE = compiled_when_used(r"[a-z0-9][a-z0-9:._-]{0,63}\Z", re.IGNORECASE | re.ASCII)
_CONTROL = compiled_when_used("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_REGION = compiled_when_used(r"region:[A-Z]{2}\Z", re.ASCII)
_DAY = compiled_when_used(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_TWO_READINGS = compiled_when_used(r"[0-9]{1,2}[-/.] ?[0-9]{1,2}[-/.] ?[0-9]{4}\.?\Z")


def is_region(code: Condition | str) -> bool:
    """Tell whether a condition is `region:` and two letters of ISO 3166-1."""
    return isinstance(code, str) and bool(_REGION.match(code))


def code_text(code: Enum | str) -> str:
    """Spell a code, known or not."""
    return code if isinstance(code, str) else str(code.value)


def unknown_codes(terms: ConsentTerms) -> dict[str, tuple[str, ...]]:
    """Find the codes that this version does not know: name of the term -> codes."""
    found: dict[str, tuple[str, ...]] = {}
    for term in TERMS:
        value = getattr(terms, term.attribute)
        if term.codes is None or value is None:
            continue
        codes = value if isinstance(value, tuple) else (value,)
        strange = tuple(code for code in codes if isinstance(code, str) and not is_region(code))
        if strange:
            found[term.name] = strange
    return found


def _spell(term: Term, value: Any) -> Any:
    if term.name == "agreement":
        return value[0] if len(value) == 1 else list(value)
    if isinstance(value, tuple):
        return [code_text(code) for code in value]
    return value.isoformat() if isinstance(value, date) else value if isinstance(value, str) else value.value


def parse_terms(text: str) -> ConsentTerms:
    """Read the terms of an entry `consent-changed`.

    Raises:
        FormatError: it is not a JSON object in its canonical spelling, or not in the form of terms.
    """
    return terms_of(parse_canonical(text.encode("utf-8", "surrogatepass")))


def terms_of(document: Mapping[str, Any]) -> ConsentTerms:
    """Turn the fields `consent` and `handling` of a statement or an entry into terms.

    Raises:
        FormatError: nothing is stated, a term is unknown, or a value is not of its shape.
    """
    consent = document.get("consent")
    if not set(document) <= {"consent", "handling"} or not isinstance(consent, dict) or "handling" in consent:
        raise FormatError("consent terms must be an object of terms, with the handling beside it")
    values = {**consent, **{name: value for name, value in document.items() if name == "handling"}}
    if not values:
        raise FormatError("a statement of consent must state at least one term")
    fields: dict[str, Any] = {}
    for name, value in values.items():
        term = TERMS_BY_NAME.get(name)
        if term is None:
            raise FormatError(
                f"consent term {shown(name, 80)} is unknown", hint="a newer version of evtool may be able to read it"
            )
        fields[term.attribute] = _parse(term, value)
    return ConsentTerms(**fields)


@lru_cache(maxsize=4096)
def parse_terms_cached(text: str) -> ConsentTerms:
    """As `parse_terms`, remembering: the items of a collection mostly share a few sets of terms."""
    return parse_terms(text)


def _parse(term: Term, value: object) -> Any:
    if term.shape in (TermShape.CODES, TermShape.RECIPIENTS):
        return _parse_list(term, value)
    if term.name == "agreement":
        return _parse_agreements(term, value)
    if not isinstance(value, str):
        raise FormatError(f"consent term {term.name} is not text")
    if term.shape is TermShape.CODE:
        return _parse_code(term, value)
    if term.shape is TermShape.DATE:
        return parse_day(term.name, value)
    return check_text(term, value)


def _parse_agreements(term: Term, value: object) -> tuple[str, ...]:
    """Read one agreement as text, several as a list: each number of them has one spelling."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise FormatError(f"consent term {term.name} is neither text nor a list of texts")
    if isinstance(value, list) and not 2 <= len(texts) <= MAX_AGREEMENTS:
        raise FormatError(f"consent term {term.name} is a list of {len(texts)} texts, expected 2 to {MAX_AGREEMENTS}")
    if texts != sorted(set(texts)):
        raise FormatError(f"consent term {term.name} is not sorted, or repeats a value")
    return tuple(check_text(term, text) for text in texts)


def _parse_list(term: Term, value: object) -> tuple[Any, ...]:
    if not isinstance(value, list) or not all(isinstance(code, str) for code in value):
        raise FormatError(f"consent term {term.name} is not a list of codes")
    if value != sorted(set(value)) or len(value) > term.limit:
        raise FormatError(
            f"consent term {term.name} is not sorted, repeats a code, or has more than {term.limit} codes"
        )
    if term.shape is TermShape.RECIPIENTS:
        return tuple(check_code(code) for code in value)
    return tuple(_parse_code(term, code) for code in value)


def _parse_code(term: Term, text: str) -> Enum | str:
    if not _CODE.match(text):
        raise FormatError(f"consent term {term.name}: {shown(text, 80)} is not a code")
    try:
        return term.codes(text) if term.codes else text
    except ValueError:
        return text


def parse_day(name: str, text: str) -> date:
    """Read a date, YYYY-MM-DD and nothing else.

    Raises:
        FormatError: it is none; `name` is the term or field that it was given for.
    """
    try:
        if not _DAY.match(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        why = "could be two days" if _TWO_READINGS.match(text) else "is not a date"
        raise FormatError(f"{name}: {shown(text, 40)} {why}, expected one like 2026-03-01") from None


def check_text(term: Term, text: str) -> str:
    """Return a text as it is.

    Raises:
        FormatError: it is empty, too long, or holds control characters.
    """
    if not 1 <= len(text) <= term.limit:
        raise FormatError(f"{term.name} has {len(text)} characters, expected 1 to {term.limit}")
    if _CONTROL.search(text):
        raise FormatError(f"{term.name} holds a control character, or is not UTF-8")
    return text
