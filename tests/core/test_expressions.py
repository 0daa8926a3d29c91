"""Expressions of modules are compiled when they are used, so a run would meet a mistake in one only then."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from evtool.core.text.expressions import compiled_when_used

ROOT = Path(__file__).parents[2]
DEFINED = [
    (".".join(path.relative_to(ROOT).with_suffix("").parts), name)
    for path in sorted((ROOT / "evtool").rglob("*.py"))
    for name in re.findall(r"^(\w+).* = compiled_when_used\(", path.read_text("utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("module", "name"), DEFINED)
def test_every_expression_of_a_module_can_be_compiled(module: str, name: str) -> None:
    found = getattr(importlib.import_module(module), name)
    assert re.compile(found.pattern, found.flags).pattern == found.pattern


def test_nothing_is_compiled_before_it_is_used() -> None:
    """Once it is, it answers as what `re.compile` makes, and is not compiled again."""
    found = compiled_when_used(r"([a-z]+)-(\d)\Z", re.ASCII)
    assert "match" not in vars(found)
    assert [found.match(text) is not None for text in ("ab-1", "ab-1\n", "AB-1", "ab-١")] == [True, False, False, False]
    assert vars(found)["match"] == re.compile(r"([a-z]+)-(\d)\Z", re.ASCII).match
    with pytest.raises(re.error):
        compiled_when_used("(").match("")
