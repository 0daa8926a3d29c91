"""Options of the commands that take bundles in: the catalogue, the store, the policy, whom to trust."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.cli.options.access import AccessOptions
from evtool.cli.options.common import load_receipt_keys, recipients_flag, trust_flag
from evtool.cli.options.time import TimeOptions
from evtool.cli.options.trust import told_trust
from evtool.cli.options.values import code_value
from evtool.cli.output import Output
from evtool.core.values import replace
from evtool.keys.agreements import load_agreements
from evtool.keys.recipients import load_recipients
from evtool.operations.catalogue.intake import IntakeOptions
from evtool.operations.catalogue.policy import load_policy
from evtool.operations.record.place import RecordPlace
from evtool.operations.verify.options import VerifyOptions


def _path(name: str, metavar: str, what: str) -> Any:
    return flag(name, required=True, otherwise=None, type=click.Path(path_type=Path), metavar=metavar, help=what)


class StoreOptions(Struct, frozen=True):
    """Where a repository keeps what it has.

    Attributes:
        catalogue: the catalogue.
        store: the directory of bundles; None for the one that the catalogue knows.
        location: code of that directory as a location of the catalogue.
    """

    catalogue: Path = _path("--catalogue", "FILE", "The catalogue that knows what you hold.")
    store: Path | None = _path("--store", "DIR", "The directory that bundles are kept in, with its quarantine.")
    location: str = flag(
        "--location",
        type=code_value,
        default="store",
        show_default=True,
        metavar="CODE",
        help="The name of the store in the catalogue.",
    )


class DoorOptions(Struct, frozen=True):
    """How bundles are taken in.

    Attributes:
        policy: file of the policy.
        receipts: directory of receipts.
        trust_file: trust list; None for the user's own.
        recipients_file: recipient list, whose keys count for receipts; None for the user's own.
        jobs: number of worker processes; None for a number that fits the machine.
    """

    policy: Path = _path("--policy", "FILE", "Which bundles you accept: intake.toml.")
    receipts: Path = _path("--receipts", "DIR", "Write a receipt for each bundle into this directory.")
    trust_file: Path | None = trust_flag()
    recipients_file: Path | None = recipients_flag()
    jobs: int | None = flag(
        "--jobs",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Number of worker processes for bundles that are folders.",
    )

    def load(
        self,
        store: tuple[Path, str],
        access: AccessOptions,
        time: TimeOptions,
        output: Output,
        *,
        dry_run: bool = False,
    ) -> IntakeOptions:
        """Read everything that decides; `store` is the directory, and the code of its location.

        Raises:
            InputError, FormatError, KeyFileError: something of it cannot be read.
        """
        policy = load_policy(self.policy)
        trust = told_trust(self.trust_file)
        opening = access.load()
        if access.descriptor is None and access.file is None:
            # Whoever can deliver could have a person asked for a passphrase as often as they like.
            opening = replace(opening, passphrase=None)
        verify = VerifyOptions(
            trust=trust.keys,
            receipts=load_receipt_keys(trust.file, self.recipients_file),
            required=policy.required,
            place=RecordPlace(access=opening),
            time=time.load(output),
            jobs=self.jobs,
        )
        known = load_recipients(self.recipients_file).by_code.items()
        return IntakeOptions(
            policy,
            verify,
            store[0],
            self.receipts,
            agreements=load_agreements(),
            organisations={code: each.recipient.organisation for code, each in known if each.recipient.organisation},
            location=store[1],
            dry_run=dry_run,
            language=output.language,
        )


store_options = options_of(StoreOptions, "store", "The repository")
"""Add --catalogue, --store and --location; the command gets them as `store`."""

known_store_options = options_of(StoreOptions, "store", "The repository", without=frozenset({"store"}))
"""Add --catalogue and --location, for what is in a store already; the command gets them as `store`."""

door_options = options_of(DoorOptions, "door", "What is taken in")
"""Add --policy, --receipts and whom to trust; the command gets them as `door`."""
