"""Bags of other programs (RFC 8493 and the drafts before it), read as widely as is safe."""

from __future__ import annotations

import codecs
import ipaddress
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from msgspec import Struct, field

from evtool.core.container.payload_names import find_unsafe
from evtool.core.errors import FormatError
from evtool.core.finding import line_of
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.foreign import not_utf8
from evtool.core.text.names import shown, shown_path
from evtool.interop.expected import DIGEST_SIZES, Expected, add_expected, safe_path

PAYLOAD = b"data/"

_END = r"(?:\r\n|\n|\r)"
_DECLARATION = compiled_when_used(
    rf"BagIt-Version: *([0-9]{{1,3}})\.([0-9]{{1,3}}) *{_END}"
    rf"Tag-File-Character-Encoding: *([A-Za-z0-9._-]{{1,40}}) *{_END}?\Z"
)
_MANIFEST_NAME = compiled_when_used(r"(tag)?manifest-(.+)\.txt\Z", re.IGNORECASE | re.DOTALL)
_LINE = compiled_when_used(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)\Z", re.DOTALL)
_ENCODED = compiled_when_used(r"%(0A|0D|25)", re.IGNORECASE)
_FETCH_LINE = compiled_when_used(r"(\S+)[ \t]+(-|[0-9]{1,19})[ \t]+(.+)\Z", re.DOTALL)
_OXUM = compiled_when_used(r"([0-9]{1,19})\.([0-9]{1,12})\Z")
_ALGORITHMS = {name.replace("_", ""): name for name in DIGEST_SIZES}
"""Names without separators, as RFC 8493 (section 2.4) wants them in the names of manifests -> algorithms."""
_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1", "utf-16": "utf-16"}
_DECLARED = (
    ("BagIt-Version: N.N", re.compile(r"BagIt-Version: *[0-9]{1,3}\.[0-9]{1,3} *\Z")),
    ("Tag-File-Character-Encoding: UTF-8", re.compile(r"Tag-File-Character-Encoding: *[A-Za-z0-9._-]{1,40} *\Z")),
)
"""How the two lines of bagit.txt have to be (RFC 8493, section 2.1.1)."""

_MAX_NOTES = 20


class ForeignBag(Struct, frozen=True):
    """What the texts of a bag say.

    Attributes:
        version: version of BagIt that it declares.
        manifests: names of its manifests and tag manifests.
        files: path relative to the bag -> what the manifests say about it.
        total: bytes and number of the files of the payload, by Payload-Oxum; None if there is none.
        to_fetch: paths that fetch.txt lists; they are in `files` too.
        notes: what is unusual in it and refused by nobody, in sentences that are safe to print.
    """

    version: tuple[int, int]
    manifests: tuple[str, ...]
    files: dict[bytes, Expected]
    total: tuple[int, int] | None
    to_fetch: frozenset[bytes]
    notes: tuple[str, ...] = ()


def read_foreign_bag(names: Iterable[str], read: Callable[[str], bytes], exists: Callable[[bytes], bool]) -> ForeignBag:
    """Read a bag; `names` are the names beside its payload, `read` gives one of them, `exists` looks for a path.

    Whether files are there is not looked at: what fetch.txt lists may have been fetched since.

    Raises:
        FormatError: it is not a bag, lists unsafe paths or nothing at all, or has a manifest that is not read.
    """
    present = set(names)
    if "bagit.txt" not in present:
        raise FormatError("there is no bagit.txt, so this is not a bag", key="bag-no-declaration")
    texts = _Texts(*_parse_declaration(read("bagit.txt")), read, exists)
    manifests = {name: match for name in sorted(present) if (match := _MANIFEST_NAME.match(name))}
    payload_lists = [name for name, match in manifests.items() if not match[1]]
    if not payload_lists:
        raise FormatError("the bag has no payload manifest", key="bag-no-manifest")
    files: dict[bytes, Expected] = {}
    listed: dict[str, set[bytes]] = {}
    for name, match in manifests.items():
        algorithm = _ALGORITHMS.get(re.sub("[-_]", "", match[2].lower()))
        if algorithm is None:
            raise FormatError(
                "{name}: evtool does not read digests of this algorithm", key="bag-algorithm", name=shown(name)
            )
        listed[name] = set()
        for where, path, digest in _parse_manifest(texts, algorithm, name):
            add_expected(files.setdefault(path, Expected()), {algorithm: digest}, None, where)
            if path in listed[name]:
                texts.notes.append(f"{where}: {shown_path(path)} is listed a second time")
            listed[name].add(path)
    # A bag without payload is valid (RFC 8493, section 3); something has to be compared all the same.
    if not files:
        raise FormatError("the manifests list no file, so nothing could be checked", key="bag-empty")
    if not any(listed[name] for name in payload_lists):
        texts.notes.append("the bag has no payload; only its tag files could be checked")
    _check_lists(texts.version, {name: listed[name] for name in payload_lists})
    to_fetch = _read_fetch(texts, files) if "fetch.txt" in present else frozenset()
    total = _read_oxum(texts.lines("bag-info.txt")) if "bag-info.txt" in present else None
    texts.notes.extend(_doubtful_names(files))
    notes = texts.notes[:_MAX_NOTES]
    if len(texts.notes) > _MAX_NOTES:
        notes.append(f"and {len(texts.notes) - _MAX_NOTES:,} more of this kind")
    return ForeignBag(texts.version, tuple(manifests), files, total, to_fetch, tuple(notes))


def _doubtful_names(files: Iterable[bytes]) -> Iterator[str]:
    for path in sorted(files):
        # A percent sign and another Unicode form have rules of their own here.
        name = unicodedata.normalize("NFC", path.decode("utf-8", "surrogateescape")).replace("%", "_")
        if (why := find_unsafe(name)) is not None:
            yield f"{shown_path(path)}: {why}"


class _Texts(Struct, frozen=True):
    """How the texts of one bag are read."""

    version: tuple[int, int]
    encoding: str
    read: Callable[[str], bytes]
    exists: Callable[[bytes], bool]
    notes: list[str] = field(default_factory=list)

    def lines(self, name: str) -> Iterable[tuple[str, str]]:
        """Give the lines that hold something, each with the words that say where it is."""
        data = self.read(name)
        # Only bagit.txt must not begin with a mark (RFC 8493, section 2.1.1).
        unmarked = data.removeprefix(codecs.BOM_UTF8) if self.encoding == "utf-8" else data
        try:
            text = unmarked.decode(self.encoding)
        except UnicodeDecodeError:
            raise FormatError(
                "{name} is not in {encoding}, which bagit.txt declares{why_en}",
                hint="ask for the bag again, made by a program that writes what bagit.txt declares",
                key="bag-not-as-declared",
                name=shown(name),
                encoding=self.encoding.upper(),
                why_en=f": {not_utf8(data, 'it').message}" if self.encoding == "utf-8" else "",
            ) from None
        # Lines end in LF, CR LF or CR; any other separator is part of a name.
        for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
            if line:
                yield line_of(number, file=shown(name)), line

    def path(self, text: str, where: str) -> bytes:
        """Read a path.

        LF, CR and `%` in it are percent-encoded (RFC 8493, section 2.1.3), but much used programs leave `%` as it is:
        a path that exists as it is spelled is meant as it is spelled.
        """
        if text.startswith("./"):
            self.notes.append(f"{where}: the path begins with ./, which BagIt does not ask for")
        path = safe_path(text.encode("utf-8"), where)
        if "%" in text and not self.exists(path):
            decoded = _ENCODED.sub(lambda found: chr(int(found[1], 16)), text)
            path = safe_path(decoded.encode("utf-8"), where)
        return path


def _parse_declaration(data: bytes) -> tuple[tuple[int, int], str]:
    try:
        match = _DECLARATION.match(data.decode("utf-8"))
    except UnicodeDecodeError:
        match = None
    if match is None:
        raise _bad_declaration(data)
    version = int(match[1]), int(match[2])
    if not (0, 93) <= version <= (1, 0):
        raise FormatError(
            "the bag declares BagIt {major}.{minor}, evtool reads versions 0.93 to 1.0",
            key="bag-version",
            major=version[0],
            minor=version[1],
        )
    encoding = _ENCODINGS.get(match[3].lower())
    if encoding is None:
        raise FormatError(
            "the texts of the bag are in {encoding}, which evtool does not read",
            key="bag-encoding",
            encoding=shown(match[3]),
        )
    return version, encoding


_TWO_LINES = "the two lines of bagit.txt are `BagIt-Version: 1.0` and `Tag-File-Character-Encoding: UTF-8`"


def _bad_declaration(data: bytes) -> FormatError:
    """Say which line of bagit.txt is not as the specification has it."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return FormatError(
            "bagit.txt does not declare a version and an encoding: it begins with a byte order "
            "mark, which BagIt does not allow there",
            hint=_TWO_LINES,
            key="bag-declaration-mark",
        )
    lines = re.split(_END, data.decode("utf-8", "replace"))
    for number, (expected, pattern) in enumerate(_DECLARED, start=1):
        found = lines[number - 1] if len(lines) >= number else ""
        if not pattern.match(found):
            return FormatError(
                "bagit.txt does not declare a version and an encoding: line {number} is {found}, expected {expected}",
                hint=_TWO_LINES,
                key="bag-declaration-line",
                number=number,
                found=shown(found, 80),
                expected=expected,
            )
    return FormatError(
        "bagit.txt does not declare a version and an encoding: there is something after its two lines",
        hint=_TWO_LINES,
        key="bag-declaration-rest",
    )


def _parse_manifest(texts: _Texts, algorithm: str, name: str) -> Iterable[tuple[str, bytes, str]]:
    """Give where each line is, its path and its digest."""
    is_tag_manifest = name.lower().startswith("tag")
    for where, line in texts.lines(name):
        match = _LINE.match(line)
        if match is None or len(match[1]) != 2 * DIGEST_SIZES[algorithm]:
            raise FormatError(
                "{where} is not a {algorithm} digest and a path",
                key="foreign-bag-line",
                where=where,
                algorithm=algorithm,
            )
        if "\\" in match[2] and not match[2].startswith("data/"):
            raise FormatError(
                "{where} has backslashes in its path; BagIt wants / (RFC 8493, section 2.1.3)",
                hint="ask for the bag again, or check it against this manifest as a list: `evtool "
                "import list {name} BAG`",
                key="bag-backslash",
                where=where,
                name=shown(name),
            )
        path = texts.path(match[2], where)
        if path.startswith(PAYLOAD) == is_tag_manifest:
            raise FormatError(
                "{where}: {path} does not belong in this manifest",
                key="bag-not-here",
                where=where,
                path=shown_path(path),
            )
        yield where, path, match[1].lower()


def _read_fetch(texts: _Texts, files: dict[bytes, Expected]) -> frozenset[bytes]:
    """Read which files were to be fetched (RFC 8493, section 2.2.3); nothing is ever fetched."""
    paths = set()
    for where, line in texts.lines("fetch.txt"):
        match = _FETCH_LINE.match(line)
        if match is None:
            raise FormatError("{where} is not an address, a length and a path", key="bag-fetch-line", where=where)
        path = texts.path(match[3], where)
        if _is_near(match[1]):
            texts.notes.append(f"{where}: the address is of this computer or its own network, not of the sender")
        if path not in files:
            raise FormatError(
                "{where}: {path} is in no manifest", key="bag-fetch-unlisted", where=where, path=shown_path(path)
            )
        add_expected(files[path], {}, None if match[2] == "-" else int(match[2]), where)
        paths.add(path)
    return frozenset(paths)


def _is_near(address: str) -> bool:
    """Tell whether an address leads to whoever follows it: to a file, to this computer, to a network without a name."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme.lower() == "file" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _check_lists(version: tuple[int, int], lists: Mapping[str, set[bytes]]) -> None:
    """Since version 1.0 every manifest lists the whole payload (RFC 8493, section 2.1.3)."""
    everything = set().union(*lists.values())
    for name, paths in lists.items():
        if version >= (1, 0) and paths != everything:
            example = shown_path(min(everything - paths))
            raise FormatError(
                "{name} does not list {example}, which another manifest of the bag lists",
                key="bag-lists-differ",
                name=shown(name),
                example=example,
            )


def _read_oxum(lines: Iterable[tuple[str, str]]) -> tuple[int, int] | None:
    total = None
    for where, line in lines:
        label, _, value = line.partition(":")
        if label.strip().lower() != "payload-oxum":
            continue
        match = _OXUM.match(value.strip())
        if match is None or total is not None:
            raise FormatError(
                "{where}: the Payload-Oxum must be two numbers with a dot between them, and appear once",
                key="bag-oxum",
                where=where,
            )
        total = int(match[1]), int(match[2])
    return total
