"""Files that other systems wrote beside the evidence, told by their names and their first bytes."""

from __future__ import annotations

import os
import stat

from evtool.core.container.companions import START_SIZE, Companion, find_companion
from evtool.scan.tree import Tree


def read_companion(tree: Tree, directory: bytes, name: bytes) -> Companion | None:
    """Give what a file is, if it is a companion by its name and its bytes; None for everything else."""
    companion = find_companion(name)
    if companion is None:
        return None
    try:
        if companion.beside is not None:
            tree.stat(directory, companion.beside)
        descriptor = tree.open_file(directory, name)
    except OSError:
        return None
    try:
        facts = os.fstat(descriptor)
        start = os.read(descriptor, START_SIZE) if stat.S_ISREG(facts.st_mode) else b""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return companion if stat.S_ISREG(facts.st_mode) and companion.matches(start, facts.st_size) else None
