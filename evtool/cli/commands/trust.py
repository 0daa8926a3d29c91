"""`evtool trust`: whose keys the user trusts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from evtool.cli.command import Argument, Command, misuse
from evtool.cli.completion import offers
from evtool.cli.group import Group
from evtool.cli.options.values import code_value, moment_value
from evtool.cli.output import Output, output_options, width_of_screen
from evtool.core.errors import UsageError
from evtool.core.finding import Cause
from evtool.core.ssh.allowed_signers import AllowedSigner, SkippedLine
from evtool.core.ssh.key import PublicKey
from evtool.core.text.names import shown
from evtool.keys.keyfile import MAX_KEY_FILE, parse_public_key, read_public_key_file
from evtool.keys.trust import REVOKED_ALTOGETHER, add_signer, load_trust, revoke
from evtool.report.columns import fold
from evtool.report.key_document import SkippedTrustLine, TrustDocument, TrustedSigner

GROUP_EXAMPLES = """\b
Examples:
  evtool trust add B07 B07.pub                 trust this key as that of B07
  evtool trust list
  evtool trust revoke B07 --as-of 2026-03-01   what B07 provably signed until
                                               then still counts
  evtool trust revoke SHA256:...               nothing that it signed counts
  evtool trust tsa add root.pem                trust a time-stamping authority

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or the trust list cannot be read or written

Keys inside a sealed directory are never trusted by themselves. The trust list is an OpenSSH allowed_signers file;
ssh-keygen reads it as well.
"""

ADD_EXAMPLES = """\b
Examples:
  evtool trust add B07 B07.pub
  evtool trust add B07 - < B07.pub
  evtool trust add B07 B07.pub --valid-after 2026-01-01 \\
      --valid-before 2026-12-31T23:59:59+09:00

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or the trust list cannot be read or written

Confirm the fingerprint with its owner through a separate channel, by telephone or in person, before you rely on it. A
date alone means its first moment in UTC.
"""

LIST_EXAMPLES = """\b
Examples:
  evtool trust list
  evtool trust list --json

\b
Exit codes:
  0  listed
  2  wrong usage
  4  a key or the trust list cannot be read or written
"""

REVOKE_EXAMPLES = """\b
Examples:
  evtool trust revoke B07 --as-of 2026-03-01T09:30:00+09:00
                                     the laptop was stolen then
  evtool trust revoke SHA256:...     the key was never that of B07

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or the trust list cannot be read or written

With --as-of, a signature still counts if a trusted time-stamp shows that it was made by then. Without it, nothing that
the key ever signed counts. A date alone means its first moment in UTC.
"""


@click.group(cls=Group, modules={"tsa": "evtool.cli.commands.trust_tsa"}, epilog=GROUP_EXAMPLES)
def command() -> None:
    """Decide whose keys, and which time-stamp authorities, you trust."""


@command.command("add", cls=Command, epilog=ADD_EXAMPLES)
@click.argument("code", type=code_value)
@click.argument("file", metavar="FILE.pub|-", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--valid-after", type=moment_value, metavar="MOMENT", help="The key counts from this moment on.")
@click.option(
    "--valid-before", type=moment_value, metavar="MOMENT", help="The key counts up to this moment, itself included."
)
@click.option("--another-key", is_flag=True, help="Take it although another key of CODE counts.")
@output_options
def add(
    code: str,
    file: Path,
    valid_after: datetime | None,
    valid_before: datetime | None,
    another_key: bool,
    output: Output,
) -> None:
    """Trust the key in FILE.pub as that of agent CODE."""
    if valid_after and valid_before and valid_before <= valid_after:
        raise misuse(UsageError("--valid-before is not later than --valid-after", key="valid-before-after"))
    signer = add_signer(
        code,
        _read_public_key(file),
        valid_after=valid_after,
        valid_before=valid_before,
        another_key=another_key,
    )
    output.did(f"agent {code} is trusted with the key {signer.public_key.fingerprint}")
    _print([signer], [], output)
    output.talk(f"Trusted from now on. Compare the fingerprint with {code}, by telephone or in person.")


@command.command("list", cls=Command, epilog=LIST_EXAMPLES)
@output_options
def list_(output: Output) -> None:
    """List whose keys you trust, and which lines of your trust file trust nobody."""
    trust = load_trust()
    _print(trust.signers, trust.skipped, output)
    if not trust.signers:
        output.talk("You trust no keys yet: `evtool trust add CODE FILE.pub` trusts one.")


@command.command("revoke", cls=Command, epilog=REVOKE_EXAMPLES)
@click.argument("code_or_fingerprint", cls=Argument, completes=offers.TRUSTED, metavar="CODE|SHA256:...")
@click.option("--as-of", type=moment_value, metavar="MOMENT", help="The last moment at which the key still counted.")
@output_options
def revoke_(code_or_fingerprint: str, as_of: datetime | None, output: Output) -> None:
    """End the trust in a key, or in all keys of an agent.

    The lines stay in the trust file with an end put on them, so that verification can say why a key does not
    count. An earlier end stays as it is.
    """
    signers = revoke(code_or_fingerprint, as_of)
    output.did(f"trust in {shown(code_or_fingerprint)} was ended")
    _print(signers, [], output)
    if as_of:
        output.talk("What a trusted time-stamp shows to be signed by then still counts.")
    else:
        output.talk("Nothing that was ever signed with it counts.")


def _read_public_key(file: Path) -> PublicKey:
    if str(file) == "-":
        return parse_public_key(sys.stdin.buffer.read(MAX_KEY_FILE))
    return read_public_key_file(file)


def _print(signers: Sequence[AllowedSigner], skipped: Sequence[SkippedLine], output: Output) -> None:
    output.document(
        TrustDocument(
            signers=tuple(_signer(signer) for signer in signers),
            skipped=tuple(SkippedTrustLine(line=line.line_number, reason=line.why.message) for line in skipped),
        )
    )
    if signers:
        width = width_of_screen()
        output.answer("\n".join(_as_text(signer, width) for signer in signers))
    for line in skipped:
        output.note("trust-line", number=line.line_number, why=Cause.of(line.why))


def _signer(signer: AllowedSigner) -> TrustedSigner:
    return TrustedSigner(
        line=signer.line_number,
        agents=signer.principals,
        fingerprint=signer.public_key.fingerprint,
        public_key=signer.public_key.line,
        namespaces=signer.namespaces,
        valid_after=_moment(signer.valid_after),
        valid_before=_moment(signer.valid_before),
    )


def _as_text(signer: AllowedSigner, width: int | None) -> str:
    uses = "anything" if signer.namespaces is None else shown(",".join(signer.namespaces))
    said = f"{signer.public_key.fingerprint} for {uses}"
    if signer.valid_before and signer.valid_before <= REVOKED_ALTOGETHER:
        said += ", revoked: nothing that it signed counts"
    else:
        said += f" from {_moment(signer.valid_after)}" if signer.valid_after else ""
        said += f" until {_moment(signer.valid_before)}" if signer.valid_before else ""
    return f"{shown(','.join(signer.principals)):<16} {fold(said, 17, width)}"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
