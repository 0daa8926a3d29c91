"""Options that many commands share: who signs, who works, where the record is, whom to trust."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from evtool.cli.command import Option, flag, misuse, one_of_two, options_of
from evtool.cli.completion import offers
from evtool.cli.environment import Variable, blaming
from evtool.cli.options.values import code_value
from evtool.core.errors import FormatError, KeyFileError, UsageError, Way
from evtool.core.text.codes import check_code
from evtool.keys.home import home_directory, is_there
from evtool.keys.home import recipients_file as own_recipients_file
from evtool.keys.passphrase import DescriptorPassphrase, FilePassphrase, PassphraseSource, TerminalPassphrase
from evtool.operations.record.place import BundleAccess, RecordPlace

if TYPE_CHECKING:
    from evtool.core.ssh.key import PublicKey

    # It imports the key formats of cryptography, which only whoever signs needs.
    from evtool.keys.signer import Signer


def passphrase_source(descriptor: int | None, file: Path | None, names: tuple[str, str]) -> PassphraseSource | None:
    """Give where a passphrase comes from: a descriptor or a file; None if neither is given.

    Raises:
        click.UsageError: both are given.
    """
    if descriptor is not None and file is not None:
        raise misuse(one_of_two(*names))
    if descriptor is not None:
        return DescriptorPassphrase(descriptor)
    return FilePassphrase(file) if file is not None else None


_KEY_PASSPHRASE = ("--key-passphrase-fd", "--key-passphrase-file")


def key_passphrase_fd_flag() -> Any:
    """Declare --key-passphrase-fd."""
    return flag(
        "--key-passphrase-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the key's passphrase from open file descriptor N (0 is stdin).",
    )


def key_passphrase_file_flag() -> Any:
    """Declare --key-passphrase-file."""
    return flag(
        "--key-passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the key's passphrase from FILE, which only you may read.",
    )


class KeyPassphraseOptions(Struct, frozen=True):
    """Where the passphrase of a new key comes from.

    Attributes:
        descriptor: a number of an open file, or None.
        file: a file, or None.
    """

    descriptor: int | None = key_passphrase_fd_flag()
    file: Path | None = key_passphrase_file_flag()

    def source(self) -> PassphraseSource | None:
        """Give where it comes from; None if neither is given."""
        return passphrase_source(self.descriptor, self.file, _KEY_PASSPHRASE)


_NEW_PASSPHRASE = ("--new-passphrase-fd", "--new-passphrase-file")


class NewPassphraseOptions(Struct, frozen=True):
    """What a key is locked with from now on.

    Attributes:
        none: with nothing.
        descriptor: a number of an open file with the passphrase, or None.
        file: a file with it, or None.
    """

    none: bool = flag("--no-passphrase", is_flag=True, help="Leave the key unlocked: whoever reads the file can sign.")
    descriptor: int | None = flag(
        _NEW_PASSPHRASE[0],
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the new passphrase from open file descriptor N (0 is stdin).",
    )
    file: Path | None = flag(
        _NEW_PASSPHRASE[1],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the new passphrase from FILE, which only you may read.",
    )

    def source(self) -> PassphraseSource | None:
        """Give where it comes from, the terminal if nothing else is said; None for a key that is left unlocked.

        Raises:
            click.UsageError: more than one answer is given.
        """
        given = passphrase_source(self.descriptor, self.file, _NEW_PASSPHRASE)
        if self.none and given:
            raise misuse(
                UsageError("--no-passphrase and a passphrase exclude each other", key="no-passphrase-and-passphrase")
            )
        return None if self.none else given or TerminalPassphrase(Way.NEW_PASSPHRASE)


class SigningOptions(Struct, frozen=True):
    """Who signs.

    Attributes:
        key: key file, `.pub` file of a key in ssh-agent, or fingerprint; None for the own key named `agent`.
        agent: code to sign under; None for that of the key. If both are None, the environment is asked for both.
        descriptor: a number of an open file with the key's passphrase, or None.
        file: a file with it, or None.
    """

    key: str | None = flag(
        "--key",
        metavar="FILE",
        help="Sign with this key: a key file, the .pub file or the fingerprint SHA256:... of a key in ssh-agent. "
        "[default: EVTOOL_KEY; your key named --agent, or your only one]",
    )
    agent: str | None = flag(
        "--agent",
        type=code_value,
        metavar="CODE",
        completes=offers.OWN_CODE,
        help="Sign under this code. [default: EVTOOL_AGENT, or the key's]",
    )

    descriptor: int | None = key_passphrase_fd_flag()
    file: Path | None = key_passphrase_file_flag()

    def __post_init__(self) -> None:
        # Refused before hours of work, not after.
        passphrase_source(self.descriptor, self.file, _KEY_PASSPHRASE)

    def choose(self, *, dry_run: bool = False) -> Signer:
        """Find and unlock the key; to be called before hours of work, not after. For a dry run, only find it.

        Raises:
            KeyFileError: as `choose_signer`.
            UsageError: the environment names a code that is none, or a key by no full path.
        """
        # Whoever only asks for help need not wait for the key formats of cryptography.
        from evtool.keys.signer import choose_rehearsal_signer, choose_signer

        key, agent, variables = self._who()
        if variables or dry_run:
            # With variables too: what they are to blame for shows here, and a wrong passphrase does not.
            with blaming(*variables):
                found = choose_rehearsal_signer(key=key, agent_code=agent)
            if dry_run:
                return found
        source = passphrase_source(self.descriptor, self.file, _KEY_PASSPHRASE) or TerminalPassphrase()
        return choose_signer(key=key, agent_code=agent, passphrase=source)

    def _who(self) -> tuple[str | None, str | None, tuple[Variable, ...]]:
        """Give key and code, and the variables that they come from.

        An option answers the question who signs, so then neither variable is asked: --agent B7 must not sign with the
        key that EVTOOL_KEY names for A1.
        """
        if self.key is not None or self.agent is not None:
            return self.key, self.agent, ()
        variables = tuple(variable for variable in (Variable.KEY, Variable.AGENT) if variable.read())
        agent = Variable.AGENT.read()
        if agent is not None:
            with blaming(Variable.AGENT):
                try:
                    check_code(agent)
                except FormatError as error:
                    raise UsageError.like(error) from error
        key = Variable.KEY.read()
        return key if key and key.startswith("SHA256:") else Variable.KEY.read_path(), agent, variables


signing_options = options_of(SigningOptions, "signing", "Who signs")
"""Add --key, --agent and where the key's passphrase comes from; the command gets them as `signing`."""


class WorkerOptions(Struct, frozen=True):
    """Who reads the evidence.

    Attributes:
        jobs: number of worker processes; None for a number that fits the machine.
        scheduler: address of a Dask scheduler, or None.
    """

    jobs: int | None = flag(
        "--jobs",
        otherwise=None,
        type=click.IntRange(1, 256),
        metavar="N",
        help="Number of worker processes. [default: 4 for each core, at most 16]",
    )
    scheduler: str | None = flag(
        "--scheduler",
        otherwise=None,
        metavar="ADDRESS",
        help="Read on the Dask cluster of this scheduler. All workers need the same evtool[dask], and the directory "
        "on shared storage under the same path. A worker that is lost costs time only.",
    )


workers_options = options_of(WorkerOptions, "workers", "Speed")
"""Add --jobs and --scheduler; the command gets them as `workers`."""

jobs_option = options_of(WorkerOptions, "workers", "Speed", without=frozenset({"scheduler"}))
"""Add --jobs alone."""

_CUSTODY: dict[str, Any] = {
    "metavar": "DIR",
    "type": click.Path(),
    "help": "Where the record is. [default: custody/ in the directory]",
}
_CONTINUED: dict[str, Any] = {
    "metavar": "DIR",
    "type": click.Path(),
    "help": "The directory that continues the record of a bundle; `evtool receive` makes it.",
}
_TRUST: dict[str, Any] = {
    "metavar": "FILE",
    "type": click.Path(path_type=Path),
    "help": "Trust list: whose keys count. [default: EVTOOL_TRUST, or your own]",
}
_RECIPIENTS: dict[str, Any] = {
    "metavar": "FILE",
    "type": click.Path(path_type=Path),
    "help": "Recipient list: who they are. [default: your own]",
}

custody_option = click.option("--custody", **_CUSTODY)
"""Add --custody; the command gets it as `custody`."""

continued_option = click.option("--continued", **_CONTINUED)
"""Add --continued; the command gets it as `continued`."""


def entry_option(what: str, name: str = "entry") -> Callable[[Any], Any]:
    """Add --entry; the command gets the number as `name`, or None. `what` says which entry is meant."""
    return click.option(
        "--entry", name, cls=Option, type=click.IntRange(1), metavar="N", completes=offers.ENTRY, help=what
    )


trust_option = click.option("--trust", "trust_file", **_TRUST)
"""Add --trust; the command gets it as `trust_file`."""

recipients_option = click.option("--recipients", "recipients_file", **_RECIPIENTS)
"""Add --recipients; the command gets it as `recipients_file`."""


def custody_flag() -> Any:
    """Declare --custody."""
    return flag("--custody", otherwise=None, **_CUSTODY)


def continued_flag() -> Any:
    """Declare --continued."""
    return flag("--continued", otherwise=None, **_CONTINUED)


def wait_flag() -> Any:
    """Declare --wait."""
    return flag(
        "--wait",
        otherwise=0.0,
        metavar="SECONDS",
        type=click.FloatRange(0, 86400),
        default=0.0,
        help="Wait for another evtool that is writing this record. [default: do not wait]",
    )


def dry_run_flag() -> Any:
    """Declare --dry-run."""
    return flag(
        "--dry-run",
        otherwise=False,
        is_flag=True,
        help="Tell what would be added, after every check; write nothing, and ask neither for a passphrase nor on the "
        "network.",
    )


class PlaceOptions(Struct, frozen=True):
    """Where the record is that a command adds files to.

    Attributes:
        custody: the custody directory; None for that in the evidence directory.
        continued: the directory that continues the record of a bundle, or None.
        wait: seconds to wait for another run that is writing the record.
        dry_run: tell what would be added, and write nothing.
    """

    custody: str | None = custody_flag()
    continued: str | None = continued_flag()
    wait: float = wait_flag()
    dry_run: bool = dry_run_flag()

    def place(self, access: BundleAccess | None = None) -> RecordPlace:
        """Give where it is; `access` is what opens an encrypted bundle."""
        return RecordPlace(self.custody, self.continued, access or BundleAccess(), self.wait, self.dry_run)


place_options = options_of(PlaceOptions, "where", "The record")
"""Add --custody, --continued, --wait and --dry-run; the command gets them as `where`."""

reading_options = options_of(PlaceOptions, "where", "The record", without=frozenset({"wait", "dry_run"}))
"""Add --custody and --continued, for a command that only reads; it gets them as `where`."""


def trust_flag() -> Any:
    """Declare --trust."""
    return flag("--trust", **_TRUST)


def load_receipt_keys(trust_file: Path | None, recipients_file: Path | None) -> Mapping[str, frozenset[PublicKey]]:
    """Give the keys with which recipients sign receipts: code -> keys.

    Whoever names a trust list means that and nothing else: then the user's own list of recipients is not looked at.

    Raises:
        InputError, FormatError: the list of recipients cannot be read.
    """
    if recipients_file is None and (trust_file is not None or not is_there(own_recipients_file(home_directory()))):
        return {}
    # Start-up time: it imports what consent is decided by.
    from evtool.keys.recipients import load_recipients

    return load_recipients(recipients_file).receipt_keys


def recipients_flag() -> Any:
    """Declare --recipients."""
    return flag("--recipients", **_RECIPIENTS)


def who_would_sign(agent: str | None) -> tuple[str | None, PublicKey | None]:
    """Give the code, and if it is known the key, of whoever would hand over; the question can be asked without one."""
    try:
        signer = SigningOptions(None, agent, None, None).choose(dry_run=True)
    except KeyFileError:
        return agent or Variable.AGENT.read(), None
    return signer.code, signer.public_key
