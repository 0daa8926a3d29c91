"""Keys for encrypted bundles: whom to encrypt to, and what to decrypt with.

Recipients are age keys (`age1...`) and SSH keys (`ssh-ed25519`, `ssh-rsa`); identities are the files that hold their
secret halves. No plugin is ever started: a file from outside could otherwise choose a program to run.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from msgspec import Struct

from evtool.core.errors import InputError, KeyFileError
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.names import shown
from evtool.keys.files import read_any_file, read_secret_file, shown_file
from evtool.keys.memory import forbid_core_dumps
from evtool.keys.passphrase import PassphraseSource

MAX_FILE = 64 * 1024
"""Largest file of recipients or identities, in bytes."""

_IDENTITY_MARK = "AGE-SECRET-KEY-1"
_SSH_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"


class EncryptionKey(Struct, frozen=True, eq=False):
    """Somebody who will be able to decrypt.

    Attributes:
        text: the public key in one line, without a comment.
        key: the same for pyrage.
    """

    text: str
    key: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EncryptionKey) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"EncryptionKey({self.text!r})"


class DecryptionKey(Struct, frozen=True):
    """A secret key; shows nothing of itself."""

    key: Any

    def __repr__(self) -> str:
        return "DecryptionKey()"


def load_pyrage() -> Any:
    """Import pyrage.

    Raises:
        InputError: it is not installed.
    """
    try:
        return importlib.import_module("pyrage")
    except ImportError:
        raise InputError(
            "encrypted bundles need the package pyrage, which is not installed", hint="pip install pyrage"
        ) from None


def parse_recipient(text: str) -> EncryptionKey:
    """Read one recipient as people pass it on: `age1...`, or the line of an SSH public key, whose comment is dropped.

    Raises:
        KeyFileError: it is neither, or of a kind that cannot be encrypted to; or it is the secret key.
    """
    pyrage = load_pyrage()
    words = text.split()
    if text.strip().upper().startswith(_IDENTITY_MARK):
        # Not repeated: whoever reads this message must not learn it.
        raise KeyFileError(
            "this is a secret key, which opens bundles; a bundle is encrypted to the public key",
            hint="give the public key, age1...: `age-keygen -y FILE` prints it. Keep the secret key to yourself",
        )
    try:
        if len(words) == 1 and text.startswith("age1"):
            return EncryptionKey(words[0], pyrage.x25519.Recipient.from_str(words[0]))
        if len(words) >= 2 and words[0] in ("ssh-ed25519", "ssh-rsa"):
            line = " ".join(words[:2])
            return EncryptionKey(line, pyrage.ssh.Recipient.from_str(line))
    except pyrage.RecipientError:
        pass
    raise KeyFileError(
        f"{shown(text, 80)} is not a key that a bundle can be encrypted to",
        hint="expected age1..., or the line of an ssh-ed25519 or ssh-rsa public key; `age-keygen` makes the former",
    )


def read_recipients_file(path: Path) -> list[EncryptionKey]:
    """Read a file with one recipient a line; empty lines and lines that begin with `#` are skipped.

    Raises:
        InputError: it cannot be read.
        KeyFileError: a line is not a recipient, or there is none.
    """
    data = read_any_file(path, MAX_FILE)
    lines = read_foreign_text(data, f"the file {shown_file(path)}", keeps_bytes=True).text.splitlines()
    recipients = [parse_recipient(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    if not recipients:
        raise KeyFileError(f"{shown_file(path)} names no recipient")
    return recipients


def read_identity_file(path: Path, passphrase: PassphraseSource) -> list[DecryptionKey]:
    """Read a file of age identities, or one SSH private key, which may be locked.

    Raises:
        KeyFileError: it is missing, open to others, or holds no key that decrypts.
    """
    pyrage = load_pyrage()
    forbid_core_dumps()
    data = read_secret_file(path, MAX_FILE)
    if data.lstrip().startswith(_SSH_BEGIN):
        return [_read_ssh_identity(pyrage, path, data, passphrase)]
    identities = []
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            if not text.upper().startswith(_IDENTITY_MARK):
                raise ValueError
            identities.append(DecryptionKey(pyrage.x25519.Identity.from_str(text)))
        except (ValueError, pyrage.IdentityError):
            raise KeyFileError(
                f"{shown_file(path)} has a line that is not an age identity",
                hint="expected lines AGE-SECRET-KEY-1..., as `age-keygen` writes them, or an OpenSSH private key",
            ) from None
    if not identities:
        raise KeyFileError(f"{shown_file(path)} contains no identity")
    return identities


def _read_ssh_identity(pyrage: Any, path: Path, data: bytes, passphrase: PassphraseSource) -> DecryptionKey:
    # Only identities in SSH form need it, and it takes long to import.
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_ssh_private_key,
    )

    try:
        private_key = load_ssh_private_key(data, None)
    except TypeError:
        private_key = None  # it is locked
    except ValueError:
        raise KeyFileError(f"{shown_file(path)} is damaged") from None
    if private_key is None:
        for candidate in passphrase.read(f"key {shown_file(path)}", new=False).candidates():
            try:
                private_key = load_ssh_private_key(data, candidate)
                break
            except ValueError:
                continue
    if private_key is None:
        raise KeyFileError(f"{shown_file(path)} cannot be unlocked: wrong passphrase, or a damaged file")
    # pyrage takes unlocked keys only; this one stays in memory.
    unlocked = private_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    try:
        return DecryptionKey(pyrage.ssh.Identity.from_buffer(unlocked))
    except pyrage.IdentityError:
        raise KeyFileError(
            f"{shown_file(path)} is a kind of key that age cannot decrypt with", hint="use an Ed25519 or RSA key"
        ) from None
