"""The JSON document about what holds for commands before any option is given; its schema is in `manifests/`."""

from __future__ import annotations

from enum import Enum
from typing import Literal

from msgspec import Struct

from evtool.core.errors import ExitCode


class SettingSource(Enum):
    """Where the value of a setting comes from."""

    ENVIRONMENT = "environment"
    """The variable of the setting."""
    LOCALE = "locale"
    """One of the variables LC_ALL, LC_MESSAGES and LANG."""
    HOME = "home"
    """What lies in the home directory of evtool."""
    KEY = "key"
    """The name of the key that the environment names."""
    DEFAULT = "default"
    """Nothing was said, so it is what evtool takes then."""


class Setting(Struct, frozen=True, kw_only=True):
    """What a command takes if no option says otherwise.

    Attributes:
        name: what it is called.
        variable: the variable of the environment that says it, or null if none does.
        option: the option that wins over both, or null if there is none.
        value: what is taken: a path, a code, or a fingerprint; null if there is nothing to take.
        source: where that comes from.
        exists: whether there is something at that path; null if the value is not a path.
        problem: why commands that need it will end with an error, or null.
    """

    name: str
    variable: str | None
    option: str | None
    value: str | None
    source: SettingSource
    exists: bool | None
    problem: str | None


class SettingsDocument(Struct, frozen=True, kw_only=True):
    """What `evtool config` prints.

    Attributes:
        format: what this document is, and in which version.
        exit_code: that of the process.
        settings: what holds, in the order in which it is shown.
    """

    format: Literal["evtool-config/1"] = "evtool-config/1"
    exit_code: ExitCode
    settings: tuple[Setting, ...]
