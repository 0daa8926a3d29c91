"""Patterns of OpenSSH."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.ssh.pattern import match_pattern, match_pattern_list


@pytest.mark.parametrize(
    ("text", "patterns", "expected"),
    [
        ("A03", ["A03"], True),
        ("A03", ["a03"], False),
        ("A03", ["A0"], False),
        ("A03", ["A*"], True),
        ("A03", ["A??"], True),
        ("A03", ["A0[0-9]"], False),
        ("A03", ["B01", "*"], True),
        ("A03", ["!A03", "*"], False),
        ("A03", ["*", "!A03"], False),
        ("A03", ["!B01"], False),
        ("A03", [""], False),
        ("A03", [], False),
        ("김", ["?"], False),
        ("김", ["???"], True),
    ],
)
def test_pattern_list(text: str, patterns: list[str], expected: bool) -> None:
    """A negated pattern forbids but never allows; `?` is one byte."""
    assert match_pattern_list(text, patterns) is expected


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_a_pattern_matches_what_the_same_regular_expression_matches(pattern: str, text: str) -> None:
    """The second opinion of another matcher, on short texts of few letters, where mistakes show."""
    expression = "".join({"*": ".*", "?": "."}.get(letter, letter) for letter in pattern)
    assert match_pattern(text, pattern) is bool(re.fullmatch(expression, text))


def test_a_pattern_of_many_stars_ends() -> None:
    """A hostile trust file must not hang verification; a naive matcher would take centuries here."""
    assert match_pattern("a" * 1000, "a*" * 500 + "b") is False
