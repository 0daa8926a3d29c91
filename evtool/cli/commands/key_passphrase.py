"""`evtool key passphrase`: another passphrase for an own key."""

from __future__ import annotations

import click

from evtool.cli.answers.key import FORGOTTEN, render_own_key, show_own_key
from evtool.cli.command import Argument, Command, options_of
from evtool.cli.completion import offers
from evtool.cli.options.common import KeyPassphraseOptions, NewPassphraseOptions
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.upkeep import change_passphrase
from evtool.report.key_document import KeysDocument

EXAMPLES = """\b
Examples:
  evtool key passphrase A03
  evtool key passphrase A03 --key-passphrase-file old.txt \\
      --new-passphrase-file new.txt

\b
Exit codes:
  0  the key has the new passphrase
  2  wrong usage
  4  the passphrase is wrong, or a file cannot be read or written

A copy that was made before still opens with the old passphrase: if somebody may know that, change the key instead
(`evtool key change`).
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.OWN_CODE)
@options_of(KeyPassphraseOptions, "old", "Passphrase up to now")
@options_of(NewPassphraseOptions, "new", "New passphrase")
@output_options
def command(code: str, old: KeyPassphraseOptions, new: NewPassphraseOptions, output: Output) -> None:
    """Lock the key of agent CODE with another passphrase.

    The key stays the same, so nobody needs to be told.
    """
    own = change_passphrase(code, old.source() or TerminalPassphrase(), new.source())
    output.answer(f"The key of {code} has the new passphrase.\n{render_own_key(own)}", done=True)
    output.document(KeysDocument(keys=(show_own_key(own),)))
    output.talk(f"Make a new backup: `evtool key backup {code} FILE`. {FORGOTTEN}")
