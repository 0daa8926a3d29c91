"""Progress: a bar on a terminal, JSON lines for a program that asks for them, nothing on a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from evtool.scan.engine import BATCH
from tests.conftest import Runner, RunResult
from tests.manifests.test_schemas import check

BIG = 96 * 1024**2
"""Bytes of the large file; it is all holes, and needs no room."""

SLOW = {"1": 1600, "2": 20_000}
"""Number of workers -> by how many microseconds each read is delayed, so that the large file takes two seconds on
any machine; one worker reads it in smaller pieces."""

EVIL = "zz\x1b[31m빨강\n [bold].mp4"
STORED = "zz%1B[31m빨강%0A [bold].mp4"
"""A name that paints on a terminal, and that rich would take for markup; and as it is stored."""


@pytest.fixture
def case(tmp_path: Path, evtool: Runner) -> Path:
    """One batch of small files, then one file that takes more than a second."""
    case = evtool.directory / "case"
    case.mkdir()
    for number in range(BATCH):
        (case / f"{number:03}.txt").write_bytes(b"%d" % number)
    with open(case / EVIL, "wb") as video:
        video.truncate(BIG)
    assert evtool("key", "new", "A01", "--no-passphrase").exit_code == 0
    return case


def slowly(evtool: Runner, jobs: str, *arguments: str | Path, delay: int = 0) -> list[str]:
    """The command line of a run that meets a slow disk."""
    disk = (
        "strace",
        "-f",
        "--seccomp-bpf",
        "-qq",
        "-o",
        os.devnull,
        "-e",
        f"inject=readv:delay_enter={delay or SLOW[jobs]}",
    )
    return [*disk, "-e", "trace=readv", *evtool.command(*arguments, "--jobs", jobs)]


def run_slowly(evtool: Runner, jobs: str, *arguments: str | Path, delay: int = 0) -> RunResult:
    """Run with both outputs on pipes."""
    run = subprocess.run(
        slowly(evtool, jobs, *arguments, delay=delay),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=evtool.directory,
        env=evtool.environment,
        timeout=120,
        check=False,
    )
    return RunResult(run.returncode, run.stdout.decode("utf-8"), run.stderr.decode("utf-8"))


def total_size(case: Path) -> int:
    return sum(path.stat().st_size for path in case.iterdir() if path.is_file())


def check_lines(text: str, case: Path, action: str, total_bytes: int | None) -> None:
    """Every line is JSON of the published shape, counts only grow, and the last line has all of them."""
    assert text.endswith("\n")
    lines: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        check("progress", line)
        assert (line["action"], line["total_files"], line["total_bytes"]) == (action, BATCH + 1, total_bytes)
        # Nothing is told of the time left before anything is known.
        assert (line["seconds_left"] is not None) == (line["seconds"] >= 2 and line["share"] >= 0.02)
    for earlier, later in pairwise(lines):
        for count in ("files", "bytes", "seconds"):
            assert earlier[count] <= later[count]
        assert (earlier["share"] or 0) <= (later["share"] or 0)
    *earlier_lines, last = lines
    assert (last["files"], last["bytes"], last["share"]) == (BATCH + 1, total_size(case), 1)
    assert last["item"] == STORED
    assert [line["done"] for line in lines] == [False] * len(earlier_lines) + [True]
    # While the large file is read, it is named and its bytes are counted; it is no finished file yet.
    reading = [line for line in earlier_lines if line["in_work"]]
    assert len({line["bytes"] for line in reading}) > 2
    for line in reading:
        ((file),) = line["in_work"]
        assert (file["item"], file["size"]) == (STORED, BIG)
        assert 0 < file["bytes"] < BIG
        assert line["files"] == BATCH
        assert line["item"] in ("", f"{BATCH - 1:03}.txt")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_json_lines_count_up_to_what_was_done(case: Path, evtool: Runner, jobs: str) -> None:
    """Sealing and verifying: the answer on stdout stays one document, and stderr holds lines of progress alone."""
    sealed = run_slowly(evtool, jobs, "seal", case, "--metadata", "none", "--json", "--progress", "json")
    assert (sealed.exit_code, sealed.document["new_items"]) == (0, BATCH + 1)
    check_lines(sealed.stderr, case, "sealing", total_size(case))

    verified = run_slowly(evtool, jobs, "verify", case, "--json", "--progress", "json")
    assert (verified.exit_code, verified.document["reports"][0]["items"]["ok"]) == (0, BATCH + 1)
    check_lines(verified.stderr, case, "verifying", total_size(case))


def test_files_in_worker_processes_are_named_and_move(evtool: Runner) -> None:
    """Two large files go to two processes, and both are seen while nothing has come back."""
    case = evtool.directory / "videos"
    case.mkdir()
    for name in ("김철수 [bold].mp4", "zz.mp4"):
        with open(case / name, "wb") as video:
            video.truncate(9 * 1024**2)
    assert evtool("key", "new", "A01", "--no-passphrase").exit_code == 0
    for arguments in (("seal", case, "--metadata", "none"), ("verify", case)):
        run = run_slowly(evtool, "2", *arguments, "--progress", "json", delay=12_000)
        assert run.exit_code == 0
        lines = [json.loads(line) for line in run.stderr.splitlines()]
        reading = [line for line in lines if len(line["in_work"]) == 2]
        assert len(reading) >= 2
        assert {line["files"] for line in reading} == {0}
        for line in reading:
            check("progress", line)
            assert [file["item"] for file in line["in_work"]] == ["zz.mp4", "김철수 [bold].mp4"]
            assert sum(file["bytes"] for file in line["in_work"]) <= line["bytes"]
        for earlier, later in pairwise(reading):
            assert earlier["bytes"] < later["bytes"]
            assert later["seconds"] - earlier["seconds"] < 3
        assert lines[-1]["bytes"] == 18 * 1024**2


def test_short_work_ends_with_one_line(evtool: Runner) -> None:
    """A program that waits for the line that says done gets it however short the work was, and on failure too."""
    case = evtool.directory / "small"
    case.mkdir()
    (case / "note.txt").write_text("a note\n")
    assert evtool("key", "new", "A01", "--no-passphrase").exit_code == 0

    sealed = evtool("seal", case, "--progress", "json")
    assert [json.loads(line)["done"] for line in sealed.stderr.splitlines()] == [True]

    os.mkfifo(case / "pipe")
    refused = evtool("seal", case, "--progress", "json")
    assert refused.exit_code == 4
    first, *errors = refused.stderr.splitlines()
    assert json.loads(first)["done"]
    assert errors[0].startswith("evtool: error: ")


def test_nothing_is_shown_on_a_pipe(case: Path, evtool: Runner) -> None:
    """A log file gets no bar, nor does a program that did not ask for lines; --progress none silences a terminal."""
    sealed = run_slowly(evtool, "2", "seal", case, "--metadata", "none")
    assert (sealed.exit_code, sealed.stderr) == (0, "")
    code, screen = run_on_terminal(evtool, "verify", case, "--progress", "none")
    assert (code, screen) == (0, "")


def test_a_terminal_shows_files_bytes_rate_time_left_and_item(case: Path, evtool: Runner) -> None:
    """The bar moves on the terminal, a name cannot paint there, and nothing of the bar stays or goes to stdout."""
    code, screen = run_on_terminal(evtool, "seal", case, "--metadata", "none")
    assert code == 0
    check_screen(screen, "sealing")

    code, screen = run_on_terminal(evtool, "verify", case)
    assert code == 0
    check_screen(screen, "verifying")


def check_screen(screen: str, action: str) -> None:
    """It shows how far all of it is, and the large file; its name cannot paint, and it is wiped at the end."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert re.search(rf"{action} [━╸╺]+ +[0-9]+% 0:[0-9]{{2}} left", plain)
    assert re.search(rf"  {BATCH} of {BATCH + 1} files, [0-9.]+ MiB of 96.0 MiB, [0-9.]+ [KMG]iB/s", plain)
    assert len(set(re.findall(r"([0-9]+)%  zz", plain))) > 2
    assert "zz%1B[31m빨강%0A [bold].mp4" in plain
    assert "\x1b[31m빨" not in screen
    # The line of the bar is erased at the end, and the cursor is shown again.
    assert screen.rstrip("\r\n").endswith("\x1b[2K")
    assert screen.rfind("\x1b[?25h") > screen.rfind("\x1b[?25l")


def run_on_terminal(evtool: Runner, *arguments: str | Path) -> tuple[int, str]:
    """Run with standard error on a terminal of 160 columns and the answer in a pipe; give what the terminal got."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 160, 0, 0))
    environment = evtool.environment | {"TERM": "xterm"}
    with (
        open(terminal, "rb", buffering=0) as reader,
        subprocess.Popen(
            # The time left is told after two seconds.
            slowly(evtool, "2", *arguments, delay=2 * SLOW["2"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=end,
            cwd=evtool.directory,
            env=environment,
            start_new_session=True,
        ) as process,
    ):
        os.close(end)
        drawn = b""
        # Linux says that the other side is gone by an error, not by an end.
        try:
            while part := reader.read(65536):
                drawn += part
        except OSError:
            pass
        answer, _ = process.communicate(timeout=60)
    assert b"\x1b" not in answer
    return process.returncode, drawn.decode("utf-8")
