"""`evtool timestamp --revocation`: keep CRLs and OCSP answers beside the time-stamps that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evtool.cli.answers.stamp import answer_leaves, describe_fetched
from evtool.cli.next_command import next_command
from evtool.cli.options.stamp import StampRequestOptions
from evtool.cli.options.time import MAX_REVOCATION_FILE, make_anchor_source
from evtool.cli.output import Output
from evtool.core.errors import ExitCode
from evtool.core.text.names import shown
from evtool.core.timestamp.anchor import Anchor
from evtool.core.timestamp.time_report import StampReport
from evtool.core.timestamp.token_state import TokenState
from evtool.keys.files import read_any_file
from evtool.operations.record.place import RecordPlace
from evtool.operations.timestamps.fetching import (
    FetchedSource,
    fetch_revocation,
    list_sources,
    preview_revocation,
)
from evtool.operations.timestamps.revocation import KeptRevocation, RevocationResult, add_revocation
from evtool.report.stamp import render_fetched, spell
from evtool.report.time_document import JudgedStamp, KeptRevocationFile, RevocationDocument


def keep_revocation(
    directory: str,
    files: Sequence[Path],
    entry: int | None,
    tsa_roots: Path | None,
    where: RecordPlace,
    output: Output,
) -> ExitCode:
    """Check and store the files, print what came of it, and give the exit code."""
    read = [(str(file), read_any_file(file, MAX_REVOCATION_FILE)) for file in files]
    anchors = tuple(make_anchor_source(tsa_roots, output)())
    result = add_revocation(directory, read, anchors, entry=entry, where=where)
    exit_code = ExitCode.OK if result.ok else ExitCode.NOT_ESTABLISHED
    kept, stamps = tuple(map(_describe, result.kept)), tuple(map(_describe_stamp, result.stamps))
    dry_run = where.dry_run
    if not dry_run and (new := [stored.file for stored in kept if stored.new]):
        output.did(f"stored {', '.join(new)}")
    head = f"{shown(directory)}: nothing was written" if dry_run else f"{shown(directory)}:"
    output.answer("\n".join([head, *_render(result, kept, stamps, dry_run=dry_run)]))
    output.document(
        RevocationDocument(exit_code=exit_code, path=directory, dry_run=dry_run, kept=kept, timestamps=stamps)
    )
    return exit_code


_NO_ADDRESS = "  The certificates name no address: ask the authority for its revocation list (CRL)."

UNKNOWN_ADDRESSES = (
    "The addresses of revocation lists stand in the certificates of the answer; once it is there, "
    "`evtool timestamp DIR --with-revocation --what-leaves` shows what they get."
)


def fetch_and_keep(
    directory: str, entry: int | None, stamping: StampRequestOptions, where: RecordPlace, output: Output
) -> ExitCode:
    """Fetch what the issuers say of the certificates behind the time-stamps that are there, and keep it."""
    anchors = tuple(make_anchor_source(stamping.tsa_roots, output)())
    if stamping.what_leaves:
        answer_leaves(output, preview_revocation(directory, anchors, entry=entry, where=where), blank=False)
        return ExitCode.OK
    if where.dry_run:
        return _rehearse(directory, anchors, entry, where, output)
    result = fetch_revocation(directory, anchors, entry=entry, where=where)
    fetched, stamps = describe_fetched(result.sources), tuple(map(_describe_stamp, result.stamps))
    is_kept = all(stamp.state == TokenState.PASSED.value and not stamp.cautions for stamp in stamps)
    exit_code = ExitCode.OK if stamps and is_kept else ExitCode.NOT_ESTABLISHED
    if new := [name for answer in fetched for name in answer.files]:
        output.did(f"stored {', '.join(new)}")
    lines = [f"{shown(directory)}:", *render_fetched(fetched, next_command)]
    if not fetched:
        lines.append(_NO_ADDRESS)
    output.answer("\n".join([*lines, *_render_stamps(stamps)]))
    kept = tuple(_describe(kept) for source in result.sources for kept in source.kept)
    output.document(
        RevocationDocument(
            exit_code=exit_code, path=directory, dry_run=False, kept=kept, timestamps=stamps, fetched=fetched
        )
    )
    return exit_code


def _rehearse(
    directory: str, anchors: tuple[Anchor, ...], entry: int | None, where: RecordPlace, output: Output
) -> ExitCode:
    """Say at which addresses would be asked. A responder is asked only if no list is of use."""
    sources = list_sources(directory, anchors, entry=entry, where=where)
    fetched = describe_fetched([FetchedSource(source) for source in sources])
    lines = [f"{shown(directory)}: nothing was sent or written"]
    lines += [f"  would ask {shown(answer.url)} of {answer.certificate}" for answer in fetched]
    output.answer("\n".join([*lines, *([] if fetched else [_NO_ADDRESS])]))
    output.document(
        RevocationDocument(exit_code=ExitCode.OK, path=directory, dry_run=True, kept=(), timestamps=(), fetched=fetched)
    )
    return ExitCode.OK


def _describe(kept: KeptRevocation) -> KeptRevocationFile:
    statement = kept.statement
    revocation = statement.evidence.revocation
    return KeptRevocationFile(
        source=kept.source,
        file=kept.name.text,
        new=kept.new,
        kind=kept.name.role.value,
        entry=kept.name.sequence,
        label=kept.name.label,
        certificate=statement.certificate.facts.name,
        issuer=statement.issuer.facts.name,
        issued_at=spell(statement.evidence.issued_at),
        revoked_at=spell(revocation.effective) if revocation else None,
        reason=revocation.reason_text if revocation else None,
    )


def _describe_stamp(stamp: StampReport) -> JudgedStamp:
    return JudgedStamp(
        entry=stamp.entry,
        label=stamp.label,
        state=stamp.state.value,
        reason=stamp.reason,
        detail=stamp.detail,
        cautions=stamp.cautions,
    )


def _render(
    result: RevocationResult, kept: Sequence[KeptRevocationFile], stamps: Sequence[JudgedStamp], *, dry_run: bool
) -> list[str]:
    lines = []
    how = "would be stored" if dry_run else "stored"
    for stored in kept:
        what = "CRL" if stored.kind == "crl" else "OCSP answer"
        says = f"not revoked as of {stored.issued_at}"
        if stored.revoked_at:
            says = f"REVOKED as of {stored.revoked_at} ({stored.reason})"
        where = f"{how} as {stored.file}" if stored.new else f"there already, as {stored.file}"
        lines += [
            f"  {shown(stored.source)}: {what} of {stored.issuer}: {stored.certificate} is {says}",
            f"    {where}",
        ]
    lines += _render_stamps(stamps)
    if not result.ok:
        lines.append("  What an authority says of its certificates is kept also where it speaks against a time-stamp.")
    return lines


def _render_stamps(stamps: Sequence[JudgedStamp]) -> list[str]:
    lines = []
    for stamp in stamps:
        why = f", {stamp.reason}: {stamp.detail}" if stamp.detail else ""
        lines.append(f"  time-stamp {stamp.label} of entry {stamp.entry}, judged with it: {stamp.state}{why}")
        lines += [f"    {caution}" for caution in stamp.cautions]
    return lines
