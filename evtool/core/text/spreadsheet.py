"""Cells of a table that a spreadsheet opens: none of them may be a formula."""

from __future__ import annotations

from evtool.core.text.expressions import compiled_when_used

_STARTS_A_FORMULA = compiled_when_used(r"[=+\-@\t\r'\uff1d\uff0b\uff0d\uff20]")
"""The wide forms of the four signs are typed on Korean keyboards, and some spreadsheets take them for the signs."""


def escape_cell(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula, which could send what it holds to strangers."""
    return f"'{text}" if _STARTS_A_FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """Undo `escape_cell`."""
    return text[1:] if text.startswith("'") and _STARTS_A_FORMULA.match(text[1:]) else text
