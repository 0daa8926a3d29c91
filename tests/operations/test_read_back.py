"""Nothing is signed that the reader of records would refuse: the last look before the signature."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import EntryHeader, ExitCode, MetadataChoice, SealOptions, VerifyOptions, seal, verify
from evtool.core.custody.entry import Entry, parse_entry
from evtool.core.custody.events import (
    Accessed,
    Collected,
    Corrected,
    Details,
    Digest,
    Disposed,
    Event,
    Incident,
    PartyCode,
    Renewed,
    Sealed,
)
from evtool.core.custody.privacy import TextPolicy, check_entry_text
from evtool.core.custody.renewal_list import serialize_list
from evtool.core.errors import InputError, UsageError
from evtool.core.manifest.statement import ItemType
from evtool.core.text.limits import MAX_ENTRIES_SIZE
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.entries.opening import OpenRecord, open_for_writing
from evtool.operations.entries.read_back import require_readable
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.spelling import BlockOrder, state_block
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.scan.batch import Reading, ReadingRow
from evtool.scan.observe import Mode, observe
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind, Run
from evtool.store.custody_names import FileRole, file_name
from evtool.store.writer import part_name
from tests.attacks.test_archivist_without_luck import A1

PLAIN = SealOptions(metadata=MetadataChoice.NONE, jobs=1)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    case = tmp_path / "case"
    case.mkdir()
    (case / "a.txt").write_text("one")
    seal(case, Author(A1), PLAIN)
    return case


@pytest.fixture
def opened(case: Path) -> Iterator[OpenRecord]:
    with open_for_writing(case, None) as opened:
        yield opened


def names(case: Path) -> list[str]:
    return sorted(os.listdir(case / "custody"))


LONG = "x" * 1001
UNREADABLE: list[Details] = [
    Accessed(place=LONG),
    Accessed(place=""),
    Incident(description=""),
    Collected(source=PartyCode("no code")),
    Disposed(authority="a", method=LONG),
    Corrected(entry=1, head=Digest("AB"), correction="c"),
]


def add(case: Path, details: Details) -> None:
    with open_for_writing(case, None) as opened:
        commit_entry(opened, draft_entry(opened, Author(A1), EntryHeader(), details))


@pytest.mark.parametrize("details", UNREADABLE, ids=[str(line)[:40] for line in UNREADABLE])
def test_an_entry_that_no_reader_accepts_is_not_signed(case: Path, details: Details) -> None:
    before = names(case)
    with pytest.raises(InputError, match="nothing was signed"):
        add(case, details)
    assert names(case) == before
    assert verify(case, VerifyOptions(signers=frozenset({A1.public_key.fingerprint}), jobs=1)).exit_code is ExitCode.OK


@pytest.mark.parametrize("details", UNREADABLE, ids=[str(line)[:40] for line in UNREADABLE])
def test_it_is_told_before_anything_is_read(details: Details) -> None:
    with pytest.raises(UsageError, match="nothing was written"):
        check_entry_text(details, "reason", TextPolicy())


def test_a_reason_that_is_too_long_or_no_text_is_told_before_anything_is_read() -> None:
    for reason in (LONG, "", "\udcff"):
        with pytest.raises(UsageError, match="reason"):
            check_entry_text(Accessed(), reason, TextPolicy())


def entry_of(opened: OpenRecord) -> tuple[Entry, bytes]:
    files = opened.custody.read_entry(1, "sealed")
    return parse_entry(files.data), files.data


def test_an_entry_that_says_something_else_is_not_signed(opened: OpenRecord) -> None:
    entry, data = entry_of(opened)
    with pytest.raises(InputError, match="does not read back as it was written"):
        require_readable(data, replace(entry, reason="another"), opened.record)
    # The same entry in another spelling: nobody would write it again as it is.
    with pytest.raises(InputError, match="does not read back as it was written"):
        require_readable(data + b"# a comment\n", entry, opened.record)


def test_an_entry_that_stands_after_too_many_bytes_is_not_signed(opened: OpenRecord) -> None:
    """A reader stops reading entries there, and would never see it."""
    entry, _ = entry_of(opened)
    accessed = replace(entry, event=Event.ACCESSED, details=Accessed())
    require_readable(accessed.serialize(), accessed, opened.record)
    full = replace(opened.record, entries_size=MAX_ENTRIES_SIZE + 1)
    with pytest.raises(InputError, match="no reader reads further"):
        require_readable(accessed.serialize(), accessed, full)


def write_manifest(opened: OpenRecord, path: bytes) -> tuple[ManifestWriter, Sealed]:
    with ManifestWriter(opened.writer, opened.next_sequence, opened.record.next_item, os.urandom) as manifest:
        found = Found(b"", path, Kind.FILE)
        with Tree(opened.directory) as tree:
            manifest.add(found, observe(tree, found, mode=Mode.HASH), ItemType.FILE, None)
        return manifest, manifest.finish(Exclusions(DEFAULT_PATTERNS), ())


def seal_one(case: Path, damaged: FileRole | None = None, claim: dict[str, object] | None = None) -> None:
    """Seal b.txt, after something happened to one of the files, or with another claim in the entry."""
    with open_for_writing(case, None) as opened:
        manifest, details = write_manifest(opened, b"b.txt")
        assert not manifest.is_read_in_blocks, "an item that came alone is read at the end"
        if damaged is not None:
            file = case / "custody" / part_name(file_name(opened.next_sequence, "sealed", damaged))
            file.write_bytes(file.read_bytes().replace(b"b.txt", b"c.txt"))
        details = replace(details, **(claim or {}))  # type: ignore[arg-type]
        commit_entry(opened, draft_entry(opened, Author(A1), EntryHeader(), details))


@pytest.mark.parametrize("role", [FileRole.MANIFEST, FileRole.CHECKSUMS])
def test_files_that_do_not_hold_what_was_stated_are_not_signed(case: Path, role: FileRole) -> None:
    """The medium, or a second program, changed them after they were written and before the signature."""
    (case / "b.txt").write_text("two")
    before = names(case)
    with pytest.raises(InputError, match="could not be read again"):
        seal_one(case, damaged=role)
    assert names(case) == before
    seal_one(case)


@pytest.mark.parametrize(
    "claim",
    [{"items": 2}, {"lines": 3}, {"first_item": 3}, {"root": Digest("0" * 64)}, {"checksums": Digest("0" * 64)}],
    ids=["items", "lines", "first_item", "root", "checksums"],
)
def test_a_seal_that_claims_something_else_is_not_signed(case: Path, claim: dict[str, object]) -> None:
    (case / "b.txt").write_text("two")
    with pytest.raises(InputError, match="nothing was signed"):
        seal_one(case, claim=claim)


def test_a_block_that_the_reader_refuses_is_stated_item_by_item() -> None:
    """A worker reads what it spells: what it cannot read is no block, and the last look has it."""
    run = Run(b"", [b"a", b"b"], 2 * Kind.FILE.value)
    rows: list[ReadingRow] = [(1, 10**18, 10**18, number, "ab" * 32, "cd" * 32, None) for number in (1, 2)]
    order = BlockOrder(1, 0, bytes(4 * 16))
    good = state_block(Reading([run], rows, 0), order)
    assert good is not None
    assert (good.first_key, good.last_key) == (b"a", b"b")
    bad: ReadingRow = (1, 10**18, 10**18, 2, "AB" * 32, "cd" * 32, None)
    assert state_block(Reading([run], [rows[0], bad], 0), order) is None


def renew_one_file(case: Path) -> None:
    with open_for_writing(case, None) as opened:
        name = file_name(opened.next_sequence, "renewed", FileRole.RENEWAL)
        listed = serialize_list({"0001-sealed.toml": "ab" * 64})
        digest = Digest(hashlib.sha256(listed).hexdigest())
        details = Renewed(algorithm="blake2b", files=3, list=digest, list_renewed="0" * 128)
        draft_entry(opened, Author(A1), EntryHeader(), details, own={name: listed})


def test_a_renewal_whose_list_says_something_else_is_not_signed(case: Path) -> None:
    with pytest.raises(InputError, match="holds 1 files, the entry says 3"):
        renew_one_file(case)
