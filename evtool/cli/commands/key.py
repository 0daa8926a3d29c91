"""`evtool key`: the user's own signing keys."""

from __future__ import annotations

import click

from evtool.cli.answers.key import FORGOTTEN, render_own_key, say_lock, show_own_key
from evtool.cli.command import Argument, Command, misuse, options_of
from evtool.cli.completion import offers
from evtool.cli.delivery import print_error
from evtool.cli.group import Group
from evtool.cli.options.common import KeyPassphraseOptions
from evtool.cli.options.values import code_value
from evtool.cli.output import Output, output_options, width_of_screen
from evtool.core.errors import ExitCode, KeyFileError, UsageError
from evtool.core.ssh.allowed_signers import AllowedSigner
from evtool.core.ssh.key import PublicKey
from evtool.core.text.names import shown
from evtool.keys.agent import Agent
from evtool.keys.keyfile import public_path
from evtool.keys.own import OwnKey, check_new_code, create_own_key, list_own_keys, read_own_key
from evtool.keys.passphrase import MIN_LETTERS, TerminalPassphrase
from evtool.keys.trust import add_signer, check_new_signer
from evtool.report.columns import fold
from evtool.report.key_document import HeldKey, KeyProblem, KeysDocument

GROUP_EXAMPLES = """\b
Examples:
  evtool key new A03                 make the key of agent A03
  evtool key show A03 --public-key   print what others need to trust it
  evtool key list --ssh-agent        your keys, and those in ssh-agent
  evtool key backup A03 /media/stick/A03.key
  evtool key change A03 --record case-12 --record case-13
  evtool help keys                   lost, stolen, changed, left: what to do

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or a file cannot be read or written
"""

NEW_EXAMPLES = """\b
Examples:
  evtool key new A03
  evtool key new A03 --key-passphrase-fd 3 3< passphrase.txt
  evtool key new nightly-job --no-passphrase

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or a file cannot be read or written

A code stands for a person or a job, so that no name enters a record: 1 to 64 letters, digits, '.', '_', '-'.
"""

SHOW_EXAMPLES = """\b
Examples:
  evtool key show                               your only key
  evtool key show A03 --public-key > A03.pub    to hand over

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or a file cannot be read or written
"""

LIST_EXAMPLES = """\b
Examples:
  evtool key list
  evtool key list --ssh-agent --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  a key or a file cannot be read or written
"""


_MODULES = {
    "passphrase": "evtool.cli.commands.key_passphrase",
    "backup": "evtool.cli.commands.key_backup",
    "restore": "evtool.cli.commands.key_restore",
    "change": "evtool.cli.commands.key_change",
    "retire": "evtool.cli.commands.key_retire",
}


@click.group(cls=Group, modules=_MODULES, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Make, show, back up, change and end your own signing keys."""


@command.command("new", cls=Command, epilog=NEW_EXAMPLES)
@click.argument("code", type=code_value)
@click.option("--no-passphrase", is_flag=True, help="Leave the key unlocked: whoever reads the file can sign.")
@click.option(
    "--another-key",
    is_flag=True,
    help="Make it although another key counts for CODE: that one is lost, and what it signed still counts.",
)
@options_of(KeyPassphraseOptions, "passphrase")
@output_options
def new(code: str, no_passphrase: bool, another_key: bool, passphrase: KeyPassphraseOptions, output: Output) -> None:
    """Make the key of agent CODE, and trust it yourself.

    The key is an Ed25519 key in OpenSSH's format, locked with a passphrase that is asked for without echo.
    Nothing in it names you or this machine.
    """
    source = passphrase.source()
    if no_passphrase and source:
        raise misuse(
            UsageError("--no-passphrase and a passphrase exclude each other", key="no-passphrase-and-passphrase")
        )
    check_new_code(code)
    if not another_key:
        check_new_signer(code)
    if not no_passphrase and source is None:
        output.talk(f"The passphrase needs {MIN_LETTERS} letters or more; several words are best. {FORGOTTEN}")
    own = create_own_key(code, None if no_passphrase else source or TerminalPassphrase())
    output.did(f"made the key of agent {code}, {own.file.public_key.fingerprint}")
    signer = add_signer(code, own.file.public_key, another_key=another_key)
    output.document(KeysDocument(keys=(show_own_key(own),), trusted=True))
    output.answer(render_own_key(own))
    output.talk(_advice(own, signer))


@command.command("show", cls=Command, epilog=SHOW_EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, required=False, completes=offers.OWN_CODE)
@click.option("--public-key", is_flag=True, help="Print only the public key, as a .pub file without comment.")
@output_options
def show(code: str | None, public_key: bool, output: Output) -> None:
    """Show the key of agent CODE, or your only one."""
    own = read_own_key(code) if code else _only_key()
    output.document(KeysDocument(keys=(show_own_key(own),)))
    output.answer(own.file.public_key.line if public_key else render_own_key(own))


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@click.option("--ssh-agent", is_flag=True, help="Also list the Ed25519 keys that ssh-agent holds.")
@output_options
def list_(ssh_agent: bool, output: Output) -> int:
    """List your own keys.

    A key that cannot be read is named on stderr, and the exit code is 4.
    """
    own = list_own_keys()
    held = _agent_keys() if ssh_agent else ()
    document = KeysDocument(
        keys=tuple(show_own_key(key) for key in own.keys),
        problems=tuple(KeyProblem(error=problem.message, hint=problem.hint) for problem in own.problems),
        agent_keys=tuple(HeldKey(fingerprint=key.fingerprint, public_key=key.line) for key in held)
        if ssh_agent
        else None,
    )
    output.document(document)
    listed = [(key.code, f"{key.file.public_key.fingerprint} {say_lock(key)}") for key in own.keys]
    listed += [("(ssh-agent)", f"{key.fingerprint} {key.key_type}") for key in held]
    if listed:
        width = width_of_screen()
        output.answer("\n".join(f"{code:<16} {fold(said, 17, width)}" for code, said in listed))
    elif not own.problems:
        output.talk("You have no keys yet: `evtool key new CODE` makes the key of agent CODE.")
    for problem in own.problems:
        print_error(problem.message, problem.hint)
    return ExitCode.NOT_CHECKED if own.problems else ExitCode.OK


def _only_key() -> OwnKey:
    own = list_own_keys()
    if own.problems:
        raise own.problems[0]
    if not own.keys:
        raise KeyFileError("you have no keys yet", hint="`evtool key new CODE` makes one", key="no-keys-yet")
    if len(own.keys) > 1:
        raise KeyFileError(
            "you have {count} keys: {codes}",
            hint="say which: `evtool key show CODE`",
            key="which-key",
            count=len(own.keys),
            codes=", ".join(key.code for key in own.keys),
        )
    return own.keys[0]


def _agent_keys() -> tuple[PublicKey, ...]:
    with Agent() as agent:
        return agent.list_keys()


def _advice(own: OwnKey, signer: AllowedSigner) -> str:
    lines = [
        f"You now trust it yourself as {own.code} (line {signer.line_number} of your trust file).",
        f"Private key: {shown(str(own.file.path))}",
        "  Never give it to anybody. Keep a copy in a safe place, apart from this machine:",
        f"  `evtool key backup {own.code} FILE`. {FORGOTTEN}"
        if own.file.encrypted
        else f"  `evtool key backup {own.code} FILE`.",
        f"Public key:  {shown(str(public_path(own.file.path)))}",
        "  Give it to those who are to verify your seals, and read them the fingerprint by telephone.",
    ]
    return "\n".join(lines)
