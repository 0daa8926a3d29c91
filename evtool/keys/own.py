"""The user's own keys: one file for each code, in the `keys` folder of the home directory."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from evtool.core.errors import FormatError, KeyFileError
from evtool.core.text.codes import check_code
from evtool.core.text.names import shown
from evtool.keys.home import home_directory, keys_directory, make_home
from evtool.keys.keyfile import KeyFile, create_key_file, public_path, read_key_file
from evtool.keys.memory import forbid_core_dumps
from evtool.keys.passphrase import Passphrase, PassphraseSource

NO_KEY_HINT = "`evtool key new CODE` makes the key for agent CODE"


class OwnKey(Struct, frozen=True):
    """A key of the user, under its code."""

    code: str
    file: KeyFile


class OwnKeys(Struct, frozen=True):
    """The keys of the user in the order of their codes, and what kept others from being read."""

    keys: tuple[OwnKey, ...]
    problems: tuple[KeyFileError, ...]


def check_new_code(code: str, home: Path | None = None) -> Path:
    """Give the file in which the key of a new code belongs.

    Raises:
        FormatError: it is not a code.
        KeyFileError: there is a key of this code, or its name would be that of another key's public file.
    """
    check_code(code)
    if code.endswith(".pub"):
        raise KeyFileError(
            "{code} cannot be the code of a key: names of public key files end in .pub",
            key="code-ends-in-pub",
            code=code,
        )
    path = keys_directory(home or home_directory()) / code
    for taken in (path, public_path(path)):
        if os.path.lexists(taken):
            raise KeyFileError(
                "{code} already has a key, and it was not overwritten",
                hint="`evtool key show {code}` shows it; `evtool key change {code}` makes the next key of {code}",
                key="key-exists",
                code=code,
            )
    return path


def create_own_key(code: str, source: PassphraseSource | None, home: Path | None = None) -> OwnKey:
    """Make the key of a code; without a passphrase whoever reads the file can sign.

    Raises:
        FormatError: it is not a code.
        KeyFileError: there is one, there is no passphrase, or the files cannot be written.
    """
    path = check_new_code(code, home)
    forbid_core_dumps()
    passphrase = read_new_passphrase(code, source)
    make_home(home or home_directory())
    return OwnKey(code, create_key_file(path, passphrase))


def read_new_passphrase(code: str, source: PassphraseSource | None) -> Passphrase | None:
    """Read what the key of a code is to be locked with; None for a key that is left unlocked.

    Raises:
        KeyFileError: there is none, it is too short, or it is not UTF-8.
    """
    if source is None:
        return None
    passphrase = source.read(f"key {code}", new=True)
    passphrase.require_strength()
    return passphrase


def read_own_key(code: str, home: Path | None = None) -> OwnKey:
    """Read the key of a code, without unlocking it.

    Raises:
        FormatError: it is not a code.
        KeyFileError: there is none, or it cannot be used.
    """
    path = keys_directory(home or home_directory()) / check_code(code)
    if not os.path.lexists(path):
        codes = _codes(path.parent)
        have = f"your keys are {', '.join(codes)}" if codes else "you have no keys yet"
        raise KeyFileError(
            "you have no key for {code}; {have_en}", hint=NO_KEY_HINT, key="no-key-for", code=code, have_en=have
        )
    return OwnKey(code, read_key_file(path))


def list_own_keys(home: Path | None = None) -> OwnKeys:
    """Read all keys of the user, without unlocking them; one that cannot be read hides no other."""
    keys: list[OwnKey] = []
    problems: list[KeyFileError] = []
    for code in _codes(keys_directory(home or home_directory())):
        try:
            keys.append(read_own_key(code, home))
        except KeyFileError as error:
            problems.append(error)
    return OwnKeys(tuple(keys), tuple(problems))


def _codes(directory: Path) -> list[str]:
    """List the names in the keys folder that can be codes; others are not ours to name."""
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFileError(
            "{path} cannot be read: {why.strerror}", key="cannot-read", path=shown(str(directory)), why=error
        ) from error
    return [name for name in names if not name.endswith(".pub") and _is_code(name)]


def _is_code(name: str) -> bool:
    try:
        check_code(name)
    except FormatError:
        return False
    return True
