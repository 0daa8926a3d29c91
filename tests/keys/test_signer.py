"""Which key signs, and under which code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from evtool.core.errors import FormatError, KeyFileError, Way
from evtool.core.ssh.signature import parse_signature, verify_signature
from evtool.keys.keyfile import create_key_file
from evtool.keys.own import create_own_key, list_own_keys, read_own_key
from evtool.keys.passphrase import FilePassphrase, TerminalPassphrase
from evtool.keys.signer import Signer, choose_signer

MESSAGE = b"event = 'sealed'\n"


def choose(home: Path, key: str | None = None, agent_code: str | None = None) -> Signer:
    return choose_signer(key=key, agent_code=agent_code, passphrase=TerminalPassphrase(), home=home)


def test_the_only_own_key_signs_and_ssh_keygen_verifies(tmp_path: Path) -> None:
    """The whole way from a new locked key to a signature that stock tools take."""
    secret = tmp_path / "passphrase"
    secret.write_text("비밀 문장\n")
    secret.chmod(0o600)
    home = tmp_path / "home"
    own = create_own_key("A03", FilePassphrase(secret), home)

    signer = choose_signer(key=None, agent_code=None, passphrase=FilePassphrase(secret), home=home)
    armored = signer.sign(MESSAGE)

    assert (signer.code, signer.public_key) == ("A03", own.file.public_key)
    verify_signature(parse_signature(armored), MESSAGE)
    (tmp_path / "m.sig").write_bytes(armored)
    (tmp_path / "trust").write_text(f"A03 {own.file.public_key.line}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "trust", "-I", "A03", "-n", "evtool-custody-v1", "-s", "m.sig"]
    subprocess.run(command, cwd=tmp_path, input=MESSAGE, check=True, capture_output=True)
    assert repr(signer).count("PrivateKey") == 0


def test_of_several_own_keys_the_one_of_the_agent_signs(tmp_path: Path) -> None:
    """Without a word which, none does; a key is never used under another's code unasked."""
    home = tmp_path / "home"
    create_own_key("A03", None, home)
    create_own_key("B07", None, home)

    assert choose(home, agent_code="B07").code == "B07"
    with pytest.raises(KeyFileError, match="more than one key: A03, B07") as caught:
        choose(home)
    assert caught.value.ways == (Way.AGENT,)
    with pytest.raises(KeyFileError, match="you have no key for C01; your keys are A03, B07"):
        choose(home, agent_code="C01")
    with pytest.raises(FormatError, match="is not a code"):
        choose(home, agent_code="../A03")


def test_without_any_key_the_way_to_one_is_shown(tmp_path: Path) -> None:
    """The most common first mistake."""
    with pytest.raises(KeyFileError, match="you have no key to sign with") as caught:
        choose(tmp_path / "home")
    assert caught.value.hint == "`evtool key new CODE` makes the key for agent CODE"
    assert not (tmp_path / "home").exists()


def test_an_own_key_is_found_by_its_fingerprint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that nobody has is looked for in ssh-agent, which is not there."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    home = tmp_path / "home"
    own = create_own_key("A03", None, home)
    create_own_key("B07", None, home)

    assert choose(home, key=own.file.public_key.fingerprint).code == "A03"
    assert choose(home, key=own.file.public_key.fingerprint, agent_code="A03-field").code == "A03-field"
    with pytest.raises(KeyFileError, match="there is no ssh-agent"):
        choose(home, key="SHA256:" + "A" * 43)


def test_a_key_file_signs_under_its_name_or_the_code_given(tmp_path: Path) -> None:
    """`id_ed25519` is a code; a name with blanks is none, and the hint says what to do."""
    create_key_file(tmp_path / "id_ed25519", None)
    create_key_file(tmp_path / "my key", None)

    assert choose(tmp_path, key=str(tmp_path / "id_ed25519")).code == "id_ed25519"
    assert choose(tmp_path, key=str(tmp_path / "my key"), agent_code="A03").code == "A03"
    with pytest.raises(KeyFileError, match="the name of the key file, my key, is not a code") as caught:
        choose(tmp_path, key=str(tmp_path / "my key"))
    assert caught.value.ways == (Way.AGENT,)
    with pytest.raises(KeyFileError, match="No such file"):
        choose(tmp_path, key=str(tmp_path / "nothing"))
    with pytest.raises(KeyFileError, match=r"nothing\.pub: No such file"):
        choose(tmp_path, key=str(tmp_path / "nothing.pub"))


def test_a_broken_key_hides_no_other_but_is_never_passed_over_in_silence(tmp_path: Path) -> None:
    """Somebody opened the files of one of two keys to the group."""
    home = tmp_path / "home"
    own = create_own_key("A03", None, home)
    create_own_key("B07", None, home).file.path.chmod(0o640)
    (home / "keys" / "notes of mine.txt").write_text("not a key")

    found = list_own_keys(home)
    assert [key.code for key in found.keys] == ["A03"]
    assert ["B07 is open to other users" in problem.message for problem in found.problems] == [True]
    assert choose(home, agent_code="A03").public_key == own.file.public_key
    with pytest.raises(KeyFileError):
        choose(home)
    with pytest.raises(KeyFileError, match="open to other users"):
        read_own_key("B07", home)


def test_a_code_is_given_once(tmp_path: Path) -> None:
    """Also where only the public key is left, and never as the name of another key's public file."""
    home = tmp_path / "home"
    own = create_own_key("A03", None, home)
    with pytest.raises(KeyFileError, match="A03 already has a key"):
        create_own_key("A03", None, home)
    own.file.path.unlink()
    with pytest.raises(KeyFileError, match="A03 already has a key"):
        create_own_key("A03", None, home)
    with pytest.raises(KeyFileError, match=r"A03\.pub cannot be the code of a key"):
        create_own_key("A03.pub", None, home)
