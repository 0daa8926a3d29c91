"""A few items, asked for by number or name: whatever is wrong with a record, going past the others changes nothing."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool.core.errors import EvtoolError
from evtool.core.text.item_choice import parse_choice
from evtool.core.values import replace
from evtool.core.verdict.verdict import Report
from evtool.operations.record import skimming
from evtool.operations.record.selection import Selection
from evtool.operations.verify.items import passing
from evtool.operations.verify.verify import verify
from tests.attacks.made_manifests import make
from tests.manifests.test_vectors import NAMES, Vector, built, read_vector

__all__ = ["built"]

CHOICES = (["1"], ["2", "a"], ["3", "9999"])


def ask(vector: Vector, texts: list[str], least: int) -> Report | str:
    """Verify some items; `least` is the number of lines from which on a record is long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(skimming, "LEAST_LINES", least)
        try:
            return verify(vector.evidence, replace(vector.options(), selection=Selection(choice=parse_choice(texts))))
        except EvtoolError as error:
            return error.message


def answers(vector: Vector) -> Iterator[tuple[Report | str, Report | str]]:
    """Ask for some items after the other, going past the others and reading all of them."""
    for texts in CHOICES:
        yield ask(vector, texts, 0), ask(vector, texts, 10**9)


def test_every_vector(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With blocks of one item, so that there are some to go past: all of the report is the same."""
    monkeypatch.setattr(passing, "BATCH", 1)
    vectors = {name: read_vector(built / name) for name in NAMES}
    assert [name for name, vector in vectors.items() if any(short != full for short, full in answers(vector))] == []


def test_made_manifests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With disorder, doubles, wrong numbers, withheld lines: of two faults the later may be told, and that is all."""
    for number in range(60):
        monkeypatch.setattr(passing, "BATCH", 1 + number % 3)
        made = make(tmp_path / "made", random.Random(f"few {number}"))
        for short, full in answers(Vector(tmp_path / "made", "", 0, [], None, None, frozenset())):
            if isinstance(short, Report) and isinstance(full, Report):
                codes = [{(finding.code, finding.effect) for finding in report.findings} for report in (short, full)]
                assert (short.exit_code, short.items, codes[0]) == (full.exit_code, full.items, codes[1]), made.done
            else:
                assert short == full, made.done
        shutil.rmtree(tmp_path / "made")
