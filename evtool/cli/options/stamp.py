"""Options of commands that ask for time-stamps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.cli.options.time import make_anchor_source
from evtool.cli.output import Output
from evtool.operations.record.place import Where

if TYPE_CHECKING:
    # It imports the X.509 parts of cryptography, which a seal without time-stamps does not need.
    from evtool.operations.timestamps.add import StampOptions


class StampRequestOptions(Struct, frozen=True):
    """What was asked for about stamping.

    Attributes:
        authorities: addresses of time-stamp authorities.
        calendars: addresses of OpenTimestamps calendars.
        at_least: how many authorities are required; None for all.
        policy: the policy that an authority is asked for, or None.
        hash_name: the hash function whose value an authority gets.
        label: what the files are called, or "".
        with_revocation: fetch and keep what the certificates' issuers say of them.
        what_leaves: only show what would be sent.
        tsa_roots: file or folder with root certificates; None for the user's own list.
    """

    authorities: tuple[str, ...] = flag(
        "--tsa", multiple=True, metavar="URL", help="Ask this time-stamp authority. May be repeated."
    )
    at_least: int | None = flag(
        "--at-least",
        type=click.IntRange(0),
        metavar="N",
        help="The required number of authorities. [default: all that are asked]",
    )
    calendars: tuple[str, ...] = flag(
        "--ots", multiple=True, metavar="URL", help="Ask this OpenTimestamps calendar. May be repeated."
    )
    policy: str | None = flag("--tsa-policy", metavar="OID", help="Ask for this policy of the authority.")
    hash_name: str = flag(
        "--imprint",
        type=click.Choice(["sha256", "sha384", "sha512", "sha3-256", "sha3-512"]),
        default="sha256",
        show_default=True,
        help="Hash function whose value the authority gets.",
    )
    label: str = flag(
        "--label",
        default="",
        metavar="NAME",
        help="What to call the time-stamp's files. [default: its authority's name; for a request: offline]",
    )
    with_revocation: bool = flag(
        "--with-revocation",
        is_flag=True,
        help="Fetch the revocation lists and answers that the certificates of the authorities name, and keep them.",
    )
    what_leaves: bool = flag(
        "--what-leaves", is_flag=True, help="Show the bytes that would be sent; send and write nothing."
    )
    tsa_roots: Path | None = flag(
        "--tsa-roots",
        type=click.Path(path_type=Path, exists=True),
        metavar="PATH",
        help="Trust the authorities whose root certificates are in this file or folder. [default: your own list]",
    )

    @property
    def asks(self) -> bool:
        """Whether anybody is to be asked."""
        return bool(self.authorities or self.calendars)

    def build(self, output: Output, entry: int | None, where: Where) -> StampOptions:
        """Load the anchors and check that what is asked for can be asked for.

        Raises:
            UsageError: it cannot: there is no anchor, or fewer authorities than wanted.
        """
        # This imports the network client, which few commands need.
        from evtool.operations.timestamps.add import StampOptions

        anchors = tuple(make_anchor_source(self.tsa_roots, output)()) if self.authorities else ()
        return StampOptions(
            authorities=self.authorities,
            calendars=self.calendars,
            at_least=self.at_least,
            anchors=anchors,
            entry=entry,
            policy=self.policy,
            hash_name=self.hash_name,
            label=self.label,
            with_revocation=self.with_revocation,
            where=where,
        )


stamp_options = options_of(StampRequestOptions, "stamping", "Time-stamps")
"""Add everything about asking for time-stamps; the command gets it as `stamping`."""
