"""Lists of digests that other programs wrote, and which file below a directory each of their lines means.

Lists are a stranger's: every path has to stay below the directory it is about. How a path is spelled says nothing of
the evidence: lists from Windows have backslashes and drive letters, and may be in the encoding of a country. So a path
is read in another way than it stands only where it is not there as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct, field

from evtool.core.errors import FormatError, Way
from evtool.core.finding import line_of
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.foreign import ForeignText, not_utf8, read_foreign_text
from evtool.core.text.names import shown, shown_path
from evtool.interop.checksum_lines import ListedFile, parse_certutil, parse_hashdeep, parse_sfv, parse_sums
from evtool.interop.checksum_tables import parse_columns, parse_rows
from evtool.interop.expected import Expected, add_expected, is_safe, safe_path

MAX_LINE = 64 * 1024
"""Longest line of a list, in characters."""

SUM_FORMATS = {
    **{"sha256sum": "sha256", "sha512sum": "sha512", "sha384sum": "sha384", "sha224sum": "sha224"},
    **{"sha1sum": "sha1", "md5sum": "md5", "b2sum": "blake2b", "b3sum": "blake3"},
}
"""Name of a format of one digest and one name a line -> the algorithm of lines that do not name one."""

HASHDEEP, SFV, CERTUTIL = "hashdeep", "sfv", "certutil"

TABLE_FORMATS = ("csv", "get-filehash", "ftk", "autopsy", "hashmyfiles")
"""Names of formats whose columns have names: all are read alike."""

FORMATS = (*SUM_FORMATS, HASHDEEP, SFV, CERTUTIL, *TABLE_FORMATS)
"""Names of all formats."""

_DRIVE = compiled_when_used(r"(?:[A-Za-z]:|\\\\[?.]\\|\\\\[^\\/]+\\)")
"""How an absolute path of Windows begins: with a drive, or with the name of another computer."""

_MAX_NAMED = 20


class ListOptions(Struct, frozen=True):
    """How a list is read.

    Attributes:
        format_name: the program that wrote it, one of `FORMATS`; None recognises it where that is certain.
        strip: what is taken off the beginning of every path, as lists may hold paths from where they were made.
        encoding: what the user says of its encoding, or None.
        columns: what the user says of its columns, as `path=Location,sha256=Hash`, or None.
        name: the name of its file, which may say what it is.
    """

    format_name: str | None = None
    strip: str = ""
    encoding: str | None = None
    columns: str | None = None
    name: str = ""


class ForeignList(Struct):
    """What a list says.

    Attributes:
        format_name: the program that wrote it, one of `FORMATS`.
        files: path below the directory -> what the list says of it.
        encoding: how the list is encoded, in words.
        sample: a line as it was read, where the encoding is a guess or was named by the user; else empty.
        has_backslashes: whether backslashes of its paths were read as `/`.
        undigested: as the list spells them, the first files of which it gives no digest.
        undigested_count: how many there are.
    """

    format_name: str
    files: dict[bytes, Expected] = field(default_factory=dict)
    encoding: str = ""
    sample: str = ""
    has_backslashes: bool = False
    undigested: list[str] = field(default_factory=list)
    undigested_count: int = 0


def read_list(data: bytes, options: ListOptions, exists: Callable[[bytes], bool]) -> ForeignList:
    """Read a list; `exists` tells whether a file has this path below the directory.

    Raises:
        FormatError: with the number of the line: it is not in the format, a path leads out of the directory, two lines
            say different things of one file, or the list is in an encoding that has to be named first.
    """
    text = read_foreign_text(data, "the list", encoding=options.encoding, keeps_bytes=True)
    has_bytes = not _is_text(text.text)
    try:
        read = _read(text, options, exists)
    except FormatError:
        if has_bytes:
            raise not_utf8(data, "the list") from None
        raise
    if has_bytes:
        _require_bytes_there(data, read, exists)
    if not read.files:
        raise _names_no_file(read)
    return read


def _is_text(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _require_bytes_there(data: bytes, read: ForeignList, exists: Callable[[bytes], bool]) -> None:
    """Refuse a list that is not UTF-8, unless its names are those of files, byte for byte.

    Raises:
        FormatError: none of them is there, so the encoding of the list says nothing of the evidence.
    """
    strange = [path for path in read.files if not _is_text(path.decode("utf-8", "surrogateescape"))]
    if strange and not any(map(exists, strange)):
        raise not_utf8(data, "the list")


def _names_no_file(read: ForeignList) -> FormatError:
    if read.undigested_count:
        return FormatError("the list gives no digest of any file, so nothing could be checked", key="list-no-digest")
    return FormatError("the list names no file", key="list-no-file")


def _read(text: ForeignText, options: ListOptions, exists: Callable[[bytes], bool]) -> ForeignList:
    said = options.encoding is not None or text.is_guess
    name = options.format_name or ("csv" if options.columns else _recognise(text.text, options.name))
    read = ForeignList(name, encoding=text.encoding, sample=text.sample if said else "")
    for listed in _parse(text.text, name, options.columns):
        if not listed.digests:
            read.undigested_count += 1
            if len(read.undigested) < _MAX_NAMED:
                read.undigested.append(listed.path)
            continue
        path = _place(listed, options.strip, exists, read)
        add_expected(read.files.setdefault(path, Expected()), listed.digests, listed.size, listed.where)
    return read


def _recognise(text: str, file_name: str) -> str:
    """Tell which program wrote a list.

    The length of a digest does not tell its algorithm, and a guess could show a difference where there is none. So
    only what the list says of itself, or its name, counts.

    Raises:
        FormatError: it is not certain.
    """
    lines = [line.strip() for line in text[: 4 * MAX_LINE].split("\n") if line.strip()][:5]
    for name, pattern in _RECOGNISED.items():
        if any(pattern.match(line) for line in lines):
            return name
    if match := _NAMED.search(file_name.lower()):
        return f"{match[1] or match[2] or match[3]}sum"
    if file_name.lower().endswith(".sfv"):
        return SFV
    raise FormatError(
        "it is not certain which program wrote the list, nor of which algorithm its digests are",
        hint="name the program",
        key="list-not-certain",
        ways=(Way.FORMAT,),
    )


_NAMED = compiled_when_used(
    r"(md5|sha1|sha256|sha384|sha512)sums?(?:\.txt|\.asc)?\Z|\.(md5|sha1|sha256|sha384|sha512)\Z|"
    r"manifest-(md5|sha1|sha256|sha384|sha512)\.txt\Z"
)
"""Names of lists by which everybody knows them: SHA256SUMS, photos.md5, and the manifests of bags."""


def _parse(text: str, name: str, columns: str | None) -> Iterator[ListedFile]:
    if columns is not None and name not in TABLE_FORMATS:
        raise FormatError("a list of {name} has no columns to name", key="list-no-columns", name=name)
    if name in TABLE_FORMATS:
        return parse_rows(text, parse_columns(columns) if columns else None)
    lines = list(_lines(text))
    if name in SUM_FORMATS:
        return _explain(parse_sums(lines, SUM_FORMATS[name]), lines)
    if name == HASHDEEP:
        return _explain(parse_hashdeep(lines), lines)
    return parse_sfv(lines) if name == SFV else parse_certutil(lines)


def _lines(text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE:
            raise FormatError(
                "{where} of the list has more than {limit} characters",
                key="list-line-long",
                where=line_of(number),
                limit=MAX_LINE,
            )
        yield line.removesuffix("\r")


_RECOGNISED: Mapping[str, re.Pattern[str]] = {
    CERTUTIL: re.compile(r"[A-Za-z0-9]+ hash of .+:\Z|.+의 .+ 해시:\Z|[A-Za-z0-9]+ 해시\(파일 .+\):\Z|CertUtil: "),
    HASHDEEP: re.compile(r"%%%% HASHDEEP-"),
    "get-filehash": re.compile(r'"?Algorithm"?[,;\t ]+"?Hash"?[,;\t ]|#TYPE .*FileHash'),
    "ftk": re.compile(r'"?MD5"?[,;\t]"?SHA1"?[,;\t]"?FileNames"?'),
    "autopsy": re.compile(r'"?Name"?[,;\t].*"?(?:MD5|SHA-256) Hash"?'),
    "hashmyfiles": re.compile(r"={20,}\Z|Filename +: "),
}
"""Format -> how a line near the beginning of such a list looks."""


def _explain(parsed: Iterator[ListedFile], lines: list[str]) -> Iterator[ListedFile]:
    """Say of a list that is not understood which program it seems to be of."""
    try:
        yield from parsed
    except FormatError as error:
        for name, pattern in _RECOGNISED.items():
            if any(pattern.match(line) for line in lines[:5]):
                raise FormatError(
                    "{why}",
                    hint="this looks like a list of {name}; name that format",
                    key="list-looks-like",
                    ways=(Way.FORMAT,),
                    why=error,
                    name=name,
                ) from None
        raise


def _place(listed: ListedFile, strip: str, exists: Callable[[bytes], bool], read: ForeignList) -> bytes:
    """Find which file a path means: as it stands if that is there, else with `/` for each backslash."""
    where = listed.where
    spelled = _strip(listed.path, strip, where)
    as_it_stands = _encode(spelled.removeprefix("./"))
    if "\\" not in spelled or (is_safe(as_it_stands) and exists(as_it_stands)):
        return safe_path(_encode(spelled), where)
    if _DRIVE.match(spelled):
        raise FormatError(
            "{where}: {path} begins with a drive or a computer of Windows",
            hint="remove the beginning of the paths, up to the folder that this directory is a copy of",
            key="list-drive",
            ways=(Way.STRIP,),
            where=where,
            path=shown(spelled),
        )
    path = safe_path(_encode(spelled.replace("\\", "/")), where)
    read.has_backslashes = True
    return path


def _strip(path: str, strip: str, where: str) -> str:
    """Take the beginning off a path; Windows does not tell large letters from small ones, nor `/` from a backslash."""
    if not strip:
        return path
    rest = None
    if path.startswith(strip):
        rest = path[len(strip) :]
    elif "\\" in strip or "\\" in path or _DRIVE.match(strip):
        head = path[: len(strip)]
        if head.replace("\\", "/").casefold() == strip.replace("\\", "/").casefold():
            rest = path[len(strip) :]
    if rest is None or not (strip.endswith(("/", "\\")) or rest.startswith(("/", "\\"))):
        raise FormatError(
            "{where}: the path {path} does not begin with the part to strip",
            key="list-strip",
            where=where,
            path=shown_path(_encode(path)),
        )
    return rest.lstrip("/\\") if "\\" in strip or "\\" in path else rest.lstrip("/")


def _encode(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")
