"""The programs that evtool is measured against, each with a proof that it did the same work.

All of them are packages of Debian, but for bagit.py, which is one of PyPI. Each hashes the files of a workload; the
digests it prints are compared with those that evtool sealed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Command

EVTOOL = (sys.executable, "-m", "evtool")
_HEX = re.compile(rb"\b[0-9a-f]{64}\b")


@dataclass(frozen=True, slots=True)
class Bench:
    """One workload, ready to be measured.

    Attributes:
        tree: its files.
        scratch: a directory for what the programs write.
        environment: variables for evtool: its home, with a key in it.
        names: paths of all files, relative to the tree, in order.
    """

    tree: Path
    scratch: Path
    environment: dict[str, str]
    names: list[str]

    @classmethod
    def find(cls, tree: Path, scratch: Path, environment: dict[str, str]) -> Bench:
        """List the files of a tree."""
        names = [
            os.path.relpath(os.path.join(place, name), tree) for place, _, found in os.walk(tree) for name in found
        ]
        return cls(tree, scratch, environment, sorted(names))

    @property
    def custody(self) -> Path:
        """Where evtool keeps its record; beside the tree, which stays as it is for the others."""
        return self.scratch / "custody"

    def digests(self, algorithm: str) -> set[bytes]:
        """The digests that evtool sealed."""
        with open(self.custody / "0001-sealed.jsonl", "rb") as lines:
            statements = (json.loads(line) for line in lines)
            return {
                statement[algorithm].encode()
                for statement in statements
                if statement["kind"] == "content" and algorithm in statement
            }

    def read_all(self) -> None:
        """Read every file once, so that the page cache holds it."""
        for name in self.names:
            with open(self.tree / name, "rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass


def make_home(folder: Path) -> dict[str, str]:
    """Make a home with a key that needs no passphrase; returns the variables that point there."""
    environment = {"EVTOOL_HOME": str(folder), "PYTHONPATH": str(Path(__file__).parents[2])}
    if not (folder / "keys").exists():
        command = [*EVTOOL, "key", "new", "benchmark", "--no-passphrase"]
        subprocess.run(command, env=os.environ | environment, check=True, capture_output=True)
    return environment


def seal_command(bench: Bench, label: str = "evtool seal") -> Command:
    """Seal the tree: both digests, salts, Merkle root, list of checksums and signature; no metadata."""

    def prepare() -> None:
        shutil.rmtree(bench.custody, ignore_errors=True)

    steps = [(*EVTOOL, "seal", str(bench.tree), "--custody", str(bench.custody), "--metadata", "none", "--json")]
    return Command(label, steps, bench.scratch, prepare, _count_items(bench), environment=bench.environment)


def verify_command(bench: Bench, label: str = "evtool verify") -> Command:
    """Verify what was sealed last."""
    steps = [(*EVTOOL, "verify", str(bench.tree), "--custody", str(bench.custody), "--json")]

    def check(output: bytes) -> None:
        counts = json.loads(output)["reports"][0]["counts"]
        expected = len(bench.names)
        assert (counts["sealed"], counts["ok"]) == (expected, expected), counts

    return Command(label, steps, bench.scratch, check=check, environment=bench.environment)


def _count_items(bench: Bench) -> Callable[[bytes], None]:
    def check(output: bytes) -> None:
        assert json.loads(output)["new_items"] == len(bench.names)

    return check


def _prints(bench: Bench, *algorithms: str) -> Callable[[bytes], None]:
    """Check that the digests of all files were printed."""

    def check(output: bytes) -> None:
        expected = set().union(*(bench.digests(algorithm) for algorithm in algorithms))
        missing = expected - set(_HEX.findall(output))
        assert not missing, f"{len(missing)} of {len(expected)} digests are not among what it printed"

    return check


def b3sum(bench: Bench) -> Command:
    """All files as arguments, with its default number of threads."""
    return Command(
        "b3sum, all files as arguments", [("b3sum", *bench.names)], bench.tree, check=_prints(bench, "blake3")
    )


def openssl(bench: Bench) -> Command:
    """One digest of all files, in one process."""
    steps = [("openssl", "dgst", "-sha256", *bench.names)]
    return Command("openssl dgst -sha256", steps, bench.tree, check=_prints(bench, "sha256"))


def hashdeep(bench: Bench) -> Command:
    """One digest of all files, in two threads."""
    steps = [("hashdeep", "-c", "sha256", "-j2", "-r", ".")]
    return Command("hashdeep -c sha256 -j2 -r", steps, bench.tree, check=_prints(bench, "sha256"))


def hashdeep_audit(bench: Bench) -> Command:
    """The same, compared with a list of known digests."""
    known = bench.scratch / "hashdeep.txt"

    def prepare() -> None:
        if not known.exists():
            run = subprocess.run(hashdeep(bench).steps[0], cwd=bench.tree, check=True, capture_output=True)
            known.write_bytes(run.stdout)

    def check(output: bytes) -> None:
        assert b"Audit passed" in output, output[:200]

    steps = [("hashdeep", "-c", "sha256", "-j2", "-r", "-a", "-v", "-k", str(known), ".")]
    return Command("hashdeep -a -k", steps, bench.tree, prepare, check)


def two_tools(bench: Bench) -> Command:
    """Both digests by two programs, one after the other, each on both cores."""
    listed = bench.scratch / "names.txt"
    listed.write_bytes(b"".join(os.fsencode(name) + b"\0" for name in bench.names))
    # Small shares, or the core that gets the longer one decides.
    share = str(max(1, min(64, len(bench.names) // 8)))
    steps = [
        ("xargs", "-0", "-a", str(listed), "-P2", "-n", share, "sha256sum"),
        ("xargs", "-0", "-a", str(listed), "b3sum"),
    ]
    return Command("sha256sum by xargs -P2, then b3sum", steps, bench.tree, check=_prints(bench, "sha256", "blake3"))


def bagit_create(bench: Bench) -> Command:
    """Make a bag in place, of a copy of the tree whose files are hard links."""
    copy = bench.scratch / "bag"

    def prepare() -> None:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(bench.tree, copy, copy_function=os.link)

    def check(output: bytes) -> None:
        printed = (copy / "manifest-sha256.txt").read_bytes()
        _prints(bench, "sha256")(printed)
        shutil.rmtree(copy)

    steps = [(sys.executable, "-m", "bagit", "--sha256", "--processes", "2", str(copy))]
    return Command("bagit.py --sha256 --processes 2", steps, bench.scratch, prepare, check)


def version_of(command: Sequence[str]) -> str:
    """Give the first line that a program prints of its version; empty if it is not installed."""
    try:
        run = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return ""
    return (run.stdout or run.stderr).decode("utf-8", "replace").strip().split("\n")[0]


VERSIONS = {
    "b3sum": ("b3sum", "--version"),
    "openssl": ("openssl", "version"),
    "hashdeep": ("hashdeep", "-V"),
    "sha256sum": ("sha256sum", "--version"),
    "bagit.py": (sys.executable, "-m", "bagit", "--version"),
}
