"""Sealing: hash, state and sign what is new in an evidence directory.

The order of the steps keeps two promises. Nothing is sealed unless everything can be: problems are found before the
entry is signed. And whatever happens, even a power cut, the directory holds the seals it held before, or one more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

from evtool.core.custody.item_names import Rename
from evtool.core.custody.privacy import TextPolicy, check_text
from evtool.core.errors import EvtoolError
from evtool.core.finding import Words
from evtool.core.values import replace
from evtool.operations.author import Author
from evtool.operations.entries.opening import OpenRecord, open_for_writing, require_current
from evtool.operations.entries.writer import commit_entry, draft_entry
from evtool.operations.record.opening import Opened, open_evidence
from evtool.operations.seal.earlier_items import EarlierItems
from evtool.operations.seal.manifest_writer import ManifestWriter
from evtool.operations.seal.new_items import NewItems
from evtool.operations.seal.options import SealOptions, SealResult
from evtool.operations.seal.problems import cannot_seal, nothing_to_seal
from evtool.operations.seal.renamed import RenamedItems
from evtool.operations.seal.respelled import RespelledNames
from evtool.operations.seal.run import read_directory
from evtool.operations.seal.sealing import Sealing
from evtool.operations.seal.surprises import RestlessFiles, Surprises
from evtool.operations.seal.unchanged import require_unchanged
from evtool.operations.workers import choose_workers, report_losses
from evtool.report.language import in_english
from evtool.scan.engine import Workers
from evtool.scan.progress import NoProgress, Progress
from evtool.scan.workers import default_jobs
from evtool.store.custody_names import NAME
from evtool.store.journal import Journal, journal_name
from evtool.store.writer import part_name


def seal(
    path: str | os.PathLike[str],
    author: Author,
    options: SealOptions | None = None,
) -> SealResult:
    """Seal what is new in an evidence directory.

    Evidence is only read. Items of earlier seals are compared by size and date, and read again where those differ.

    Raises:
        EvidenceError: something cannot be sealed; all of it is named, and nothing was sealed.
        RenamedError: items seem to have other names, and it was not said that this is right.
        MismatchError: the record that is there fails verification; nothing was added to it.
        BusyError: another evtool is writing.
        InputError: the directory, or the custody directory, cannot be used.
    """
    options = options or SealOptions()
    for name, text in (("reason", options.header.reason), *(("exclude", pattern) for pattern in options.exclude)):
        check_text(name, text, author.policy)
    surprises = Surprises()
    renamed: list[Rename] = []
    renamed_by: list[int] = []
    for _ in range(_MOST_TRIES):
        try:
            result = _seal(path, author, options, surprises)
            result.renamed, result.renamed_by = tuple(renamed), tuple(renamed_by)
            result.reused = 0 if renamed else result.reused
            return result
        # Neither is an error: only the end of a pass knows of it, and what was read before it was judged without that.
        except RespelledNames as found:
            surprises = replace(surprises, respelled=found.names)
        except RestlessFiles as found:
            surprises = replace(surprises, restless=surprises.restless | found.paths)
        # What lies under another name is an item and nothing new, as soon as an entry says so.
        except RenamedItems as found:
            # Start-up time: few seals meet files that were renamed.
            from evtool.operations.entries.rename import record_renames

            written = record_renames(path, author, found.renames, options.header, where=options.where)
            renamed += found.renames
            renamed_by += [entry.entry for entry in written]
            for entry in written:
                author.progress.did(Words("names-recorded", entry=entry.entry))
            surprises = replace(surprises, known=found.known)
    raise cannot_seal(["files kept changing after they were read"])


def _seal(
    path: str | os.PathLike[str],
    author: Author,
    options: SealOptions,
    surprises: Surprises,
) -> SealResult:
    with (
        open_for_writing(path, options.where) as opened,
        choose_workers(options.jobs, options.scheduler, opened.directory, author.progress.meter) as workers,
    ):
        require_current(opened.record, author)
        plain = Opened(opened.directory, opened.record, NAME if opened.inside else None)
        sealing = Sealing(plain, options, workers, author.policy, author.progress, surprises, author.now())
        result, sequence, first_item = sealing.result, opened.next_sequence, opened.record.next_item
        with (
            _open_journal(opened, surprises) as journal,
            ManifestWriter(opened.writer, sequence, first_item, author.random) as manifest,
        ):
            _observe(sealing, manifest, journal)
            result.findings += report_losses(workers)
            if manifest.items:
                draft = draft_entry(
                    opened,
                    author,
                    options.header,
                    manifest.finish(sealing.exclusions, options.allowed),
                    unlisted=manifest.unlisted,
                    read_in_blocks=manifest.is_read_in_blocks,
                )
                written = commit_entry(opened, draft, partial(require_unchanged, sealing))
                result.entry, result.head = written.sequence, written.head
            else:
                require_unchanged(sealing)
        return result


@contextmanager
def _open_journal(opened: OpenRecord, surprises: Surprises) -> Iterator[Journal]:
    """Note the digests of what is read until it is sealed: an interrupted run leaves them to the next one."""
    name = journal_name(opened.next_sequence)
    journal = Journal(opened.writer.open_kept(name), surprises.known)
    started, is_kept = time.monotonic(), True
    try:
        yield journal
        is_kept = False
    except RenamedItems as found:
        # The next try seals as another entry, and need not read again what this one has read.
        found.known = journal.read_again()
        raise
    except EvtoolError as error:
        # A refusal leaves nothing behind, but for what took long to compute and is as good for the next run.
        is_kept = time.monotonic() - started >= _WORTH_KEEPING
        if is_kept and not journal.is_empty:
            error.remarks += (in_english(Words("journal-kept", file=part_name(name))),)
        raise
    finally:
        journal.close()
        if journal.is_empty or not is_kept:
            opened.writer.remove(name)


_WORTH_KEEPING = 60.0
"""Seconds of reading from which on the digests of a seal that was refused are kept for the next run."""


def preview_seal(
    path: str | os.PathLike[str],
    options: SealOptions | None = None,
    *,
    policy: TextPolicy | None = None,
    progress: Progress | None = None,
) -> SealResult:
    """Tell what `seal` would do, writing nothing and reading no evidence file."""
    options, policy, progress = options or SealOptions(), policy or TextPolicy(), progress or NoProgress()
    try:
        return _preview(path, options, policy, progress, Surprises())
    except RespelledNames as found:
        return _preview(path, options, policy, progress, Surprises(respelled=found.names))


def _preview(
    path: str | os.PathLike[str], options: SealOptions, policy: TextPolicy, progress: Progress, surprises: Surprises
) -> SealResult:
    with open_evidence(path, options.where) as opened:
        workers = Workers(options.jobs or default_jobs(), meter=progress.meter)
        sealing = Sealing(opened, options, workers, policy, progress, surprises, datetime.now(UTC))
        _observe(sealing, None, None)
        require_unchanged(sealing)
        return sealing.result


def _observe(sealing: Sealing, manifest: ManifestWriter | None, journal: Journal | None) -> None:
    """Go through the directory; without a manifest only look, read nothing and collect what would be new."""
    new, earlier = NewItems(sealing, manifest, journal), EarlierItems(sealing)
    read_directory(sealing, new, earlier)
    renames = earlier.finish()
    new.finish()
    earlier.take_renames(renames, is_preview=manifest is None)
    if not (sealing.result.new_items or sealing.has_seals):
        raise nothing_to_seal(sealing.result.excluded)


_MOST_TRIES = 20
"""How often a seal begins again because of what was found out too late; each time fewer things can surprise it."""
