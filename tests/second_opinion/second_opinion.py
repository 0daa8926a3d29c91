"""A second verifier for sealed directories, written from the pages in manifests/ alone.

    python second_opinion.py EVIDENCE TRUSTED_KEYS [HEAD [CONTINUED]]

EVIDENCE is a sealed directory, TRUSTED_KEYS the user's list of keys (allowed_signers of OpenSSH),
HEAD the digest of an entry that the user noted, or nothing, CONTINUED a directory that continues
the record. It prints what it finds, one finding per line, and ends with the exit code of
FORMAT-verdict.md.

The steps are those of FORMAT-verify.md, by their numbers and letters; steps 10 and 11 are in
evidence.py. What files look like is read in file_formats.py, whose tables are in grammar.toml. No
code is shared with evtool. It needs the packages blake3 and pynacl, and the program ssh-keygen.

Not judged: how many have to sign (in step 4), receipts (in 5), time evidence (6), bags (12),
renewals and copies (13), consent (14), what metadata and terms say, signatures of security keys.
Notes that change no answer are left out, but for those about an item.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

import file_formats as formats
from evidence import DISPROVES, OPEN, UNCHECKED, Comparison
from file_formats import Entry, Group, Item, Line


class StopError(Exception):
    """A finding, by its effect and its code, that ends a step for what the step is about."""


class Findings(list[tuple[str, str, str]]):
    """What is found: effect, code, and what it is about."""

    @contextlib.contextmanager
    def about(self, subject: str) -> Iterator[None]:
        """Take down the finding that ends a step within, and what it is about."""
        try:
            yield
        except StopError as stop:
            effect, code = stop.args
            self.append((effect, code, subject))


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


def verify(evidence: str, trust: str, head: str = "", continued: str = "") -> Findings:
    """Go through the steps."""
    findings = Findings()
    root = os.fsencode(evidence)
    record = Record(os.path.join(root, b"custody"), os.fsencode(continued), findings)  # step 1
    if not record.entries:
        return Findings([(UNCHECKED, "no-items", "")])
    files = read_files(record, findings)  # step 1
    entries = check_chain(files, findings)  # steps 2 and 3
    check_trust(record, entries, trust, findings)  # step 4
    check_references(record, files, entries, head, findings)  # step 5
    check_retired(entries, findings)  # step 5e
    undone = find_undone(entries, findings)  # step 5b
    seals = [entry for entry in entries if entry.event == "sealed"]
    for seal in seals:
        with findings.about(f"entry {seal.number}"):
            check_manifest(record, seal)  # step 7
            check_checksums(record, seal)  # step 8
    is_known = len(record.seals) == len(seals) and all(seal.passed for seal in seals)
    lists = read_lists(record, entries, findings)  # step 9
    lacking = [entry.number for entry in entries if entry.lacks_details]
    is_known = is_known and is_explained(seals, lacking, lists, findings)
    entries = [entry for entry in entries if not entry.lacks_details]
    entries = [entry for entry in entries if entry.number not in undone]
    findings += Comparison(root, seals, entries).run(is_known=is_known)  # steps 10 and 11
    return findings


def judge(findings: Findings) -> int:
    """Step 16: the exit code."""
    effects = {effect for effect, _, _ in findings}
    for effect, code in ((DISPROVES, 1), (UNCHECKED, 4), (OPEN, 3)):
        if effect in effects:
            return code
    return 0


# -------------------------------------------------------------------- step 1: the custody directory


class File(NamedTuple):
    """An entry as it lies on disk: number, NUMBER-EVENT, bytes, those of signature and details."""

    number: int
    stem: str
    data: bytes
    signature: bytes
    details: bytes | None


class Record:
    """A record: the names in it, where each lies, and its entries, each as NUMBER-EVENT."""

    def __init__(self, path: bytes, continued: bytes, findings: Findings) -> None:
        self.names, foreign = list_names(path)
        self.find_entries()
        if self.entries and continued:
            added, strays = list_names(continued)
            if self.is_continued_by(added):
                foreign += strays + self.add(added)
            else:
                findings.append((UNCHECKED, "continuation-apart", ""))
        stems = self.find_entries()
        for name in self.names:
            stem = name.partition(".")[0]
            if stem in self.entries and formats.is_named(name, "of_another_event"):
                foreign.append(name)
            if stem not in stems and formats.is_named(name, "time"):
                foreign.append(name)
        findings += [(DISPROVES, "custody-extra", name) for name in foreign]
        for stem in stems.difference(self.entries):
            parts = [name[1:-5] for name in self.names if name.startswith(f".{stem}.")]
            if all(formats.is_named(name, "time") for name in parts):  # no run was interrupted here
                findings.append((UNCHECKED, "entry-unfinished", f"entry {int(stem[:4])}"))
                self.seals |= {stem} if stem.endswith("-sealed") else set()

    def find_entries(self) -> set[str]:
        """Find the entries that exist; give those of which any file is there."""
        stems = {name.partition(".")[0] for name in self.names if formats.is_named(name, "entry")}
        self.entries = sorted(stem for stem in stems if f"{stem}.toml.sig" in self.names)
        self.seals = {stem for stem in self.entries if stem.endswith("-sealed")}
        return stems

    def is_continued_by(self, added: dict[str, bytes]) -> bool:
        """Rules R10 and R11: the first entry of a continuation goes on after the last one here."""
        stems = sorted(name[:-9] for name in added if name.endswith(".toml.sig"))
        stems = [stem for stem in stems if formats.is_named(f"{stem}.toml.sig", "entry")]
        if not stems or int(stems[0][:4]) != int(self.entries[-1][:4]) + 1:
            return False
        try:
            before, first = read_pair(self.names, self.entries[-1]), read_pair(added, stems[0])
        except OSError:
            return True
        entries, faults = read_chain([first])
        if not entries or faults:
            return True  # what is not signed as it stands is for the steps to judge
        header = entries[0].header
        digests = {"entry": digest(before.data), "signature": digest(before.signature)}
        others = [entry.header["collection"] for entry in read_chain([before])[0]]
        return digests.items() <= header["previous"].items() and others in (
            [],
            [header["collection"]],
        )

    def add(self, added: dict[str, bytes]) -> list[str]:
        """Rules R12 and R13: take in what a continuation holds; give what does not belong in it."""
        foreign = []
        last = int(self.entries[-1][:4])
        for name, place in added.items():
            is_older = formats.is_named(name, "entry", "receipt") and int(name[:4]) <= last
            is_double = formats.is_named(name, "time") and name in self.names
            if is_older or is_double or name == "COVER.txt":
                foreign.append(name)
            else:
                self.names[name] = place
        return foreign

    def read(self, name: str, code: str) -> bytes:
        """Read a file whole."""
        with unless_read(UNCHECKED, code), open(self.names[name], "rb") as file:
            return file.read()


def list_names(path: bytes) -> tuple[dict[str, bytes], list[str]]:
    """Give the names of a record in a directory, each with its path, and those that are foreign."""
    names, foreign = {}, []
    for raw_name in os.listdir(path) if formats.kind_of(path) == "directory" else []:
        name = raw_name.decode("utf-8", "replace")
        place = os.path.join(path, raw_name)
        kind = formats.kind_of(place)
        if kind == "file" and formats.is_named(name, *OF_A_RECORD):
            names[name] = place
        elif kind == "directory" and formats.is_named(name, "directory_of_a_system"):
            continue
        elif not formats.is_companion(place):
            foreign.append(name)
    return names, foreign


def read_pair(names: dict[str, bytes], stem: str) -> File:
    """Read an entry with its signature."""
    parts = []
    for name in (f"{stem}.toml", f"{stem}.toml.sig"):
        with open(names.get(name, b""), "rb") as file:
            parts.append(file.read())
    return File(int(stem[:4]), stem, parts[0], parts[1], None)


OF_A_RECORD = ["entry", "time", "receipt", "leftover", "information"]


def read_files(record: Record, findings: Findings) -> list[File]:
    """Steps 1 and 3a: the entries that exist, in their order."""
    files: list[File] = []
    last_number = size = 0
    for stem in record.entries:
        number = int(stem[:4])
        if number > last_number + 1:
            findings.append((DISPROVES, "entry-missing", f"entry {last_number + 1}"))
        if number == last_number:
            findings.append((DISPROVES, "entry-doubled", f"entry {number}"))
        last_number = number
        with findings.about(f"entry {number}"):
            demand(f"{stem}.toml" in record.names, DISPROVES, "entry-missing")
            data = record.read(f"{stem}.toml", "custody-unreadable")
            signature = record.read(f"{stem}.toml.sig", "custody-unreadable")
            details = None
            if f"{stem}.details" in record.names and formats.fits(stem[5:], "APART"):
                details = record.read(f"{stem}.details", "custody-unreadable")
            is_small = (
                len(data) <= 65536 and len(signature) <= 16384 and len(details or b"") <= 65536
            )
            demand(is_small and size <= 64 * 1024 * 1024, UNCHECKED, "custody-unreadable")
            files.append(File(number, stem, data, signature, details))
            size += len(data) + len(details or b"")
    return files


# ------------------------------------------------------------------------- steps 2 and 3: the chain


def check_chain(files: list[File], findings: Findings) -> list[Entry]:
    """Give the entries that are usable; converted line ends are told as such."""
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


def digest(data: bytes) -> str:
    """Spell the SHA-256 of some bytes."""
    return sha256(data).hexdigest()


def with_lf(data: bytes) -> bytes:
    """Undo what programs do to line ends."""
    return data.replace(b"\r\n", b"\n")


def read_chain(files: list[File]) -> tuple[list[Entry], Findings]:
    """Steps 2 and 3b to 3f: the entries that are usable, and what is wrong."""
    findings = Findings()
    entries: list[Entry] = []
    for before, file in itertools.pairwise([None, *files]):
        if file is None:
            continue
        subject = f"entry {file.number}"
        with findings.about(subject):
            with unless_read(UNCHECKED, "signature-invalid"):
                signer = formats.find_signer(file.signature, file.data)
            demand(signer, DISPROVES, "signature-invalid")  # 2a
            with unless_read(UNCHECKED, "entry-invalid"):  # 3b
                header = formats.read_entry(file.data)
                signed = header.get("details")
                if file.details is not None and digest(file.details) == signed:
                    header = formats.read_entry(file.data, file.details)
                elif file.details is not None and digest(with_lf(file.details)) == signed:
                    findings.append((UNCHECKED, "line-ends", subject))
                elif file.details is not None:
                    findings.append((DISPROVES, "chain-broken", subject))
            entry = Entry(header, digest(file.data))
            demand(entry.stem == file.stem, DISPROVES, "chain-broken")  # 3c
            if header["key"] != signer:
                findings.append((DISPROVES, "signer-differs", subject))  # 2b
            if before is not None and before.number == entry.number - 1:
                digests = {"entry": digest(before.data), "signature": digest(before.signature)}
                if not digests.items() <= header["previous"].items():
                    findings.append((DISPROVES, "chain-broken", subject))  # 3d
            entries.append(entry)
            if header["collection"] != entries[0].header["collection"]:
                findings.append((DISPROVES, "chain-broken", subject))  # 3e
    check_item_numbers(entries, findings)
    return entries, findings


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
                findings.append((DISPROVES, "chain-broken", f"entry {entry.number}"))
            expected = first + entry.details["items"]
            last_seal = entry.number


# -------------------------------------------------------------- steps 4 and 5: trust and references


def check_trust(record: Record, entries: list[Entry], trust: str, findings: Findings) -> None:
    """Step 4: ask ssh-keygen whether the user trusts each signer."""
    for entry in entries:
        path = record.names[f"{entry.stem}.toml"]
        command = ["ssh-keygen", "-Y", "verify", "-n", "evtool-custody-v1", "-f", trust]
        command += ["-I", entry.header["agent"], "-s", os.fsdecode(path) + ".sig"]
        with open(path, "rb") as file:
            run = subprocess.run(command, stdin=file, capture_output=True, check=False)
        if run.returncode != 0:
            findings.append((OPEN, "key-not-trusted", f"entry {entry.number}"))


def check_references(
    record: Record, files: list[File], entries: list[Entry], head: str, findings: Findings
) -> None:
    """Step 5: the head that the user noted, and the entries that others speak of.

    Those may be unusable, and of one that cannot be read from the disk nothing is said.
    """
    if head and head not in [entry.digest for entry in entries]:
        findings.append((DISPROVES, "head-unknown", ""))
    for entry in entries:
        if entry.event in ("countersigned", "corrected") and not entry.lacks_details:
            number = entry.details["entry"]
            texts = [file.data for file in files if file.number == number]
            digests = {digest(text) for text in [*texts, *map(with_lf, texts)]}
            is_unread = not texts and any(int(stem[:4]) == number for stem in record.entries)
            is_there = is_unread or entry.details["head"] in digests
            if not is_there or number >= entry.number:
                findings.append((DISPROVES, "chain-broken", f"entry {entry.number}"))


def find_undone(entries: list[Entry], findings: Findings) -> set[int]:
    """Step 5b: the entries that an entry `corrected` undoes (E34 and E35)."""
    undone: set[int] = set()
    retired = [subject for _, code, subject in findings if code == "key-retired"]
    for entry in entries:
        for other in entries if entry.details.get("undone") else []:
            named = (entry.details["entry"], entry.details["head"])
            if named != (other.number, other.digest) or other.number >= entry.number:
                continue
            is_first = other.number not in undone and f"entry {entry.number}" not in retired
            is_whole = other.lacks_details or entry.header.get("items") == other.header.get("items")
            may = is_signed_for(entry, other, entries)
            if is_first and is_whole and other.event in UNDOABLE and may:
                undone.add(other.number)
            else:
                findings.append((OPEN, "undo-invalid", f"entry {entry.number}"))
    return undone


def is_signed_for(entry: Entry, other: Entry, entries: list[Entry]) -> bool:
    """E35: one agent signed both with one key, or has admitted who signed the later one."""
    who, signer = ((each.header["agent"], each.header["key"]) for each in (entry, other))
    for admission in entries if who != signer else []:
        if admission.event == "admitted" and admission.number < entry.number:
            details = admission.details
            is_next = details["role"] == "after" or other.event != "consent-changed"
            is_own = (admission.header["agent"], admission.header["key"]) == signer
            if is_own and is_next and (details["agent"], details["key"]) == who:
                return True
    return who == signer


UNDOABLE = ("consent-changed", "disposed", "renamed")


def check_retired(entries: list[Entry], findings: Findings) -> None:
    """Step 5e, rules E38 to E40: houses (0 is the sender's), and the keys that are retired."""
    houses: dict[tuple[str, str], int] = {}
    retired: dict[str, int] = {}  # key, and the house that it acted for
    successions: list[tuple[str, int, str]] = []
    handed_over = False
    for entry in entries:
        agent, key = entry.header["agent"], entry.header["key"]
        retired |= {old: old_house for old, old_house, new in successions if new == key}
        successions = [succession for succession in successions if succession[2] != key]
        of_sender = not handed_over and entry.event != "received"
        handed_over = handed_over or entry.event in ("transferred", "disclosed", "received")
        if key in retired:
            findings.append((OPEN, "key-retired", f"entry {entry.number}"))
            continue
        house = houses.setdefault((agent, key), 0 if of_sender else entry.number)
        if entry.event == "admitted" and entry.details["key"] != key:
            admitted = (entry.details["agent"], entry.details["key"])
            if house == 0 or houses.get(admitted, house) == house:
                houses[admitted] = house
                if house in (0, retired.get(admitted[1])):
                    retired.pop(admitted[1], None)
                if entry.details["role"] == "after":
                    successions.append((key, house, admitted[1]))


# ----------------------------------------------------------- steps 7 and 8: manifests and checksums


def check_manifest(record: Record, seal: Entry) -> None:
    """Step 7: of a manifest that cannot be read to its end, the items before the fault are kept."""
    name = f"{seal.stem}.jsonl"
    demand(name in record.names, DISPROVES, "manifest-missing")
    data = record.read(name, "manifest-unreadable")
    lines = [Line(text) for text in data.split(b"\n")]
    is_signed = is_as_signed(lines, seal)
    converted = [Line(text) for text in with_lf(data).split(b"\n")] if b"\r\n" in data else lines
    effect = UNCHECKED if is_signed or is_as_signed(converted, seal) else DISPROVES
    with unless_read(effect, "manifest-invalid"):
        end, number = formats.read_items(lines, seal)
    demand(is_signed, DISPROVES, "manifest-mismatch")
    is_whole = len(seal.items) == seal.details["items"]
    demand(is_whole or seal.withholds, DISPROVES, "manifest-mismatch")
    items_after = seal.details["first_item"] + seal.details["items"] - number
    with unless_read(DISPROVES, "manifest-mismatch"):
        formats.require_lines(seal.details["lines"] - end, items_after)
    seal.passed = True


def is_as_signed(lines: list[Line], seal: Entry) -> bool:
    """Tell whether a manifest, readable or not, is the one that was signed."""
    if lines[-1].size > 0 or any(line.size > 16 * 1024 * 1024 for line in lines):
        return False
    try:
        return formats.compute_root(lines) == (seal.details["root"], seal.details["lines"])
    except ValueError:
        return False


def check_checksums(record: Record, seal: Entry) -> None:
    """Step 8: the list of checksums, which a partial copy need not have."""
    name = f"{seal.stem}.sha256"
    if seal.withholds and name not in record.names:
        return
    demand(name in record.names, DISPROVES, "checksums-missing")
    data = record.read(name, "checksums-unreadable")
    is_signed = digest(data) == seal.details["checksums"]
    is_converted = digest(with_lf(data)) == seal.details["checksums"]
    demand(is_signed or not is_converted, UNCHECKED, "checksums-mismatch")
    first_line = re.match(rb"# SHA-256 of the items of this seal; salt [0-9a-f]{32}\n", data)
    demand(is_signed and first_line, DISPROVES, "checksums-mismatch")
    is_listed = seal.withholds or data.partition(b"\n")[2] == formats.list_checksums(seal.items)
    demand(is_listed, DISPROVES, "checksums-mismatch")


# ------------------------------------------------------------------------------ step 9: withholding


Lists = list[tuple[Entry, list[Group], set[int]]]  # an entry `disclosed`, and what its list says


def read_lists(record: Record, entries: list[Entry], findings: Findings) -> Lists:
    """Read the lists that are there, the newest first."""
    lists = []
    for entry in reversed(entries):
        name = f"{entry.stem}.items"
        if entry.event == "disclosed" and name in record.names:
            with findings.about(f"entry {entry.number}"):
                data = record.read(name, "disclosure-invalid")
                demand(len(data) <= 4 * 1024 * 1024, UNCHECKED, "disclosure-invalid")
                is_signed = digest(data) == entry.details.get("list")
                demand(is_signed, DISPROVES, "disclosure-invalid")
                with unless_read(UNCHECKED, "disclosure-invalid"):
                    lists.append((entry, *formats.read_list(data)))
    return lists


def is_explained(seals: list[Entry], lacking: list[int], lists: Lists, findings: Findings) -> bool:
    """Tell whether all that is withheld may be: the copy is as one of the lists says.

    `lacking` are the entries whose details are not here.
    """
    if not any(seal.withholds for seal in seals) and not lacking:
        return True
    of_newest: list[int] | None = None
    for entry, groups, numbers in lists:
        items = [item for seal in seals if seal.number < entry.number for item in seal.items]
        promised = find_promised(items, groups)
        withholds_later = any(seal.withholds for seal in seals if seal.number > entry.number)
        is_as_said = all(is_as_listed(item, groups) for item in items)
        if is_as_said and not promised and not withholds_later and set(lacking) == numbers:
            return True
        if of_newest is None:
            of_newest = promised
            handed_over = [
                absent for absent in lacking if absent < entry.number and absent not in numbers
            ]
            findings += [
                (DISPROVES, "disclosure-invalid", f"entry {absent}") for absent in handed_over
            ]
    findings += [(DISPROVES, "missing", f"item {number}") for number in of_newest or []]
    findings.append((UNCHECKED, "withheld-unexplained", ""))
    return False


def is_as_listed(item: Item, groups: list[Group]) -> bool:
    """Tell whether a list discloses an item, and withholds of it what this copy does."""
    for first, last, names in groups:
        if first <= item.number <= last:
            kinds = [name.partition(".")[0] for name in names]
            is_disclosed = [f"context.{field}" in names for field in item.fields]
            return item.withheld == kinds and not any(is_disclosed)
    return False


def find_promised(items: list[Item], groups: list[Group]) -> list[int]:
    """Give the first number of each run of items that a list discloses and this copy does not."""
    promised = []
    numbers = sorted(item.number for item in items)
    for first, last, _ in groups:
        expected = first
        for number in [*(number for number in numbers if first <= number <= last), last + 1]:
            if number > expected:
                promised.append(expected)
            expected = number + 1
    return promised


if __name__ == "__main__":
    found = verify(*sys.argv[1:])
    for _, finding, subject in found:
        print(f"{finding} {subject}".rstrip())
    print("exit code", judge(found))
    sys.exit(judge(found))
