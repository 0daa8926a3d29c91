"""age files locked with a passphrase (C2SP `age.md`: the scrypt recipient, and the payload as a STREAM).

`pyrage` reads and writes such files only as a whole in memory, which a bundle of any size must not need. The format is
small: a file key wrapped by scrypt, a header MAC, and chunks of 64 KiB that are each sealed with ChaCha20-Poly1305
under a counter; the last chunk is marked, so that a file that was cut short cannot pass for a whole one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evtool.core.container.age_header import MAGIC, MAX_WORK_FACTOR, AgeHeader
from evtool.core.errors import FormatError, KeyFileError

CHUNK = 64 * 1024
"""Bytes of plain text in each chunk but the last."""

SALT_SIZE = 16
FILE_KEY_SIZE = 16
NONCE_SIZE = 16
RANDOM_SIZE = SALT_SIZE + FILE_KEY_SIZE + NONCE_SIZE
"""Random bytes that one file takes."""

WORK_FACTOR = 18
"""Work of new files, as age's own default: about a second."""

_TAG = 16
_LABEL = b"age-encryption.org/v1/scrypt"


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(secret)


def _wrapping_key(passphrase: bytes, salt: bytes, factor: int) -> bytes:
    n = 1 << factor
    return hashlib.scrypt(passphrase, salt=_LABEL + salt, n=n, r=8, p=1, dklen=32, maxmem=256 * n * 8 + (1 << 20))


def _encode(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decode(text: str, size: int) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    # Unused bits of the last letter must be zero, so that one value has one spelling.
    if len(data) != size or _encode(data).decode("ascii") != text:
        raise FormatError("the passphrase recipient of the age file is damaged", key="age-passphrase-damaged")
    return data


def _header_mac(file_key: bytes, data: bytes) -> bytes:
    return hmac.digest(_derive(file_key, b"", b"header"), data, "sha256")


def _nonce(counter: int, last: bool) -> bytes:
    return counter.to_bytes(11, "big") + bytes([last])


class PassphraseEncryptor:
    """Encrypts what is written to it; `finish` marks the end, and without it the file cannot be read.

    `random` are RANDOM_SIZE bytes from a good source, used for this file only.
    """

    def __init__(
        self, write: Callable[[bytes], object], passphrase: bytes, random: bytes, *, factor: int = WORK_FACTOR
    ) -> None:
        salt, file_key, nonce = random[:16], random[16:32], random[32:RANDOM_SIZE]
        wrapped = ChaCha20Poly1305(_wrapping_key(passphrase, salt, factor)).encrypt(bytes(12), file_key, None)
        head = MAGIC + b"-> scrypt %s %d\n%s\n---" % (_encode(salt), factor, _encode(wrapped))
        self._write = write
        self._cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
        self._counter = 0
        self._buffer = bytearray()
        write(head + b" " + _encode(_header_mac(file_key, head)) + b"\n" + nonce)

    def write(self, data: bytes, /) -> None:
        """Take plain text; a chunk is sealed when more text follows, as only then it is known not to be the last."""
        view, at = memoryview(data), 0
        while len(self._buffer) + len(view) - at > CHUNK:
            end = at + CHUNK - len(self._buffer)
            self._buffer += view[at:end]
            self._seal(bytes(self._buffer), last=False)
            self._buffer.clear()
            at = end
        self._buffer += view[at:]

    def finish(self) -> None:
        """Seal the last chunk."""
        self._seal(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._write(self._cipher.encrypt(_nonce(self._counter, last), chunk, None))
        self._counter += 1


def decrypt_with_passphrase(
    header: AgeHeader, read: Callable[[int], bytes], candidates: tuple[bytes, ...]
) -> Iterator[bytes]:
    """Yield the plain text, each chunk once it is known to be the one that was written there.

    `read` gives up to so many bytes of what follows the header; none means the end.

    Raises:
        KeyFileError: none of the passphrases is the right one.
        FormatError: the file was changed or cut short.
    """
    stanza = header.stanzas[0]
    salt, factor = _decode(stanza.arguments[0], SALT_SIZE), min(int(stanza.arguments[1]), MAX_WORK_FACTOR)
    wrapped = _decode(stanza.body, FILE_KEY_SIZE + _TAG)
    for passphrase in candidates:
        try:
            file_key = ChaCha20Poly1305(_wrapping_key(passphrase, salt, factor)).decrypt(bytes(12), wrapped, None)
            break
        except InvalidTag:
            continue
    else:
        raise KeyFileError("the passphrase does not open the age file", key="age-passphrase-wrong")
    head, _, mac = header.data[:-1].rpartition(b" ")
    if not hmac.compare_digest(_encode(_header_mac(file_key, head)), mac):
        raise FormatError("the header of the age file was changed", key="age-header-changed")
    yield from _read_stream(file_key, read)


def _read_stream(file_key: bytes, read: Callable[[int], bytes]) -> Iterator[bytes]:
    nonce = _read_full(read, NONCE_SIZE)
    if len(nonce) != NONCE_SIZE:
        raise FormatError("the age file is cut short", key="age-cut")
    cipher = ChaCha20Poly1305(_derive(file_key, nonce, b"payload"))
    sealed = _read_full(read, CHUNK + _TAG)
    counter = 0
    while True:
        following = _read_full(read, CHUNK + _TAG) if len(sealed) == CHUNK + _TAG else b""
        last = not following
        try:
            chunk = cipher.decrypt(_nonce(counter, last), sealed, None)
        except (InvalidTag, ValueError):
            raise FormatError("the age file was changed or cut short", key="age-changed") from None
        # An empty last chunk behind others would be a second spelling of the same text.
        if last and not chunk and counter:
            raise FormatError("the age file ends in an empty chunk, which age does not allow", key="age-empty-chunk")
        if chunk:
            yield chunk
        if last:
            return
        sealed = following
        counter += 1


def _read_full(read: Callable[[int], bytes], size: int) -> bytes:
    data = read(size)
    while len(data) < size and (more := read(size - len(data))):
        data += more
    return data
