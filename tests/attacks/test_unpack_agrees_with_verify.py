"""What verifies is unpacked, byte for byte, and what does not verify is not: every vector, and trees of every shape."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.errors import EvtoolError, ExitCode
from evtool.core.manifest.statement import FileStatement
from evtool.core.manifest.statement_reader import parse_statement
from evtool.core.text.names import parse_name, store_name
from evtool.keys.age_keys import DecryptionKey, load_pyrage, parse_recipient
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import Disclosure, PackOptions
from evtool.operations.bundle.pack import pack
from evtool.operations.bundle.unpack import unpack
from evtool.operations.record.place import BundleAccess, RecordPlace
from evtool.operations.record.trust import TrustPolicy
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import SealOptions, StatementFiles
from evtool.operations.seal.seal import seal
from evtool.operations.verify.options import VerifyOptions
from evtool.store.removal import remove_content
from tests.attacks.trees import Plan, build, leads_outside, make_plan, read_tree
from tests.bundle import test_hostile_bags as bags
from tests.bundle.case import SIGNER, author, verify_it

packed = bags.packed

TREES = int(os.environ.get("BUNDLE_TREES", "25"))
SEED = int(os.environ.get("BUNDLE_SEED", "10"))

DEFAULTS = """
format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "public"
consent = {status = "given", by = "subject", for = ["research"], identity = "public"}
"""


@pytest.mark.parametrize("path", sorted(bags.VECTORS.glob("*.toml")), ids=lambda path: path.stem)
def test_both_say_the_same_of_every_vector(path: Path, packed: Path, tmp_path: Path) -> None:
    recipe = bags.load(path)
    bag = tmp_path / "bundle"
    shutil.copytree(packed, bag)
    for change in recipe.changes:
        bags.apply(bag, change)
    try:
        verified: int = verify_it(bag).exit_code
    except EvtoolError as error:
        verified = error.exit_code
    try:
        unpacked: int = unpack(bag, tmp_path / "out", verify_options=OPTIONS).report.exit_code
    except EvtoolError as error:
        unpacked = error.exit_code
    # A folder that is no bundle any more can be verified as what it is, and not unpacked.
    assert unpacked == verified or unpacked == ExitCode.USAGE, recipe.comment
    assert (tmp_path / "out").exists() == (unpacked in (ExitCode.OK, ExitCode.NOT_ESTABLISHED))


OPTIONS = VerifyOptions(signers=frozenset({SIGNER.public_key.fingerprint}), jobs=1)


def test_every_tree_comes_back_as_it_was_sealed(tmp_path: Path) -> None:
    """Run with BUNDLE_TREES=500 for more of them, and BUNDLE_SEED for others."""
    packed_trees = 0
    for number in range(TREES):
        dice = random.Random(f"{SEED}-{number}")
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            packed_trees += try_tree(folder, dice)
        except Exception as error:
            raise AssertionError(f"BUNDLE_SEED={SEED}, tree {number}") from error
        remove_content(folder)
    assert packed_trees > TREES * 0.9


def try_tree(folder: Path, dice: random.Random) -> bool:
    """Seal, pack, verify and unpack one tree; tell whether it could be packed."""
    case, out = folder / "case", folder / "out"
    case.mkdir()
    plan = make_plan(dice)
    build(plan, case)
    (folder / "defaults.toml").write_text(DEFAULTS)
    statements = StatementFiles(None, str(folder / "defaults.toml"))
    seal(
        case, author(), SealOptions(jobs=1, statements=statements, metadata=MetadataChoice.NONE, reset_exclusions=True)
    )
    assert read_tree(case) == plan
    identity = load_pyrage().x25519.Identity.generate()
    form = dice.choice(["", ".zip", ".zip.age"])
    recipients = (parse_recipient(str(identity.to_public())),) if form == ".zip.age" else ()
    wanted = Wanted(withhold=frozenset({"names"} if dice.random() < 0.2 else ()))
    options = PackOptions(wanted, neutral_names=dice.random() < 0.3, recipients=recipients)
    trust = TrustPolicy(signers=OPTIONS.signers)
    bundle = folder / f"bundle{form}"
    result = pack(case, bundle, author(1 << 50), Disclosure.publication(None, None, trust), options)
    access = BundleAccess((DecryptionKey(identity),))

    verified = verify_it(bundle, place=RecordPlace(access=access))
    assert verified.exit_code is ExitCode.OK
    unpacked = unpack(bundle, out, access, verify_options=OPTIONS)
    assert unpacked.report.exit_code is ExitCode.OK
    assert sorted(path.name for path in folder.iterdir()) == sorted(["case", "defaults.toml", "out", bundle.name])
    is_nameless = options.neutral_names or "names" in wanted.withhold
    left_out = {number for number, _ in result.left_out}
    check_tree(case, out, left_out, set(unpacked.links_left_out), plan, is_nameless=is_nameless)
    again = verify_it(out).exit_code
    assert again is (ExitCode.NOT_ESTABLISHED if unpacked.links_left_out else ExitCode.OK)
    return True


def check_tree(case: Path, out: Path, withheld: set[int], left_out: set[int], plan: Plan, *, is_nameless: bool) -> None:
    """Hold what came out against what was sealed, by the number of each item.

    Without names every item is where its number says, also if another one was sealed under such a name.
    """
    made = read_tree(out)
    names = read_names(case / "custody")
    left = {*made.files, *made.links, *made.directories}
    sealed_names = set() if is_nameless else set(names.values())
    numbers = {parse_neutral_name(store_name(name)): name for name in left - sealed_names}
    for number, path in names.items():
        if number in withheld:
            continue
        place = path if path in left and not is_nameless else numbers.get(number)
        if number in left_out:
            assert place is None
            continue
        assert place is not None, f"item {number} is gone"
        left.discard(place)
        assert made.files.get(place) == plan.files.get(path)
        assert made.links.get(place) == plan.links.get(path)
        assert (place in made.directories) == (path in plan.directories)
        if place in made.links:
            assert not leads_outside(out, place)
    assert not left


def read_names(custody: Path) -> dict[int, bytes]:
    """Give the sealed path of each item."""
    names: dict[int, bytes] = {}
    for line in (custody / "0001-sealed.jsonl").read_bytes().splitlines():
        statement = parse_statement(line)
        if isinstance(statement, FileStatement):
            names[statement.item] = parse_name(statement.path)
    return names
