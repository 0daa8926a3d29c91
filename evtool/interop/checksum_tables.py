"""Lists with named columns: Get-FileHash, FTK Imager, Autopsy, HashMyFiles, and what else says which column is what.

Three layouts are read: separated by commas, semicolons, tabs or bars; in columns of a fixed width, as PowerShell prints
tables; and one line per value, as `Format-List` and the text of HashMyFiles have it. Sizes are not read, as programs
round them; a digest says more.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from evtool.core.errors import FormatError, Way
from evtool.core.finding import line_of
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.interop.checksum_lines import ListedFile
from evtool.interop.expected import CHECKSUM_SIZES, parse_digest

PATH = "path"

_FULL_PATHS = ("fullpath", "path", "filepath", "location", "fullname", "전체경로", "경로", "파일경로")
_NAMES = ("filenames", "filename", "file", "name", "파일이름", "파일명", "이름")
"""Names of columns, in lower case and without blanks and signs; the first that is there is taken."""

_GENERAL = ("hash", "hashvalue", "checksum", "digest", "해시", "해시값")
_ALGORITHM = ("algorithm", "hashalgorithm", "hashtype", "알고리즘")
_PLAIN_NAMES = {name.replace("_", ""): name for name in CHECKSUM_SIZES}
_DIGESTS = {
    plain + ending: name
    for plain, name in _PLAIN_NAMES.items()
    for ending in ("", "hash", "sum", "checksum", "digest", "해시")
}

_RULER = compiled_when_used(r"-+( +-+)+ *\Z")
_FIELD = compiled_when_used(r"(\S[^:]*?) *:(?: (.*))?\Z")
_SEPARATOR = compiled_when_used(r"=+\Z")
_CUT = ("...", "\u2026")

_Row = tuple[str, Mapping[str, str]]
"""Where a row stands, and its cells by the plain name of their column."""


def parse_columns(text: str) -> dict[str, str]:
    """Read what the user says of columns, such as `path=Location,sha256=SHA-256 Hash`: role -> name or number.

    Raises:
        FormatError: it does not say where the paths are, or where a digest is.
    """
    roles: dict[str, str] = {}
    for piece in text.split(","):
        role, equals, column = piece.partition("=")
        role = role.strip().lower().replace("-", "")
        role = PATH if role == PATH else _PLAIN_NAMES.get(role, "")
        if not equals or not column.strip() or not role or role in roles:
            raise FormatError(
                "columns are named like path=Location,sha256=Hash, not {found}",
                key="columns-form",
                found=shown(piece, 80),
            )
        roles[role] = column.strip()
    if PATH not in roles or len(roles) < 2:
        raise FormatError("the columns must say where the path is, and where a digest is", key="columns-both")
    return roles


def parse_rows(text: str, columns: Mapping[str, str] | None = None) -> Iterator[ListedFile]:
    """Read a list with named columns; `columns` is what `parse_columns` gives, or None to go by the usual names.

    A row without any digest is given with none.

    Raises:
        FormatError: no column is understood, or a row is not.
    """
    numbered = columns is not None and all(column.isdecimal() for column in columns.values())
    for index, (where, cells) in enumerate(_layout(text, numbered)):
        try:
            row = _read_row(where, cells, columns)
        except FormatError:
            if numbered and index == 0:
                continue  # columns that go by their numbers may have names all the same
            raise
        yield row


def _layout(text: str, numbered: bool) -> Iterator[_Row]:
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    first = next((line for line in lines if line.strip()), "")
    if any(_RULER.match(line) for line in lines[:10]):
        return _fixed_width(lines)
    field = _FIELD.match(first)
    if _SEPARATOR.match(first) or (field and _plain(field[1]) in _KNOWN):
        return _fields(lines)
    return _separated(text, numbered)


def _separated(text: str, numbered: bool) -> Iterator[_Row]:
    lines = text.split("\n")
    # `Export-Csv` of old writes the type of its objects first, and spreadsheets may write which separator they use.
    skipped = 0
    while skipped < len(lines) and (
        not lines[skipped].strip() or lines[skipped].startswith("#TYPE ") or re.match(r"sep=.\r?\Z", lines[skipped])
    ):
        skipped += 1
    body = "\n".join(lines[skipped:])
    delimiter = max(",;\t|", key=body.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    begin = skipped + 1
    try:
        for values in reader:
            where, begin = line_of(begin), reader.line_num + skipped + 1
            if not any(value.strip() for value in values):
                continue
            if numbered:
                yield where, {str(index): value for index, value in enumerate(values, start=1)}
            elif header is None:
                header = _header(values, where)
            elif len(values) > len(header):
                raise FormatError("{where} has more cells than there are columns", key="table-cells", where=where)
            else:
                yield where, dict(zip(header, values, strict=False))
    except csv.Error:
        raise FormatError(
            "{where} has a quotation mark too many or too few", key="table-quotation", where=line_of(begin)
        ) from None


def _fixed_width(lines: Sequence[str]) -> Iterator[_Row]:
    header: list[str] = []
    starts: list[int] = []
    for number, line in enumerate(lines, start=1):
        following = lines[number] if number < len(lines) else ""
        if _RULER.match(line) or not line.strip():
            continue
        if _RULER.match(following):
            starts = [match.start() for match in re.finditer("-+", following)]
            header = _header(_slice(line, starts), line_of(number))
        elif not header:
            raise FormatError(
                "{where} stands before the names of the columns: {line}",
                key="table-before-header",
                line=shown(line, 80),
                where=line_of(number),
            )
        else:
            values = _slice(line, starts)
            if any(value.endswith(_CUT) for value in values):
                raise FormatError(
                    "{where} was cut off by PowerShell, which shortens tables on the screen",
                    hint="have the list made with `Get-FileHash ... | Export-Csv list.csv -Encoding UTF8`",
                    key="table-powershell",
                    where=line_of(number),
                )
            yield line_of(number), dict(zip(header, values, strict=True))


def _slice(line: str, starts: Sequence[int]) -> list[str]:
    return [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]


def _fields(lines: Sequence[str]) -> Iterator[_Row]:
    cells: dict[str, str] = {}
    begin = 1
    for number, line in enumerate([*lines, ""], start=1):
        match = _FIELD.match(line)
        name = _plain(match[1]) if match else ""
        if cells and (not line.strip() or _SEPARATOR.match(line) or name in cells):
            yield line_of(begin), cells
            cells = {}
        if match:
            begin = begin if cells else number
            cells[name] = (match[2] or "").strip()
        elif line.strip() and not _SEPARATOR.match(line):
            raise FormatError(
                "{where} is not a name and a value: {line}",
                hint="a list that was wrapped on the screen cannot be read; have it made as CSV",
                key="table-field-line",
                line=shown(line, 80),
                where=line_of(number),
            )


def _header(values: Sequence[str], where: str) -> list[str]:
    names = [_plain(value) for value in values]
    used = [name for name in names if name in _KNOWN]
    if len(set(used)) < len(used):
        raise FormatError("{where}: a column appears twice", key="table-column-twice", where=where)
    return names


def _plain(name: str) -> str:
    """Spell the name of a column without case, blanks and signs: `SHA-256 Hash` is `sha256hash`."""
    return "".join(character for character in name.casefold() if character.isalnum())


_KNOWN = frozenset((*_FULL_PATHS, *_NAMES, *_GENERAL, *_ALGORITHM, *_DIGESTS))


def _read_row(where: str, cells: Mapping[str, str], columns: Mapping[str, str] | None) -> ListedFile:
    digests: dict[str, str] = {}
    if columns is not None:
        found = {role: cells.get(column if column.isdecimal() else _plain(column)) for role, column in columns.items()}
        path = found.pop(PATH)
        if path is None or any(value is None for value in found.values()):
            raise _no_column(where, cells, "the list does not have the columns that were named")
        for algorithm, value in found.items():
            digests |= parse_digest(algorithm, value.strip(), where) if value and value.strip() else {}
        return ListedFile(where, path, digests)
    path = _path_of(cells)
    if path is None:
        raise _no_column(where, cells, "no column of the list is known to hold the paths")
    known = [name for name in cells if name in _DIGESTS]
    general = next((name for name in _GENERAL if name in cells), None)
    for name in known:
        if value := cells[name].strip():
            digests |= parse_digest(_DIGESTS[name], value, where)
    if general is not None and (value := cells[general].strip()):
        digests |= parse_digest(_algorithm_of(cells, where), value, where)
    if not known and general is None:
        raise _no_column(where, cells, "no column of the list is known to hold digests")
    return ListedFile(where, path, digests)


def _path_of(cells: Mapping[str, str]) -> str | None:
    """Give the path of a row; some programs write the folder and the name in two columns."""
    full = next((cells[name] for name in _FULL_PATHS if name in cells), None)
    name = next((cells[name] for name in _NAMES if name in cells), None)
    if full is None or name is None:
        return full if name is None else name
    last = re.split(r"[\\/]", full)[-1]
    if last == name or not name:
        return full
    separator = "\\" if "\\" in full else "/"
    return f"{full.rstrip(separator)}{separator}{name}" if full else name


def _algorithm_of(cells: Mapping[str, str], where: str) -> str:
    stated = next((cells[name] for name in _ALGORITHM if name in cells), None)
    if stated is None:
        raise _no_column(where, cells, "the list does not say which algorithm its digests are of")
    algorithm = _PLAIN_NAMES.get(_plain(stated))
    if algorithm is None:
        raise FormatError(
            "{where}: evtool does not read digests of {algorithm}",
            key="list-algorithm-named",
            where=where,
            algorithm=shown(stated, 40),
        )
    return algorithm


def _no_column(where: str, cells: Mapping[str, str], what: str) -> FormatError:
    names = ", ".join(shown(name, 40) for name in list(cells)[:20])
    return FormatError(
        "{what} ({where}; its columns: {names})",
        hint="say which columns hold the path and the digest",
        ways=(Way.COLUMNS,),
        key="list-no-column",
        what=what,
        where=where,
        names=names,
    )
