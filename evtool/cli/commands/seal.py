"""`evtool seal`: hash, state and sign what is new."""

from __future__ import annotations

import sys
from shlex import quote
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from evtool.cli.answers.head import head_lines
from evtool.cli.answers.items import MOST_NAMED
from evtool.cli.answers.left_out import render_left_out
from evtool.cli.answers.marked import marked_lines
from evtool.cli.command import Command, flag, misuse, options_of
from evtool.cli.next_command import next_command
from evtool.cli.options.common import SigningOptions, WorkerOptions, signing_options, workers_options
from evtool.cli.options.entry import EntryOptions, entry_options
from evtool.cli.options.stamp import StampRequestOptions, stamp_options
from evtool.cli.options.statements import StatementOptions, statement_options
from evtool.cli.options.values import ExistingPath
from evtool.cli.output import Output, output_of_work
from evtool.cli.progress import terminal_progress
from evtool.core.custody.privacy import TextPolicy
from evtool.core.errors import EvtoolError, ExitCode, UsageError
from evtool.core.metadata.vocabulary import Failure
from evtool.core.text.counts import counted
from evtool.core.text.names import shown
from evtool.core.text.ranges import name_ranges, ranges_of
from evtool.core.values import replace
from evtool.keys.signer import Signer
from evtool.operations.author import Author
from evtool.operations.seal.metadata import MetadataChoice
from evtool.operations.seal.options import ALLOWABLE, SealOptions, SealResult
from evtool.operations.seal.renamed import MAX_NAMED, RenamedError
from evtool.operations.seal.seal import preview_seal, seal
from evtool.operations.seal.unsealed import list_new_names
from evtool.report.findings import ListedFindings, list_findings
from evtool.report.language import english
from evtool.report.metadata_text import render_summary, render_warnings
from evtool.report.stamp import render_stamping
from evtool.report.text import format_size

if TYPE_CHECKING:
    # It imports the X.509 parts of cryptography, which a seal without time-stamps does not need.
    from evtool.operations.timestamps.add import StampOptions
    from evtool.report.time_document import Stamping

EXAMPLES = """\b
Examples:
  evtool seal interview-0042                  sign with your only key
  evtool seal interview-0042 --dry-run        tell what would be sealed, and
                                              read only what may be missing
  evtool seal /media/disc --custody disc-custody
                                     the record beside a read-only medium
  evtool seal interview-0042 --tsa http://tsa.example/tsr
                                     and have the entry time-stamped
  evtool seal interview-0042 --exclude '*.tmp'
                                     leave files out; recorded in the seal
  evtool seal interview-0042 --renamed
                                     files were renamed: record the new names
  evtool seal interview-0042 --table items.csv
                                     with context and consent of each item
  evtool seal /mnt/archive --scheduler tcp://10.0.0.5:8786
                                     on the machines of a Dask cluster

\b
Exit codes:
  0  sealed, or nothing was new
  1  nothing was sealed, and an item of an earlier seal changed or vanished,
     or the record fails verification
  2  wrong usage
  3  nothing was sealed, and something about the earlier seals is open
  4  nothing was sealed: something could not be read, files seem to have
     been renamed, or somebody else is writing
  6  sealed, and something else is wrong: an item of an earlier seal changed
     or vanished, or fewer authorities than required stamped the new entry

What was sealed before is compared by size and date, and read again where those differ; `evtool verify` reads
everything. An interrupted seal leaves everything as it was; run it again to go on. Only if the new entry was already
signed, and the answer was lost (4) or the wait for a time-stamp interrupted (130, 143), does it stay: the message on
stderr then says what was sealed.
"""


class WhatOptions(Struct, frozen=True):
    """What is sealed, and how.

    Attributes:
        exclude: patterns to leave out from now on.
        reset_excludes: forget the patterns in force.
        allow: what may be sealed by name only.
        renamed: give items that lie under other names these names.
        metadata: how much of the embedded metadata is sealed.
        no_sandbox: parse even where the parser cannot be confined.
    """

    exclude: tuple[str, ...] = flag(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out names like PATTERN (*, ?). Recorded in the entry, and in force for later seals; may be "
        "repeated.",
    )
    reset_excludes: bool = flag(
        "--reset-excludes", is_flag=True, help="Forget the patterns in force, the default ones included."
    )
    allow: tuple[str, ...] = flag(
        "--allow",
        multiple=True,
        type=click.Choice(list(ALLOWABLE)),
        help="Seal although some things cannot be: they are named in the seal without their content; or (unmatched) "
        "although a new pattern matches nothing. May be repeated.",
    )
    renamed: bool = flag(
        "--renamed",
        is_flag=True,
        help="Record the new names of items whose files were renamed or moved: those that --dry-run names. [default: "
        "ask on a terminal, else stop]",
    )
    metadata: MetadataChoice = flag(
        "--metadata",
        type=click.Choice([choice.value for choice in MetadataChoice]),
        callback=lambda _context, _param, value: MetadataChoice(value),
        default=MetadataChoice.BASIC.value,
        show_default=True,
        help="Seal the embedded metadata of files; basic leaves out places, serial numbers, names, free text and raw "
        "tags.",
    )
    no_sandbox: bool = flag(
        "--no-sandbox", is_flag=True, help="Parse files even where the platform cannot confine the parser."
    )


@click.command(cls=Command, epilog=EXAMPLES)
@click.argument("directory", type=ExistingPath())
@options_of(WhatOptions, "what")
@statement_options
@entry_options
@stamp_options
@signing_options
@workers_options
@output_of_work
def command(
    directory: str,
    what: WhatOptions,
    statements: StatementOptions,
    entry: EntryOptions,
    stamping: StampRequestOptions,
    signing: SigningOptions,
    workers: WorkerOptions,
    output: Output,
) -> int:
    """Hash, state and sign what is new in the evidence directory DIRECTORY.

    Evidence files are only read. The record is written to the directory custody/ inside of DIRECTORY.
    """
    options = _options(what, statements, entry, workers)
    # What cannot be asked for is refused before hours of hashing, and before anything is sealed.
    order = stamping.build(output, None, entry.place()) if stamping.asks else None
    if stamping.what_leaves:
        return _show_what_leaves(order, output)
    policy = entry.policy()
    signer = None if entry.dry_run else signing.choose()
    try:
        result = _run(directory, options, signer, policy, output)
    except RenamedError as error:
        if signer is None or not _accepts(error, output):
            raise
        result = _run(directory, replace(options, renamed=error.renames.clear), signer, policy, output)
    if result.newest_entry is not None:
        output.did(_say_what_was_sealed(result, directory, entry.dry_run))
    stamps = _stamp(directory, order, result, entry.dry_run)
    verdict = result.weigh(is_stamped=stamps is None or stamps.ok)
    exit_code = result.code_for(verdict)
    listed = list_findings(result.findings, output.limit)
    unstamped = order if order is not None and not entry.dry_run and stamps is None else None
    new = _new_names(directory, options, result) if entry.dry_run else None
    lines = [_render(result, directory, entry.dry_run, listed, stamps, unstamped)]
    if new:
        shown_names = new if output.lists_all else new[:MOST_NAMED]
        lines += ["  new:", *(f"    {shown(name)}" for name in shown_names)]
        lines += (
            [f"    and {len(new) - len(shown_names):,} more; --all lists them"] if len(new) > len(shown_names) else []
        )
    output.answer("\n".join(lines))
    if output.json:
        # Start-up time: the types of the document are for scripts alone.
        from evtool.cli.answers.sealed import seal_document

        output.document(seal_document(result, directory, new, verdict, listed, stamps))
    return exit_code


def _options(
    what: WhatOptions, statements: StatementOptions, entry: EntryOptions, workers: WorkerOptions
) -> SealOptions:
    return SealOptions(
        header=entry.header(),
        exclude=what.exclude,
        reset_exclusions=what.reset_excludes,
        allow=frozenset(what.allow),
        statements=statements.files(),
        where=entry.place(),
        jobs=workers.jobs,
        scheduler=workers.scheduler,
        renamed=what.renamed,
        metadata=what.metadata,
        sandbox=not what.no_sandbox,
    )


def _new_names(directory: str, options: SealOptions, result: SealResult) -> list[str]:
    """Name what is new, but for files that are items under other names."""
    elsewhere = {rename.new for rename in result.renamed}
    return [name for name in list_new_names(directory, options) if name not in elsewhere]


def _run(directory: str, options: SealOptions, signer: Signer | None, policy: TextPolicy, output: Output) -> SealResult:
    """Seal, or tell without a signer what would be sealed."""
    with terminal_progress(output) as progress:
        if signer is None:
            return preview_seal(directory, options, policy=policy, progress=progress)
        return seal(directory, Author(signer, policy, progress), options)


def _accepts(error: RenamedError, output: Output) -> bool:
    """Ask the person at the terminal whether files were renamed; nobody is asked where nobody can answer."""
    if error.renames.unclear or output.json or output.quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    output.talk("\n".join([error.message, *(f"  {line}" for line in error.lines)]))
    return click.confirm("Were these files renamed? Record their new names?", default=False, err=True)


def _show_what_leaves(order: StampOptions | None, output: Output) -> ExitCode:
    if order is None:
        raise misuse(
            UsageError(
                "--what-leaves goes with --tsa or --ots: without these, nothing leaves this computer",
                key="what-leaves-with",
            )
        )
    # Few seals ask for a time-stamp; this imports the network client.
    from evtool.cli.answers.stamp import answer_leaves
    from evtool.operations.timestamps.add import preview_blank

    answer_leaves(output, preview_blank(order), blank=True)
    return ExitCode.OK


def _stamp(directory: str, order: StampOptions | None, result: SealResult, dry_run: bool) -> Stamping | None:
    """Have the new entry stamped; it already exists, and no authority that fails undoes it."""
    if order is None or dry_run or result.newest_entry is None:
        return None
    # Few seals ask for a time-stamp; this imports the network client.
    from evtool.cli.answers.stamp import describe_failure, describe_stamping
    from evtool.operations.timestamps.add import add_timestamps

    order = replace(order, entry=result.newest_entry)
    try:
        return describe_stamping(add_timestamps(directory, order))
    except EvtoolError as error:
        return describe_failure(result.newest_entry, order, error)


def _say_what_was_sealed(result: SealResult, directory: str, dry_run: bool) -> str:
    name = shown(directory)
    items = "item" if result.new_items == 1 else "items"
    new = f"{result.new_items:,} new {items} ({format_size(result.new_bytes)})"
    if dry_run:
        return f"{name}: would seal {new}"
    if result.entry is not None:
        return f"{name}: sealed {new} as entry {result.entry}"
    if result.renamed_by:
        return f"{name}: recorded {counted(len(result.renamed), 'new name')}, {_by(result)}; nothing else is new"
    return f"{name}: nothing new to seal"


def _by(result: SealResult) -> str:
    """Name the entries that gave items other names."""
    return name_ranges(ranges_of(result.renamed_by).ranges, singular="entry", plural="entries")


def _render(
    result: SealResult,
    directory: str,
    dry_run: bool,
    listed: ListedFindings,
    stamps: Stamping | None,
    unstamped: StampOptions | None,
) -> str:
    lines = [_say_what_was_sealed(result, directory, dry_run)]
    if result.kept_items:
        lines.append(f"  {_say_what_is_kept(result)}")
    if result.reused:
        reused = counted(
            result.reused,
            "file was not hashed again: an interrupted run had hashed it, and it has not changed",
            "files were not hashed again: an interrupted run had hashed them, and they have not changed",
        )
        lines.append(f"  {reused}")
    if result.omitted:
        omitted = counted(
            result.omitted,
            "item is named in the seal without its content",
            "items are named in the seal without their content",
        )
        lines.append(f"  {omitted}")
    if result.excluded:
        lines += render_left_out(result)
    lines += [f"  note: {note}" for note in result.notes]
    if result.renamed:
        by = f" ({_by(result)})" if result.renamed_by else ""
        lines.append(f"  {counted(len(result.renamed), 'item has', 'items have')} another name now{by}:")
        lines += [f"    {rename.describe()}" for rename in result.renamed[:MAX_NAMED]]
        if len(result.renamed) > MAX_NAMED:
            lines.append(f"    and {len(result.renamed) - MAX_NAMED:,} more")
    if result.metadata:
        seen = result.metadata
        summary = render_summary(seen.stated, seen.failures, seen.confinement, seen.cut_short)
        lines += [f"  {line}" for line in summary]
        if Failure.NO_CONFINEMENT in seen.failures:
            lines.append(f"    {_say_way_to_parse()}")
        sealed = seen.choice is MetadataChoice.FULL
        lines += [f"  {line}" for line in render_warnings(seen.sensitive, seen.recordings, sealed=sealed)]
    lines += marked_lines(listed)
    if stamps is not None:
        lines += ["", *render_stamping(stamps, next_command)]
    elif unstamped is not None:
        asked = [("--tsa", url) for url in unstamped.authorities] + [("--ots", url) for url in unstamped.calendars]
        again = f"evtool timestamp DIR{''.join(f' {option} {quote(url)}' for option, url in asked)}"
        lines.append("  nothing was time-stamped: no entry was added. To have the newest entry time-stamped:")
        lines.append(f"    {next_command(again)}")
    if result.newest_entry is not None and result.head:
        lines += head_lines(english(), result.head)
    return "\n".join(lines)


def _say_way_to_parse() -> str:
    # Start-up time: only a seal that read metadata has it imported.
    from evtool.metadata import CAN_PARSE

    if CAN_PARSE:
        return "to parse such files all the same, seal with --no-sandbox"
    return "this system cannot run parsers; the seal is whole without their claims, and `inspect` shows them on Linux"


def _say_what_is_kept(result: SealResult) -> str:
    kept = counted(result.kept_items, "item of earlier seals is there", "items of earlier seals are there")
    if not result.other_dates:
        return f"{kept}, with the size and date they were sealed with"
    if result.other_dates == result.kept_items:
        return f"{kept} with the same bytes; the dates of all of them differ"
    return f"{kept}; the dates of {result.other_dates:,} differ, and their bytes are the same"
