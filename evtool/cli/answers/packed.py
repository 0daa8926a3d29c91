"""What came of packing: the answer of `evtool pack` and `evtool prove`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import list_named_items
from evtool.cli.options.common import SigningOptions
from evtool.cli.options.entry import EntryOptions
from evtool.cli.output import Notices, Output
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.text.ranges import name_ranges, ranges_of
from evtool.keys.age_keys import EncryptionKey
from evtool.operations.author import Author
from evtool.operations.bundle.options import Disclosure, PackOptions, PackResult
from evtool.operations.bundle.pack import pack, preview_pack
from evtool.report.bundle_document import LeftOutItem, PackDocument, travels_document
from evtool.report.language import english
from evtool.report.text import format_size
from evtool.report.travels import LISTED, Travels, render_travels

MAX_RANGES = 10
"""How many ranges of items a line names."""


def announce_travels(output: Output, travels: Travels) -> None:
    """Print what goes to the recipient beside the evidence."""
    lines = [
        "What travels with the evidence:",
        *render_travels(english(), travels, None if output.lists_all else LISTED),
        "",
    ]
    output.answer("\n".join(lines))


class Order(Struct, frozen=True):
    """What is to be packed, for whom, and who signs.

    Attributes:
        directory: the collection.
        bundle: the bundle; new.
        disclosure: who receives it, and what for.
        options: which items, and in which form.
        signing: who signs the entry that records it.
        entry: what that entry says.
    """

    directory: str
    bundle: Path
    disclosure: Disclosure
    options: PackOptions
    signing: SigningOptions
    entry: EntryOptions


def preview_bundle(output: Output, order: Order) -> ExitCode:
    """Print what would be packed, and what would travel with it; write nothing, and unlock no key."""
    directory, bundle, options = order.directory, order.bundle, order.options
    signer, header = order.signing.choose(dry_run=True), order.entry.header()
    preview = preview_pack(
        directory, bundle, signer.code, order.disclosure, options, key=signer.public_key, header=header
    )
    recipients = options.recipients
    announce_travels(output, preview.travels)
    lines = [
        f"{shown(str(bundle))}: would be packed; nothing was written",
        f"  {counted(preview.items, 'item')} would be disclosed, {preview.withheld:,} withheld",
        *list_named_items(english(), output, directory, options.where, preview.disclosed),
    ]
    lines += _say_left_out(preview.left_out, "would be left out")
    lines += [f"  condition: {english().say_words(duty)}" for duty in preview.duties]
    lines += [f"  would be encrypted to {key.text}" for key in recipients]
    output.answer("\n".join(lines))
    output.document(
        PackDocument(
            exit_code=ExitCode.OK,
            path=directory,
            bundle=str(bundle),
            entry=None,
            head=None,
            items=preview.items,
            withheld=preview.withheld,
            left_out=tuple(LeftOutItem(item=number, reason=reason) for number, reason in preview.left_out),
            files=0,
            neutral=0,
            size=0,
            duties=tuple(map(english().say_words, preview.duties)),
            encrypted_to=tuple(key.text for key in recipients),
            travels=travels_document(preview.travels),
            dry_run=True,
            leftovers=(),
        )
    )
    return ExitCode.OK


def make_bundle(output: Output, order: Order) -> ExitCode:
    """Pack, and print what was packed; before anything is written, what goes to the recipient beside the evidence."""
    directory, bundle, options = order.directory, order.bundle, order.options
    # Refused before the key is unlocked, not after.
    header = order.entry.header()
    notices = Notices()
    with terminal_progress(output) as progress:
        result = pack(
            directory,
            bundle,
            Author(order.signing.choose(), order.entry.policy(), progress),
            order.disclosure,
            options,
            header=header,
            tell=notices,
            announce=lambda travels: announce_travels(output, travels),
        )
    recipients = options.recipients
    named = list_named_items(english(), output, directory, options.where, result.disclosed)
    output.answer(_render(bundle, result, recipients, named), done=True)
    output.document(
        PackDocument(
            exit_code=ExitCode.OK,
            path=directory,
            bundle=str(bundle),
            entry=result.entry,
            head=result.head,
            items=result.items,
            withheld=result.withheld,
            left_out=tuple(LeftOutItem(item=number, reason=reason) for number, reason in result.left_out),
            files=result.files,
            neutral=len(result.by_number),
            size=result.size,
            duties=tuple(map(english().say_words, result.duties)),
            encrypted_to=tuple(key.text for key in recipients),
            travels=travels_document(result.travels),
            dry_run=False,
            leftovers=tuple(notices.texts),
        )
    )
    return ExitCode.OK


def _say_left_out(left_out: Sequence[tuple[int, str]], how: str) -> list[str]:
    """Say each reason once, with the items that it concerns."""
    by_reason: dict[str, list[int]] = {}
    for number, reason in left_out:
        by_reason.setdefault(reason, []).append(number)
    return [
        f"  {name_ranges(ranges_of(numbers).ranges, MAX_RANGES)} {how}: {reason}"
        for reason, numbers in by_reason.items()
    ]


def _render(bundle: Path, result: PackResult, recipients: tuple[EncryptionKey, ...], named: list[str]) -> str:
    lines = [
        f"{shown(str(bundle))}: packed and verified, entry {result.entry} records it",
        f"  {counted(result.items, 'item')} disclosed, {result.withheld:,} withheld "
        f"({counted(result.files, 'file')}, {format_size(result.size)})",
        *named,
    ]
    lines += _say_left_out(result.left_out, "left out")
    if result.by_number:
        items = name_ranges(ranges_of(result.by_number).ranges, MAX_RANGES)
        lines.append(
            f"  {len(result.by_number):,} of the files go by the number of their item ({items}): that was asked "
            "for, or some systems cannot hold their names"
        )
    if result.like_record:
        lines.append(
            f"  {result.like_record:,} of the items are named custody or like it, which is where the record goes when "
            "the bundle is unpacked: there they go by their number, at least on systems that ignore case"
        )
    lines += [f"  condition: {english().say_words(duty)}" for duty in result.duties]
    lines += [f"  encrypted to {key.text}" for key in recipients]
    lines += head_lines(english(), result.head, "answer.head-for-recipient")
    return "\n".join(lines)
