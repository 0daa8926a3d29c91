"""check.py as its user runs it: on golden records, on what was planted or changed, and on what is hostile."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evtool.web.checkers import Checker, read_checker
from tests.golden.golden import VERSIONS, read_verdicts

SCRIPT = Path(__file__).parents[2] / "evtool" / "web" / Checker.SCRIPT.value


def run_script(evidence: Path, *trust: Path) -> tuple[int, str]:
    """Run it as its user does; gives its exit code and what it printed."""
    asked = [sys.executable, "-I", str(SCRIPT), str(evidence), *map(str, trust)]
    run = subprocess.run(asked, capture_output=True, timeout=60)
    assert run.stderr == b"", run.stderr
    assert run.stdout.startswith(b"HANDLING: ")
    return run.returncode, run.stdout.decode("utf-8")


def test_the_script_is_short_and_imports_nothing_but_python() -> None:
    source = read_checker(Checker.SCRIPT).decode("utf-8")
    assert source.count("\n") <= 150
    imported = next(line for line in source.splitlines() if line.startswith("import ")).removeprefix("import ")
    assert {name.strip() for name in imported.split(",")} <= sys.stdlib_module_names


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_golden_records_pass_the_script(version: Path, tmp_path: Path) -> None:
    """The sealed directory, and the partial bundle unpacked by a program that knows nothing of evtool."""
    shutil.unpack_archive(version / "record.tar", tmp_path / "record", filter="data")
    shutil.unpack_archive(version / "part.zip", tmp_path / "part")
    verdicts = read_verdicts(version)
    for place, name in ((tmp_path / "record" / "case", "record.tar"), (tmp_path / "part", "part.zip")):
        code, said = run_script(place, version / "trusted_keys")
        assert code == verdicts[name]["exit_code"], said
        assert verdicts[name]["head"] in said.replace(" ", "")
        assert run_script(place)[0] == 3, "without a list of keys it is not shown who signed"


def test_a_script_or_page_planted_in_a_bundle_is_refused(tmp_path: Path) -> None:
    shutil.unpack_archive(VERSIONS[-1] / "part.zip", tmp_path / "part")
    for place in ("check.py", "check.html", "custody/check.py", "data/check.py"):
        (tmp_path / "part" / place).write_text("print('all is well')")
        code, said = run_script(tmp_path / "part", VERSIONS[-1] / "trusted_keys")
        assert code == 1, said
        (tmp_path / "part" / place).unlink()


def test_nothing_hostile_makes_it_hang_follow_or_fail(tmp_path: Path) -> None:
    """Pipes, links, keys of thousands of parts, names that would change the screen; and one byte changed anywhere."""
    shutil.unpack_archive(VERSIONS[-1] / "part.zip", tmp_path / "part")
    trust, rng = VERSIONS[-1] / "trusted_keys", random.Random(15)
    files = sorted(path for path in (tmp_path / "part").rglob("*") if path.is_file())
    checked = [path for path in files if path.suffix in (".toml", ".sig", ".jsonl", ".items") or "data" in path.parts]
    for path in rng.sample(checked, min(8, len(checked))):
        data = path.read_bytes()
        at = rng.randrange(len(data)) if data else 0
        path.write_bytes(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :] if data else b"x")
        assert run_script(tmp_path / "part", trust)[0] in (1, 4), path
        path.write_bytes(data)
    entry = tmp_path / "part" / "custody" / "0001-sealed.toml"
    data = entry.read_bytes()
    for text in (b"a" + b".a" * 30000 + b" = 1", b"x = " + b"[" * 60000, b"sequence = " + b"9" * 9000, b"\xff"):
        entry.write_bytes(text)
        assert run_script(tmp_path / "part", trust)[0] in (1, 4)
    entry.unlink()
    os.mkfifo(entry)
    assert run_script(tmp_path / "part", trust)[0] in (1, 4)
    entry.unlink()
    entry.symlink_to("/dev/zero")
    assert run_script(tmp_path / "part", trust)[0] in (1, 4)
    entry.unlink()
    entry.write_bytes(data)
    (tmp_path / "part" / "data" / "\x1b[2J\u202eexe.txt").write_text("x")
    code, said = run_script(tmp_path / "part", trust)
    assert code == 1
    assert "\x1b" not in said
    assert "\u202e" not in said
