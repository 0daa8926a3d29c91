"""The page against evtool on bundles that were changed at random: it never says more, and never accuses more."""

from __future__ import annotations

from pathlib import Path

from tests.web.differential import compare, faults_of
from tests.web.node_page import Job

SAMPLE = 40
"""`python -m tests.web.differential` compares as many as one likes."""


def test_the_page_says_what_evtool_says_of_changed_bundles(tmp_path: Path) -> None:
    assert compare(tmp_path, 0, SAMPLE) == {}


def test_a_page_that_says_more_is_found_out() -> None:
    """What is called a fault of the page: more than evtool shows, and more than it accuses."""
    axes = {"integrity": "shown", "trust": "not established"}
    evtool: Job = {"exit_code": 3, "axes": axes}
    assert faults_of({"exit_code": 4, "axes": {**axes, "integrity": "not established"}}, evtool) == []
    assert len(faults_of({"exit_code": 0, "axes": {**axes, "trust": "shown"}}, evtool)) == 2
    assert len(faults_of({"exit_code": 1, "axes": {**axes, "integrity": "failed"}}, evtool)) == 2
