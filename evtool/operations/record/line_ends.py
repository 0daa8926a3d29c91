"""Line ends that a program converted on the way: git, FTP in text mode, mail. A cause that can be shown is told."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Sequence

from evtool.core.custody.chain import Chain, EntryFiles, check_chain
from evtool.core.errors import EvtoolError
from evtool.core.finding import Code, Effect, Finding, Words
from evtool.core.values import replace
from evtool.scan.tree import Tree, TreeLocation
from evtool.store.custody import CustodyReader

_MAX_TEXT = 16 * 1024 * 1024
"""Bytes of a changed file up to which it is read again."""

_LINES_AT_ONCE = 256


def explain_change(location: TreeLocation, path: bytes, sha256: str) -> Words | None:
    """Say of a changed file that a program converted its line ends, if that is all that changed."""
    data = _read(location, path)
    if b"\n" not in data:
        return None
    unix = data.replace(b"\r\n", b"\n")
    for restored, change in ((unix, "with-lf"), (unix.replace(b"\n", b"\r\n"), "with-crlf")):
        if restored != data and hashlib.sha256(restored).hexdigest() == sha256:
            return Words(change)
    return None


def _read(location: TreeLocation, path: bytes) -> bytes:
    directory, _, name = path.rpartition(b"/")
    try:
        with Tree(location) as tree, os.fdopen(tree.open_file(directory, name), "rb") as file:
            facts = os.fstat(file.fileno())
            return file.read(_MAX_TEXT) if stat.S_ISREG(facts.st_mode) and facts.st_size <= _MAX_TEXT else b""
    except OSError:
        return b""


def excuse_converted(entries: Sequence[EntryFiles], unreadable: Collection[int], chain: Chain) -> Chain:
    """Give a chain; where converted line ends are what is wrong with it, with that in place of what follows from it.

    The entries stay unusable: what was signed are other bytes. But their signatures contradict nothing.
    """
    unix = [
        replace(entry, data=entry.data.replace(b"\r\n", b"\n"), signature=entry.signature.replace(b"\r\n", b"\n"))
        for entry in entries
    ]
    if unix == list(entries):
        return chain
    restored = check_chain(unix, unreadable)
    chain = replace(chain, heads=chain.heads | restored.heads)
    if len(restored.links) <= len(chain.links):
        return chain
    cause = Finding(Code.LINE_ENDS, Effect.UNCHECKED, Words("record", number=len(restored.links)))
    return replace(chain, findings=(*restored.findings, cause))


def is_converted(custody: CustodyReader, name: str, sha256: str) -> bool:
    """Tell whether a file of the record is the signed one but for converted line ends."""
    digest, is_other = hashlib.sha256(), False
    try:
        for lines in custody.read_blocks(name, _LINES_AT_ONCE):
            text = b"".join(lines)
            unix = text.replace(b"\r\n", b"\n")
            digest.update(unix)
            is_other |= unix != text
    except EvtoolError:
        return False
    return is_other and digest.hexdigest() == sha256
