"""Names of the files that carry time evidence beside an entry's signature: `0001-sealed.toml.sig.LABEL.tsr`."""

from __future__ import annotations

import re
from enum import Enum

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

MAX_LABEL = 32
MAX_NUMBER = 99
"""CRLs, or OCSP answers, beside one token."""

UPGRADE_LABEL = "upgrade"
"""A proof that grew is a new file, `.upgrade.ots`, `.upgrade-2.ots`: what a later entry has listed is never changed."""

_LABEL = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_NAME = compiled_when_used(
    rf"(?P<sequence>[0-9]{{4}})-(?P<event>[a-z]+(?:-[a-z]+)*)\.toml\.sig"
    rf"(?:\.(?P<label>{_LABEL})(?:\.(?P<number>[1-9][0-9]?)\.(?P<list>crl|ocsp)|\.(?P<kind>tsr|tsq|chain\.pem|ots))"
    r"|\.(?P<proof>ots))\Z",
    re.ASCII,
)
_UNFIT = compiled_when_used(r"[^a-z0-9]+")


class StampRole(Enum):
    """What a file of time evidence is; the value is how its name ends."""

    RESPONSE = "tsr"
    """The whole answer of a time-stamp authority."""
    REQUEST = "tsq"
    """The request that it answers, or that waits for an answer."""
    CHAIN = "chain.pem"
    """The certificates from the signer to the anchor."""
    CRL = "crl"
    OCSP = "ocsp"
    PROOF = "ots"
    """An OpenTimestamps proof."""


EVIDENCE = frozenset({StampRole.RESPONSE, StampRole.PROOF})
"""What later entries list; the other files only help to judge it."""


class StampName(Struct, frozen=True):
    """The parsed name of one file.

    Attributes:
        sequence: number of the entry.
        event: event of the entry.
        label: which of its time-stamps; "" for the proof that calendars gave first.
        role: what the file is.
        number: of several CRLs or OCSP answers, 1 to 99; 0 for all other files.
    """

    sequence: int
    event: str
    label: str
    role: StampRole
    number: int = 0

    @property
    def text(self) -> str:
        """Spell the name."""
        parts = [f"{self.sequence:04d}-{self.event}.toml.sig", self.label, str(self.number or ""), self.role.value]
        return ".".join(part for part in parts if part)

    @property
    def signature(self) -> str:
        """Name the file that is stamped."""
        return f"{self.sequence:04d}-{self.event}.toml.sig"


def parse_stamp_name(name: str) -> StampName | None:
    """Read a file name; None if it is not that of a file of time evidence."""
    match = _NAME.match(name)
    if not match or match["sequence"] == "0000" or len(match["label"] or "") > MAX_LABEL:
        return None
    role = StampRole(match["list"] or match["kind"] or match["proof"])
    return StampName(int(match["sequence"]), match["event"], match["label"] or "", role, int(match["number"] or 0))


def check_label(label: str) -> str:
    """Give a label that may stand in a file name.

    Raises:
        FormatError: it may not.
    """
    if not re.fullmatch(_LABEL, label) or len(label) > MAX_LABEL:
        raise FormatError(
            "{label} is not a label for a time-stamp",
            hint="use lower-case letters, digits and single hyphens, {limit} characters at most",
            key="stamp-label",
            label=shown(label, 80),
            limit=MAX_LABEL,
        )
    return label


def make_label(common_name: str) -> str:
    """Make a label of the name of an authority's root; `tsa` where nothing of it fits into a file name.

    That name stands in the token itself, so the file name tells nothing that the file does not. What the user calls
    the authority, and the address where it was asked, stay out of it: they may be known to one office only.
    """
    words = _UNFIT.sub(" ", common_name.lower()).split()
    label = ""
    for word in words:
        longer = f"{label}-{word}" if label else word
        if len(longer) > MAX_LABEL - 3:
            break
        label = longer
    return label or "tsa"
