"""From the plain values of a JSON document back to its types: what is not exactly of that form is refused."""

from __future__ import annotations

import json
import types
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.values import names_of

_T = TypeVar("_T")


def read_document(kind: type[_T], data: bytes, name: str) -> _T:
    """Read a document of a type that `evtool.report.json_value.to_json` can write; `name` is for errors.

    Raises:
        FormatError: it is not JSON, or not exactly such a document.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)
        read: _T = _read(kind, value)
    except (ValueError, TypeError, RecursionError) as error:
        raise FormatError(
            "{name} is not an account: {why_en}", key="account-unreadable", name=name, why_en=error
        ) from None
    return read


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field is there twice")
    return found


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number")


@cache
def _fields(kind: type[Struct]) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: hints[name] for name in names_of(kind)}


def _read(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _read_union(get_args(kind), value)
    if origin is Literal:
        return _same(value, get_args(kind))
    if origin in (tuple, list):
        if not isinstance(value, list):
            raise ValueError("a list was expected")
        return origin(_read(get_args(kind)[0], part) for part in value)
    if origin is dict:
        if not isinstance(value, dict):
            raise ValueError("an object was expected")
        keys, values = get_args(kind)
        return {_read(keys, name): _read(values, part) for name, part in value.items()}
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _read_object(kind, value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if type(value) is not kind:
        raise ValueError(f"{kind.__name__} was expected")
    return value


def _read_union(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and type(None) in kinds:
        return None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return _read(kind, value)
        except ValueError:
            continue
    raise ValueError("a field has a value of the wrong type")


def _same(value: Any, allowed: tuple[Any, ...]) -> Any:
    if value not in allowed:
        raise ValueError(f"{allowed[0]} was expected")
    return value


def _read_object(kind: Any, value: Any) -> Any:
    wanted = _fields(kind)
    if not isinstance(value, dict) or value.keys() != wanted.keys():
        raise ValueError(f"the fields of {kind.__name__} were expected")
    return kind(**{name: _read(hint, value[name]) for name, hint in wanted.items()})
