"""Finding the files that other systems wrote into a tree."""

from __future__ import annotations

import os
import stat

from evtool.core.container.companions import START_SIZE, find_companion
from evtool.core.text.names import shown_path
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, Kind


def describe_companion(tree: Tree, found: Found) -> str | None:
    """Say who wrote a file that is a companion by its name and its bytes; None for everything else."""
    companion = find_companion(found.name) if found.kind is Kind.FILE else None
    if companion is None:
        return None
    try:
        if companion.beside is not None:
            tree.stat(found.directory, companion.beside)
        descriptor = tree.open_file(found.directory, found.name)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        start = os.read(descriptor, START_SIZE) if stat.S_ISREG(facts.st_mode) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(facts.st_mode) or not companion.matches(start, facts.st_size):
        return None
    return f"{companion.system}, beside {shown_path(companion.beside)}" if companion.beside else companion.system
