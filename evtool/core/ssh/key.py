"""Public keys as OpenSSH writes them: Ed25519, in software or on a security key.

Wire form: RFC 8709, section 4, and OpenSSH's PROTOCOL.u2f for security keys (`sk-`). A key's comment, which is
`user@host` unless somebody cared, is read past and never kept.
"""

from __future__ import annotations

import base64
import hashlib

from msgspec import Struct

from evtool.core.errors import FormatError
from evtool.core.ssh.ed25519 import check_point
from evtool.core.ssh.wire import Reader, decode_base64, put_string
from evtool.core.text.names import is_printable, shown

ED25519 = "ssh-ed25519"
SK_ED25519 = "sk-ssh-ed25519@openssh.com"

_MAX_LINE = 16 * 1024
"""Longest line that is looked at, in characters; an RSA key of 16,384 bits has 2,800."""

_HINT = "use an Ed25519 key: `evtool key new CODE` makes one"


class PublicKey(Struct, frozen=True):
    """An Ed25519 public key; one that exists has passed all checks but lying on the curve.

    Attributes:
        key_type: `ssh-ed25519`, or `sk-ssh-ed25519@openssh.com` for a security key.
        point: the 32 bytes of RFC 8032.
        application: of a security key: what it was enrolled for, `ssh:` as a rule. Empty otherwise.
    """

    key_type: str
    point: bytes
    application: str = ""

    def __post_init__(self) -> None:
        if self.key_type not in (ED25519, SK_ED25519):
            raise _refusal(self.key_type)
        check_point(self.point, "the public key")
        if (self.key_type == SK_ED25519) != bool(self.application):
            raise FormatError(
                "the public key: only a security key has an application, and every one has it", key="key-application"
            )
        if not is_printable(self.application):
            raise FormatError(
                "the public key: the application holds characters that are not printable", key="key-application-text"
            )

    @property
    def blob(self) -> bytes:
        """The key in SSH wire form."""
        application = put_string(self.application) if self.application else b""
        return put_string(self.key_type) + put_string(self.point) + application

    @property
    def fingerprint(self) -> str:
        """`SHA256:` and the SHA-256 of the wire form in base64 without padding, as ssh-keygen -l prints it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode("ascii")
        return "SHA256:" + digest.rstrip("=")

    @property
    def line(self) -> str:
        """The key as in a `.pub` file, without comment and newline."""
        return f"{self.key_type} {base64.b64encode(self.blob).decode('ascii')}"


def parse_public_key_blob(blob: bytes) -> PublicKey:
    """Read a public key in SSH wire form.

    Raises:
        FormatError: it is of another kind, a certificate, weak, or not in its one encoding.
    """
    reader = Reader(blob, "public key")
    key_type = reader.text("key type")
    if key_type not in (ED25519, SK_ED25519):
        raise _refusal(key_type)
    point = reader.string("point")
    application = reader.text("application") if key_type == SK_ED25519 else ""
    reader.finish()
    return PublicKey(key_type, point, application)


def parse_public_key_line(text: str) -> PublicKey:
    """Read the one line of a `.pub` file; the comment after the key is dropped.

    Raises:
        FormatError: there is not exactly one key, or it is not an Ed25519 key that `PublicKey` takes.
    """
    if "PRIVATE KEY" in text:
        raise FormatError(
            "this is a private key, not a public one",
            hint="give the .pub file; never give away the private key",
            key="key-private",
        )
    lines = [line for line in text.split("\n") if line.strip()]
    if len(text) > _MAX_LINE or len(lines) != 1:
        raise FormatError("not a public key: expected one line, `ssh-ed25519 AAAA...`", key="key-not-one-line")
    fields = lines[0].split(maxsplit=2)
    if len(fields) < 2:
        raise FormatError("not a public key: expected a key type and the key, `ssh-ed25519 AAAA...`", key="key-no-type")
    if fields[0] not in (ED25519, SK_ED25519):
        raise _refusal(fields[0])
    key = parse_public_key_blob(decode_base64(fields[1].encode("utf-8", "surrogatepass"), "public key"))
    if key.key_type != fields[0]:
        raise FormatError(
            "public key: the line says {stated}, but the key itself says {key_type}",
            key="key-types-differ",
            stated=fields[0],
            key_type=key.key_type,
        )
    return key


def _refusal(key_type: str) -> FormatError:
    if "-cert-v" in key_type:
        return FormatError(
            "this is a certificate; evtool trusts keys, not certificate authorities", hint=_HINT, key="key-certificate"
        )
    return FormatError(
        "key type {key_type} is not supported: only ssh-ed25519 and its sk- form are",
        hint=_HINT,
        key="key-type",
        key_type=shown(key_type, 80),
    )
