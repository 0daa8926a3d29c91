"""What a person sees on a real terminal: findings folded to its width, and nothing that it would obey."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path
from unicodedata import east_asian_width

from hypothesis import given
from hypothesis import strategies as st

from evtool.report.columns import fold
from tests.cli.evidence import give_key
from tests.conftest import Runner

COLUMNS = 90


def width_of(line: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in line)


def on_a_terminal(evtool: Runner, *arguments: str | Path, columns: int = COLUMNS, **variables: str) -> str:
    """Run with a terminal of so many columns as standard output, and give what it was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = evtool.environment | {"TERM": "xterm"} | variables
    with subprocess.Popen(
        evtool.command(*arguments), stdout=theirs, stderr=subprocess.DEVNULL, env=environment, cwd=evtool.directory
    ):
        os.close(theirs)
        sent = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how Linux tells that the other side is closed
                break
            if not part:
                break
            sent += part
    os.close(ours)
    return sent.decode("utf-8").replace("\r\n", "\n")


def test_findings_are_folded_on_a_terminal_and_whole_on_a_pipe(evtool: Runner) -> None:
    """The same words; on the terminal none of them is cut in two, and the second line stands below the first."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / ("증언 " * 12 + "\x1b[31m[bold].txt")).write_text("x")
    assert evtool("seal", case).exit_code == 0
    (case / ("증언 " * 12 + "\x1b[31m[bold].txt")).unlink()
    piped = evtool("verify", case).stdout
    seen = on_a_terminal(evtool, "verify", case)
    assert "\x1b" not in seen
    findings, on_the_pipe = (text.split("Findings\n")[1].split("\n\n")[0].splitlines() for text in (seen, piped))
    assert " ".join(findings).split() == " ".join(on_the_pipe).split()
    assert len(findings) > len(on_the_pipe)
    assert max(map(width_of, findings)) <= COLUMNS
    assert {len(line) - len(line.lstrip()) for line in findings} == {2, 36}


def test_lists_of_keys_are_folded_behind_their_codes(evtool: Runner) -> None:
    """A fingerprint stays whole; on a pipe each key is one line."""
    assert evtool("key", "new", "A1", "--no-passphrase").exit_code == 0
    for command in (("key", "list"), ("trust", "list")):
        seen = on_a_terminal(evtool, *command, columns=80).splitlines()
        piped = evtool(*command).stdout.splitlines()
        assert len(piped) == 1
        assert width_of(piped[0]) > 80
        assert " ".join(seen).split() == piped[0].split()
        assert max(map(width_of, seen)) <= 80
        assert [line[17:18].strip() != "" for line in seen] == [True, True]
        assert seen[1][:17].strip() == ""


def test_an_error_is_folded_on_a_terminal_and_its_command_stays_whole(evtool: Runner) -> None:
    """No word is cut at the edge of the screen, and what is to be typed next can be copied in one piece."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 60, 0, 0))
    typed = ["key", "new", "A1", "--no-pasphrase"]
    subprocess.run(evtool.command(*typed), stdin=subprocess.DEVNULL, stderr=theirs, env=evtool.environment, check=False)
    seen = os.read(ours, 65536).decode("utf-8").replace("\r\n", "\n")
    os.close(ours)
    os.close(theirs)
    piped = evtool(*typed).stderr
    assert seen.split() == piped.split()
    assert (len(piped.splitlines()), max(map(width_of, seen.splitlines())) <= 60) == (2, True)
    assert "`evtool help key new`" in seen


def test_a_bundle_typed_by_nobody_is_not_waited_for_in_silence(evtool: Runner) -> None:
    """`-` is for a pipe; on a terminal a word says what the program waits for, and the end of input ends it."""
    ours, theirs = pty.openpty()
    os.write(ours, b"\x04")  # what Ctrl-D sends
    run = subprocess.run(
        evtool.command("verify", "-"),
        stdin=theirs,
        capture_output=True,
        env=evtool.environment,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(theirs)
    assert (run.returncode, b"on standard input, which is this terminal" in run.stderr) == (4, True)
    piped = evtool("verify", "-", stdin=b"")
    assert (piped.exit_code, "this terminal" in piped.stderr) == (4, False)


def test_a_head_is_not_cut_inside_a_group_on_a_narrow_terminal(evtool: Runner) -> None:
    """It is written down by hand: 16 groups of digits do not fit 80 columns, and no group is cut in two."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "letter.txt").write_text("x")
    seen = on_a_terminal(evtool, "seal", case, columns=80).split("keep it somewhere else):\n")[1].splitlines()
    assert [len(group) for line in seen for group in line.split()] == [4] * 16
    assert max(map(len, seen)) <= 80


@given(st.text(st.characters(exclude_categories=["Zs", "Cc", "Zl", "Zp"]) | st.just(" ")), st.integers(0, 60))
def test_folding_changes_nothing_but_spaces(text: str, indent: int) -> None:
    """Every word is there, in order, and a line is too wide only if a single word is."""
    folded = fold(text, indent, 100)
    assert folded.split() == text.split()
    for line in folded.splitlines()[1:]:
        assert line.startswith(" " * indent)
        assert width_of(line) <= 100 or len(line.split()) == 1
