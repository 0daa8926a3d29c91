"""The register of people: which person stands behind a code. It exists so that a court can find them, and nobody else.

It never travels with evidence. Here is its format, read after decryption, and the search for anything of it where it
must not be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from evtool.core.custody.privacy import matching_form
from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown, store_name
from evtool.core.text.toml import TomlTable, parse_toml

FORMAT = "evtool-register/1"

MAX_REGISTER = 4 * 1024 * 1024
"""Largest register, in bytes."""

_LEGACY = ("cp949", "cp932", "gb18030")
"""Code pages in which old systems wrote file names; such a name is percent-encoded in a seal."""

_RANDOM = compiled_when_used(r"SHA256:[A-Za-z0-9+/]{43}|AAAA[A-Za-z0-9+/]{40,}={0,2}|\b[0-9a-f]{32,}\b")
"""Digests, salts and keys: long enough to hold a short name by chance, and written by no person."""


class Person(Struct, frozen=True):
    """One entry of the register.

    Attributes:
        code: what custody entries and statements call the person.
        terms: names in all their spellings, addresses, numbers: whatever would tell who it is.
    """

    code: str
    terms: tuple[str, ...]


def parse_register(data: bytes) -> tuple[Person, ...]:
    """Read a decrypted register.

    Raises:
        FormatError: it is not TOML, in another format, or an entry lacks what it needs. No message repeats a term.
    """
    table = TomlTable(parse_toml(data, "the register"))
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(
            "the register is in format {found}, this version reads {format}",
            key="register-format",
            found=shown(found),
            format=FORMAT,
        )
    entries = table.take("person", dict)
    table.finish()
    return tuple(_parse_person(code, value) for code, value in entries.items())


def _parse_person(code: str, value: Any) -> Person:
    try:
        check_code(code)
    except FormatError:
        # Not repeated: it may be the person's name.
        raise FormatError(
            "the name of an entry in the register is not a code",
            hint="[person.A03], for example",
            key="register-no-code",
        ) from None
    if not isinstance(value, dict):
        raise FormatError("the entry of {code} is not a table", key="register-not-table", code=code)
    table = TomlTable(value, f"person.{code}")
    terms = table.take_strings("names") + (table.take_strings("other") if "other" in table else ())
    table.finish()
    for term in terms:
        # Two syllables of Hangul are a name; two letters are in every text.
        if len(matching_form(term)) < (3 if term.isascii() else 2):
            raise FormatError(
                "the entry of {code} has a term that is too short to search for", key="register-term-short", code=code
            )
    return Person(code, terms)


class RegisterSearch:
    """Looks for terms of a register in texts, in any Unicode form, case and spacing, and in old code pages."""

    def __init__(self, people: Iterable[Person]) -> None:
        codes: dict[str, set[str]] = {}
        for person in people:
            for term in person.terms:
                for form in _forms(term):
                    codes.setdefault(form, set()).add(person.code)
        self._codes = codes
        # Longer ones first: an alternation takes the first that fits.
        forms = sorted(codes, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, forms))) if forms else None

    def find(self, text: str) -> frozenset[str]:
        """Give the codes of the people of whom something occurs in a text."""
        if self._pattern is None:
            return frozenset()
        form = matching_form(_RANDOM.sub("|", text))
        if not self._pattern.search(form):
            return frozenset()
        return frozenset(code for found, codes in self._codes.items() if found in form for code in codes)


def _forms(term: str) -> Iterator[str]:
    yield matching_form(term)
    if term.isascii():
        return
    for page in _LEGACY:
        try:
            spelled = store_name(term.encode(page))
        except UnicodeEncodeError:
            continue
        if "%" in spelled:
            yield matching_form(spelled)
