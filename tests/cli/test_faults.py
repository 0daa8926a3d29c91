"""Faults of evtool itself, put in where no handler of a command sees them: one message, exit 4, no traceback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.evidence import give_key
from tests.conftest import Runner

SITE = """
import atexit, os, threading
import evtool.cli.commands.log
import evtool.cli.progress

class Panic(BaseException):
    "What a Rust library raises."

def fail(error):
    raise error

def log(self, *arguments, **options):
    fail({"type": TypeError, "deep": RecursionError, "panic": Panic, "exit": lambda _: SystemExit(1)}[fault]("김철수"))

fault = os.environ["FAULT"]
if fault == "at exit":
    atexit.register(fail, OSError(28, "No space left on device"))
elif fault == "thread":
    started = threading.Thread(target=fail, args=(ValueError("김철수"),))
    evtool.cli.commands.log._render = lambda *_: started.start() or started.join() or "an answer"
elif fault == "late thread":
    threading.Thread(target=lambda: threading.main_thread().join() or fail(ValueError("김철수"))).start()
elif fault == "cleared away":
    class Leftover:
        def __del__(self):
            fail(OSError(28, "No space left on device"))
    evtool.cli.commands.log._render = lambda *_: str(Leftover())
else:
    evtool.cli.commands.log._render = log
"""


@pytest.fixture
def case(evtool: Runner) -> Path:
    """A sealed directory."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    assert evtool("seal", case, "--metadata", "none").exit_code == ExitCode.OK
    return case


@pytest.mark.parametrize("fault", ["type", "deep", "panic", "exit", "at exit", "thread", "late thread", "cleared away"])
def test_a_fault_of_evtool_is_told_and_is_no_verdict(evtool: Runner, case: Path, tmp_path: Path, fault: str) -> None:
    """Wherever it happens. Its text may quote evidence, so it is shown only to whoever asks for the traceback."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE, encoding="utf-8")
    path = os.pathsep.join([str(tmp_path / "site"), evtool.environment["PYTHONPATH"]])
    faulty = replace(evtool, environment=evtool.environment | {"PYTHONPATH": path, "FAULT": fault})
    for more in ((), ("--json",)):
        run = faulty("log", case, *more)
        assert run.exit_code == ExitCode.NOT_CHECKED, run
        message, hint = run.stderr.splitlines()
        assert message.startswith("evtool: error: internal error: ")
        assert "EVTOOL_TRACEBACK=1" in hint
        assert "김철수" not in run.stdout + run.stderr
    assert "Traceback" in faulty("log", case, EVTOOL_TRACEBACK="1").stderr


def test_an_interrupt_after_the_seal_says_that_it_is_there(evtool: Runner) -> None:
    """The calendar never answers; whoever gives up must know that the seal is written."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            evtool.command("seal", case, "--metadata", "none", "--ots", url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=evtool.directory,
            env=evtool.environment,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        )
        with silent.accept()[0]:
            time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGINT
    assert "sealed 1 new item (1 bytes) as entry 1" in errors
    assert (case / "custody" / "0001-sealed.toml.sig").exists()


def test_a_pipe_that_somebody_made_non_blocking_gets_all_of_it(evtool: Runner, case: Path) -> None:
    """As programs do that share their standard streams with evtool."""
    for number in range(300):
        (case / f"{number:03d}-{'long' * 50}.txt").touch()
    assert evtool("seal", case, "--metadata", "none").exit_code == ExitCode.OK
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    process = subprocess.Popen(evtool.command("show", case), stdout=writer, cwd=case.parent, env=evtool.environment)
    os.close(writer)
    time.sleep(0.5)
    with os.fdopen(reader, encoding="utf-8") as answer:
        assert len(answer.readlines()) == 301
    assert process.wait(timeout=30) == ExitCode.OK
