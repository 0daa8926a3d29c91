"""A second verifier for sealed directories, written from the pages in manifests/ alone.

    python verify.py EVIDENCE TRUSTED_KEYS [--head DIGEST] [--continued DIRECTORY]
                     [--recipients FILE] [--beside EVIDENCE]

EVIDENCE is a sealed directory, TRUSTED_KEYS the user's list of keys (allowed_signers of OpenSSH).
The options are the digest of an entry that the user noted, a directory that continues the record,
the user's list of recipients, and another copy of the collection, to be compared with this one.
It prints what it finds, one finding per line, and ends with the exit code of FORMAT-verdict.md.

The steps are those of FORMAT-verify.md, by their numbers and letters. `verify` lists them, and they
follow it in this file, in their order. The files beside it hold what they ask: record.py (which
files a record has), history.py (whose key counts, and what is undone), manifest.py (what the lines
of a manifest say) and evidence.py (10 and 11: where each item lies). What files look like is read
in forms.py, by the tables of grammar.toml. No code is shared with evtool. It needs the packages
blake3 and pynacl, and the program ssh-keygen.

Notes that change no answer are left out, but for those about an item.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

import forms
import history
import manifest
from evidence import Comparison
from forms import digest, with_lf
from manifest import Group, Line
from record import (
    DISPROVES,
    OPEN,
    UNCHECKED,
    Entry,
    File,
    Findings,
    Names,
    Record,
    demand,
    find_entries,
    list_names,
    read_pair,
    unless_read,
)

NOT_JUDGED = """not judged: how many have to sign (step 4), receipts (5), time-stamps (6),
bags (12), renewals and copies (13), consent (14), what metadata and terms say, security keys"""


def verify(
    evidence: str,
    trust: str,
    head: str = "",
    continued: str = "",
    recipients: str = "",
    beside: str = "",
) -> Findings:
    """Go through the steps."""
    findings = Findings()
    root = os.fsencode(evidence)
    record = Record(root)
    if not record.entries:
        return Findings([(UNCHECKED, "no-items", "")])  # step 1e
    files = check_files(record, continued, findings)  # step 1
    entries = check_chain(files, findings)  # steps 2 and 3
    trusted = check_trust(record, entries, trust, recipients, findings)  # step 4
    check_references(record, files, entries, head, findings)  # steps 5a and 5b
    undone, invalid = history.find_undone(entries, *history.read_houses(entries))
    findings.add(OPEN, "undo-invalid", *invalid)  # step 5b
    if beside:
        others, trusted_too = read_beside(beside, trust, recipients)
        parting = history.find_parting(others, entries)
        if parting:  # step 5e: a copy that anybody could have signed accuses nobody
            is_proven = {entry.digest for entry in parting} <= trusted | trusted_too
            findings.add(DISPROVES if is_proven else OPEN, "records-part", parting[1].number)
    seals = [entry for entry in entries if entry.event == "sealed"]
    for seal in seals:
        with findings.about(seal.number):
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


# ----------------------------------------------------------------------------- step 1: the record


def check_files(record: Record, continued: str, findings: Findings) -> list[File]:
    """Step 1: give the entries that can be read."""
    if continued:
        added, strays = list_names(os.fsencode(continued))
        if is_continued_by(record.names, added):
            record.take_in(added, strays)
        else:
            findings.append((UNCHECKED, "continuation-apart", ""))  # 1f
    record.check_names(findings)  # 1a and 1b
    return read_files(record, findings)


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


# -------------------------------------------------------------- steps 4 and 5: trust and references


def check_trust(
    record: Record, entries: list[Entry], trust: str, recipients: str, findings: Findings
) -> set[str]:
    """Steps 4a and 4c: give the digests of the entries whose signers the user trusts."""
    trusted = set()
    by_retired, _ = history.read_houses(entries)
    findings.add(OPEN, "key-retired", *by_retired)
    for entry in entries:
        if not history.is_trusted(record.names[f"{entry.stem}.toml"], entry, trust, recipients):
            findings.add(OPEN, "key-not-trusted", entry.number)
        elif entry.number not in by_retired:
            trusted.add(entry.digest)
    return trusted


def read_beside(evidence: str, trust: str, recipients: str) -> tuple[list[Entry], set[str]]:
    """Read another copy: its entries, and the digests of those whose signers are trusted."""
    unsaid = Findings()  # the user asks about the other copy only what it says of this one
    record = Record(os.fsencode(evidence))
    entries = check_chain(check_files(record, "", unsaid), unsaid)
    return entries, check_trust(record, entries, trust, recipients, unsaid)


def check_references(
    record: Record, files: list[File], entries: list[Entry], head: str, findings: Findings
) -> None:
    """Steps 5a and 5b: the head that the user noted, and the entries that others speak of.

    Those may be unusable, and of one that cannot be read from the disk nothing is said.
    """
    if head and head not in [entry.digest for entry in entries]:
        findings.append((DISPROVES, "head-unknown", ""))
    for entry in entries:
        if entry.event in ("countersigned", "corrected") and not entry.lacks_details:
            number = entry.details["entry"]
            texts = [file.data for file in files if file.number == number]
            is_unread = not texts and any(int(stem[:4]) == number for stem in record.entries)
            digests = [digest(text) for text in [*texts, *map(with_lf, texts)]]
            is_there = is_unread or entry.details["head"] in digests
            if not is_there or number >= entry.number:
                findings.add(DISPROVES, "chain-broken", entry.number)


# ------------------------------------------------------------------------------- steps 7 and 8


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
        end, number = manifest.read_items(lines, seal)
    demand(is_signed, DISPROVES, "manifest-mismatch")
    is_whole = len(seal.items) == seal.details["items"]
    demand(is_whole or seal.withholds, DISPROVES, "manifest-mismatch")
    items_after = seal.details["first_item"] + seal.details["items"] - number
    with unless_read(DISPROVES, "manifest-mismatch"):
        manifest.require_lines(seal.details["lines"] - end, items_after)
    seal.passed = True


def is_as_signed(lines: list[Line], seal: Entry) -> bool:
    """Tell whether a manifest, readable or not, is the one that was signed."""
    if lines[-1].size > 0 or any(line.size > 16 * 1024 * 1024 for line in lines):
        return False
    try:
        return manifest.compute_root(lines) == (seal.details["root"], seal.details["lines"])
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
    is_listed = seal.withholds or data.partition(b"\n")[2] == manifest.list_checksums(seal.items)
    demand(is_listed, DISPROVES, "checksums-mismatch")


# ---------------------------------------------------------------------------- step 9: withholding


Lists = list[tuple[Entry, list[Group], set[int]]]  # an entry `disclosed`, and what its list says


def read_lists(record: Record, entries: list[Entry], findings: Findings) -> Lists:
    """Read the lists that are there, the newest first."""
    lists = []
    for entry in reversed(entries):
        name = f"{entry.stem}.items"
        if entry.event == "disclosed" and name in record.names:
            with findings.about(entry.number):
                data = record.read(name, "disclosure-invalid")
                demand(len(data) <= 4 * 1024 * 1024, UNCHECKED, "disclosure-invalid")
                is_signed = digest(data) == entry.details.get("list")
                demand(is_signed, DISPROVES, "disclosure-invalid")
                with unless_read(UNCHECKED, "disclosure-invalid"):
                    lists.append((entry, *manifest.read_list(data)))
    return lists


def is_explained(seals: list[Entry], lacking: list[int], lists: Lists, findings: Findings) -> bool:
    """Steps 9b and 9c: tell whether the copy agrees with one of the lists.

    `lacking` are the entries whose details are not here.
    """
    if not any(seal.withholds for seal in seals) and not lacking:
        return True
    if any(manifest.agrees(seals, lacking, *listed) for listed in lists):
        return True
    for entry, groups, numbers in lists[:1]:  # the newest
        promised = manifest.find_promised(manifest.items_before(entry, seals), groups)
        findings += [(DISPROVES, "missing", f"item {number}") for number in promised]
        absent = [number for number in lacking if number < entry.number and number not in numbers]
        findings.add(DISPROVES, "disclosure-invalid", *absent)
    findings.append((UNCHECKED, "withheld-unexplained", ""))
    return False


# ------------------------------------------------------------------------------------ the program


def main() -> int:
    """Read what the user asks for, and answer it."""
    parser = argparse.ArgumentParser(description="A second verifier for sealed directories.")
    for name in ("evidence", "trust"):
        parser.add_argument(name)
    for name in ("head", "continued", "recipients", "beside"):
        parser.add_argument(f"--{name}", default="")
    findings = verify(**vars(parser.parse_args()))
    for _, code, subject in findings:
        print(f"{code} {subject}".rstrip())
    print(NOT_JUDGED)
    print("exit code", judge(findings))
    return judge(findings)


if __name__ == "__main__":
    sys.exit(main())
