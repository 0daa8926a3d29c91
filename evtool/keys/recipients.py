"""The user's list of recipients: who they are, what they may receive, and with which keys.

A file `recipients.toml` beside the folder of the user's keys, which `evtool recipient` edits and a person may. It never
travels: what was used of it is quoted in the entry of a handover. Codes stand for recipients, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from evtool.core.consent.decision import Recipient, RecipientKind
from evtool.core.errors import FormatError, UsageError, Way
from evtool.core.ssh.key import PublicKey, parse_public_key_line
from evtool.core.terms.input import accepted, parse_user_term
from evtool.core.terms.terms import TERMS_BY_NAME, Purpose, code_text
from evtool.core.text.codes import check_code
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.guess import did_you_mean
from evtool.core.text.names import shown
from evtool.core.text.toml import TomlTable
from evtool.keys.home import home_directory, recipients_file
from evtool.keys.toml_list import TomlList, name_place, require_lists

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


def load_recipients(path: Path | None = None, home: Path | None = None) -> Recipients:
    """Read a file of recipients that the user named, or the user's own; where there is none, nobody is known.

    Raises:
        InputError: the named file cannot be read.
        KeyFileError: others can change the user's own file.
        FormatError: it is not in the format.
    """
    return Recipients(RECIPIENTS.load(path, home) or {}, None if path is None else shown(path.name))


def _read(code: str, table: TomlTable) -> KnownRecipient:
    check_code(code)
    require_lists(f"recipient {code}", table, {"kinds": _KINDS, "purposes": accepted(TERMS_BY_NAME["for"])})
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


def _spell(known: KnownRecipient) -> dict[str, Any]:
    recipient = known.recipient
    return {
        "organisation": recipient.organisation,
        "kinds": sorted(kind.value for kind in recipient.kinds),
        "purposes": sorted(code_text(purpose) for purpose in recipient.purposes),
        "agreements": sorted(recipient.agreements) or None,
        "region": recipient.region,
        "death_penalty": recipient.death_penalty,
        "keys": list(known.keys) or None,
        "signing_keys": [key.line for key in known.signing_keys] or None,
    }


RECIPIENTS = TomlList("recipient", "the list of recipients", "evtool-recipients/1", recipients_file, _read, _spell)
"""How the list is written; `evtool.keys.recipient_list` changes it."""
