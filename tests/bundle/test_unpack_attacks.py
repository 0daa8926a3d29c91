"""Bundles by somebody who signs what they like: nothing is written outside of the new directory."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest
from blake3 import blake3

from evtool import __version__
from evtool.core.custody.entry import Clock, Entry, Previous
from evtool.core.custody.events import Digest, Sealed
from evtool.core.errors import EvidenceError, EvtoolError, ExitCode, MismatchError
from evtool.core.finding import Code
from evtool.core.manifest.merkle import TreeBuilder, compute_leaf_hash
from evtool.core.manifest.statement import ContentStatement, FileStatement, ItemType
from evtool.core.text.checksums import serialize_header, serialize_line
from evtool.core.text.digest import Digests, sha256_hex
from evtool.core.text.names import parse_name, store_name
from evtool.core.verdict.verdict import Report
from evtool.operations.bundle import unpack as unpack_module
from evtool.operations.bundle.unpack import unpack
from evtool.report.language import in_english
from tests.bundle.case import NOW, SIGNER, make_case, pack_it, seal_case, snapshot, verify_it, write_files
from tests.bundle.test_hostile_bags import relist

Stated = tuple[str, ItemType, str]
"""Stored path, what it is, and its content or its target."""


def forge(folder: Path, items: list[Stated], *, apart: bool = False) -> Path:
    """Write a bundle whose record states whatever it likes, well signed; `apart` seals each item by itself."""
    bag = folder / "forged"
    (bag / "custody").mkdir(parents=True)
    (bag / "data").mkdir()
    numbered = list(enumerate(items, start=1))
    previous: Previous | None = None
    for sequence, part in enumerate([[item] for item in numbered] if apart else [numbered], start=1):
        previous = forge_seal(bag, sequence, part, previous)
    payload = [path for path in (bag / "data").iterdir() if path.is_file()]
    (bag / "bagit.txt").write_bytes(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    (bag / "bag-info.txt").write_text(
        f"Bag-Software-Agent: evtool {__version__}\nEvtool-Bundle: evtool-bundle/1\n"
        f"External-Identifier: {'0' * 32}\n"
        f"Payload-Oxum: {sum(path.stat().st_size for path in payload)}.{len(payload)}\n"
    )
    relist(bag, "manifest-sha256.txt")
    relist(bag, "tagmanifest-sha256.txt")
    return bag


def forge_seal(bag: Path, sequence: int, items: list[tuple[int, Stated]], previous: Previous | None) -> Previous:
    """Add a seal, and the payload files of its items."""
    lines: list[bytes] = []
    checksums = serialize_header("0" * 32)
    for number, (path, kind, text) in items:
        data = text.encode()
        digests = Digests(hashlib.sha256(data).hexdigest(), blake3(data).hexdigest())
        salt = f"{number:032x}"
        content = ContentStatement(
            number,
            salt,
            kind,
            size=len(data) if kind is ItemType.FILE else None,
            digests=digests if kind is ItemType.FILE else None,
            target=text if kind is ItemType.SYMLINK else None,
        )
        lines += [content.serialize(), FileStatement(number, salt, path, 0).serialize()]
        if kind is ItemType.FILE:
            checksums += serialize_line(number, digests.sha256, parse_name(path))
            (bag / "data" / f"item-{number:06d}").write_bytes(data)
    tree = TreeBuilder()
    tree.add_leaves(compute_leaf_hash(line) for line in lines)
    sealed = Sealed(
        first_item=items[0][0],
        items=len(items),
        lines=len(lines),
        root=Digest(tree.compute_root().hex()),
        checksums=Digest(sha256_hex(checksums)),
        exclude=(),
        allowed=(),
    )
    entry = Entry(
        collection="0" * 32,
        sequence=sequence,
        event=sealed.event,
        happened_at=NOW,
        recorded_at=NOW,
        clock=Clock.CLAIMED,
        agent=SIGNER.code,
        key=SIGNER.public_key.fingerprint,
        reason="not stated",
        tool=f"evtool {__version__}",
        previous=previous,
        details=sealed,
    ).serialize()
    record = {
        "toml": entry,
        "toml.sig": SIGNER.sign(entry),
        "jsonl": b"".join(line + b"\n" for line in lines),
        "sha256": checksums,
    }
    for ending, content_bytes in record.items():
        (bag / "custody" / f"{sequence:04d}-sealed.{ending}").write_bytes(content_bytes)
    return Previous(sha256_hex(entry), sha256_hex(record["toml.sig"]))


FILE, LINK, DIRECTORY = ItemType.FILE, ItemType.SYMLINK, ItemType.DIRECTORY


def test_a_forged_bundle_without_malice_unpacks(tmp_path: Path) -> None:
    """The forgery is good: what is refused below is refused for the attack alone."""
    bag = forge(tmp_path, [("a/b.txt", FILE, "x"), ("d", DIRECTORY, ""), ("l", LINK, "a/b.txt")])
    assert verify_it(bag).exit_code is ExitCode.OK
    unpack(bag, tmp_path / "out")
    assert (tmp_path / "out/l").read_text() == "x"


IMPOSSIBLE = pytest.mark.parametrize(
    "items",
    [
        [("d", LINK, "../elsewhere"), ("d/planted", FILE, "x")],
        [("d", LINK, "../elsewhere"), ("d/planted", LINK, "x")],
        [("d", LINK, "../elsewhere"), ("d/e/planted", DIRECTORY, "")],
        [("d", FILE, "x"), ("d/planted", FILE, "x")],
        [("d", LINK, "../elsewhere"), ("d", DIRECTORY, "")],
    ],
    ids=["file-through-link", "link-through-link", "directory-through-link", "file-below-file", "link-over-directory"],
)


@IMPOSSIBLE
def test_one_seal_that_no_directory_can_have_been_is_refused(items: list[Stated], tmp_path: Path) -> None:
    """A file below a link, another file or an empty directory: the seal contradicts itself, and is not read."""
    bag = forge(tmp_path, items)
    report = verify_it(bag)
    assert report.exit_code is ExitCode.NOT_CHECKED
    assert [finding.code for finding in report.findings if "lies below" in in_english(finding)] == [
        Code.MANIFEST_INVALID
    ]
    with pytest.raises(EvtoolError, match="lies below"):
        unpack(bag, tmp_path / "out", outside_links=True)
    assert not (tmp_path / "out").exists()


@IMPOSSIBLE
@pytest.mark.parametrize("outside_links", [False, True])
def test_nothing_is_written_through_what_was_unpacked_before(
    items: list[Stated], outside_links: bool, tmp_path: Path
) -> None:
    """One seal after the other may have been so, all together not: what cannot have its place goes by its number."""
    (tmp_path / "elsewhere").mkdir()
    bag = forge(tmp_path, items, apart=True)
    before = snapshot(tmp_path)
    verified = verify_it(bag).exit_code is ExitCode.OK
    try:
        result = unpack(bag, tmp_path / "out", outside_links=outside_links)
    except EvtoolError:
        assert not verified
    else:
        assert verified
        assert result.other_names or result.links_left_out
        assert all((tmp_path / f"out/item-{number:06d}").lstat() for number in result.other_names)
        assert (verify_it(tmp_path / "out").exit_code is ExitCode.OK) != bool(result.links_left_out)
    after = {name: facts for name, facts in snapshot(tmp_path).items() if not name.startswith("out")}
    assert after == before


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "a/../../outside", ".."])
def test_a_link_that_leads_out_is_made_only_if_asked_for(target: str, tmp_path: Path) -> None:
    bag = forge(tmp_path, [("a.txt", FILE, "x"), ("link", LINK, target)])
    result = unpack(bag, tmp_path / "out")
    assert (result.links_left_out, (tmp_path / "out/link").is_symlink()) == ((2,), False)
    result = unpack(bag, tmp_path / "all", outside_links=True)
    assert (result.links_left_out, (tmp_path / "all/link").is_symlink()) == ((), True)
    assert verify_it(tmp_path / "all").exit_code is ExitCode.OK


@pytest.mark.parametrize("size", [10**12, 3, 0])
def test_a_file_that_becomes_sparse_after_it_was_verified_is_not_copied(
    size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more is written than was verified: somebody who can write to the folder cannot fill the disk."""
    bag = forge(tmp_path, [("a.txt", FILE, "first"), ("b.txt", FILE, "second")])
    require_sound = unpack_module._require_sound

    def require_and_grow(report: Report) -> None:
        require_sound(report)
        os.truncate(bag / "data" / "item-000002", size)

    monkeypatch.setattr(unpack_module, "_require_sound", require_and_grow)
    with pytest.raises(EvidenceError, match="item-000002 changed while the bundle was unpacked"):
        unpack(bag, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["forged"]


def test_a_sparse_file_of_another_size_is_refused_unread(tmp_path: Path) -> None:
    """Verifying it comes first, and that compares sizes: what is not as sealed is not read, let alone copied."""
    bag = forge(tmp_path, [("a.txt", FILE, "first"), ("b.txt", FILE, "second")])
    os.truncate(bag / "data" / "item-000002", 10**12)
    started = time.process_time()
    with pytest.raises(MismatchError):
        unpack(bag, tmp_path / "out")
    assert time.process_time() - started < 10
    assert [path.name for path in tmp_path.iterdir()] == ["forged"]


def test_a_name_that_no_file_system_has_stays_neutral(tmp_path: Path) -> None:
    bag = forge(tmp_path, [("a.txt", FILE, "x"), ("n" * 300, FILE, "y")])
    result = unpack(bag, tmp_path / "out")
    assert result.neutral == 1
    assert (tmp_path / "out/item-000002").read_text() == "y"
    assert verify_it(tmp_path / "out").exit_code is ExitCode.OK


@pytest.mark.parametrize("stored", [False, True], ids=["by-number", "by-name"])
@pytest.mark.parametrize("name", ["custody", "custody/0001-sealed.toml", "CUSTODY/x"])
def test_the_record_is_never_mixed_with_evidence_of_its_name(name: str, stored: bool, tmp_path: Path) -> None:
    """Other programs may have put it into the bundle under its name; what only looks like the record has its place."""
    bag = forge(tmp_path, [(name, FILE, "x")])
    if stored:
        (bag / "data" / name).parent.mkdir(exist_ok=True)
        (bag / "data/item-000001").rename(bag / "data" / name)
        relist(bag, "manifest-sha256.txt")
        relist(bag, "tagmanifest-sha256.txt")
    assert verify_it(bag).exit_code is ExitCode.OK
    result = unpack(bag, tmp_path / "out")
    own = name.startswith("CUSTODY")
    assert result.other_names == (() if own else (1,))
    assert next(iter((tmp_path / "out").glob(name if own else "item-000001*"))).read_text() == "x"
    assert verify_it(tmp_path / "out").exit_code is ExitCode.OK


def test_two_items_of_one_name_unpack_to_nothing(tmp_path: Path) -> None:
    """Two seals can each state a name; then the second is a change that the record does not explain."""
    case = tmp_path / "case"
    case.mkdir()
    write_files(case, {"a.txt": b"first"})
    seal_case(case, ["a.txt"])
    bag = tmp_path / "bag"
    pack_it(case, bag)
    (bag / "data" / "item-000001.txt").write_bytes(b"second")
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        relist(bag, name)
    with pytest.raises(MismatchError):
        unpack(bag, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bag", "case", "case-items.csv"]


def test_an_unpacked_bundle_packs_to_the_same_payload(tmp_path: Path) -> None:
    """Out and in again: what was sealed is what comes back, however often."""
    case = make_case(tmp_path / "case")
    pack_it(case, tmp_path / "one.zip")
    unpack(tmp_path / "one.zip", tmp_path / "copy")
    pack_it(tmp_path / "copy", tmp_path / "two")
    report = verify_it(tmp_path / "two")
    assert (report.sealed, report.items) == (verify_it(case).sealed, verify_it(case).items)
    evidence = {name for name in snapshot(case) if not name.startswith("custody")}
    assert {name for name in snapshot(tmp_path / "copy") if not name.startswith("custody")} == evidence
    assert all(store_name(name.encode()) for name in evidence)
