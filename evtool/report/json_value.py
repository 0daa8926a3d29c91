"""From typed documents to the plain values that JSON is written from."""

from __future__ import annotations

from enum import Enum
from typing import Any

from msgspec import Struct

from evtool.core.values import names_of


def to_json(value: object) -> Any:
    """Turn a document, and whatever stands in it, into dicts, lists and plain values."""
    if isinstance(value, Struct):
        return {name: to_json(getattr(value, name)) for name in names_of(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {to_json(key): to_json(child) for key, child in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(child) for child in value]
    return value
