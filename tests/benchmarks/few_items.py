"""Measures what one item of many costs: `python -m tests.benchmarks.few_items --work FOLDER [--items 1000000]`.

Seals hard links, each with four fields of context if `--context` is given, then asks for one item in the middle and
verifies all, in turns; the ratio is that of medians of processor time. Then come the peaks of the long answers.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import time
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.measure import Command, peak_memory, run_in_turns
from tests.benchmarks.workloads import Workload

BAR, MEMORY_BAR = 0.15, 120_000_000

RECIPIENT = ("recipient", "add", "B7", "--kind", "court", "--purpose", "un-reporting")
CHECK = ("consent", "check", "--to", "B7", "--for", "un-reporting")
DEFAULTS = """format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.context]
title = "Recorded in the field, part of series seven"
source = "S-0042"
language = "ko"
kind = "interview"

[directory.consent]
share = ["B7"]
status = "given"
for = ["un-reporting"]
"""


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the workload")
    parser.add_argument("--items", type=int, default=1_000_000, help="how many items there are")
    parser.add_argument("--context", action="store_true", help="state four fields and terms of each item")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each command")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    options.work.mkdir(parents=True, exist_ok=True)
    tree = Workload("few", options.items, 100, 100, folders=max(1, options.items // 1000), linked=True).make(
        options.work
    )
    custody = options.work / f"record-{options.items}-{'context' if options.context else 'plain'}"
    environment = peers.make_home(options.work / "home")
    everything = os.environ | environment
    if not (options.work / "home" / "recipients.toml").exists():
        subprocess.run([*peers.EVTOOL, *RECIPIENT], env=everything, check=True, capture_output=True)
    where = (str(tree), "--custody", str(custody))
    if not custody.exists():
        defaults = options.work / "defaults.toml"
        defaults.write_text(DEFAULTS, encoding="utf-8")
        stated = ("--defaults", str(defaults)) if options.context else ()
        subprocess.run([*peers.EVTOOL, "seal", *where, "--metadata", "none", "-q", *stated], env=everything, check=True)

    one = [(*peers.EVTOOL, "show", *where, "--items", f"item:{options.items // 2}")]
    every = [(*peers.EVTOOL, "verify", *where, "--json")]
    commands = [
        Command("show, one item", one, options.work, environment=environment),
        # Whom to trust is not asked here; the exit code of a key that nobody chose would be 3.
        Command("verify", [("sh", "-c", '"$@" || [ $? = 3 ]', "sh", *every[0])], options.work, environment=environment),
    ]
    timings = run_in_turns(commands, options.runs, lambda text: None)
    if failures := [timing.failure for timing in timings.values() if timing.failure]:
        raise SystemExit("; ".join(failures))
    medians = {label: statistics.median(timing.processor) for label, timing in timings.items()}
    ratio = medians["show, one item"] / medians["verify"]
    print(f"{options.items:,} items; load {os.getloadavg()[0]:.1f}; {time.strftime('%Y-%m-%d')}")
    print("\n".join(f"{label}: {seconds:.2f} s of processor time" for label, seconds in medians.items()))
    print(f"ratio {ratio:.3f}, bar {BAR}: {'kept' if ratio <= BAR else 'MISSED'}")
    answers: dict[str, tuple[str, ...]] = {"show --json": ("show", *where, "--json")}
    if options.context:  # without terms nothing may be given, which is exit code 5
        answers["consent check --json"] = (*CHECK[:2], *where, *CHECK[2:], "--json")
    for label, command in answers.items():
        peak = peak_memory((*peers.EVTOOL, *command), options.work, environment)
        print(f"{label}: {peak / 1e6:.0f} MB, bar {MEMORY_BAR / 1e6:.0f}: {'kept' if peak <= MEMORY_BAR else 'MISSED'}")


if __name__ == "__main__":
    main()
