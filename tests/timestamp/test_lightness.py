"""What is imported when: no X.509 without a token, no socket without a request, no disk or clock in the core."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import evtool.core as package

CORE = Path(package.__file__).parent
LIGHT = [
    "algorithms", "anchor", "der", "der_values", "grounds", "ots.bitcoin", "ots.format", "ots.proof", "ots.stamp",
    "ots.verify", "repeat", "request", "response", "result", "signed_data", "sunset", "tst_info", "x509.dn",
]  # fmt: skip
_OUTSIDE = {
    "os",
    "io",
    "time",
    "random",
    "secrets",
    "socket",
    "pathlib",
    "subprocess",
    "urllib",
    "http",
    "shutil",
    "tempfile",
}


def test_parsing_and_calendars_import_no_x509() -> None:
    imports = "; ".join(f"import evtool.core.timestamp.{name}" for name in LIGHT)
    code = f"import sys; {imports}; print([m for m in sys.modules if m.startswith('cryptography')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_has_no_disk_no_clock_no_chance_and_no_network(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}

    assert not {name.split(".")[0] for name in imported} & _OUTSIDE
    assert not {name for name in imported if name.startswith("evtool.") and not name.startswith("evtool.core.")}
    assert not called & {"now", "utcnow", "today"} - (
        {"now"} if path.stem in ("steps_trust", "renewal", "grounds") else set()
    )
    assert "open" not in names
    assert "print" not in names
