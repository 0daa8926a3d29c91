"""Bags of other programs (RFC 8493 and the drafts before it), read as widely as is safe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from evtool.core.errors import FormatError
from evtool.core.names import shown, shown_path
from evtool.interop.checksum_lists import DIGEST_SIZES, Expected, add_expected, safe_path

PAYLOAD = b"data/"

_END = r"(?:\r\n|\n|\r)"
_DECLARATION = re.compile(
    rf"BagIt-Version: *([0-9]{{1,3}})\.([0-9]{{1,3}}) *{_END}"
    rf"Tag-File-Character-Encoding: *([A-Za-z0-9._-]{{1,40}}) *{_END}?\Z"
)
_MANIFEST_NAME = re.compile(r"(tag)?manifest-([a-z0-9-]+)\.txt\Z", re.IGNORECASE)
_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)\Z", re.DOTALL)
_ENCODED = re.compile(r"%(0A|0D|25)", re.IGNORECASE)
_OXUM = re.compile(r"([0-9]{1,19})\.([0-9]{1,12})\Z")
_ENCODINGS = {"utf-8": "utf-8", "us-ascii": "ascii", "ascii": "ascii", "iso-8859-1": "latin-1"}


@dataclass(frozen=True, slots=True)
class ForeignBag:
    """What the texts of a bag say.

    Attributes:
        version: version of BagIt that it declares.
        manifests: names of its manifests and tag manifests.
        files: path relative to the bag -> what the manifests say of it; an empty one is only to be left unlisted.
        octets, streams: the Payload-Oxum, or None where there is none.
    """

    version: tuple[int, int]
    manifests: tuple[str, ...]
    files: dict[bytes, Expected]
    octets: int | None
    streams: int | None


def read_foreign_bag(names: Iterable[str], read: Callable[[str], bytes], exists: Callable[[bytes], bool]) -> ForeignBag:
    """Read a bag; `names` are the files beside its payload, `read` gives one of them, `exists` looks for a path.

    Raises:
        FormatError: it is no bag, is not complete in itself, lists unsafe paths, or has no manifest that is read.
    """
    present = set(names)
    if "bagit.txt" not in present:
        raise FormatError("there is no bagit.txt, so this is no bag")
    version, encoding = _parse_declaration(read("bagit.txt"))
    if "fetch.txt" in present and read("fetch.txt").strip():
        raise FormatError(
            "the bag lists files to be fetched from a network, and is not complete without them",
            hint="complete it with the program that made it, then import it",
        )
    manifests = {name: match for name in sorted(present) if (match := _MANIFEST_NAME.match(name))}
    payload_lists = [name for name, match in manifests.items() if not match[1]]
    if not payload_lists:
        raise FormatError("the bag has no payload manifest")
    files: dict[bytes, Expected] = {}
    listed: dict[str, set[bytes]] = {}
    for name, match in manifests.items():
        algorithm = match[2].lower().replace("-", "")
        if algorithm not in DIGEST_SIZES:
            raise FormatError(f"{shown(name)}: digests of this algorithm are not read")
        listed[name] = set()
        text = _decode(read(name), encoding, name)
        for number, path, digest in _parse_manifest(text, algorithm, name, exists):
            add_expected(files.setdefault(path, Expected()), {algorithm: digest}, None, f"{shown(name)}: line {number}")
            listed[name].add(path)
    _check_lists(version, {name: listed[name] for name in payload_lists})
    octets, streams = (
        _read_oxum(_decode(read("bag-info.txt"), encoding, "bag-info.txt"))
        if ("bag-info.txt" in present)
        else (None, None)
    )
    return ForeignBag(version, tuple(manifests), files, octets, streams)


def _parse_declaration(data: bytes) -> tuple[tuple[int, int], str]:
    try:
        match = _DECLARATION.match(data.decode("utf-8"))
    except UnicodeDecodeError:
        match = None
    if match is None:
        raise FormatError("bagit.txt does not declare a version and an encoding")
    version = int(match[1]), int(match[2])
    if not (0, 93) <= version <= (1, 0):
        raise FormatError(f"the bag declares BagIt {version[0]}.{version[1]}, versions 0.93 to 1.0 are read")
    encoding = _ENCODINGS.get(match[3].lower())
    if encoding is None:
        raise FormatError(f"the texts of the bag are in {shown(match[3])}, which is not read")
    return version, encoding


def _decode(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise FormatError(f"{shown(name)} is not in the encoding that bagit.txt declares") from None


def _parse_manifest(
    text: str, algorithm: str, name: str, exists: Callable[[bytes], bool]
) -> Iterable[tuple[int, bytes, str]]:
    """Read lines that end in LF, CR LF or CR.

    LF, CR and `%` in a path are percent-encoded (RFC 8493, section 2.1.3), but much used programs leave `%` as it is:
    a path that exists as it is spelled is meant as it is spelled.
    """
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if not line:
            continue
        where = f"{shown(name)}: line {number}"
        match = _LINE.match(line)
        if match is None or len(match[1]) != 2 * DIGEST_SIZES[algorithm]:
            raise FormatError(f"{where} is not a {algorithm} digest and a path")
        path = safe_path(match[2].encode("utf-8"), where)
        if "%" in match[2] and not exists(path):
            decoded = _ENCODED.sub(lambda found: chr(int(found[1], 16)), match[2])
            path = safe_path(decoded.encode("utf-8"), where)
        is_payload = path.startswith(PAYLOAD)
        if is_payload == name.lower().startswith("tag"):
            raise FormatError(f"{where}: {shown_path(path)} does not belong in this manifest")
        yield number, path, match[1].lower()


def _check_lists(version: tuple[int, int], lists: Mapping[str, set[bytes]]) -> None:
    """Since version 1.0 every manifest lists the whole payload (RFC 8493, section 2.1.3)."""
    everything = set().union(*lists.values())
    for name, paths in lists.items():
        if version >= (1, 0) and paths != everything:
            example = shown_path(min(everything - paths))
            raise FormatError(f"{shown(name)} does not list {example}, which another manifest of the bag lists")


def _read_oxum(text: str) -> tuple[int | None, int | None]:
    for line in re.split(r"\r\n|\n|\r", text):
        label, _, value = line.partition(":")
        if label.strip().lower() == "payload-oxum":
            match = _OXUM.match(value.strip())
            if match is None:
                raise FormatError("bag-info.txt: the Payload-Oxum is not two numbers with a dot between them")
            return int(match[1]), int(match[2])
    return None, None
