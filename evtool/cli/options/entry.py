"""Options of every command that adds an entry, and what it answers."""

from __future__ import annotations

import contextlib
import getpass
import os
import platform
from datetime import datetime
from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.cli.options.common import continued_flag, custody_flag, dry_run_flag, wait_flag
from evtool.cli.options.values import instant_value
from evtool.core.custody.entry import Clock
from evtool.core.custody.privacy import TextPolicy, make_policy, parse_denied_terms
from evtool.core.errors import InputError
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges
from evtool.core.values import replace
from evtool.operations.author import EntryHeader
from evtool.operations.record.place import BundleAccess, RecordPlace


class EntryOptions(Struct, frozen=True):
    """What an entry says whatever its event is, and where it goes.

    Attributes:
        reason: why it happened.
        happened_at: when it happened; None for now.
        clock: what the signer says of the clock.
        deny_terms: file of terms that must not be written, or None.
        custody: the custody directory; None for that in the evidence directory.
        continued: the directory that continues the record of a bundle, or None.
        wait: seconds to wait for another run that is writing the record.
        dry_run: tell what would be recorded, and write nothing.
    """

    reason: str = flag(
        "--reason", default="not stated", metavar="TEXT", help="Why it happened; recorded for all to read."
    )
    happened_at: datetime | None = flag(
        "--happened-at", type=instant_value, metavar="TIME", help="When it happened, with offset. [default: now]"
    )
    clock: Clock = flag(
        "--clock",
        type=click.Choice([clock.value for clock in Clock]),
        callback=lambda _context, _param, value: Clock(value),
        default=Clock.CLAIMED.value,
        show_default=True,
        help="What you say of this computer's clock: just a claim, or synchronised.",
    )
    deny_terms: Path | None = flag(
        "--deny-terms",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Refuse to write any of the terms in FILE, one per line, in any spelling.",
    )
    custody: str | None = custody_flag()
    continued: str | None = continued_flag()
    wait: float = wait_flag()
    dry_run: bool = dry_run_flag()

    def place(self, access: BundleAccess | None = None) -> RecordPlace:
        """Give where the entry goes; `access` is what opens an encrypted bundle."""
        return RecordPlace(self.custody, self.continued, access or BundleAccess(), self.wait, self.dry_run)

    def reading(self, access: BundleAccess | None = None) -> RecordPlace:
        """Give where the record is before the entry is added: the first one makes the directory that continues it."""
        place = self.place(access)
        is_new = place.continued is not None and not os.path.lexists(place.continued)
        return replace(place, continued=None) if is_new else place

    def header(self, items: ItemRanges | None = None) -> EntryHeader:
        """Give the header of an entry about these items; None means all that are sealed by now."""
        return EntryHeader(self.reason, self.happened_at, self.clock, items)

    def policy(self) -> TextPolicy:
        """Read the list of denied terms, and ask the system for its own names, which are denied too.

        Raises:
            InputError: the list cannot be read.
            FormatError: it is not a list of terms.
        """
        terms: list[str] = []
        if self.deny_terms is not None:
            try:
                with self.deny_terms.open("rb") as file:
                    data = file.read(_MAX_TERMS + 1)
            except OSError as error:
                raise InputError(
                    "{path}: {why.strerror}", key="cannot-read", path=shown(str(self.deny_terms)), why=error
                ) from error
            if len(data) > _MAX_TERMS:
                raise InputError(
                    "the list of denied terms has more than {limit} bytes", key="deny-long", limit=_MAX_TERMS
                )
            terms = parse_denied_terms(data)
        return make_policy(terms, _local_names())


entry_options = options_of(EntryOptions, "entry", "The entry", without=frozenset({"continued"}))
"""Add what every command takes that adds an entry; the command gets it as `entry`."""

bundle_entry_options = options_of(EntryOptions, "entry", "The entry")
"""Add the same for a command that can also continue the record of a bundle."""

_MAX_TERMS = 4 * 1024 * 1024


def _local_names() -> list[str]:
    names = [platform.node(), platform.node().partition(".")[0]]
    # A user may have no name, as in some containers; where only the environment says it, Python looks for a module.
    with contextlib.suppress(KeyError, OSError, ImportError):
        names.append(getpass.getuser())
    return names
