"""Encrypted streams: age reads what we write and the other way round, and nothing damaged passes for whole."""

from __future__ import annotations

import io
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyrage  # type: ignore[import-untyped]  # it has no annotations
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtool.core.container.age_header import is_age, read_header
from evtool.core.container.age_passphrase import RANDOM_SIZE, PassphraseEncryptor, decrypt_with_passphrase
from evtool.core.errors import EvtoolError, FormatError, InputError, KeyFileError, UsageError
from evtool.keys.age_keys import DecryptionKey, EncryptionKey, parse_recipient, read_identity_file, read_recipients_file
from evtool.keys.passphrase import FilePassphrase, Passphrase, TerminalPassphrase
from evtool.store.age import decrypting, encrypting
from evtool.store.pipe import BytePipe, PipeClosedError

DATA = b"evidence\n" * 30_000
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]


@dataclass(frozen=True, slots=True)
class Known:
    """A passphrase that nobody has to type."""

    text: bytes

    def read(self, subject: str, *, new: bool) -> Passphrase:
        return Passphrase(self.text)


def encrypt(data: bytes, recipients: Sequence[EncryptionKey] = (), passphrase: Passphrase | None = None) -> bytes:
    out = io.BytesIO()
    with encrypting(out, recipients, passphrase) as sink:
        for at in range(0, len(data), 10_000):
            sink.write(data[at : at + 10_000])
    return out.getvalue()


def decrypt(data: bytes, identities: Sequence[DecryptionKey] = (), passphrase: Known | None = None) -> bytes:
    out = b""
    with decrypting(io.BytesIO(data), identities, passphrase) as source:
        while chunk := source.read(100_000):
            out += chunk
    return out


def lock(data: bytes, passphrase: bytes, *, factor: int = 10) -> bytes:
    """Lock with little work, so that many tests take little time."""
    out = io.BytesIO()
    encryptor = PassphraseEncryptor(out.write, passphrase, os.urandom(RANDOM_SIZE), factor=factor)
    encryptor.write(data)
    encryptor.finish()
    return out.getvalue()


@pytest.fixture
def age_key(tmp_path: Path) -> Path:
    path = tmp_path / "age.key"
    subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)
    path.chmod(0o600)
    return path


@pytest.fixture(params=["ed25519", "rsa"])
def ssh_key(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "ssh.key"
    bits = ["-b", "2048"] if request.param == "rsa" else []  # what age needs at least, and quick to make
    subprocess.run(["ssh-keygen", "-q", "-t", request.param, *bits, "-N", "", "-C", "kim@host", "-f", path], check=True)
    return path


def recipient_of(key: Path) -> str:
    if key.name == "age.key":
        return subprocess.run(["age-keygen", "-y", key], check=True, capture_output=True, text=True).stdout.strip()
    return key.with_suffix(".key.pub").read_text().strip()


def test_age_reads_what_we_encrypt_to_age_and_ssh_keys_at_once(age_key: Path, ssh_key: Path, tmp_path: Path) -> None:
    recipients = [parse_recipient(recipient_of(key)) for key in (age_key, ssh_key)]
    (tmp_path / "it.age").write_bytes(encrypt(DATA, recipients))
    for key in (age_key, ssh_key):
        run = subprocess.run(["age", "-d", "-i", key, tmp_path / "it.age"], check=True, capture_output=True)
        assert run.stdout == DATA
        assert decrypt((tmp_path / "it.age").read_bytes(), read_identity_file(key, TerminalPassphrase())) == DATA


def test_we_read_what_age_encrypts(age_key: Path, ssh_key: Path) -> None:
    for key in (age_key, ssh_key):
        run = subprocess.run(["age", "-r", recipient_of(key)], input=DATA, check=True, capture_output=True)
        assert decrypt(run.stdout, read_identity_file(key, TerminalPassphrase())) == DATA


def test_an_ssh_key_that_is_locked_is_unlocked_in_memory(tmp_path: Path) -> None:
    key, secret = tmp_path / "ssh.key", tmp_path / "passphrase"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "tulip", "-C", "", "-f", key], check=True)
    secret.write_text("tulip\n")
    secret.chmod(0o600)
    data = encrypt(DATA, [parse_recipient(recipient_of(key))])

    assert decrypt(data, read_identity_file(key, FilePassphrase(secret))) == DATA
    secret.write_text("rose\n")
    with pytest.raises(KeyFileError, match="cannot be unlocked"):
        read_identity_file(key, FilePassphrase(secret))


@pytest.mark.parametrize("size", SIZES)
def test_passphrases_go_both_ways_with_rage(size: int) -> None:
    data = os.urandom(size)
    assert pyrage.passphrase.decrypt(lock(data, b"tulip"), "tulip") == data
    assert decrypt(lock(data, b"tulip"), passphrase=Known(b"tulip")) == data


def test_our_own_work_for_a_passphrase_is_the_usual_one() -> None:
    locked = encrypt(DATA, passphrase=Passphrase(b"tulip"))
    assert b" 18\n" in locked[:80]
    assert pyrage.passphrase.decrypt(locked, "tulip") == DATA


def test_age_itself_opens_what_we_lock(tmp_path: Path) -> None:
    """age reads passphrases from a terminal only, so it is given one."""
    path, out = tmp_path / "it.age", tmp_path / "out"
    path.write_bytes(lock(DATA, b"tulip"))
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [shutil.which("age") or "age", "-d", "-o", out, path],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    )
    os.close(follower)
    os.read(leader, 100)
    os.write(leader, b"tulip\n")
    assert process.wait(60) == 0
    os.close(leader)
    assert out.read_bytes() == DATA


def test_korean_passphrases_open_however_they_were_typed() -> None:
    syllables, letters = "튤립".encode(), b"\xe1\x84\x90\xe1\x85\xb2\xe1\x86\xaf\xe1\x84\x85\xe1\x85\xb5\xe1\x86\xb8"
    assert decrypt(lock(DATA, Passphrase(letters).for_new_key()), passphrase=Known(syllables)) == DATA
    assert decrypt(lock(DATA, letters), passphrase=Known(letters)) == DATA


LOCKED = lock(DATA, b"tulip")


@given(st.integers(0, len(LOCKED) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_passed_on(offset: int, mask: int) -> None:
    changed = bytearray(LOCKED)
    changed[offset] ^= mask
    released = b""
    # A header may only become one that asks for more work, or for another passphrase.
    with pytest.raises((FormatError, KeyFileError)):
        released = decrypt(bytes(changed), passphrase=Known(b"tulip"))
    assert released == b""


@pytest.mark.parametrize("length", [0, 10, 22, 60, 150, 165, 166, 200, 65_700, 65_718, 131_254, len(LOCKED) - 1])
def test_a_stream_that_was_cut_short_is_never_whole(length: int) -> None:
    with pytest.raises(FormatError):
        decrypt(LOCKED[:length], passphrase=Known(b"tulip"))


def test_chunks_that_trade_places_and_bytes_after_the_end_are_refused() -> None:
    start, size = len(LOCKED) - len(DATA) - 16 * 5, 64 * 1024 + 16
    first, second = LOCKED[start : start + size], LOCKED[start + size : start + 2 * size]
    swapped = LOCKED[:start] + second + first + LOCKED[start + 2 * size :]
    for damaged in (swapped, LOCKED + b"x", LOCKED + LOCKED[start:], LOCKED[: start + size] + LOCKED[start:]):
        with pytest.raises(FormatError, match="changed or cut short"):
            decrypt(damaged, passphrase=Known(b"tulip"))


@pytest.mark.parametrize("position", [0.3, 0.9, 1.0])
def test_damage_to_a_file_for_a_key_is_named_as_damage(position: float) -> None:
    identity = pyrage.x25519.Identity.generate()
    data = encrypt(DATA, [parse_recipient(str(identity.to_public()))])
    at = min(int(len(data) * position), len(data) - 1)
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    for damaged in (changed, data[:at], data + b"x"):
        with pytest.raises(FormatError, match="changed or cut short"):
            decrypt(damaged, [DecryptionKey(identity)])


def test_the_work_of_a_passphrase_is_limited_before_any_is_done() -> None:
    """2^30 rounds would take a terabyte of memory; the header is enough to refuse."""
    for factor, reason in (("19", "2\\^19"), ("30", "2\\^30"), ("99", "2\\^99"), ("018", "damaged"), ("-1", "damaged")):
        hostile = LOCKED.replace(b" 10\n", f" {factor}\n".encode(), 1)
        with pytest.raises(FormatError, match=reason):
            decrypt(hostile, passphrase=Known(b"tulip"))


def test_a_passphrase_beside_a_key_is_refused() -> None:
    recipient = b"-> X25519 " + b"A" * 43 + b"\n" + b"A" * 43 + b"\n"
    hostile = LOCKED.replace(b"---", recipient + b"---", 1)
    with pytest.raises(FormatError, match="with a passphrase and with other keys"):
        decrypt(hostile, passphrase=Known(b"tulip"))


@given(st.binary(max_size=300))
def test_any_header_is_read_or_refused(data: bytes) -> None:
    for start in (b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 AAAA\n"):
        try:
            header = read_header(io.BytesIO(start + data).readline)
        except FormatError:
            continue
        assert (start + data).startswith(header.data)


@given(st.binary(max_size=400))
def test_any_stream_behind_a_good_header_is_refused(data: bytes) -> None:
    end = LOCKED.index(b"\n", LOCKED.index(b"---")) + 1
    stream = io.BytesIO(LOCKED[:end] + data)
    header = read_header(stream.readline)
    with pytest.raises(FormatError):
        list(decrypt_with_passphrase(header, stream.read, (b"tulip",)))


def test_wrong_and_missing_keys_are_said_as_what_they_are() -> None:
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    data = encrypt(DATA, [parse_recipient(str(identity.to_public()))])
    with pytest.raises(KeyFileError, match="none of the keys opens"):
        decrypt(data, [DecryptionKey(other)])
    with pytest.raises(KeyFileError, match="encrypted to a key"):
        decrypt(data)
    with pytest.raises(KeyFileError, match="locked with a passphrase"):
        decrypt(LOCKED)
    with pytest.raises(KeyFileError, match="does not open"):
        decrypt(LOCKED, passphrase=Known(b"rose"))


def test_a_bundle_is_encrypted_to_somebody_and_in_one_way() -> None:
    recipient = parse_recipient(str(pyrage.x25519.Identity.generate().to_public()))
    for recipients, passphrase in (([], None), ([recipient], Passphrase(b"tulip"))):
        with pytest.raises(UsageError):
            encrypt(b"", recipients, passphrase)


def test_the_error_of_a_full_disk_comes_through() -> None:
    class Full:
        def write(self, data: bytes, /) -> None:
            raise OSError(28, "No space left on device")

    def fill(recipients: list[EncryptionKey], passphrase: Passphrase | None) -> None:
        with encrypting(Full(), recipients, passphrase) as sink:
            for _ in range(200):
                sink.write(bytes(100_000))

    recipient = parse_recipient(str(pyrage.x25519.Identity.generate().to_public()))
    with pytest.raises(OSError, match="No space left"):
        fill([recipient], None)
    with pytest.raises(OSError, match="No space left"):
        fill([], Passphrase(b"tulip"))


def test_the_error_of_whoever_writes_leaves_no_whole_file() -> None:
    identity = pyrage.x25519.Identity.generate()
    out = io.BytesIO()

    def stop_half_way() -> None:
        with encrypting(out, [parse_recipient(str(identity.to_public()))], None) as sink:
            sink.write(DATA)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        stop_half_way()
    assert out.getvalue()
    with pytest.raises(FormatError):
        decrypt(out.getvalue(), [DecryptionKey(identity)])


@pytest.mark.parametrize(
    "text",
    ["", "age1", "age1qqqq", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-dss AAAA", "kim@host"],
)
def test_what_is_no_recipient_is_refused(text: str) -> None:
    with pytest.raises(KeyFileError, match="is not a key that a bundle can be encrypted to"):
        parse_recipient(text)


def test_a_secret_key_is_refused_and_not_repeated() -> None:
    """Whoever mistook it for the public one must not find it in a log."""
    with pytest.raises(KeyFileError, match="this is a secret key, which opens bundles") as refused:
        parse_recipient("AGE-SECRET-KEY-1XX")
    assert "1XX" not in refused.value.message + refused.value.hint


def test_a_plugin_is_never_started(tmp_path: Path) -> None:
    """`age1canary1...` would have age run `age-plugin-canary`."""
    (tmp_path / "age-plugin-canary").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (tmp_path / "age-plugin-canary").chmod(0o755)
    with pytest.raises(KeyFileError):
        parse_recipient("age1canary1qqqqqqqqqq")
    identity = tmp_path / "identity"
    identity.write_text("AGE-PLUGIN-CANARY-1QQQQ\n")
    identity.chmod(0o600)
    with pytest.raises(KeyFileError, match="not an age identity"):
        read_identity_file(identity, TerminalPassphrase())
    assert not (tmp_path / "ran").exists()


def test_files_of_keys_are_looked_at_before_they_are_used(age_key: Path, tmp_path: Path) -> None:
    recipients = tmp_path / "recipients"
    recipients.write_text(f"# the court\n\n{recipient_of(age_key)}\n")
    assert [recipient.text for recipient in read_recipients_file(recipients)] == [recipient_of(age_key)]
    recipients.write_text("# nobody yet\n")
    with pytest.raises(KeyFileError, match="names no recipient"):
        read_recipients_file(recipients)
    age_key.chmod(0o644)
    with pytest.raises(KeyFileError, match="open to other users"):
        read_identity_file(age_key, TerminalPassphrase())


def test_keys_show_nothing_of_themselves() -> None:
    identity = pyrage.x25519.Identity.generate()
    assert "AGE-SECRET" not in repr(DecryptionKey(identity))


def test_an_armored_file_is_named_and_not_read() -> None:
    with pytest.raises(InputError, match="armored"):
        is_age(b"-----BEGIN AGE ENCRYPTED FILE-----\n")
    assert is_age(LOCKED[:32])
    assert not is_age(b"PK\3\4")


def test_without_pyrage_the_way_out_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyrage.py").write_text("raise ImportError\n")
    code = "from evtool.keys.age_keys import *\ntry: parse_recipient('age1x')\nexcept InputError as e: print(e.hint)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{os.getcwd()}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "pip install pyrage\n"


def test_a_pipe_tells_each_side_that_the_other_has_gone() -> None:
    pipe = BytePipe()
    pipe.write(b"abc")
    assert (pipe.read(2), pipe.read(2)) == (b"ab", b"c")
    pipe.write(b"rest")
    pipe.fail(EvtoolError("broken"))
    assert pipe.read() == b"rest"
    with pytest.raises(EvtoolError, match="broken"):
        pipe.read()
    closed = BytePipe()
    closed.close()
    with pytest.raises(PipeClosedError):
        closed.write(b"x")
