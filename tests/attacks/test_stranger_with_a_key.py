"""Whatever a stranger signs, evtool answers in bounded time and memory, and never with a fault of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.stranger import import_all, run_all


@pytest.mark.parametrize("seed", [2, 5])
def test_no_record_of_a_stranger_keeps_evtool_busy(seed: int, tmp_path: Path) -> None:
    """Two rounds that are the same each time; the module `stranger` runs as many others as are asked for."""
    print(f"python -m tests.attacks.stranger 1 {seed}")
    import_all()
    runs, parts = run_all(tmp_path, seed)
    bad = [(" ".join(run.command), fault) for run in runs for fault in run.faults]
    assert not bad, f"seed {seed}, {parts}"
