"""The files of a custody directory that help a reader and prove nothing."""

from __future__ import annotations

from collections.abc import Sequence

from evtool.core.custody.entry import Entry
from evtool.core.ssh.key import PublicKey
from evtool.core.ssh.signature import NAMESPACE
from evtool.operations.record.record import Record
from evtool.report.custody_readme import EntryLine, render_custody_readme
from evtool.store.custody_names import ALLOWED_SIGNERS, README


def serialize_informational(
    record: Record,
    entry: Entry,
    public_key: PublicKey,
    unlisted: int,
    repeats: Sequence[Sequence[str]] = (),
    *,
    inside: bool,
    is_continued: bool = False,
) -> dict[str, bytes]:
    """Write README.txt and allowed_signers as they are once `entry` is there: name -> content.

    `repeats` are the commands that repeat the check of each time-stamp. `is_continued` tells whether they go into a
    directory that continues the record of a bundle.
    """
    entries = [link.entry for link in record.chain.links] + [entry]
    lines = [EntryLine(entry.stem, entry.agent, entry.sealed is not None) for entry in entries]
    readme = render_custody_readme(lines, inside=inside, is_continued=is_continued, unlisted=unlisted, repeats=repeats)
    keys = [(link.entry.agent, link.public_key) for link in record.chain.links] + [(entry.agent, public_key)]
    # One line for each agent and key, in the order of their first entry.
    claimed = dict.fromkeys(f'{agent} namespaces="{NAMESPACE}" {key.line}\n' for agent, key in keys)
    return {README: readme.encode("utf-8"), ALLOWED_SIGNERS: "".join(claimed).encode("ascii")}
