"""Public keys: one spelling, no comment, Ed25519 only."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from evtool.core.errors import FormatError
from evtool.core.ssh.key import ED25519, SK_ED25519, PublicKey, parse_public_key_blob, parse_public_key_line

KEY = PublicKey(ED25519, bytes(SigningKey(bytes(32)).verify_key))


def make_key(folder: Path, key_type: str, name: str = "key") -> str:
    command = ["ssh-keygen", "-q", "-t", key_type, "-N", "", "-C", "kim@archive", "-f", name]
    subprocess.run(command, cwd=folder, check=True)
    return (folder / f"{name}.pub").read_text()


def test_the_comment_of_a_key_is_read_past_and_never_kept(tmp_path: Path) -> None:
    """`user@host` stands in every key that ssh-keygen makes; it would name a person."""
    text = make_key(tmp_path, "ed25519")
    assert text.endswith(" kim@archive\n")

    key = parse_public_key_line(text)

    assert "kim" not in repr(key) + key.line
    assert text.startswith(key.line + " ")
    printed = subprocess.run(["ssh-keygen", "-l", "-f", "key.pub"], cwd=tmp_path, capture_output=True, check=True)
    assert printed.stdout.split()[1].decode() == key.fingerprint


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
def test_keys_of_other_kinds_are_refused_by_name(key_type: str, tmp_path: Path) -> None:
    """The message says which kind it is and how to make a key that works."""
    with pytest.raises(FormatError, match=f"key type {key_type if key_type == 'ecdsa' else 'ssh-rsa'}") as caught:
        parse_public_key_line(make_key(tmp_path, key_type))
    assert "evtool key new" in caught.value.hint


def test_a_certificate_is_refused_as_one(tmp_path: Path) -> None:
    """A certificate holds an Ed25519 key, but who vouches for it is a question evtool does not ask."""
    make_key(tmp_path, "ed25519")
    make_key(tmp_path, "ed25519", "ca")
    subprocess.run(["ssh-keygen", "-q", "-s", "ca", "-I", "A03", "-n", "A03", "key.pub"], cwd=tmp_path, check=True)
    text = (tmp_path / "key-cert.pub").read_text()

    with pytest.raises(FormatError, match="this is a certificate"):
        parse_public_key_line(text)
    with pytest.raises(FormatError, match="this is a certificate"):
        parse_public_key_blob(base64.b64decode(text.split()[1]))


def test_a_private_key_is_refused_with_a_warning(tmp_path: Path) -> None:
    """Somebody gives the wrong one of the two files."""
    make_key(tmp_path, "ed25519")
    with pytest.raises(FormatError, match="this is a private key"):
        parse_public_key_line((tmp_path / "key").read_text())


LINE = KEY.line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one line"),
        ("# A03\n", "key type # is not supported"),
        (f"{LINE}\n{LINE}\n", "expected one line"),
        ("ssh-ed25519", "expected a key type and the key"),
        (f"A03 {LINE}", "key type A03 is not supported"),
        (LINE.replace("ssh-ed25519", "SSH-ED25519"), "not supported"),
        (LINE.replace("ssh-ed25519", SK_ED25519), "the key itself says ssh-ed25519"),
        (LINE[:-1] + "!", "not base64"),
        (LINE[:-4], "truncated"),
        (LINE + "AAAA", "3 bytes after the end"),
        (LINE + "=", "base64"),
        (LINE + " " * 20_000, "expected one line"),
    ],
)
def test_a_line_that_is_no_public_key_is_refused(text: str, message: str) -> None:
    """Each for one reason, which is said."""
    with pytest.raises(FormatError, match=message):
        parse_public_key_line(text)


@pytest.mark.parametrize(
    ("key_type", "application"),
    [("ssh-rsa", ""), (ED25519, "ssh:"), (SK_ED25519, ""), (SK_ED25519, "ssh:\0x"), (SK_ED25519, "ssh:\n")],
)
def test_a_key_that_could_not_be_read_back_cannot_exist(key_type: str, application: str) -> None:
    """Type and application fit together, and the application is printable."""
    with pytest.raises(FormatError):
        PublicKey(key_type, KEY.point, application)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_key_in_its_one_spelling_or_a_format_error(data: bytes) -> None:
    """Nothing but FormatError ever leaves the parser."""
    assert_one_spelling(data)


@given(st.integers(0, 51), st.binary(max_size=6), st.integers(0, 6), st.booleans())
def test_any_edit_of_a_key_is_in_its_one_spelling_or_a_format_error(at: int, put: bytes, cut: int, sk: bool) -> None:
    """Edits around the lengths, where parsers go wrong."""
    blob = PublicKey(SK_ED25519, KEY.point, "ssh:").blob if sk else KEY.blob
    assert_one_spelling(blob[:at] + put + blob[at + cut :])


@given(st.text(max_size=200) | st.text(max_size=20).map(lambda text: f"{LINE}{text}"))
def test_any_text_is_a_key_line_or_a_format_error(text: str) -> None:
    """Whatever follows the key, the line that is kept is the same."""
    try:
        key = parse_public_key_line(text)
    except FormatError:
        return
    assert parse_public_key_line(key.line) == key
    assert text.split()[1] == key.line.split()[1]


def assert_one_spelling(data: bytes) -> None:
    try:
        key = parse_public_key_blob(data)
    except FormatError:
        return
    assert key.blob == data
