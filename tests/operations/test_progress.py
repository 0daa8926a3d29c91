"""A script that watches: whoever reads a large file tells which one it is, and how far it is."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from pathlib import Path

import pytest

from evtool.interop.checksum_lists import ListOptions
from evtool.operations.bundle.pack import pack
from evtool.operations.bundle.unpack import unpack
from evtool.operations.record.place import RecordPlace
from evtool.operations.seal.import_evidence import Origin, import_list
from evtool.operations.seal.options import SealOptions
from evtool.operations.seal.seal import seal
from evtool.operations.verify.copies import compare_copies
from evtool.operations.verify.options import VerifyOptions
from evtool.operations.verify.verify import verify
from evtool.scan.meter import InWork, Meter
from evtool.scan.progress import Measure, NoProgress
from tests.bundle.case import SIGNER, author, seal_case, to_court, write_files

NAME = "video/김철수 [bold].mp4"
SIZE = 24 * 1024 * 1024


class Watcher(NoProgress):
    """Notes what it is told, action by action."""

    def __init__(self) -> None:
        self.meter = self.counts = Meter(self._look)
        self.told: dict[str, list[InWork]] = {}
        self.totals: dict[str, tuple[int | None, int | None]] = {}
        self.finished: dict[str, int] = {}

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        self._action = action
        *_, self.totals[action] = (files, size), *measure
        self.told[action] = []
        self.finished[action] = 0

    def advance(self, files: int, size: int, *, item: bytes = b"", share: float | None = None) -> None:
        self.finished[self._action] += size

    def _look(self) -> None:
        self.told[self._action] += (part for part in self.counts.in_work() if part.path)

    def check(self, *actions: str, inside: str = "") -> None:
        """In each action the large file was named, its bytes grew to the end, and nothing is left in work."""
        for action in actions:
            reads = [part.read for part in self.told[action] if part.path == (inside + NAME).encode()]
            assert len(set(reads)) >= 20
            assert all(earlier <= later for earlier, later in pairwise(reads))
            assert reads[-1] == SIZE
            assert {part.size for part in self.told[action] if part.path == (inside + NAME).encode()} == {SIZE}
            assert self.finished[action] >= SIZE
        assert not self.counts.in_work()


@pytest.fixture
def unsealed(tmp_path: Path) -> Path:
    """A directory with one large file, which is all holes, and a small one."""
    (tmp_path / "case").mkdir()
    case = write_files(tmp_path / "case", {NAME: b"", "note.txt": b"a note\n"})
    with open(case / NAME, "wb") as video:
        video.truncate(SIZE)
    return case


@pytest.fixture
def case(unsealed: Path) -> Path:
    seal_case(unsealed, [NAME, "note.txt"])
    return unsealed


def check_options(jobs: int = 1) -> VerifyOptions:
    return VerifyOptions(signers=frozenset({SIGNER.public_key.fingerprint}), jobs=jobs)


@pytest.mark.parametrize("jobs", [1, 2])
def test_sealing_and_verifying(unsealed: Path, jobs: int) -> None:
    """In one process, and where others do the rest; what there is to read is known beforehand."""
    watcher = Watcher()
    seal(unsealed, author(progress=watcher), SealOptions(jobs=jobs))
    watcher.check("sealing")
    assert watcher.totals["sealing"] == (2, SIZE + 7)

    watcher = Watcher()
    assert verify(unsealed, check_options(jobs), progress=watcher).items.ok == 2
    watcher.check("verifying")
    assert watcher.totals["verifying"] == (2, SIZE + 7)
    assert watcher.finished["verifying"] == SIZE + 7


@pytest.mark.parametrize("form", ["", ".zip"])
def test_packing_unpacking_and_comparing_bundles(case: Path, tmp_path: Path, form: str) -> None:
    """Before the bundle is written, while it is, and while it is verified; then on the other side."""
    bundle = tmp_path / f"it{form}"
    reads = ["reading"] if form else ["verifying"]
    watcher = Watcher()
    pack(case, bundle, author(1 << 50, watcher), to_court())
    watcher.check("checking", *reads)
    watcher.check("packing", inside="data/")

    watcher = Watcher()
    unpack(bundle, tmp_path / "unpacked", verify_options=check_options(), progress=watcher)
    watcher.check("verifying", *(["reading"] if form else ["unpacking"]))

    if form:
        watcher = Watcher()
        assert compare_copies(bundle, case, (RecordPlace(), RecordPlace()), progress=watcher).same_collection
        watcher.check("reading")


def test_importing(unsealed: Path, tmp_path: Path) -> None:
    """The check against the list reads everything; sealing then reads nothing again."""
    listed = tmp_path / "list.sha256"
    digest = hashlib.sha256((unsealed / NAME).read_bytes()).hexdigest()
    listed.write_text(f"{digest}  {NAME}\n", encoding="utf-8")
    watcher = Watcher()
    import_list(unsealed, listed, ListOptions(), author(progress=watcher), SealOptions(jobs=1), Origin())
    watcher.check("checking")
    assert watcher.totals["checking"] == (2, SIZE + 7)
