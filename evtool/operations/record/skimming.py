"""Looking for a few items of a seal, without decoding all of it."""

from __future__ import annotations

import hashlib

from evtool.core.custody.events import Event, Sealed
from evtool.core.errors import EvtoolError
from evtool.core.manifest.manifest import Item
from evtool.core.manifest.skim import Sought, skim_manifest
from evtool.core.text.checksums import serialize_line
from evtool.core.text.names import parse_name
from evtool.operations.record.as_signed import compare_with_entry
from evtool.store.custody import CustodyReader
from evtool.store.custody_names import FileRole, file_name

LEAST_LINES = 10_000
"""Lines from which on a seal is worth it. A shorter one is read in full in no time, and that tells more."""


def is_long(sealed: Sealed) -> bool:
    """Tell whether a seal has so many lines that those which nobody asked for are not decoded."""
    return sealed.lines >= LEAST_LINES


def look_for(custody: CustodyReader, entry: int, sealed: Sealed, sought: Sought) -> tuple[Item, ...] | None:
    """Give the items that are sought in the seal that an entry makes; its manifest and its list are the signed ones.

    None means that the seal has to be read in full: it is short, or something is wrong, which a full reading finds out
    and says.
    """
    if not is_long(sealed):
        return None
    manifest, listed = (file_name(entry, Event.SEALED.value, role) for role in (FileRole.MANIFEST, FileRole.CHECKSUMS))
    try:
        found = skim_manifest(custody.read_pieces(manifest), sealed.first_item, sought)
        if found is None or compare_with_entry(found.summary, sealed) is not None:
            return None
        return found.items if _are_listed(custody, listed, sealed, found.items) else None
    except EvtoolError:
        return None


def _are_listed(custody: CustodyReader, name: str, sealed: Sealed, items: tuple[Item, ...]) -> bool:
    """Tell whether a list of checksums is the signed one, and says of these items what the manifest says."""
    missing = {
        b"\n" + serialize_line(item.number, item.content.digests.sha256, parse_name(item.file.path))
        for item in items
        if item.content.digests and item.file
    }
    keep = max(map(len, missing), default=1) - 1
    hasher, rest = hashlib.sha256(), b""
    for piece in custody.read_chunks(name):
        hasher.update(piece)
        text = rest + piece
        missing -= {line for line in missing if line in text}
        rest = text[-keep:] if keep else b""
    return not missing and hasher.hexdigest() == sealed.checksums
