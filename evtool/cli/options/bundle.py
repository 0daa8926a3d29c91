"""Options of commands that write bundles, or give items to somebody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evtool.cli.command import flag, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.options.access import BUNDLE_PASSPHRASE
from evtool.cli.options.common import passphrase_source, recipients_flag, trust_flag
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import PURPOSES, code_value, purpose_value
from evtool.core.errors import UsageError, Way
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.age_keys import EncryptionKey, parse_recipient, read_recipients_file
from evtool.keys.passphrase import Passphrase, TerminalPassphrase
from evtool.operations.record.trust import TrustPolicy

if TYPE_CHECKING:
    from evtool.core.terms.terms import Purpose
    from evtool.keys.recipients import KnownRecipient
    from evtool.operations.bundle.options import Disclosure
    from evtool.operations.entries.exits import Exit


class DisclosureOptions(Struct, frozen=True):
    """To whom items go, for what, and what consent may need beside that.

    Attributes:
        recipient: code, or None.
        purpose: what for, or None.
        authority: what allows it, or None.
        confirm: codes of what a second person confirms.
        approved_by: code of that second person, or None.
        onward: whether the sender received the items from others.
        recipients_file: recipient list; None for the user's own.
        trust_file: trust list; None for the user's own.
    """

    recipient: str | None = flag(
        "--to",
        type=code_value,
        metavar="CODE",
        completes=offers.RECIPIENT,
        help="Code of the recipient. [default: everybody, if all items are public and --for is not given]",
    )
    purpose: Purpose | str | None = flag(
        "--for",
        type=purpose_value,
        metavar="PURPOSE",
        completes=offers.term_words("for"),
        help=f"What for: {PURPOSES}.",
    )
    authority: str | None = flag(
        "--authority",
        metavar="TEXT",
        completes=offers.AGREEMENT,
        help="What allows it: agreement, warrant or order; recorded.",
    )
    confirm: tuple[str, ...] = flag(
        "--confirm", multiple=True, metavar="CODE", help="What a second person confirms. May be repeated."
    )
    approved_by: str | None = flag(
        "--approved-by", type=code_value, metavar="CODE", help="Code of that second person; recorded."
    )
    onward: bool = flag("--onward", is_flag=True, help="You received the items from others, and pass them on.")
    recipients_file: Path | None = recipients_flag()
    trust_file: Path | None = trust_flag()

    def load(self) -> tuple[Disclosure, KnownRecipient | None]:
        """Give what is disclosed to whom, and what the user's list says of the recipient; None for everybody.

        Raises:
            click.UsageError: something that belongs together is not there.
            KeyFileError: a list cannot be read, or does not have the recipient.
        """
        # Whoever only reads bundles needs none of them.
        from evtool.keys.agreements import load_agreements
        from evtool.keys.recipients import load_recipients
        from evtool.operations.bundle.options import Disclosure

        trust = TrustPolicy(told_trust(self.trust_file).keys)
        if self.recipient is None and self.purpose is None:
            if self.confirm or self.approved_by:
                raise misuse(
                    UsageError("--confirm and --approved-by go with --to, --for and --authority", key="confirm-with")
                )
            everybody = Disclosure.publication(self.authority, load_agreements(), trust)
            return replace(everybody, is_onward=self.onward), None
        if self.recipient is None or self.purpose is None or self.authority is None:
            given = {"--to": self.recipient, "--for": self.purpose, "--authority": self.authority}
            raise misuse(
                UsageError(
                    "say {missing} as well; only what is public can go without --to, --for and --authority",
                    key="to-for-authority",
                    missing=", ".join(option for option, value in given.items() if value is None),
                )
            )
        known = load_recipients(self.recipients_file).find(self.recipient)
        disclosure = Disclosure(
            recipient=known.recipient,
            purpose=self.purpose,
            authority=self.authority,
            agreements=load_agreements(),
            confirmed=frozenset(self.confirm),
            approved_by=self.approved_by,
            is_onward=self.onward,
            trust=trust,
        )
        return disclosure, known


disclosure_options = options_of(DisclosureOptions, "disclosure", "Recipient and consent")
"""Add --to, --for, --authority and what consent may need; the command gets them as `disclosure`."""


class ExitOptions(Struct, frozen=True):
    """What consent may need where items go without a bundle.

    Attributes:
        confirm: codes of what stands against it and is confirmed.
        onward: whether the sender received the items from others.
        recipients_file: recipient list; None for the user's own.
        trust_file: trust list; None for the user's own.
    """

    confirm: tuple[str, ...] = flag(
        "--confirm",
        multiple=True,
        metavar="CODE",
        help="Go on although this stands against it; recorded together with --reason. May be repeated.",
    )
    onward: bool = flag("--onward", is_flag=True, help="You received the items from others, and pass them on.")
    recipients_file: Path | None = recipients_flag()
    trust_file: Path | None = trust_flag()

    def load(self, code: str) -> Exit:
        """Give what consent is asked about for this recipient.

        Of a recipient that the user has not described, nothing is known, and what is not known counts as what would
        be refused.

        Raises:
            InputError, FormatError: a list cannot be read.
        """
        # Whoever only reads bundles needs none of them.
        from evtool.core.consent.decision import Recipient
        from evtool.keys.agreements import load_agreements
        from evtool.keys.recipients import load_recipients
        from evtool.operations.entries.exits import Exit

        recipients = load_recipients(self.recipients_file)
        known = recipients.by_code.get(code)
        return Exit(
            recipient=known.recipient if known else Recipient(code),
            agreements=load_agreements(),
            advice="" if known else f"{code} is not in your list of recipients: {recipients.how_to_add(code)}",
            confirmed=frozenset(self.confirm),
            is_onward=self.onward,
            trust=TrustPolicy(told_trust(self.trust_file).keys),
        )


exit_options = options_of(ExitOptions, "consent", "Consent")
"""Add what consent may need where items go without a bundle; the command gets it as `consent`."""


class EncryptionOptions(Struct, frozen=True):
    """Who can open a new bundle.

    Attributes:
        keys: lines of age or SSH keys.
        key_files: files of such lines.
        ask: whether to ask for a passphrase on the terminal.
        descriptor: a number of an open file with the passphrase, or None.
        file: a file with it, or None.
        plain: leave the bundle unencrypted, whatever keys are known.
    """

    keys: tuple[str, ...] = flag(
        "--encrypt-to",
        "-r",
        multiple=True,
        metavar="KEY",
        help="Encrypt to age1... or to the line of an ssh-ed25519 or ssh-rsa public key. May be repeated. "
        "[default: the keys that your list gives for the recipient]",
    )
    key_files: tuple[Path, ...] = flag(
        "--encrypt-to-file",
        "-R",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Encrypt to each key in FILE, one per line.",
    )
    ask: bool = flag("--passphrase", is_flag=True, help="Encrypt with a passphrase, asked for on the terminal.")
    descriptor: int | None = flag(
        "--passphrase-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the bundle's passphrase from open file descriptor N.",
    )
    file: Path | None = flag(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the bundle's passphrase from FILE.",
    )
    plain: bool = flag("--plain", is_flag=True, help="Do not encrypt, although your list has a key of the recipient.")

    def __post_init__(self) -> None:
        ways = (self.ask, self.descriptor is not None, self.file is not None, bool(self.keys or self.key_files))
        if sum(ways) > 1:
            raise misuse(
                UsageError("a bundle is encrypted to keys, or with one passphrase; give one", key="keys-or-passphrase")
            )
        if self.plain and any(ways):
            raise misuse(
                UsageError(
                    "--plain leaves the bundle unencrypted, so it goes with no key and no passphrase", key="plain-alone"
                )
            )

    def load(self, bundle: Path, known: KnownRecipient | None) -> tuple[tuple[EncryptionKey, ...], Passphrase | None]:
        """Read the keys, or the passphrase; where nothing was asked for, the keys of the known recipient are taken.

        Raises:
            UsageError: there is a key of the recipient, and the name of the bundle is not that of an encrypted bundle.
            FormatError: a key is not one that a bundle can be encrypted to.
            InputError: a file cannot be read.
            KeyFileError: there is no passphrase.
        """
        source = passphrase_source(self.descriptor, self.file, BUNDLE_PASSPHRASE)
        if self.ask:
            source = TerminalPassphrase(Way.PASSPHRASE)
        if source is not None:
            return (), source.read("the bundle", new=True)
        keys = [parse_recipient(text) for text in self.keys]
        for path in self.key_files:
            keys += read_recipients_file(path)
        if keys or self.plain or known is None or not known.keys:
            return tuple(keys), None
        if not bundle.name.lower().endswith(".age"):
            name = bundle.name.removesuffix(".zip")
            raise UsageError(
                "your list of recipients has a key to encrypt to, and this name is none of an encrypted bundle",
                hint="name it {name}.zip.age, or leave it unencrypted with --plain",
                key="name-not-encrypted",
                name=shown(name),
            )
        return tuple(map(parse_recipient, known.keys)), None


encryption_options = options_of(EncryptionOptions, "encryption", "Encryption")
"""Add --encrypt-to and --passphrase with its sources; the command gets them as `encryption`."""
