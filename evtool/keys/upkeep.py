"""Changing, backing up and ending the user's own keys; no step of it can lose a key.

An old key is never deleted: it is set aside in the folder `_old` of the keys, under a name that is no code, so that it
is not offered for signing any more.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from msgspec import Struct

from evtool.core.errors import KeyFileError, Way
from evtool.core.text.codes import check_code
from evtool.keys.files import create_file, locked, make_private_directory, replace_file, shown_file, sync_directory
from evtool.keys.home import home_directory, keys_directory, make_home
from evtool.keys.keyfile import (
    KeyFile,
    lock,
    make_private_key,
    public_bytes,
    public_path,
    read_backup_file,
    read_key_file,
    unlock,
)
from evtool.keys.own import OwnKey, check_new_code, read_new_passphrase, read_own_key
from evtool.keys.passphrase import Passphrase, PassphraseSource

_OLD = "_old"


class KeyChange(Struct, frozen=True):
    """The key of a code was changed.

    Attributes:
        old: the key up to now, where it was set aside.
        new: the key from now on.
    """

    old: KeyFile
    new: OwnKey


def change_passphrase(
    code: str, old: PassphraseSource, new: PassphraseSource | None, home: Path | None = None
) -> OwnKey:
    """Lock the key of a code with another passphrase, or with none if `new` is None; the key stays the same.

    The file is replaced as a whole, and only after its new bytes were opened again.

    Raises:
        KeyFileError: there is no such key, the passphrase is wrong or the new one too short, or the file cannot be
            written; then the key is as it was.
    """
    own = read_own_key(code, home)
    private_key = unlock(own.file, old, f"key {code}")
    data = lock(private_key, read_new_passphrase(code, new))
    with locked(own.file.path.parent):
        if read_own_key(code, home).file.data != own.file.data:
            raise KeyFileError(
                "the key of {code} was changed meanwhile, and nothing was written",
                key="key-changed-meanwhile",
                code=code,
            )
        replace_file(own.file.path, data, 0o600)
    return read_own_key(code, home)


def back_up(code: str, target: Path, *, unlocked: bool = False, home: Path | None = None) -> OwnKey:
    """Copy the locked key of a code into a new file, and read it again.

    Raises:
        KeyFileError: there is no such key; it is not locked and `unlocked` does not allow that; the file exists,
            cannot be written, or does not hold what was written.
    """
    own = read_own_key(code, home)
    if not own.file.encrypted and not unlocked:
        raise KeyFileError(
            "the key of {code} has no passphrase, so whoever finds the copy could sign; nothing was written",
            hint="`evtool key passphrase {code}` locks it first; or copy it as it is",
            key="key-backup-unlocked",
            ways=(Way.UNLOCKED,),
            code=code,
        )
    create_file(target, own.file.data, 0o600, any_medium=True)
    if read_backup_file(target).data != own.file.data:
        raise KeyFileError(
            "{target} does not hold what was written to it",
            hint="take another medium for the backup",
            key="key-backup-differs",
            target=shown_file(target),
        )
    return own


def check_backup(code: str, backup: Path, source: PassphraseSource, home: Path | None = None) -> KeyFile:
    """Open a backup with its passphrase, and compare it with the key of a code, if there is one.

    Raises:
        KeyFileError: it cannot be read or opened, or holds another key.
    """
    key_file = read_backup_file(backup)
    unlock(key_file, source, f"the backup of key {code}")
    path = keys_directory(home or home_directory()) / check_code(code)
    if os.path.lexists(path) and read_own_key(code, home).file.public_key != key_file.public_key:
        raise KeyFileError(
            "{backup} holds another key than that of {code}",
            key="key-backup-other",
            backup=shown_file(backup),
            code=code,
        )
    return key_file


def restore(code: str, backup: Path, source: PassphraseSource, home: Path | None = None) -> OwnKey:
    """Put a backup in the place of the key of a code that has none, once it was opened with its passphrase.

    Raises:
        KeyFileError: the code has a key; the backup cannot be read or opened; the files cannot be written.
    """
    path = check_new_code(code, home)
    key_file = check_backup(code, backup, source, home)
    make_home(home or home_directory())
    create_file(path, key_file.data, 0o600)
    create_file(public_path(path), public_bytes(key_file.public_key), 0o644)
    return read_own_key(code, home)


def set_aside(code: str, home: Path | None = None) -> KeyFile:
    """Take the key of a code out of use; its files go to the folder of old keys.

    Raises:
        KeyFileError: there is no such key, or the files cannot be written.
    """
    own = read_own_key(code, home)
    with locked(own.file.path.parent):
        old = _copy_aside(code, own.file)
        for path in (public_path(own.file.path), own.file.path):
            path.unlink(missing_ok=True)
        sync_directory(own.file.path.parent)
    return old


def replace_key(code: str, passphrase: Passphrase | None, home: Path | None = None) -> KeyChange:
    """Make the next key of a code; the one up to now is set aside.

    Raises:
        KeyFileError: there is no such key, or the files cannot be written; then the old key is still in its place.
    """
    own = read_own_key(code, home)
    private_key, public_key = make_private_key()
    data = lock(private_key, passphrase)
    with locked(own.file.path.parent):
        old = _copy_aside(code, own.file)
        replace_file(own.file.path, data, 0o600)
        replace_file(public_path(own.file.path), public_bytes(public_key), 0o644)
    return KeyChange(old, read_own_key(code, home))


def old_keys(code: str, home: Path | None = None) -> list[KeyFile]:
    """Give the keys of a code that were set aside, the newest first."""
    folder = _old_folder(home)
    numbers = sorted(_old_numbers(folder, code), reverse=True)
    return [read_key_file(folder / f"{code}.{number}") for number in numbers]


def _old_folder(home: Path | None) -> Path:
    return keys_directory(home or home_directory()) / _OLD


def _old_numbers(folder: Path, code: str) -> list[int]:
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFileError(
            "{folder} cannot be read: {why.strerror}", key="key-folder-unreadable", folder=shown_file(folder), why=error
        ) from error
    found = (re.fullmatch(rf"{re.escape(code)}\.([1-9][0-9]{{0,5}})", name) for name in names)
    return [int(match[1]) for match in found if match]


def _copy_aside(code: str, key_file: KeyFile) -> KeyFile:
    """Copy a key to the folder of old keys; what is there already is the same key of an interrupted run, or stays."""
    folder = key_file.path.parent / _OLD
    make_private_directory(folder)
    numbers = _old_numbers(folder, code)
    path = folder / f"{code}.{max(numbers, default=0) + 1}"
    if numbers and (last := read_key_file(folder / f"{code}.{max(numbers)}")).data == key_file.data:
        return last
    create_file(path, key_file.data, 0o600)
    create_file(public_path(path), public_bytes(key_file.public_key), 0o644)
    return read_key_file(path)
