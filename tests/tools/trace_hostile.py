"""Shows by strace that no hostile file is parsed outside of a cage: `python -m tests.tools.trace_hostile`.

Seals a copy of the hostile files with all their metadata, and follows every process. A file is opened, for reading
only, by a process that hashes; that one reads it from the beginning, at most twice what it holds. Whatever else is read
of it is read through the descriptor that was handed over, by a process that has installed its filter of system calls,
and a process that has done so opens nothing of the evidence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.benchmarks import peers
from tests.metadata.metadata_samples import HOSTILE

CALLS = "open,openat,openat2,creat,read,readv,pread64,preadv,preadv2,mmap,prctl,seccomp"
_PLACE = "/hostile/"
_LINE = re.compile(r"(\d+) +(.*)")
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
_OPENED = re.compile(r"\bopen(?:at2?)?\(.*?(O_\w+(?:\|O_\w+)*).* = \d+<[^>]*" + _PLACE + r"([^>]+)>")
_USED = re.compile(r"(\w+)\((?:NULL, \d+, [^,]+, [^,]+, )?\d+<[^>]*" + _PLACE + r"([^>]+)>.* = (\d+)")
_FILTER = re.compile(r"(?:PR_SET_SECCOMP, SECCOMP_MODE_FILTER|SECCOMP_SET_MODE_FILTER).* = 0\b")
_WRITING = ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND")


def main() -> None:
    """Seal, look at the trace, print what was counted; the exit code is 1 if anything was not as it has to be."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        copy = folder / "hostile"
        shutil.copytree(HOSTILE, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        environment = os.environ | peers.make_home(folder / "home")
        command = [*peers.EVTOOL, "seal", str(copy), "--custody", str(folder / "custody"), "--metadata", "full", "-q"]
        traced = ["strace", "-f", "-y", "-qq", "-s", "0", "-e", f"trace={CALLS}", "-o", str(folder / "trace")]
        subprocess.run([*traced, *command], env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        sizes = {path.name: path.stat().st_size for path in copy.iterdir()}
        problems = judge((folder / "trace").read_text(errors="replace"), sizes)
    print("\n".join(problems) or "no file was read in any other way")
    sys.exit(bool(problems))


def judge(trace: str, sizes: dict[str, int]) -> list[str]:
    """Go through a trace of files of these sizes; print counts, and give a line for each thing that must not be."""
    caged: set[str] = set()
    opened, outside, inside = Counter[str](), Counter[str](), Counter[str]()
    problems: list[str] = []
    for process, call in join_calls(trace):
        if _FILTER.search(call):
            caged.add(process)
        elif match := _OPENED.search(call):
            opened[match[2]] += 1
            if process in caged:
                problems.append(f"{match[2]} was opened in a cage")
            if any(flag in match[1] for flag in _WRITING):
                problems.append(f"{match[2]} was opened for more than reading: {match[1]}")
        elif match := _USED.search(call):
            how, name, count = match[1], match[2], int(match[3])
            (inside if process in caged else outside)[name] += count
            if process not in caged and how not in ("read", "readv"):
                problems.append(f"{name}: {how} outside of a cage")
    problems += [f"{name} was never opened, so the trace shows nothing" for name in sizes.keys() - opened.keys()]
    problems += [
        f"{name}: {count} bytes were read outside of a cage, of a file of {sizes[name]}"
        for name, count in outside.items()
        if count > 2 * max(sizes[name], 1)
    ]
    if not inside:
        problems.append("nothing was read in a cage, so the trace shows nothing")
    print(f"{len(opened)} files, opened {opened.total()} times; {len(caged)} caged processes")
    print(f"{outside.total():,} bytes of them read where they are hashed, {inside.total():,} of {len(inside)} in cages")
    return problems


def join_calls(trace: str) -> list[tuple[str, str]]:
    """Give each call with its process, put together again where another came between; in the order of their ends."""
    begun: dict[str, str] = {}
    calls: list[tuple[str, str]] = []
    for line in trace.splitlines():
        if not (match := _LINE.match(line)):
            continue
        process, text = match[1], match[2]
        if text.endswith("<unfinished ...>"):
            begun[process] = text.removesuffix("<unfinished ...>")
            continue
        if resumed := _RESUMED.match(text):
            text = begun.pop(process, "") + resumed[1]
        calls.append((process, text))
    return calls


if __name__ == "__main__":
    main()
