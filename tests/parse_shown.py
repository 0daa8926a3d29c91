"""Undoing `shown`: the proof that the form in which names are printed is one to one."""

from __future__ import annotations

import re

_SHOWN = re.compile(r"\\(?:\\|u\{([0-9A-F]+)\})")
_NOT_NFC = r" \(not NFC)"


def parse_shown(text: str) -> str:
    """Give the text that `shown` printed, if it was not cut."""
    if text == r"\(empty)":
        return ""
    return _SHOWN.sub(lambda match: chr(int(match[1], 16)) if match[1] else "\\", text.removesuffix(_NOT_NFC))
