"""Variables of the environment in place of options: who wins, who is blamed, and what `evtool config` shows of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evtool.core.errors import ExitCode
from tests.cli.custody import Party, make_case, make_party
from tests.conftest import Runner


@pytest.fixture
def two_keys(evtool: Runner) -> Party:
    """Whoever signs as A1 and as A2, with a key for each."""
    party = make_party(evtool, "A1")
    party.ok("key", "new", "A2", "--no-passphrase")
    make_case(evtool)
    return party


def with_variables(run: Runner, variables: dict[str, str]) -> Runner:
    return replace(run, environment=run.environment | variables)


def agent_of(party: Party, entry: int) -> str:
    return str(party.run("log", "case", "--json").document["entries"][entry - 1]["agent"])


def test_the_environment_says_who_signs_and_an_option_wins(two_keys: Party) -> None:
    """EVTOOL_AGENT or EVTOOL_KEY choose among several keys; an option answers the whole question by itself."""
    run, keys = two_keys.run, two_keys.run.home / "keys"
    assert "you have more than one key" in run("seal", "case").stderr
    assert run("seal", "case", EVTOOL_AGENT="A2").exit_code == ExitCode.OK
    assert run("record", "case", "accessed", EVTOOL_KEY=str(keys / "A1")).exit_code == ExitCode.OK
    assert run("record", "case", "accessed", "--agent", "A1", EVTOOL_AGENT="A2").exit_code == ExitCode.OK
    # The key of A2 never signs under the code of A1, although the environment names it.
    assert run("record", "case", "accessed", "--agent", "A1", EVTOOL_KEY=str(keys / "A2")).exit_code == ExitCode.OK
    assert run("record", "case", "accessed", "--key", keys / "A1", EVTOOL_AGENT="A2").exit_code == ExitCode.OK
    assert [agent_of(two_keys, entry) for entry in range(1, 6)] == ["A2", "A1", "A1", "A1", "A1"]
    assert run("verify", "case").exit_code == ExitCode.OK
    # Set to nothing is not set.
    assert "you have more than one key" in run("record", "case", "accessed", EVTOOL_AGENT="", EVTOOL_KEY="").stderr


WRONG = [
    ("seal", "EVTOOL_AGENT", "no code", ExitCode.USAGE),
    ("seal", "EVTOOL_AGENT", "A9", ExitCode.NOT_CHECKED),
    ("seal", "EVTOOL_KEY", "/no-such-file", ExitCode.NOT_CHECKED),
    ("seal", "EVTOOL_KEY", "home/keys/A1", ExitCode.USAGE),
    ("seal", "EVTOOL_KEY", "SHA256:nonsense", ExitCode.NOT_CHECKED),
    ("verify", "EVTOOL_TRUST", "/no-such-file", ExitCode.NOT_CHECKED),
    ("verify", "EVTOOL_TRUST", "/dev/null", ExitCode.NOT_CHECKED),
    ("verify", "EVTOOL_TRUST", "case/증거-01.txt", ExitCode.USAGE),
    ("verify", "EVTOOL_HOME", "home", ExitCode.USAGE),
    ("verify", "EVTOOL_HOME", "case/증거-01.txt", ExitCode.USAGE),
    ("seal", "EVTOOL_LANG", "xx", ExitCode.USAGE),
]
"""What is run, with which variable and value, and what that ends with."""


def test_a_wrong_variable_is_named(two_keys: Party) -> None:
    """An error names the variable and no option, in any language; nothing is done; `evtool config` says the same."""
    for command, variable, value, code in WRONG:
        for language in ("en", "ko"):
            wrong = with_variables(two_keys.run, {"EVTOOL_LANG": language, variable: value})(command, "case")
            assert (wrong.exit_code, wrong.stdout) == (code, ""), (variable, value)
            message = wrong.stderr.splitlines()[0]
            assert variable in message
            assert "--" not in message
        assert not (two_keys.run.directory / "case" / "custody").exists()
        run = with_variables(two_keys.run, {variable: value})
        shown = run("config", "--json")
        assert shown.exit_code == ExitCode.USAGE
        blamed = [each for each in shown.document["settings"] if each["problem"] and each["source"] != "default"]
        assert [(each["variable"], each["source"], each["value"]) for each in blamed] == [
            (variable, "environment", value)
        ]
        assert f"WRONG: {blamed[0]['problem']}" in run("config").stdout


def test_a_verdict_says_that_the_environment_chose_the_trust_list(two_keys: Party) -> None:
    """EVTOOL_TRUST decides a verdict, so the answer and the document say so; --trust and --signer win over it."""
    run, mine = two_keys.run, str(two_keys.run.home / "allowed_signers")
    run("seal", "case", "--agent", "A1")
    other, nobody = run.directory / "nobody", str(run.directory / "nobody")
    other.write_text(f"B7 {two_keys.public_key.read_text()}")

    said = run("verify", "case", EVTOOL_TRUST=nobody)
    assert said.exit_code == ExitCode.NOT_ESTABLISHED
    line = f"Trusted keys: those in {nobody}, the list that EVTOOL_TRUST names"
    assert line in said.stdout.splitlines()
    assert line in run("verify", "case", "case", EVTOOL_TRUST=nobody).stdout.splitlines()
    quiet = run("verify", "case", "--quiet", EVTOOL_TRUST=nobody)
    assert (len(quiet.stdout.splitlines()), quiet.stderr) == (1, f"evtool: note: {line}\n")
    assert "EVTOOL_TRUST" in run("verify", "case", EVTOOL_TRUST=nobody, EVTOOL_LANG="ko").stdout

    def chosen(*options: str, variable: str) -> tuple[str, str, str | None]:
        trust = run("verify", "case", *options, "--json", EVTOOL_TRUST=variable).document["trust"]
        return trust["kind"], trust["origin"], trust["path"]

    assert chosen(variable=nobody) == ("file", "environment", None)
    # A document may be handed on; a full path says in whose home it was made.
    assert nobody not in run("verify", "case", "--json", EVTOOL_TRUST=nobody).stdout
    assert chosen(variable="") == ("own-list", "default", None)
    assert chosen("--trust", mine, variable="no-such-file") == ("file", "option", mine)
    fingerprint = str(run("key", "show", "A1", "--json").document["keys"][0]["fingerprint"])
    assert chosen("--signer", fingerprint, variable="no-such-file") == ("fingerprints", "option", None)
    for options in (["--trust", mine], ["--signer", fingerprint], []):
        plain = run("verify", "case", *options, EVTOOL_TRUST=nobody if options else "")
        assert (plain.exit_code, "EVTOOL_TRUST" in plain.stdout) == (ExitCode.OK, False)


def test_commands_that_act_on_trust_tell_who_chose_the_list(two_keys: Party) -> None:
    """Where the answer is no verdict, a note on stderr says so."""
    run = two_keys.run
    run("seal", "case", "--agent", "A1")
    run("recipient", "add", "D4", "--kind", "court", "--purpose", "research")
    for words in (
        ["consent", "check", "case", "--to", "D4", "--for", "research"],
        ["pack", "case", "-o", "x.zip"],
        ["report", "case", "-o", "page", "--force"],
    ):
        result = run(*words, EVTOOL_TRUST=str(run.home / "allowed_signers"))
        assert "the list that EVTOOL_TRUST names" in result.stderr, words
        assert "EVTOOL_TRUST" not in run(*words).stderr


def test_config_shows_what_holds_and_writes_nothing(evtool: Runner, tmp_path: Path) -> None:
    """Before there is a home, with one key, and with variables; nothing secret, and nothing is made."""
    first = evtool("config")
    assert (first.exit_code, first.stderr) == (ExitCode.OK, "")
    assert f"home         {evtool.home} (EVTOOL_HOME), does not exist" in first.stdout.splitlines()
    assert not evtool.home.exists()

    run = make_party(evtool, "A1").run
    settings = {each["name"]: each for each in run("config", "--json").document["settings"]}
    assert list(settings) == ["home", "agent", "key", "trust", "recipients", "agreements", "authorities", "language"]
    assert (settings["agent"]["value"], settings["agent"]["source"]) == ("A1", "home")
    assert (settings["key"]["value"], settings["key"]["exists"]) == (str(run.home / "keys" / "A1"), True)
    assert {name for name, each in settings.items() if each["variable"]} == {
        "home",
        "agent",
        "key",
        "trust",
        "language",
    }
    assert not any(each["problem"] for each in settings.values())
    secret = (run.home / "keys" / "A1").read_text().splitlines()[1]
    assert secret not in run("config", "--json").stdout

    other = tmp_path / "B7"
    other.write_bytes((run.home / "keys" / "A1").read_bytes())
    other.chmod(0o600)
    named = {each["name"]: each for each in run("config", "--json", EVTOOL_KEY=str(other)).document["settings"]}
    assert (named["agent"]["value"], named["agent"]["source"]) == ("B7", "key")
    assert (named["key"]["value"], named["key"]["source"]) == (str(other), "environment")
    assert run("config", EVTOOL_LANG="ko").stdout.endswith("language     ko (EVTOOL_LANG)\n")
