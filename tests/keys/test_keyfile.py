"""Key files: the same for ssh-keygen and evtool, and closed to everybody else."""

from __future__ import annotations

import base64
import os
import resource
import subprocess
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.errors import FormatError, KeyFileError
from evtool.core.ssh.wire import put_string, put_uint32
from evtool.keys import keyfile
from evtool.keys.keyfile import create_key_file, read_key_file, read_public_key_file, unlock
from evtool.keys.passphrase import Passphrase

KOREAN = "비밀 문장"


@dataclass(frozen=True, slots=True)
class Given:
    """A passphrase source with one answer."""

    text: str

    def read(self, subject: str, *, new: bool) -> Passphrase:
        return Passphrase(self.text.encode())


@dataclass(frozen=True, slots=True)
class NeverAsked:
    """A passphrase source that must not be needed."""

    def read(self, subject: str, *, new: bool) -> Passphrase:
        raise AssertionError(f"asked for the passphrase of {subject}")


def ssh_keygen(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ssh-keygen", "-q", *arguments], capture_output=True, check=False)


@pytest.mark.parametrize("passphrase", [None, "secret words", KOREAN])
def test_ssh_keygen_opens_our_keys(passphrase: str | None, tmp_path: Path) -> None:
    """The key is not tied to evtool; nothing in it names a person or a machine."""
    key = create_key_file(tmp_path / "A03", Passphrase(passphrase.encode()) if passphrase else None)

    opened = ssh_keygen("-y", "-P", passphrase or "", "-f", tmp_path / "A03")

    assert opened.stdout.decode() == f"{key.public_key.line}\n"
    assert (tmp_path / "A03.pub").read_text() == f"{key.public_key.line}\n"
    assert (tmp_path / "A03").stat().st_mode & 0o777 == 0o600
    assert ssh_keygen("-l", "-f", tmp_path / "A03").stdout.split()[1].decode() == key.public_key.fingerprint
    if passphrase:
        assert ssh_keygen("-y", "-P", "wrong", "-f", tmp_path / "A03").returncode != 0


@pytest.mark.parametrize("cipher", ["none", "aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com"])
def test_we_open_keys_of_ssh_keygen(cipher: str, tmp_path: Path) -> None:
    """Also a key that was locked with the passphrase as macOS may spell it."""
    typed = unicodedata.normalize("NFD", KOREAN)
    lock = ["-N", ""] if cipher == "none" else ["-N", typed, "-Z", cipher]
    ssh_keygen("-t", "ed25519", "-C", "kim@archive", "-f", tmp_path / "key", *lock)

    key = read_key_file(tmp_path / "key")
    private = unlock(key, NeverAsked() if cipher == "none" else Given(typed))

    assert key.encrypted is (cipher != "none")
    assert key.public_key == read_public_key_file(tmp_path / "key.pub")
    assert private.public_key().public_bytes_raw() == key.public_key.point
    assert "PRIVATE" not in repr(key)
    assert "kim" not in repr(key)


def test_a_key_locked_with_an_odd_cipher_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """ssh-keygen can lock it anew."""
    lock = ["-N", "secret words", "-Z", "chacha20-poly1305@openssh.com"]
    ssh_keygen("-t", "ed25519", "-f", tmp_path / "key", *lock)
    with pytest.raises(KeyFileError, match="locked with a cipher that is not supported") as caught:
        unlock(read_key_file(tmp_path / "key"), Given("secret words"))
    assert "ssh-keygen -p" in caught.value.hint
    ssh_keygen("-p", "-P", "secret words", "-N", "secret words", "-f", tmp_path / "key")
    assert unlock(read_key_file(tmp_path / "key"), Given("secret words"))


def test_a_wrong_passphrase_is_called_that(tmp_path: Path) -> None:
    """It cannot be told from a damaged file, so both are named."""
    create_key_file(tmp_path / "A03", Passphrase(b"right"))
    with pytest.raises(KeyFileError, match="cannot be unlocked: wrong passphrase, or a damaged file"):
        unlock(read_key_file(tmp_path / "A03"), Given("wrong"))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o610])
def test_a_key_that_others_may_open_is_refused(mode: int, tmp_path: Path) -> None:
    """It may have been copied already; the message gives the mode, the hint the way out."""
    create_key_file(tmp_path / "A03", None)
    (tmp_path / "A03").chmod(mode)
    with pytest.raises(KeyFileError, match=rf"A03 is open to other users \(mode {mode:04o}\)") as caught:
        read_key_file(tmp_path / "A03")
    assert "chmod 600" in caught.value.hint


def test_a_key_in_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Somebody could put another key in its place; with the sticky bit, as in /tmp, nobody can."""
    create_key_file(tmp_path / "A03", None)
    tmp_path.chmod(0o777)
    with pytest.raises(KeyFileError, match="other users may replace files in"):
        read_key_file(tmp_path / "A03")
    tmp_path.chmod(0o1777)
    assert not read_key_file(tmp_path / "A03").encrypted
    tmp_path.chmod(0o700)


def test_a_link_is_followed_and_judged_by_where_it_leads(tmp_path: Path) -> None:
    """As ssh does: keys on a stick or in an encrypted folder are often linked."""
    (tmp_path / "vault").mkdir()
    create_key_file(tmp_path / "vault" / "A03", None)
    (tmp_path / "A03").symlink_to("vault/A03")
    assert read_key_file(tmp_path / "A03").public_key == read_key_file(tmp_path / "vault" / "A03").public_key

    (tmp_path / "vault" / "A03").chmod(0o644)
    with pytest.raises(KeyFileError, match="open to other users"):
        read_key_file(tmp_path / "A03")
    (tmp_path / "vault" / "A03").chmod(0o600)
    (tmp_path / "vault").chmod(0o777)
    with pytest.raises(KeyFileError, match="may replace files in"):
        read_key_file(tmp_path / "A03")


def test_what_is_no_key_file_is_refused_by_kind(tmp_path: Path) -> None:
    """Missing, a folder, a FIFO that nobody writes to, an endless device, a file that is too large."""
    os.mkfifo(tmp_path / "fifo", 0o600)
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "large").chmod(0o600)
    for path, message in [
        (tmp_path / "nothing", "No such file"),
        (tmp_path, "is not a file"),
        (tmp_path / "fifo", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path / "large", "more than 65536 bytes"),
    ]:
        with pytest.raises(KeyFileError, match=message):
            read_key_file(path)


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
def test_keys_of_other_kinds_are_refused_before_any_passphrase(key_type: str, tmp_path: Path) -> None:
    """The kind stands in the open part of the file."""
    ssh_keygen("-t", key_type, "-N", "secret words", "-f", tmp_path / "key")
    with pytest.raises(KeyFileError, match=f"key type (ssh-)?{key_type}.* is not supported"):
        read_key_file(tmp_path / "key")


def private_file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_other_formats_are_refused_with_the_way_out(tmp_path: Path) -> None:
    """PKCS#8, a public key, and text."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, message in [
        (pem, "is not a private key in OpenSSH's format"),
        (b"ssh-ed25519 AAAA kim@archive\n", "is a public key"),
        (b"", "is not a private key"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n", "not base64"),
    ]:
        with pytest.raises(KeyFileError, match=message) as caught:
            read_key_file(private_file(tmp_path / "key", data))
        assert caught.value.hint
        assert "kim" not in caught.value.message


def armored(blob: bytes) -> bytes:
    return b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + base64.encodebytes(blob) + b"-----END OPENSSH PRIVATE KEY-----\n"


def test_a_key_whose_parts_do_not_fit_together_is_refused(tmp_path: Path) -> None:
    """Somebody swapped the public key in the open part, or the secret: evtool would state another key than it uses."""
    first = create_key_file(tmp_path / "first", None)
    second = create_key_file(tmp_path / "second", None)
    blob = keyfile._dearmor((tmp_path / "first").read_bytes())
    assert blob.count(first.public_key.point) == 3
    swapped = blob.replace(first.public_key.point, second.public_key.point, 1)
    secret = unlock(first, NeverAsked()).private_bytes_raw()
    assert blob.count(secret) == 1

    key = read_key_file(private_file(tmp_path / "key", armored(swapped)))
    assert key.public_key == second.public_key
    with pytest.raises(KeyFileError, match="cannot be unlocked: the file is damaged"):
        unlock(key, NeverAsked())

    key = read_key_file(private_file(tmp_path / "key", armored(blob.replace(secret, bytes(32)))))
    with pytest.raises(KeyFileError, match="its public and private parts do not belong together"):
        unlock(key, NeverAsked())


def test_a_key_that_would_take_hours_to_unlock_is_refused(tmp_path: Path) -> None:
    """4 billion rounds of the key derivation."""
    create_key_file(tmp_path / "A03", Passphrase(b"secret words"))
    blob = keyfile._dearmor((tmp_path / "A03").read_bytes())
    rounds = put_uint32(keyfile.KDF_ROUNDS)
    assert blob.count(rounds) >= 1
    at = blob.index(b"bcrypt") + len("bcrypt") + 4 + 4 + 16
    assert blob[at : at + 4] == rounds
    slow = blob[:at] + b"\xff\xff\xff\xff" + blob[at + 4 :]
    with pytest.raises(KeyFileError, match="4294967295 rounds, more than 4096"):
        read_key_file(private_file(tmp_path / "key", armored(slow)))


def test_a_security_key_file_says_that_the_agent_signs(tmp_path: Path) -> None:
    """Such a file holds no private key but a handle for the device."""
    public = put_string("sk-ssh-ed25519@openssh.com") + put_string(bytes(range(32))) + put_string("ssh:")
    blob = b"openssh-key-v1\0" + put_string("none") * 2 + put_string("") + put_uint32(1) + put_string(public)
    key = read_key_file(private_file(tmp_path / "key", armored(blob + put_string(bytes(64)))))
    with pytest.raises(KeyFileError, match="belongs to a security key") as caught:
        unlock(key, NeverAsked())
    assert "ssh-add" in caught.value.hint


@pytest.mark.parametrize("taken", ["A03", "A03.pub"])
def test_nothing_is_overwritten_and_nothing_half_made_is_left(taken: str, tmp_path: Path) -> None:
    """A key that was lost to another one would be lost for ever."""
    (tmp_path / taken).write_bytes(b"mine")
    with pytest.raises(KeyFileError, match="already exists and was not overwritten"):
        create_key_file(tmp_path / "A03", None)
    assert [path.name for path in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_bytes() == b"mine"


def test_a_dangling_link_is_not_followed_when_a_key_is_made(tmp_path: Path) -> None:
    """Otherwise the new key would be written where somebody else wants it."""
    (tmp_path / "A03").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="already exists"):
        create_key_file(tmp_path / "A03", None)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("room", [100, 400])
def test_a_full_disk_leaves_nothing_half_made(room: int, tmp_path: Path) -> None:
    """Every file may grow to so many bytes: too few for either file, and enough for the public one alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(KeyFileError, match="A03 cannot be written: File too large"):
            create_key_file(tmp_path / "A03", Passphrase(b"secret words"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_while_a_key_is_in_memory_no_core_is_dumped(tmp_path: Path) -> None:
    """The soft limit is zero from the reading of the key on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    create_key_file(tmp_path / "A03", None)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    read_key_file(tmp_path / "A03")
    assert resource.getrlimit(resource.RLIMIT_CORE) == (0, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@given(st.binary(max_size=200), st.integers(0, 120))
def test_any_open_part_is_read_or_refused(data: bytes, at: int) -> None:
    """Nothing but FormatError ever leaves the parser."""
    public = put_string("ssh-ed25519") + put_string(bytes(range(32)))
    blob = b"openssh-key-v1\0" + put_string("none") * 2 + put_string("") + put_uint32(1) + put_string(public)
    for text in (data, armored(data), armored(blob[:at] + data + blob[at:]), armored(blob[:at] + data)):
        try:
            key, encrypted = keyfile._parse_public_part(keyfile._dearmor(text))
        except FormatError:
            continue
        assert key.point
        assert encrypted in (True, False)
