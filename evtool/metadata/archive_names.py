"""Tells which names of archive entries would lead out of the folder they are unpacked into."""

from __future__ import annotations

from evtool.core.text.expressions import compiled_when_used

_UNSAFE = compiled_when_used(r"(?:\A[/\\~])|(?:\A[A-Za-z]:)|(?:(?:\A|[/\\])\.\.(?:[/\\]|\Z))|[\x00-\x1f]")


def is_unsafe(name: str) -> bool:
    """Tell whether a name is absolute, names a drive, climbs with `..`, or holds control characters."""
    return _UNSAFE.search(name) is not None
