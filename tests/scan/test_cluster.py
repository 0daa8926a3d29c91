"""Work on a cluster: a scheduler and three worker processes of Dask, one of which is killed while it works."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evtool.scan.engine import BATCH
from tests.conftest import Runner
from tests.scan.evidence import make_many, write

BATCHES = 40

WORKERS = 3

SLOW_DISK = ("strace", "-f", "--seccomp-bpf", "-qq", "-o", os.devnull, "-e", "trace=readv", "-e")
"""Each read of a worker is delayed, so that a seal takes more than a second and there is a midway to be killed at."""

ASK_WORKERS = """
import os, sys
from distributed import Client
with Client(sys.argv[1], timeout=60) as client:
    client.wait_for_workers(int(sys.argv[2]), timeout=60)
    print(*client.run(os.getpid).values())
"""


@dataclass
class Cluster:
    """A scheduler, and what is needed to start workers."""

    address: str
    stack: ExitStack
    environment: dict[str, str]
    directory: Path
    processes: list[int] = field(default_factory=list)

    def start_workers(self) -> None:
        """Start them and wait until all of them are there."""
        options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
        disk = (*SLOW_DISK, "inject=readv:delay_enter=1500")
        command = (*disk, sys.executable, "-m", "distributed.cli.dask_worker", self.address, *options)
        for _ in range(WORKERS):
            self.stack.enter_context(running(command, self.environment, self.directory))
        ask = [sys.executable, "-c", ASK_WORKERS, self.address, str(WORKERS)]
        answer = subprocess.run(ask, env=self.environment, check=True, capture_output=True, timeout=90)
        self.processes = [int(word) for word in answer.stdout.split()]


@contextmanager
def running(command: tuple[str, ...], environment: dict[str, str], directory: Path) -> Iterator[None]:
    """Run a program of the cluster in a process group of its own, which is killed in the end."""
    with (
        open(directory / "log.txt", "ab") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            cwd=directory,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def cluster(tmp_path: Path, evtool: Runner) -> Iterator[Cluster]:
    """A scheduler that has no workers yet."""
    directory = tmp_path / "cluster"
    directory.mkdir()
    file = directory / "scheduler.json"
    options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler", *options)
    with ExitStack() as stack:
        stack.enter_context(running(command, evtool.environment, directory))
        yield Cluster(wait_for_address(file), stack, evtool.environment, directory)


def wait_for_address(file: Path) -> str:
    for _ in range(3000):
        # It is written in place: at first it is not there, then for a moment not whole.
        try:
            return str(json.loads(file.read_text())["address"])
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.02)
    pytest.fail("the scheduler did not start")


def read_statements(custody: Path) -> list[dict[str, Any]]:
    """Statements of the first seal without their salts, which are drawn anew for each seal."""
    lines = (custody / "0001-sealed.jsonl").read_bytes().splitlines()
    return [{key: value for key, value in json.loads(line).items() if key != "salt"} for line in lines]


def read_checksums(custody: Path) -> list[str]:
    """Lines of the list of checksums without those that tell which collection it belongs to."""
    lines = (custody / "0001-sealed.sha256").read_text("utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_a_killed_worker_costs_time_and_nothing_else(evtool: Runner, cluster: Cluster) -> None:
    """A seal on three workers, one killed midway, states what a seal on this machine alone states, and says so."""
    case = make_many(evtool.directory / "case", BATCHES)
    write(case / "video", 12_000_000)
    items = BATCHES * BATCH + 1
    assert evtool("key", "new", "A01", "--no-passphrase").exit_code == 0
    sealing = ("seal", case, "--metadata", "none")
    on_cluster = ("--scheduler", cluster.address)

    refused = evtool(*sealing, *on_cluster)
    assert (refused.exit_code, "the Dask cluster has no workers" in refused.stderr) == (4, True), refused.stderr
    assert not (case / "custody" / "0001-sealed.toml").exists()

    cluster.start_workers()
    custody = evtool.directory / "custody"
    document = seal_and_kill(evtool, cluster, *sealing, *on_cluster, "--custody", custody)
    assert document["new_items"] == items
    assert [(finding["code"], finding["effect"], finding["count"]) for finding in document["findings"]] == [
        ("worker-lost", "note", 1)
    ]

    for place in ((), on_cluster):
        verified = evtool("verify", case, "--custody", custody, "--json", *place)
        report = verified.document["reports"][0]
        assert (verified.exit_code, report["items"]["ok"]) == (0, items)
        assert "worker-lost" not in [finding["code"] for finding in report["findings"]]

    local = evtool.directory / "local"
    assert evtool(*sealing, "--custody", local).exit_code == 0
    assert read_statements(custody) == read_statements(local)
    assert read_checksums(custody) == read_checksums(local)


def seal_and_kill(evtool: Runner, cluster: Cluster, *arguments: str | Path) -> dict[str, Any]:
    """Seal, and kill a worker as soon as some files are done and others are not."""
    with subprocess.Popen(
        evtool.command(*arguments, "--json", "--progress", "json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=evtool.directory,
        env=evtool.environment,
    ) as process:
        assert process.stderr is not None
        first = json.loads(process.stderr.readline())
        assert 0 < first["files"] < BATCHES * BATCH
        assert not first["done"]
        os.kill(cluster.processes[0], signal.SIGKILL)
        answer, talk = process.communicate(timeout=90)
    assert process.returncode == 0, talk
    # Dask has a good deal to say about lost workers; whoever reads the lines of progress must not stumble over it.
    assert all(json.loads(line)["action"] == "sealing" for line in talk.splitlines())
    document = json.loads(answer)
    assert isinstance(document, dict)
    return document


def test_what_keeps_a_cluster_from_working_is_said(evtool: Runner) -> None:
    """No scheduler at the address, no address at all, Dask not to be had, or two answers to who does the work."""
    case = evtool.directory / "case"
    case.mkdir()
    (case / "note.txt").write_text("a note\n")
    assert evtool("key", "new", "A01", "--no-passphrase").exit_code == 0

    nobody = evtool("seal", case, "--scheduler", "tcp://127.0.0.1:1")
    assert (nobody.exit_code, "no Dask scheduler answers at tcp://127.0.0.1:1" in nobody.stderr) == (4, True)
    nonsense = evtool("seal", case, "--scheduler", "carrier-pigeon://loft")
    assert (nonsense.exit_code, "no Dask scheduler answers" in nonsense.stderr) == (4, True)
    both = evtool("seal", case, "--scheduler", "tcp://127.0.0.1:1", "--jobs", "2")
    assert (both.exit_code, "name a scheduler or a number, not both" in both.stderr) == (2, True)

    # A package of that name that cannot be imported is as good as none.
    broken = evtool.directory / "site" / "distributed"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('nothing here')\n")
    path = os.pathsep.join((str(broken.parent), evtool.environment["PYTHONPATH"]))
    missing = evtool("seal", case, "--scheduler", "tcp://127.0.0.1:1", PYTHONPATH=path)
    assert (missing.exit_code, "pip install 'evtool[dask]'" in missing.stderr) == (2, True)
    for run in (nobody, nonsense, both, missing):
        assert "Traceback" not in run.stderr
        assert "hint" in run.stderr or run is both
    assert sorted(path.name for path in case.iterdir() if path.name != "custody") == ["note.txt"]
    assert not list((case / "custody").glob("*.toml"))
