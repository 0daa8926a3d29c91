"""Private keys in OpenSSH's own file format (OpenSSH's PROTOCOL.key), locked with a passphrase or not.

`ssh-keygen`, `ssh-add` and ssh-agent take what is written here, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_ssh_private_key,
)
from msgspec import Struct

from evtool.core.errors import FormatError, InputError, KeyFileError, Way
from evtool.core.ssh.key import ED25519, PublicKey, parse_public_key_blob, parse_public_key_line
from evtool.core.ssh.wire import Reader, decode_base64
from evtool.core.text.foreign import read_foreign_text
from evtool.keys.files import create_file, read_any_file, read_secret_file, shown_file
from evtool.keys.memory import forbid_core_dumps
from evtool.keys.passphrase import TRIES, Passphrase, PassphraseSource, TerminalPassphrase

MAX_KEY_FILE = 64 * 1024
"""Largest key file, in bytes; an Ed25519 key has some 400, an RSA key of 16,384 bits some 12,000."""

KDF_ROUNDS = 64
"""Rounds of bcrypt-pbkdf for new keys, four times the 16 of ssh-keygen: each try costs half a second of one core."""

MAX_KDF_ROUNDS = 4096
"""Most rounds that are tried; more would take minutes."""

_BEGIN = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_END = b"-----END OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"
_CONVERT = "evtool reads OpenSSH key files; `evtool key new CODE` makes one"


class KeyFile(Struct, frozen=True):
    """A private key file of which only the public part was looked at.

    Attributes:
        path: the file.
        public_key: as the file says; `unlock` checks that the private key fits.
        encrypted: whether a passphrase is needed.
    """

    path: Path
    public_key: PublicKey
    encrypted: bool
    _data: bytes

    def __repr__(self) -> str:
        return f"KeyFile({str(self.path)!r})"

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self._data


def read_key_file(path: Path) -> KeyFile:
    """Read a private key file, without unlocking it.

    Raises:
        KeyFileError: it is missing, open to others, or no Ed25519 key in OpenSSH's format.
    """
    forbid_core_dumps()
    return _parse_key_file(path, read_secret_file(path, MAX_KEY_FILE))


def read_backup_file(path: Path) -> KeyFile:
    """Read a locked private key from wherever it lies, as on a memory stick, where files have no modes.

    Raises:
        KeyFileError: it cannot be read, is no Ed25519 key in OpenSSH format, or is open to others and not locked.
    """
    forbid_core_dumps()
    try:
        key_file = _parse_key_file(path, read_any_file(path, MAX_KEY_FILE))
    except InputError as error:
        raise KeyFileError.like(error) from None
    return key_file if key_file.encrypted else read_key_file(path)


def _parse_key_file(path: Path, data: bytes) -> KeyFile:
    try:
        public_key, encrypted = _parse_public_part(_dearmor(data))
    except FormatError as error:
        raise KeyFileError(
            "{path}: {why}",
            hint="{why.hint}" if error.hint else _CONVERT,
            key="key-file" if error.hint else "key-file-format",
            path=shown_file(path),
            why=error,
        ) from None
    return KeyFile(path, public_key, encrypted, data)


_ASK_FOR_IT = "ask the owner of the key for it: `evtool key show --public-key` prints it; save that in a file"


def read_public_key_file(path: Path) -> PublicKey:
    """Read a `.pub` file; its comment is dropped.

    Raises:
        KeyFileError: it cannot be read, or holds no Ed25519 key.
    """
    try:
        data = read_any_file(path, MAX_KEY_FILE)
    except InputError as error:
        raise KeyFileError("{why}", hint=_ASK_FOR_IT, key="public-key-file", why=error) from None
    try:
        return parse_public_key(data)
    except FormatError as error:
        raise KeyFileError(
            "{path}: {why}", hint="{why.hint}", key="key-file", path=shown_file(path), why=error
        ) from None


def parse_public_key(data: bytes) -> PublicKey:
    """Read a public key that somebody brought, whatever their program made of its encoding.

    Raises:
        FormatError: it is no Ed25519 key, or in no encoding of Unicode.
    """
    return parse_public_key_line(read_foreign_text(data, "it", keeps_bytes=True).text)


def unlock(key_file: KeyFile, source: PassphraseSource, name: str | None = None) -> Ed25519PrivateKey:
    """Give the private key of a file, asking for the passphrase only if it needs one.

    A person at a terminal is asked three times. `name` is what to call the key; None for the path of its file.

    Raises:
        KeyFileError: no passphrase, a wrong one, a damaged file, or one that is not a plain Ed25519 key.
    """
    where = shown_file(key_file.path)
    if key_file.public_key.key_type != ED25519:
        raise KeyFileError(
            "{where} belongs to a security key, which only ssh-agent can use",
            hint="run `ssh-add` on it, then name its .pub file as the key",
            key="key-of-security-key",
            ways=(Way.KEY,),
            where=where,
        )
    name = name or f"key {where}"
    for passphrase in _passphrases(key_file, source, name):
        private_key = _try_unlock(key_file, passphrase)
        if private_key:
            break
    else:
        what = "wrong passphrase, or a damaged file" if key_file.encrypted else "the file is damaged"
        raise KeyFileError(
            "{name} cannot be unlocked: {what_en}",
            hint="nobody can recover a forgotten passphrase; `evtool help keys` says what to do",
            key="key-cannot-unlock",
            name=name,
            what_en=what,
        )
    if private_key.public_key().public_bytes_raw() != key_file.public_key.point:
        raise KeyFileError("{where}: its public and private parts do not belong together", key="key-parts", where=where)
    return private_key


def _passphrases(key_file: KeyFile, source: PassphraseSource, name: str) -> Iterator[bytes | None]:
    """Give what to try on a key, in this order."""
    if not key_file.encrypted:
        yield None
    elif isinstance(source, TerminalPassphrase):
        for attempt in range(TRIES):
            yield from source.read(name, new=False, again=attempt > 0).candidates()
    else:
        yield from source.read(name, new=False).candidates()


def lock(private_key: Ed25519PrivateKey, passphrase: Passphrase | None) -> bytes:
    """Give the bytes of a key file, locked with a passphrase or not, that were read again and hold the same key.

    Raises:
        KeyFileError: they cannot be read again.
    """
    data = private_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, _encryption(passphrase))
    try:
        again = load_ssh_private_key(data, passphrase.for_new_key() if passphrase else None)
    except (ValueError, TypeError, InvalidTag) as error:
        raise KeyFileError(
            "the key could not be locked: what would be written cannot be read again", key="key-not-locked"
        ) from error
    if not isinstance(again, Ed25519PrivateKey) or again.private_bytes_raw() != private_key.private_bytes_raw():
        raise KeyFileError("the key could not be locked: another key would be written", key="key-not-locked-other")
    return data


def make_private_key() -> tuple[Ed25519PrivateKey, PublicKey]:
    """Make a new key, in memory."""
    forbid_core_dumps()
    private_key = Ed25519PrivateKey.generate()
    return private_key, PublicKey(ED25519, private_key.public_key().public_bytes_raw())


def create_key_file(path: Path, passphrase: Passphrase | None) -> KeyFile:
    """Make a new key: `path` for its owner alone, and `path.pub` beside it, without any comment.

    Raises:
        KeyFileError: one of the names is taken, or cannot be written; then neither file is left.
    """
    private_key, public_key = make_private_key()
    data = private_key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, _encryption(passphrase))
    create_file(path, data, 0o600)
    try:
        create_file(public_path(path), public_bytes(public_key), 0o644)
    except KeyFileError:
        path.unlink()
        raise
    return KeyFile(path, public_key, passphrase is not None, data)


def public_bytes(public_key: PublicKey) -> bytes:
    """Give the bytes of a `.pub` file."""
    return f"{public_key.line}\n".encode("ascii")


def public_path(path: Path) -> Path:
    """Give the name of the public key file beside a private one."""
    return path.with_name(f"{path.name}.pub")


def _encryption(passphrase: Passphrase | None) -> KeySerializationEncryption:
    if passphrase is None:
        return NoEncryption()
    builder = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(KDF_ROUNDS)
    return builder.build(passphrase.for_new_key())


def _try_unlock(key_file: KeyFile, passphrase: bytes | None) -> Ed25519PrivateKey | None:
    """Give the private key; None if the passphrase is wrong or the file damaged, which look the same."""
    try:
        private_key = load_ssh_private_key(key_file._data, passphrase)
    except (ValueError, TypeError, InvalidTag):
        return None
    except UnsupportedAlgorithm as error:
        raise KeyFileError(
            "{path} is locked with a cipher that is not supported",
            hint="lock it again with ssh-keygen's default: ssh-keygen -p -f FILE",
            key="key-cipher",
            path=shown_file(key_file.path),
        ) from error
    return private_key if isinstance(private_key, Ed25519PrivateKey) else None


def _dearmor(data: bytes) -> bytes:
    text = data.strip()
    if not text.startswith(_BEGIN) or not text.endswith(_END):
        if text.startswith((b"ssh-", b"sk-")):
            raise FormatError(
                "is a public key",
                hint="name it FILE.pub, and ssh-agent signs with its private key",
                key="key-is-public",
            )
        raise FormatError("is not a private key in OpenSSH's format", key="key-not-openssh")
    return decode_base64(b"".join(text[len(_BEGIN) : -len(_END)].split()), "the private key")


def _parse_public_part(blob: bytes) -> tuple[PublicKey, bool]:
    """Read what stands before the locked part: how it is locked, and the public key."""
    reader = Reader(blob, "the private key")
    if reader.take(len(_MAGIC), "magic") != _MAGIC:
        raise FormatError("is not a private key in OpenSSH's format", key="key-not-openssh")
    cipher, kdf, options = reader.text("cipher"), reader.text("KDF"), reader.string("KDF options")
    if kdf == "bcrypt":
        parameters = Reader(options, "the private key")
        parameters.string("salt")
        rounds = parameters.uint32("rounds")
        if rounds > MAX_KDF_ROUNDS:
            raise FormatError(
                "is locked with {rounds} rounds, more than {limit}",
                key="key-rounds",
                rounds=rounds,
                limit=MAX_KDF_ROUNDS,
            )
    if reader.uint32("number of keys") != 1:
        raise FormatError("holds more than one key", key="key-several")
    return parse_public_key_blob(reader.string("public key")), cipher != "none"
