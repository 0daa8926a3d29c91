"""Whatever a stranger signs, evtool answers in bounded time and memory, and never with a fault of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.stranger import import_all, run_all


@pytest.mark.parametrize("seed", [8, 9])
def test_no_record_of_a_stranger_keeps_evtool_busy(seed: int, tmp_path: Path) -> None:
    """Two rounds that are the same each time; the module `stranger` runs as many others as are asked for."""
    print(f"python -m tests.attacks.stranger 1 {seed}")
    import_all()
    runs, parts = run_all(tmp_path, seed)
    bad = [(" ".join(run.command), fault) for run in runs for fault in run.faults]
    assert not bad, f"seed {seed}, {parts}"


def test_a_stranger_who_breaks_nothing_comes_through_to_the_end(tmp_path: Path) -> None:
    """Else the rounds would show how fast evtool refuses, and nothing of what comes after."""
    import_all()
    runs, parts = run_all(tmp_path, 26)
    assert parts[0] == "temper 0.0"
    codes = {" ".join(run.command[:2]): run.code for run in runs}
    verified = {what: code for what, code in codes.items() if what.startswith("verify")}
    unpacked = {what: code for what, code in codes.items() if what.startswith("unpack")}
    assert (set(verified.values()), len(verified)) == ({0}, 3)
    # Unpacked, by somebody who trusts nobody.
    assert (set(unpacked.values()), len(unpacked)) == ({3}, 2)
