"""From typed documents to the plain values that JSON is written from."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any


def to_json(value: object) -> Any:
    """Turn a document, and whatever stands in it, into dicts, lists and plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {to_json(key): to_json(child) for key, child in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(child) for child in value]
    return value
