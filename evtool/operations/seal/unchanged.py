"""The last look before a seal counts: what changed since it was read is not what is signed."""

from __future__ import annotations

from evtool.core.manifest.statement import OmissionReason
from evtool.core.text.names import shown, store_name
from evtool.operations.seal.problems import cannot_seal
from evtool.operations.seal.sealing import Sealing
from evtool.operations.seal.surprises import CHANGED_AFTERWARDS, RestlessFiles
from evtool.scan.tree import Tree
from evtool.scan.walk import Found, WalkNotes, join_path


def require_unchanged(sealing: Sealing) -> None:
    """Look at every name and every new file again.

    Raises:
        RestlessFiles: files changed, which is allowed: they are to be named without their content.
        EvidenceError: files changed, came or went.
    """
    again, seen, changed, respelled = WalkNotes(), 0, list[Found](), sealing.respelled.names
    with Tree(sealing.evidence) as tree, Tree(sealing.evidence) as looking:
        for run in sealing.walk_runs(tree, again):
            if respelled:
                run = run._replace(
                    names=[name for name in run.names if join_path(run.directory, name) not in respelled]
                )
            changed += sealing.marks.find_changed(looking, run, seen)
            seen += len(run.names)
    if again.fingerprint != sealing.notes.fingerprint:
        raise cannot_seal(["files appeared, disappeared or changed their type while the directory was read"])
    if changed and OmissionReason.CHANGING in sealing.options.allowed:
        raise RestlessFiles(frozenset(found.path for found in changed))
    if changed:
        raise cannot_seal([f"{shown(store_name(found.path))}: {CHANGED_AFTERWARDS}" for found in changed])
