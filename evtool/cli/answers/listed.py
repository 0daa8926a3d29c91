"""Answers about a list that the user keeps: all of it, or one entry of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from evtool.cli.output import Output
from evtool.report.columns import pad
from evtool.report.language import Language, Said

_T = TypeVar("_T")


class UserList(Struct, Generic[_T], frozen=True):
    """How a list of the user's is shown.

    Attributes:
        texts: the table of what is said of it, in each language; with `-label`, that of the labels.
        line: says in one line what an entry says.
        rows: all that an entry says: key of the label, and text.
        document: the JSON document of some entries.
    """

    texts: str
    line: Callable[[Language, _T], str]
    rows: Callable[[Language, _T], Iterable[tuple[str, str]]]
    document: Callable[[Sequence[_T]], Struct]

    def print_all(self, entries: Mapping[str, _T], output: Output) -> None:
        """Print all entries, one per line."""
        listed = {key: entries[key] for key in sorted(entries)}
        output.document(self.document(list(listed.values())))
        if listed:
            language = output.language
            output.answer("\n".join(f"{key:<16} {self.line(language, entry)}" for key, entry in listed.items()))

    def print_one(self, key: str, entry: _T, output: Output, *, heading: str = "") -> None:
        """Print all that one entry says."""
        output.document(self.document([entry]))
        language = output.language
        rows = ((language.word(f"{self.texts}-label", label), text) for label, text in self.rows(language, entry))
        output.answer("\n".join([heading or key, *(f"  {pad(label, 14)} {text}" for label, text in rows)]))

    def print_added(self, key: str, entry: _T, output: Output) -> None:
        """Print an entry that was added or changed."""
        output.did(output.language.say(f"{self.texts}.added", key=Said(key)))
        self.print_one(key, entry, output)

    def print_removed(self, key: str, entry: _T, output: Output) -> None:
        """Print what an entry said that is gone."""
        say = output.language.say
        output.did(say(f"{self.texts}.removed", key=Said(key)))
        self.print_one(key, entry, output, heading=say(f"{self.texts}.said", key=Said(key)))
