"""TOML from strangers, taken apart field by field."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from typing import Any, TypeVar

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

_STRING = compiled_when_used(r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"?|\'[^\'\n]*+\'?')
_DOTTED = compiled_when_used(r"(?<![\w-])[\w-]++(?:[ \t]*+\.[ \t]*+[\w-]++){8}", re.ASCII)
"""A key of many parts: thousands of them cost tomllib seconds."""

_KINDS: dict[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number with a point",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    datetime: "a date with a time",
    date: "a date",
    time: "a time",
}
"""What a person calls the types of TOML."""

_Value = TypeVar("_Value")
_Choice = TypeVar("_Choice", bound=Enum)


def parse_toml(data: bytes, what: str, check: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Read a TOML document; `what` names it in errors. The caller caps its size first.

    `check` looks at the text before it is parsed, and raises FormatError.

    Raises:
        FormatError: not UTF-8, not TOML, nested too deep, or with a key of more than eight parts.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError(f"{what} is not UTF-8") from None
    if check is not None:
        check(text)
    elif _DOTTED.search(_STRING.sub("s", text)):
        raise FormatError(f"{what} has a key of more than eight parts")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        raise FormatError(f"{what} is not TOML") from None


class TomlTable:
    """A table that is emptied field by field, so that what is left over is known to be unknown."""

    def __init__(self, values: dict[str, Any], name: str = "") -> None:
        self._prefix = f"{name}." if name else ""
        self._values = dict(values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, type_: type[_Value]) -> _Value:
        """Take a required value of exactly this type; a bool is no int.

        Raises:
            FormatError: it is missing, or of another type.
        """
        if name not in self._values:
            raise FormatError(f"{self._prefix}{name} is missing")
        value = self._values.pop(name)
        if type(value) is not type_:
            found, expected = (_KINDS.get(kind, kind.__name__) for kind in (type(value), type_))
            raise FormatError(f"{self._prefix}{name} is {found}, expected {expected}")
        return value

    def take_enum(self, name: str, choices: type[_Choice]) -> _Choice:
        """Take a required value out of a closed list."""
        text = self.take(name, str)
        try:
            return choices(text)
        except ValueError:
            known = ", ".join(str(choice.value) for choice in choices)
            raise FormatError(f"{self._prefix}{name} is {shown(text)}, this version reads: {known}") from None

    def take_strings(self, name: str) -> tuple[str, ...]:
        """Take a required array of strings."""
        values = self.take(name, list)
        if not all(isinstance(value, str) for value in values):
            raise FormatError(f"{self._prefix}{name} holds something that is not text")
        return tuple(values)

    def take_table(self, name: str) -> TomlTable | None:
        """Take a sub-table, or None if there is none."""
        return TomlTable(self.take(name, dict), self._prefix + name) if name in self._values else None

    def take_rest(self, type_: type[_Value]) -> dict[str, _Value]:
        """Take all that is left, every value of one type."""
        return {name: self.take(name, type_) for name in list(self._values)}

    def finish(self) -> None:
        """Refuse what nobody took: a field this version does not know may change what the others mean."""
        if self._values:
            unknown = ", ".join(shown(self._prefix + name) for name in sorted(self._values))
            raise FormatError(f"unknown field: {unknown}", hint="a newer version of evtool may be able to read it")
