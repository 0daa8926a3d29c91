"""Who signs: a key file or ssh-agent, under the code of an agent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec import Struct

from evtool.core.errors import FormatError, KeyFileError, SignatureError, Way
from evtool.core.ssh.key import PublicKey
from evtool.core.ssh.signature import parse_signature, serialize_signature, signed_data, verify_signature
from evtool.core.text.codes import check_code
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.keys.keyfile import KeyFile, read_key_file, read_public_key_file, unlock
from evtool.keys.own import NO_KEY_HINT, OwnKey, list_own_keys, read_own_key
from evtool.keys.passphrase import PassphraseSource, TerminalPassphrase

if TYPE_CHECKING:
    from evtool.keys.agent import Agent


class Signer(Protocol):
    """Signs custody entries.

    Attributes:
        public_key: with which key.
        code: under which code of an agent.
    """

    @property
    def public_key(self) -> PublicKey:
        """The key that signs."""
        ...

    @property
    def code(self) -> str:
        """The code of the agent who signs."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Give the signature file of a message, in the namespace of custody entries, already verified.

        Raises:
            KeyFileError: the key cannot sign, or what it gave does not verify.
        """
        ...


class FileSigner(Struct, frozen=True):
    """Signs with a key file that is unlocked."""

    public_key: PublicKey
    code: str
    _private_key: Ed25519PrivateKey

    def __repr__(self) -> str:
        return f"FileSigner({self.code!r})"

    def sign(self, message: bytes) -> bytes:
        """Sign in this process."""
        raw = self._private_key.sign(signed_data(message))
        return _checked(serialize_signature(self.public_key, raw), message)


class RehearsalSigner(Struct, frozen=True):
    """Tells who would sign, and signs nothing; no passphrase is needed for that."""

    public_key: PublicKey
    code: str

    def sign(self, message: bytes) -> bytes:
        """Give no signature."""
        return b""


class AgentSigner(Struct, frozen=True):
    """Signs with a key in ssh-agent, which may be one on a security key."""

    public_key: PublicKey
    code: str

    def sign(self, message: bytes) -> bytes:
        """Ask ssh-agent, which may wait for a touch."""
        with _open_agent() as agent:
            answer = agent.sign(self.public_key, signed_data(message))
        try:
            armored = serialize_signature(self.public_key, answer.raw, flags=answer.flags, counter=answer.counter)
        except FormatError as error:
            raise KeyFileError("ssh-agent did not sign: {why}", key="agent-no-signature", why=error) from None
        return _checked(armored, message)


def _open_agent() -> Agent:
    # Start-up time: a key file that is read here needs no agent, and no sockets.
    from evtool.keys.agent import Agent

    return Agent()


def sign_as(signer: Signer, code: str) -> Signer:
    """Give the same key to sign under another code, as that of an organisation for which one of its people signs."""
    assert isinstance(signer, FileSigner | AgentSigner | RehearsalSigner)  # noqa: S101  # there are no others
    return replace(signer, code=code)


def choose_signer(
    *, key: str | None, agent_code: str | None, passphrase: PassphraseSource, home: Path | None = None
) -> Signer:
    """Find the key to sign with, and unlock it.

    A locked key that ssh-agent holds as well is used there, so that nobody is asked for its passphrase again, unless
    the caller says where the passphrase comes from.

    Args:
        key: a private key file; a `.pub` file, whose private key is in ssh-agent; or a fingerprint `SHA256:...`, of
            an own key or one in ssh-agent. None: the own key named `agent_code`, or the only own key.
        agent_code: the code to sign under. None: the name of the key file.
        passphrase: asked if the key file is locked.
        home: the directory of own keys, if it is not `home_directory()`.

    Raises:
        FormatError: `agent_code` is not a code.
        KeyFileError: there is no such key, more than one would do, or it cannot be used.
    """
    found = _find_key(key, agent_code, home)
    if found.file is None:
        return AgentSigner(found.public_key, found.code)
    is_asked_for = found.file.encrypted and isinstance(passphrase, TerminalPassphrase)
    if is_asked_for and is_held_by_agent(found.public_key):
        return AgentSigner(found.public_key, found.code)
    return FileSigner(found.public_key, found.code, unlock(found.file, passphrase, f"key {found.code}"))


def choose_rehearsal_signer(*, key: str | None, agent_code: str | None, home: Path | None = None) -> RehearsalSigner:
    """Find who would sign, by the same rules as `choose_signer`, and unlock nothing.

    Raises:
        FormatError, KeyFileError: as `choose_signer`.
    """
    found = _find_key(key, agent_code, home)
    return RehearsalSigner(found.public_key, found.code)


class _FoundKey(Struct, frozen=True):
    """A key that can sign, still locked; `file` is None if only ssh-agent has it."""

    public_key: PublicKey
    code: str
    file: KeyFile | None = None


def _find_key(key: str | None, agent_code: str | None, home: Path | None) -> _FoundKey:
    if agent_code is not None:
        check_code(agent_code)
    if key is None:
        own = read_own_key(agent_code, home) if agent_code else _only_own_key(home)
        return _FoundKey(own.file.public_key, own.code, own.file)
    if key.startswith("SHA256:"):
        return _find_fingerprint(key, agent_code, home)
    path = Path(key)
    if path.suffix == ".pub":
        public_key = read_public_key_file(path)
        with _open_agent() as agent:
            if public_key not in agent.list_keys():
                raise _not_held(public_key.fingerprint)
        return _FoundKey(public_key, agent_code or _code_of(path.stem))
    file = read_key_file(path)
    return _FoundKey(file.public_key, agent_code or _code_of(path.name), file)


def _only_own_key(home: Path | None) -> OwnKey:
    own = list_own_keys(home)
    if len(own.keys) == 1 and not own.problems:
        return own.keys[0]
    if own.keys:
        codes = ", ".join(key.code for key in own.keys)
        raise KeyFileError(
            "you have more than one key: {codes}", hint="choose one", key="several-keys", ways=(Way.AGENT,), codes=codes
        )
    if own.problems:
        raise own.problems[0]
    raise KeyFileError("you have no key to sign with", hint=NO_KEY_HINT, key="no-key")


def _find_fingerprint(fingerprint: str, agent_code: str | None, home: Path | None) -> _FoundKey:
    for own in list_own_keys(home).keys:
        if own.file.public_key.fingerprint == fingerprint:
            return _FoundKey(own.file.public_key, agent_code or own.code, own.file)
    with _open_agent() as agent:
        held = [key for key in agent.list_keys() if key.fingerprint == fingerprint]
    if not held:
        raise _not_held(fingerprint)
    if agent_code is None:
        raise KeyFileError(
            "a key in ssh-agent has no code", hint="give its code", key="agent-key-no-code", ways=(Way.AGENT,)
        )
    return _FoundKey(held[0], agent_code)


def _not_held(fingerprint: str) -> KeyFileError:
    return KeyFileError(
        "the key {fingerprint} is not among your own keys and not in ssh-agent",
        hint="`evtool key list --ssh-agent` shows both; `ssh-add FILE` adds one to ssh-agent",
        key="key-not-found",
        fingerprint=shown(fingerprint, 80),
    )


def is_held_by_agent(public_key: PublicKey) -> bool:
    """Tell whether ssh-agent can be reached, and holds a key."""
    try:
        with _open_agent() as agent:
            return public_key in agent.list_keys()
    except KeyFileError:
        return False


def _code_of(name: str) -> str:
    try:
        return check_code(name)
    except FormatError:
        raise KeyFileError(
            "the name of the key file, {name}, is not a code",
            hint="give the code",
            key="key-file-name",
            ways=(Way.AGENT,),
            name=shown(name, 80),
        ) from None


def _checked(armored: bytes, message: bytes) -> bytes:
    """Verify a signature before anybody gets it: a fault of hardware or of an agent shows now, not in court."""
    try:
        verify_signature(parse_signature(armored), message)
    except (FormatError, SignatureError) as error:
        raise KeyFileError(
            "the key made a signature that fails verification: {why}",
            hint="{why.hint}",
            key="key-bad-signature",
            why=error,
        ) from None
    return armored
