"""Makes the golden records of one version; `python -m tests.golden.make_golden FOLDER`, a folder that is not there yet.

The folder of a version that was released is never made again: its point is that it stays as it was.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from evtool.core.custody.events import Accessed, Disposed, Incident, PartyCode, Transferred
from evtool.core.terms.terms import ConsentTerms, Handling
from evtool.core.text.item_choice import parse_choice
from evtool.core.text.ranges import ranges_of
from evtool.keys.age_keys import load_pyrage, parse_recipient
from evtool.keys.tsa_trust import load_roots
from evtool.operations.author import Author, EntryHeader
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from evtool.operations.bundle.pack import pack
from evtool.operations.entries.consent import change_consent
from evtool.operations.entries.exits import Exit, record_exit
from evtool.operations.entries.record_event import record_event
from evtool.operations.seal.derive import derive
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from evtool.operations.timestamps.airgap import import_response, write_request
from evtool.operations.timestamps.renew import renew
from tests.bundle.case import COURT, SIGNER, TERMS, make_signer, to_court, write_files, write_table
from tests.golden.golden import FOLDER, NAMES, verdict_of, verify_golden
from tests.timestamp.openssl_authority import OpensslAuthority, make_authority

EXAMPLE = FOLDER.parents[1] / "examples" / "interview-0042"
FIRST = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
DATED = 1_500_000_000
STAMPED = "2026-11-02 12:00:00"
STAMPED_LATER = "2026-11-03 12:00:00"
LATER = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
COLLEAGUE = make_signer("A2", b"the second key of the golden one")


def make_record(case: Path, authority: OpensslAuthority) -> None:
    """Make a record that has met most of what a record meets."""
    shutil.copytree(EXAMPLE, case)
    write_files(case, {"김철수 [bold].jpg": b"a picture", "spare.bin": b"a spare copy"})
    (case / "empty").mkdir()
    (case / "latest").symlink_to("letter.txt")
    for path in case.rglob("*"):
        # A tar file keeps dates to the second only.
        os.utime(path, (DATED, DATED), follow_symlinks=False)
    early, late = Author(SIGNER, now=lambda: FIRST), Author(SIGNER, now=lambda: LATER)
    names = sorted(str(path.relative_to(case)) for path in case.rglob("*") if path.is_file() and not path.is_symlink())
    table = write_table(case, names, TERMS)
    seal(case, early, SealOptions(jobs=1, statements=StatementFiles(str(table)), metadata=MetadataChoice.BASIC))
    stamp(case, authority, STAMPED)
    record_event(case, late, Accessed(place="reading room"), EntryHeader("read for the case"))
    names = names_in_order(case)
    spare, picture, letter = (1 + names.index(name) for name in ("spare.bin", "김철수 [bold].jpg", "letter.txt"))
    os.unlink(case / "spare.bin")
    disposed = Disposed(authority="D-7", method="shredded")
    record_event(case, late, disposed, EntryHeader("kept twice by mistake", items=ranges_of((spare,))))
    record_event(
        case, Author(COLLEAGUE, now=lambda: LATER), Incident(description="the drive was dropped"), EntryHeader()
    )
    closed = ConsentTerms(handling=Handling.CLOSED)
    change_consent(case, late, closed, EntryHeader("a call by the family", items=ranges_of((picture,))))
    write_files(case, {"redacted/letter.txt": b"Dear [name removed],\n"})
    of_copy = SealOptions(jobs=1, statements=StatementFiles(str(write_table(case, ["redacted/letter.txt"], TERMS))))
    derive(case, "letter.txt", "redacted/letter.txt", "names removed by hand", late, of_copy)
    renew(case, late, EntryHeader("in time"))
    transferred = Transferred(PartyCode("B7"), "DSA-2026-04", "accountability-intl")
    to_b7 = Exit(COURT, None, trust=to_court().trust)
    record_exit(case, late, transferred, EntryHeader("the original on paper", items=ranges_of((letter,))), to_b7)


def stamp(case: Path, authority: OpensslAuthority, moment: str) -> None:
    """Have the newest entry stamped, as across an air gap."""
    request = write_request(case)
    import_response(case, authority.reply(request.data, moment), load_roots(authority.directory / "root.pem").anchors)


def names_in_order(case: Path) -> list[str]:
    """The sealed names, in the order of their numbers."""
    lines = (case / "custody" / "0001-sealed.jsonl").read_text("utf-8").splitlines()
    return [statement["path"] for statement in map(json.loads, lines) if statement["kind"] == "file"]


def make_golden(folder: Path) -> None:
    """Make the three, the keys that judge them, and their verdicts."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        authority = make_authority(work / "authority", "ecdsa", "2026-11-01 00:00:00")
        case = work / "case"
        make_record(case, authority)
        shutil.copy(authority.directory / "root.pem", folder)
        keys = [
            f'{agent.code} namespaces="evtool-custody-v1" {agent.public_key.line}\n' for agent in (SIGNER, COLLEAGUE)
        ]
        (folder / "trusted_keys").write_text("".join(keys))
        identity = load_pyrage().x25519.Identity.generate()
        (folder / "identity.txt").write_text(f"{identity}\n")
        author = Author(SIGNER, now=lambda: LATER)
        part = PackOptions(Wanted(only=parse_choice(["letter.txt", "photos"]), withhold=frozenset({"names"})))
        whole = PackOptions(Wanted(allowed_only=True), recipients=(parse_recipient(str(identity.to_public())),))
        pack(case, folder / "part.zip", author, to_court(), part)
        pack(case, folder / "whole.zip.age", author, to_court(), whole)
        stamp(case, authority, STAMPED_LATER)
        with tarfile.open(folder / "record.tar", "w") as archive:
            archive.add(case, "case", filter=without_owner)
        verdicts = {name: verdict_of(verify_golden(folder, name, work / name)) for name in NAMES}
    text = json.dumps(verdicts, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "verdicts.json").write_text(text + "\n", encoding="utf-8")


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out whose files these are."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    make_golden(Path(sys.argv[1]))
