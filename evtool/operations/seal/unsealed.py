"""Listing what a seal would add, by name only: nothing is read, nothing is written."""

from __future__ import annotations

import os

from evtool.core.text.names import store_name
from evtool.operations.record.opening import open_evidence
from evtool.operations.seal.exclusions import effective_exclusions
from evtool.operations.seal.options import SealOptions
from evtool.operations.verify.items.free_names import find_new
from evtool.scan.tree import Tree
from evtool.scan.walk import WalkNotes, walk


def list_new_names(path: str | os.PathLike[str], options: SealOptions) -> list[str]:
    """Give the stored names of the items that are not sealed yet, in the order in which they would be numbered.

    Raises:
        InputError: the directory, or the custody directory, cannot be used.
        MismatchError: the record that is there fails verification.
    """
    with open_evidence(path, options.where) as opened, Tree(opened.evidence) as tree:
        exclusions = effective_exclusions(opened.evidence, opened.custody_name, opened.record, options)
        founds = walk(tree, custody_name=opened.custody_name, exclusions=exclusions, notes=WalkNotes())
        pairs = find_new(opened.record, opened.evidence, founds)
        return [store_name(found.path) for sealed, found in pairs if sealed is None and found is not None]
