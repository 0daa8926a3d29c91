"""Measures the memory that bundles need: `python -m tests.benchmarks.bundle_memory --work FOLDER [--scale 1.0]`.

Makes a collection of 5 GB in a new folder below FOLDER (one large file, some films, thousands of photographs), seals
it, packs it as a container and as an encrypted one, verifies both as they are, from the file and from standard input,
and prints what was resident at most. Everything made is removed in the end; at scale 1 it needs 11 GB of disk.

Two figures are given for each command: the peak of its largest process, and the sum of the peaks of all its processes,
which no moment can exceed. The bar is put on the sum. Pages that are shared between processes are counted in each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import MemoryWatch
from tests.benchmarks.report import machine_lines
from tests.benchmarks.workloads import GIB, MIB, Workload

BAR = 200_000_000
"""Bytes that no command may exceed."""

SIZE = 5_000_000_000
"""Bytes of the collection, at least, at scale 1."""

RECIPIENTS = """format = "evtool-recipients/1"

[recipient.B7]
kinds = ["court"]
purposes = ["accountability-intl"]
agreements = ["DSA-2026-04"]
"""

DEFAULTS = """format = "evtool-defaults/1"

[[directory]]
path = "."
handling = "named"

[directory.consent]
share = ["B7"]
status = "given"
for = ["accountability-intl"]
identity = "to-court"
defence = "yes"
agreement = "DSA-2026-04"
"""

DISCLOSE = ("--to", "B7", "--for", "accountability-intl", "--authority", "DSA-2026-04")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one command took.

    Attributes:
        label: how the table calls it.
        seconds: from start to exit.
        processes: how many there were.
        largest, together: peak of the largest process, and sum of the peaks of all, in bytes.
    """

    label: str
    seconds: float
    processes: int
    largest: int
    together: int

    @property
    def row(self) -> str:
        """The line of the table."""
        verdict = "yes" if self.together < BAR else "NO"
        return (
            f"| {self.label} | {self.seconds:.1f} | {self.processes} "
            f"| {self.largest / 1e6:.1f} | {self.together / 1e6:.1f} | {verdict} |"
        )


def workloads(scale: float) -> list[Workload]:
    """Give the files of the collection: large, middling and many."""
    large, photographs = max(MIB, round(2 * GIB * scale)), max(1, round(4_000 * scale))
    films = max(MIB, round(128 * MIB * scale))
    return [
        Workload("one-film", 1, large, large),
        Workload("films", 10, films, films),
        Workload("photographs", photographs, 200_000, 700_000, folders=max(1, photographs // 200)),
    ]


class Bench:
    """One run: a folder with a home, the collection, and its bundles."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.case = folder / "case"
        home = folder / "home"
        self.environment = os.environ | {"EVTOOL_HOME": str(home), "LC_ALL": "C.UTF-8"}
        self._run("key", "new", "A1", "--no-passphrase")
        (home / "recipients.toml").write_text(RECIPIENTS, encoding="utf-8")
        (home / "recipients.toml").chmod(0o600)
        (folder / "defaults.toml").write_text(DEFAULTS, encoding="utf-8")
        self.identity = folder / "age.key"
        subprocess.run(["age-keygen", "-o", str(self.identity)], check=True, capture_output=True)
        self.identity.chmod(0o600)
        shown = subprocess.run(["age-keygen", "-y", str(self.identity)], check=True, capture_output=True, text=True)
        self.recipient = shown.stdout.strip()

    def make(self, scale: float) -> tuple[int, int]:
        """Make and seal the collection; give its files and bytes."""
        self.case.mkdir()
        for workload in workloads(scale):
            (self.case / workload.path_of(0)).parent.parent.mkdir(exist_ok=True)
            workload.make(self.case)
        for mark in self.case.glob("*.complete"):
            mark.unlink()
        sizes = [path.stat().st_size for path in self.case.rglob("*") if path.is_file()]
        self._run("seal", str(self.case), "--defaults", str(self.folder / "defaults.toml"), "--metadata", "none")
        return len(sizes), sum(sizes)

    def measure(self, label: str, *arguments: str, stdin: Path | None = None) -> Figures:
        """Run one command, make sure that it did its work, and give what it took."""
        command = [sys.executable, "-m", "evtool", *arguments, "--json"]
        began = time.perf_counter()
        with (
            open(stdin or os.devnull, "rb") as source,
            subprocess.Popen(command, env=self.environment, stdin=source, stdout=subprocess.PIPE) as process,
        ):
            watch = MemoryWatch(process.pid)
            printed, _ = process.communicate()
            watch.finish()
        seconds = time.perf_counter() - began
        if process.returncode != 0 or json.loads(printed)["exit_code"] != 0:
            raise ValueError(f"{label}: exit {process.returncode}")
        peaks = watch.peaks.values()
        return Figures(label, seconds, len(peaks), max(peaks), sum(peaks))

    def _run(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "evtool", *arguments, "--quiet"],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )


def measure_all(bench: Bench) -> list[Figures]:
    """Pack and verify in every form; each bundle goes before the next one is made."""
    case, plain, sealed = str(bench.case), bench.folder / "it.zip", bench.folder / "it.zip.age"
    identity = ("-i", str(bench.identity))
    figures = [bench.measure("pack, zip", "pack", case, "-o", str(plain), *DISCLOSE)]
    figures.append(bench.measure("verify, zip", "verify", str(plain)))
    figures.append(bench.measure("verify, zip on standard input", "verify", "-", stdin=plain))
    plain.unlink()
    figures.append(bench.measure("pack, zip.age", "pack", case, "-o", str(sealed), "-r", bench.recipient, *DISCLOSE))
    figures.append(bench.measure("verify, zip.age", "verify", str(sealed), *identity))
    figures.append(bench.measure("verify, zip.age on standard input", "verify", "-", *identity, stdin=sealed))
    sealed.unlink()
    return figures


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and tell by the exit code whether the bar is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()), help="where the disk is large enough")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the collection; 0.01 takes seconds")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="bundle-memory-", dir=options.work))
    try:
        bench = Bench(folder)
        files, size = bench.make(options.scale)
        if size < SIZE * min(options.scale, 1):
            raise ValueError(f"the collection has {size:,} bytes only")
        figures = measure_all(bench)
    finally:
        shutil.rmtree(folder)
    print("\n".join(machine_lines()))
    print(
        f"A collection of {files:,} files, {size:,} bytes. The bar is {BAR / 1e6:.0f} MB for all processes together.\n"
    )
    print("| command | seconds | processes | largest, MB | all together, MB | kept |\n|---|---|---|---|---|---|")
    print("\n".join(figure.row for figure in figures))
    return 0 if all(figure.together < BAR for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
