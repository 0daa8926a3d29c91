"""A client of ssh-agent: lists its Ed25519 keys, and lets it sign (draft-ietf-sshm-ssh-agent, sections 3 and 4).

The private key stays in the agent, or in the security key behind it. The agent is a program of the user, but what it
answers is checked like any input: lengths, types, and by the caller the signature itself.
"""

from __future__ import annotations

import os
import socket
from types import TracebackType
from typing import Self

from msgspec import Struct

from evtool.core.errors import FormatError, KeyFileError, Way
from evtool.core.ssh.key import SK_ED25519, PublicKey, parse_public_key_blob
from evtool.core.ssh.wire import Reader, put_string, put_uint32

MAX_MESSAGE = 256 * 1024
"""Longest answer, in bytes, as in OpenSSH's own agent."""

_MAX_KEYS = 2048
_LIST_SECONDS = 10
_SIGN_SECONDS = 120
"""A person may have to find the security key and touch it, or to confirm the use of a key on the screen."""

_REQUEST_IDENTITIES, _IDENTITIES_ANSWER = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_HINT = "start one with `eval $(ssh-agent)`, add the key with `ssh-add FILE`"


class AgentSignature(Struct, frozen=True):
    """What the agent answers: R and S, and of a security key its flags and counter. Not verified."""

    raw: bytes
    flags: int | None = None
    counter: int | None = None


class Agent:
    """A connection to the ssh-agent that SSH_AUTH_SOCK names; used in a `with` block."""

    def __init__(self) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise KeyFileError(
                "this Python cannot reach ssh-agent: it has no Unix sockets",
                hint="use a key file",
                key="agent-no-sockets",
                ways=(Way.KEY,),
            )
        path = os.environ.get("SSH_AUTH_SOCK")
        if not path:
            raise KeyFileError("there is no ssh-agent: SSH_AUTH_SOCK is not set", hint=_HINT, key="agent-none")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_LIST_SECONDS)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise KeyFileError(
                "ssh-agent cannot be reached: {why_en}",
                hint=_HINT,
                key="agent-unreachable",
                why_en=error.strerror or "no answer",
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def list_keys(self) -> tuple[PublicKey, ...]:
        """Give the Ed25519 keys that the agent holds; others, and all comments, are left out.

        Raises:
            KeyFileError: the agent does not answer as agents do.
        """
        reader = self._ask(bytes([_REQUEST_IDENTITIES]), _IDENTITIES_ANSWER, _LIST_SECONDS)
        try:
            count = reader.uint32("number of keys")
            if count > _MAX_KEYS:
                raise FormatError(
                    "ssh-agent offers {count} keys, more than {limit}",
                    key="agent-many-keys",
                    count=count,
                    limit=_MAX_KEYS,
                )
            blobs = [(reader.string("key"), reader.string("comment"))[0] for _ in range(count)]
            reader.finish()
        except FormatError as error:
            raise KeyFileError.like(error) from None
        return tuple(key for key in map(_parse_key, blobs) if key)

    def sign(self, public_key: PublicKey, data: bytes) -> AgentSignature:
        """Let the agent sign `data` with one of its keys; waits for a touch or a confirmation.

        Raises:
            KeyFileError: the agent refuses, or does not answer as agents do.
        """
        request = bytes([_SIGN_REQUEST]) + put_string(public_key.blob) + put_string(data) + put_uint32(0)
        reader = self._ask(request, _SIGN_RESPONSE, _SIGN_SECONDS)
        try:
            inner = Reader(reader.string("signature"), "the answer of ssh-agent")
            reader.finish()
            if inner.text("algorithm") != public_key.key_type:
                raise FormatError(
                    "the answer of ssh-agent: another algorithm than that of the key", key="agent-other-algorithm"
                )
            raw = inner.string("raw signature")
            flags = counter = None
            if public_key.key_type == SK_ED25519:
                flags, counter = inner.byte("flags"), inner.uint32("counter")
            inner.finish()
        except FormatError as error:
            raise KeyFileError.like(error) from None
        return AgentSignature(raw, flags, counter)

    def _ask(self, request: bytes, expected: int, seconds: int) -> Reader:
        self._socket.settimeout(seconds)
        try:
            self._socket.sendall(put_string(request))
            size = int.from_bytes(self._receive(4), "big")
            if not 1 <= size <= MAX_MESSAGE:
                raise KeyFileError(
                    "the answer of ssh-agent has {size} bytes, at most {limit} are read",
                    key="agent-answer-long",
                    size=size,
                    limit=MAX_MESSAGE,
                )
            answer = self._receive(size)
        except TimeoutError:
            raise KeyFileError(
                "ssh-agent did not answer within {seconds} seconds",
                hint="it may be waiting for you to touch a security key or to confirm",
                key="agent-silent",
                seconds=seconds,
            ) from None
        except OSError as error:
            raise KeyFileError("ssh-agent: {why.strerror}", key="agent-error", why=error) from error
        if answer[0] != expected:
            raise KeyFileError(
                "ssh-agent refused",
                hint="the key is no longer in it, it is locked, or somebody refused the use",
                key="agent-refused",
            )
        return Reader(answer, "the answer of ssh-agent", 1)

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise KeyFileError("ssh-agent closed the connection in the middle of an answer", key="agent-closed")
            data += piece
        return bytes(data)


def _parse_key(blob: bytes) -> PublicKey | None:
    try:
        return parse_public_key_blob(blob)
    except FormatError:
        return None
