"""Whose keys a command trusted, and who said so: an option, the environment, or nobody."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class TrustKind(Enum):
    """Where the keys came from that were trusted."""

    OWN_LIST = "own-list"
    FILE = "file"
    FINGERPRINTS = "fingerprints"
    """Keys that were named one by one, and no others."""


class TrustOrigin(Enum):
    """What decided whose keys are trusted."""

    DEFAULT = "default"
    """Nothing was said, so the user's own list was taken."""
    OPTION = "option"
    """An option of the command."""
    ENVIRONMENT = "environment"
    """The variable EVTOOL_TRUST."""


class TrustChosen(Struct, frozen=True, kw_only=True):
    """Whose keys a command trusted.

    Attributes:
        kind: where they came from.
        origin: what decided that.
        path: the file, as an option named it; otherwise null. A path in EVTOOL_TRUST is a full one, and a home
            directory in it names a person.
        sha256: SHA-256 of the trust list, or null if there was none.
        keys: how many keys are trusted.
        fingerprints: the keys that were named one by one.
    """

    kind: TrustKind
    origin: TrustOrigin
    path: str | None
    sha256: str | None
    keys: int
    fingerprints: tuple[str, ...]
