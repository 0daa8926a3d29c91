"""Options of commands that ask for time-stamps."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from evtool.cli.options.time import add_options, make_anchor_source, roots_option
from evtool.cli.output import Output

if TYPE_CHECKING:
    # It imports the X.509 parts of cryptography, which a seal without time-stamps does not need.
    from evtool.operations.timestamps.add import StampOptions

Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class StampRequestOptions:
    """What was asked for on the command line about stamping.

    Attributes:
        authorities: addresses given with --tsa.
        calendars: addresses given with --ots.
        at_least: --at-least, or None.
        policy: --policy, or None.
        hash_name: --imprint.
        label: --label, or "".
        what_leaves: only show what would be sent.
        tsa_roots: --tsa-roots, or None.
    """

    authorities: tuple[str, ...]
    calendars: tuple[str, ...]
    at_least: int | None
    policy: str | None
    hash_name: str
    label: str
    what_leaves: bool
    tsa_roots: Path | None

    @property
    def asks(self) -> bool:
        """Whether anybody is to be asked."""
        return bool(self.authorities or self.calendars)

    def build(self, output: Output, entry: int | None, custody: str | None) -> StampOptions:
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
            custody=custody,
        )


def stamp_options(command: Command) -> Command:
    """Add --tsa, --at-least, --ots, --policy, --imprint, --label, --what-leaves, --tsa-roots; given as `stamping`."""

    @functools.wraps(command)
    def with_stamping(
        *args: Any,
        tsa: tuple[str, ...],
        at_least: int | None,
        ots: tuple[str, ...],
        policy_oid: str | None,
        imprint: str,
        label: str,
        what_leaves: bool,
        tsa_roots: Path | None,
        **kwargs: Any,
    ) -> Any:
        stamping = StampRequestOptions(tsa, ots, at_least, policy_oid, imprint, label, what_leaves, tsa_roots)
        return command(*args, stamping=stamping, **kwargs)

    return add_options(
        with_stamping,
        roots_option,
        click.option("--what-leaves", is_flag=True, help="Show the bytes that would be sent; send and write nothing."),
        click.option(
            "--label",
            default="",
            metavar="NAME",
            help="What to call the time-stamp's files. Without it: its authority's name, or offline for a request.",
        ),
        click.option(
            "--imprint",
            type=click.Choice(["sha256", "sha384", "sha512", "sha3-256", "sha3-512"]),
            default="sha256",
            show_default=True,
            help="Hash function whose value the authority gets.",
        ),
        click.option("--policy", "policy_oid", metavar="OID", help="Ask for this policy of the authority."),
        click.option("--ots", multiple=True, metavar="URL", help="Ask this OpenTimestamps calendar. May be repeated."),
        click.option(
            "--at-least", type=click.IntRange(0), metavar="N", help="How many authorities must stamp. Without it: all."
        ),
        click.option("--tsa", multiple=True, metavar="URL", help="Ask this time-stamp authority. May be repeated."),
    )
