"""The text files of a BagIt 1.0 bag (RFC 8493), as evtool writes them and reads them back.

Everything here has one spelling: what is parsed and serialized again gives the same bytes, and a text for which it does
not is refused. Bags of other programs are read by `evtool.interop.foreign_bag`, which takes what the RFC allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from evtool.core.container.payload_names import find_unsafe
from evtool.core.errors import FormatError
from evtool.core.text.digest import check_hex_digest
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown

DECLARATION_FILE = "bagit.txt"
INFO_FILE = "bag-info.txt"
MANIFEST_FILE = "manifest-sha256.txt"
TAG_MANIFEST_FILE = "tagmanifest-sha256.txt"
PAYLOAD_DIRECTORY = "data"

BAG_FILES = frozenset({DECLARATION_FILE, INFO_FILE, MANIFEST_FILE, TAG_MANIFEST_FILE})
"""The files that make a directory a bag, and the lists over it."""

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""The whole of `bagit.txt` (section 2.1.1)."""

BUNDLE_FORMAT = "evtool-bundle/1"
"""What `bag-info.txt` says under `Evtool-Bundle`: the bag follows `manifests/FORMAT-bundle.md`."""

_INFO = compiled_when_used(
    r"Bag-Software-Agent: evtool ([0-9A-Za-z.+-]{1,40})\n"
    r"Evtool-Bundle: ([!-~]{1,40})\n"
    r"External-Identifier: ([0-9a-f]{32})\n"
    r"Payload-Oxum: (0|[1-9][0-9]{0,17})\.(0|[1-9][0-9]{0,11})\n\Z",
    re.ASCII,
)


class BagInfo(Struct, frozen=True):
    """What `bag-info.txt` of a bundle says (section 2.2.2).

    Attributes:
        version: version of evtool that wrote it.
        collection: random id of the collection, 32 hexadecimal digits.
        payload_bytes, payload_files: the Payload-Oxum: sum of sizes, and number of payload files.
    """

    version: str
    collection: str
    payload_bytes: int
    payload_files: int

    def serialize(self) -> bytes:
        """Write the file. It holds no date: that of the hand-over stands in the signed entry."""
        return (
            f"Bag-Software-Agent: evtool {self.version}\n"
            f"Evtool-Bundle: {BUNDLE_FORMAT}\n"
            f"External-Identifier: {self.collection}\n"
            f"Payload-Oxum: {self.payload_bytes}.{self.payload_files}\n"
        ).encode("ascii")


def parse_info(data: bytes) -> BagInfo:
    """Read the `bag-info.txt` of a bundle.

    Raises:
        FormatError: it is not as `BagInfo.serialize` writes it, or of another format.
    """
    try:
        match = _INFO.match(data.decode("ascii"))
    except UnicodeDecodeError:
        match = None
    if match is None:
        raise FormatError(
            f"{INFO_FILE} does not come from an evtool bundle",
            hint="to check and seal a bag from another program, use `evtool import bag`",
        )
    if match[2] != BUNDLE_FORMAT:
        raise FormatError(f"the bundle is in format {shown(match[2])}, this version reads {BUNDLE_FORMAT}")
    return BagInfo(match[1], match[3], int(match[4]), int(match[5]))


class ManifestLine(Struct, frozen=True):
    """One line of a manifest: a path relative to the bag, and the SHA-256 of that file (sections 2.1.3 and 2.2.1)."""

    path: str
    sha256: str

    def serialize(self) -> bytes:
        """Write the line, with its newline; two spaces, so that `sha256sum -c` reads it too."""
        return f"{self.sha256}  {self.path}\n".encode()


def parse_manifest(lines: Iterable[bytes], name: str) -> Iterator[ManifestLine]:
    """Read a payload or tag manifest of a bundle, whose lines come without their newlines.

    Paths are plain (`find_unsafe`), so none is percent-encoded, and ascend by their bytes, so none appears twice.

    Raises:
        FormatError: with the number of the line.
    """
    before = b""
    for number, line in enumerate(lines, start=1):
        where = f"{name}: line {number}"
        digest, gap, path = line[:64], line[64:66], line[66:]
        if gap != b"  " or not path:
            raise FormatError(f"{where} is not a digest, two spaces and a path")
        if path <= before:
            raise FormatError(f"{where}: the path appears twice or is out of order")
        try:
            check_hex_digest(digest.decode("ascii"), "the digest")
            text = path.decode("utf-8")
        except UnicodeDecodeError:
            raise FormatError(f"{where} is not text") from None
        except FormatError as error:
            raise FormatError(f"{where}: {error.message}") from None
        if reason := find_unsafe(text):
            raise FormatError(f"{where}: the path {shown(text)} is not safe: {reason}")
        before = path
        yield ManifestLine(text, digest.decode("ascii"))
