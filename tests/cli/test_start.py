"""What a run does not need, it does not import: a check of five files is over before anybody notices that it began.

Not a test of time, which would fail on a busy machine: what would make a start slow is named, and must not be there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.custody import Party, make_case
from tests.conftest import Runner

PROBE = """
import sys
from evtool.cli.app import main

try:
    main(sys.argv[2:])
except SystemExit as end:
    code = end.code
with open(sys.argv[1], "w") as file:
    print(int(code), *(name for name, module in sys.modules.items() if module is not None), file=file)
"""
"""Runs evtool, then writes its exit code and what is imported."""

NEVER_FOR_VERIFY = (
    "cryptography", "rich", "pyrage", "bcrypt", "http", "ssl", "socket", "urllib.request", "multiprocessing",
    "importlib.metadata", "exifread", "pypdf", "puremagic", "evtool.interop", "evtool.metadata",
    "evtool.operations.bundle", "evtool.operations.entries", "evtool.operations.seal", "evtool.operations.timestamps",
    "evtool.operations.verify.time.judgement", "evtool.core.timestamp.x509", "evtool.core.timestamp.der",
    "evtool.report.document", "evtool.report.time_document", "evtool.report.consent_document",
    "evtool.report.metadata_document", "evtool.store.writer", "evtool.store.new_tree", "evtool.store.age",
)  # fmt: skip
"""Without time-stamps, consent, a bundle, a network or a script that asks for JSON, none of these has work to do."""


def look(evtool: Runner, *arguments: str | Path) -> tuple[int, list[str]]:
    """Run a command: its exit code, and all modules that it imported."""
    seen = evtool.directory / "seen"
    command = [sys.executable, "-c", PROBE, str(seen), *map(str, arguments)]
    subprocess.run(command, cwd=evtool.directory, env=evtool.environment, capture_output=True, check=True)
    code, *modules = seen.read_text().split()
    return int(code), modules


def below(modules: list[str], *rooms: str) -> list[str]:
    """Those of the modules that lie in one of these rooms, or are one."""
    return [module for module in modules for room in rooms if module == room or module.startswith(f"{room}.")]


@pytest.fixture
def case(archivist: Party) -> Path:
    """Five sealed files."""
    case = make_case(archivist.run)
    archivist.ok("seal", case, "--metadata", "none")
    return case


def test_verify_of_a_plain_record_imports_nothing_else(archivist: Party, case: Path) -> None:
    code, modules = look(archivist.run, "verify", case)
    assert code == 0
    assert below(modules, *NEVER_FOR_VERIFY) == []


def test_what_has_work_to_do_is_imported(archivist: Party, case: Path) -> None:
    """The list above names modules that exist, and the probe sees them."""
    code, modules = look(archivist.run, "verify", case, "--json")
    assert code == 0
    assert {"evtool.report.document", "evtool.report.time_document"} <= set(modules)


@pytest.mark.parametrize("room", [name for name in NEVER_FOR_VERIFY if name.startswith("evtool.")])
def test_the_list_names_what_exists(room: str) -> None:
    place = Path(__file__).parents[2].joinpath(*room.split("."))
    assert place.is_dir() or place.with_suffix(".py").is_file()
