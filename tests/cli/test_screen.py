"""The first minute: the first screen, help for every command, and the way on after a mistyped one."""

from __future__ import annotations

import re
from dataclasses import replace

import click
import pytest

from evtool.cli.group import make_program
from evtool.cli.screen import COMMANDS, EXAMPLES, OTHER_WORDS, SECTIONS, render_first_screen
from evtool.cli.topics import TOPICS
from evtool.core.errors import ExitCode
from evtool.report.columns import columns_of
from evtool.report.language import list_languages, load_language
from tests.cli.evidence import give_key, lock_key
from tests.conftest import Runner


def test_evtool_alone_shows_a_short_screen(evtool: Runner) -> None:
    """What it is, every command in its group, three examples, and where to look next; in one terminal of 80 columns."""
    result = evtool()
    # Not a success: nothing was asked for, so a script that lost its command must not go on.
    assert (result.exit_code, result.stderr) == (ExitCode.USAGE, "")
    assert result.stdout == render_first_screen() + "\n"
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 40
    places = [result.stdout.index(f"\n{heading}\n") for heading in SECTIONS]
    assert places == sorted(places)
    for heading, commands in SECTIONS.items():
        assert commands, f"{heading} has no commands"
        part = result.stdout.partition(f"\n{heading}\n")[2].partition("\n\n")[0]
        for name, (_, words) in commands.items():
            assert re.search(rf"(?m)(^|  ){name} +{re.escape(words)}( |$)", part), name
    assert len(EXAMPLES) == 3
    assert all(command in result.stdout for command, _ in EXAMPLES)
    assert lines[-1].startswith("Start here: `evtool help first-hour`")


def test_every_command_of_the_program_is_on_the_screen() -> None:
    """Each once, whatever group it is in."""
    listed = [name for commands in SECTIONS.values() for name in commands]
    assert sorted([*listed, "completion", "help"]) == sorted(
        make_program().list_commands(click.Context(make_program()))
    )
    assert len(listed) == len(set(listed))
    assert set(OTHER_WORDS.values()) <= set(COMMANDS)
    assert not set(OTHER_WORDS) & set(COMMANDS)


@pytest.mark.parametrize(
    "group", [["key"], ["trust"], ["recipient"], ["trust", "tsa"], ["consent"], ["timestamp"], ["import"]]
)
def test_a_group_alone_shows_its_help(evtool: Runner, group: list[str]) -> None:
    """The whole page, in lines, and not as an error."""
    result = evtool(*group)
    assert (result.exit_code, result.stderr) == (ExitCode.USAGE, "")
    assert result.stdout.startswith(f"Usage: evtool {' '.join(group)} ")
    assert result.stdout == evtool(*group, "--help").stdout


def test_help_finds_every_command(evtool: Runner) -> None:
    """`evtool help consent set` is `evtool consent set --help`."""
    for words in (["seal"], ["consent", "set"], ["trust", "tsa", "add"], ["timestamp"], ["help"]):
        result = evtool("help", *words)
        assert result.exit_code == ExitCode.OK
        assert result.stdout == evtool(*words, "--help").stdout, words
    assert evtool("help", "seal", "now").stderr.startswith("evtool: error: evtool seal has no commands")


@pytest.mark.parametrize("language", list_languages())
def test_help_alone_lists_commands_and_topics(evtool: Runner, language: str) -> None:
    """Each on a line of its own, with a few words in the language of the reader, in 80 columns."""
    run = replace(evtool, environment=evtool.environment | {"EVTOOL_LANG": language})
    result = run("help")
    assert (result.exit_code, result.stderr) == (ExitCode.OK, "")
    lines = result.stdout.splitlines()
    assert max(map(columns_of, lines)) <= 80
    for name in [*(name for name in COMMANDS if name != "help"), *TOPICS]:
        (line,) = [line for line in lines if line.startswith(f"  {name} ")]
        words = line.split(maxsplit=1)[1]
        assert re.search("[가-힣]", words) if language == "ko" else words.isascii()
    own = {code: load_language(code).table("command") for code in list_languages() if code != "en"}
    groups = {code: load_language(code).table("command-group") for code in own}
    assert all(set(words) == set(COMMANDS) - {"help"} for words in own.values())
    assert all(set(words) == set(SECTIONS) for words in groups.values())


@pytest.mark.parametrize(
    ("typed", "said", "meant"),
    [
        (["verfy", "x"], "evtool has no command verfy", "did you mean `evtool verify`?"),
        (["Seal"], "evtool has no command Seal", "did you mean `evtool seal`?"),
        (["check"], "evtool has no command check", "did you mean `evtool verify`?"),
        (["key", "nwe"], "evtool key has no command nwe", "did you mean `evtool key new`?"),
        (["help", "cosent"], "evtool has no command cosent", "did you mean `evtool consent`?"),
        (["help", "consent", "st"], "evtool consent has no command st", "did you mean `evtool consent set`?"),
        (["help", "glosary"], "there is no command and no topic glosary", "did you mean `evtool help glossary`?"),
        (["help", "first", "our"], "there is no command and no topic first our", "did you mean `evtool help first-"),
        (["help", "exit", "codes"], "there is no command and no topic exit codes", "did you mean `evtool help scr"),
        (["help", "qqqq"], "evtool has no command qqqq", "`evtool help` lists the commands and topics"),
        (["qqqq"], "evtool has no command qqqq", "`evtool help` lists the commands and topics"),
        (["key", "qqqq"], "evtool key has no command qqqq", "`evtool key` alone lists the commands"),
        (["seal", "--exlude", "x"], "evtool seal has no option --exlude", "did you mean --exclude? "),
        (["show", "--qqq"], "evtool show has no option --qqq", "`evtool help show` explains the command"),
        (["--versoin"], "evtool has no option --versoin", "did you mean --version? "),
    ],
)
def test_a_mistyped_name_is_guessed_at(evtool: Runner, typed: list[str], said: str, meant: str) -> None:
    """One error and one hint, and nothing else."""
    result = evtool(*typed)
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    error, hint = result.stderr.splitlines()
    assert error == f"evtool: error: {said}"
    assert hint.startswith(f"evtool: hint: {meant}")


def test_a_path_in_place_of_a_command(evtool: Runner) -> None:
    """Whoever drops a folder on the program gets the command to check it, in a form that can be copied."""
    (evtool.directory / "증거 1").mkdir()
    assert evtool("증거 1").stderr.splitlines()[1] == "evtool: hint: to check what is there: `evtool verify '증거 1'`"


def test_a_mistyped_path_is_one_error(evtool: Runner) -> None:
    """The name close to it is offered, whatever Unicode form it was typed in."""
    give_key(evtool)
    (evtool.directory / "인터뷰-0042").mkdir()
    for command in (["verify"], ["seal"], ["log"], ["show"], ["items"]):
        for typed in ("인터뷰-0043", "\u110b\u1175\u11ab\u1110\u1165\u1107\u1172-42"):
            result = evtool(*command, typed)
            assert (result.exit_code, result.stdout) == (ExitCode.NOT_CHECKED, ""), command
            assert result.stderr.splitlines()[1] == "evtool: hint: did you mean 인터뷰-0042?", result.stderr
    below = evtool("verify", "nothing/here/at-all")
    assert below.stderr.splitlines()[0] == "evtool: error: nothing/here/at-all does not exist: there is no nothing"


def test_a_mistyped_path_is_told_before_a_passphrase_is_asked_for(evtool: Runner) -> None:
    """The key is locked and there is no terminal, so whatever asks ends with another error."""
    lock_key(evtool, "four words that fit", "A1")
    (evtool.directory / "case-12").mkdir()
    events = (["record", "case-13", "accessed"], ["consent", "set", "case-13", "--all-items", "--status", "withdrawn"])
    for command in (*events, ["seal", "case-13"], ["renew", "case-13"], ["receive", "case-13", "--receipt", "r"]):
        result = evtool(*command)
        assert result.exit_code == ExitCode.NOT_CHECKED
        assert result.stderr.splitlines() == [
            "evtool: error: case-13 does not exist",
            "evtool: hint: did you mean case-12?",
        ]
    assert "a passphrase is needed" in evtool("seal", "case-12").stderr


def test_who_cannot_unlock_or_copy_a_key_is_told_where_to_look(evtool: Runner) -> None:
    """A wrong passphrase, and a medium that is not there."""
    lock_key(evtool, "four words that fit", "A1")
    (evtool.directory / "case-12").mkdir()
    wrong = evtool("seal", "case-12", "--key-passphrase-fd", "0", stdin=b"other words that fit\n")
    assert "`evtool help keys` says what to do" in wrong.stderr
    backup = evtool("key", "backup", "A1", "case-12")
    assert "in a directory, one inside of it" in backup.stderr
    assert evtool("key", "backup", "A1", "A1.key").exit_code == 0
    mistyped = evtool("key", "restore", "A1", "A1.kye", "--test")
    assert mistyped.stderr.splitlines()[1] == "evtool: hint: did you mean A1.key?"
    nowhere = evtool("key", "backup", "A1", "stick/A1.key")
    assert nowhere.exit_code == ExitCode.NOT_CHECKED
    assert "there is no directory stick\n" in nowhere.stderr
