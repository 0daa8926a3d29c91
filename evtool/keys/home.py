"""Where the user's keys and trust live on this machine."""

from __future__ import annotations

import os
from pathlib import Path

from evtool.core.errors import InputError, UsageError
from evtool.core.text.names import shown
from evtool.keys.files import make_private_directory, shown_file

HOME_VARIABLE = "EVTOOL_HOME"
"""The variable that moves keys, trust and configuration elsewhere."""


def check_full_path(variable: str, path: str) -> str:
    """Give the path that a variable of the environment holds.

    A variable goes along into every folder. With a path that begins in the current one, a folder that somebody else
    packed would say whose keys are trusted.

    Raises:
        UsageError: it begins in the current directory.
    """
    if not Path(path).is_absolute():
        raise UsageError(
            "{name}: {path} is not a full path",
            hint="write it out, such as {full}: else the folder that you are in would decide",
            key="no-full-path",
            name=variable,
            path=shown(path),
            full=shown(os.path.abspath(path)),
        )
    return path


def home_directory() -> Path:
    """Give the directory of keys and trust: EVTOOL_HOME, or the platform's folder for configuration.

    That is `~/.config/evtool` on Linux, `~/Library/Application Support/evtool` on macOS and
    `%LOCALAPPDATA%\\evtool` on Windows. Nothing is created.

    Raises:
        UsageError: EVTOOL_HOME names something else than a directory, or no full path.
    """
    given = os.environ.get(HOME_VARIABLE)
    if given:
        home = Path(check_full_path(HOME_VARIABLE, given))
        if not home.is_dir() and os.path.lexists(home):
            # Else every file in it would seem not to be there: nobody would be trusted, for no reason that is told.
            raise UsageError(
                "{name}: {path} is not a directory", key="home-no-directory", name=HOME_VARIABLE, path=shown(given)
            )
        return home
    # Start-up time: it imports the machinery of temporary files and of four forms of compression.
    import platformdirs

    return platformdirs.user_config_path("evtool", appauthor=False)


def keys_directory(home: Path) -> Path:
    """Give the directory of the user's own keys: `CODE` and `CODE.pub` for each."""
    return home / "keys"


def trust_file(home: Path) -> Path:
    """Give the file of the keys that the user trusts."""
    return home / "allowed_signers"


def recipients_file(home: Path) -> Path:
    """Give the file of the user's recipients."""
    return home / "recipients.toml"


def agreements_file(home: Path) -> Path:
    """Give the file of the user's agreements."""
    return home / "agreements.toml"


def is_there(file: Path) -> bool:
    """Tell whether there is something in the place of a file, whatever it is.

    Raises:
        InputError: nobody can tell; a list that cannot be looked at is not one that is not there.
    """
    try:
        os.lstat(file)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise InputError("{path}: {why.strerror}", key="cannot-read", path=shown_file(file), why=error) from error
    return True


def make_home(home: Path) -> None:
    """Create what is missing of the directories, readable by nobody else.

    Raises:
        KeyFileError: one exists in which others may write.
    """
    make_private_directory(home)
    make_private_directory(keys_directory(home))
