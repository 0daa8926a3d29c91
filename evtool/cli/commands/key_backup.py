"""`evtool key backup`: a locked copy of an own key in another place."""

from __future__ import annotations

from pathlib import Path

import click

from evtool.cli.answers.key import FORGOTTEN, show_own_key
from evtool.cli.command import Argument, Command
from evtool.cli.completion import offers
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options
from evtool.core.text.names import shown
from evtool.keys.upkeep import back_up
from evtool.report.key_document import KeysDocument

EXAMPLES = """\b
Examples:
  evtool key backup A03 /media/stick/A03.key
  evtool key restore A03 /media/stick/A03.key --test
                                     does the copy open with its passphrase?
  evtool key backup nightly-job job.key --unlocked

\b
Exit codes:
  0  the copy was written, and read again
  2  wrong usage
  4  the key has no passphrase, or a file cannot be read or written

The copy is an OpenSSH key file, locked with the passphrase of the key; `ssh-keygen -y -f FILE` opens it, too. Keep it
in another building than the machine, and the passphrase in another place than the copy.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.OWN_CODE)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unlocked", is_flag=True, help="Copy a key that has no passphrase: whoever finds the copy can sign.")
@output_options
def command(code: str, file: Path, unlocked: bool, output: Output) -> None:
    """Copy the locked key of agent CODE to the new file FILE, and read it back."""
    own = back_up(code, file, unlocked=unlocked)
    place = shown(str(file))
    output.answer(f"{place}: backup of the key of {code}, {own.file.public_key.fingerprint}", done=True)
    output.document(KeysDocument(keys=(show_own_key(own),)))
    lines = [
        f"Test it now, and once a year: `evtool key restore {code} FILE --test`.",
        f"On another machine, `evtool key restore {code} FILE` puts it back.",
    ]
    output.talk("\n".join([*lines, *([FORGOTTEN] if own.file.encrypted else [])]))
