"""`evtool key restore`: a backup of an own key, tested or put back."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.key import render_own_key, show_own_key
from evtool.cli.command import Command, options_of
from evtool.cli.options.common import KeyPassphraseOptions
from evtool.cli.options.values import ExistingPath, code_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import UsageError
from evtool.core.text.names import shown
from evtool.keys.own import OwnKey
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.trust import add_signer
from evtool.keys.upkeep import check_backup, restore
from evtool.report.key_document import KeysDocument

EXAMPLES = """\b
Examples:
  evtool key restore A03 /media/stick/A03.key --test
  evtool key restore A03 /media/stick/A03.key

\b
Exit codes:
  0  the backup opens; without --test the key is back in its place
  2  wrong usage
  4  the passphrase is wrong, CODE has a key already, or a file cannot be read
     or written
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("code", type=code_value)
@click.argument("file", type=ExistingPath(path_type=Path))
@click.option("--test", is_flag=True, help="Only open FILE and compare it with your key; put nothing back.")
@options_of(KeyPassphraseOptions, "passphrase")
@output_options
def command(code: str, file: Path, test: bool, passphrase: KeyPassphraseOptions, output: Output) -> None:
    """Put the backup FILE in the place of the key of agent CODE, and trust it yourself."""
    source = passphrase.source() or TerminalPassphrase()
    if test:
        own = OwnKey(code, check_backup(code, file, source))
        output.answer(f"{shown(str(file))}: opens, and holds the key {own.file.public_key.fingerprint}")
    else:
        own = restore(code, file, source)
        output.did(f"the key of {code} is back in its place")
        output.answer(render_own_key(own))
        try:
            add_signer(code, own.file.public_key)
        except UsageError as error:
            output.talk(f"Your trust list was left as it is: {error.message}.")
    output.document(KeysDocument(keys=(show_own_key(own),)))
