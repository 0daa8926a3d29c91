"""`evtool timestamp --request` and `--import`: time-stamps across an air gap."""

from __future__ import annotations

import shlex
from pathlib import Path

from evtool.cli.answers.stamp import describe_stamping, did_stamp
from evtool.cli.next_command import next_command, shell_word
from evtool.cli.options.stamp import StampRequestOptions
from evtool.cli.options.time import make_anchor_source
from evtool.cli.output import Output
from evtool.core.errors import ExitCode, UsageError
from evtool.core.text.limits import MAX_RESPONSE_BYTES
from evtool.core.text.names import shown
from evtool.core.values import replace
from evtool.interop.tsa_client import curl_line
from evtool.keys.files import create_file, read_any_file
from evtool.operations.record.place import RecordPlace
from evtool.operations.timestamps.add import StampResult
from evtool.operations.timestamps.airgap import import_response, write_request
from evtool.operations.timestamps.storing import StoredStamp
from evtool.report.stamp import render_import
from evtool.report.time_document import RequestDocument, StampDocument


def answer_request(
    directory: str, file: Path, entry: int | None, options: StampRequestOptions, where: RecordPlace, output: Output
) -> ExitCode:
    """Write a request, and print how to send it."""
    if file.exists():
        raise UsageError(
            "{file} already exists and was not overwritten", key="file-not-overwritten", file=shown(str(file))
        )
    written = write_request(
        directory,
        deliver=lambda data: None if where.dry_run else create_file(file, data, 0o644),
        entry=entry,
        policy=options.policy,
        hash_name=options.hash_name,
        label=options.label,
        where=where,
    )
    dry_run, number, name = where.dry_run, written.name.sequence, written.name.text
    answer = file.with_name(file.name + ".tsr") if file.suffix == ".tsr" else file.with_suffix(".tsr")
    curl = shlex.join(curl_line("URL", file.name, answer.name))
    back = next_command(f"evtool timestamp DIR --import {shell_word(str(answer))}")
    kept = f"would be kept as {name}; nothing was written" if dry_run else f"kept as {name}"
    output.answer(
        f"{shown(str(file))}: request for entry {number}, {kept}\n"
        "On a machine with a network, in the folder with that file, with the address of an authority as URL:\n"
        f"  {curl}\n"
        f"Bring {shown(answer.name)} back, then:\n"
        f"  {back}",
        done=not dry_run,
    )
    label = written.name.label
    output.document(RequestDocument(path=directory, dry_run=dry_run, entry=number, label=label, curl=curl))
    return ExitCode.OK


def answer_import(
    directory: str, file: Path, entry: int | None, options: StampRequestOptions, where: RecordPlace, output: Output
) -> ExitCode:
    """Take an answer in, and print what it says."""
    response = read_any_file(file, MAX_RESPONSE_BYTES)
    anchors = tuple(make_anchor_source(options.tsa_roots, output)())
    stored = import_response(directory, response, anchors, entry=entry, where=where)
    stamping = describe_stamping(_as_result(stored, file))
    dry_run = where.dry_run
    if not dry_run:
        did_stamp(output, stamping)
    head = f"{shown(directory)}: nothing was written" if dry_run else f"{shown(directory)}:"
    output.answer("\n".join([head, *render_import(stamping, next_command, dry_run=dry_run)]))
    output.document(StampDocument(exit_code=ExitCode.OK, path=directory, dry_run=dry_run, stamping=stamping))
    return ExitCode.OK


def _as_result(stored: StoredStamp, file: Path) -> StampResult:
    named = StoredStamp(stored.name, replace(stored.outcome, url=file.name))
    return StampResult(stored.name.sequence, stored=(named,), needed=1)
