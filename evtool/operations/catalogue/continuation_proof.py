"""Proving what continues the record of a bundle: the entries beside it are there, and are those that were registered.

The bundle itself is not opened for it, so no key is needed. The receipt that was signed, or the newest entry that was
registered, is found again by its digest, and every entry beside the bundle is signed and follows the one before. What
came later is not known to the catalogue, and is no damage.
"""

from __future__ import annotations

import os

from evtool.core.custody.chain import EntryFiles, Link, check_link
from evtool.core.custody.receipt import serialize_receipt
from evtool.core.errors import FormatError
from evtool.core.finding import Words
from evtool.core.text.digest import sha256_hex
from evtool.scan.tree import TreeLocation
from evtool.store.custody import CustodyDirectory
from evtool.store.custody_names import FileRole

_DIFFERS = Words("copy-continued")


def find_wrong_continuation(directory: str, collection: str, head: str | None, receipt: str | None) -> Words | None:
    """Tell what is not as registered of a directory that continues a record; None if nothing is.

    `head` is the digest of the newest entry that was registered, `receipt` that of the receipt that was signed.

    Raises:
        InputError, OSError: it cannot be read.
    """
    if not os.path.isdir(directory):
        return Words("copy-continued-gone")
    try:
        with CustodyDirectory(TreeLocation.find(directory)) as custody:
            listing = custody.list_files()
            if listing.lost or any(FileRole.ENTRY not in listing.files[key] for key in listing.entries):
                return _DIFFERS
            files = [
                custody.read_entry(*key, with_details=FileRole.DETAILS in listing.files[key]) for key in listing.entries
            ]
    except FormatError:
        return _DIFFERS
    links = [link for link in map(check_link, files) if link is not None]
    is_whole = len(links) == len(files) and _are_linked(links, files, collection)
    return None if is_whole and _has_registered(links, files, head, receipt) else _DIFFERS


def _are_linked(links: list[Link], files: list[EntryFiles], collection: str) -> bool:
    """Tell whether each entry has all that it names, and follows the one before."""
    if any(link.entry.collection != collection or link.entry.is_withheld for link in links):
        return False
    for before, link in zip(files, links[1:], strict=False):
        previous = link.entry.previous
        if previous is None or (previous.entry, previous.signature) != (
            sha256_hex(before.data),
            sha256_hex(before.signature),
        ):
            return False
    return True


def _has_registered(links: list[Link], files: list[EntryFiles], head: str | None, receipt: str | None) -> bool:
    """Tell whether what the catalogue knows of is there, or all of it is in the bundle itself."""
    if receipt is not None:
        return any(sha256_hex(serialize_receipt(each.data, each.signature)) == receipt for each in files)
    first = links[0].entry.previous if links else None
    return head in {link.head for link in links} or (first is not None and first.entry == head)
