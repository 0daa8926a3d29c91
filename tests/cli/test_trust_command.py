"""`evtool trust`, as somebody who receives evidence uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
from nacl.signing import SigningKey

from evtool.core.errors import ExitCode
from evtool.core.ssh.key import ED25519, PublicKey
from tests.conftest import Runner, RunResult

KEY = PublicKey(ED25519, bytes(SigningKey(bytes(range(32))).verify_key))
OTHER = PublicKey(ED25519, bytes(SigningKey(bytes(32)).verify_key))


@pytest.fixture
def key_file(evtool: Runner) -> Path:
    """The public key of a colleague, with the comment that ssh-keygen puts on it."""
    path = evtool.directory / "B07.pub"
    path.write_text(f"{KEY.line} kim@archive\n")
    return path


def add(evtool: Runner, *arguments: str | Path, key: PublicKey = KEY) -> RunResult:
    return evtool("trust", "add", *arguments, "-", stdin=f"{key.line}\n".encode())


def test_a_key_is_added_listed_and_revoked(evtool: Runner, key_file: Path) -> None:
    """The whole life of trust, and who is behind the code stays out of it."""
    added = evtool("trust", "add", "B07", key_file)
    assert added.exit_code == ExitCode.OK, added.stderr
    assert added.stdout == f"B07              {KEY.fingerprint} for evtool-custody-v1\n"
    assert "by telephone or in person" in added.stderr
    assert evtool("trust", "list").stdout == added.stdout

    revoked = evtool("trust", "revoke", "B07", "--as-of", "2026-03-01T09:30:00+09:00")
    assert revoked.stdout == added.stdout[:-1] + " until 2026-03-01T00:30:00Z\n"
    assert "time-stamp" in revoked.stderr

    altogether = evtool("trust", "revoke", KEY.fingerprint)
    assert altogether.stdout == added.stdout[:-1] + ", revoked: nothing that it signed counts\n"
    assert "kim" not in (evtool.home / "allowed_signers").read_text() + added.stdout + added.stderr


def test_scripts_get_one_document(evtool: Runner) -> None:
    """The same shape for add, list and revoke."""
    added = add(evtool, "B07", "--json", "--quiet", "--valid-after", "2026-01-01", "--valid-before", "2026-12-31")
    assert added.stderr == ""
    assert added.document == {
        "format": "evtool-trust/1",
        "signers": [
            {
                "line": 1,
                "agents": ["B07"],
                "fingerprint": KEY.fingerprint,
                "public_key": KEY.line,
                "namespaces": ["evtool-custody-v1"],
                "valid_after": "2026-01-01T00:00:00Z",
                "valid_before": "2026-12-31T00:00:00Z",
            }
        ],
        "skipped": [],
    }
    assert evtool("trust", "list", "--json").document == added.document
    assert evtool("trust", "revoke", "B07", "--json").document["signers"][0]["agents"] == ["B07"]


def test_lines_that_trust_nobody_are_told(evtool: Runner) -> None:
    """A mistake in a hand-written file must not look like trust, nor its text act on the terminal."""
    add(evtool, "B07")
    with (evtool.home / "allowed_signers").open("a") as file:
        file.write(f"C01 no-such\x1b[31m {OTHER.line}\nC02 cert-authority {OTHER.line}\n\n# note\n")

    result = evtool("trust", "list")

    assert result.exit_code == ExitCode.OK
    assert len(result.stdout.splitlines()) == 1
    assert r"line 2 of the trust file has the unknown option no-such\u{1B}[31m; it trusts nobody" in result.stderr
    assert "line 3 of the trust file is for a certificate authority" in result.stderr
    assert [line["line"] for line in evtool("trust", "list", "--json").document["skipped"]] == [2, 3]
    assert "You trust no keys yet" in evtool("trust", "list", EVTOOL_HOME=str(evtool.directory / "new")).stderr


def test_hostile_patterns_are_shown_safely(evtool: Runner) -> None:
    """A trust file that came from somebody else, with escapes in a pattern."""
    evtool.home.mkdir(mode=0o700)
    path = evtool.home / "allowed_signers"
    path.write_bytes(b"\x1b]0;x\x07A\xff\xe2\x80\xae " + KEY.line.encode() + b"\n")
    path.chmod(0o600)
    for arguments in (["trust", "list"], ["trust", "list", "--json"]):
        result = evtool(*arguments)
        assert result.exit_code == ExitCode.OK
        assert result.stdout.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a public key"),
        ("ssh-rsa AAAAB3 kim@archive\n", "key type ssh-rsa is not supported"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "this is a private key"),
        (f"{KEY.line}\n{OTHER.line}\n", "expected one line"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", "small order"),
        ("ssh-ed25519 \x1b[31m\n", "not base64"),
    ],
)
def test_what_is_no_key_is_never_trusted(text: str, message: str, evtool: Runner, key_file: Path) -> None:
    """From a file and from stdin; nothing is written."""
    key_file.write_text(text)
    for result in (
        evtool("trust", "add", "B07", key_file),
        evtool("trust", "add", "B07", "-", stdin=text.encode()),
    ):
        assert result.exit_code == ExitCode.NOT_CHECKED
        assert message in result.stderr
        assert "\x1b" not in result.stderr
        assert "kim" not in result.stderr
    assert not evtool.home.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add", "B07", "-", "--valid-after", "2026-03-01T09:30:00"), "is not a moment"),
        (("add", "B07", "-", "--valid-after", "yesterday"), "is not a moment"),
        (("add", "B07", "-", "--valid-after", "2026-02-30"), "is not a moment"),
        (("add", "B07", "-", "--valid-after", "2026-03-02", "--valid-before", "2026-03-01"), "is not later than"),
        (("add", "B 07", "-"), "is not a code"),
        (("revoke", "B07"), "no key is trusted for B07"),
        (("revoke", "B07", "--as-of", "20260301"), "is not a moment"),
        (("add", "B07"), "Missing argument"),
    ],
)
def test_wrong_usage_writes_nothing(arguments: tuple[str, ...], message: str, evtool: Runner) -> None:
    """A time of day without an offset would mean another moment on another machine."""
    result = evtool("trust", *arguments, stdin=f"{KEY.line}\n".encode())
    assert result.exit_code == ExitCode.USAGE
    assert message in result.stderr
    assert not evtool.home.exists()


def test_a_second_key_of_an_agent_needs_a_flag(evtool: Runner) -> None:
    """The message names the key that counts already."""
    add(evtool, "B07")
    refused = add(evtool, "B07", key=OTHER)
    assert refused.exit_code == ExitCode.USAGE
    assert f"B07 already has another key, {KEY.fingerprint}" in refused.stderr
    assert add(evtool, "B07", "--another-key", key=OTHER).exit_code == ExitCode.OK
    assert len(evtool("trust", "list").stdout.splitlines()) == 2


def test_help_shows_examples(evtool: Runner) -> None:
    """For the group and each of its commands."""
    for arguments in (["trust"], ["trust", "add"], ["trust", "list"], ["trust", "revoke"]):
        result = evtool(*arguments, "--help")
        assert result.exit_code == ExitCode.OK
        assert "Examples:\n    evtool trust " in result.stdout


def test_a_key_file_that_is_not_there_says_where_to_get_it(evtool: Runner) -> None:
    """The hint names the command that prints what is to go into the file."""
    missing = evtool("trust", "add", "B07", "nokey.pub")
    assert (missing.exit_code, "`evtool key show --public-key`" in missing.stderr) == (ExitCode.NOT_CHECKED, True)
