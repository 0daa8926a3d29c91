"""Listing what a seal would add, by name only: nothing is read, nothing is written."""

from __future__ import annotations

import os

from evtool.core.text.names import store_name
from evtool.operations.entries.writer import is_inside, read_sound_collection
from evtool.operations.record.collection import Collection
from evtool.operations.seal.exclusions import effective_exclusions
from evtool.operations.seal.options import SealOptions
from evtool.operations.verify.items.free_names import find_new
from evtool.scan.tree import Tree, TreeLocation
from evtool.scan.walk import WalkNotes, walk
from evtool.store.custody import NAME, CustodyDirectory, locate_custody


def list_new_names(path: str | os.PathLike[str], options: SealOptions) -> list[str]:
    """Give the stored names of the items that are not sealed yet, in the order in which they would be numbered.

    Raises:
        InputError: the directory, or the custody directory, cannot be used.
        MismatchError: the record that is there does not hold.
    """
    evidence = TreeLocation.find(os.fspath(path))
    inside = is_inside(evidence, options.custody)
    location = locate_custody(evidence, options.custody)
    if location is None:
        return _names(evidence, None, options, inside=inside)
    with CustodyDirectory(location) as custody:
        return _names(evidence, read_sound_collection(custody), options, inside=inside)


def _names(evidence: TreeLocation, collection: Collection | None, options: SealOptions, *, inside: bool) -> list[str]:
    custody = NAME if inside else None
    exclusions = effective_exclusions(evidence, custody, collection, options)
    with Tree(evidence) as tree:
        founds = walk(tree, custody=custody, exclusions=exclusions, notes=WalkNotes())
        pairs = find_new(collection, evidence, founds)
        return [store_name(found.path) for sealed, found in pairs if sealed is None and found is not None]
