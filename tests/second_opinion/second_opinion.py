"""A second verifier for sealed directories, written from the pages in manifests/ alone.

    python second_opinion.py EVIDENCE TRUSTED_KEYS [--head DIGEST] [--continued DIRECTORY]
                             [--recipients FILE] [--beside EVIDENCE]

EVIDENCE is a sealed directory, TRUSTED_KEYS the user's list of keys (allowed_signers of OpenSSH).
The options are the digest of an entry that the user noted, a directory that continues the record,
the user's list of recipients, and another copy of the collection, to be compared with this one.
It prints what it finds, one finding per line, and ends with the exit code of FORMAT-verdict.md.

The steps are those of FORMAT-verify.md, by their numbers and letters. They are listed in `verify`;
steps 1 to 3 are in record.py, 4 and 5 in history.py, 7 to 9 in manifest.py, 10 and 11 in
evidence.py. What files look like is read in forms.py, by the tables of grammar.toml. No code is
shared with evtool. It needs the packages blake3 and pynacl, and the program ssh-keygen.

Notes that change no answer are left out, but for those about an item.
"""

from __future__ import annotations

import argparse
import os
import sys

import history
from evidence import Comparison
from forms import digest, with_lf
from manifest import check_checksums, check_manifest, is_explained, read_lists
from record import (
    DISPROVES,
    OPEN,
    UNCHECKED,
    Entry,
    File,
    Findings,
    Record,
    check_chain,
    read_files,
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
    record = Record(root, continued, findings)  # step 1
    if not record.entries:
        return Findings([(UNCHECKED, "no-items", "")])
    files = read_files(record, findings)  # step 1
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
    record = Record(os.fsencode(evidence), "", unsaid)
    entries = check_chain(read_files(record, unsaid), unsaid)
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
