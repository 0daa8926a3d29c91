"""Partial copies that their recipients go on with: sealed, verified, packed and given on."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.finding import Code
from evtool.core.text.item_choice import parse_choice
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from evtool.operations.bundle.unpack import unpack
from tests.bundle.case import make_case, pack_it, seal_case, verify_it, write_files


@pytest.fixture
def received(tmp_path: Path) -> Path:
    """What a recipient unpacked: three items without their names."""
    make_case(tmp_path / "case")
    wanted = Wanted(only=parse_choice(["2-4"]), withhold=frozenset({"names"}))
    pack_it(tmp_path / "case", tmp_path / "bundle", PackOptions(wanted))
    unpack(tmp_path / "bundle", tmp_path / "received")
    return tmp_path / "received"


def test_what_goes_by_its_number_is_not_sealed_twice(received: Path) -> None:
    """The recipient seals a document of their own; items without names stay the items that they are."""
    write_files(received, {"report.txt": b"what we found\n"})
    seal_case(received, start=1 << 41)
    report = verify_it(received)
    assert report.exit_code == 0, report.findings
    assert report.partial is not None
    assert (report.items.ok, report.partial.items) == (4, 4)
    assert Code.MISSING not in {finding.code for finding in report.findings}


def test_a_copy_of_a_copy_lists_what_both_withhold(received: Path, tmp_path: Path) -> None:
    """What the recipient hands on is explained by the list of the newest bundle alone."""
    write_files(received, {"report.txt": b"what we found\n"})
    seal_case(received, ["report.txt"], start=1 << 41)
    pack_it(received, tmp_path / "onward", PackOptions(Wanted(only=parse_choice(["3", "10"]))), start=1 << 52)
    report = verify_it(tmp_path / "onward")
    assert report.exit_code == 0, report.findings
    assert report.partial is not None
    assert report.partial.items == 2
    lists = sorted(path.name for path in (tmp_path / "onward" / "custody").glob("*.items"))
    assert len(lists) == 1


def test_a_file_that_goes_by_its_number_and_was_changed_is_named(received: Path) -> None:
    """The seal names it, as it would name any other item."""
    changed = next(received.glob("item-000003*"))
    changed.write_bytes(b"FORGED")
    write_files(received, {"report.txt": b"what we found\n"})
    seal_case(received, start=1 << 41)
    assert verify_it(received).exit_code == 1


def test_a_whole_collection_can_be_asked_for(received: Path, tmp_path: Path) -> None:
    """A partial copy is as good as its list says, and no whole collection."""
    assert verify_it(received).exit_code == 0
    assert verify_it(received, whole=True).exit_code == 3
    assert verify_it(tmp_path / "case", whole=True).exit_code == 0
