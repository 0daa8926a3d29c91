"""A command that a run tells its user to type next works as it was printed, wherever the record lies."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import click
import pytest

from evtool.cli.next_command import _RECORDS, fill_commands, next_command, shell_word
from evtool.core.text.names import is_visible
from tests.cli.custody import Party, make_party
from tests.cli.evidence import PUBLIC
from tests.cli.test_commands_in_text import CONTEXTS, Told, find_fault
from tests.conftest import Runner, RunResult
from tests.timestamp.openssl_authority import OpensslAuthority

CASE = "김철수 [bold] $(touch x) `id` 'a\" DIR"
"""A directory that a shell would misread in every way if it were not quoted; the last word stands in no name."""

RECORD = "기록 of\tcase\n12"
"""Where its record lies, with what would break the line in which a command is printed."""

SHELLS = ("bash", "zsh", "ksh")


def arguments_of(command: str, shell: str = "bash") -> list[str]:
    """Let a shell read a command, and give what the program would get."""
    script = f"evtool() {{ printf '%s\\0' \"$@\"; }}\n{command}\n"
    run = subprocess.run([shell, "-c", script], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"})
    assert run.stderr == b""
    return [os.fsdecode(word) for word in run.stdout.split(b"\0")[:-1]]


def told_by(result: RunResult) -> list[str]:
    """The commands in what a run printed: between backticks, and on lines of their own; each can be typed."""
    text = result.stdout + result.stderr
    found = re.findall(r"`(evtool [^`]*)`", text) + re.findall(r"(?m)^ +(?:[a-z ]+: +)?(evtool .*)$", text)
    assert all(map(is_visible, "".join(found)))
    return found


def repeat(party: Party, command: str) -> RunResult:
    """Type a command as it was printed."""
    assert find_fault(Told("here", command, whole=False)) is None
    return party(*arguments_of(command))


def the_one(result: RunResult, name: str) -> str:
    (found,) = [command for command in told_by(result) if command.startswith(f"evtool {name} ")]
    return found


@pytest.fixture
def case(archivist: Party) -> Path:
    """Three sealed files in a directory with that name; its record lies elsewhere."""
    case = archivist.run.directory / CASE
    case.mkdir()
    for name in ("김철수 [bold].jpg", "b.txt", "c.txt"):
        (case / name).write_text(f"content of {name}")
    archivist.ok("seal", CASE, "--custody", RECORD, "--metadata", "none")
    return case


NAMES = (
    *(CASE, RECORD, "plain", "-rf", "a b", "it's", "", "\x1b[2J", "e\u0301", "\u202egpj.exe", "\udcff\udcfe1"),
    *("a\\b\n'", "$x\r", "`1", "`id` 김철수"),
)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_shell_reads_a_quoted_name_as_it_was(name: str) -> None:
    """And nothing in it reaches a terminal."""
    word = shell_word(name)
    assert all(map(is_visible, word))
    for shell in filter(lambda shell: Path(f"/bin/{shell}").exists(), SHELLS):
        assert arguments_of(f"evtool {word}", shell) == [f"./{name}" if name.startswith("-") else name]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_no_shell_runs_what_stands_in_a_name(shell: str, tmp_path: Path) -> None:
    """Not even one that does not know the form in which it is quoted, and so finds no such file."""
    for name in ("a\r'; touch run; '", "a\\\r'; touch run; #", "\x1b$(touch run)`touch run`", "'\n;touch run\n'"):
        subprocess.run([shell, "-c", f": {shell_word(name)}"], cwd=tmp_path, check=False, capture_output=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        (("show", "--items", "99"), "show"),
        (("record", "corrected", "--entry", "99", "--correction", "x"), "log"),
        (("timestamp", "--entry", "99", "--request", "x.tsq"), "log"),
        (("timestamp", "--import", "in.tsr"), "timestamp"),
        (("consent", "show", "--items", "99"), "show"),
        (("derive", "no such item", "copy", "--method", "x"), "show"),
    ],
)
def test_the_hint_of_an_error_works_as_it_stands(
    archivist: Party, case: Path, asked: tuple[str, ...], name: str
) -> None:
    """Also where a stranger would type DIR: the run knows which one, and where the record of it is."""
    command, *rest = asked
    if command in ("record", "consent"):
        at = 1 if command == "consent" else 0
        arguments = [command, *rest[:at], CASE, *rest[at:]]
    else:
        arguments = [command, CASE, *rest]
    (archivist.run.directory / "in.tsr").write_bytes(b"0")
    result = archivist(*arguments, "--custody", RECORD)
    assert result.exit_code != 0
    told = the_one(result, name)
    words = arguments_of(told)
    assert CASE in words
    assert words[words.index("--custody") + 1] == RECORD
    # In JSON it is the same.
    assert told in archivist(*arguments, "--custody", RECORD, "--json").document["hint"]
    assert repeat(archivist, told).exit_code == 0, told


def test_a_new_name_is_recorded_by_the_command_that_verify_prints(archivist: Party, case: Path) -> None:
    """The whole way, from the finding to a good verdict."""
    (case / "b.txt").rename(case / "b2.txt")
    result = archivist("verify", CASE, "--custody", RECORD)
    assert result.exit_code == 1
    assert "DIR --renamed" not in result.stdout
    refused = archivist("seal", CASE, "--custody", RECORD, "--metadata", "none")
    assert refused.exit_code == 4
    assert the_one(refused, "seal") == the_one(result, "seal")
    assert repeat(archivist, the_one(result, "seal")).exit_code == 0
    assert archivist("verify", CASE, "--custody", RECORD).exit_code == 0


def test_what_has_no_terms_is_listed_by_the_command_that_verify_prints(archivist: Party, case: Path) -> None:
    archivist.ok("consent", "set", CASE, "--custody", RECORD, "--items", "1", "--status", "given")
    told = the_one(archivist("verify", CASE, "--custody", RECORD), "show")
    assert "김철수" in repeat(archivist, told).stdout
    korean = archivist.run("verify", CASE, "--custody", RECORD, EVTOOL_LANG="ko")
    assert the_one(korean, "show") == told


def test_the_name_of_a_file_is_never_made_into_a_command(archivist: Party, case: Path) -> None:
    """A file that is called like a command in general stays called that."""
    (case / "`evtool log DIR`").write_text("planted")
    result = archivist("verify", CASE, "--custody", RECORD)
    assert result.exit_code == 1
    assert "`evtool log DIR`" in result.stdout


def test_an_answer_comes_back_by_the_command_that_the_request_printed(
    archivist: Party, case: Path, tsa: OpensslAuthority
) -> None:
    """Across an air gap, with the roots of the authority in a file, and what is to be kept afterwards."""
    place = ("--custody", RECORD, "--tsa-roots", str(tsa.directory / "root.pem"))
    asked = archivist.ok("timestamp", CASE, "--request", "out 1.tsq", *place)
    request = archivist.run.directory / "out 1.tsq"
    request.with_suffix(".tsr").write_bytes(tsa.reply(request.read_bytes()))
    stored = repeat(archivist, the_one(asked, "timestamp"))
    assert stored.exit_code == 0, stored
    keep = the_one(stored, "timestamp")
    assert keep.endswith(" --revocation FILE")
    assert arguments_of(keep)[2:-2] == list(place)
    due = archivist("due", CASE, *place)
    assert {tuple(arguments_of(told)) for told in told_by(due)} == {("timestamp", CASE, *place, "--with-revocation")}
    # Without the roots it would lead to no authority that is trusted.
    assert archivist("verify", CASE, *place[:2], "--require", "time").exit_code == 3


def test_whoever_signs_goes_along(archivist: Party, evtool: Runner) -> None:
    """With two keys, a seal without --agent would stop."""
    archivist.ok("key", "new", "A2", "--no-passphrase")
    case = evtool.directory / "-case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    archivist.ok("seal", "./-case", "--agent", "A2", "--metadata", "none")
    (case / "a.txt").rename(case / "b.txt")
    told = the_one(archivist("seal", "./-case", "--agent", "A2", "--metadata", "none"), "seal")
    assert repeat(archivist, told).exit_code == 0


def test_of_two_paths_the_record_is_told(archivist: Party, evtool: Runner) -> None:
    """A list comes before the directory that it is about."""
    folder = evtool.directory / CASE
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (evtool.directory / "it.list").write_text(f"{'0' * 64}  a.txt\n")
    told = the_one(archivist("import", "list", "it.list", CASE, "--custody", RECORD, "--format", "sha256sum"), "seal")
    assert arguments_of(told) == ["seal", CASE, "--custody", RECORD]


def test_no_command_has_two_records() -> None:
    for context in CONTEXTS:
        arguments = [param for param in context.command.params if isinstance(param, click.Argument)]
        assert len([param for param in arguments if param.name in _RECORDS]) <= 1, context.command_path


def test_a_caller_from_python_reads_the_command_in_general(tmp_path: Path) -> None:
    """There is no run whose options could be told."""
    assert next_command("evtool log DIR") == "evtool log DIR"
    assert fill_commands("`evtool log DIR` lists them") == "`evtool log DIR` lists them"


def test_a_receipt_is_read_with_its_bundle(evtool: Runner) -> None:
    """The bundle, its key, and the directory that continues its record, all with names to quote."""
    sender, recipient = make_party(evtool, "A1"), make_party(evtool, "B7")
    recipient.trusts(sender)
    case = evtool.directory / "case"
    case.mkdir()
    (case / "a.txt").write_text("a")
    (evtool.directory / "terms.toml").write_text(PUBLIC)
    sender.ok("seal", case, "--defaults", "terms.toml", "--metadata", "none")
    sender.ok("recipient", "add", "B7", "--kind", "court", "--purpose", "research")
    to = ("--to", "B7", "--for", "research", "--authority", "order 12")
    sender.ok("pack", case, "-o", "bundle of 김철수.zip", *to)
    received = recipient.ok("receive", "bundle of 김철수.zip", "--receipt", "it.receipt")
    told = the_one(received, "verify")
    both = repeat(recipient, told)
    assert both.exit_code == 0, both
    assert "--continued" in told
    # What was continued goes along to whatever comes next.
    wrong = recipient("show", *arguments_of(told)[1:], "--items", "99")
    assert arguments_of(the_one(wrong, "show"))[1:] == arguments_of(told)[1:]
