"""Undoing an entry: what the writer asks before it signs that an earlier entry counts no more."""

from __future__ import annotations

from evtool.core.custody.chain import Link
from evtool.core.custody.events import Event
from evtool.core.custody.undo import Undoing, find_obstacle
from evtool.core.errors import UsageError
from evtool.core.text.names import shown
from evtool.core.text.ranges import ItemRanges, is_about
from evtool.operations.author import Author
from evtool.operations.entries.opening import OpenRecord
from evtool.operations.record.items import read_numbered_items
from evtool.operations.record.opening import require_sound
from evtool.operations.record.record import Record, read_record, with_undone
from evtool.report.language import in_english


def require_undoable(opened: OpenRecord, author: Author, number: int, items: ItemRanges | None) -> None:
    """Refuse to undo an entry if a reader would not take it as undone, or would find two items under one name.

    `items` are those that the entry will name.

    Raises:
        UsageError: so it is.
        MismatchError, InputError: the record fails verification or cannot be read.
    """
    links = opened.record.chain.links
    target = next((link for link in links if link.entry.sequence == number), None)
    if target is None:
        return  # whoever asks for its digest has been told
    undoing = Undoing(opened.next_sequence, author.signer.code, author.signer.public_key.fingerprint, items)
    if (why := find_obstacle(undoing, target, opened.record.houses, opened.record.undone)) is not None:
        raise UsageError(
            "{why}, so nothing was recorded",
            hint="record what is right instead: a new entry of that event, or `corrected` without undoing",
            key="undo-refused",
            why=in_english(why),
        )
    if target.entry.event is not Event.CONSENT_CHANGED:
        _require_names_free(with_undone(read_record(opened.custody), number), target)


def _require_names_free(record: Record, target: Link) -> None:
    """Make sure that the items of an entry that is undone have their names for themselves."""
    entry = target.entry
    concerned: dict[str, int] = {}
    others: dict[str, int] = {}
    for sealed in read_numbered_items(record):
        if sealed.item.file is not None and not record.is_disposed(sealed):
            is_concerned = is_about(entry.items, entry.sequence, sealed.item.number, sealed.seal.number)
            (concerned if is_concerned else others)[sealed.item.file.path] = sealed.item.number
    require_sound(record.record_findings)
    taken = next(((path, item) for path, item in concerned.items() if path in others), None)
    if taken is not None:
        path, item = taken
        raise UsageError(
            "item {item} would have the name {path} again, which item {others} has by now; nothing was recorded",
            hint="rename item {others} first, or say in words what is right: `corrected` without undoing",
            key="undo-name-taken",
            item=item,
            path=shown(path),
            others=others[path],
        )
