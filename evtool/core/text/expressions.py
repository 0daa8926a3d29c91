"""Regular expressions that are compiled when they are first used: a run uses few of the two hundred there are."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Expression:
    """Stands for a compiled expression; what is asked of it a second time is as fast as of the expression itself."""

    def __init__(self, *spelled: Any) -> None:
        self._spelled = spelled

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(*self._spelled), name)
        setattr(self, name, value)
        return value


def compiled_when_used(pattern: AnyStr, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[AnyStr]:
    """Give a regular expression that is compiled when it is first used; a mistake in it shows then.

    For expressions of modules, as compiling one takes longer than importing many a module.
    """
    return cast("re.Pattern[AnyStr]", _Expression(pattern, flags))
