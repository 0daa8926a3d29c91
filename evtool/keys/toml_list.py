"""The user's own lists as TOML files: who may receive what, and under which agreements.

Each has a part `[KIND.NAME]` for each of what it lists. The file may have been written by hand. A change touches the
lines of one part only: everything else stays byte for byte, comments and order included. What was written is read again
before it replaces the file, and has to say of every other part what it said before.
"""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from evtool.core.errors import FormatError, KeyFileError
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.foreign import read_foreign_text
from evtool.core.text.names import shown
from evtool.core.text.toml import TomlTable, parse_toml
from evtool.keys.files import locked, read_any_file, read_own_file, replace_file
from evtool.keys.home import home_directory, is_there, make_home

MAX_LIST_FILE = 1024 * 1024
"""Largest file of a list, in bytes."""

_ANY_HEADER = compiled_when_used(r"[ \t]*\[")
_REMARK = compiled_when_used(r"[ \t]*(#.*)?\Z")

_Part = TypeVar("_Part")


class TomlList(Struct, Generic[_Part], frozen=True):
    """How one of the user's lists is written.

    Attributes:
        kind: what each part begins with, and the command that edits the list.
        what: what messages call the list.
        format: name and version of its format.
        place: where the file is in the user's home for evtool.
        read: makes a part out of its name and its table, and takes every field that it knows.
        spell: writes a part as a table; what is None is left out.
    """

    kind: str
    what: str
    format: str
    place: Callable[[Path], Path]
    read: Callable[[str, TomlTable], _Part]
    spell: Callable[[_Part], Mapping[str, Any]]

    def load(self, path: Path | None = None, home: Path | None = None) -> Mapping[str, _Part] | None:
        """Read a file that the user named, or the user's own; None if there is no such list.

        Raises:
            InputError: the file cannot be read; nobody knows then whether the list is empty.
            KeyFileError: others can change the user's own file.
            FormatError: it is not in the format.
        """
        if path is not None:
            return self._parse_file(path, read_any_file(path, MAX_LIST_FILE))
        own = self.place(home or home_directory())
        return self._parse_file(own, read_own_file(own, MAX_LIST_FILE)) if is_there(own) else None

    def _parse_file(self, path: Path, data: bytes) -> dict[str, _Part]:
        try:
            return self.parse(data)
        except FormatError as error:
            raise FormatError(
                "{path}: {why}",
                hint="{why.hint}" if error.hint else "`evtool help {kind}` explains the file",
                key="file-why" if error.hint else "list-file",
                path=shown(path.name),
                why=error,
                kind=self.kind,
            ) from error

    def parse(self, data: bytes) -> dict[str, _Part]:
        """Read the bytes of a file.

        Raises:
            FormatError: it is not TOML, in another format, or a field is missing, unknown or not what it should be.
        """
        text = read_foreign_text(data, self.what).text
        table = TomlTable(parse_toml(text.encode(), self.what))
        found = table.take("format", str)
        if found != self.format:
            raise FormatError(
                "{what} is in format {found}, this version reads {format}",
                key="list-format",
                what=self.what,
                found=shown(found),
                format=self.format,
            )
        parts = table.take(self.kind, dict) if self.kind in table else {}
        table.finish()
        return {name: self._parse_part(name, value) for name, value in parts.items()}

    def _parse_part(self, name: str, value: object) -> _Part:
        if not isinstance(value, dict):
            raise FormatError(
                "{kind} {name} is not a table",
                hint="it begins with [{kind}.{name}]",
                key="list-no-table",
                kind=self.kind,
                name=shown(name, 80),
            )
        table = TomlTable(value, f"{self.kind} {shown(name, 80)}")
        part = self.read(name, table)
        table.finish()
        return part

    def edit(self, name: str, change: Callable[[_Part | None], _Part], home: Path | None = None) -> _Part:
        """Change one part, or add it at the end of the file; `change` is given what the list says now.

        Raises:
            KeyFileError: the file cannot be written, others can change it, or the lines of the part hold comments.
            FormatError: the file is not in the format.
        """
        home = home or home_directory()
        file = self.place(home)
        make_home(home)
        with locked(home):
            data = read_own_file(file, MAX_LIST_FILE) if is_there(file) else f'format = "{self.format}"\n'.encode()
            before = self._parse_file(file, data)
            part = change(before.get(name))
            block = self._spell_block(name, part)
            text = self._decode(data, file)
            if name in before:
                lines = text.splitlines(keepends=True)
                found = self._find(lines, name, file)
                if found.has_remarks:
                    raise KeyFileError(
                        "{what} has comments among the lines about {name}, which would be lost",
                        hint="change these lines by hand; the list is {place}",
                        key="list-comments",
                        what=self.what,
                        name=shown(name, 80),
                        place=name_place(file),
                    )
                text = "".join([*lines[: found.start], block, *lines[found.end :]])
            else:
                text = f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{block}"
            self._write(file, text, {**before, name: part})
        return part

    def remove(self, name: str, home: Path | None = None) -> None:
        """Take out one part, which the list has.

        Raises:
            KeyFileError: the file cannot be written, or others can change it.
            FormatError: the file is not in the format.
        """
        home = home or home_directory()
        file = self.place(home)
        with locked(home):
            data = read_own_file(file, MAX_LIST_FILE)
            before = self._parse_file(file, data)
            lines = self._decode(data, file).splitlines(keepends=True)
            found = self._find(lines, name, file)
            kept = lines[: found.start - found.blank_before] + lines[found.end :]
            self._write(file, "".join(kept), {other: part for other, part in before.items() if other != name})

    def _decode(self, data: bytes, file: Path) -> str:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._cannot_edit(file) from None

    def _find(self, lines: list[str], name: str, file: Path) -> _Span:
        """Find the lines of a part, which has to begin with one line `[KIND.NAME]`.

        Comments that stand right above the next part belong to that one.
        """
        bare = [line.rstrip("\r\n") for line in lines]
        starts = [at for at, line in enumerate(bare) if self._is_header(line, name)]
        if len(starts) != 1:
            raise self._cannot_edit(file)
        start = starts[0]
        end = next((at for at in range(start + 1, len(bare)) if _ANY_HEADER.match(bare[at])), len(bare))
        while _REMARK.match(bare[end - 1]) and end - 1 > start:
            end -= 1
        blank = int(start > 0 and not bare[start - 1].strip())
        return _Span(start, end, blank, any("#" in line for line in bare[start:end]))

    def _is_header(self, line: str, name: str) -> bool:
        with contextlib.suppress(tomllib.TOMLDecodeError):
            return bool(_ANY_HEADER.match(line)) and tomllib.loads(line) == {self.kind: {name: {}}}
        return False

    def _spell_block(self, name: str, part: _Part) -> str:
        # Start-up time: most commands read lists and write none.
        import tomli_w

        stated = {field: value for field, value in self.spell(part).items() if value is not None}
        return tomli_w.dumps({self.kind: {name: stated}})

    def _write(self, file: Path, text: str, expected: Mapping[str, _Part]) -> None:
        """Replace the file, unless what would be in it does not say exactly what is expected."""
        data = text.encode("utf-8")
        try:
            says = self.parse(data)
        except FormatError:
            says = None
        if says != expected or len(data) > MAX_LIST_FILE:
            raise self._cannot_edit(file)
        replace_file(file, data, 0o600)

    def _cannot_edit(self, file: Path) -> KeyFileError:
        return KeyFileError(
            "{what} is written in a form that this command cannot change without touching the rest",
            hint="change it by hand, with a part [{kind}.NAME] for each; the list is {place}",
            key="list-by-hand",
            what=self.what,
            kind=self.kind,
            place=name_place(file),
        )


def require_lists(part: str, table: TomlTable, fields: Mapping[str, str]) -> None:
    """Check that a part has these lists; `fields` has what each of them may hold.

    Raises:
        FormatError: one is missing; an empty one says something else.
    """
    for name, codes in fields.items():
        if name not in table:
            raise FormatError(
                "{part}.{name} is missing",
                hint='add a line {name} = ["...", "..."]; accepted: {codes}',
                key="list-missing",
                part=part,
                name=name,
                codes=codes,
            )


class _Span(Struct, frozen=True):
    """The lines of one part.

    Attributes:
        start: index of the line with its name.
        end: index after the last line that states something of it.
        blank_before: how many of the lines above it are blank, at most one.
        has_remarks: whether comments stand among them.
    """

    start: int
    end: int
    blank_before: int
    has_remarks: bool


def name_place(file: Path) -> str:
    """Say where a file in the user's home for evtool is, without the path of this machine."""
    if os.environ.get("EVTOOL_HOME"):
        return f"{file.name} in EVTOOL_HOME"
    with contextlib.suppress(ValueError, RuntimeError):
        return f"~/{file.relative_to(Path.home()).as_posix()}"
    return f"{file.name} in the folder of your configuration"
