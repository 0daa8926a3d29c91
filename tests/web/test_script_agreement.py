"""check.py and evtool on bundles changed at random, and on planted programs; `test_agreement.py` has the vectors."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from evtool.core.errors import EvtoolError
from tests.bundle.case import SIGNER, verify_it
from tests.cli.custody import make_case, make_party
from tests.conftest import Runner
from tests.manifests.test_vectors import WRITTEN
from tests.web.mutations import CONTENT, Files, make_bundles, read_files, relist
from tests.web.script_runner import run_script
from tests.web.test_agreement import BETTER

MUTATIONS = int(os.environ.get("EVTOOL_SCRIPT_MUTATIONS", "150"))


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
