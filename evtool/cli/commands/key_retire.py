"""`evtool key retire`: the end of an own key."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from evtool.cli.answers.key import show_own_key
from evtool.cli.command import Argument, Command, misuse
from evtool.cli.completion import offers
from evtool.cli.options.values import code_value, moment_value
from evtool.cli.output import Output, output_options
from evtool.core.errors import UsageError
from evtool.core.text.names import shown
from evtool.keys.own import read_own_key
from evtool.keys.trust import revoke
from evtool.keys.upkeep import set_aside
from evtool.report.key_document import KeysDocument

EXAMPLES = """\b
Examples:
  evtool key retire A03
  evtool key retire A03 --keep-trust
                                     the passphrase is forgotten
  evtool key retire A03 --as-of 2026-03-01T09:30:00+09:00
                                     the laptop was stolen then

\b
Exit codes:
  0  done
  2  wrong usage
  4  a key or the trust list cannot be read or written

Of what the key has signed, only what a time-stamp proves to be older still counts as signed by somebody you trust. A
key that was merely replaced needs no end: see `evtool key change`. A date alone means its first moment in UTC.
"""


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("code", cls=Argument, type=code_value, completes=offers.OWN_CODE)
@click.option("--as-of", type=moment_value, metavar="MOMENT", help="The last moment it counted. [default: now]")
@click.option("--keep-trust", is_flag=True, help="Only set it aside: it is lost, and nobody else has it.")
@output_options
def command(code: str, as_of: datetime | None, keep_trust: bool, output: Output) -> None:
    """End the key of agent CODE: it signs no more, and you trust it no longer.

    The key is not deleted but set aside, and CODE is free for another key.
    """
    if keep_trust and as_of is not None:
        raise misuse(UsageError("--as-of and --keep-trust exclude each other", key="as-of-keep-trust"))
    own = read_own_key(code)
    fingerprint = own.file.public_key.fingerprint
    if keep_trust:
        old = set_aside(code)
        output.answer(f"The key of {code}, {fingerprint}, signs no more; what it signed still counts.", done=True)
        output.document(KeysDocument(keys=(show_own_key(own),), old_key=fingerprint))
        output.talk(
            f"It was set aside: {shown(str(old.path))}\n`evtool key new {code} --another-key` makes another one."
        )
        return
    moment = (as_of or datetime.now(UTC)).replace(microsecond=0)
    try:
        revoke(fingerprint, moment)
        output.did(f"trust in the key of {code} was ended")
    except UsageError as error:
        output.talk(f"Your trust list was left as it is: {error.message}.")
    old = set_aside(code)
    until = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    output.answer(f"The key of {code}, {fingerprint}, signs no more; it counts until {until}.", done=True)
    output.document(KeysDocument(keys=(show_own_key(own),), old_key=fingerprint))
    output.talk(
        f"It was set aside: {shown(str(old.path))}\n"
        "Tell everybody who verifies your seals, by telephone or in person:\n"
        f"  evtool trust revoke {fingerprint} --as-of {until}\n"
        "What it signed without a time-stamp no longer counts for them or for you."
    )
