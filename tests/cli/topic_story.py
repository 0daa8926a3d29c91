"""A help topic as a story: its commands, in order, with what the page quotes of their answers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import Runner, RunResult

TOPICS = Path(__file__).parents[2] / "evtool" / "cli" / "topics"

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"([A-Z0-9]*)\$ (.*)")
_SHELL = re.compile(r"[|<>;&*`$]|^(?!evtool )")
"""What needs a shell; everything else is run as a fork."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a page: who types it (empty: the only one there is), and what is quoted of the answer."""

    who: str
    command: str
    quoted: tuple[str, ...]
    korean: tuple[str, ...] = ()


def steps_of(page: str) -> list[Step]:
    """Give the commands of a page; remarks behind two spaces and `#` are not part of them."""
    steps: list[Step] = []
    for block in _BLOCK.findall(page):
        for line in re.sub(r"\s*\\\n\s*", " ", block).splitlines():
            if typed := _PROMPT.fullmatch(line):
                steps.append(Step(typed[1], re.split(r"\s+# ", typed[2])[0], ()))
            else:
                steps[-1] = replace(steps[-1], quoted=(*steps[-1].quoted, line))
    return steps


def read_steps(topic: str) -> list[Step]:
    """Read the steps of a topic, with what its page in Korean quotes beside what that in English does."""
    english, korean = (steps_of((TOPICS / code / f"{topic}.md").read_text("utf-8")) for code in ("en", "ko"))
    return [replace(step, korean=other.quoted) for step, other in zip(english, korean, strict=True)]


def comparable(text: str) -> str:
    """A text in one line, with whatever is new in each run made alike: heads, keys, collections and times."""
    text = " ".join(text.split())
    text = re.sub(r"[0-9a-f]{4}( [0-9a-f]{4}){2,}", "HEAD", text)
    text = re.sub(r"SHA256:[A-Za-z0-9+/]{43}", "KEY", text)
    text = re.sub(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{16}\.\.\.", "HEX", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+\d\d:\d\d)", "TIME", text)


def find_unsaid(quoted: Sequence[str], output: str) -> list[str]:
    """Give what a page quotes and the program did not print, in this order; `...` alone stands for any lines.

    Lines may be folded at other places: a page is narrower than what is printed on a pipe.
    """
    said, place, missing = comparable(output), 0, []
    for piece in re.split(r"(?m)^\.\.\.$", "\n".join(quoted)):
        words = comparable(piece)
        at = said.find(words, place)
        if at < 0:
            missing.append(words)
        else:
            place = at + len(words)
    return missing


def _check(step: Step, quoted: Sequence[str], result: RunResult) -> None:
    assert find_unsaid(quoted, result.stdout + result.stderr) == [], _told(step, result)


def _told(step: Step, result: RunResult) -> str:
    return f"{step.command}\n{result.stdout}{result.stderr}"


@dataclass(slots=True)
class Story:
    """Runs the steps of a page.

    Attributes:
        run: the runner in whose directory it begins.
        stands_for: what a page writes for something that differs on every machine -> what it is in this story.
        added: the beginning of a command -> options for what a person is asked on the terminal.
        homes: who -> the folder of their keys and lists, where there are several.
    """

    run: Runner
    stands_for: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=lambda: {"evtool key new": "--no-passphrase"})

    def party(self, who: str) -> Runner:
        """Give the runner of somebody with keys and lists of their own."""
        if not who:
            return self.run
        home = self.run.home.with_name(f"home-{who}")
        return replace(self.run, home=home, environment=self.run.environment | {"EVTOOL_HOME": str(home)})

    def tell(self, steps: Sequence[Step], *others: tuple[str, int]) -> None:
        """Run all, and compare what is quoted; `others` are the commands that do not end with 0, in their order.

        A step of which the page in Korean quotes something else is run in Korean first, and undone.
        """
        left = list(others)
        for step in steps:
            if step.korean != step.quoted:
                with self._undone():
                    _check(step, step.korean, self.do(step, EVTOOL_LANG="ko"))
            result = self.do(step)
            if result.exit_code:
                assert (step.command, result.exit_code) == next(iter(left), None), _told(step, result)
                del left[0]
            _check(step, step.quoted, result)
        assert left == []

    @contextmanager
    def _undone(self) -> Iterator[None]:
        """Put back all that a run changes: what people have, and what lies in the folder of the story."""
        folder = self.run.home.parent
        kept = folder.with_name(f"{folder.name}-kept")
        shutil.copytree(folder, kept, symlinks=True)
        yield
        for below in folder.iterdir():
            shutil.rmtree(below) if below.is_dir() else below.unlink()
        shutil.copytree(kept, folder, symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(kept)

    def do(self, step: Step, **variables: str) -> RunResult:
        """Run one step, with these variables beside those of whoever does it."""
        command = step.command
        for word, here in {**self.stands_for, "~/": f"{self.run.environment['HOME']}/"}.items():
            command = command.replace(word, here)
        for begin, options in self.added.items():
            command = f"{command} {options}" if command.startswith(begin) else command
        runner = self.party(step.who)
        runner = replace(runner, environment=runner.environment | variables)
        if command.startswith("cd "):
            self.run = replace(self.run, directory=(self.run.directory / command[3:]).resolve())
            return RunResult(0, "", "")
        if not _SHELL.search(command):
            return runner(*shlex.split(command)[1:])
        return self._in_a_shell(command, runner)

    def _in_a_shell(self, command: str, runner: Runner) -> RunResult:
        programs = self.run.home.with_name("bin")
        if not programs.exists():
            programs.mkdir()
            (programs / "evtool").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evtool "$@"\n')
            (programs / "evtool").chmod(0o755)
        path = f"{programs}{os.pathsep}{runner.environment['PATH']}"
        run = subprocess.run(
            ["bash", "-c", command],
            cwd=runner.directory,
            env=runner.environment | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        return RunResult(run.returncode, run.stdout, run.stderr)
