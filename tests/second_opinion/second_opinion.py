"""A second verifier for sealed directories, written from manifests/FORMAT.md alone.

    python second_opinion.py EVIDENCE TRUSTED_KEYS [HEAD]

EVIDENCE is a sealed directory, TRUSTED_KEYS the user's list of keys (allowed_signers of OpenSSH), HEAD the digest of an
entry that the user noted. It prints what it finds, one finding a line, and ends with the exit code of section 12. It
shares no code with evtool. Beside Python it needs the packages blake3 and pynacl, and the program ssh-keygen, which
says whom the user trusts.

The comments name the sections of that page; V1 to V16 are the steps of its section 11, C1 to C9 those of section 10.
The steps come first; after them, what files look like, in the order of sections 2 to 9.

Not judged: time evidence (V6), receipts (in V5), bags (V12), renewals and copies (V13), consent (V14); what metadata
and terms say; tables of entries that neither seal nor disclose anything. Signatures of security keys are not read.
Notes that change no answer are left out, but for those about an item.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import itertools
import json
import os
import re
import stat
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import blake3
import nacl.exceptions
import nacl.signing

DISPROVES = "disproves"
UNCHECKED = "unchecked"
OPEN = "open"
NOTE = "note"

Table = dict[str, Any]
Check = str | Callable[[Any], bool]  # what a field has to be: a text of this form, or what passes a check
Findings = list[tuple[str, str, str]]  # effect, code, and what it is about
Group = tuple[int, int, list[str]]  # a range of items that a bundle discloses, and what it withholds of each


# -------------------------------------------------------------------------------- Section 11, and section 12: all steps


def find_all(evidence: str, trust: str, head: str = "") -> Findings:
    """Go through all steps."""
    findings: Findings = []
    root = os.fsencode(evidence)
    record = Record(os.path.join(root, b"custody"), findings)  # V1
    if not record.entries:
        return [(UNCHECKED, "no-items", "")]
    files = read_files(record, findings)
    entries = check_chain(files, findings)  # V2, V3
    check_trust(record, entries, trust, findings)  # V4
    check_references(entries, record, files, head, findings)  # V5
    seals = [entry for entry in entries if entry.event == "sealed"]
    for seal in seals:
        try:
            read_seal(record, seal)  # V7, V8
        except ProblemError as problem:
            findings.append((problem.effect, problem.code, f"entry {seal.number}"))
    lists = read_lists(record, entries, findings)  # V9
    seal_stems = [stem for stem in record.entries + record.lost if stem.endswith("-sealed")]
    all_is_known = len(seal_stems) == len(seals) and all(seal.passed for seal in seals)
    all_is_known = all_is_known and is_explained(seals, lists, findings)
    Comparison(root, seals, entries, findings).run(all_is_known=all_is_known)  # V10, V11
    return findings


def judge(findings: Findings) -> int:
    """V16 and section 12: the exit code."""
    effects = {effect for effect, _, _ in findings}
    for effect, code in ((DISPROVES, 1), (UNCHECKED, 4), (OPEN, 3)):
        if effect in effects:
            return code
    return 0


def verify(evidence: str, trust: str, head: str = "") -> tuple[int, list[str]]:
    """Give the exit code, and what was found on items."""
    findings = find_all(evidence, trust, head)
    about_items = [one for one in findings if one[2].startswith("item ") or one[1] == "extra"]
    return judge(findings), [f"{code} {about}" for _, code, about in about_items]


# ------------------------------------------------------------------------------------------------------------- Findings


class ProblemError(Exception):
    """A finding that ends the step in which it is made."""

    def __init__(self, effect: str, code: str) -> None:
        super().__init__(code)
        self.effect = effect
        self.code = code


def demand(condition: object, effect: str, code: str) -> None:
    """Make a finding unless this holds."""
    if not condition:
        raise ProblemError(effect, code)


def require(condition: object) -> None:
    """Refuse what is being read unless this holds."""
    if not condition:
        raise ValueError


@contextlib.contextmanager
def blame(effect: str, code: str) -> Iterator[None]:
    """Make a finding of what is refused, or cannot be read, within."""
    try:
        yield
    except (ValueError, OSError, RecursionError):
        raise ProblemError(effect, code) from None


# ------------------------------------------------------------------------------ Section 3 and V1: the custody directory


def kind_of(path: bytes) -> str:
    """Tell what lies there, without following a symbolic link; empty if nothing does."""
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:  # of a name that is too long for this system, nothing can be seen
        return "" if isinstance(error, FileNotFoundError | NotADirectoryError) else "unlistable"
    kinds = {stat.S_IFREG: "file", stat.S_IFLNK: "symlink", stat.S_IFDIR: "directory"}
    return kinds.get(stat.S_IFMT(mode), "special")


class Record:
    """The custody directory: the names of its files, and its entries, each as NUMBER-EVENT."""

    def __init__(self, path: bytes, findings: Findings) -> None:
        self.path = path
        there = os.listdir(path) if kind_of(path) == "directory" else []
        ours: set[str] = set()
        foreign: list[str] = []
        for raw in there:
            name = raw.decode("utf-8", "replace")
            kind = kind_of(os.path.join(path, raw))
            if kind == "file" and re.fullmatch(OUR_FILES, name):
                ours.add(name)
            elif not (kind == "directory" and name in OF_SYSTEMS) and not is_companion(os.path.join(path, raw)):
                foreign.append(name)
        stems = {name.partition(".")[0] for name in ours if re.fullmatch(ENTRY_FILE, name)}
        self.names = ours
        self.entries = sorted(stem for stem in stems if f"{stem}.toml.sig" in ours)
        self.lost: list[str] = []
        for stem in sorted(stems - set(self.entries)):
            parts = [name for name in ours if name.startswith(f".{stem}.") and not re.fullmatch(TIME_FILE, name[1:-5])]
            if not parts:
                self.lost.append(stem)
                findings.append((UNCHECKED, "entry-unfinished", f"entry {int(stem[:4])}"))
        for name in ours:
            stem, _, ending = name.partition(".")
            has_other_owner = stem in self.entries and OWNERS.get(ending, stem[5:]) != stem[5:]
            if has_other_owner or (re.fullmatch(TIME_FILE, name) and stem not in stems):
                foreign.append(name)
        findings += [(DISPROVES, "custody-extra", name) for name in foreign]

    def read(self, name: str, code: str) -> bytes:
        """Read a file whole."""
        with blame(UNCHECKED, code), open(os.path.join(self.path, os.fsencode(name)), "rb") as file:
            return file.read()


# ------------------------------------------------------------------------------------- Section 10, V2 and V3: the chain


@dataclass
class Entry:
    """An entry that is usable."""

    number: int
    stem: str
    header: Table
    digest: str
    items: list[Item] = field(default_factory=list)  # of a seal, as far as its manifest can be read
    withholds: bool = False
    passed: bool = False  # whether its manifest passed V7

    @property
    def event(self) -> str:
        """What it records."""
        return str(self.header["event"])

    @property
    def details(self) -> Table:
        """The table of its event."""
        return dict(self.header[self.event])


File = tuple[str, bytes, bytes]  # an entry: NUMBER-EVENT, its bytes, and those of its signature


def read_files(record: Record, findings: Findings) -> list[File]:
    """V1 and C1: the entries that exist, in their order."""
    files: list[File] = []
    last_number = 0
    for stem in record.entries:
        number = int(stem[:4])
        if number > last_number + 1:
            findings.append((DISPROVES, "entry-missing", f"entry {last_number + 1}"))
        if number == last_number:
            findings.append((DISPROVES, "entry-doubled", f"entry {number}"))
        last_number = number
        try:
            demand(f"{stem}.toml" in record.names, DISPROVES, "entry-missing")
            data = record.read(f"{stem}.toml", "custody-unreadable")
            armored = record.read(f"{stem}.toml.sig", "custody-unreadable")
            demand(len(data) <= 65536 and len(armored) <= 16384, UNCHECKED, "custody-unreadable")
            demand(sum(len(file[1]) for file in files) <= 64 * 1024 * 1024, UNCHECKED, "custody-unreadable")
            files.append((stem, data, armored))
        except ProblemError as problem:
            findings.append((problem.effect, problem.code, f"entry {number}"))
    return files


def check_chain(files: list[File], findings: Findings) -> list[Entry]:
    """V2 and V3: give the entries that are usable; line ends that a program converted are told in place of faults."""
    entries, faults = read_chain(files)
    restored, other_faults = read_chain([(stem, with_lf(data), with_lf(armored)) for stem, data, armored in files])
    if len(restored) > len(entries):
        faults = [*other_faults, (UNCHECKED, "line-ends", "")]
    findings += faults
    return entries


def read_chain(files: list[File]) -> tuple[list[Entry], Findings]:
    """C2 to C8: the entries that are usable, and what is wrong."""
    findings: Findings = []
    entries: list[Entry] = []
    before = ("", "", 0)  # digests and number of the entry before
    for stem, data, armored in files:
        number = int(stem[:4])
        about = f"entry {number}"
        previous = before
        before = (sha256(data).hex(), sha256(armored).hex(), number)
        try:
            entry, key = read_link(stem, data, armored)
        except ProblemError as problem:
            findings.append((problem.effect, problem.code, about))
            continue
        if entry.header["key"] != key:  # C5
            findings.append((DISPROVES, "signer-differs", about))
        stated = entry.header.get("previous", {})
        if stated and previous[2] == number - 1 and (stated["entry"], stated["signature"]) != previous[:2]:  # C6
            findings.append((DISPROVES, "chain-broken", about))
        if entries and entry.header["collection"] != entries[0].header["collection"]:  # C7
            findings.append((DISPROVES, "chain-broken", about))
        entries.append(entry)
    check_item_numbers(entries, findings)
    return entries, findings


def read_link(stem: str, data: bytes, armored: bytes) -> tuple[Entry, str]:
    """C2 to C4: one entry by itself; give the fingerprint of its key as well."""
    with blame(UNCHECKED, "signature-invalid"):  # C2
        key = find_signer(armored, data)
    demand(key, DISPROVES, "signature-invalid")
    with blame(UNCHECKED, "entry-invalid"):  # C3
        header = read_entry(data)
    demand(f"{header['sequence']:04d}-{header['event']}" == stem, DISPROVES, "chain-broken")  # C4
    return Entry(header["sequence"], stem, header, sha256(data).hex()), key


def check_item_numbers(entries: list[Entry], findings: Findings) -> None:
    """C8: item numbers go on from seal to seal."""
    usable = [entry.number for entry in entries]
    expected = 1
    last_seal = 0
    for entry in entries:
        if entry.event == "sealed":
            first = entry.details["first_item"]
            may_be_larger = any(number not in usable for number in range(last_seal + 1, entry.number))
            if first < expected or (first > expected and not may_be_larger):
                findings.append((DISPROVES, "chain-broken", f"entry {entry.number}"))
            expected = first + entry.details["items"]
            last_seal = entry.number


# --------------------------------------------------------------------------------- V4 and V5: trust, and what was noted


def check_trust(record: Record, entries: list[Entry], trust: str, findings: Findings) -> None:
    """V4: ask ssh-keygen whether the user trusts each signer."""
    for entry in entries:
        path = os.path.join(record.path, entry.stem.encode() + b".toml")
        command = ["ssh-keygen", "-Y", "verify", "-n", "evtool-custody-v1", "-f", trust, "-I", entry.header["agent"]]
        with open(path, "rb") as file:
            run = subprocess.run([*command, "-s", path + b".sig"], stdin=file, capture_output=True, check=False)
        if run.returncode != 0:
            findings.append((OPEN, "key-not-trusted", f"entry {entry.number}"))


def check_references(entries: list[Entry], record: Record, files: list[File], head: str, findings: Findings) -> None:
    """V5: the head that the user noted, and the entries of which others speak, whether or not these are usable."""
    if head and head not in [entry.digest for entry in entries]:
        findings.append((DISPROVES, "head-unknown", ""))
    for entry in entries:
        if entry.event in ("countersigned", "corrected"):
            number: Any = entry.details.get("entry")
            texts = [text for stem, data, _ in files if int(stem[:4]) == number for text in (data, with_lf(data))]
            is_unread = not texts and any(int(stem[:4]) == number for stem in record.entries)
            is_there = entry.details.get("head") in [sha256(text).hex() for text in texts]
            if not (is_there or is_unread) or number >= entry.number:
                findings.append((DISPROVES, "chain-broken", f"entry {entry.number}"))


# ------------------------------------------------------------------------- V7 and V8: manifests, and lists of checksums


def read_seal(record: Record, entry: Entry) -> None:
    """V7 and V8: of a manifest that cannot be read to its end, the items before the fault are kept."""
    demand(f"{entry.stem}.jsonl" in record.names, DISPROVES, "manifest-missing")
    data = record.read(f"{entry.stem}.jsonl", "manifest-unreadable")
    lines = data.split(b"\n")
    is_signed = is_as_signed(data, entry)
    is_converted = is_as_signed(with_lf(data), entry)
    with blame(UNCHECKED if is_signed or is_converted else DISPROVES, "manifest-invalid"):
        end, number = read_items(lines, entry)
    with blame(DISPROVES, "manifest-mismatch"):
        require(is_signed)
        require(entry.withholds or len(entry.items) == entry.details["items"])
        require_lines(entry.details["lines"] - end, entry.details["first_item"] + entry.details["items"] - number)
    entry.passed = True
    check_list(record, entry)


def is_as_signed(data: bytes, entry: Entry) -> bool:
    """Tell whether a manifest, readable or not, is the one that was signed."""
    *lines, rest = data.split(b"\n")
    if rest or any(len(line) > 16 * 1024 * 1024 for line in lines):
        return False
    try:
        return compute_root(lines) == (entry.details["root"], entry.details["lines"])
    except ValueError:
        return False


def check_list(record: Record, entry: Entry) -> None:
    """V8 and section 7: the list of checksums, which a partial copy need not have."""
    name = f"{entry.stem}.sha256"
    if name not in record.names:
        demand(entry.withholds, DISPROVES, "checksums-missing")
        return
    data = record.read(name, "checksums-unreadable")
    expected = entry.details["checksums"]
    is_converted = sha256(data).hex() != expected == sha256(with_lf(data)).hex()
    demand(not is_converted, UNCHECKED, "checksums-mismatch")
    head = re.match(rb"# SHA-256 of the items of this seal; salt [0-9a-f]{32}\n", data)
    demand(head and sha256(data).hex() == expected, DISPROVES, "checksums-mismatch")
    listed = b"".join(map(list_item, entry.items))
    demand(entry.withholds or (head and data[head.end() :] == listed), DISPROVES, "checksums-mismatch")


# -------------------------------------------------------------------------------------- V9 and section 6.1: withholding


def read_lists(record: Record, entries: list[Entry], findings: Findings) -> list[tuple[Entry, list[Group]]]:
    """Read the lists that are there, the newest first."""
    lists = []
    for entry in reversed(entries):
        name = f"{entry.stem}.items"
        if entry.event == "disclosed" and name in record.names:
            try:
                data = record.read(name, "disclosure-invalid")
                is_signed = sha256(data).hex() == entry.details.get("list")
                demand(len(data) <= 4 * 1024 * 1024, UNCHECKED, "disclosure-invalid")
                demand(is_signed, DISPROVES, "disclosure-invalid")
                with blame(UNCHECKED, "disclosure-invalid"):
                    lists.append((entry, read_groups(data)))
            except ProblemError as problem:
                findings.append((problem.effect, problem.code, f"entry {entry.number}"))
    return lists


def is_as_listed(item: Item, groups: list[Group]) -> bool:
    """Tell whether a list discloses an item, and withholds of it what this copy does."""
    number = item.number
    names = next((names for first, last, names in groups if first <= number <= last), None)
    if names is None or any(f"context.{one}" in names for one in item.fields):
        return False
    return item.withheld == [name.partition(".")[0] for name in names]


def find_promised(items: list[Item], groups: list[Group]) -> list[int]:
    """Give the first number of each range of items that a list discloses and this copy does not."""
    missing = []
    numbers = sorted(item.number for item in items)
    for first, last, _ in groups:
        expected = first
        for number in [*(one for one in numbers if first <= one <= last), last + 1]:
            if number > expected:
                missing.append(expected)
            expected = number + 1
    return missing


def is_explained(seals: list[Entry], lists: list[tuple[Entry, list[Group]]], findings: Findings) -> bool:
    """V9: tell whether all that is withheld may be."""
    if not any(seal.withholds for seal in seals):
        return True
    promised: list[int] | None = None
    for entry, groups in lists:
        items = [item for seal in seals if seal.number < entry.number for item in seal.items]
        missing = find_promised(items, groups)
        later = any(seal.withholds for seal in seals if seal.number > entry.number)
        if not missing and not later and all(is_as_listed(item, groups) for item in items):
            return True
        promised = missing if promised is None else promised
    findings += [(DISPROVES, "missing", f"item {number}") for number in promised or []]
    findings.append((UNCHECKED, "withheld-unexplained", ""))
    return False


# ---------------------------------------------------------------------------------------------------- V10: the evidence


def list_evidence(root: bytes, patterns: list[str]) -> dict[bytes, str]:
    """V10: all that lies in the evidence directory, path -> kind."""
    things: dict[bytes, str] = {}
    waiting = [b""]
    while waiting:
        directory = waiting.pop()
        try:
            paths = [os.path.join(directory, name) for name in os.listdir(os.path.join(root, directory))]
        except OSError:
            things[directory] = "unlistable"
            continue
        paths = [path for path in paths if path != b"custody" and not is_left_out(path, patterns)]
        if directory and not paths:
            things[directory] = "directory"
        for path in paths:
            kind = kind_of(os.path.join(root, path))
            if kind == "directory":
                waiting.append(path)
            else:
                things[path] = kind
    return things


# ------------------------------------------------------------------------------------------------------- V11: the items


class Comparison:
    """The items that are not found yet, and the things in the evidence that are not explained yet."""

    def __init__(self, root: bytes, seals: list[Entry], entries: list[Entry], findings: Findings) -> None:
        self.root = root
        self.patterns = seals[-1].details["exclude"] if seals else []
        self.things = list_evidence(root, self.patterns)
        items = [item for seal in seals for item in seal.items]
        self.missing = sorted(items, key=lambda item: (item.path == b"", item.sort_key))
        self.disposals = [entry for entry in entries if entry.event == "disposed"]
        self.replaced: list[Item] = []  # items that were given up before the next one of that name was sealed
        for item, later in itertools.pairwise(self.missing):
            if item.path and item.sort_key == later.sort_key and self.is_disposed(item, later.entry.number):
                self.replaced.append(item)
        self.unlistable = [path for path, kind in self.things.items() if kind == "unlistable"]
        self.omitted: list[bytes] = []  # directories that could not be read
        self.findings = findings
        self.compared = 0

    def run(self, *, all_is_known: bool) -> None:
        """Try to find each item, in one way after the other."""
        self.findings += [(UNCHECKED, "unreadable", store(path)) for path in self.unlistable]
        ways = [self.under_its_path, self.past_patterns, self.under_its_number, self.below_unlistable]
        ways += [self.given_up, self.as_another_type, self.in_another_form, self.under_another_name, self.nowhere]
        for way in ways:
            for item in list(self.missing):
                fate = way(item)
                if fate:
                    self.missing.remove(item)
                    self.settle(item, fate)
        known = (*self.omitted, *(path + b"/" for path in self.unlistable))
        extra = [path for path in sorted(self.things) if not (path + b"/").startswith(known)]
        extra = [path for path in extra if not is_companion(os.path.join(self.root, path))]
        if all_is_known:
            self.findings += [(DISPROVES, "extra", store(path)) for path in extra]
        elif extra:
            self.findings.append((UNCHECKED, "not-hashed", ""))
        if self.compared == 0:
            self.findings.append((UNCHECKED, "no-items", ""))

    def settle(self, item: Item, fate: str) -> None:
        """Say what became of an item; what its manifest says counts only if it passed."""
        effect = DISPROVES if item.entry.passed else UNCHECKED
        if fate in ("omitted", "disposed", "name-form"):
            effect = NOTE
        elif fate == "unreadable":
            effect = UNCHECKED
        elif item.entry.passed:
            self.compared += 1
        if fate != "ok":
            self.findings.append((effect, fate, f"item {item.content['item']}"))

    def compare(self, item: Item, path: bytes) -> str:
        """Compare an item with the thing that was found to be its own; what was given up has no place any more."""
        kind = self.things.pop(path)
        fate = "type-changed"
        if kind == "unlistable":
            fate = "unreadable"
        elif kind == item.content["type"]:
            fate = self.compare_bytes(item, os.path.join(self.root, path))
        if fate in ("type-changed", "changed") and self.is_disposed(item):
            self.things[path] = kind
            return "disposed"
        return fate

    def is_disposed(self, item: Item, before: int = 10000) -> bool:
        """Section 8.2: tell whether an entry, before the one of this number, says that an item was given up."""
        for entry in self.disposals:
            ranges = parse_ranges(entry.header["items"]) if "items" in entry.header else None
            is_named = ranges is not None and any(first <= item.number <= last for first, last in ranges)
            if entry.number < before and (is_named or (ranges is None and item.entry.number < entry.number)):
                return True
        return False

    def compare_bytes(self, item: Item, path: bytes) -> str:
        """Compare an item with something of the same type."""
        try:
            if item.content["type"] == "symlink":
                is_same = store(os.readlink(path)) == item.content["target"]
            elif item.content["type"] == "file":
                with open(path, "rb") as file:
                    data = file.read()
                found = {"sha256": sha256(data).hex(), "blake3": blake3.blake3(data).hexdigest(), "size": len(data)}
                is_same = found.items() <= item.content.items()
            else:
                is_same = True
        except OSError:
            return "unreadable"
        return "ok" if is_same else "changed"

    def under_its_path(self, item: Item) -> str:
        """Items that are where they were, and those that were never read."""
        kind = self.things.get(item.path, "")
        is_there = kind != "" and item.is_directory == (kind in ("directory", "unlistable"))
        is_there = is_there and item not in self.replaced
        if item.content["type"] != "omitted":
            return self.compare(item, item.path) if is_there else ""
        if is_there:
            self.things.pop(item.path)
        if item.is_directory:
            self.omitted.append(item.path + b"/")
        return "omitted"

    def past_patterns(self, item: Item) -> str:
        """Items that a later pattern hides."""
        parts = item.path.split(b"/")
        above = [b"/".join(parts[:end]) for end in range(1, len(parts))]
        if not item.path or not is_left_out(item.path, self.patterns):
            return ""
        kind = kind_of(os.path.join(self.root, item.path))
        if kind == "" or any(kind_of(os.path.join(self.root, one)) != "directory" for one in above):
            return ""
        self.things[item.path] = kind
        return self.compare(item, item.path)

    def under_its_number(self, item: Item) -> str:
        """Items under a name that is made of their number; of several things, the one that sorts last."""
        form = rf"item-{item.content['item']:06d}(\.[a-z0-9]{{1,8}})?"
        paths = [path for path in sorted(self.things) if re.fullmatch(form, store(path))]
        return self.compare(item, paths[-1]) if paths else ""

    def below_unlistable(self, item: Item) -> str:
        """Items of which nobody could see whether they are there."""
        return "unreadable" if any(item.sort_key.startswith(path + b"/") for path in self.unlistable) else ""

    def as_another_type(self, item: Item) -> str:
        """Items in whose place lies a thing of another type."""
        if item.path and any((path + b"/").startswith(item.path + b"/") for path in self.things):
            self.things.pop(item.path, None)
            return "type-changed"
        return ""

    def in_another_form(self, item: Item) -> str:
        """Items under their names in another Unicode form, if there is one of each."""
        form = unicodedata.normalize("NFC", store(item.path))
        items = [one for one in self.missing if unicodedata.normalize("NFC", store(one.path)) == form]
        paths = [path for path in self.things if unicodedata.normalize("NFC", store(path)) == form]
        if len(items) != 1 or len(paths) != 1:
            return ""
        self.settle(item, "name-form")
        return self.compare(item, paths[0])

    def under_another_name(self, item: Item) -> str:
        """Files whose bytes lie in a file that no seal names."""
        for path in sorted(self.things) if item.content.get("size") else []:
            place = os.path.join(self.root, path)
            is_alike = self.things[path] == "file" and os.path.getsize(place) == item.content["size"]
            if is_alike and self.compare_bytes(item, place) == "ok":
                self.things.pop(path)
                return "renamed"
        return ""

    def given_up(self, item: Item) -> str:
        """Items that nobody misses."""
        return "disposed" if self.is_disposed(item) else ""

    def nowhere(self, item: Item) -> str:
        """Items that are gone."""
        return "missing"


# ======================================================================================================================
# What files look like: sections 2 to 9. Whatever reads them raises an error if they look like anything else.


# ----------------------------------------------------------------------------------------------- Section 2: conventions


DIGEST = "[0-9a-f]{64}"
SALT = "[0-9a-f]{32}"
CODE = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
TEXT = "(?s:.{1,1000})"


def sha256(data: bytes) -> bytes:
    """Give the SHA-256 of some bytes."""
    return hashlib.sha256(data).digest()


def with_lf(data: bytes) -> bytes:
    """Undo what programs do to line ends."""
    return data.replace(b"\r\n", b"\n")


def is_number(value: Any) -> bool:
    """Tell whether this is a number; in Python, a boolean would be one, too."""
    return type(value) is int and 0 <= value < 2**53


def is_positive(value: Any) -> bool:
    """Tell whether this is a number from 1."""
    return is_number(value) and value > 0


def is_table(value: Any) -> bool:
    """Tell whether this is a table, of any fields."""
    return isinstance(value, dict)


def is_list(value: Any, form: str) -> bool:
    """Tell whether this is an array of texts of this form."""
    return isinstance(value, list) and all(fits(one, form) for one in value)


def fits(value: Any, check: Check) -> bool:
    """Tell whether a field is what it has to be."""
    if isinstance(check, str):
        return isinstance(value, str) and re.fullmatch(check, value) is not None
    return check(value)


def has_fields(value: Any, form: dict[str, Check]) -> bool:
    """Tell whether this is a table of exactly these fields, where those that end in `?` may be absent."""
    checks = {name.removesuffix("?"): check for name, check in form.items()}
    needed = {name for name in form if not name.endswith("?")}
    if not is_table(value) or not needed <= set(value) <= set(checks):
        return False
    return all(fits(value[name], checks[name]) for name in value)


# ------------------------------------------------------------ Section 3: names in the custody directory, and companions

STEM = "(?!0000)[0-9]{4}-[a-z]+(?:-[a-z]+)*"
ENTRY_FILE = rf"{STEM}\.(?:toml|toml\.sig|jsonl|sha256|blake2b|items)"
LABEL = r"(?=[a-z0-9-]{1,32}\.)[a-z0-9]+(?:-[a-z0-9]+)*"
TIME_FILE = rf"{STEM}\.toml\.sig\.(?:{LABEL}\.(?:tsq|tsr|chain\.pem|ots|[1-9][0-9]?\.(?:crl|ocsp))|ots)"
RECEIPT_FILE = r"[0-9]{4}-(?:transferred|disclosed)\.receipt\.toml(?:\.sig)?"
LEFTOVER = r"\.(?:[0-9]{4}-[a-z-]+\.[a-z0-9.-]+|README\.txt|allowed_signers|lock)\.part"
INFORMATION = r"README\.txt|allowed_signers|COVER\.txt"
OUR_FILES = "|".join([ENTRY_FILE, TIME_FILE, RECEIPT_FILE, LEFTOVER, INFORMATION])
OF_SYSTEMS = [".Spotlight-V100", ".Trashes", ".fseventsd", "$RECYCLE.BIN", "System Volume Information", "lost+found"]
OWNERS = {"jsonl": "sealed", "sha256": "sealed", "blake2b": "renewed", "items": "disclosed"}


# Of each sort: a form of its name, in which a group is the name of the file beside it; how it begins; its largest size.
COMPANIONS = [
    (rb"\._(.+)|(.+)@Syno(?:EAStream|Resource)", rb"\x00\x05\x16\x07\x00\x02\x00\x00", 256),
    (rb"(.+)(?::|\xef\x80\xba)Zone\.Identifier", rb"[\r\n]*\[ZoneTransfer\]", 64),
    (rb"\.DS_Store", rb"\x00\x00\x00\x01Bud1|\Z", 1024),
    (rb"(?:eh)?[Tt]humbs\.db", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\Z", 1024),
    (rb"[Dd]esktop\.ini", rb"\s*\[(?:\.ShellClassInfo|ViewState|LocalizedFileNames|DeleteOnCopy)\]|\Z", 64),
    (rb"[Dd]esktop\.ini", rb"\s*\[\{[0-9A-Fa-f-]{36}\}\]", 64),
]


def is_companion(path: bytes) -> bool:
    """Tell whether another system wrote a file beside others."""
    directory, name = os.path.split(path)
    for name_form, start_form, kibibytes in COMPANIONS:
        match = re.fullmatch(name_form, name, re.DOTALL)
        if match is None or kind_of(path) != "file" or os.path.getsize(path) > 1024 * kibibytes:
            continue
        with open(path, "rb") as file:
            start = file.read(4096)
        if start.startswith(b"\xff\xfe"):  # UTF-16
            start = start[2:].replace(b"\x00", b"")
        beside = b"".join(part for part in match.groups() if part)
        if re.match(b"(?:\xef\xbb\xbf)?(?:" + start_form + b")", start):
            return os.path.lexists(os.path.join(directory, beside))
    return False


# ----------------------------------------------------------------------------------------------------- Section 4: names


def store(name: bytes) -> str:
    """Give the stored form of a name on disk."""
    stored = ""
    for character in name.decode("utf-8", "surrogateescape"):
        if character == "%" or unicodedata.category(character) in ("Cc", "Cs"):  # Cs: a byte that is not UTF-8
            for byte in character.encode("utf-8", "surrogateescape"):
                stored += f"%{byte:02X}"
        else:
            stored += character
    return stored


def unstore(stored: str) -> bytes:
    """Give the bytes of a stored form; it is the only one that they have."""
    name = re.sub(rb"%([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), stored.encode())
    require(store(name) == stored)
    return name


def is_target(value: Any) -> bool:
    """Tell whether a symbolic link can lead there."""
    return fits(value, "(?s:.+)") and unstore(value) != b""


def is_path(value: Any) -> bool:
    """Tell whether this can be the path of an item."""
    parts = unstore(value).split(b"/") if fits(value, "(?s:.+)") else [b""]
    return not any(part in (b"", b".", b"..") or b"\0" in part for part in parts)


# --------------------------------------------------------------------------------------- Sections 5 and 6: the manifest


def read_canonical(line: bytes) -> Table:
    """Section 5.1: one JSON object, in the spelling of RFC 8785."""
    value = json.loads(line.decode(), parse_int=read_number, parse_float=refuse, parse_constant=refuse)
    require(is_table(value))
    spelled = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    require(spelled.encode() == line)
    return dict(value)


def read_number(spelled: str) -> int:
    """Read a number of section 2."""
    require(is_number(int(spelled)))
    return int(spelled)


def refuse(spelled: str) -> NoReturn:
    """Refuse a number that is no integer."""
    raise ValueError


def is_statements(value: Any) -> bool:
    """Tell whether these kinds of statements can follow the content of an item."""
    return is_list(value, "[a-z]+") and fits(",".join(value), "file(,metadata)?(,context){0,128}(,consent)?")


def is_mtime(value: Any) -> bool:
    """Tell whether this is a modification time, or none."""
    if value is None:
        return True
    require(fits(value, r"[0-9-]{10}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{9}Z"))
    return bool(datetime.date.fromisoformat(value[:10]))


OMISSION = "unreadable|unreadable-directory|special|changing"
STATEMENT: dict[str, Check] = {"item": is_positive, "kind": ".*", "salt": SALT}
CONTENT: dict[str, Check] = STATEMENT | {"statements": is_statements, "type": ".*"}

# Section 5.2: kind, and type of a content -> the fields of the statement.
STATEMENTS: dict[str, dict[str, Check]] = {
    "content file": CONTENT | {"blake3": DIGEST, "sha256": DIGEST, "size": is_number},
    "content directory": CONTENT,
    "content symlink": CONTENT | {"target": is_target},
    "content omitted": CONTENT | {"reason": OMISSION},
    "file": STATEMENT | {"mtime": is_mtime, "path": is_path},
    "metadata": STATEMENT | {"cage": TEXT, "claims?": is_table, "failure?": TEXT},
    "context": STATEMENT | {"field": "[a-z][a-z0-9_-]{0,62}", "value": "[^\x00-\x09\x0b-\x1f\x7f-\x9f]{1,4000}"},
    "consent": STATEMENT | {"consent": is_table, "handling?": TEXT},
    "withheld": {"hash": DIGEST, "kind": ".*", "lines": is_positive},
}


def read_statement(line: bytes) -> Table:
    """Section 5.2: one line of a manifest, without its line feed."""
    require(len(line) <= 65536)
    statement = read_canonical(line)
    kind = str(statement.get("kind"))
    if kind == "content":
        kind += f" {statement.get('type')}"
    require(kind in STATEMENTS and has_fields(statement, STATEMENTS[kind]))
    require(kind == "content file" or "metadata" not in statement.get("statements", []))
    require(kind != "metadata" or "claims" in statement or "failure" in statement)
    return statement


@dataclass(eq=False)
class Item:
    """What a manifest discloses of one item."""

    entry: Entry
    content: Table
    place: int  # how many lines stand before its content, withheld ones counted
    withheld: list[str]  # kinds of its statements that are not disclosed
    path: bytes = b""  # empty if its name is withheld
    fields: list[str] = field(default_factory=list)  # of context, as far as they are disclosed

    @property
    def number(self) -> int:
        """Its number in the collection."""
        return int(self.content["item"])

    @property
    def end(self) -> int:
        """How many lines stand before the first one that is not about it."""
        return self.place + 1 + len(self.content["statements"])

    @property
    def is_directory(self) -> bool:
        """Whether it is an empty directory, or one that could not be read."""
        return self.content["type"] == "directory" or self.content.get("reason") == "unreadable-directory"

    @property
    def sort_key(self) -> bytes:
        """Section 5.3."""
        return self.path + b"/" if self.is_directory else self.path


def group_items(lines: list[bytes], entry: Entry) -> Iterator[Item]:
    """Sections 5.3 and 6: put the statements of each item together; each one has its place."""
    item = None
    place = 0
    for line in lines[:-1]:
        statement = read_statement(line)
        if statement["kind"] == "withheld":
            entry.withholds = True
            require_node(place, statement["lines"])
            place += statement["lines"]
        elif statement["kind"] == "content":
            require(item is None)
            item = Item(entry, statement, place, list(statement["statements"]))
            place += 1
        else:
            if item is None:
                raise ValueError
            add_statement(item, statement, place)
            place += 1
        if item is not None and place >= item.end:
            yield item
            item = None
    require(item is None and lines[-1] == b"")


def add_statement(item: Item, statement: Table, place: int) -> None:
    """Take a statement that follows the content of its item."""
    require(item.number == statement["item"])
    require(item.content["statements"][place - item.place - 1] == statement["kind"])
    item.withheld.remove(statement["kind"])
    if statement["kind"] == "file":
        item.path = unstore(statement["path"])
    if statement["kind"] == "context":
        require(not item.fields or item.fields[-1] < statement["field"])
        item.fields.append(statement["field"])


def read_items(lines: list[bytes], entry: Entry) -> tuple[int, int]:
    """Sections 5.3 and 6: the items, up to a fault; give where the last one ends, and the number after its own."""
    end = 0
    number = entry.details["first_item"]
    last_key = b""
    for item in group_items(lines, entry):
        require_lines(item.place - end, item.number - number)
        require("consent" not in item.withheld)
        if item.path:
            require(item.sort_key > last_key)
            last_key = item.sort_key
        entry.items.append(item)
        end = item.end
        number = item.number + 1
    return end, number


def require_lines(lines: int, items: int) -> None:
    """Section 6: of each withheld item there are two lines at least; and lines of no item are none."""
    require(lines >= 2 * items >= 0 and (lines == 0) == (items == 0))


def require_node(before: int, lines: int) -> None:
    """Section 6: so many withheld lines, after so many other lines, are the leaves of one node."""
    require(lines.bit_count() == 1 and before % lines == 0)


def compute_root(lines: list[bytes]) -> tuple[str, int]:
    """Sections 5.4 and 6: the Merkle tree hash over all lines, withheld ones counted, and how many they are."""
    nodes: list[tuple[bytes, int]] = []  # complete subtrees from left to right, each with its number of lines
    count = 0
    for line in lines:
        node = sha256(b"\x00" + line)
        size = 1
        with contextlib.suppress(ValueError, RecursionError):
            statement = read_statement(line)
            if statement["kind"] == "withheld":
                node = bytes.fromhex(statement["hash"])
                size = statement["lines"]
        require_node(count, size)
        count += size
        while nodes and nodes[-1][1] == size:
            node = sha256(b"\x01" + nodes.pop()[0] + node)
            size = 2 * size
        nodes.append((node, size))
    root = nodes.pop()[0] if nodes else sha256(b"")
    while nodes:
        root = sha256(b"\x01" + nodes.pop()[0] + root)
    return root.hex(), count


# -------------------------------------------------------------------------------- Section 6.1: the list of a disclosure

LIST: dict[str, Check] = {
    "cover": DIGEST,
    "format": "evtool-disclosed/1",
    "groups": lambda value: isinstance(value, list) and 1 <= len(value) <= 1024,
    "salt": SALT,
}
GROUP: dict[str, Check] = {
    "items": lambda value: bool(parse_ranges(value)),
    "withheld": lambda value: is_list(value, r"file|metadata|context\.[a-z][a-z0-9_-]{0,62}"),
}


def read_groups(data: bytes) -> list[Group]:
    """Read the list of an entry `disclosed`; give its ranges in the order of items."""
    require(data.endswith(b"\n"))
    listed = read_canonical(data[:-1])
    require(has_fields(listed, LIST) and all(has_fields(one, GROUP) for one in listed["groups"]))
    withheld = [one["withheld"] for one in listed["groups"]]
    for names in withheld:
        require(names == sorted(set(names), key=lambda name: (name.startswith("context"), name)))
        require(withheld.count(names) == 1)
    groups = [(first, last, one["withheld"]) for one in listed["groups"] for first, last in parse_ranges(one["items"])]
    firsts = [parse_ranges(one["items"])[0] for one in listed["groups"]]
    require(firsts == sorted(firsts))
    groups.sort()
    require(all(one[1] < following[0] for one, following in itertools.pairwise(groups)))
    return groups


# ------------------------------------------------------------------------------------- Section 7: the list of checksums


def list_item(item: Item) -> bytes:
    """Section 7: the line of one item."""
    size = len(item.path)
    if item.content["type"] != "file":
        return b""
    if size > 4095:
        line = f"# item {item.content['item']} is not listed: its path has {size} bytes, more than sha256sum can open\n"
        return line.encode()
    path = b"./-" if item.path == b"-" else item.path
    escaped = path.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    mark = b"\\" if escaped != path else b""
    return mark + str(item.content["sha256"]).encode() + b"  " + escaped + b"\n"


# ------------------------------------------------------------------------------------------------- Section 8: the entry


def parse_ranges(value: Any) -> list[tuple[int, int]]:
    """Read ranges of items: the first and the last of each."""
    require(is_list(value, "[1-9][0-9]{0,15}(-[1-9][0-9]{0,15})?") and value)
    ranges: list[tuple[int, int]] = []
    for one in value:
        first, dash, last = one.partition("-")
        require(is_number(int(last or first)) and (not dash or int(first) < int(last)))
        require(not ranges or ranges[-1][1] + 1 < int(first))
        ranges.append((int(first), int(last or first)))
    return ranges


def is_moment(value: Any) -> bool:
    """Tell whether this is a time with its offset."""
    return isinstance(value, datetime.datetime) and value.tzinfo is not None


def is_printable(text: str) -> bool:
    """Tell whether this holds no control, no separator of lines, and nothing that turns the direction of text."""
    return not re.search("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)


def is_exclude(value: Any) -> bool:
    """Tell whether these are patterns."""
    return is_list(value, "(?s:.{1,256})") and len(value) <= 64 and all(is_printable(one) for one in value)


PREVIOUS: dict[str, Check] = {"entry": DIGEST, "signature": DIGEST, "timestamps?": is_table}
INFORMATIONAL: dict[str, Check] = {"README.txt?": DIGEST, "allowed_signers?": DIGEST}
FIXITY: dict[str, Check] = {"scope": "full|sample"}
FIXITY |= dict.fromkeys(["items", "checked", "ok", "changed", "missing", "unreadable", "extra", "withheld"], is_number)
HEADER: dict[str, Check] = {
    "format": "evtool-custody/1",
    "collection": SALT,
    "sequence": lambda value: is_positive(value) and value <= 9999,
    "event": "collected|received|sealed|verified|accessed|copied|transferred|disclosed|derived|consent-changed"
    "|countersigned|renewed|corrected|incident|disposed",
    "happened_at": is_moment,
    "recorded_at": is_moment,
    "clock": "claimed|synced",
    "agent": CODE,
    "key": "SHA256:[A-Za-z0-9+/]{43}",
    "reason": TEXT,
    "tool": TEXT,
    "items?": lambda value: bool(parse_ranges(value)),
    "previous?": lambda value: has_fields(value, PREVIOUS),
    "informational?": lambda value: has_fields(value, INFORMATIONAL),
    "fixity?": lambda value: has_fields(value, FIXITY),
}
SEALED: dict[str, Check] = {
    "first_item": is_positive,
    "items": is_positive,
    "lines": is_positive,
    "root": DIGEST,
    "checksums": DIGEST,
    "exclude": is_exclude,
    "allowed": lambda value: is_list(value, OMISSION),
}


# A line of an entry: a table, or a key and a value; or only a value, in a list. What belongs where, TOML says.
TOML_TEXT = r"""(?:"(?:[^"\\]|\\.)*+"|'[^']*+')"""
TOML_KEY = r"""(?:[A-Za-z0-9_-]{1,128}|"[^"\\]{0,126}"|'[^']{0,126}')"""
TOML_WORD = r"[0-9A-Za-z+-][0-9A-Za-z:+._-]*+(?: [0-9][0-9:.Zz+-]*+)?"
TOML_VALUES = rf"(?:(?:{TOML_TEXT}|{TOML_WORD})[ \t]*+(?:,[ \t]*+|(?=[]#\r]|\Z)))*+"
TOML_TABLE = rf"\[[ \t]*+{TOML_KEY}[ \t]*+(?:\.[ \t]*+{TOML_KEY}[ \t]*+)?\]"
ENTRY_LINE = rf"[ \t]*+(?:{TOML_TABLE}|(?:{TOML_KEY}[ \t]*+=[ \t]*+)?(?:\[[ \t]*+)?{TOML_VALUES}\]?)[ \t]*+(?:#.*)?\r?"


def read_entry(data: bytes) -> Table:
    """Section 8; the table of the event is there even if it may be absent."""
    require(all(re.fullmatch(ENTRY_LINE, line) for line in data.decode().split("\n")))
    entry = tomllib.loads(data.decode())
    event = str(entry.get("event"))
    details = entry.setdefault(event, {})
    require(has_fields(entry, HEADER | {event: is_table}))
    require((entry["sequence"] == 1) != ("previous" in entry))
    require(all(fits(one, DIGEST) for one in entry.get("previous", {}).get("timestamps", {}).values()))
    if event == "sealed":
        require(has_fields(details, SEALED) and details["items"] <= details["lines"])
    if event == "disclosed":
        require(fits(details.get("list", "0" * 64), DIGEST) and ("list" not in details or "items" not in entry))
    return entry


# ------------------------------------------------------------------------------------------------ Section 8.1: patterns


def match_pattern(pattern: str, name: str) -> bool:
    """Section 8.1: go through a pattern, with all the places of the name up to which it matches so far."""
    places = {0}
    for sign in pattern:
        if sign == "*":
            places = {to for at in places for to in range(at, (name + "/").index("/", at) + 1)}
        else:
            fitting = [at for at in places if at < len(name) and sign in (name[at], "?")]
            places = {at + 1 for at in fitting if sign == name[at] or name[at] != "/"}
    return len(name) in places


def is_left_out(path: bytes, patterns: list[str]) -> bool:
    """Tell whether a pattern matches a path, or that of a directory above."""
    parts = store(path).split("/")
    for end in range(1, len(parts) + 1):
        above = "/".join(parts[:end])
        if any(match_pattern(one, above if "/" in one else parts[end - 1]) for one in patterns):
            return True
    return False


# --------------------------------------------------------------------------------------------- Section 9: the signature


FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
ALSO_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def is_sound_point(point: bytes) -> bool:
    """Tell whether y is below the field prime, and not that of a point of small order."""
    y = int.from_bytes(point, "little") % 2**255
    return y < FIELD_PRIME and y not in (0, 1, FIELD_PRIME - 1, ORDER_8, ALSO_8)


def ssh_string(data: bytes) -> bytes:
    """RFC 4251, section 5."""
    return len(data).to_bytes(4, "big") + data


def spell_signature(point: bytes, namespace: bytes, hash_name: str, raw: bytes) -> bytes:
    """Write the file of a signature, which has one spelling (items 1 to 4 of section 9)."""
    key = ssh_string(b"ssh-ed25519") + ssh_string(point)
    signature = ssh_string(b"ssh-ed25519") + ssh_string(raw)
    parts = [key, namespace, b"", hash_name.encode(), signature]
    text = base64.b64encode(b"SSHSIG\x00\x00\x00\x01" + b"".join(map(ssh_string, parts)))
    lines = [text[at : at + 70] + b"\n" for at in range(0, len(text), 70)]
    return b"-----BEGIN SSH SIGNATURE-----\n" + b"".join(lines) + b"-----END SSH SIGNATURE-----\n"


def find_signer(armored: bytes, message: bytes) -> str:
    """Give the fingerprint of the key that signed a message for us; empty if the signature does not hold."""
    blob = base64.b64decode(b"".join(armored.split(b"\n")[1:-2]))
    point = blob[33:65]
    namespace = blob[69 : 69 + int.from_bytes(blob[65:69], "big")]
    raw = blob[-64:]
    names = [name for name in ("sha256", "sha512") if armored == spell_signature(point, namespace, name, raw)]
    require(names and len(armored) <= 4096 and len(point) == 32 and len(raw) == 64 and is_sound_point(point))
    require(namespace and is_printable(namespace.decode()))
    digest = hashlib.new(names[0], message).digest()
    signed = b"SSHSIG" + b"".join(map(ssh_string, [namespace, b"", names[0].encode(), digest]))
    if not is_sound_point(raw[:32]) or int.from_bytes(raw[32:], "little") >= GROUP_ORDER:
        return ""
    try:
        nacl.signing.VerifyKey(point).verify(signed, raw)
    except nacl.exceptions.BadSignatureError:
        return ""
    key = ssh_string(b"ssh-ed25519") + ssh_string(point)
    fingerprint = "SHA256:" + base64.b64encode(sha256(key)).decode().rstrip("=")
    return fingerprint if namespace == b"evtool-custody-v1" else ""


if __name__ == "__main__":
    found = find_all(*sys.argv[1:])
    for _, finding, subject in found:
        print(f"{finding} {subject}".rstrip())
    print("exit code", judge(found))
    sys.exit(judge(found))
