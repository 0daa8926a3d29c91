"""The user's list of recipients: who they are, what they may receive, and with which keys.

A file `recipients.toml` beside the folder of the user's keys, which `evtool recipient` edits and a person may. It never
travels: what was used of it is quoted in the entry of a handover. Codes stand for recipients, as everywhere.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from evtool.core.consent.decision import Recipient, RecipientKind
from evtool.core.errors import FormatError, UsageError, Way
from evtool.core.ssh.key import PublicKey, parse_public_key_line
from evtool.core.terms.input import accepted, parse_user_term
from evtool.core.terms.terms import TERMS_BY_NAME, Purpose
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import shown
from evtool.core.text.toml import TomlTable, parse_toml
from evtool.core.values import replace
from evtool.keys.files import read_any_file, read_own_file
from evtool.keys.home import has_recipients, home_directory, recipients_file

FORMAT = "evtool-recipients/1"

MAX_RECIPIENTS_FILE = 1024 * 1024
"""Largest file of recipients, in bytes."""

_AGE_KEY = compiled_when_used(r"age1[02-9ac-hj-np-z]{10,4000}\Z")
_REGION = compiled_when_used(r"[A-Z]{2}\Z")
_KINDS = ", ".join(kind.value for kind in RecipientKind)


class KnownRecipient(Struct, frozen=True):
    """One entry of the file.

    Attributes:
        recipient: what consent is asked about.
        keys: age or SSH public keys that bundles for it are encrypted to, as they stand in the file.
        signing_keys: keys with which it signs receipts.
    """

    recipient: Recipient
    keys: tuple[str, ...] = ()
    signing_keys: tuple[PublicKey, ...] = ()


class Recipients(Struct, frozen=True):
    """All recipients that the user knows, by their codes.

    Attributes:
        by_code: code -> what the list says.
        place: what to call the file in a message, if the user named another one than their own.
    """

    by_code: Mapping[str, KnownRecipient] = field(default_factory=dict)
    place: str | None = None

    def find(self, code: str) -> KnownRecipient:
        """Give one recipient.

        Raises:
            UsageError: the file does not name it.
        """
        if code not in self.by_code:
            known = ", ".join(sorted(self.by_code))
            meant = did_you_mean(code, self.by_code)
            raise UsageError(
                "{code} is not in your list of recipients ({known_en})",
                hint="{hint_en}",
                key="recipient-unknown" if known else "recipient-unknown-empty",
                ways=(Way.RECIPIENTS,),
                code=shown(code, 80),
                known_en=known or "the list is empty",
                known=known,
                hint_en=f"{meant}{'if not, ' if meant else ''}{self.how_to_add(code)}",
            )
        return self.by_code[code]

    @property
    def receipt_keys(self) -> dict[str, frozenset[PublicKey]]:
        """The keys with which each recipient signs receipts, by its code."""
        return {code: frozenset(known.signing_keys) for code, known in self.by_code.items() if known.signing_keys}

    def how_to_add(self, code: str) -> str:
        """Say how a recipient gets into the list: the command to type, and where the file is."""
        if self.place is not None:
            return f"describe it in {self.place}, under [recipient.{shown(code, 80)}]"
        command = f"evtool recipient add {shown(code, 80)} --kind KIND --purpose PURPOSE"
        return f"`{command}` adds it to {name_place(recipients_file(home_directory()))}"


def name_place(file: Path) -> str:
    """Say where a file in the user's home for evtool is, without the path of this machine."""
    if os.environ.get("EVTOOL_HOME"):
        return f"{file.name} in EVTOOL_HOME"
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{file.relative_to(Path.home()).as_posix()}"
    return f"{file.name} in the folder of your configuration"


def load_recipients(path: Path | None = None, home: Path | None = None) -> Recipients:
    """Read a file of recipients that the user named, or the user's own; where there is none, nobody is known.

    Raises:
        InputError: the named file cannot be read.
        KeyFileError: others can change the user's own file.
        FormatError: it is not in the format.
    """
    if path is not None:
        named = parse_recipients_file(path, read_any_file(path, MAX_RECIPIENTS_FILE))
        return replace(named, place=shown(path.name))
    own = recipients_file(home or home_directory())
    if not has_recipients(own):
        return Recipients()
    return parse_recipients_file(own, read_own_file(own, MAX_RECIPIENTS_FILE))


def parse_recipients_file(path: Path, data: bytes) -> Recipients:
    """Read the bytes of a file; its name stands in what is wrong with it.

    Raises:
        FormatError: as `parse_recipients`.
    """
    try:
        return parse_recipients(data)
    except FormatError as error:
        raise FormatError(
            "{path}: {why}",
            hint="{why.hint}"
            if error.hint
            else "`evtool help recipient` explains the file; manifests/FORMAT-consent.md has an example",
            key="file-why" if error.hint else "recipients-file",
            path=shown(path.name),
            why=error,
        ) from error


def parse_recipients(data: bytes) -> Recipients:
    """Read the format of `manifests/FORMAT-consent.md`, section "Recipients".

    Raises:
        FormatError: it is not TOML, in another format, or a field is missing, unknown or not what it should be.
    """
    text = read_foreign_text(data, "the file of recipients").text
    table = TomlTable(parse_toml(text.encode(), "the file of recipients"))
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(
            "the file of recipients is in format {found}, this version reads {format}",
            key="recipients-format",
            found=shown(found),
            format=FORMAT,
        )
    entries = table.take("recipient", dict) if "recipient" in table else {}
    table.finish()
    return Recipients({check_code(code): _parse(code, value) for code, value in entries.items()})


def _parse(code: str, value: object) -> KnownRecipient:
    if not isinstance(value, dict):
        raise FormatError(
            "recipient {code} is not a table",
            hint="it begins with [recipient.{code}]",
            key="recipient-no-table",
            code=code,
        )
    table = TomlTable(value, f"recipient {code}")
    for name, accepted_codes in (("kinds", _KINDS), ("purposes", accepted(TERMS_BY_NAME["for"]))):
        if name not in table:
            raise FormatError(
                "recipient {code}.{name} is missing",
                hint='add a line {name} = ["...", "..."]; accepted: {codes}',
                key="recipient-missing",
                code=code,
                name=name,
                codes=accepted_codes,
            )
    recipient = Recipient(
        code=code,
        organisation=check_code(table.take("organisation", str)) if "organisation" in table else None,
        kinds=frozenset(_kind(code, kind) for kind in table.take_strings("kinds")),
        purposes=frozenset(_purposes(table.take_strings("purposes"))),
        agreements=frozenset(table.take_strings("agreements")) if "agreements" in table else frozenset(),
        region=_region(code, table.take("region", str)) if "region" in table else None,
        death_penalty=table.take("death_penalty", bool) if "death_penalty" in table else None,
    )
    keys = table.take_strings("keys") if "keys" in table else ()
    signing_keys = table.take_strings("signing_keys") if "signing_keys" in table else ()
    table.finish()
    return KnownRecipient(
        recipient, tuple(_key(code, key) for key in keys), tuple(_signing_key(code, key) for key in signing_keys)
    )


def _kind(code: str, text: str) -> RecipientKind:
    try:
        return RecipientKind(text)
    except ValueError:
        raise FormatError(
            "recipient {code}: {found} is not a kind of recipient",
            hint="{meant_en}accepted: {known}",
            key="recipient-kind",
            code=code,
            found=shown(text, 80),
            meant_en=did_you_mean(text, [kind.value for kind in RecipientKind]),
            known=_KINDS,
        ) from None


def _purposes(texts: tuple[str, ...]) -> tuple[Purpose | str, ...]:
    purposes: tuple[Purpose | str, ...] = parse_user_term("for", " ".join(texts))
    return purposes


def _region(code: str, text: str) -> str:
    if not _REGION.match(text):
        raise FormatError(
            "recipient {code}: region must be two capital letters from ISO 3166-1, like KR",
            key="recipient-region",
            code=code,
        )
    return text


def _signing_key(code: str, text: str) -> PublicKey:
    try:
        return parse_public_key_line(text)
    except FormatError as error:
        raise FormatError(
            "recipient {code}: {why}", hint="{why.hint}", key="recipient-why", code=code, why=error
        ) from None


def _key(code: str, text: str) -> str:
    if not _AGE_KEY.match(text):
        try:
            parse_public_key_line(text)
        except FormatError:
            raise FormatError(
                "recipient {code}: a key is neither an age public key nor an SSH public key",
                key="recipient-key",
                code=code,
            ) from None
    return text
