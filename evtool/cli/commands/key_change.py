"""`evtool key change`: the next key of an agent, and the records that are told of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.key import FORGOTTEN, render_own_key, show_own_key
from evtool.cli.command import Argument, Command, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.delivery import print_error
from evtool.cli.options.common import KeyPassphraseOptions, NewPassphraseOptions
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.custody.entry import NOT_STATED
from evtool.core.errors import EvtoolError, ExitCode, KeyFileError, UsageError
from evtool.core.ssh.key import PublicKey
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.keyfile import KeyFile, make_private_key
from evtool.keys.own import OwnKey, read_new_passphrase, read_own_key
from evtool.keys.passphrase import PassphraseSource, TerminalPassphrase
from evtool.keys.signer import Signer, choose_rehearsal_signer, choose_signer
from evtool.keys.trust import add_signer
from evtool.keys.upkeep import old_keys, replace_key
from evtool.operations.author import Author
from evtool.operations.entries.key_change import announce_key, choose_old_key
from evtool.report.key_document import KeysDocument, ToldRecord
from evtool.report.language import english

EXAMPLES = """\b
Examples:
  evtool key change A03 --record case-12 --record case-13
  evtool key change A03 --record case-12 --dry-run
  evtool key change A03 --no-new-key --record case-14
                                     the key was changed already

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key cannot be read or written, or a record could not be told

In each record that is named, the old key signs an entry `admitted`: the new key acts for the same agent from then on,
and the old one counts no more once the new one has signed. The old key is set aside and stays trusted, so that what it
signed still verifies. If it was stolen, end it as well: `evtool help keys`.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.OWN_CODE)
@click.option("--record", "records", multiple=True, type=click.Path(), metavar="DIR", help="Tell this record.")
@click.option("--no-new-key", is_flag=True, help="The key was changed already: only tell the records that are named.")
@options_of(KeyPassphraseOptions, "old", "Passphrase of the old key")
@options_of(NewPassphraseOptions, "new", "Passphrase of the new key")
@entry_options
@output_options
def command(
    code: str,
    records: tuple[str, ...],
    no_new_key: bool,
    old: KeyPassphraseOptions,
    new: NewPassphraseOptions,
    entry: EntryOptions,
    output: Output,
) -> int:
    """Make the next key of agent CODE, and tell records of it.

    You trust the new key yourself. Others have to be told: give them the public key, and read them the fingerprint.
    """
    if no_new_key and not records:
        raise misuse(UsageError("--no-new-key goes with --record DIR", key="no-new-key-record"))
    if entry.custody is not None and len(records) != 1:
        raise misuse(UsageError("--custody goes with one --record DIR", key="custody-one-record"))
    unlocked = _Signers(code, old.source() or TerminalPassphrase(), dry_run=entry.dry_run)
    is_new = not no_new_key
    if no_new_key:
        own, former = read_own_key(code), _require_old_keys(code)
    else:
        if records:
            # Nothing is changed before it is known that the old key can be unlocked.
            unlocked.take(read_own_key(code).file)
        own, former = _rehearse(code, new) if entry.dry_run else _change(code, new, output)
    public_key = make_private_key()[1] if is_new and entry.dry_run else own.file.public_key
    told = [_tell(record, public_key, former, unlocked.take, entry, output) for record in records]
    output.answer("\n".join([*_say_whose(own, entry, is_new), *(_as_text(record, entry) for record in told)]))
    output.document(
        KeysDocument(
            dry_run=entry.dry_run,
            keys=(show_own_key(own),),
            trusted=None if entry.dry_run else True,
            old_key=former[0].public_key.fingerprint,
            records=tuple(told),
        )
    )
    for record in told:
        if record.error is not None:
            print_error(f"{shown(record.path)}: {record.error}", record.hint)
    if not entry.dry_run:
        output.talk(_advice(own, former[0].public_key))
    return ExitCode.NOT_CHECKED if any(record.error is not None for record in told) else ExitCode.OK


def _require_old_keys(code: str) -> list[KeyFile]:
    if former := old_keys(code):
        return former
    raise KeyFileError(
        "{code} has no old key", hint="`evtool key change {code}` makes the next one", key="no-old-key", code=code
    )


class _Signers:
    """Signers with old keys; each is unlocked once."""

    def __init__(self, code: str, passphrase: PassphraseSource, *, dry_run: bool) -> None:
        self._dry_run = dry_run
        self._code = code
        self._passphrase = passphrase
        self._signers: dict[str, Signer] = {}

    def take(self, key: KeyFile) -> Signer:
        fingerprint = key.public_key.fingerprint
        if fingerprint not in self._signers:
            path = str(key.path)
            self._signers[fingerprint] = (
                choose_rehearsal_signer(key=path, agent_code=self._code)
                if self._dry_run
                else choose_signer(key=path, agent_code=self._code, passphrase=self._passphrase)
            )
        return self._signers[fingerprint]


def _rehearse(code: str, new: NewPassphraseOptions) -> tuple[OwnKey, list[KeyFile]]:
    """Give the key that would be followed by another one, and the old keys as they would be then."""
    new.source()
    own = read_own_key(code)
    return own, [own.file, *old_keys(code)]


def _say_whose(own: OwnKey, entry: EntryOptions, is_new: bool) -> list[str]:
    if not (entry.dry_run and is_new):
        return [render_own_key(own)]
    old = own.file.public_key.fingerprint
    return [f"{own.code}: would get its next key, and {old} would be set aside; nothing was written"]


def _change(code: str, new: NewPassphraseOptions, output: Output) -> tuple[OwnKey, list[KeyFile]]:
    """Make the next key, and trust it."""
    source = new.source()
    if isinstance(source, TerminalPassphrase):
        output.talk(f"The new key gets a passphrase of its own. {FORGOTTEN}")
    passphrase = read_new_passphrase(code, source)
    change = replace_key(code, passphrase)
    output.did(f"made the next key of agent {code}, {change.new.file.public_key.fingerprint}")
    add_signer(code, change.new.file.public_key, another_key=True)
    return change.new, old_keys(code)


def _tell(
    path: str,
    new: PublicKey,
    former: Sequence[KeyFile],
    unlock: Callable[[KeyFile], Signer],
    entry: EntryOptions,
    output: Output,
) -> ToldRecord:
    """Tell one record; one that cannot be told does not keep the others from it."""
    header = entry.header()
    if header.reason == NOT_STATED:
        header = replace(header, reason="the key was changed")
    try:
        key = choose_old_key(path, new, [key.public_key for key in former], where=entry.place())
        signer = unlock(next(file for file in former if file.public_key == key))
        result = announce_key(path, Author(signer, entry.policy()), new, header, where=entry.place())
    except EvtoolError as error:
        return ToldRecord(path=path, error=error.message, hint=error.hint)
    if entry.dry_run:
        return ToldRecord(path=path, entry=result.entry)
    output.did(f"{shown(path)}: added entry {result.entry}")
    return ToldRecord(path=path, entry=result.entry, head=result.head)


def _as_text(record: ToldRecord, entry: EntryOptions) -> str:
    if record.entry is not None and entry.dry_run:
        return f"{shown(record.path)}: would add entry {record.entry}; nothing was written"
    if record.entry is None or record.head is None:
        return f"{shown(record.path)}: not told"
    return "\n".join([f"{shown(record.path)}: added entry {record.entry}", *head_lines(english(), record.head)])


def _advice(own: OwnKey, old: PublicKey) -> str:
    code = own.code
    lines = [
        f"You now trust it yourself as {code}. The old key, {old.fingerprint}, was set aside and stays trusted.",
        f"Make a backup: `evtool key backup {code} FILE`.",
        "Give the public key to those who verify your seals, and read them the fingerprint by telephone:",
        f"  evtool trust add {code} {code}.pub --another-key",
        "In records that were not named, let the old key admit the new one before you sign:",
        f"  evtool key change {code} --no-new-key --record DIR",
    ]
    return "\n".join(lines)
