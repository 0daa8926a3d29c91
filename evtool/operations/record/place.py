"""Where a record lies, and what opens it: beside its evidence, elsewhere, or in two parts."""

from __future__ import annotations

import os
from typing import BinaryIO

from msgspec import Struct, field

from evtool.keys.age_keys import DecryptionKey
from evtool.keys.passphrase import PassphraseSource

Place = str | os.PathLike[str] | BinaryIO
"""A path, or a stream that is read to its end."""


class BundleAccess(Struct, frozen=True):
    """What opens an encrypted bundle.

    Attributes:
        identities: secret keys.
        passphrase: where a passphrase comes from if the bundle is locked with one.
    """

    identities: tuple[DecryptionKey, ...] = ()
    passphrase: PassphraseSource | None = None


class RecordPlace(Struct, frozen=True):
    """Where a record lies, and what opens it.

    Attributes:
        custody: the custody directory, if it is not in the evidence directory.
        continued: the directory that continues the record of a bundle; see `manifests/FORMAT-bundle.md`.
        access: what opens an encrypted bundle.
        wait: seconds to wait for another run that is writing the record.
        dry_run: write nothing: an entry is worked out and checked in full, and then thrown away.
    """

    custody: str | None = None
    continued: str | None = None
    access: BundleAccess = field(default_factory=BundleAccess)
    wait: float = 0.0
    dry_run: bool = False


Where = str | RecordPlace | None
"""A custody directory, or all that can be said of a record's place; None means that it lies beside its evidence."""


def place_of(where: Where) -> RecordPlace:
    """Say all of a record's place that was said shortly."""
    return where if isinstance(where, RecordPlace) else RecordPlace(where)


def name_of(place: Place) -> str:
    """Give the path that the user named, as it is."""
    return os.fsdecode(os.fspath(place)) if isinstance(place, str | os.PathLike) else "standard input"
