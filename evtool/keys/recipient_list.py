"""Changes to the user's list of recipients; `evtool.keys.toml_list` leaves everything else in the file as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evtool.core.errors import UsageError
from evtool.keys.recipients import RECIPIENTS, KnownRecipient, load_recipients


def add_recipient(known: KnownRecipient, home: Path | None = None) -> KnownRecipient:
    """Describe a recipient that the user's list does not have yet, at the end of the file.

    Raises:
        UsageError: the list has it already.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format.
    """
    code = known.recipient.code

    def change(found: KnownRecipient | None) -> KnownRecipient:
        if found is not None:
            raise UsageError(
                "{code} is already in your list of recipients",
                hint="`evtool recipient show {code}` prints what it says; `evtool recipient add "
                "{code} --change` changes what you give and keeps the rest",
                key="recipient-there",
                code=code,
            )
        return known

    return RECIPIENTS.edit(code, change, home)


def change_recipient(
    code: str, change: Callable[[KnownRecipient], KnownRecipient], home: Path | None = None
) -> KnownRecipient:
    """Change what the user's list says of a recipient, and give what it says now.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, others can change it, or the lines about it hold comments.
        FormatError: the file is not in the format.
    """
    return RECIPIENTS.edit(code, lambda found: change(found or load_recipients(home=home).find(code)), home)


def remove_recipient(code: str, home: Path | None = None) -> KnownRecipient:
    """Take a recipient off the user's list, and give what the list said.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format.
    """
    known = load_recipients(home=home).find(code)
    RECIPIENTS.remove(code, home)
    return known
