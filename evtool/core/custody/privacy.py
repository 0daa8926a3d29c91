"""Keeping names out of what is written: custody entries travel further than the evidence.

A text is refused, never changed, and the message does not repeat what was found: it may end up in a log.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from evtool.core.custody.event_tables import check_details
from evtool.core.custody.events import MAX_TEXT, Details, Renamed
from evtool.core.errors import FormatError, RefusedError, UsageError, Way
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import names_of

_EMAIL = compiled_when_used(r"[^\s@<>,;:()\"']{1,64}@[^\s@<>,;:()\"']{1,255}\.[^\s@<>,;:()\"'.]{2,}")
_WORD = compiled_when_used(r"[\w.-]+")

COMMON_NAMES = frozenset({"root", "user", "admin", "administrator", "localhost", "guest", "ubuntu", "debian", "test"})
"""User and host names that tell nothing and are ordinary words."""


def matching_form(text: str) -> str:
    """Give the form in which terms are looked for: composed, case folded, without spaces and invisible characters."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    visible = (c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn", "Me"))
    return unicodedata.normalize("NFC", "".join(visible))


class TextPolicy(Struct, frozen=True):
    """What must not occur in a text.

    Attributes:
        denied: terms in their matching form.
        local_names: names of this computer and of its user, in lower case.
    """

    denied: frozenset[str] = frozenset()
    local_names: frozenset[str] = frozenset()

    def objection(self, text: str) -> RefusedError | None:
        """Give the error that says what is wrong with a text, without repeating it; None if nothing is."""
        if _EMAIL.search(text):
            return RefusedError("contains what looks like an e-mail address", key="holds-address")
        words = {word.lower() for word in _WORD.findall(text)}
        if words & self.local_names:
            return RefusedError("contains the name of this computer or of its user", key="holds-user")
        if self.holds_denied_term(text):
            return denied_term()
        return None

    def holds_denied_term(self, text: str) -> bool:
        """Tell whether a denied term occurs, in any Unicode form, case and spacing."""
        if not self.denied:
            return False
        form = matching_form(text)
        return any(term in form for term in self.denied)


def denied_term() -> RefusedError:
    """Give the error that says that there is a denied term in a text."""
    return RefusedError("contains a term from the list of denied terms", key="holds-denied-term")


def make_policy(denied_terms: Iterable[str], local_names: Iterable[str]) -> TextPolicy:
    """Prepare a policy from terms and names as a person or the system spells them."""
    denied = frozenset(form for term in denied_terms if (form := matching_form(term)))
    local = frozenset(name.lower() for name in local_names if len(name) > 2) - COMMON_NAMES
    return TextPolicy(denied, local)


def parse_denied_terms(data: bytes) -> list[str]:
    """Read a list of denied terms: UTF-8, one per line, with or without BOM; `#` begins a comment line.

    Raises:
        FormatError: it is not UTF-8. Nothing is written on the ground of a list that was only half understood.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("the list of denied terms is not UTF-8", key="deny-not-utf8") from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


_SURROGATE = compiled_when_used("[\ud800-\udfff]")
"""Stands for a byte of an argument that is not UTF-8."""


def check_entry_text(details: Details, reason: str, policy: TextPolicy) -> None:
    """Check every text that an entry would hold, before anything is read or written for it.

    Raises:
        RefusedError: one of them names somebody; it says which field, and not what was found.
        UsageError: one of them is empty, or too long for an entry.
    """
    check_text("reason", reason, policy)
    try:
        check_details(details)
    except FormatError as error:
        raise UsageError("{why}; nothing was written", hint="{why.hint}", key="nothing-written", why=error) from None
    if not 1 <= len(reason) <= MAX_TEXT:
        raise UsageError(
            "reason has {count} characters, expected 1 to {limit}; nothing was written",
            key="reason-length",
            count=len(reason),
            limit=MAX_TEXT,
        )
    if isinstance(details, Renamed):
        check_names(details.paths, policy)
        return
    for name in names_of(details):
        value = getattr(details, name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                check_text(name, text, policy)


def check_names(paths: Iterable[str], policy: TextPolicy) -> None:
    """Check names of files that are about to be written: they stand there as they are, but for denied terms.

    Raises:
        RefusedError: one of them holds a denied term; the message does not repeat it.
    """
    if any(map(policy.holds_denied_term, paths)):
        raise RefusedError(
            "a new name contains a term from the list of denied terms; nothing was written",
            hint="the entry would repeat this name: give the file another one, or leave the list of terms out",
            key="new-name-denied",
            ways=(Way.DENY_TERMS,),
        )


def check_text(name: str, text: str, policy: TextPolicy) -> None:
    """Check one text that is about to be written.

    Raises:
        RefusedError: it names somebody.
        UsageError: it is no text in any encoding that was understood, so it cannot be written.
    """
    if _SURROGATE.search(text):
        raise UsageError(
            "{name} is not UTF-8, so it cannot be written",
            hint="type it again, or read it from a file",
            key="text-not-utf8",
            name=name,
        )
    objection = policy.objection(text)
    if objection:
        raise RefusedError(
            "{name} {why}; nothing was written",
            hint="entries travel with every copy: use a code, and keep names in your own register",
            key="text-objection",
            name=name,
            why=objection,
        )
