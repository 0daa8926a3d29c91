"""An entry `disclosed` is written for a bundle that was verified, and for no other; whatever happens on the way."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from evtool.core.errors import EvtoolError, ExitCode, InputError
from evtool.operations.bundle.pack import pack
from evtool.scan.progress import Measure, NoProgress
from tests.bundle.case import (
    author,
    copy_case,
    make_case,
    pack_it,
    snapshot,
    to_court,
    verify_it,
)


class Meddling(NoProgress):
    """Does something once a certain part of the work begins."""

    def __init__(self, action: str, meddle: Callable[[], object]) -> None:
        self._action, self._meddle = action, meddle

    def start(self, action: str, files: int | None, size: int | None, *, measure: Measure = ()) -> None:
        if action == self._action:
            self._meddle()


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return make_case(tmp_path / "case")


def pack_meddled(case: Path, output: Path, action: str, meddle: Callable[[], object]) -> None:
    pack(
        case,
        output,
        author(1 << 50, Meddling(action, meddle)),
        to_court(),
    )


@pytest.mark.parametrize("form", ["", ".zip"])
def test_the_entry_is_the_same_bytes_in_the_bundle_and_at_its_source(form: str, case: Path, tmp_path: Path) -> None:
    result = pack_it(case, tmp_path / f"it{form}")
    bundle = tmp_path / "it"
    if form:
        with zipfile.ZipFile(tmp_path / "it.zip") as container:
            container.extractall(bundle)
    for ending in ("toml", "toml.sig", "items"):
        name = f"{result.entry:04d}-disclosed.{ending}"
        assert (bundle / "custody" / name).read_bytes() == (case / "custody" / name).read_bytes()
    for name in ("README.txt", "allowed_signers"):
        assert (bundle / "custody" / name).read_bytes() == (case / "custody" / name).read_bytes()
    assert verify_it(case).exit_code is ExitCode.OK


@pytest.mark.parametrize("form", ["", ".zip"])
def test_evidence_that_changes_while_it_is_packed_leaves_no_entry(form: str, case: Path, tmp_path: Path) -> None:
    """It was read and found as sealed; then somebody writes to it, and what goes into the bundle is something else."""
    before = snapshot(case / "custody")
    victim = next(path for path in sorted(case.rglob("*.hwp")))
    other = b"x" * victim.stat().st_size
    with pytest.raises(EvtoolError, match=r"changed while the bundle was written|fails verification and was removed"):
        pack_meddled(case, tmp_path / f"it{form}", "packing", lambda: victim.write_bytes(other))
    assert snapshot(case / "custody") == before
    assert not [path for path in tmp_path.iterdir() if "it" in path.name and "case" not in path.name]


def test_a_bundle_that_fails_verification_leaves_no_entry(case: Path, tmp_path: Path) -> None:
    """Somebody meddles with the bundle itself before it has its name."""
    before = snapshot(case / "custody")

    def spoil() -> None:
        (content,) = tmp_path.glob(".it.evtool-*.part/content")
        next(iter((content / "data").rglob("*.pdf"))).write_bytes(b"x")

    with pytest.raises(Exception, match="the bundle fails verification and was removed"):
        pack_meddled(case, tmp_path / "it", "verifying", spoil)
    assert snapshot(case / "custody") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "case-items.csv"]


@pytest.mark.parametrize("form", ["", ".zip"])
def test_an_entry_whose_bundle_got_no_name_is_said_with_its_number(form: str, case: Path, tmp_path: Path) -> None:
    """The name is taken by somebody else in the last moment, when the entry has been written."""
    output = tmp_path / f"it{form}"
    with pytest.raises(InputError) as caught:
        pack_meddled(case, output, "verifying", lambda: output.write_text("mine"))
    assert "entry 3 records the disclosure, but the bundle was not completed and was removed" in caught.value.message
    assert "File exists" in caught.value.message
    assert output.read_text() == "mine"
    assert "evtool record DIR corrected --entry 3" in caught.value.hint
    assert (case / "custody/0003-disclosed.toml.sig").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".it")]
    # The record is sound, and the next bundle says nothing wrong.
    again = copy_case(case, tmp_path / "again")
    assert pack_it(again, tmp_path / f"other{form}").entry == 4
    assert verify_it(tmp_path / f"other{form}").exit_code is ExitCode.OK
