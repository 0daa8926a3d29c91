"""Changes to the user's list of recipients.

The file may have been written by hand. A change touches the lines of one recipient only: everything else stays byte for
byte, comments and order included. What was written is read again before it replaces the file, and has to say of every
other recipient what it said before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w
from msgspec import Struct

from evtool.core.errors import FormatError, KeyFileError, UsageError
from evtool.core.terms.terms import code_text
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.values import replace
from evtool.keys.files import locked, read_own_file, replace_file
from evtool.keys.home import home_directory, make_home, recipients_file
from evtool.keys.recipients import (
    FORMAT,
    MAX_RECIPIENTS_FILE,
    KnownRecipient,
    Recipients,
    load_recipients,
    name_place,
    parse_recipients,
    parse_recipients_file,
)

_HEADER = compiled_when_used(
    r"""[ \t]*\[[ \t]*recipient[ \t]*\.[ \t]*(["']?)([A-Za-z0-9._-]+)\1[ \t]*\][ \t]*(#.*)?\Z"""
)
_ANY_HEADER = compiled_when_used(r"[ \t]*\[")
_REMARK = compiled_when_used(r"[ \t]*(#.*)?\Z")

Change = Callable[[KnownRecipient | None], KnownRecipient]
"""Makes the new description of a recipient out of what the list says now, which is None for a new one."""


def add_recipient(known: KnownRecipient, home: Path | None = None) -> KnownRecipient:
    """Describe a recipient that the user's list does not have yet, at the end of the file.

    Raises:
        UsageError: the list has it already.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format.
    """

    def change(found: KnownRecipient | None) -> KnownRecipient:
        if found is not None:
            code = known.recipient.code
            raise UsageError(
                "{code} is already in your list of recipients",
                hint="`evtool recipient show {code}` prints what it says; `evtool recipient add "
                "{code} --change` changes what you give and keeps the rest",
                key="recipient-there",
                code=code,
            )
        return known

    return _edit(known.recipient.code, change, home)


def change_recipient(
    code: str, change: Callable[[KnownRecipient], KnownRecipient], home: Path | None = None
) -> KnownRecipient:
    """Change what the user's list says of a recipient, and give what it says now.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, others can change it, or the lines about it hold comments.
        FormatError: the file is not in the format.
    """
    return _edit(code, lambda found: change(found or load_recipients(home=home).find(code)), home)


def remove_recipient(code: str, home: Path | None = None) -> KnownRecipient:
    """Take a recipient off the user's list, and give what the list said.

    Raises:
        UsageError: the list does not have it.
        KeyFileError: the file cannot be written, or others can change it.
        FormatError: the file is not in the format.
    """
    home = home or home_directory()
    file = recipients_file(home)
    load_recipients(home=home).find(code)
    with locked(home):
        data = read_own_file(file, MAX_RECIPIENTS_FILE)
        before = parse_recipients_file(file, data)
        known = before.find(code)
        lines = data.decode("utf-8").splitlines(keepends=True)
        found = _find(lines, code)
        if found is None:
            raise _cannot_edit(file)
        kept = lines[: found.start - found.blank_before] + lines[found.end :]
        left = {name: other for name, other in before.by_code.items() if name != code}
        _write(file, "".join(kept), Recipients(left))
    return known


def _edit(code: str, change: Change, home: Path | None) -> KnownRecipient:
    home = home or home_directory()
    file = recipients_file(home)
    make_home(home)
    with locked(home):
        exists = file.is_symlink() or file.exists()
        data = read_own_file(file, MAX_RECIPIENTS_FILE) if exists else f'format = "{FORMAT}"\n'.encode()
        before = parse_recipients_file(file, data)
        known = change(before.by_code.get(code))
        block = _spell(known)
        text = data.decode("utf-8")
        if code in before.by_code:
            lines = text.splitlines(keepends=True)
            found = _find(lines, code)
            if found is None:
                raise _cannot_edit(file)
            if found.has_remarks:
                raise KeyFileError(
                    "your list of recipients has comments among the lines about {code}, which would be lost",
                    hint="change these lines by hand; the list is {place}",
                    key="recipient-comments",
                    code=code,
                    place=name_place(file),
                )
            text = "".join([*lines[: found.start], block, *lines[found.end :]])
        else:
            text = f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{block}"
        _write(file, text, replace(before, by_code={**before.by_code, code: known}))
    return known


class _Span(Struct, frozen=True):
    """The lines about one recipient.

    Attributes:
        start: index of the line with its name.
        end: index after the last line that states something of it.
        blank_before: how many of the lines above it are blank, at most one.
        has_remarks: whether comments stand among them.
    """

    start: int
    end: int
    blank_before: int
    has_remarks: bool


def _find(lines: list[str], code: str) -> _Span | None:
    """Find the lines about a recipient; None if they do not begin with one line `[recipient.CODE]`.

    Comments that stand right above the next recipient belong to that one.
    """
    bare = [line.rstrip("\r\n") for line in lines]
    starts = [at for at, line in enumerate(bare) if (match := _HEADER.match(line)) and match[2] == code]
    if len(starts) != 1:
        return None
    start = starts[0]
    end = next((at for at in range(start + 1, len(bare)) if _ANY_HEADER.match(bare[at])), len(bare))
    while _REMARK.match(bare[end - 1]) and end - 1 > start:
        end -= 1
    blank = int(start > 0 and not bare[start - 1].strip())
    return _Span(start, end, blank, any("#" in line for line in bare[start:end]))


def _spell(known: KnownRecipient) -> str:
    recipient = known.recipient
    table: dict[str, Any] = {
        "organisation": recipient.organisation,
        "kinds": sorted(kind.value for kind in recipient.kinds),
        "purposes": sorted(code_text(purpose) for purpose in recipient.purposes),
        "agreements": sorted(recipient.agreements) or None,
        "region": recipient.region,
        "death_penalty": recipient.death_penalty,
        "keys": list(known.keys) or None,
        "signing_keys": [key.line for key in known.signing_keys] or None,
    }
    stated = {name: value for name, value in table.items() if value is not None}
    return tomli_w.dumps({"recipient": {check_code(recipient.code): stated}})


def _write(file: Path, text: str, expected: Recipients) -> None:
    """Replace the file, unless what would be in it does not say exactly what is expected."""
    data = text.encode("utf-8")
    try:
        says = parse_recipients(data).by_code
    except FormatError:
        says = None
    if says != expected.by_code or len(data) > MAX_RECIPIENTS_FILE:
        raise _cannot_edit(file)
    replace_file(file, data, 0o600)


def _cannot_edit(file: Path) -> KeyFileError:
    return KeyFileError(
        "your list of recipients is written in a form that this command cannot change without touching the rest",
        hint="change it by hand, with a part [recipient.CODE] for each; the list is {place}",
        key="recipients-by-hand",
        place=name_place(file),
    )
