"""What a seal can only find out when it is nearly done, and has to begin again for."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from evtool.scan.observe import Known

CHANGED_AFTERWARDS = "it changed after it was read, before the seal was signed"


class RestlessFiles(Exception):  # noqa: N818  # a way back to the beginning, and no error
    """Files changed between the moment at which they were read and the signature, which the user allows."""

    def __init__(self, paths: frozenset[bytes]) -> None:
        super().__init__()
        self.paths = paths


class Surprises(Struct, frozen=True):
    """What is known from the tries before.

    Attributes:
        respelled: see `RespelledNames`.
        restless: paths of the files that changed after they were read; they are named without their content.
        known: digests of files that were read by a try before.
    """

    respelled: Mapping[bytes, str] = field(default_factory=dict)
    restless: frozenset[bytes] = frozenset()
    known: Mapping[bytes, Known] = field(default_factory=dict)
