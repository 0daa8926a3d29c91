"""What a record is: its entries, the names of its files (step 1), and what is found in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import forms
from forms import Table, digest, is_named

if TYPE_CHECKING:
    from manifest import Item

DISPROVES, UNCHECKED, OPEN, NOTE = "disproves", "unchecked", "open", "note"
OF_A_RECORD = ["entry", "time", "receipt", "leftover", "information"]
Names = dict[str, bytes]  # the names of the files of a record, each with its path

# ------------------------------------------------------------ what is found, and how it ends a step


class StopError(Exception):
    """A finding, by its effect and its code, that ends a step for what the step is about."""


class Findings(list[tuple[str, str, str]]):
    """What is found: effect, code, and what it is about."""

    @contextlib.contextmanager
    def about(self, number: int) -> Iterator[None]:
        """Take down the finding that ends a step within, which is about an entry."""
        try:
            yield
        except StopError as stop:
            self.add(*stop.args, number)

    def add(self, effect: str, code: str, *numbers: int) -> None:
        """Take down a finding about each of these entries."""
        self.extend((effect, code, f"entry {number}") for number in numbers)


def demand(condition: object, effect: str, code: str) -> None:
    """Stop with a finding unless this holds."""
    if not condition:
        raise StopError(effect, code)


@contextlib.contextmanager
def unless_read(effect: str, code: str) -> Iterator[None]:
    """Stop with a finding if something within is refused, or cannot be read from the disk."""
    try:
        yield
    except (ValueError, OSError, RecursionError):
        raise StopError(effect, code) from None


# -------------------------------------------------------------------------------------- entries


class File(NamedTuple):
    """An entry as it lies on disk: NUMBER-EVENT, its bytes, those of its signature and details."""

    stem: str
    data: bytes
    signature: bytes
    details: bytes | None = None

    @property
    def number(self) -> int:
        """Give the number that its name says."""
        return int(self.stem[:4])

    @property
    def digests(self) -> tuple[str, str]:
        """Give what the entry after it names: the digests of the entry and of its signature."""
        return digest(self.data), digest(self.signature)


class Entry:
    """An entry that is usable; of a seal, with what its manifest says."""

    def __init__(self, header: Table, file: File, signer: str) -> None:
        self.header = header
        self.number = int(header["sequence"])
        self.event = str(header["event"])
        self.stem = f"{self.number:04d}-{self.event}"
        self.details: Table = header[self.event]
        self.lacks_details = "reason" not in header  # this copy does not have the file
        self.agent = str(header["agent"])
        self.signer = signer  # the fingerprint of the key that signed
        self.who = (self.agent, signer)
        self.collection = str(header["collection"])
        self.digests = file.digests
        self.digest = digest(file.data)
        previous = header.get("previous", {"entry": "", "signature": ""})
        self.previous = (previous["entry"], previous["signature"])
        self.items: list[Item] = []  # of its manifest, as far as that can be read
        self.withholds = False  # whether lines of the manifest are withheld
        self.passed = False  # whether the manifest passed step 7

    def is_about(self, item: Item) -> bool:
        """Section "The table of events": without `items`, it is about all that is sealed before."""
        if "items" not in self.header:
            return item.seal.number < self.number
        return any(item.number in numbers for numbers in forms.read_ranges(self.header["items"]))


# -------------------------------------------------------------------- step 1: the custody directory


class Record:
    """A record: its files, and its entries and seals, each as NUMBER-EVENT."""

    def __init__(self, root: bytes) -> None:
        self.names, self.foreign = list_names(os.path.join(root, b"custody"))
        self.entries = find_entries(self.names)
        self.seals: list[str] = []

    def take_in(self, added: Names, strays: list[str]) -> None:
        """Rules R12 and R13: take in what a continuation holds, but for what is foreign there."""
        last = int(self.entries[-1][:4])
        for name, place in added.items():
            is_older = is_named(name, "entry", "receipt") and int(name[:4]) <= last
            is_double = is_named(name, "time") and name in self.names
            if is_older or is_double or name == "COVER.txt":
                strays.append(name)
            else:
                self.names[name] = place
        self.foreign += strays
        self.entries = find_entries(self.names)

    def check_names(self, findings: Findings) -> None:
        """Steps 1a and 1b: the names that are there."""
        foreign = self.foreign
        stems = {stem_of(name) for name in self.names if is_named(name, "entry")}
        for name, stem in [(name, stem_of(name)) for name in self.names]:
            is_of_another = stem in self.entries and is_named(name, "of_another_event")
            if is_of_another or (stem not in stems and is_named(name, "time")):  # R8
                foreign.append(name)
        findings += [(DISPROVES, "custody-extra", name) for name in foreign]  # 1a
        self.seals = [stem for stem in self.entries if stem.endswith("-sealed")]
        for stem in sorted(stems.difference(self.entries)):
            leftovers = [name[1:-5] for name in self.names if name.startswith(f".{stem}.")]
            if all(is_named(name, "time") for name in leftovers):  # 1b: R4 explains nothing
                findings.add(UNCHECKED, "entry-unfinished", int(stem[:4]))
                self.seals += [stem] if stem.endswith("-sealed") else []

    def read(self, name: str, code: str) -> bytes:
        """Read a file whole."""
        with unless_read(UNCHECKED, code), open(self.names[name], "rb") as file:
            return file.read()


def stem_of(name: str) -> str:
    """Give NUMBER-EVENT of the name of a file."""
    return name.partition(".")[0]


def list_names(path: bytes) -> tuple[Names, list[str]]:
    """Give the names of a record in a directory, and those that are foreign (R5 to R7)."""
    names: Names = {}
    foreign: list[str] = []
    for raw_name in os.listdir(path) if forms.kind_of(path) == "directory" else []:
        name = raw_name.decode("utf-8", "replace")
        place = os.path.join(path, raw_name)
        kind = forms.kind_of(place)
        if kind == "file" and is_named(name, *OF_A_RECORD):
            names[name] = place
        elif kind == "directory" and is_named(name, "directory_of_a_system"):
            continue
        elif not forms.is_companion(place):
            foreign.append(name)
    return names, foreign


def find_entries(names: Names) -> list[str]:
    """Rule R2: give the entries that exist, in the order of their numbers and events."""
    signed = [name for name in names if name.endswith(".toml.sig")]
    return sorted(stem_of(name) for name in signed if is_named(name, "entry"))


def read_pair(names: Names, stem: str) -> File:
    """Read an entry with its signature."""
    parts = []
    for name in (f"{stem}.toml", f"{stem}.toml.sig"):
        with open(names.get(name, b""), "rb") as file:
            parts.append(file.read())
    return File(stem, *parts)
