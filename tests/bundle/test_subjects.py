"""Whom an item is about is sealed with it, and goes to nobody who was not meant to get it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evtool.core.errors import ExitCode, FormatError
from evtool.core.manifest.context import parse_user_value
from evtool.operations.bundle.choice import Wanted
from evtool.operations.bundle.options import PackOptions
from tests.bundle.case import TERMS, pack_it, seal_case, verify_it, write_files

FILES = {"a.txt": b"the first of two\n", "b.txt": b"the second of two\n"}


@pytest.fixture
def case(tmp_path: Path) -> Path:
    case = write_files(tmp_path / "case", FILES)
    seal_case(case, FILES, terms={**TERMS, "subjects": "P0042; P0107"})
    return case


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_subjects_stay_behind_unless_they_are_asked_for(case: Path, tmp_path: Path, is_asked_for: bool) -> None:
    """Even of a bundle of everything; and a reader of the bundle sees that something is withheld, by a signed list."""
    assert b'"value":"P0042 P0107"' in (case / "custody" / "0001-sealed.jsonl").read_bytes()

    pack_it(case, tmp_path / "out", PackOptions(Wanted(subjects=is_asked_for)))

    told = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert (b"P0042" in told) == is_asked_for
    assert b"told by" in told
    assert verify_it(tmp_path / "out").exit_code is ExitCode.OK


@pytest.mark.parametrize("text", ["김철수", "P0042 Kim Chol-su", "P1 P1", "P1  /etc"])
def test_subjects_are_codes(text: str) -> None:
    with pytest.raises(FormatError, match="subjects is not codes with a digit") as caught:
        parse_user_value("subjects", text)
    assert "김" not in caught.value.message


def test_a_person_may_separate_codes_as_they_like() -> None:
    assert parse_user_value("subjects", "P0107,P0042 ;P3") == "P0107 P0042 P3"
