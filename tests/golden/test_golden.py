"""Old evidence verifies with today's code: every golden record keeps the verdict that it had when it was made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.golden import NAMES, VERSIONS, read_verdicts, verdict_of, verify_golden
from tests.golden.make_golden import make_golden

CASES = [pytest.param(version, name, id=f"{version.name}-{name}") for version in VERSIONS for name in NAMES]


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_golden_record_keeps_its_verdict(version: Path, name: str, tmp_path: Path) -> None:
    assert verdict_of(verify_golden(version, name, tmp_path)) == read_verdicts(version)[name]


@pytest.mark.parametrize(("version", "name"), CASES)
def test_a_changed_golden_record_loses_it(version: Path, name: str, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    verdict = read_verdicts(version)[name]
    assert (verdict["exit_code"], verdict["axes"]["integrity"]) == (0, "shown")
    for file in version.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    trusted = (tmp_path / "trusted_keys").read_text("ascii").splitlines(keepends=True)
    (tmp_path / "trusted_keys").write_text("".join(line for line in trusted if not line.startswith("A1 ")), "ascii")
    assert verdict_of(verify_golden(tmp_path, name, tmp_path / "work")) != verdict


def test_the_maker_still_makes_such_records(tmp_path: Path) -> None:
    """With the same verdicts but for the heads, as salts and signatures are new."""
    make_golden(tmp_path / "new")
    made, kept = read_verdicts(tmp_path / "new"), read_verdicts(VERSIONS[-1])
    for name in NAMES:
        assert made[name] | {"head": ""} == kept[name] | {"head": ""}
