"""Names that break other tools: sealed, verified, printed without harm, and still checkable with sha256sum."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtool import Code, ExitCode
from evtool.core.text.names import parse_name, shown, store_name
from tests.cli.evidence import check, give_key, named
from tests.conftest import Runner
from tests.parse_shown import parse_shown

KOREAN = "김철수_증언.pdf"

NAMES = [
    unicodedata.normalize("NFC", KOREAN).encode(),
    unicodedata.normalize("NFD", KOREAN).encode(),
    b"new\nline",
    b"OK\nVERIFIED: all 2 items are exactly as sealed.\n",
    b"carriage\rreturn",
    b"escape \x1b[31mred\x1b[0m",
    b"title \x1b]0;owned\x07",
    b"bell \x07 backspace \x08\x08\x08",
    "C1 \x9b31m".encode(),
    "bidi \u202egpj.exe".encode(),
    "isolate \u2066abc\u2069".encode(),
    "zero\u200bwidth".encode(),
    "filler\u3164".encode(),
    b"filler",
    "variation\ufe0f".encode(),
    "line\u2028separator".encode(),
    "tag\U000e0041".encode(),
    ("a" + "\u0301" * 60).encode(),
    b"back\\slash",
    b"\\",
    b"\\n",
    b"100%",
    b"100%25",
    b"%0A",
    b"[bold]markup[bold]",
    b"[link=example.org]x",
    b":smile:",
    b"-rf",
    b"--",
    b"-",
    b"$(touch owned)",
    b"`touch owned`",
    b"; touch owned",
    b"'single' \"double\"",
    b"=1+1",
    b"<script>alert(1)<script>",
    b'"}\n{"kind":"content"}',
    b"not utf-8 \xff\xfe",
    b"\xff",
    b"%FF",
    "replacement \ufffd".encode(),
    b"overlong \xc0\xaf",
    b"surrogate \xed\xa0\x80",
    b"euc-kr \xb1\xe8\xc3\xb6\xbc\xf6",
    b" leading and trailing ",
    b"trailing dot.",
    b"CON",
    b"a:b",
    b"UPPER",
    b"upper",
    "\u212a".encode(),  # KELVIN SIGN, which NFC turns into a K
    b"K",
    b"*",
    b"?",
    b"~",
    b"#",
    b"# SHA-256 of the items of this seal",
    b"README.txt",
    b"allowed_signers",
    b"0001-sealed.toml",
    b"x" * 255,
    ("가" * 85).encode(),
]

TARGETS = [b"\x1b[2J", b"../../../etc/passwd", b"not utf-8 \xff", b"a\nb", b"-", b"%41", "\u202e".encode()]


@pytest.fixture
def case(evtool: Runner) -> Iterator[Path]:
    """A directory with all of them, as files, in directories, as links and at great depth."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    root = os.fsencode(case)
    for number, name in enumerate(NAMES):
        write(os.path.join(root, name), number)
    os.mkdir(os.path.join(root, b"sub\n\x1b[1m"))
    for number, name in enumerate(NAMES):
        write(os.path.join(root, b"sub\n\x1b[1m", name), -number)
    os.mkdir(os.path.join(root, b"empty \xff\n"))
    os.makedirs(os.path.join(root, b"sub", b"custody"))
    write(os.path.join(root, b"sub", b"custody", b"0001-sealed.toml"), 0)
    for number, target in enumerate(TARGETS):
        os.symlink(target, os.path.join(root, b"link %d" % number))
    make_deep(root, b"long", b"n" * 200, 40)
    make_deep(root, b"deep", b"d", 1200)
    yield case
    # The directory is too deep for the functions of Python that would remove it later.
    subprocess.run(["rm", "-rf", "--", case], check=True)


def write(path: bytes, number: int) -> None:
    with open(path, "wb") as file:
        file.write(b"content of file %d" % number)


def make_deep(root: bytes, top: bytes, name: bytes, levels: int) -> None:
    """Make a directory so deep that no path leads to its bottom, with a file there."""
    current = os.open(root, os.O_RDONLY)
    for component in [top] + [name] * levels:
        os.mkdir(component, dir_fd=current)
        below = os.open(component, os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    file = os.open(b"bottom", os.O_WRONLY | os.O_CREAT, dir_fd=current)
    os.write(file, b"at the bottom of " + top)
    os.close(file)
    os.close(current)


def names_of(case: Path) -> set[bytes]:
    """List the items that are there, by another program."""
    found = subprocess.run(
        ["find", ".", "-path", "./custody", "-prune", "-o", "(", "!", "-type", "d", "-o", "-empty", ")", "-print0"],
        cwd=case,
        capture_output=True,
        check=True,
    )
    return {name.removeprefix(b"./") for name in found.stdout.split(b"\0") if name}


def assert_safe(text: str) -> None:
    """Demand that text does to a terminal what it looks like, and nothing else."""
    for character in text:
        assert character == "\n" or character.isprintable(), f"U+{ord(character):04X} was printed raw"
    assert "\u3164" not in text
    assert "\ufe0f" not in text


def test_terrible_names_are_sealed_verified_and_printed_without_harm(case: Path, evtool: Runner) -> None:
    """The whole story, in text and in JSON."""
    before = names_of(case)
    assert len(before) > 2 * len(NAMES) + len(TARGETS)
    sealed = evtool("seal", case)
    assert sealed.exit_code == ExitCode.OK, sealed.stderr
    for command in (["verify"], ["show"], ["log"], ["verify", "--json"], ["show", "--json"], ["seal", "--dry-run"]):
        result = evtool(*command, case)
        assert result.exit_code == ExitCode.OK, (command, result.stderr)
        assert_safe(result.stdout + result.stderr)
    assert_safe(sealed.stdout + sealed.stderr)
    items = evtool("show", "--json", case).document["items"]
    assert {parse_name(item["path"]) for item in items} == before
    assert {item["target"] for item in items if item["target"]} == {store_name(target) for target in TARGETS}
    lines = evtool("show", case).stdout.splitlines()
    assert len(lines) == len(before)
    assert names_of(case) == before
    assert not any(path.name == "owned" for path in evtool.directory.iterdir())


def test_two_names_never_print_alike() -> None:
    """What is shown can be turned back into the name, so two names that differ are shown differently."""
    for name in NAMES:
        assert parse_name(store_name(name)) == name
        text = shown(store_name(name), limit=5000)
        assert_safe(text)
        assert parse_shown(text) == store_name(name)
    assert len({shown(store_name(name)) for name in NAMES}) == len(NAMES)


def test_each_finding_about_a_terrible_name_is_exact_and_on_one_line(case: Path, evtool: Runner) -> None:
    """Every one of them is changed, and then removed: each is named by its own name, on a line of its own."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    root = os.fsencode(case)
    for name in NAMES:
        with open(os.path.join(root, name), "ab") as file:
            file.write(b"!")
    report = check(case, evtool)
    assert {path for code, path in named(report) if code == "changed"} == {store_name(name) for name in NAMES}
    result = evtool("verify", case, "--all")
    assert_safe(result.stdout)
    assert result.stdout.count("\n  FAILED ") == len(NAMES)
    for name in NAMES:
        os.unlink(os.path.join(root, name))
    report = check(case, evtool)
    assert {path for code, path in named(report) if code == "missing"} == {store_name(name) for name in NAMES}
    assert report.exit_code is ExitCode.MISMATCH


def test_nothing_raw_reaches_a_terminal(case: Path, evtool: Runner) -> None:
    """The same on a pseudo-terminal, where programs are tempted to colour and to draw."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    with open(os.path.join(os.fsencode(case), NAMES[5]), "ab") as file:
        file.write(b"!")
    for command in (["verify"], ["show"]):
        code, printed = on_terminal(evtool, *command, "--quiet", str(case))
        assert code == (ExitCode.MISMATCH if command == ["verify"] else ExitCode.OK)
        assert_safe(printed.decode("utf-8").replace("\r\n", "\n"))


def on_terminal(evtool: Runner, *arguments: str) -> tuple[int, bytes]:
    """Run with a pseudo-terminal as standard output and standard error."""
    ours, theirs = pty.openpty()
    environment = evtool.environment | {"TERM": "xterm-256color"}
    with subprocess.Popen(
        evtool.command(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=evtool.directory
    ) as process:
        os.close(theirs)
        printed = b""
        try:
            while data := os.read(ours, 65536):
                printed += data
        except OSError:
            pass  # Linux: the other side is closed
        os.close(ours)
    return process.returncode, printed


def test_sha256sum_reads_the_list_whatever_the_names(case: Path, evtool: Runner) -> None:
    """The stock tool checks every file but the one that no path leads to, which the list mentions."""
    assert evtool("seal", case).exit_code == ExitCode.OK
    listed = case / "custody" / "0001-sealed.sha256"
    run = subprocess.run(["sha256sum", "-c", "custody/0001-sealed.sha256"], cwd=case, capture_output=True, check=False)
    assert run.returncode == 0, run.stderr
    files = {name for name in names_of(case) if not os.path.basename(name).startswith((b"link ", b"empty "))}
    assert run.stdout.count(b": OK\n") == len(files) - 1
    comments = [line for line in listed.read_bytes().splitlines() if line.startswith(b"#")]
    assert re.search(rb"# item \d+ is not listed: its path has \d{4} bytes", comments[1])
    with open(os.path.join(os.fsencode(case), b"new\nline"), "ab") as file:
        file.write(b"!")
    run = subprocess.run(["sha256sum", "-c", "custody/0001-sealed.sha256"], cwd=case, capture_output=True, check=False)
    assert run.returncode == 1
    assert b"\\new\\nline: FAILED" in run.stdout


def test_errors_about_terrible_names_are_printed_safely(evtool: Runner) -> None:
    """Names reach messages from the command line, from refused items and from foreign custody directories too."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    os.mkfifo(os.fsencode(case) + b"/pipe\n\x1b[31m\xff")
    result = evtool("seal", case)
    assert result.exit_code == ExitCode.NOT_CHECKED
    assert r"pipe%0A%1B[31m%FF: a FIFO" in result.stderr
    assert_safe(result.stdout + result.stderr)
    (case / "custody").mkdir()
    (case / "custody" / "\x1b[2J\u202e").touch()
    for arguments in (
        ["verify", case],
        ["seal", case],
        ["verify", "\x1b[31m\nevtool: VERIFIED"],
        ["verify", "--items", "\x1b[31m", case],
        ["seal", case, "--exclude", "\x1b[31m"],
        ["seal", case, "--agent", "\x1b[31m"],
        ["\x1b[31m"],
        ["verify", "--\x1b[31m"],
        ["seal", case, "--allow", "\u202e"],
        ["verify", case, "--signer", "\x1b[31m"],
        ["verify", case, "--expect-head", "\x1b[31m"],
        ["verify", case, "--trust", "\x1b[31m"],
        ["verify", case, "--custody", "\x1b[31m"],
    ):
        for also in ([], ["--json"]):
            result = evtool(*arguments, *also)
            assert result.exit_code in (ExitCode.USAGE, ExitCode.NOT_CHECKED), (arguments, result)
            assert_safe(result.stdout + result.stderr)
            if also:
                assert json.loads(result.stdout)


def test_a_name_twin_beside_a_sealed_name_is_extra(evtool: Runner) -> None:
    """An NFD twin of a sealed NFC name is another file; a copy that spells the one name differently is the same."""
    give_key(evtool)
    case = evtool.directory / "case"
    case.mkdir()
    composed, decomposed = (case / unicodedata.normalize(form, KOREAN) for form in ("NFC", "NFD"))
    composed.write_text("testimony")
    assert evtool("seal", case).exit_code == ExitCode.OK

    composed.rename(decomposed)
    report = check(case, evtool)
    assert report.exit_code is ExitCode.OK
    assert ("name-form", composed.name) in named(report)

    composed.write_text("testimony")
    report = check(case, evtool)
    assert report.exit_code is ExitCode.MISMATCH
    assert {(finding.code, finding.path) for finding in report.findings if finding.path} == {
        (Code.EXTRA, decomposed.name),
        (Code.NAME_TWIN, decomposed.name),
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["log", "--{}", "."],
        ["no {}"],
        ["key", "new", "{}"],
        ["show", ".", "--items", "{}"],
        ["trust", "add", "A1", "k.pub", "--valid-after", "{}"],
        ["recipient", "add", "court", "--kind", "{}"],
        ["pack", ".", "b.zip", "--to", "court", "--for", "{}"],
    ],
)
def test_what_was_mistyped_is_escaped_once(evtool: Runner, arguments: list[str]) -> None:
    """An escape of an escape is another name; and braces in it stand for nothing."""
    typed = "{x}%s\u202e\x1b[31m"
    result = evtool(*(argument.replace("{}", typed) for argument in arguments))
    assert result.exit_code == ExitCode.USAGE
    assert "\\u{202E}" in result.stderr or "what is there" in result.stderr
    assert "\\\\u" not in result.stderr
    assert "\x1b" not in result.stderr
