"""What several stories share: a sender and a repository, made once in a run of the tests and copied."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.catalogue.repository import make_repository, make_sender
from tests.cli.custody import Party, move_in, party_of
from tests.conftest import Runner, make_runner


@pytest.fixture(scope="session")
def made_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Give the folder in which A1 sealed so many files, and UN-1 has an empty catalogue."""

    @cache
    def make(files: int) -> Path:
        folder = tmp_path_factory.mktemp("exchange")
        evtool = make_runner(folder)
        make_repository(evtool, make_sender(evtool, files=files))
        return folder

    return make


@pytest.fixture
def files() -> int:
    """How many files A1 has sealed; a module that needs another number says so."""
    return 8


@pytest.fixture
def sender(evtool: Runner, made_with: Callable[[int], Path], files: int) -> Party:
    """A1, in a copy of that folder with its dates."""
    return move_in(evtool, made_with(files), "A1")


@pytest.fixture
def repository(sender: Party) -> Party:
    """UN-1, beside the sender, with the empty catalogue `C`; each trusts the other."""
    return party_of(sender.run, "UN-1")
