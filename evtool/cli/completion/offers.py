"""What a shell offers for a value, as options and arguments declare it; `words.py` makes words of it."""

from __future__ import annotations

from collections.abc import Iterable

RECIPIENT = "recipient"
"""The code of a recipient in the user's own list."""
RECIPIENTS = "recipients"
"""Some of them, with commas between them."""
AGREEMENT = "agreement"
"""The number of an agreement in the user's own list."""
OWN_CODE = "own-code"
"""The code of one of the user's own keys."""
TRUSTED = "trusted"
"""A code in the user's own trust list."""
ITEM = "item"
"""The number of an item in the record that the command is about."""
ITEMS = "items"
"""Some of them: numbers and ranges, with commas between them."""
ENTRY = "entry"
"""The number of an entry in that record."""
COMMAND = "command"
"""The words of a command, or one of some others."""
NOTHING = "nothing"
"""Free text, a number, a name that does not exist yet."""


def words(known: Iterable[str]) -> str:
    """Say that it is one of these words; none holds a space."""
    return f"words:{' '.join(known)}"


def command_words(others: Iterable[str]) -> str:
    """Say that it is the words of a command, or one of these."""
    return f"{COMMAND}:{' '.join(others)}"


def term_words(name: str) -> str:
    """Say that it is a code of a term of consent, or several with commas between them."""
    # Start-up time: a shell that completes has the words in the table.
    from evtool.core.terms.terms import TERMS_BY_NAME

    listed = {"share": RECIPIENTS, "agreement": AGREEMENT}
    codes = [str(code.value) for code in TERMS_BY_NAME[name].codes or ()]
    return listed.get(name, f"list:{' '.join(codes)}" if codes else NOTHING)
