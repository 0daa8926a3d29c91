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

NEVER_AT_ALL = (
    "rich", "pyrage", "http", "ssl", "urllib.request", "multiprocessing", "concurrent.futures", "logging",
    "importlib.metadata", "exifread", "pypdf", "puremagic", "platformdirs", "tempfile", "difflib", "csv", "socket",
    "subprocess", "evtool.interop", "evtool.metadata.server_link", "evtool.operations.bundle",
    "evtool.operations.entries.consent", "evtool.operations.entries.rename", "evtool.operations.seal.statements",
    "evtool.operations.timestamps", "evtool.operations.verify.bag", "evtool.operations.verify.time.judgement",
    "evtool.core.consent.decision", "evtool.core.timestamp.x509", "evtool.core.timestamp.der",
    "evtool.core.container.zip", "evtool.core.container.age_header", "evtool.keys.agent", "evtool.keys.recipients",
    "evtool.operations.record.container", "evtool.report.document", "evtool.report.time_document",
    "evtool.report.consent_document", "evtool.report.metadata_document", "evtool.store.age", "evtool.store.bundle",
    "evtool.store.new_tree", "evtool.store.rehearsal", "evtool.store.zip_bundle",
)  # fmt: skip
"""Without time-stamps, bundles, a network, mistyped words and scripts that ask for JSON, none of these has work to do.

The home is named in the environment here; who does not name it needs `platformdirs`.
"""

NEVER_FOR_VERIFY = (
    *NEVER_AT_ALL, "cryptography", "bcrypt", "dataclasses", "getpass", "secrets", "traceback", "tomli_w",
    "evtool.metadata", "evtool.operations.entries", "evtool.operations.seal", "evtool.store.writer",
)  # fmt: skip
"""Nor these, as nothing is signed and no consent is stated."""


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


def test_seal_of_a_plain_directory_imports_nothing_else(archivist: Party) -> None:
    case = make_case(archivist.run)
    code, modules = look(archivist.run, "seal", case, "--metadata", "none")
    assert code == 0
    assert below(modules, *NEVER_AT_ALL, "evtool.metadata") == []


def test_seal_of_a_few_texts_imports_nothing_that_starts_a_parser(archivist: Party) -> None:
    """Their first bytes say all about them."""
    case = make_case(archivist.run)
    code, modules = look(archivist.run, "seal", case)
    assert code == 0
    assert below(modules, *NEVER_AT_ALL) == []
    assert "evtool.metadata.describing" in modules


def test_what_has_work_to_do_is_imported(archivist: Party, case: Path) -> None:
    """The list above names modules that exist, and the probe sees them."""
    code, modules = look(archivist.run, "verify", case, "--json")
    assert code == 0
    assert {"evtool.report.document", "evtool.report.time_document"} <= set(modules)


@pytest.mark.parametrize("room", [name for name in NEVER_FOR_VERIFY if name.startswith("evtool.")])
def test_the_list_names_what_exists(room: str) -> None:
    place = Path(__file__).parents[2].joinpath(*room.split("."))
    assert place.is_dir() or place.with_suffix(".py").is_file()
