"""Exclusion patterns, against a slow and obvious reference."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evtool.core.errors import FormatError
from evtool.core.text.limits import MAX_PATTERN_LENGTH, MAX_PATTERNS
from evtool.core.text.patterns import DEFAULT_PATTERNS, Exclusions

patterns = st.text("ab*?/.[", min_size=1, max_size=8)
paths = st.text("ab/.[", min_size=1, max_size=10)


def fits(pattern: str, text: str) -> bool:
    """What a pattern means, one character at a time; takes exponential time, and short texts only."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return fits(pattern[1:], text) or (text[:1] not in ("", "/") and fits(pattern, text[1:]))
    if not text:
        return False
    return (pattern[0] == text[0] or (pattern[0] == "?" and text[0] != "/")) and fits(pattern[1:], text[1:])


@given(patterns, paths)
@example("*", "")
@example("a*b*a", "abba")
@example("*/*b", "a/a/ab")
def test_a_pattern_means_what_the_reference_says(pattern: str, path: str) -> None:
    """With a slash it is matched against the path, without one against the last component."""
    text = path if "/" in pattern else path.split("/")[-1]
    expected = pattern if fits(pattern, text) else None
    assert Exclusions((pattern,)).match(path) == expected


@given(st.lists(patterns, max_size=3), paths)
def test_a_path_is_hidden_by_itself_or_by_a_directory_above(several: list[str], path: str) -> None:
    """A directory that matches takes with it what is below."""
    exclusions = Exclusions(tuple(several))
    parts = path.split("/")
    above = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    assert exclusions.hides(path) == any(exclusions.match(directory) for directory in above)


def test_the_first_pattern_that_matches_is_named() -> None:
    """So that a report can say why."""
    assert Exclusions(("*.txt", "a*")).match("sub/a.txt") == "*.txt"
    assert Exclusions(()).match("a.txt") is None


@pytest.mark.parametrize("name", DEFAULT_PATTERNS)
def test_what_systems_leave_is_matched_at_any_depth(name: str) -> None:
    """By its whole name, and as it is spelled."""
    exclusions = Exclusions(DEFAULT_PATTERNS)
    assert exclusions.match(f"deep/down/{name}") == name
    assert exclusions.match(f"deep/{name}x") is None


def test_many_stars_cost_little() -> None:
    """A pattern of a stranger's bundle that would take a careless matcher until the end of days."""
    assert Exclusions(("*a" * 128,)).match("a" * 4000 + "b") is None
    assert Exclusions(("*a" * 128,)).match("a" * 4000) is not None


@pytest.mark.parametrize(
    "several",
    [
        [""],
        ["x" * (MAX_PATTERN_LENGTH + 1)],
        ["a\nb"],
        ["a\x1bb"],
        ["a\u202eb"],
        ["a\u2028b"],
        ["a\x85b"],
        ["x"] * (MAX_PATTERNS + 1),
    ],
)
def test_patterns_have_limits(several: list[str]) -> None:
    """Empty, too long, not printable, too many."""
    with pytest.raises(FormatError):
        Exclusions(tuple(several))


@pytest.mark.parametrize("code", [0x378, 0x1FAE9, 0xAD, 0x200B, 0xE000, 0xFDD0, 0xD7FF])
def test_no_version_of_unicode_decides_what_a_pattern_may_hold(code: int) -> None:
    """Not assigned yet, assigned since Unicode 16, format, blank, private: an older Python sealed it or reads it."""
    assert Exclusions((f"a{chr(code)}*",)).match(f"a{chr(code)}b") is not None
