"""Options that commands share which read or write bundles."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evtool.cli.options.common import code_value, passphrase_options
from evtool.cli.options.values import purpose_value
from evtool.core.errors import FormatError, UsageError
from evtool.core.text.item_choice import ItemChoice, parse_choice
from evtool.core.text.names import shown
from evtool.keys.age_keys import Recipient, parse_recipient, read_identity_file, read_recipients_file
from evtool.keys.passphrase import (
    DescriptorPassphrase,
    FilePassphrase,
    Passphrase,
    PassphraseSource,
    TerminalPassphrase,
)
from evtool.keys.trust import load_trust
from evtool.operations.record.subject import BundleAccess
from evtool.operations.record.trust import TrustPolicy

if TYPE_CHECKING:
    from evtool.core.terms.terms import Purpose
    from evtool.operations.entries.exits import Exit

Command = Callable[..., Any]
Leave = Callable[[str], "Exit"]
Encryption = Callable[[Path, Sequence[str]], tuple[tuple[Recipient, ...], Passphrase | None]]


def choice_value(texts: tuple[str, ...]) -> ItemChoice:
    """Take items by number, range or pattern."""
    try:
        return parse_choice(texts)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}") from None


def access_options(command: Command) -> Command:
    """Add --identity and where a passphrase comes from; the command gets `access`, a function that loads the keys."""

    @functools.wraps(command)
    def with_access(
        *args: Any, identities: tuple[Path, ...], passphrase: PassphraseSource | None, **kwargs: Any
    ) -> Any:
        def load() -> BundleAccess:
            source = passphrase or TerminalPassphrase()
            keys = tuple(key for path in identities for key in read_identity_file(path, source))
            return BundleAccess(keys, source)

        return command(*args, access=load, **kwargs)

    identity = click.option(
        "--identity",
        "-i",
        "identities",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Decrypt a bundle with this key: a file of age-keygen, or an SSH private key. May be repeated.",
    )
    return identity(passphrase_options(with_access))


_DISCLOSURE_OPTIONS = (
    click.option(
        "--to",
        "receiver",
        type=code_value,
        metavar="CODE",
        help="Code of the recipient. Without it and --for: everybody, if all items are public.",
    ),
    click.option("--for", "purpose", type=purpose_value, metavar="PURPOSE", help="What for."),
    click.option("--authority", metavar="TEXT", help="What allows it: agreement, warrant or order."),
    click.option("--confirm", multiple=True, metavar="CODE", help="What a second person confirms. May be repeated."),
    click.option("--approved-by", type=code_value, metavar="CODE", help="Code of that second person; recorded."),
    click.option("--onward", is_flag=True, help="You received it from others, and pass it on."),
    click.option(
        "--recipients",
        "recipients_list",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Recipients, if not your own list.",
    ),
    click.option(
        "--trust",
        "trust_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Whose signatures under terms of consent count.",
    ),
)


def disclosure_options(command: Command) -> Command:
    """Add --to, --for, --authority and what consent may need beside them.

    The command gets `disclosure`, and `known_keys`: the keys that the user's list gives for the recipient.
    """

    @functools.wraps(command)
    def with_disclosure(
        *args: Any,
        receiver: str | None,
        purpose: Purpose | str | None,
        authority: str | None,
        confirm: tuple[str, ...],
        approved_by: str | None,
        onward: bool,
        recipients_list: Path | None,
        trust_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        # Whoever only reads bundles needs neither.
        from evtool.keys.recipients import load_recipients
        from evtool.operations.bundle.pack import Disclosure

        trust = TrustPolicy(load_trust(trust_file))
        if receiver is None and purpose is None:
            if confirm or approved_by:
                raise click.UsageError("--confirm and --approved-by go with --to, --for and --authority")
            disclosure = replace(Disclosure.publication(authority, trust), is_onward=onward)
            return command(*args, disclosure=disclosure, known_keys=(), **kwargs)
        if receiver is None or purpose is None or authority is None:
            raise click.UsageError(
                "--to, --for and --authority belong together; only what is public can go without all of them"
            )
        known = load_recipients(recipients_list).find(receiver)
        disclosure = Disclosure(
            recipient=known.recipient,
            purpose=purpose,
            authority=authority,
            confirmed=frozenset(confirm),
            approved_by=approved_by,
            is_onward=onward,
            trust=trust,
        )
        return command(*args, disclosure=disclosure, known_keys=known.keys, **kwargs)

    return _with_options(with_disclosure, _DISCLOSURE_OPTIONS)


def exit_options(command: Command) -> Command:
    """Add what consent may need where items go without a bundle; the command gets `leave`, a function.

    Called with the code of the recipient, it gives what consent is asked about. Of a recipient that the user has not
    described, nothing is known, and what is not known counts as what would be refused.
    """

    @functools.wraps(command)
    def with_exit(
        *args: Any,
        confirm: tuple[str, ...],
        onward: bool,
        recipients_list: Path | None,
        trust_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        def leave(receiver: str) -> Exit:
            from evtool.core.consent.decision import Recipient as ConsentRecipient
            from evtool.keys.recipients import load_recipients
            from evtool.operations.entries.exits import Exit

            known = load_recipients(recipients_list).by_code.get(receiver)
            return Exit(
                recipient=known.recipient if known else ConsentRecipient(receiver),
                confirmed=frozenset(confirm),
                is_onward=onward,
                trust=TrustPolicy(load_trust(trust_file)),
            )

        return command(*args, leave=leave, **kwargs)

    confirm = click.option(
        "--confirm",
        multiple=True,
        metavar="CODE",
        help="Go on although this stands against it; recorded together with --reason. May be repeated.",
    )
    return _with_options(with_exit, (confirm, *(option for option in _DISCLOSURE_OPTIONS[-3:])))


def _with_options(command: Command, options: Sequence[Command]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def encryption_options(command: Command) -> Command:
    """Add --recipient, --recipients-file, --lock… and --plain; the command gets `encryption`, a function.

    Called with the name of the bundle and the keys that the user's list gives for its recipient, it gives whom to
    encrypt to, or the passphrase to encrypt with; neither for a bundle that is not encrypted.
    """

    @functools.wraps(command)
    def with_encryption(
        *args: Any,
        recipient_texts: tuple[str, ...],
        recipients_files: tuple[Path, ...],
        lock: bool,
        lock_fd: int | None,
        lock_file: Path | None,
        plain: bool,
        **kwargs: Any,
    ) -> Any:
        recipients: list[Recipient] = [parse_recipient(text) for text in recipient_texts]
        for path in recipients_files:
            recipients += read_recipients_file(path)
        if sum((lock, lock_fd is not None, lock_file is not None, bool(recipients))) > 1:
            raise click.UsageError("a bundle is encrypted to recipients, or locked with one passphrase")
        if plain and (recipients or lock or lock_fd is not None or lock_file is not None):
            raise click.UsageError("--plain leaves the bundle unencrypted, so it goes with no key and no passphrase")

        def encryption(bundle: Path, known: Sequence[str]) -> tuple[tuple[Recipient, ...], Passphrase | None]:
            passphrase = _lock_passphrase(lock, lock_fd, lock_file)
            if recipients or passphrase is not None or plain or not known:
                return tuple(recipients), passphrase
            if not bundle.name.lower().endswith(".age"):
                name = bundle.name.removesuffix(".zip")
                raise UsageError(
                    "your list of recipients has a key to encrypt to, and this name is none of an encrypted bundle",
                    hint=f"name it {shown(name)}.zip.age, or leave it unencrypted with --plain",
                )
            return tuple(parse_recipient(key) for key in known), None

        return command(*args, encryption=encryption, **kwargs)

    options = (
        click.option(
            "--recipient",
            "-r",
            "recipient_texts",
            multiple=True,
            metavar="KEY",
            help="Encrypt to age1... or to the line of an ssh-ed25519 or ssh-rsa public key. May be repeated; without "
            "it: the keys that your list gives for the recipient.",
        ),
        click.option(
            "--recipients-file",
            "-R",
            "recipients_files",
            multiple=True,
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Encrypt to each key in FILE, one a line.",
        ),
        click.option("--lock", is_flag=True, help="Encrypt with a passphrase, asked for on the terminal."),
        click.option(
            "--lock-fd", type=click.IntRange(min=0), metavar="N", help="Read that passphrase from descriptor N."
        ),
        click.option("--lock-file", type=click.Path(path_type=Path), metavar="FILE", help="Read it from FILE."),
        click.option("--plain", is_flag=True, help="Do not encrypt, although your list has a key of the recipient."),
    )
    return _with_options(with_encryption, options)


def _lock_passphrase(lock: bool, descriptor: int | None, file: Path | None) -> Passphrase | None:
    source: PassphraseSource | None = None
    if lock:
        source = TerminalPassphrase()
    elif descriptor is not None:
        source = DescriptorPassphrase(descriptor)
    elif file is not None:
        source = FilePassphrase(file)
    return source.read("the bundle", new=True) if source else None
