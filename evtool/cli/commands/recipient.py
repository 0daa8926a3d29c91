"""`evtool recipient`: who may receive what, and with which keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from evtool.cli.answers.listed import UserList
from evtool.cli.command import Argument, Command, flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.group import Group
from evtool.cli.options.values import agreement_value, code_value, kind_value, purposes_value, region_value
from evtool.cli.output import Output, output_options
from evtool.core.consent.decision import Recipient, RecipientKind
from evtool.core.errors import UsageError
from evtool.core.terms.input import accepted
from evtool.core.terms.terms import TERMS_BY_NAME, Purpose, code_text
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.age_keys import parse_recipient
from evtool.keys.home import home_directory, recipients_file
from evtool.keys.keyfile import read_public_key_file
from evtool.keys.recipient_list import add_recipient, change_recipient, remove_recipient
from evtool.keys.recipients import KnownRecipient, load_recipients
from evtool.keys.toml_list import name_place
from evtool.report.language import Language, Said
from evtool.report.recipient_document import RecipientsDocument, RecipientShown

_KINDS = ", ".join(kind.value for kind in RecipientKind)

GROUP_EXAMPLES = """\b
Examples:
  evtool recipient add B7 --kind court --purpose accountability-national
  evtool recipient list
  evtool recipient show B7
  evtool recipient remove B7

\b
Exit codes:
  0  done
  2  wrong usage, or a code that is not in the list
  4  the list cannot be read or written

The list is the file recipients.toml beside the folder of your keys, which EVTOOL_HOME moves. It never travels with
evidence. You may edit it by hand: comments stay.
"""

ADD_EXAMPLES = """\b
Examples:
  evtool recipient add B7 --kind court --purpose accountability-national \\
      --region KR --death-penalty no
  evtool recipient add ohchr-dprk --organisation ohchr --kind un-body \\
      --purpose un-reporting,accountability-intl --agreement DSA-2026-04 \\
      --key age1... --signing-key ohchr.pub
  evtool recipient add B7 --change --key age1...

\b
Exit codes:
  0  done
  2  wrong usage, or the list has CODE already (without --change)
  4  the list or a key cannot be read or written

What is not stated is not known, and what is not known counts as what would be refused. A bundle for a recipient with
a --key is encrypted to it.
"""

LIST_EXAMPLES = """\b
Examples:
  evtool recipient list
  evtool recipient list --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  the list cannot be read
"""

SHOW_EXAMPLES = """\b
Examples:
  evtool recipient show B7

\b
Exit codes:
  0  printed
  2  wrong usage, or a code that is not in the list
  4  the list cannot be read
"""

REMOVE_EXAMPLES = """\b
Examples:
  evtool recipient remove B7

\b
Exit codes:
  0  removed
  2  wrong usage, or a code that is not in the list
  4  the list cannot be read or written

What the recipient has received already stays recorded where it was handed over: `evtool consent recall` lists it.
"""


@click.group(cls=Group, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Describe who may receive what, and with which keys."""


class DescriptionOptions(Struct, frozen=True):
    """What is said of a recipient; an empty tuple or None was not given.

    Attributes:
        kinds: what it is.
        purposes: what it may receive items for; one tuple for each time that it was given.
        agreements: numbers of the agreements that it has signed.
        organisation: code of the organisation that it belongs to.
        region: where it works.
        death_penalty: `yes` or `no`.
        keys: keys that bundles are encrypted to.
        signing_keys: files of the keys with which it signs receipts.
    """

    kinds: tuple[RecipientKind, ...] = flag(
        "--kind",
        multiple=True,
        type=kind_value,
        metavar="KIND",
        completes=offers.words(kind.value for kind in RecipientKind),
        help=f"What it is: {_KINDS}. May be repeated.",
    )
    purposes: tuple[tuple[Purpose | str, ...], ...] = flag(
        "--purpose",
        multiple=True,
        type=purposes_value,
        metavar="PURPOSE",
        completes=offers.term_words("for"),
        help=f"What it may receive items for: {accepted(TERMS_BY_NAME['for'])}. May be repeated.",
    )
    agreements: tuple[str, ...] = flag(
        "--agreement",
        multiple=True,
        type=agreement_value,
        metavar="NUMBER",
        completes=offers.AGREEMENT,
        help="An agreement that it has signed. May be repeated.",
    )
    organisation: str | None = flag(
        "--organisation", type=code_value, metavar="CODE", help="The organisation that it belongs to."
    )
    region: str | None = flag(
        "--region", type=region_value, metavar="XX", help="Where it works: two letters of ISO 3166-1, like KR."
    )
    death_penalty: str | None = flag(
        "--death-penalty",
        type=click.Choice(["yes", "no"]),
        help="Whether a death penalty can follow from what it does. [default: not known]",
    )
    keys: tuple[str, ...] = flag(
        "--key",
        multiple=True,
        metavar="KEY",
        help="Encrypt bundles for it to age1..., or to the line of an ssh-ed25519 or ssh-rsa public key. May be "
        "repeated.",
    )
    signing_keys: tuple[Path, ...] = flag(
        "--signing-key",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE.pub",
        help="The key with which it signs receipts. May be repeated.",
    )

    def apply(self, known: KnownRecipient) -> KnownRecipient:
        """Change what is given, and keep the rest.

        Raises:
            KeyFileError, InputError: a key cannot be read, or is not of a kind that can be used.
        """
        given: dict[str, Any] = {
            "organisation": self.organisation,
            "kinds": frozenset(self.kinds) or None,
            "purposes": frozenset(code for codes in self.purposes for code in codes) if self.purposes else None,
            "agreements": frozenset(self.agreements) or None,
            "region": self.region,
            "death_penalty": None if self.death_penalty is None else self.death_penalty == "yes",
        }
        return KnownRecipient(
            replace(known.recipient, **{name: value for name, value in given.items() if value is not None}),
            tuple(dict.fromkeys(parse_recipient(key).text for key in self.keys)) or known.keys,
            tuple(dict.fromkeys(map(read_public_key_file, self.signing_keys))) or known.signing_keys,
        )


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("code", type=code_value)
@options_of(DescriptionOptions, "description", "What is known of it")
@click.option("--change", is_flag=True, help="CODE is in the list: change what is given, keep the rest.")
@output_options
def add(code: str, description: DescriptionOptions, change: bool, output: Output) -> None:
    """Describe the recipient CODE in your list.

    Use a code, never a name: what is used of it is quoted in entries.
    """
    if change:
        known = change_recipient(code, description.apply)
    else:
        if not description.purposes:
            raise misuse(
                UsageError(
                    "say what the recipient may receive items for, with --purpose: {known}, or a custom code x-...",
                    key="purpose-needed",
                    known=", ".join(purpose.value for purpose in Purpose),
                )
            )
        known = add_recipient(description.apply(KnownRecipient(Recipient(code))))
    _LIST.print_added(code, known, output)
    output.talk(output.language.say("user-list.kept", path=Said(name_place(recipients_file(home_directory())))))


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@output_options
def list_(output: Output) -> None:
    """List the recipients that you described, one per line."""
    found = load_recipients().by_code
    _LIST.print_all(found, output)
    if not found:
        output.talk(output.language.say("recipient.empty"))


@command.command("show", cls=Command, epilog=SHOW_EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.RECIPIENT)
@output_options
def show(code: str, output: Output) -> None:
    """Print all that your list says of the recipient CODE."""
    _LIST.print_one(code, load_recipients().find(code), output)


@command.command("remove", cls=Command, epilog=REMOVE_EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.RECIPIENT)
@output_options
def remove(code: str, output: Output) -> None:
    """Take the recipient CODE off your list."""
    _LIST.print_removed(code, remove_recipient(code), output)


def _shown(known: KnownRecipient) -> RecipientShown:
    recipient = known.recipient
    return RecipientShown(
        code=recipient.code,
        organisation=recipient.organisation,
        kinds=tuple(sorted(kind.value for kind in recipient.kinds)),
        purposes=tuple(sorted(map(code_text, recipient.purposes))),
        agreements=tuple(sorted(recipient.agreements)),
        region=recipient.region,
        death_penalty=recipient.death_penalty,
        keys=known.keys,
        signing_keys=tuple(key.fingerprint for key in known.signing_keys),
    )


def _as_line(language: Language, known: KnownRecipient) -> str:
    said, say = _shown(known), language.say
    kinds, purposes = ", ".join(said.kinds) or say("recipient.no-kind"), ", ".join(said.purposes)
    return f"{kinds}; {purposes or say('user-list.none')}; {say('recipient.key' if said.keys else 'recipient.no-key')}"


def _rows(language: Language, known: KnownRecipient) -> tuple[tuple[str, str], ...]:
    said, none, unknown = _shown(known), language.say("user-list.none"), language.say("user-list.not-known")
    penalty = (
        unknown if said.death_penalty is None else language.say(f"recipient.{'yes' if said.death_penalty else 'no'}")
    )
    return (
        ("kinds", ", ".join(said.kinds) or unknown),
        ("purposes", ", ".join(map(shown, said.purposes)) or none),
        ("agreements", ", ".join(map(shown, said.agreements)) or none),
        ("organisation", said.organisation or unknown),
        ("region", said.region or unknown),
        ("death-penalty", penalty),
        *(("encrypt-to", shown(key, 200)) for key in said.keys),
        *(("signs-with", key) for key in said.signing_keys),
    )


_LIST = UserList(
    "recipient",
    _as_line,
    _rows,
    lambda recipients: RecipientsDocument(recipients=tuple(map(_shown, recipients))),
)
