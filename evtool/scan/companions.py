"""Finding the files that other systems wrote into a tree."""

from __future__ import annotations

from evtool.core.container.companions import Companion
from evtool.core.finding import Words
from evtool.core.text.names import store_name
from evtool.scan.litter import read_companion
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind


def describe_companion(tree: Tree, found: Found) -> Words | None:
    """Say who wrote a file that is a companion by its name and its bytes; None for everything else."""
    companion = read_companion(tree, found.directory, found.name) if found.kind is Kind.FILE else None
    if companion is None:
        return None
    return name_companion(companion)


def name_companion(companion: Companion) -> Words:
    """Say who wrote a companion, and beside what."""
    if companion.beside:
        return Words("beside", system=companion.system, beside=store_name(companion.beside))
    return Words("system", system=companion.system)
