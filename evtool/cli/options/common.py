"""Options and kinds of values that several commands share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evtool.cli.output import Output, ProgressMode
from evtool.core.errors import FormatError
from evtool.core.text.codes import check_code
from evtool.core.text.names import shown
from evtool.keys.passphrase import DescriptorPassphrase, FilePassphrase, PassphraseSource, TerminalPassphrase
from evtool.report.findings import IN_JSON, IN_TEXT

if TYPE_CHECKING:
    # It imports the key formats of cryptography, which only whoever signs needs.
    from evtool.keys.signer import Signer

Command = Callable[..., Any]

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2}))?\Z")


def code_value(text: str) -> str:
    """Take the code of an agent from the command line (given to click as a `type`)."""
    try:
        return check_code(text)
    except FormatError as error:
        raise click.BadParameter(f"{error.message}: {error.hint}") from None


def moment_value(text: str) -> datetime:
    """Take a date, which means its first moment in UTC, or a date and time with its offset (RFC 3339).

    A time of day without an offset would mean another moment on another machine, and is refused.
    """
    try:
        if not _MOMENT.match(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{shown(text, 80)} is not a moment: expected 2026-03-01 or 2026-03-01T09:30:00+09:00"
        ) from None


def output_options(command: Command) -> Command:
    """Add --json and --quiet; the command gets them as `output`."""

    @functools.wraps(command)
    def with_output(*args: Any, json_: bool, quiet: bool, **kwargs: Any) -> Any:
        done: list[str] = click.get_current_context().obj
        return command(*args, output=Output(json=json_, quiet=quiet, done=done), **kwargs)

    quiet = click.option("--quiet", "-q", is_flag=True, help="Print only the answer and errors.")
    return click.option("--json", "json_", is_flag=True, help="Print one JSON document.")(quiet(with_output))


def workers_options(command: Command) -> Command:
    """Add --jobs and --scheduler."""
    jobs = click.option(
        "--jobs",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Number of worker processes; without it four for each core, but no more than 16.",
    )
    scheduler = click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Read on the Dask cluster of this scheduler. All workers need the same evtool[dask], and the directory "
        "on shared storage under the same path. A worker that is lost costs time only.",
    )
    return jobs(scheduler(command))


def progress_option(command: Command) -> Command:
    """Add --progress; to be put below `output_options`, of whose `output` it becomes a part."""

    @functools.wraps(command)
    def with_progress(*args: Any, progress_: str, output: Output, **kwargs: Any) -> Any:
        return command(*args, output=replace(output, progress=ProgressMode(progress_)), **kwargs)

    return click.option(
        "--progress",
        "progress_",
        type=click.Choice([mode.value for mode in ProgressMode]),
        default=ProgressMode.AUTO.value,
        show_default=True,
        help="On a terminal, as JSON lines on standard error, or not at all.",
    )(with_progress)


def findings_option(command: Command) -> Command:
    """Add --all; to be put below `output_options`, of whose `output` it becomes a part."""

    @functools.wraps(command)
    def with_all(*args: Any, lists_all: bool, output: Output, **kwargs: Any) -> Any:
        return command(*args, output=replace(output, lists_all=lists_all), **kwargs)

    help_text = (
        f"List every finding. Without it: {IN_TEXT} of a kind, with --json {IN_JSON:,}, and a count of the rest."
    )
    return click.option("--all", "lists_all", is_flag=True, help=help_text)(with_all)


def passphrase_options(command: Command) -> Command:
    """Add --passphrase-fd and --passphrase-file; the command gets `passphrase`, None if neither is given."""

    @functools.wraps(command)
    def with_passphrase(*args: Any, passphrase_fd: int | None, passphrase_file: Path | None, **kwargs: Any) -> Any:
        return command(*args, passphrase=_passphrase_source(passphrase_fd, passphrase_file), **kwargs)

    from_descriptor = click.option(
        "--passphrase-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the passphrase from open file descriptor N (0 is stdin).",
    )
    from_file = click.option(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read the passphrase from FILE, which only you may read.",
    )
    return from_descriptor(from_file(with_passphrase))


@dataclass(frozen=True, slots=True)
class SigningOptions:
    """Who signs, as asked on the command line.

    Attributes:
        key: key file, `.pub` file of a key in ssh-agent, or fingerprint; None for the only own key.
        agent: code to sign under; None for that of the key.
        passphrase: where the passphrase comes from if the key needs one.
    """

    key: str | None
    agent: str | None
    passphrase: PassphraseSource

    def choose(self) -> Signer:
        """Find and unlock the key; to be called before hours of work, not after.

        Raises:
            KeyFileError: as `choose_signer`.
        """
        # This imports cryptography, which commands that do not sign never need.
        from evtool.keys.signer import choose_signer

        return choose_signer(key=self.key, agent_code=self.agent, passphrase=self.passphrase)


def own_code() -> str | None:
    """Give the code of the only own key; of several nobody knows which would sign."""
    from evtool.keys.own import list_own_keys

    codes = [key.code for key in list_own_keys().keys]
    return codes[0] if len(codes) == 1 else None


def signing_options(command: Command) -> Command:
    """Add --key, --agent, --passphrase-fd and --passphrase-file; the command gets them as `signing`."""

    @functools.wraps(command)
    def with_signing(
        *args: Any, key: str | None, agent: str | None, passphrase: PassphraseSource | None, **kwargs: Any
    ) -> Any:
        return command(*args, signing=SigningOptions(key, agent, passphrase or TerminalPassphrase()), **kwargs)

    key = click.option(
        "--key",
        metavar="FILE",
        help="Sign with this key: a key file, the .pub file or the fingerprint SHA256:... of a key in ssh-agent. "
        "Without it: your own key named --agent, or your only one.",
    )
    agent = click.option(
        "--agent", type=code_value, metavar="CODE", help="Sign under this code. Without it: the key's."
    )
    return key(agent(passphrase_options(with_signing)))


def _passphrase_source(descriptor: int | None, file: Path | None) -> PassphraseSource | None:
    if descriptor is not None and file is not None:
        raise click.UsageError("--passphrase-fd and --passphrase-file are two answers to one question; give one")
    if descriptor is not None:
        return DescriptorPassphrase(descriptor)
    return FilePassphrase(file) if file is not None else None
