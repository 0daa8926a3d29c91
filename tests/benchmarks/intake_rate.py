"""Measures how fast bundles are taken in: `python -m tests.benchmarks.intake_rate --work FOLDER [--bundles 1000]`.

Makes bundles of 20 items and 1 MB each, one third of them bad in eight ways, takes them in with `evtool intake --json`,
and once more. Prints seconds, peak of memory, and what 10,000 bundles would take at this rate; the bars are 10 minutes,
200 MiB, a line for each bundle and one behind them, and nothing registered by the second run.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ITEMS, SIZE = 20, 50_000
BAD = ("cut", "words", "mismatch", "list", "stranger", "other", "duplicate", "fork")
BAR_SECONDS, BAR_MEMORY, OF_THESE = 600, 200 * 1024 * 1024, 10_000

DEFAULTS = """format = "evtool-defaults/1"
[[directory]]
path = "."
handling = "named"
[directory.consent]
share = ["R1", "X9"]
status = "given"
for = ["un-reporting"]
identity = "to-recipient"
onward = "ask"
defence = "ask"
"""

RECIPIENTS = 'format = "evtool-recipients/1"\n' + "".join(
    f'[recipient.{code}]\nkinds = ["un-body"]\npurposes = ["un-reporting"]\n' for code in ("R1", "X9")
)


def evtool(work: Path, home: str, *arguments: str | Path) -> str:
    """Run a command in this process; what it printed."""
    from evtool.cli.group import make_program

    os.environ["EVTOOL_HOME"] = str(work / home)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        make_program().main(list(map(str, arguments)), prog_name="evtool", standalone_mode=False)
    return output.getvalue()


def make_bundle(work: Path, number: int, kind: str) -> None:
    """Make one bundle of a kind in the inbox."""
    signer, recipient = "B7" if kind == "stranger" else "A1", "X9" if kind == "other" else "R1"
    case, target = work / "cases" / str(number), work / "inbox" / f"{number:05}-{kind}.zip"
    if kind == "words":
        target.write_bytes(os.urandom(SIZE * ITEMS))
        return
    case.mkdir(parents=True)
    for item in range(ITEMS):
        (case / f"{item:02}.bin").write_bytes(os.urandom(SIZE))
    evtool(work, signer, "seal", case, "--metadata", "none", "--defaults", work / "terms.toml", "--jobs", "1")
    pack = ("--to", recipient, "--for", "un-reporting", "--authority", "DSA-1")
    twin = shutil.copytree(case, f"{case}-twin") if kind == "fork" else None
    evtool(work, signer, "pack", case, "-o", target, *pack)
    if twin is not None:
        evtool(work, signer, "pack", twin, "-o", target.with_name(f"{number:05}-fork-twin.zip"), *pack)
        shutil.rmtree(twin)
    shutil.rmtree(case)
    data = target.read_bytes()
    if kind == "duplicate":
        target.with_name(f"{number:05}-duplicate-twin.zip").write_bytes(data)
    elif kind == "cut":
        target.write_bytes(data[:-1000])
    elif kind in ("mismatch", "list"):
        spoil(target, kind)


def spoil(bundle: Path, kind: str) -> None:
    """Write a bundle again, with another file in it, or without the list of its record."""
    part = bundle.with_suffix(".part")
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(part, "w") as new:
        for entry in old.infolist():
            if kind == "list" and entry.filename == "tagmanifest-sha256.txt":
                continue
            is_changed = kind == "mismatch" and entry.filename == "data/00.bin"
            new.writestr(zipfile.ZipInfo(entry.filename), b"other" if is_changed else old.read(entry))
    part.rename(bundle)


def make_all(work: Path, count: int) -> None:
    """Make the parties, the policy and all bundles; twins come beside the good ones."""
    for code in ("A1", "B7", "R1"):
        evtool(work, code, "key", "new", code, "--no-passphrase")
        (work / code / "recipients.toml").write_text(RECIPIENTS)
    evtool(work, "R1", "trust", "add", "A1", work / "A1" / "keys" / "A1.pub")
    (work / "terms.toml").write_text(DEFAULTS)
    (work / "intake.toml").write_text('format = "evtool-intake-policy/1"\ncodes = ["R1"]\n')
    (work / "inbox").mkdir()
    bad = count // 3
    kinds = ["good"] * (count - bad) + [BAD[number % len(BAD)] for number in range(bad)]
    # A twin is the bad one of a pair, whose other half is good.
    twins = sum(kind in ("duplicate", "fork") for kind in kinds)
    kinds = kinds[twins:]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(make_bundle, [work] * len(kinds), range(len(kinds)), kinds, chunksize=8))


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for the bundles; it is made")
    parser.add_argument("--bundles", type=int, default=1000, help="how many bundles there are")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    work = options.work.resolve()
    work.mkdir(parents=True)
    make_all(work, options.bundles)
    made = len(list((work / "inbox").iterdir()))
    environment = os.environ | {"EVTOOL_HOME": str(work / "R1")}
    program = [sys.executable, "-m", "evtool"]
    subprocess.run([*program, "catalogue", "init", work / "C"], env=environment, check=True, capture_output=True)
    command = [*program, "intake", work / "inbox", "--catalogue", work / "C", "--store", work / "vault"]
    command += ["--policy", work / "intake.toml", "--receipts", work / "receipts", "--json"]
    for run in ("first", "second"):
        begun = time.monotonic()
        with (work / "lines").open("wb+") as output:
            process = subprocess.Popen(list(map(str, command)), env=environment, stdout=output)
            _, status, used = os.wait4(process.pid, 0)
            seconds, code = time.monotonic() - begun, os.waitstatus_to_exitcode(status)
            output.seek(0)
            lines = [json.loads(line) for line in output]
        end = lines[-1]
        found = Counter((line["state"], *line["reasons"]) for line in lines[:-1])
        print(f"{run} run: {made} bundles, {len(lines)} lines, {seconds:.1f} s, exit code {code}")
        print(f"  registered {end['registered']}, quarantined {end['quarantined']}, {dict(found)}")
        print(f"  user {used.ru_utime:.1f} s, system {used.ru_stime:.1f} s, peak {used.ru_maxrss / 1024:.0f} MiB")
        if run == "first":
            print(f"  {OF_THESE} would take {seconds / made * OF_THESE:.0f} s (bar {BAR_SECONDS})")
            receipts = len(list((work / "receipts").iterdir()))
            assert receipts == end["registered"], receipts
            assert len(lines) == made + 1
        else:
            assert end["registered"] == 0
    assert used.ru_maxrss * 1024 <= BAR_MEMORY


if __name__ == "__main__":
    main()
