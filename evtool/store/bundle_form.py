"""Whether something is a bundle, or a sealed directory: decided by the record, never by what the evidence looks like.

Evidence can itself be a bag, or somebody else's bundle. But the lists of a bundle cover the record, so that no record
can hold the digest of its own bundle's lists: a list that is sealed is evidence.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from evtool.core.container.bagit import DECLARATION_FILE, MANIFEST_FILE, TAG_MANIFEST_FILE
from evtool.core.errors import EvtoolError, FormatError
from evtool.core.text.digest import sha256_hex
from evtool.core.text.expressions import compiled_when_used
from evtool.core.text.names import shown
from evtool.scan.tree import Tree, TreeLocation
from evtool.store.custody import CustodyDirectory, CustodyReader
from evtool.store.custody_names import NAME, RECORD, FileRole, file_name

if TYPE_CHECKING:
    from evtool.store.zip_bundle import ZipBundle

_LISTED_ENTRY = compiled_when_used(rb"([0-9a-f]{64})  custody/([0-9]{4}-[a-z-]+\.toml(?:\.sig)?)\r?\Z")
_MAX_LIST = 16 * 1024 * 1024
_MAX_TRIES = 50
"""Listed entries that are compared: a list by a stranger may name any number."""
_MAX_ENTRY_FILE = 64 * 1024
_LINES_AT_ONCE = 4096


def is_bundle_folder(location: TreeLocation) -> bool:
    """Tell whether a directory is a bundle: its tag manifest lists its record, and is not sealed in it."""
    text = _read_list(location)
    entries = list(_listed_entries(text)) if f"  {RECORD}/".encode("ascii") in text else []
    path = os.path.join(location.path, NAME)
    if not entries or not _is_directory(path):
        return False
    with CustodyDirectory(TreeLocation.find(path)) as custody:
        return any(_has_digest(custody, *entry) for entry in entries) and not _seals_any(custody, [sha256_hex(text)])


def require_bundle(container: ZipBundle, place: str) -> None:
    """Refuse a zip that was read and is no bundle; that proves nothing against what it holds.

    Raises:
        FormatError: it is none, with what it is instead.
    """
    lists = [container.tags[name] for name in (MANIFEST_FILE, TAG_MANIFEST_FILE) if name in container.tags]
    if lists and not _seals_any(container.custody, lists):
        return
    if any(name.startswith(f"{RECORD}/") for name in container.tags):
        raise _not_a_bundle(place, "it contains a sealed directory that another program zipped", "the folder")
    # Finder adds a folder of its own to the one that it was given.
    tops = {name.partition("/")[0] for name in container.tags if not name.startswith("__MACOSX/")}
    top = tops.pop() if len(tops) == 1 else ""
    if any(name.startswith(f"{top}/{RECORD}/") for name in container.tags):
        what = "a bundle" if f"{top}/{DECLARATION_FILE}" in container.tags else "a sealed directory"
        where = (
            f"everything is in the folder {shown(top)}/ of the zip, which contains {what} that another program zipped"
        )
        raise _not_a_bundle(place, where, f"the folder {shown(top)}")
    raise FormatError(
        "{place} is not an evtool bundle: it contains no bundle lists and no record",
        hint="evtool verifies an evidence directory, or a bundle as a folder, .zip or .zip.age",
        key="not-a-bundle",
        place=place,
    )


def _not_a_bundle(place: str, what: str, folder: str) -> FormatError:
    return FormatError(
        "{place} is not an evtool bundle: {what_en}",
        hint="unpack it, and run evtool verify on {folder}",
        key="not-a-bundle-but",
        place=place,
        what_en=what,
        folder=folder,
    )


def _read_list(location: TreeLocation) -> bytes:
    with Tree(location) as tree:
        try:
            descriptor = tree.open_file(b"", TAG_MANIFEST_FILE.encode("ascii"))
        except OSError:
            return b""
        with os.fdopen(descriptor, "rb") as file:
            return file.read(_MAX_LIST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _listed_entries(text: bytes) -> Iterator[tuple[str, str]]:
    """Give digest and name of the first entries and signatures that a tag manifest lists."""
    matches = (match for line in text.split(b"\n") if (match := _LISTED_ENTRY.match(line)))
    for _, match in zip(range(_MAX_TRIES), matches, strict=False):
        yield match[1].decode("ascii"), match[2].decode("ascii")


def _has_digest(custody: CustodyReader, digest: str, name: str) -> bool:
    try:
        data = custody.read_file(name, _MAX_ENTRY_FILE)
    except EvtoolError:
        return False
    # A bundle whose line ends were converted on its way is one all the same.
    return digest in (sha256_hex(data), sha256_hex(data.replace(b"\r\n", b"\n")))


def _seals_any(custody: CustodyReader, digests: Iterable[str]) -> bool:
    """Tell whether a manifest of the record holds one of these digests."""
    wanted = [digest.encode("ascii") for digest in digests]
    for sequence, event in custody.list_files().entries:
        name = file_name(sequence, event, FileRole.MANIFEST)
        try:
            for lines in custody.read_blocks(name, _LINES_AT_ONCE):
                text = b"".join(lines)
                if any(digest in text for digest in wanted):
                    return True
        except EvtoolError:
            continue
    return False


def _is_directory(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
