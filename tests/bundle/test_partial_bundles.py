"""Partial bundles: exactly what was chosen can be checked, and nothing of the rest can be found, not even guessed."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import ExitCode, UsageError
from evtool.core.finding import Code, Effect
from evtool.core.manifest.merkle import compute_leaf_hash
from evtool.core.manifest.statement import ContentStatement, FileStatement, WithheldStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.item_choice import parse_choice
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from evtool.operations.bundle.unpack import unpack
from tests.bundle.case import (
    copy_case,
    make_case,
    only,
    pack_it,
    read_secrets,
    seal_case,
    verify_it,
    write_files,
)

ITEMS = 9


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case of two seals and nine items, never written to: each packing works on a copy."""
    return make_case(tmp_path_factory.mktemp("partial") / "case")


CHOICES = st.tuples(
    st.sets(st.integers(1, ITEMS), min_size=1),
    st.sets(st.sampled_from(["names", "metadata", "context", "context.title"])),
    st.booleans(),
)


@given(CHOICES)
def test_any_choice_verifies_as_that_choice_and_tells_nothing_else(
    case: Path, tmp_path_factory: pytest.TempPathFactory, choice: tuple[set[int], set[str], bool]
) -> None:
    numbers, withhold, neutral = choice
    every_secret = read_secrets(case)
    folder = tmp_path_factory.mktemp("choice")
    source, bundle = copy_case(case, folder / "case"), folder / "part.zip"
    wanted = Wanted(only=parse_choice([str(number) for number in sorted(numbers)]), withhold=frozenset(withhold))
    options = PackOptions(wanted, neutral_names=neutral)

    result = pack_it(source, bundle, options)
    report = verify_it(bundle)

    assert (report.items.ok, report.items.withheld) == (len(numbers), ITEMS - len(numbers))
    assert (result.items, result.withheld) == (len(numbers), ITEMS - len(numbers))
    assert report.exit_code is ExitCode.OK
    assert not [finding for finding in report.findings if finding.effect in (Effect.DISPROVES, Effect.UNCHECKED)]
    data = bundle.read_bytes()
    titles = not withhold & {"context", "context.title"}
    for secrets in every_secret:
        disclosed = secrets.number in numbers
        for texts, is_told in (
            (secrets.content, disclosed),
            (secrets.consent, disclosed),
            (secrets.name, disclosed and "names" not in withhold and not neutral),
            (secrets.title, disclosed and titles),
        ):
            assert texts
            # What is told is there, but for digests in binary form, which nothing ever holds.
            found = [spell(text) in data for text in texts if text.isprintable()]
            assert found == [is_told] * len(found)
            assert not any(spell(text) in data for text in texts if not text.isprintable())
    for path in case.rglob("*"):
        if path.is_file() and "custody" not in path.parts:
            # The content of each file is a line that no other file has.
            stored = path.read_bytes() in data
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            number = next(statement.number for statement in every_secret if digest in statement.content)
            assert stored == (number in numbers)
    shutil.rmtree(folder)


def spell(text: str) -> bytes:
    """The bytes that would betray a text; a digest in binary form stands in it one byte a character."""
    return text.encode() if text.isprintable() else text.encode("latin-1")


def withheld_of(bundle: Path) -> tuple[set[str], set[str]]:
    """The hashes in a bundle that stand for something, and every salt in it."""
    hashes, salts = set(), set()
    for manifest in (bundle / "custody").glob("*.jsonl"):
        for line in manifest.read_bytes().splitlines():
            statement = parse_statement(line)
            if isinstance(statement, WithheldStatement):
                hashes.add(statement.hash)
            else:
                salts.add(statement.salt)
    return hashes, salts


def test_a_withheld_statement_cannot_be_guessed(case: Path, tmp_path: Path) -> None:
    """Whoever has the very file, and tries its true statements with every salt in the bundle, learns nothing."""
    source = copy_case(case, tmp_path / "case")
    pack_it(source, tmp_path / "bundle", only("1", "3-9"))
    hashes, salts = withheld_of(tmp_path / "bundle")
    lines = [parse_statement(line) for line in (case / "custody/0001-sealed.jsonl").read_bytes().splitlines()]
    # Each item has four statements, so the one hash for item 2 is the root over its four.
    content, file, *rest = lines[4:8]
    assert isinstance(content, ContentStatement)
    assert isinstance(file, FileStatement)
    tail = node(*(compute_leaf_hash(statement.serialize()) for statement in rest))
    whole = node(node(compute_leaf_hash(content.serialize()), compute_leaf_hash(file.serialize())), tail)

    # With the true salts the guess is right, so the attack is the right one; with any salt in the bundle it fails.
    assert whole.hex() in hashes
    for first in salts:
        guess = ContentStatement(content.item, first, content.type, content.size, content.digests)
        leaf = compute_leaf_hash(guess.serialize())
        assert leaf.hex() not in hashes
        for second in salts:
            other = FileStatement(file.item, second, file.path, file.mtime)
            pair = node(leaf, compute_leaf_hash(other.serialize()))
            assert not hashes & {pair.hex(), node(pair, tail).hex()}


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_two_collections_that_differ_only_in_withheld_items_differ_only_in_hashes(tmp_path: Path) -> None:
    """Names, sizes and contents of withheld items must not show in the order, the sizes or the padding of a bundle."""
    bundles = []
    for index, (name, data) in enumerate(
        [("b-secret.txt", b"x"), ("b-a-much-longer-name-김철수.docx", b"y" * 100_000)]
    ):
        case = tmp_path / f"case{index}"
        case.mkdir()
        files = {"a.txt": b"first", name: data, "c.txt": b"third"}
        write_files(case, files)
        seal_case(case, files)
        pack_it(case, tmp_path / f"bundle{index}", only("1", "3"))
        bundles.append(tmp_path / f"bundle{index}")
    one, other = ({str(p.relative_to(b)): p.read_bytes() for p in b.rglob("*") if p.is_file()} for b in bundles)
    assert one.keys() == other.keys()
    assert {name: len(data) for name, data in one.items()} == {name: len(data) for name, data in other.items()}
    lines = zip(
        one["custody/0001-sealed.jsonl"].splitlines(), other["custody/0001-sealed.jsonl"].splitlines(), strict=True
    )
    assert [(b'"withheld"' in left, left != right) for left, right in lines] == [
        *[(False, False)] * 4,
        (True, True),
        *[(False, False)] * 4,
    ]


@pytest.mark.parametrize("form", ["", ".zip"])
def test_the_same_disclosure_gives_the_same_bytes(form: str, case: Path, tmp_path: Path) -> None:
    """With the same salts, time and key; whatever rights files get by default, and whenever they were copied."""
    bundles = []
    for name, mask in (("one", 0o022), ("two", 0o077)):
        before = os.umask(mask)
        try:
            source = copy_case(case, tmp_path / name)
            pack_it(source, tmp_path / f"{name}-bundle{form}", only("2-5"))
        finally:
            os.umask(before)
        bundles.append(tmp_path / f"{name}-bundle{form}")
    one, two = (
        {str(path.relative_to(bundle)): path.read_bytes() for path in (bundle, *bundle.rglob("*")) if path.is_file()}
        for bundle in bundles
    )
    assert one == two
    assert one


def test_a_partial_copy_can_be_packed_further(case: Path, tmp_path: Path) -> None:
    """What a recipient got in part, and may hand on, verifies to the same seal."""
    pack_it(
        copy_case(case, tmp_path / "case"), tmp_path / "first.zip", PackOptions(Wanted(withhold=frozenset({"names"})))
    )
    unpack(tmp_path / "first.zip", tmp_path / "copy")
    pack_it(tmp_path / "copy", tmp_path / "second.zip", only("2", "7"))

    report = verify_it(tmp_path / "second.zip")
    assert (report.exit_code, report.items.ok, report.items.withheld) == (ExitCode.OK, 2, 7)


def test_a_link_that_would_tell_a_withheld_name_is_left_out(tmp_path: Path) -> None:
    case = tmp_path / "case"
    case.mkdir()
    write_files(case, {"open.txt": b"x", "witness-kim.txt": b"y"})
    (case / "latest").symlink_to("witness-kim.txt")
    (case / "public").symlink_to("open.txt")
    seal_case(case, ["open.txt", "witness-kim.txt", "latest", "public"])

    result = pack_it(case, tmp_path / "part", only("latest", "public", "open.txt"))

    assert [(number, "link" in reason) for number, reason in result.left_out] == [(1, True)]
    assert not any(b"witness-kim" in path.read_bytes() for path in (tmp_path / "part").rglob("*") if path.is_file())
    items = verify_it(tmp_path / "part").items
    assert (items.ok, items.stated_only) == (1, 1)


def test_asking_for_what_is_not_there_packs_nothing(case: Path, tmp_path: Path) -> None:
    source = copy_case(case, tmp_path / "case")
    with pytest.raises(UsageError, match="no sealed item matches no-such-file, 4000"):
        pack_it(source, tmp_path / "out.zip", only("no-such-file", "4000"))
    assert not (tmp_path / "out.zip").exists()


def test_removed_and_exchanged_items_of_a_partial_bundle_are_named(case: Path, tmp_path: Path) -> None:
    """Without its name an item is known by its number; other bytes under that number are a change."""
    pack_it(
        copy_case(case, tmp_path / "case"),
        tmp_path / "part",
        PackOptions(Wanted(only=parse_choice(["1-3"]), withhold=frozenset({"names"}))),
    )
    data = tmp_path / "part" / "data"
    first, second, _ = sorted(data.iterdir())
    first.unlink()
    second.write_bytes(b"other bytes")

    report = verify_it(tmp_path / "part")

    assert report.exit_code is ExitCode.MISMATCH
    found = {(finding.code, finding.item) for finding in report.findings if finding.effect is Effect.DISPROVES}
    assert {(Code.MISSING, 1), (Code.CHANGED, 2)} <= found
    assert (report.items.ok, report.items.missing, report.items.changed) == (1, 1, 1)
