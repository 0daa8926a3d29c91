"""ssh-agent: the real one, and some that are not what they seem."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey

from evtool.core.errors import KeyFileError
from evtool.core.ssh.key import ED25519, SK_ED25519, PublicKey
from evtool.core.ssh.signature import parse_signature, signed_data, sk_signed_data, verify_signature
from evtool.core.ssh.wire import Reader, put_string, put_uint32
from evtool.keys.agent import Agent
from evtool.keys.keyfile import create_key_file, public_path
from evtool.keys.passphrase import TerminalPassphrase
from evtool.keys.signer import choose_signer

MESSAGE = b"event = 'sealed'\n"
SEED = bytes(range(32))
SECURITY_KEY = PublicKey(SK_ED25519, bytes(SigningKey(SEED).verify_key), "ssh:")


@pytest.fixture
def ssh_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A real ssh-agent without keys, named by SSH_AUTH_SOCK."""
    path = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.PIPE)
    assert agent.stdout
    agent.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    yield path
    agent.kill()
    agent.wait()
    agent.stdout.close()


def ssh_add(*arguments: str | Path) -> None:
    subprocess.run(["ssh-add", "-q", *arguments], check=True, capture_output=True)


def test_keys_in_the_agent_are_listed_without_their_comments(ssh_agent: Path, tmp_path: Path) -> None:
    """Keys of other kinds, which cannot sign entries, are left out."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "other"], check=True)
    key = create_key_file(tmp_path / "A03", None)
    ssh_add(tmp_path / "other")
    ssh_add(tmp_path / "A03")
    with Agent() as agent:
        assert agent.list_keys() == (key.public_key,)


def test_the_agent_signs_for_its_public_key_file(ssh_agent: Path, tmp_path: Path) -> None:
    """The private key file can be gone; once the agent lost it too, the message says so."""
    key = create_key_file(tmp_path / "A03", None)
    ssh_add(tmp_path / "A03")
    (tmp_path / "A03").unlink()
    signer = choose_signer(key=str(public_path(key.path)), agent_code=None, passphrase=TerminalPassphrase())

    armored = signer.sign(MESSAGE)

    assert signer.code == "A03"
    assert parse_signature(armored).public_key == key.public_key
    verify_signature(parse_signature(armored), MESSAGE)
    ssh_add("-D")
    with pytest.raises(KeyFileError, match="ssh-agent refused"):
        signer.sign(MESSAGE)
    with pytest.raises(KeyFileError, match="not among your own keys and not in ssh-agent"):
        choose_signer(key=str(public_path(key.path)), agent_code=None, passphrase=TerminalPassphrase())


def test_without_an_agent_the_way_to_one_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not set, a socket that is gone, a file that is none, a name too long for a socket."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(KeyFileError, match="SSH_AUTH_SOCK is not set") as caught:
        Agent()
    assert "ssh-add" in caught.value.hint
    (tmp_path / "file").touch()
    for path in (tmp_path / "nothing", tmp_path / "file", tmp_path / ("x" * 200)):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        with pytest.raises(KeyFileError, match="ssh-agent cannot be reached"):
            Agent()


@contextmanager
def answering(folder: Path, answer: Callable[[bytes], bytes]) -> Iterator[None]:
    """An agent of our own: speaks the real protocol on a real socket, and answers what it is told to."""
    path = folder / "own-agent"
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while size := int.from_bytes(connection.recv(4), "big"):
                    reply = answer(connection.recv(size, socket.MSG_WAITALL))
                    connection.sendall(reply)
                    if len(reply) < 4 + int.from_bytes(reply[:4], "big"):
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    before = os.environ.get("SSH_AUTH_SOCK")
    os.environ["SSH_AUTH_SOCK"] = str(path)
    try:
        yield
    finally:
        os.environ.pop("SSH_AUTH_SOCK")
        if before is not None:
            os.environ["SSH_AUTH_SOCK"] = before
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def security_key_agent(request: bytes, flags: int = 1) -> bytes:
    """Does what an agent with a security key behind it does, in software."""
    reader = Reader(request, "request")
    if reader.byte("type") == 11:
        return put_string(bytes([12]) + put_uint32(1) + put_string(SECURITY_KEY.blob) + put_string("kim@archive"))
    assert reader.string("key") == SECURITY_KEY.blob
    data = reader.string("data")
    raw = SigningKey(SEED).sign(sk_signed_data(data, "ssh:", flags, 41)).signature
    signature = put_string(SK_ED25519) + put_string(raw) + bytes([flags]) + put_uint32(41)
    return put_string(bytes([14]) + put_string(signature))


def test_a_security_key_signs_through_the_agent(tmp_path: Path) -> None:
    """Chosen by its fingerprint; ssh-keygen verifies what it signed."""
    with answering(tmp_path, security_key_agent):
        signer = choose_signer(
            key=SECURITY_KEY.fingerprint, agent_code="A03", passphrase=TerminalPassphrase(), home=tmp_path / "home"
        )
        armored = signer.sign(MESSAGE)

    signature = parse_signature(armored)
    assert (signature.flags, signature.counter) == (1, 41)
    (tmp_path / "m.sig").write_bytes(armored)
    (tmp_path / "trust").write_text(f"A03 {SECURITY_KEY.line}\n")
    command = ["ssh-keygen", "-Y", "verify", "-f", "trust", "-I", "A03", "-n", "evtool-custody-v1", "-s", "m.sig"]
    subprocess.run(command, cwd=tmp_path, input=MESSAGE, check=True, capture_output=True)


def test_a_signature_that_would_not_verify_is_never_given_out(tmp_path: Path) -> None:
    """A security key that nobody touched, and an agent that signs something else."""

    def untouched(request: bytes) -> bytes:
        return security_key_agent(request, flags=0)

    def wrong(request: bytes) -> bytes:
        if request[0] == 11:
            return security_key_agent(request)
        raw = SigningKey(SEED).sign(b"a login somewhere").signature
        signature = put_string(SK_ED25519) + put_string(raw) + bytes([1]) + put_uint32(1)
        return put_string(bytes([14]) + put_string(signature))

    for agent, reason in ((untouched, "without being touched"), (wrong, "does not match")):
        with answering(tmp_path, agent):
            signer = choose_signer(
                key=SECURITY_KEY.fingerprint, agent_code="A03", passphrase=TerminalPassphrase(), home=tmp_path / "home"
            )
            with pytest.raises(KeyFileError, match=f"fails verification: .*{reason}"):
                signer.sign(MESSAGE)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"\xff\xff\xff\xff", "has 4294967295 bytes, at most 262144"),
        (b"\0\0\0\0", "has 0 bytes"),
        (put_string(b"\x05"), "ssh-agent refused"),
        (put_string(b"\x0e"), "ssh-agent refused"),
        (put_string(b"\x0c\0\0"), "truncated"),
        (put_string(b"\x0c" + put_uint32(2**31)), "2147483648 keys, more than 2048"),
        (put_string(b"\x0c" + put_uint32(1) + put_uint32(2**31)), "truncated"),
        (put_string(b"\x0c" + put_uint32(0) + b"x"), "1 bytes after the end"),
        (put_uint32(100) + b"\x0c", "closed the connection in the middle of an answer"),
    ],
)
def test_an_agent_that_lies_about_lengths_is_an_error(answer: bytes, message: str, tmp_path: Path) -> None:
    """Nothing is allocated or believed that was not there."""
    with answering(tmp_path, lambda request: answer), Agent() as agent, pytest.raises(KeyFileError, match=message):
        agent.list_keys()


KEY = PublicKey(ED25519, bytes(SigningKey(SEED).verify_key))
RAW = SigningKey(SEED).sign(signed_data(MESSAGE)).signature


@settings(max_examples=100)
@given(
    st.binary(max_size=120)
    | st.builds(
        lambda kind, raw, tail: bytes([14]) + put_string(put_string(kind) + put_string(raw) + tail),
        st.sampled_from([ED25519, SK_ED25519, "ssh-rsa"]),
        st.sampled_from([RAW, RAW[:63], b""]),
        st.sampled_from([b"", b"\0", b"\1\0\0\0\1"]),
    )
)
def test_any_answer_is_a_signature_of_its_form_or_an_error(body: bytes) -> None:
    """Nothing but KeyFileError ever leaves the client, and what it gives was in the answer."""
    with tempfile.TemporaryDirectory() as folder, answering(Path(folder), lambda request: put_string(body)):
        with Agent() as agent:
            try:
                signature = agent.sign(KEY, b"data")
            except KeyFileError:
                return
        assert put_string(signature.raw) in body
        assert (signature.flags, signature.counter) == (None, None)
