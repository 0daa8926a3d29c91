"""Reports of records that the real program made: every run is a fork of one process."""

from __future__ import annotations

import pytest

from tests.cli import conftest as stories
from tests.cli.forked import ForkedRunner
from tests.conftest import Runner

server = stories.server
forked = stories.forked


@pytest.fixture
def evtool(forked: ForkedRunner) -> Runner:
    """A runner whose EVTOOL_HOME does not exist yet."""
    return forked
