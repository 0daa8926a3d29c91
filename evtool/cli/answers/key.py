"""What is said of an own key."""

from __future__ import annotations

from evtool.keys.own import OwnKey
from evtool.report.key_document import OwnKeyShown

FORGOTTEN = "Nobody can recover a forgotten passphrase: without it the key is lost, and nothing can be signed with it."


def show_own_key(own: OwnKey) -> OwnKeyShown:
    """Give an own key as documents show it."""
    key = own.file.public_key
    return OwnKeyShown(code=own.code, fingerprint=key.fingerprint, public_key=key.line, passphrase=own.file.encrypted)


def say_lock(own: OwnKey) -> str:
    """Say whether a key is locked."""
    return "with passphrase" if own.file.encrypted else "without passphrase"


def render_own_key(own: OwnKey) -> str:
    """Write an own key for a person."""
    key = own.file.public_key
    return f"Key of {own.code}, {say_lock(own)}\n  {key.fingerprint}\n  {key.line}"
