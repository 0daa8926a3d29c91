"""Whether a manifest is the one that was signed: what it amounts to, against the entry that seals it."""

from __future__ import annotations

from collections.abc import Iterator

from evtool.core.custody.events import Sealed
from evtool.core.errors import FormatError, InputError
from evtool.core.finding import Words
from evtool.core.manifest.manifest import ManifestSummary, summarize_unread
from evtool.core.text.limits import MAX_LINE, MAX_UNREAD_BYTES, MAX_UNREAD_LINE
from evtool.store.custody import CustodyReader


def compare_with_entry(summary: ManifestSummary, sealed: Sealed) -> tuple[Words, str | Words, str] | None:
    """Compare a manifest with its entry: what differs, expected, found; None if nothing does."""
    if summary.root != sealed.root:
        return Words("root-hash"), sealed.root, summary.root
    if summary.lines != sealed.lines:
        return Words("number-of-lines"), str(sealed.lines), str(summary.lines)
    if summary.withheld_lines == 0 and summary.disclosed_items != sealed.items:
        return Words("number-of-items"), str(sealed.items), str(summary.disclosed_items)
    last = sealed.first_item + sealed.items - 1
    # Beyond it begin the numbers of the next seal; two items under one number could be mistaken for each other.
    if summary.last_item > last:
        return Words("last-item"), str(last), str(summary.last_item)
    # What follows the last disclosed item are the withheld items after it, of two lines at least.
    after = last - max(summary.last_item, sealed.first_item - 1)
    if summary.lines_after < 2 * after or (summary.lines_after > 0) != (after > 0):
        return Words("lines-after"), Words("lines-of-items", count=after), str(summary.lines_after)
    return None


def is_as_signed(custody: CustodyReader, name: str, sealed: Sealed, *, converted: bool = False) -> bool:
    """Tell whether a manifest that cannot be read is still, line for line, the one that was signed.

    `converted` asks whether it would be if its line ends were not CR LF.
    """
    lines = _bounded_lines(custody.read_lines(name, limit=MAX_UNREAD_LINE))
    try:
        summary = summarize_unread((line.removesuffix(b"\r") for line in lines) if converted else lines)
    except (FormatError, InputError):
        return False
    return (summary.root, summary.lines) == (sealed.root, sealed.lines)


def _bounded_lines(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Pass lines on while those that are too long for a manifest keep within what is read of such in all."""
    spare = MAX_UNREAD_BYTES
    for line in lines:
        spare -= len(line) if len(line) > MAX_LINE else 0
        if spare < 0:
            raise FormatError(
                "the lines that are too long have more than {limit:,} bytes",
                key="lines-too-long",
                limit=MAX_UNREAD_BYTES,
            )
        yield line
