"""The JSON documents about keys and trust, as types; the schemas in `manifests/` are made from them.

They stand apart from the others so that commands on keys need not load what reads a seal.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class HeldKey(Struct, frozen=True, kw_only=True):
    """A key that ssh-agent holds.

    Attributes:
        fingerprint: `SHA256:` and the digest of the key in base64.
        public_key: the key in OpenSSH's one-line form, without a comment.
    """

    fingerprint: str
    public_key: str


class OwnKeyShown(Struct, frozen=True, kw_only=True):
    """One of the user's own keys.

    Attributes:
        code: the agent whose key it is.
        fingerprint: `SHA256:` and the digest of the key in base64.
        public_key: the key in OpenSSH's one-line form, without a comment.
        passphrase: whether the key file is locked with a passphrase.
    """

    code: str
    fingerprint: str
    public_key: str
    passphrase: bool


class KeyProblem(Struct, frozen=True, kw_only=True):
    """A key that cannot be read.

    Attributes:
        error: what is wrong.
        hint: what to do next; may be empty.
    """

    error: str
    hint: str


class ToldRecord(Struct, frozen=True, kw_only=True):
    """A record that was told of the next key of an agent, or could not be.

    Attributes:
        path: the directory, as it was named.
        entry: number of the entry `admitted`; null if none was added.
        head: its SHA-256; null if none was added, and in a dry run.
        error: why none was added; null if one was.
        hint: what to do next; may be empty.
    """

    path: str
    entry: int | None = None
    head: str | None = None
    error: str | None = None
    hint: str = ""


class KeysDocument(Struct, frozen=True, kw_only=True):
    """What the commands of `evtool key` print.

    Attributes:
        format: what this document is, and in which version.
        dry_run: of a change: nothing was written; `records` says what would be.
        keys: the user's own keys.
        trusted: of a new key: that the user now trusts it. Null otherwise.
        problems: keys that cannot be read.
        agent_keys: Ed25519 keys that ssh-agent holds, or null if nobody asked.
        old_key: fingerprint of the key that was changed or retired. Null otherwise.
        records: of a changed key: the records that were named, and what came of it. Null otherwise.
    """

    format: Literal["evtool-keys/1"] = "evtool-keys/1"
    dry_run: bool = False
    keys: tuple[OwnKeyShown, ...]
    trusted: bool | None = None
    problems: tuple[KeyProblem, ...] = ()
    agent_keys: tuple[HeldKey, ...] | None = None
    old_key: str | None = None
    records: tuple[ToldRecord, ...] | None = None


class TrustedSigner(Struct, frozen=True, kw_only=True):
    """One line of the user's trust file.

    Attributes:
        line: number of the line.
        agents: patterns of the codes that the key counts for.
        fingerprint: `SHA256:` and the digest of the key in base64.
        public_key: the key in OpenSSH's one-line form, without a comment.
        namespaces: patterns of what it may be used for; null means anything.
        valid_after: the first moment at which it counts; null means from the beginning.
        valid_before: the last moment at which it counts; null means no end.
    """

    line: int
    agents: tuple[str, ...]
    fingerprint: str
    public_key: str
    namespaces: tuple[str, ...] | None
    valid_after: str | None
    valid_before: str | None


class SkippedTrustLine(Struct, frozen=True, kw_only=True):
    """A line of the trust file that trusts nobody.

    Attributes:
        line: number of the line.
        reason: why, as the end of a sentence.
    """

    line: int
    reason: str


class TrustDocument(Struct, frozen=True, kw_only=True):
    """What `evtool trust add`, `list` and `revoke` print.

    Attributes:
        format: what this document is, and in which version.
        signers: the lines that were added, changed or found.
        skipped: lines that trust nobody.
    """

    format: Literal["evtool-trust/1"] = "evtool-trust/1"
    signers: tuple[TrustedSigner, ...]
    skipped: tuple[SkippedTrustLine, ...]
