"""Defaults for directories: what holds for every item below one, as a TOML file that an archivist keeps."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from evtool.core.consent.state import combine_terms
from evtool.core.errors import FormatError
from evtool.core.manifest.archivist_statements import ArchivistStatements, make_context
from evtool.core.manifest.context import parse_user_value
from evtool.core.terms.input import parse_toml_terms
from evtool.core.terms.terms import ConsentTerms
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.names import nfc_key, parse_name, shown
from evtool.core.text.toml import TomlTable, parse_toml

FORMAT = "evtool-defaults/1"

MAX_DEFAULTS = 1024 * 1024
"""Largest file of defaults, in bytes."""

_ALL = "."


class DirectoryDefaults(Struct, frozen=True):
    """What holds below one directory.

    Attributes:
        path: stored name of the directory; empty for the evidence directory itself.
        stated: what is stated about everything in it.
    """

    path: str
    stated: ArchivistStatements

    def covers(self, key: str) -> bool:
        """Tell whether an item is below it; `key` is the item's stored name in Unicode form NFC."""
        return not self.path or key.startswith(nfc_key(self.path) + "/")


class ItemDefaults(Struct, frozen=True):
    """All directories that a file names, outer ones before inner ones."""

    directories: tuple[DirectoryDefaults, ...] = ()

    def find(self, path: str) -> tuple[DirectoryDefaults, ...]:
        """Give the directories that an item is below, outermost first."""
        key = nfc_key(path)
        return tuple(directory for directory in self.directories if directory.covers(key))


def combine(layers: tuple[ArchivistStatements, ...]) -> ArchivistStatements:
    """Put statements together, outermost first: of context the inner one counts, of consent the strictest."""
    context: dict[str, str] = {}
    terms: ConsentTerms | None = None
    for layer in layers:
        context.update(layer.context)
        if layer.terms is not None:
            terms = layer.terms if terms is None else combine_terms(terms, layer.terms)
    return ArchivistStatements(make_context(context), terms)


def parse_defaults(data: bytes) -> ItemDefaults:
    """Read a file of defaults.

    Raises:
        FormatError: it is not TOML, in another format, or states what cannot be stated.
    """
    table = TomlTable(parse_toml(read_foreign_text(data, "the file of defaults").text.encode(), "the file of defaults"))
    found = table.take("format", str)
    if found != FORMAT:
        raise FormatError(
            "the file of defaults is in format {found}, this version reads {format}",
            key="defaults-format",
            found=shown(found),
            format=FORMAT,
        )
    values = table.take("directory", list)
    table.finish()
    directories = [_parse_directory(number, value) for number, value in enumerate(values, start=1)]
    keys = [nfc_key(directory.path) for directory in directories]
    if len(set(keys)) < len(keys):
        raise FormatError("the file of defaults names one directory twice", key="defaults-twice")
    return ItemDefaults(
        tuple(sorted(directories, key=lambda directory: (bool(directory.path), directory.path.count("/"))))
    )


def _parse_directory(number: int, value: Any) -> DirectoryDefaults:
    where = f"directory {number} of the file of defaults"
    if not isinstance(value, dict):
        raise FormatError(
            "{where} is not a table", hint="each begins with [[directory]]", key="defaults-not-table", where=where
        )
    table = TomlTable(value, where)
    path = table.take("path", str)
    try:
        parse_name(path if path != _ALL else "any")
    except FormatError:
        # The path is not repeated: it may hold a name, and nobody has looked for one yet.
        raise FormatError(
            "{where}: path is neither a relative path in its stored form nor {all_of}",
            key="defaults-path",
            where=where,
            all_of=_ALL,
        ) from None
    terms: dict[str, Any] = table.take("consent", dict) if "consent" in table else {}
    if "handling" in terms:
        raise FormatError(
            "{where}: handling belongs beside path, not under consent", key="defaults-handling", where=where
        )
    if "handling" in table:
        terms = {"handling": table.take("handling", str), **terms}
    context = table.take("context", dict) if "context" in table else {}
    table.finish()
    values: dict[str, str] = {}
    for name, text in context.items():
        if not isinstance(text, str):
            raise FormatError("{where}: {name} is not text", key="defaults-not-text", where=where, name=shown(name, 80))
        values[name] = parse_user_value(name, text)
    stated = ArchivistStatements(make_context(values), parse_toml_terms(terms, where) if terms else None)
    return DirectoryDefaults("" if path == _ALL else path, stated)
