"""Numbers of things in sentences: "1 item", "3,000 items"."""

from __future__ import annotations


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Write a number with its noun in the right form; the plural is the singular with an "s" unless given."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
