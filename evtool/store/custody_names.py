"""The files of a custody directory by their names: a closed list, and what each file is for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from msgspec import Struct

from evtool.core.container.companions import SYSTEM_DIRECTORIES
from evtool.core.custody.entry import INFORMATIONAL_FILES
from evtool.core.custody.events import Event
from evtool.core.finding import Words
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.limits import (
    MAX_CHAIN_BYTES,
    MAX_CRL_BYTES,
    MAX_DISCLOSED_LIST,
    MAX_ENTRY,
    MAX_INFORMATIONAL,
    MAX_LIST_LINE,
    MAX_OCSP_BYTES,
    MAX_PROOF_BYTES,
    MAX_REQUEST_BYTES,
    MAX_RESPONSE_BYTES,
    MAX_SIGNATURE,
)
from evtool.core.text.names import shown_path, store_name
from evtool.core.timestamp.stamp_names import StampName, StampRole, parse_stamp_name
from evtool.core.values import names_of
from evtool.store.bounds import MANIFEST_BOUND, Bound, of_lines, of_size

NAME = b"custody"
"""Name of the custody directory inside an evidence directory."""

RECORD = NAME.decode("ascii")
"""The same as text: the name of the record in a bundle."""

README, ALLOWED_SIGNERS = INFORMATIONAL_FILES
COVER = "COVER.txt"
"""The cover sheet of a bundle: for people, signed by nobody, and not listed in any entry."""


STAMP_LIMITS = {
    StampRole.RESPONSE: MAX_RESPONSE_BYTES,
    StampRole.REQUEST: MAX_REQUEST_BYTES,
    StampRole.CHAIN: MAX_CHAIN_BYTES,
    StampRole.CRL: MAX_CRL_BYTES,
    StampRole.OCSP: MAX_OCSP_BYTES,
    StampRole.PROOF: MAX_PROOF_BYTES,
}
"""Largest files of time evidence, in bytes."""

_ENTRY_FILE = compiled_when_used(
    r"([0-9]{4})-([a-z]+(?:-[a-z]+)*)\.(toml|toml\.sig|jsonl|sha256|blake2b|items|details)\Z"
)
_RECEIPT_FILE = compiled_when_used(r"([0-9]{4})-(transferred|disclosed)\.receipt\.toml(\.sig)?\Z")
_UNFINISHED = compiled_when_used(r"\.(?:[0-9]{4}-[a-z-]+\.[a-z0-9.-]+|README\.txt|allowed_signers|lock)\.part\Z")


class FileRole(Enum):
    """What a file in a custody directory is for."""

    ENTRY = "toml"
    SIGNATURE = "toml.sig"
    MANIFEST = "jsonl"
    CHECKSUMS = "sha256"
    RENEWAL = "blake2b"
    DISCLOSED = "items"
    DETAILS = "details"


class Listing(Struct, frozen=True):
    """The names in a custody directory, sorted by what they are.

    Attributes:
        files: sequence and event -> the roles of the files that are there.
        receipts: sequence and event of the entries that have a receipt beside them.
        stamps: files of time evidence, sorted by name.
        informational: names of the informational files that are there.
        unfinished: names of what an interrupted run left behind.
        companions: what other systems wrote beside the record: stored name, and who did.
        foreign: names that evtool does not write, in stored form, and anything that is not a regular file.
    """

    files: dict[tuple[int, str], frozenset[FileRole]]
    receipts: frozenset[tuple[int, str]]
    stamps: tuple[StampName, ...]
    informational: tuple[str, ...]
    unfinished: tuple[str, ...]
    companions: tuple[tuple[str, Words], ...]
    foreign: tuple[str, ...]

    @property
    def names_anything(self) -> bool:
        """Whether there is anything at all in the directory."""
        return any(getattr(self, name) for name in names_of(self))

    @property
    def entries(self) -> list[tuple[int, str]]:
        """Entries that exist: those whose signature is there; the signature is written last."""
        return sorted(key for key, roles in self.files.items() if FileRole.SIGNATURE in roles)

    @property
    def seals(self) -> frozenset[int]:
        """Numbers of the entries that seal items."""
        return frozenset(sequence for sequence, event in self.entries if event == Event.SEALED.value)

    @property
    def unsigned(self) -> list[tuple[int, str]]:
        """Entries of which some file is there, but no signature."""
        return sorted(key for key, roles in self.files.items() if FileRole.SIGNATURE not in roles)

    @property
    def lost(self) -> list[tuple[int, str]]:
        """Entries without a signature of which no interrupted run is the reason."""
        return [
            (sequence, event)
            for sequence, event in self.unsigned
            if not any(_explains(name, sequence, event) for name in self.unfinished)
        ]

    @property
    def is_ours(self) -> bool:
        """Whether evtool wrote this directory, or may write it: it holds an entry, or nothing but our leftovers."""
        if self.entries or not (self.foreign or self.informational or self.unsigned or self.stamps):
            return True
        # A first seal that was interrupted while its files got their names.
        return not self.foreign and any(name.endswith(".toml.sig.part") for name in self.unfinished)


def _explains(unfinished: str, sequence: int, event: str) -> bool:
    """Tell whether a leftover shows that the entry was never finished; time-stamps are written after it exists."""
    written = unfinished.removeprefix(".").removesuffix(".part")
    return written.startswith(f"{sequence:04d}-{event}.") and parse_stamp_name(written) is None


def sort_names(there: Sequence[tuple[bytes, str]], find_companion: Callable[[bytes], Words | None]) -> Listing:
    """Sort the names in a custody directory by what they are.

    `there` holds each name with its kind, as `Tree.list_directory` tells them; `find_companion` says which system wrote
    a file, or None for a file that no other system writes.
    """
    files: dict[tuple[int, str], set[FileRole]] = {}
    receipts: dict[tuple[int, str], list[str]] = {}
    stamps: list[StampName] = []
    informational, unfinished, foreign = [], [], []
    companions: list[tuple[str, Words]] = []
    for raw, kind in sorted(there):
        name = raw.decode("utf-8", "replace")
        match = _ENTRY_FILE.match(name)
        if kind == "d" and raw in SYSTEM_DIRECTORIES:
            companions.append((store_name(raw), Words("system-folder")))
        elif kind != "f":
            foreign.append(shown_path(raw))
        elif match and int(match[1]) > 0:
            files.setdefault((int(match[1]), match[2]), set()).add(FileRole(match[3]))
        elif receipt := _RECEIPT_FILE.match(name):
            receipts.setdefault((int(receipt[1]), receipt[2]), []).append(name)
        elif stamp := parse_stamp_name(name):
            stamps.append(stamp)
        elif name in INFORMATIONAL_FILES or name == COVER:
            informational.append(name)
        elif _UNFINISHED.match(name):
            unfinished.append(name)
        elif who := find_companion(raw):
            companions.append((store_name(raw), who))
        else:
            foreign.append(shown_path(raw))
    for key, names in list(receipts.items()):
        entry, signature = receipt_names(*key)
        # An interrupted run: of the two, the signature gets its name last.
        if names == [entry] and f".{signature}.part" in unfinished:
            unfinished += receipts.pop(key)
    return Listing(
        {key: frozenset(roles) for key, roles in files.items()},
        frozenset(receipts),
        tuple(stamps),
        tuple(informational),
        tuple(unfinished),
        tuple(companions),
        tuple(foreign),
    )


def file_name(sequence: int, event: str, role: FileRole) -> str:
    """Name one file of an entry."""
    return f"{sequence:04d}-{event}.{role.value}"


def receipt_names(sequence: int, event: str) -> tuple[str, str]:
    """Name the two files of the receipt for an entry: the recipient's entry, and its signature."""
    name = f"{sequence:04d}-{event}.receipt.toml"
    return name, f"{name}.sig"


_BOUNDS = {
    FileRole.ENTRY: of_size(MAX_ENTRY),
    FileRole.SIGNATURE: of_size(MAX_SIGNATURE),
    FileRole.MANIFEST: MANIFEST_BOUND,
    FileRole.CHECKSUMS: MANIFEST_BOUND,
    FileRole.RENEWAL: of_lines(MAX_LIST_LINE),
    FileRole.DISCLOSED: of_size(MAX_DISCLOSED_LIST),
    FileRole.DETAILS: of_size(MAX_ENTRY),
}


def bound_of(name: str) -> Bound:
    """Give the bound of a file in a custody directory; what evtool does not write there is small, or not read."""
    # What is still being written has the name that it will get, between these two.
    name = name.removeprefix(".").removesuffix(".part")
    if match := _ENTRY_FILE.match(name):
        return _BOUNDS[FileRole(match[3])]
    if match := _RECEIPT_FILE.match(name):
        return of_size(MAX_SIGNATURE if match[3] else MAX_ENTRY)
    stamp = parse_stamp_name(name)
    return of_size(STAMP_LIMITS[stamp.role] if stamp else MAX_INFORMATIONAL)
