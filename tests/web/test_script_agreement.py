"""check.py and evtool on the same records: every vector, and bundles changed at random.

The second verifier says what evtool says of every vector (`tests/manifests/test_vectors.py`), and the page says it but
for time evidence (`test_agreement.py`). Where the script differs from one, it differs from all: see `differences.toml`.
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from random import Random

import pytest

from evtool.core.errors import EvtoolError
from tests.bundle.case import SIGNER, verify_it
from tests.cli.custody import make_case, make_party
from tests.conftest import Runner
from tests.manifests.test_vectors import NAMES, WRITTEN, built
from tests.web.mutations import CONTENT, Files, make_bundles, read_files, relist
from tests.web.script_runner import run_script

__all__ = ["built"]

CLASSES = tomllib.loads((Path(__file__).parent / "differences.toml").read_text("utf-8"))["script"]
DIFFERENT = {name: of for of, group in CLASSES.items() for name in group["vectors"]}
BETTER = {(0, 1), (0, 3), (0, 4), (3, 1), (3, 4)}
"""Exit codes of the script and of evtool where the script promises more."""
MUTATIONS = int(os.environ.get("EVTOOL_SCRIPT_MUTATIONS", "150"))


def test_the_script_agrees_with_every_vector_or_the_difference_has_a_reason(built: Path) -> None:
    """What changes evidence, lists, roots or chain is refused; and it accuses nobody whom evtool does not accuse."""
    wrong: dict[str, object] = {}
    for name in NAMES:
        expect = json.loads((built / name / "expect.json").read_text("utf-8"))
        code, said = run_script(built / name / "evidence", built / name / "trust")
        group = CLASSES.get(DIFFERENT.get(name, ""), {})
        better = (code, expect["exit"]) in BETTER
        unchecked = said.partition("Not checked by this script: ")[2]
        is_said = "unchecked" in group and all(words in unchecked for words in group["unchecked"])
        if code != group.get("exit", expect["exit"]) or (better and not is_said):
            wrong[name] = (expect["exit"], code, said)
        if code == 1 != expect["exit"]:
            wrong[name] = ("accused", said)
        if expect["exit"] == 0 and run_script(built / name / "evidence")[0] not in {3, code}:
            wrong[name] = ("good, without a list of keys", said)
    assert wrong == {}


def test_each_difference_is_one_and_is_of_one_class(built: Path) -> None:
    listed = [name for group in CLASSES.values() for name in group["vectors"]]
    assert len(listed) == len(set(listed))
    for name, of in DIFFERENT.items():
        expect = json.loads((built / name / "expect.json").read_text("utf-8"))
        assert expect["exit"] != CLASSES[of]["exit"], name
        is_checked = of != "asked" and expect["layer"] in {"evidence", "checksums", "root", "signature"}
        assert not is_checked or CLASSES[of]["exit"] == 4, name


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Files]:
    """What is in five bundles."""
    return [read_files(path.read_bytes()) for path in make_bundles(tmp_path_factory.mktemp("bundles"))]


def write_folder(folder: Path, files: Files) -> Path:
    """Unpack a bundle."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def test_no_change_at_random_gets_a_better_answer_than_from_evtool(bundles: list[Files], tmp_path: Path) -> None:
    """Never 0 where evtool says 1 or 4, never 1 where evtool accuses nobody; the lists of the bag fit again."""
    trust = tmp_path / "trust"
    trust.write_text(f"A1 {SIGNER.public_key.line}\n")
    for number, files in enumerate(bundles):
        assert run_script(write_folder(tmp_path / f"as-packed-{number}", files), trust)[0] == 0
    wrong, refused = {}, 0
    for seed in range(MUTATIONS):
        random = Random(seed)
        packed = bundles[seed % len(bundles)]
        files = {name: data for name, data in packed.items() if name.startswith(("custody/", "data/"))}
        random.choice(CONTENT)(random, files)
        files = {**{name: data for name, data in packed.items() if "/" not in name}, **files}
        relist(files)  # what belongs to the bag alone is checked by sha256sum, and the script says so
        folder = write_folder(tmp_path / str(seed), files)
        try:
            evtool = int(verify_it(folder, now=WRITTEN).exit_code)
        except EvtoolError:
            evtool = 4
        code, said = run_script(folder, trust)
        refused += code != 0
        if (code, evtool) in BETTER or code == 1 != evtool:
            wrong[seed] = (evtool, code, said)
    assert wrong == {}
    assert refused > MUTATIONS / 3


@pytest.mark.parametrize("name", ["check.py", "check.html"])
def test_a_planted_program_is_refused_by_evtool(evtool: Runner, name: str) -> None:
    """In a record, beside the evidence, and in a bundle; one that was sealed is evidence like any other."""
    party = make_party(evtool, "A1")
    case = make_case(evtool)
    (case / "sub").mkdir()
    (case / "sub" / name).write_text("evidence, of whatever worth")
    party.ok("seal", case, "--metadata", "none")
    party.ok("verify", case)
    for place in (f"custody/{name}", name, f"sub/other-{name}"):
        (case / place).write_text("print('all is well')")
        result = party("verify", case)
        assert result.exit_code == 1, place
        assert name in result.stdout
        (case / place).unlink()
    party.ok("verify", case)


@pytest.mark.parametrize("place", ["check.py", "check.html", "custody/check.py", "data/check.html"])
def test_a_program_planted_in_a_bundle_is_refused_by_evtool(bundles: list[Files], tmp_path: Path, place: str) -> None:
    """Unpacked and as a zip, listed or not."""
    for is_listed in (False, True):
        files = bundles[0] | {place: b"print('all is well')"}
        if is_listed:
            relist(files)
        folder = write_folder(tmp_path / str(is_listed), files)
        assert int(verify_it(folder, now=WRITTEN).exit_code) in (1, 4)
