"""Options of commands that open bundles."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import Struct

from evtool.cli.command import flag, options_of
from evtool.cli.options.common import passphrase_source
from evtool.core.errors import Way
from evtool.keys.passphrase import TerminalPassphrase
from evtool.operations.record.place import BundleAccess

BUNDLE_PASSPHRASE = ("--passphrase-fd", "--passphrase-file")
"""What gives the passphrase of a bundle."""


class AccessOptions(Struct, frozen=True):
    """What opens an encrypted bundle.

    Attributes:
        identities: files with secret keys.
        descriptor: a number of an open file with the passphrase, or None.
        file: a file with it, or None.
    """

    identities: tuple[Path, ...] = flag(
        "--identity",
        "-i",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Decrypt with this key: a file of age-keygen, or an SSH private key. May be repeated.",
    )
    descriptor: int | None = flag(
        "--passphrase-fd",
        type=click.IntRange(min=0),
        metavar="N",
        help="Read the passphrase of the bundle, or of that key, from open file descriptor N (0 is stdin).",
    )
    file: Path | None = flag(
        "--passphrase-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Read that passphrase from FILE, which only you may read.",
    )

    def __post_init__(self) -> None:
        passphrase_source(self.descriptor, self.file, BUNDLE_PASSPHRASE)

    def load(self) -> BundleAccess:
        """Read the keys.

        Raises:
            KeyFileError: one cannot be read or unlocked.
        """
        source = passphrase_source(self.descriptor, self.file, BUNDLE_PASSPHRASE) or TerminalPassphrase(Way.PASSPHRASE)
        if not self.identities:
            return BundleAccess(passphrase=source)
        # Start-up time: few bundles are opened with a key.
        from evtool.keys.age_keys import read_identity_file

        keys = tuple(key for path in self.identities for key in read_identity_file(path, source))
        return BundleAccess(keys, source)


access_options = options_of(AccessOptions, "access", "Encrypted bundles")
"""Add --identity and where a passphrase comes from; the command gets them as `access`."""

short_access_options = options_of(AccessOptions, "access", "Encrypted bundles", renamed={"identities": ("-i",)})
"""Add the same for a command in which --identity is a term of consent: there it is -i."""
