"""SSHSIG signatures: read strictly, verified strictly, and the same as ssh-keygen's."""

from __future__ import annotations

import base64
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import example, given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from evtool.core.errors import FormatError
from evtool.core.ssh.ed25519 import SMALL_ORDER_POINTS, check_point, verify
from evtool.core.ssh.signature import (
    ED25519,
    NAMESPACE,
    SK_ED25519,
    PublicKey,
    Signature,
    SignatureError,
    parse_signature,
    serialize_signature,
    signed_data,
    sk_signed_data,
    verify_signature,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "sshsig"
MESSAGE = b"event = 'sealed'\n"
SEED = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Vector:
    """One signature file and what must become of it."""

    expect: str
    message: bytes
    armored: bytes


def read_vector(path: Path) -> Vector:
    header, _, armored = path.read_bytes().partition(b"\n\n")
    fields = dict(line.split(": ", 1) for line in header.decode().splitlines())
    assert fields["comment"]
    return Vector(fields["expect"], fields["message"].encode(), armored)


POINT_AT = slice(33, 65)
"""Where the 32 bytes of a plain key stand: after magic, version, length, type and length."""


def blob_of(armored: bytes) -> bytes:
    return base64.b64decode(b"".join(armored.split(b"\n")[1:-2]))


def software_key() -> PublicKey:
    return PublicKey(ED25519, bytes(SigningKey(SEED).verify_key))


def sign(message: bytes, namespace: str = NAMESPACE, hash_algorithm: str = "sha512") -> bytes:
    raw = SigningKey(SEED).sign(signed_data(message, namespace, hash_algorithm)).signature
    return serialize_signature(software_key(), raw, namespace, hash_algorithm)


def sign_as_security_key(message: bytes, flags: int = 1, counter: int = 7) -> bytes:
    """Does in software what a security key does: it signs digests of application and message, flags and counter."""
    key = PublicKey(SK_ED25519, bytes(SigningKey(SEED).verify_key), "ssh:")
    raw = SigningKey(SEED).sign(sk_signed_data(signed_data(message), "ssh:", flags, counter)).signature
    return serialize_signature(key, raw, flags=flags, counter=counter)


def ssh_keygen_verifies(
    folder: Path, armored: bytes, message: bytes, key: PublicKey, namespace: str = NAMESPACE
) -> bool:
    (folder / "trust").write_text(f"A03 {key.line}\n")
    (folder / "signature").write_bytes(armored)
    command = ["ssh-keygen", "-Y", "verify", "-f", "trust", "-I", "A03", "-n", namespace, "-s", "signature"]
    run = subprocess.run(command, cwd=folder, input=message, capture_output=True, check=False)
    return run.returncode == 0


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.txt")), ids=lambda path: path.stem)
def test_vector(path: Path, tmp_path: Path) -> None:
    """Each vector fails at the layer that must refuse it, and good ones are good for ssh-keygen too."""
    vector = read_vector(path)
    if vector.expect == "format failure":
        with pytest.raises(FormatError):
            parse_signature(vector.armored)
        return
    signature = parse_signature(vector.armored)
    if vector.expect == "signature failure":
        with pytest.raises(SignatureError):
            verify_signature(signature, vector.message)
    else:
        assert vector.expect == "success"
        verify_signature(signature, vector.message)
        assert ssh_keygen_verifies(tmp_path, vector.armored, vector.message, signature.public_key)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("magic", "does not begin with SSHSIG"),
        ("version-0", "version 0, expected 1"),
        ("reserved-used", "the reserved field is not empty"),
        ("armor-crlf", "has carriage returns"),
        ("armor-width-64", "not in its canonical spelling"),
        ("armor-too-long", "more than 4096 bytes"),
        ("armor-two-blocks", "continues after it"),
        ("hash-md5", "hash algorithm md5"),
        ("key-type-certificate", "this is a certificate"),
        ("algorithm-differs", "made with ssh-rsa by a key of type ssh-ed25519"),
        ("trailing-inner-byte", "1 bytes after the end"),
    ],
)
def test_the_message_says_what_is_wrong(name: str, message: str) -> None:
    """An expert who reads it can find the byte."""
    with pytest.raises(FormatError, match=message):
        parse_signature(read_vector(VECTORS / f"{name}.txt").armored)


def test_the_vectors_are_what_their_script_makes(tmp_path: Path) -> None:
    """Nobody edited a vector by hand, and none is left from an earlier script."""
    subprocess.run([sys.executable, VECTORS / "make.py", tmp_path], check=True)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_bytes() for path in VECTORS.glob("*.txt")}
    assert made == kept
    assert sum(b"expect: success" not in data for data in kept.values()) >= 0.8 * len(kept)


@pytest.mark.parametrize("point", sorted(SMALL_ORDER_POINTS), ids=bytes.hex)
def test_a_key_of_small_order_is_refused_although_openssl_takes_its_forgeries(point: bytes) -> None:
    """One of the 14 forgeries is shown to work elsewhere; here the key cannot even be written down."""
    found = {blob_of(vector.armored): vector for vector in map(read_vector, VECTORS.glob("small-key-*.txt"))}
    ((blob, vector),) = [(blob, vector) for blob, vector in found.items() if point == blob[POINT_AT]]
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(blob[-64:], signed_data(vector.message))
    except InvalidSignature:  # pragma: no cover
        pytest.fail("the attack is not in place")

    with pytest.raises(FormatError, match="small order"):
        PublicKey(ED25519, point)
    with pytest.raises(FormatError, match="small order"):
        parse_signature(vector.armored)


def test_a_neutral_r_is_refused_although_openssl_takes_it() -> None:
    """With R of order 1 the holder of a key publishes its secret in S; no honest program does."""
    vector = read_vector(VECTORS / "small-r-1.txt")
    signature = parse_signature(vector.armored)
    openssl_key = Ed25519PublicKey.from_public_bytes(signature.public_key.point)
    openssl_key.verify(signature.raw, signed_data(vector.message))

    with pytest.raises(SignatureError, match="R of the signature is a point of small order"):
        verify_signature(signature, vector.message)


@pytest.mark.parametrize("name", ["s-plus-order", "s-plus-8-orders", "s-is-order"])
def test_a_second_spelling_of_s_is_refused_by_us_whatever_the_library_does(name: str) -> None:
    """A library that is older, or built for compatibility, would take S + L."""
    vector = read_vector(VECTORS / f"{name}.txt")
    with pytest.raises(SignatureError, match="S of the signature is not below the group order"):
        verify_signature(parse_signature(vector.armored), vector.message)


def test_a_signature_of_another_length_is_refused() -> None:
    """The layer below the format checks as well; it is where the bytes meet the curve."""
    for length in (0, 63, 65):
        with pytest.raises(SignatureError, match=f"has {length} bytes, expected 64"):
            verify(software_key().point, bytes(length), MESSAGE)


def test_there_are_14_small_order_encodings_and_19_y_in_a_second_spelling() -> None:
    """The closed list of TIMESTAMPS 1.5, and every y that does not lie below the field prime."""
    assert len(SMALL_ORDER_POINTS) == 14
    for y in range(2**255 - 19, 2**255):
        for sign_bit in (0, 1):
            with pytest.raises(FormatError):
                check_point((y | sign_bit << 255).to_bytes(32, "little"), "point")


@pytest.mark.parametrize("hash_algorithm", ["sha256", "sha512"])
def test_ssh_keygen_verifies_what_we_sign(hash_algorithm: str, tmp_path: Path) -> None:
    """The court's expert needs no evtool; one changed byte and ssh-keygen says no."""
    armored = sign(MESSAGE, hash_algorithm=hash_algorithm)

    assert ssh_keygen_verifies(tmp_path, armored, MESSAGE, software_key())
    assert not ssh_keygen_verifies(tmp_path, armored, MESSAGE + b" ", software_key())


@pytest.mark.parametrize("hash_algorithm", ["sha256", "sha512"])
def test_we_verify_what_ssh_keygen_signs(hash_algorithm: str, tmp_path: Path) -> None:
    """A signature made with stock tools is as good as our own, down to the last byte of its spelling."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    (tmp_path / "entry").write_bytes(MESSAGE)
    command = [
        "ssh-keygen",
        "-q",
        "-Y",
        "sign",
        "-f",
        "key",
        "-n",
        NAMESPACE,
        "-O",
        f"hashalg={hash_algorithm}",
        "entry",
    ]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    armored = (tmp_path / "entry.sig").read_bytes()
    signature = parse_signature(armored)
    verify_signature(signature, MESSAGE)
    assert signature.hash_algorithm == hash_algorithm
    with pytest.raises(SignatureError):
        verify_signature(signature, MESSAGE + b" ")
    with pytest.raises(SignatureError, match="was made for evtool-custody-v1, not for file"):
        verify_signature(signature, MESSAGE, "file")


def test_a_security_key_counts_when_it_was_touched(tmp_path: Path) -> None:
    """ssh-keygen agrees on the bytes; without the touch it still says yes, we say no."""
    touched, untouched = sign_as_security_key(MESSAGE), sign_as_security_key(MESSAGE, flags=0)
    key = parse_signature(touched).public_key
    assert key.line.startswith("sk-ssh-ed25519@openssh.com AAAA")
    assert ssh_keygen_verifies(tmp_path, touched, MESSAGE, key)
    assert ssh_keygen_verifies(tmp_path, untouched, MESSAGE, key)

    signature = parse_signature(touched)
    verify_signature(signature, MESSAGE)
    assert (signature.flags, signature.counter) == (1, 7)
    with pytest.raises(SignatureError, match="without being touched"):
        verify_signature(parse_signature(untouched), MESSAGE)


def test_flags_and_counter_of_a_security_key_are_signed() -> None:
    """Somebody sets the touch flag, or another counter, on a signature that was made without."""
    untouched = parse_signature(sign_as_security_key(MESSAGE, flags=0))
    for flags, counter in ((1, 7), (5, 7), (1, 8)):
        edited = serialize_signature(untouched.public_key, untouched.raw, flags=flags, counter=counter)
        with pytest.raises(SignatureError, match="does not match"):
            verify_signature(parse_signature(edited), MESSAGE)


@pytest.mark.parametrize("maker", [sign, sign_as_security_key], ids=["plain", "security-key"])
def test_no_flipped_bit_of_a_signature_file_is_accepted(maker: object) -> None:
    """Every bit of the file in turn, and every byte left out or doubled."""
    armored = maker(MESSAGE)  # type: ignore[operator]
    verify_signature(parse_signature(armored), MESSAGE)
    changed = [
        armored[:at] + bytes([armored[at] ^ 1 << bit]) + armored[at + 1 :]
        for at in range(len(armored))
        for bit in range(8)
    ]
    changed += [armored[:at] + armored[at + 1 :] for at in range(len(armored))]
    changed += [armored[: at + 1] + armored[at:] for at in range(len(armored))]
    for data in changed:
        if data != armored:
            with pytest.raises((FormatError, SignatureError)):
                verify_signature(parse_signature(data), MESSAGE)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"namespace": ""}, "namespace is empty"),
        ({"namespace": "a\nb"}, "not printable"),
        ({"hash_algorithm": "md5"}, "hash algorithm md5"),
        ({"raw": bytes(63)}, "has 63 bytes, expected 64"),
        ({"flags": 1}, "only a signature by a security key"),
        ({"counter": 1}, "only a signature by a security key"),
    ],
)
def test_a_signature_that_could_not_be_read_back_cannot_be_written(changes: dict[str, object], message: str) -> None:
    """Writing refuses what reading would refuse."""
    parts: dict[str, object] = {"public_key": software_key(), "raw": bytes(64)} | changes
    with pytest.raises(FormatError, match=message):
        serialize_signature(**parts)  # type: ignore[arg-type]


GOOD = sign(MESSAGE)


@given(st.binary(max_size=600))
@example(GOOD)
def test_any_bytes_are_a_signature_in_its_one_spelling_or_a_format_error(data: bytes) -> None:
    """Nothing but FormatError ever leaves the parser."""
    assert_one_spelling(data)


@given(st.integers(0, 186), st.binary(max_size=8), st.integers(0, 8))
def test_any_edit_of_a_signature_is_in_its_one_spelling_or_a_format_error(at: int, put: bytes, cut: int) -> None:
    """Edits below the armor, where the lengths are."""
    blob = blob_of(GOOD)
    text = base64.b64encode(blob[:at] + put + blob[at + cut :])
    lines = b"".join(text[i : i + 70] + b"\n" for i in range(0, len(text), 70))
    assert_one_spelling(b"-----BEGIN SSH SIGNATURE-----\n" + lines + b"-----END SSH SIGNATURE-----\n")


def assert_one_spelling(data: bytes) -> None:
    try:
        signature = parse_signature(data)
    except FormatError:
        return
    assert write_again(signature) == data


def write_again(signature: Signature) -> bytes:
    return serialize_signature(
        signature.public_key,
        signature.raw,
        signature.namespace,
        signature.hash_algorithm,
        signature.flags,
        signature.counter,
    )
