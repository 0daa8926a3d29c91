"""Where the user's keys, trust and configuration live."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_config_path


def home_directory() -> Path:
    """Give evtool's home: EVTOOL_HOME if it is set, else the platform's configuration folder; nothing is created."""
    named = os.environ.get("EVTOOL_HOME")
    return Path(named) if named else user_config_path("evtool", appauthor=False)
