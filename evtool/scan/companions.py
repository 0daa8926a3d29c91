"""Finding the files that other systems wrote into a tree."""

from __future__ import annotations

from evtool.core.text.names import shown_path
from evtool.scan.litter import read_companion
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind


def describe_companion(tree: Tree, found: Found) -> str | None:
    """Say who wrote a file that is a companion by its name and its bytes; None for everything else."""
    companion = read_companion(tree, found.directory, found.name) if found.kind is Kind.FILE else None
    if companion is None:
        return None
    return f"{companion.system}, beside {shown_path(companion.beside)}" if companion.beside else companion.system
