"""Answers about a list that the user keeps: all of it, or one entry of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from evtool.cli.output import Output

_T = TypeVar("_T")


class UserList(Struct, Generic[_T], frozen=True):
    """How a list of the user's is shown.

    Attributes:
        name: what it is called: `your list of recipients`.
        line: says in one line what an entry says.
        rows: all that an entry says: label and text.
        document: the JSON document of some entries.
    """

    name: str
    line: Callable[[_T], str]
    rows: Callable[[_T], Iterable[tuple[str, str]]]
    document: Callable[[Sequence[_T]], Struct]

    def print_all(self, entries: Mapping[str, _T], output: Output) -> None:
        """Print all entries, one per line."""
        listed = {key: entries[key] for key in sorted(entries)}
        output.document(self.document(list(listed.values())))
        if listed:
            output.answer("\n".join(f"{key:<16} {self.line(entry)}" for key, entry in listed.items()))

    def print_one(self, key: str, entry: _T, output: Output, *, heading: str = "") -> None:
        """Print all that one entry says."""
        output.document(self.document([entry]))
        output.answer("\n".join([heading or key, *(f"  {label:<14} {text}" for label, text in self.rows(entry))]))

    def print_added(self, key: str, entry: _T, output: Output) -> None:
        """Print an entry that was added or changed."""
        output.did(f"{key} is in {self.name}")
        self.print_one(key, entry, output)

    def print_removed(self, key: str, entry: _T, output: Output) -> None:
        """Print what an entry said that is gone."""
        gone = f"{key} is no longer in {self.name}"
        output.did(gone)
        self.print_one(key, entry, output, heading=f"{gone}. It said:")
