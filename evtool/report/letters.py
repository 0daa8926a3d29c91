"""Letters to whoever holds what is recalled: a page of plain text, which names no person and no file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from evtool.core.text.ranges import ItemRanges
from evtool.report.columns import fold
from evtool.report.language import Language

WIDTH = 76
"""Columns of a letter: what mail and paper take."""


class LetterReason(NamedTuple):
    """Why items are recalled.

    Attributes:
        why: code of the reason.
        since: the day since which it holds, or None.
        agreement: number of the agreement that has ended, or None.
        items: the items.
    """

    why: str
    since: str | None
    agreement: str | None
    items: ItemRanges


class LetterPart(NamedTuple):
    """What is recalled of one collection.

    Attributes:
        collection: its id.
        reasons: why.
        entries: numbers of the entries that say that the recipient was given it.
    """

    collection: str
    reasons: Sequence[LetterReason]
    entries: Sequence[int]


def render_letter(language: Language, recipient: str, day: str, parts: Sequence[LetterPart]) -> str:
    """Write one letter, dated `day`."""
    say = language.say
    lines = [say("letter.to", recipient=recipient), say("letter.date", day=day), "", say("letter.subject"), ""]
    lines += [fold(say("letter.opening"), 0, WIDTH), ""]
    for collection, reasons, entries in parts:
        given = language.say_ranges(tuple((entry, entry) for entry in entries), "entries")
        lines += [say("letter.collection", collection=collection), f"  {say('letter.given', entries=given)}"]
        for why, since, agreement, items in reasons:
            said = say(
                f"letter.{why}",
                items=language.say_ranges(items.ranges, "items", None),
                since=say("letter.since", day=since) if since else None,
                agreement=agreement,
            )
            lines.append(f"  {fold(said, 2, WIDTH)}")
        lines.append("")
    lines += [fold(say("letter.please"), 0, WIDTH)]
    lines += [f"  {number}. {fold(say(f'letter.please-{number}'), 5, WIDTH)}" for number in range(1, 5)]
    return "\n".join([*lines, "", fold(say("letter.end"), 0, WIDTH), ""])
