"""The options that every signing command shares, on a command that does nothing else."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from evtool.cli.options.common import SigningOptions, signing_options
from evtool.cli.output import Output, output_options
from evtool.core.errors import KeyFileError
from evtool.core.ssh.signature import parse_signature, verify_signature
from evtool.keys.keyfile import create_key_file
from evtool.keys.passphrase import Passphrase


@click.command()
@click.argument("message")
@signing_options
@output_options
def sign(message: str, signing: SigningOptions, output: Output) -> None:
    """Sign MESSAGE."""
    signer = signing.choose()
    armored = signer.sign(message.encode())
    verify_signature(parse_signature(armored), message.encode())
    output.answer(f"signed by {signer.code}")
    output.document({"agent": signer.code})


def run(*arguments: str | Path, stdin: str = "") -> str:
    result = CliRunner().invoke(sign, [str(argument) for argument in arguments], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_command_signs_with_the_key_the_code_and_the_passphrase_given(tmp_path: Path) -> None:
    """In any order, and with one JSON document if asked for."""
    create_key_file(tmp_path / "A03", Passphrase(b"secret words"))
    secret = tmp_path / "passphrase"
    secret.write_text("secret words")
    secret.chmod(0o600)

    assert run("m", "--key", tmp_path / "A03", "--key-passphrase-file", secret) == "signed by A03\n"
    with secret.open() as file:
        descriptor = str(file.fileno())
        text = run("--agent", "B07", "--json", "--key-passphrase-fd", descriptor, "--key", tmp_path / "A03", "m")
    assert text == '{\n  "agent": "B07"\n}\n'


def test_a_command_refuses_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong usage is click's to tell, a key that cannot be used is an error with a hint."""
    monkeypatch.setenv("EVTOOL_HOME", str(tmp_path / "home"))
    assert "is not a code" in run("m", "--agent", "A 03")
    assert "give one" in run("m", "--key-passphrase-fd", "3", "--key-passphrase-file", "x")
    with pytest.raises(KeyFileError, match="you have no key to sign with"):
        run("m")
