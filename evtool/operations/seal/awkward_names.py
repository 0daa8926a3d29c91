"""Which new names some system cannot hold: they are sealed as they are, and told of."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core.container.payload_names import find_unsafe_names
from evtool.core.text.counts import counted
from evtool.core.text.names import name_some, shown, store_name, store_names

_MOST_NAMED = 20


class AwkwardNames:
    """Counts them, and keeps the first; the rules are those by which a bundle replaces names."""

    def __init__(self) -> None:
        self._count = 0
        self._first: list[str] = []

    def add(self, directory: bytes, names: Sequence[bytes]) -> None:
        """Look at new names in one directory; the path of the directory counts with each of them."""
        found = find_unsafe_names(store_name(directory), store_names(names))
        self._count += len(found)
        for path, why in found[: _MOST_NAMED - len(self._first)]:
            self._first.append(f"{shown(path)} ({why})")

    def note(self) -> str | None:
        """Say what was found; None if every system can hold all names."""
        if not self._count:
            return None
        names = name_some(self._first, self._count)
        return (
            f"{counted(self._count, 'new name')} cannot be kept on every system: {names}; a bundle has such files "
            + ("under their number, and the seal keeps the names")
        )
