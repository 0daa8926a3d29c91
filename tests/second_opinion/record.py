"""Steps 1 to 3 of FORMAT-verify.md: the custody directory, the signatures and the chain."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import forms
from forms import Table, digest, is_named, with_lf

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

    def __init__(self, root: bytes, continued: str, findings: Findings) -> None:
        self.names, foreign = list_names(os.path.join(root, b"custody"))
        self.entries = find_entries(self.names)
        if self.entries and continued:
            added, strays = list_names(os.fsencode(continued))
            if is_continued_by(self.names, added):
                foreign += strays + take_in(self.names, added)
                self.entries = find_entries(self.names)
            else:
                findings.append((UNCHECKED, "continuation-apart", ""))
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


def is_continued_by(names: Names, added: Names) -> bool:
    """Rules R10 and R11: the first entry of a continuation goes on after the last one here."""
    stems, added_stems = find_entries(names), find_entries(added)
    if not added_stems or int(added_stems[0][:4]) != int(stems[-1][:4]) + 1:
        return False
    try:
        before, following = read_pair(names, stems[-1]), read_pair(added, added_stems[0])
    except OSError:
        return True
    entries, faults = read_chain([following])
    if not entries or faults:
        return True  # what is not signed as it stands is for the steps to judge
    collections = [entry.collection for entry in read_chain([before])[0]]
    return entries[0].previous == before.digests and collections in ([], [entries[0].collection])


def take_in(names: Names, added: Names) -> list[str]:
    """Rules R12 and R13: take in what a continuation holds; give what does not belong in it."""
    foreign = []
    last = int(find_entries(names)[-1][:4])
    for name, place in added.items():
        is_older = is_named(name, "entry", "receipt") and int(name[:4]) <= last
        is_double = is_named(name, "time") and name in names
        if is_older or is_double or name == "COVER.txt":
            foreign.append(name)
        else:
            names[name] = place
    return foreign


def read_pair(names: Names, stem: str) -> File:
    """Read an entry with its signature."""
    parts = []
    for name in (f"{stem}.toml", f"{stem}.toml.sig"):
        with open(names.get(name, b""), "rb") as file:
            parts.append(file.read())
    return File(stem, *parts)


def read_files(record: Record, findings: Findings) -> list[File]:
    """Steps 1c and 3a: the entries that exist, in their order."""
    files: list[File] = []
    last_number = size = 0
    for stem in record.entries:
        number = int(stem[:4])
        if number > last_number + 1:
            findings.add(DISPROVES, "entry-missing", last_number + 1)
        if number == last_number:
            findings.add(DISPROVES, "entry-doubled", number)
        last_number = number
        with findings.about(number):
            demand(f"{stem}.toml" in record.names, DISPROVES, "entry-missing")
            with unless_read(UNCHECKED, "custody-unreadable"):
                file = read_pair(record.names, stem)
            if f"{stem}.details" in record.names and forms.fits(stem[5:], "APART"):
                details = record.read(f"{stem}.details", "custody-unreadable")
                file = file._replace(details=details)
            sizes = [len(file.data), len(file.details or b"")]
            is_small = max(sizes) <= 65536 and len(file.signature) <= 16384
            demand(is_small and size <= 64 * 1024 * 1024, UNCHECKED, "custody-unreadable")
            files.append(file)
            size += sum(sizes)
    return files


# ------------------------------------------------------------------------- steps 2 and 3: the chain


def check_chain(files: list[File], findings: Findings) -> list[Entry]:
    """Give the entries that are usable; converted line ends are told as such (3h)."""
    entries, faults = read_chain(files)
    restored = [
        file._replace(data=with_lf(file.data), signature=with_lf(file.signature)) for file in files
    ]
    if restored != files:
        other_entries, other_faults = read_chain(restored)
        if len(other_entries) > len(entries):
            faults = Findings([*other_faults, (UNCHECKED, "line-ends", "")])
    findings += faults
    return entries


def read_chain(files: list[File]) -> tuple[list[Entry], Findings]:
    """Steps 2 and 3b to 3f: the entries that are usable, and what is wrong."""
    findings = Findings()
    entries: list[Entry] = []
    for before, file in zip([None, *files], files, strict=False):
        with findings.about(file.number):
            entry = read_usable(file, findings)
            is_next = before is not None and before.number == entry.number - 1
            if before is not None and is_next and entry.previous != before.digests:
                findings.add(DISPROVES, "chain-broken", entry.number)  # 3d
            entries.append(entry)
            if entry.collection != entries[0].collection:
                findings.add(DISPROVES, "chain-broken", entry.number)  # 3e
    check_item_numbers(entries, findings)
    return entries, findings


def read_usable(file: File, findings: Findings) -> Entry:
    """Read an entry, if it is usable: steps 2a, 3b and 3c; and 2b."""
    with unless_read(UNCHECKED, "signature-invalid"):
        signer = forms.find_signer(file.signature, file.data)
    demand(signer, DISPROVES, "signature-invalid")  # 2a
    with unless_read(UNCHECKED, "entry-invalid"):  # 3b
        header = forms.read_entry(file.data)
        signed = header.get("details")
        if file.details is not None and digest(file.details) == signed:
            header = forms.read_entry(file.data, file.details)
        elif file.details is not None and digest(with_lf(file.details)) == signed:
            findings.add(UNCHECKED, "line-ends", file.number)
        elif file.details is not None:
            findings.add(DISPROVES, "chain-broken", file.number)
    entry = Entry(header, file, signer)
    demand(entry.stem == file.stem, DISPROVES, "chain-broken")  # 3c
    if header["key"] != signer:
        findings.add(DISPROVES, "signer-differs", entry.number)  # 2b
    return entry


def check_item_numbers(entries: list[Entry], findings: Findings) -> None:
    """Step 3f: item numbers go on from seal to seal."""
    usable = {entry.number for entry in entries}
    expected = 1
    last_seal = 0
    for entry in entries:
        if entry.event == "sealed":
            first = entry.details["first_item"]
            may_skip = not usable.issuperset(range(last_seal + 1, entry.number))
            if first < expected or (first > expected and not may_skip):
                findings.add(DISPROVES, "chain-broken", entry.number)
            expected = first + entry.details["items"]
            last_seal = entry.number
