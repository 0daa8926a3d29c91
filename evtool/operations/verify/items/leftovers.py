"""Pairing what is left over: items that were not found, and entries that no item names, may belong together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evtool.core.container.payload_names import parse_neutral_name
from evtool.core.text.names import nfc_key, parse_name, store_name
from evtool.operations.record.record import SealedItem
from evtool.operations.verify.items.judge import path_of
from evtool.scan.walk import Found

Pair = tuple[SealedItem, Found]
"""An item, and what may lie in its place."""


def pair_paths(missing: Sequence[SealedItem], extra: Sequence[Found], gone: Sequence[SealedItem]) -> list[Pair]:
    """Find items whose place another item left, or that a broken manifest states before their turn.

    `gone` are items that were given up, and whose names are those of later items.
    """
    there = {found.sort_key: found for found in extra}
    left = {id(sealed.item) for sealed in gone}
    pairs: list[Pair] = []
    for sealed in missing:
        key = sealed.item.sort_key
        if key in there and id(sealed.item) not in left:
            pairs.append((sealed, there.pop(key)))
    return pairs


def pair_numbers(missing: Sequence[SealedItem], unclaimed: Iterable[Found]) -> list[Pair]:
    """Find items under the name that is made of their number, among what no named item was found under."""
    numbers = {parse_neutral_name(store_name(found.path)): found for found in unclaimed}
    return [(sealed, numbers[sealed.item.number]) for sealed in missing if sealed.item.number in numbers]


def pair_name_forms(missing: Sequence[SealedItem], extra: Sequence[Found]) -> list[Pair]:
    """Find items whose name is spelled with other code points; names that are several items or files are left alone."""
    founds: dict[str, list[Found]] = {}
    for found in extra:
        founds.setdefault(nfc_key(store_name(found.path)), []).append(found)
    items: dict[str, list[SealedItem]] = {}
    for sealed in missing:
        items.setdefault(nfc_key(path_of(sealed)), []).append(sealed)
    return [
        (same_name[0], founds[form][0])
        for form, same_name in items.items()
        if len(same_name) == 1 and len(founds.get(form, ())) == 1
    ]


def find_other_types(missing: Sequence[SealedItem], extra: Sequence[Found]) -> list[tuple[SealedItem, Found | None]]:
    """Find items in whose place something of another type lies; None for a directory that is not empty."""
    there = {found.path: found for found in extra}
    parents: set[bytes] = set()
    for path in there:
        while (path := path.rpartition(b"/")[0]) and path not in parents:
            parents.add(path)
    paths = [(sealed, parse_name(path_of(sealed))) for sealed in missing]
    return [(sealed, there.get(path)) for sealed, path in paths if path in there or path in parents]


def group_by_digests(missing: Sequence[SealedItem]) -> dict[tuple[str, str], list[SealedItem]]:
    """Group items by SHA-256 and BLAKE3 of their bytes. Empty files are all alike and are left alone."""
    groups: dict[tuple[str, str], list[SealedItem]] = {}
    for sealed in missing:
        digests, size = sealed.item.content.digests, sealed.item.content.size
        if digests and size:
            groups.setdefault((digests.sha256, digests.blake3), []).append(sealed)
    return groups
