"""What came of packing: the answer of `evtool pack` and `evtool prove`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import list_named_items
from evtool.cli.output import Notices, Output
from evtool.cli.progress import terminal_progress
from evtool.core.errors import ExitCode
from evtool.core.ssh.key import PublicKey
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.text.ranges import name_ranges, ranges_of
from evtool.keys.age_keys import EncryptionKey
from evtool.operations.author import Author
from evtool.operations.bundle.pack import Disclosure, PackOptions, PackResult, pack, preview_pack
from evtool.operations.entries.writer import EntryHeader
from evtool.operations.progress import Progress
from evtool.report.bundle_document import LeftOutItem, PackDocument, travels_document
from evtool.report.text import format_size
from evtool.report.travels import LISTED, Travels, render_travels

MAX_RANGES = 10
"""How many ranges of items a line names."""


def announce_travels(output: Output, travels: Travels) -> None:
    """Print what goes to the recipient beside the evidence."""
    lines = ["What travels with the evidence:", *render_travels(travels, None if output.lists_all else LISTED), ""]
    output.answer("\n".join(lines))


def answer_previewed(
    output: Output,
    directory: str,
    bundle: Path,
    who: tuple[str | None, PublicKey | None],
    disclosure: Disclosure,
    options: PackOptions,
    header: EntryHeader,
) -> ExitCode:
    """Print what would be packed; `who` are the code and the key with which it would be signed."""
    agent, key = who
    preview = preview_pack(directory, bundle, agent, disclosure, options, key=key, header=header)
    recipients = options.recipients
    announce_travels(output, preview.travels)
    lines = [
        f"{shown(str(bundle))}: would be packed; nothing was written",
        f"  {counted(preview.items, 'item')} would be disclosed, {preview.withheld:,} withheld",
        *list_named_items(output, directory, options.custody, preview.disclosed),
    ]
    lines += _say_left_out(preview.left_out, "would be left out")
    lines += [f"  condition: {shown(duty)}" for duty in preview.duties]
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
            duties=preview.duties,
            encrypted_to=tuple(key.text for key in recipients),
            travels=travels_document(preview.travels),
            dry_run=True,
            leftovers=(),
        )
    )
    return ExitCode.OK


def make_bundle(
    output: Output,
    directory: str,
    bundle: Path,
    author: Callable[[Progress], Author],
    disclosure: Disclosure,
    options: PackOptions,
    header: EntryHeader,
) -> ExitCode:
    """Pack, and print what was packed; before anything is written, what goes to the recipient beside the evidence."""
    notices = Notices()
    with terminal_progress(output) as progress:
        result = pack(
            directory,
            bundle,
            author(progress),
            disclosure,
            options,
            header=header,
            tell=notices,
            announce=lambda travels: announce_travels(output, travels),
        )
    recipients = options.recipients
    named = list_named_items(output, directory, options.custody, result.disclosed)
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
            neutral=result.neutral,
            size=result.size,
            duties=result.duties,
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
    if result.neutral:
        lines.append(
            f"  {result.neutral:,} of the files go by the number of their item: that was asked for, or other systems "
            "could misread their names"
        )
    if result.like_record:
        lines.append(
            f"  {result.like_record:,} of the items are named custody or like it, which is where the record goes when "
            "the bundle is unpacked: there they go by their number, at least on systems that ignore case"
        )
    lines += [f"  condition: {shown(duty)}" for duty in result.duties]
    lines += [f"  encrypted to {key.text}" for key in recipients]
    lines += head_lines(result.head, "give it to the recipient by phone or another channel")
    return "\n".join(lines)
