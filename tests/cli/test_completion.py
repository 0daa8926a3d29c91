"""Completion: what fits where, in the shells themselves, quickly, and whatever a stranger's record holds."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from evtool.cli.completion import SHELLS, offers
from evtool.cli.completion.answer import find_answer
from evtool.cli.completion.line import split_line
from evtool.cli.completion.table import DEFAULT, FLAG, SUBCOMMAND, read_table
from evtool.cli.completion.words import MOST, TypedRecord, find_words
from evtool.core.errors import ExitCode
from tests.cli.custody import make_case, make_party
from tests.conftest import Runner
from tests.tools.write_command_pages import TABLE, write_table

ROOT = Path(__file__).parents[2]


def test_the_table_is_current() -> None:
    """It is made from the declarations of the commands: `python -m tests.tools.write_command_pages`."""
    assert (ROOT / TABLE).read_text("utf-8") == write_table()


def test_every_kind_of_value_in_the_table_is_known() -> None:
    """A misspelt kind would complete nothing, and nobody would be told."""
    known = {value for name, value in vars(offers).items() if name.isupper() and isinstance(value, str)}
    known |= {"words", "list", "file", "dir", FLAG, SUBCOMMAND, DEFAULT}
    table = read_table()
    names = re.findall(r"(?m)^\[(.+)\]$", (ROOT / TABLE).read_text("utf-8"))
    assert "evtool" in names
    assert {row.spec.partition(":")[0] for name in names for row in table.section(name)} <= known


@pytest.fixture
def world(evtool: Runner, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Agent A1, who has recipients, a sealed directory with three entries, and stands in its folder."""
    party = make_party(evtool, "A1")
    for code in ("D4", "D5", "E1"):
        party.ok("recipient", "add", code, "--kind", "court", "--purpose", "research")
    party.ok("seal", make_case(party.run))
    party.ok("record", "case", "accessed")
    party.ok("record", "case", "accessed")
    monkeypatch.chdir(party.run.directory)
    monkeypatch.setenv("EVTOOL_HOME", str(party.run.home))
    return party.run


FITTING = [
    ("ver", ["verify"]),
    ("key re", ["restore", "retire"]),
    ("trust tsa r", ["remove"]),
    ("help trust t", ["tsa"]),
    ("help s", ["seal", "show", "scripts"]),
    ("seal case --exc", ["--exclude"]),
    ("seal case --dry-run --dry", []),
    ("seal case --exclude x --exc", ["--exclude"]),
    ("seal case --clock c", ["claimed"]),
    ("seal case --clock=s", ["--clock=synced"]),
    ("seal case --agent ", ["A1"]),
    ("record case acc", ["accessed"]),
    ("record case corrected --entry ", ["3", "2", "1"]),
    ("timestamp case --entry 2", ["2"]),
    ("consent check case --to D", ["D4", "D5"]),
    ("consent set case --status g", ["given"]),
    ("consent set case --for research,adv", ["research,advocacy"]),
    ("consent set case --share D4,", ["D4,D4", "D4,D5", "D4,E1"]),
    ("show case --items 1-", ["1-1", "1-2", "1-3", "1-4", "1-5"]),
    ("show case --items 1,3", ["1,3"]),
    ("show elsewhere --custody case/custody --items ", ["1", "2", "3", "4", "5"]),
    ("show --items ", []),
    ("derive case 2", ["2"]),
    ("trust revoke A", ["A1"]),
    ("key backup A", ["A1"]),
    ("recipient remove E", ["E1"]),
    ("nonsense ", []),
    ("seal case --reason ", []),
]


def test_what_fits_is_offered(world: Runner) -> None:
    """Commands, options that are left, words of the vocabulary, codes out of one's own lists, numbers of a record."""
    table = read_table()
    for line, expected in FITTING:
        words = split_line(line)
        kind, found = find_answer(table, words[:-1], words[-1])
        assert (kind, [word.text for word in found]) == ("words", expected), line
    for line, kind in (
        ("seal ", "directories"),
        ("seal -- --exc", "directories"),
        ("verify x ", "files"),
        ("seal x --table ", "files"),
        ("due ", "files"),
    ):
        words = split_line(line)
        assert find_answer(table, words[:-1], words[-1]) == (kind, []), line


def test_a_line_is_taken_apart_as_bash_would() -> None:
    """Quotes and backslashes go; what bash would run or expand stands for itself."""
    assert split_line('a  \'b c\' d\\ e "f \\" g" ') == ["a", "b c", "d e", 'f " g', ""]
    assert split_line("a 'open quote") == ["a", "open quote"]
    assert split_line("a $(touch x) `y` \\") == ["a", "$(touch", "x)", "`y`", ""]
    assert split_line("") == [""]


def test_many_items_are_a_range_and_few_numbers(tmp_path: Path) -> None:
    """A record of a million items offers no million numbers, and is not read for them."""
    (tmp_path / "0001-sealed.toml").write_text("[sealed]\nfirst_item = 1\nitems = 1000000\n")
    (tmp_path / "0002-sealed.toml").write_text("[sealed]\nfirst_item = 1000001\nitems = 9007199254740991\n")
    record = TypedRecord(custody=str(tmp_path))
    assert find_words(offers.ITEMS, "", record)[0].text == "1-1000000"
    found = [word.text for word in find_words(offers.ITEMS, "17", record)]
    assert found[:4] == ["17", "170", "171", "172"]
    assert len(found) == MOST


def test_a_long_record_is_completed_by_the_names_of_its_files(tmp_path: Path) -> None:
    """No entry is opened for its number and event, and of 300 seals the newest 20: the others are one range."""
    for number in range(1, 601):
        event = "sealed" if number % 2 else "accessed"
        text = f"[sealed]\nfirst_item = {number * 50 - 49}\nitems = 100\n"
        (tmp_path / f"{number:04d}-{event}.toml").write_text(text)
    code = (
        "import sys; from evtool.cli.completion.words import TypedRecord, find_words; opened = [];"
        "sys.addaudithook(lambda event, facts: event == 'open' and type(facts[0]) is str and opened.append(facts));"
        "found = find_words(sys.argv[1], sys.argv[2], TypedRecord(custody=sys.argv[3]));"
        "print(len(opened), *(word.text for word in found))"
    )
    for kind, typed, opened, first, last in (
        (offers.ENTRY, "", 0, "600", "501"),
        (offers.ENTRY, "59", 0, "599", "59"),
        (offers.ITEMS, "", 20, "1-28000", "29901-30000"),
        (offers.ITEMS, "3000", 20, "3000", "30000"),
    ):
        command = [sys.executable, "-c", code, kind, typed, str(tmp_path)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert (int(told[0]), told[1], told[-1]) == (opened, first, last), (kind, typed)


HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned",
    "a\ntouch pwned",
    "-rf",
    "\x1b[31mred",
    '"q',
    "'q",
    "*",
    "$HOME",
]


def make_hostile(run: Runner) -> None:
    """A record, and lists of recipients, trust and keys, in which every name would run something if it were run."""
    custody = run.directory / "bad" / "custody"
    custody.mkdir(parents=True)
    for name in HOSTILE:
        (custody / f"0001-{name}.toml").write_text("")
        (run.home / "keys" / name).write_text("")
        (run.directory / name).mkdir()
    (custody / "0002-accessed.toml").write_text("")
    os.mkfifo(custody / "0003-sealed.toml")
    (custody / "0004-sealed.toml").symlink_to("/dev/zero")
    (custody / "0005-sealed.toml").write_text("[sealed]\nfirst_item = 7\nitems = $(touch pwned)\n")
    tables = "".join(f"[recipient.{json.dumps(name)}]\n" for name in HOSTILE)
    (run.home / "recipients.toml").write_text(f"[recipient.D4]\n{tables}")
    lines = "".join(f"{name} ssh-ed25519 AAAA\n" for name in HOSTILE)
    with (run.home / "allowed_signers").open("a") as file:
        file.write(lines)


def test_no_word_is_offered_that_a_shell_could_run(world: Runner) -> None:
    """Nor one that is no code, that hides something on a screen, or that waits for a pipe."""
    make_hostile(world)
    record = TypedRecord("bad")
    assert [word.text for word in find_words(offers.ENTRY, "", record)] == ["5", "4", "3", "2"]
    assert [word.text for word in find_words(offers.RECIPIENT, "", record)] == ["D4"]
    assert [word.text for word in find_words(offers.OWN_CODE, "", record)] == ["A1"]
    assert [word.text for word in find_words(offers.TRUSTED, "", record)] == ["A1", "a", "touch"]
    # What stands before a comma goes into the line once more, without the quotes that it was typed in.
    typed = [word.text for word in find_words("list:research", "'research,", record)]
    assert (typed, find_words("list:research", ";touch pwned,", record)) == ([], [])
    assert [word.text for word in find_words("list:research", "advocacy,", record)] == ["advocacy,research"]
    # What cannot be read completes nothing, and says nothing.
    quiet = world("evtool show bad --items ", _EVTOOL_COMPLETE="bash")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (1, "", "")


# --- in the shells ---------------------------------------------------------------------------------------------------

INTERACTIVE: Mapping[str, tuple[list[str], str]] = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], "bind 'set bell-style none'; source {script}"),
    "zsh": (["zsh", "-f", "-i"], "autoload -Uz compinit && compinit -D -u; source {script}"),
    "fish": (["fish", "--no-config", "-i"], "source {script}"),
}
"""Shell -> how it is started without anybody's settings, and what is typed first."""

SHIM = """#!/bin/sh
if [ -n "$_EVTOOL_COMPLETE" ]; then {python} -m evtool "$@"; echo ASKED >> {asked}; exit; fi
for word in "$@"; do printf '%s\\n' "$word" >> {log}; done
echo END >> {log}
"""
"""Stands for evtool on the PATH: answers the shell as evtool does, and writes down what it is run with."""


def type_lines(shell: str, run: Runner, folder: Path, lines: list[str]) -> list[list[str]]:
    """Type lines into a shell on a terminal of its own, and give the words that evtool was run with."""
    binaries, log, asked, script = folder / "bin", folder / "log", folder / "asked", folder / "script"
    binaries.mkdir()
    log.touch()
    asked.touch()
    script.write_text(run("completion", shell).stdout)
    (binaries / "evtool").write_text(SHIM.format(python=sys.executable, log=log, asked=asked))
    (binaries / "evtool").chmod(0o755)
    command, first = INTERACTIVE[shell]
    variables = run.environment | {"PATH": f"{binaries}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(run.directory)
        os.execvpe(command[0], command, variables)
    try:
        for at, line in enumerate([f"{first.format(script=script)}; evtool ready", *lines]):
            before, tab, after = line.partition("\t")
            os.write(terminal, before.encode() + tab.encode())
            if tab:
                wait(terminal, asked, at)
            os.write(terminal, after.encode() + b"\r")
            wait(terminal, log, at + 1)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return [part.splitlines() for part in log.read_text().split("END\n")][1:-1]


def wait(terminal: int, file: Path, lines: int) -> None:
    """Wait until so many runs ended, as a file says, and the shell has been quiet for a moment."""
    deadline = time.monotonic() + 60
    done = False
    while time.monotonic() < deadline:
        ready = select.select([terminal], [], [], 0.1)[0]
        if ready:
            with contextlib.suppress(OSError):
                os.read(terminal, 1 << 16)
        elif done:
            return
        done = len(re.findall("^(?:ASKED|END)$", file.read_text(), re.MULTILINE)) >= lines
    raise TimeoutError(file.read_text())


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_completes(world: Runner, tmp_path: Path, shell: str) -> None:
    """Pressing TAB in the shell itself; a record, lists and folders of a stranger run nothing in it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed here")
    make_hostile(world)
    (world.directory / "my dir").mkdir()
    typed = type_lines(
        shell,
        world,
        tmp_path,
        [
            "evtool veri\tx",
            "evtool seal case --clock s\t--quiet",
            "evtool consent check case --to D\t",
            "evtool seal my\t",
            "evtool record bad corrected --entry 2\t",
        ],
    )
    assert [[word.removesuffix("/") for word in words] for words in typed] == [
        ["verify", "x"],
        ["seal", "case", "--clock", "synced", "--quiet"],
        ["consent", "check", "case", "--to", "D4"],
        ["seal", "my dir"],
        ["record", "bad", "corrected", "--entry", "2"],
    ]
    assert not list(tmp_path.rglob("pwned"))


def test_pressing_tab_imports_no_command(world: Runner) -> None:
    """That is what makes it quick: neither click nor a command is imported, whatever is asked."""
    code = (
        "import sys; from evtool.cli.completion.answer import answer_shell; answer_shell('bash', [sys.argv[1]]);"
        "print([name for name in sys.modules if name == 'click' or name.startswith('evtool.cli.commands')])"
    )
    for line in ("evtool ", "evtool consent check case --to ", "evtool show case --items ", "evtool trust revoke "):
        run = subprocess.run([sys.executable, "-c", code, line], capture_output=True, text=True, check=True)
        assert run.stdout.splitlines()[0] == "words"
        assert len(run.stdout.splitlines()) > 2
        assert run.stdout.splitlines()[-1] == "[]"


def test_the_script_is_printed_and_its_help_says_where_it_goes(evtool: Runner) -> None:
    """Each script is one that its shell reads; help says how it is installed."""
    for shell in SHELLS:
        printed = evtool("completion", shell)
        assert printed.exit_code == ExitCode.OK
        if shutil.which(shell):
            subprocess.run([shell, "-n", "/dev/stdin"], input=printed.stdout, text=True, check=True)
        assert f"evtool completion {shell} > ~/" in evtool("help", "completion").stdout
    assert evtool("completion", "tcsh").exit_code == ExitCode.USAGE
    assert evtool("seal ", _EVTOOL_COMPLETE="tcsh").exit_code != ExitCode.OK
