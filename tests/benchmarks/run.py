"""Measures evtool against programs that do part of the same work, in turns on one machine.

    python -m tests.benchmarks.run --work FOLDER [--scale 1.0] [--runs 5] [--only NAME]...

Makes the workloads in FOLDER (at scale 1 they need 16 GB; they are kept), reads them once so that the page cache holds
them, runs all programs in turns, checks after every run that it did the same work, and writes FOLDER/results.md and
FOLDER/cost.svg. What is compared are whole processes, from start to exit; evtool's figures include both digests, the
look at each file before and after reading it, salts, Merkle root, list of checksums, signature, and the flush of its
record to the medium. Figures of two runs of this program cannot be compared with each other; ratios within one can.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks import peers
from tests.benchmarks.measure import Command, Timing, peak_memory, run_in_turns, run_once
from tests.benchmarks.peers import Bench, seal_command, verify_command
from tests.benchmarks.report import BARS_HEAD, Bar, machine_lines, plot, timing_table
from tests.benchmarks.workloads import KIB, MIB, Workload, standard_workloads

SEAL, VERIFY = "evtool seal", "evtool verify"

PEERS: dict[str, Sequence[Callable[[Bench], Command]]] = {
    "one-file": (peers.openssl, peers.b3sum, peers.hashdeep_audit),
    "small-files": (peers.b3sum, peers.openssl, peers.hashdeep, peers.hashdeep_audit, peers.bagit_create),
    "photos": (peers.two_tools, peers.b3sum, peers.openssl, peers.hashdeep_audit),
    "videos": (peers.two_tools, peers.b3sum, peers.openssl, peers.hashdeep_audit),
}

_B3SUM, _OPENSSL = "b3sum, all files as arguments", "openssl dgst -sha256"
_TWO_TOOLS = "sha256sum by xargs -P2, then b3sum"
LIMITS: dict[str, tuple[tuple[str, str, float], ...]] = {
    "one-file": ((SEAL, _OPENSSL, 1.10), (VERIFY, SEAL, 1.05), (VERIFY, "hashdeep -a -k", 0.90)),
    "small-files": (
        (SEAL, _B3SUM, 1.15),
        (SEAL, "hashdeep -c sha256 -j2 -r", 0.45),
        (SEAL, "bagit.py --sha256 --processes 2", 0.20),
        (VERIFY, SEAL, 1.05),
        (VERIFY, "hashdeep -a -k", 0.50),
    ),
    "photos": ((SEAL, _TWO_TOOLS, 0.90), (VERIFY, SEAL, 1.05), (VERIFY, "hashdeep -a -k", 0.90)),
    "videos": ((SEAL, _TWO_TOOLS, 0.90), (VERIFY, SEAL, 1.05), (VERIFY, "hashdeep -a -k", 0.90)),
}

WHAT_IS_COMPARED = """\
Sealing and verifying take both digests, look at every file before and after reading it, and write or check salts,
Merkle root and signature; metadata is off. `small-files` are 100,000 files of 4 KiB. What they cost is the system call
for each of them, made from Python: opening, two looks, one read and closing take about half of it, the two digests a
quarter. None of the programs they are compared with takes both digests, or looks whether a file changed while it was
read."""
"""Stands above the figures: what evtool does that the others do not."""


def main() -> None:
    """Run what the arguments ask for, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for workloads and results")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the workloads; 0.01 takes a minute")
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command")
    parser.add_argument("--only", action="append", help=f"one of {', '.join((*PEERS, *EXTRA))}; may be repeated")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    session = Session(arguments.work, arguments.scale, arguments.runs)
    names = arguments.only or (*PEERS, *EXTRA)
    for name in names:
        if name in EXTRA:
            EXTRA[name](session)
        else:
            session.compare(next(workload for workload in standard_workloads(arguments.scale) if workload.name == name))
    session.write()


class Session:
    """One run of the benchmarks: what was measured so far."""

    def __init__(self, work: Path, scale: float, runs: int) -> None:
        self.work = work
        self.scale = scale
        self.runs = runs
        # A run must not wait for evtool to be compiled; an installed package is.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(work / "compiled")
        self.environment = peers.make_home(work / "home")
        self.sections: list[str] = []
        self.bars: list[Bar] = []

    def compare(self, workload: Workload) -> None:
        """Measure evtool and its peers on one workload."""
        bench = self.bench(workload)
        bench.read_all()
        commands = [seal_command(bench), verify_command(bench), *(make(bench) for make in PEERS[workload.name])]
        before = _load()
        timings = self.time(commands)
        self._add_table(workload, timings, before)
        for mine, other, limit in LIMITS[workload.name]:
            self.bars.append(Bar(workload.name, mine, other, limit, _ratio(timings, mine, other)))

    def bench(self, workload: Workload) -> Bench:
        """Make a workload, and room for what the programs write."""
        self.note(f"{workload.name}: making {workload.files:,} files")
        tree = workload.make(self.work)
        scratch = self.work / f"scratch-{tree.name}"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return Bench.find(tree, scratch, self.environment)

    def note(self, text: str) -> None:
        """Say what is going on."""
        sys.stderr.write(text + "\n")

    def write(self) -> None:
        """Write the results."""
        head = [
            "# Measurements",
            "",
            "Whole processes, in turns, warm page cache (every file was read right before), scale "
            f"{self.scale:g}, {self.runs} counted runs of each command. Ratios are of medians within one table.",
            "",
            WHAT_IS_COMPARED,
            "",
            *machine_lines(),
        ]
        bars = ["", "## Bars", "", BARS_HEAD, *(bar.row for bar in self.bars)]
        text = "\n".join([*head, *bars, "", *self.sections]) + "\n"
        (self.work / "results.md").write_text(text, encoding="utf-8")
        sys.stdout.write(text)

    def time(self, commands: Sequence[Command], runs: int | None = None) -> dict[str, Timing]:
        """Run commands in turns; the first of them seals, and what it sealed is what the others are checked against."""
        run_once(commands[0])
        return run_in_turns(commands, runs or self.runs, self.note)

    def _add_table(self, workload: Workload, timings: dict[str, Timing], load_before: str) -> None:
        total = sum(workload.size_of(index) for index in range(workload.files))
        self.sections += [
            f"## {workload.name}: {workload.files:,} files, {total / 1e9:.2f} GB, in {workload.folders:,} folders",
            "",
            f"Load of the machine (1 minute) before {load_before}, after {_load()}.",
            "",
            *timing_table(timings, SEAL),
            "",
        ]


def _ratio(timings: dict[str, Timing], mine: str, other: str) -> float | None:
    one, two = timings.get(mine), timings.get(other)
    if one is None or two is None or not one.walls or not two.walls:
        return None
    return one.median / two.median


def _load() -> str:
    return f"{os.getloadavg()[0]:.2f}"


def measure_manifest(session: Session) -> None:
    """A manifest of a million items, against a bare loop of json.loads over the same lines."""
    items = max(1000, round(1_000_000 * session.scale))
    path = session.work / f"manifest-{items}.jsonl"
    script = str(Path(__file__).with_name("decode_manifest.py"))
    environment = os.environ | session.environment
    if not path.exists():
        subprocess.run([sys.executable, script, str(path), "make", str(items)], env=environment, check=True)
    timings = {name: Timing() for name in ("evtool", "items", "json")}
    for turn in range(session.runs + 1):
        for name, timing in timings.items() if turn % 2 else reversed(timings.items()):
            command = [sys.executable, script, str(path), name]
            run = subprocess.run(command, env=environment, check=True, capture_output=True)
            seconds, processor, *counts = run.stdout.split()
            assert name == "json" or int(counts[0]) == items
            session.note(f"manifest {name}: {float(seconds):.3f} s")
            if turn:
                timing.walls.append(float(seconds))
                timing.processor.append(float(processor))
    session.bars.append(
        Bar(f"manifest of {items:,} items", "decode", "json.loads", 1.0, _ratio(timings, "evtool", "json"))
    )
    labels = {
        "evtool": "every line decoded, checked canonical, root computed",
        "items": "the same, with an object for each item",
        "json": "a bare loop of json.loads",
    }
    named = {labels[name]: timing for name, timing in timings.items()}
    session.sections += [
        f"## manifest of {items:,} items, {2 * items:,} lines",
        "",
        "One process each; without the start of the interpreter.",
        "",
        *timing_table(named, labels["evtool"]),
        "",
    ]


def measure_scale(session: Session) -> None:
    """A hundred thousand against a million files: time for each, and memory of each process."""
    sizes = [max(100, round(number * session.scale)) for number in (10_000, 100_000, 1_000_000)]
    series: dict[str, list[tuple[float, float]]] = {}
    rows = ["| files | command | median s | us a file | greatest process, MiB |", "| --- | --- | --- | --- | --- |"]
    costs: dict[tuple[str, int], float] = {}
    peaks: dict[tuple[str, int], int] = {}
    for size in sizes:
        bench = session.bench(Workload("linked", size, 4 * KIB, 4 * KIB, folders=max(1, size // 100), linked=True))
        bench.read_all()
        commands = [seal_command(bench), verify_command(bench), peers.b3sum(bench), peers.hashdeep(bench)]
        timings = session.time(commands, max(1, session.runs // 2))
        for command in commands:
            timing = timings[command.label]
            if timing.failure:
                rows.append(f"| {size:,} | {command.label} | not measured: {timing.failure} | | |")
                continue
            costs[command.label, size] = timing.median / size * 1e6
            series.setdefault(command.label, []).append((size, costs[command.label, size]))
            memory = ""
            if command.label in (SEAL, VERIFY):
                command.prepare()
                peak = peak_memory(command.steps[0], command.directory, command.environment)
                peaks[command.label, size] = peak
                memory = f"{peak / MIB:.0f}"
            rows.append(
                f"| {size:,} | {command.label} | {timing.median:.3f} | {costs[command.label, size]:.1f} | {memory} |"
            )
    for label in (SEAL, VERIFY):
        many = f"{sizes[2]:,} files"
        ratio = costs[label, sizes[2]] / costs[label, sizes[1]]
        session.bars.append(Bar(many, f"{label}, cost of a file", f"at {sizes[1]:,}", 1.10, ratio))
        least, most = peaks[label, sizes[1]], peaks[label, sizes[2]]
        session.bars.append(Bar(many, f"{label}, greatest process", "120 MiB", 1.00, most / (120 * MIB)))
        session.bars.append(Bar(many, f"{label}, greatest process", f"at {sizes[1]:,}", 1.10, most / least))
    session.sections += [
        "## cost against size",
        "",
        "Files of 4 KiB in folders of 100, hard links to 1,000 originals, so that a million of them fit anywhere. "
        "Memory is the peak of what was resident, pages shared with the parent counted for each process.",
        "",
        *rows,
        "",
        "![cost of a file against their number](cost.svg)",
        "",
    ]
    drawing = plot("Cost of a file of 4 KiB, warm cache", series, "number of files", "microseconds a file")
    (session.work / "cost.svg").write_text(drawing, encoding="utf-8")


def measure_start(session: Session) -> None:
    """How long it takes to say the version."""
    commands = [
        Command("evtool --version", [(*peers.EVTOOL, "--version")], session.work, environment=session.environment),
        Command("python3 -I -c pass", [(sys.executable, "-I", "-c", "pass")], session.work),
    ]
    timings = run_in_turns(commands, max(20, session.runs), lambda text: None)
    ratio = _ratio(timings, "evtool --version", "python3 -I -c pass")
    session.bars.append(Bar("start", "evtool --version", "python3 -I -c pass", 4.0, ratio))
    session.sections += ["## start", "", *timing_table(timings, "evtool --version"), ""]
    _measure_short_runs(session)


def _measure_short_runs(session: Session) -> None:
    """What sealing and verifying five files take of the processor, which is nearly all start."""
    home = session.work / "short"
    shutil.rmtree(home, ignore_errors=True)
    (tree := home / "tree").mkdir(parents=True)
    for number in range(5):
        (tree / f"note-{number}.txt").write_text(f"note {number}\n" * 200, encoding="utf-8")
    custody = home / "custody"
    seal = [*peers.EVTOOL, "seal", str(tree), "--custody", str(custody)]
    verify = [*peers.EVTOOL, "verify", str(tree), "--custody", str(custody)]
    nothing, sealing, verifying = "python3 -I -c pass", "seal of 5 files", "verify of 5 files"
    commands = [
        Command(nothing, [(sys.executable, "-I", "-c", "pass")], home),
        Command(
            sealing, [seal], home, lambda: shutil.rmtree(custody, ignore_errors=True), environment=session.environment
        ),
        Command(verifying, [verify], home, environment=session.environment),
    ]
    subprocess.run(seal, env=os.environ | session.environment, check=True, capture_output=True)
    timings = run_in_turns(commands, max(15, session.runs), lambda text: None)
    medians = {label: statistics.median(timing.processor) for label, timing in timings.items() if not timing.failure}
    for label, limit in ((verifying, 9.0), (sealing, 12.0)):
        ratio = medians[label] / medians[nothing] if label in medians else None
        session.bars.append(Bar("start, processor", label, nothing, limit, ratio))


EXTRA: dict[str, Callable[[Session], None]] = {
    "manifest": measure_manifest,
    "scale": measure_scale,
    "start": measure_start,
}


if __name__ == "__main__":
    main()
