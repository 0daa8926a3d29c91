"""`evtool timestamp`: add time evidence to an entry."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import click

from evtool.cli.default_group import DefaultGroup
from evtool.cli.entry_options import custody_option
from evtool.cli.options import output_options
from evtool.cli.output import Output
from evtool.cli.stamp_answer import answer_leaves, describe_calendar, describe_stamping
from evtool.cli.stamp_options import StampRequestOptions, stamp_options
from evtool.cli.time_options import make_anchor_source
from evtool.core.errors import ExitCode, UsageError
from evtool.core.names import shown
from evtool.core.timestamp.limits import MAX_RESPONSE_BYTES
from evtool.interop.tsa_client import curl_line
from evtool.keys.files import create_file, read_any_file
from evtool.operations.airgap import import_response, write_request
from evtool.operations.stamp_store import StoredStamp
from evtool.operations.timestamp import StampResult, add_timestamps, preview_timestamps
from evtool.operations.upgrade import ProofUpgrade, upgrade_proofs
from evtool.report.stamp import render_stamping
from evtool.report.time_document import RequestDocument, StampDocument, UpgradeDocument, UpgradedProof

GROUP_EXAMPLES = """\b
Examples:
  evtool timestamp interview-0042 --tsa http://tsa.example/tsr
  evtool timestamp interview-0042 --request out.tsq      across an air gap: write what is to be sent ...
  evtool timestamp interview-0042 --import in.tsr        ... and check what came back
  evtool timestamp upgrade interview-0042 --ots https://calendar.example

`evtool timestamp DIR` is short for `evtool timestamp add DIR`; --help after `add` lists its options.
"""

ADD_EXAMPLES = """\b
Examples:
  evtool timestamp interview-0042 --tsa http://one.example/tsr --tsa http://two.example/ --at-least 1
  evtool timestamp interview-0042 --entry 3 --tsa http://tsa.example/tsr
  evtool timestamp interview-0042 --tsa http://tsa.example/tsr --what-leaves
  evtool timestamp interview-0042 --request /media/stick/out.tsq
  evtool timestamp interview-0042 --import /media/stick/in.tsr
  evtool timestamp interview-0042 --ots https://calendar.example

\b
Exit codes:
  0  stamped by as many authorities as had to
  1  an imported answer is for something else, or forged
  2  wrong usage
  3  fewer authorities stamped than had to; what did stamp was stored
  4  something could not be read, or the file to import holds no answer

Only the addresses that you give are contacted. An answer is stored only if it passes: it is for this entry, answers
this request, and leads to an authority that you trust (`evtool trust tsa add`).
"""

UPGRADE_EXAMPLES = """\b
Examples:
  evtool timestamp upgrade interview-0042 --ots https://calendar.example

Exit code 3 while a proof is still a promise. A promise is never a proof; `evtool verify` needs the header of the block
as well (--bitcoin-headers). Calendars that are not given with --ots are not contacted, whatever a proof names.
"""


@click.group(cls=DefaultGroup, default="add", epilog=GROUP_EXAMPLES)
def command() -> None:
    """Add time-stamps to an entry that exists."""


@command.command("add", epilog=ADD_EXAMPLES)
@click.argument("directory", type=click.Path())
@click.option("--entry", type=click.IntRange(1), metavar="N", help="The entry. Without it: the newest.")
@click.option("--request", "request_file", type=click.Path(path_type=Path), metavar="OUT.tsq", help="Write a request.")
@click.option("--import", "import_file", type=click.Path(path_type=Path), metavar="IN.tsr", help="Take an answer in.")
@stamp_options
@custody_option
@output_options
def add(
    directory: str,
    entry: int | None,
    request_file: Path | None,
    import_file: Path | None,
    stamping: StampRequestOptions,
    custody: str | None,
    output: Output,
) -> int:
    """Have an entry of DIRECTORY stamped by authorities, across an air gap, or by OpenTimestamps calendars."""
    ways = [stamping.asks, request_file is not None, import_file is not None]
    if sum(ways) != 1:
        raise click.UsageError("give one of --tsa (or --ots), --request and --import")
    if request_file is not None:
        return _request(directory, request_file, entry, stamping, custody, output)
    if import_file is not None:
        return _import(directory, import_file, entry, stamping, custody, output)
    options = stamping.build(output, entry, custody)
    if stamping.what_leaves:
        answer_leaves(output, preview_timestamps(directory, options), blank=False)
        return ExitCode.OK
    return answer_stamping(output, directory, add_timestamps(directory, options))


def answer_stamping(output: Output, directory: str, result: StampResult) -> ExitCode:
    """Print what came of it, and give the exit code."""
    exit_code = ExitCode.OK if result.ok else ExitCode.NOT_ESTABLISHED
    stamping = describe_stamping(result)
    output.answer("\n".join([f"{shown(directory)}:", *render_stamping(stamping)]))
    output.document(StampDocument(exit_code=exit_code, path=directory, stamping=stamping))
    return exit_code


def _request(
    directory: str, file: Path, entry: int | None, stamping: StampRequestOptions, custody: str | None, output: Output
) -> ExitCode:
    if file.exists():
        raise UsageError(f"{shown(str(file))} exists already and is not overwritten")
    written = write_request(
        directory,
        entry=entry,
        policy=stamping.policy,
        hash_name=stamping.hash_name,
        label=stamping.label,
        custody=custody,
    )
    create_file(file, written.data, 0o644)
    answer = file.with_suffix(".tsr").name
    curl = shlex.join(curl_line("URL", file.name, answer))
    output.answer(
        f"{shown(str(file))}: request for entry {written.name.sequence}, kept as {written.name.text}\n"
        "On a machine with a network, with the address of an authority as URL:\n"
        f"  {curl}\n"
        f"Bring {shown(answer)} back, then: evtool timestamp {shown(directory)} --import {shown(answer)}"
    )
    output.document(RequestDocument(path=directory, entry=written.name.sequence, label=written.name.label, curl=curl))
    return ExitCode.OK


def _import(
    directory: str, file: Path, entry: int | None, stamping: StampRequestOptions, custody: str | None, output: Output
) -> ExitCode:
    response = read_any_file(file, MAX_RESPONSE_BYTES)
    anchors = tuple(make_anchor_source(stamping.tsa_roots, output)())
    stored = import_response(directory, response, anchors, entry=entry, custody=custody)
    return answer_stamping(output, directory, _as_result(stored, file))


def _as_result(stored: StoredStamp, file: Path) -> StampResult:
    named = StoredStamp(stored.name, replace(stored.outcome, url=file.name))
    return StampResult(stored.name.sequence, stored=(named,), needed=1)


@command.command("upgrade", epilog=UPGRADE_EXAMPLES)
@click.argument("directory", type=click.Path())
@click.option("--ots", multiple=True, required=True, metavar="URL", help="A calendar that may be asked. Repeatable.")
@click.option("--entry", type=click.IntRange(1), metavar="N", help="Only the proof of this entry.")
@custody_option
@output_options
def upgrade(directory: str, ots: tuple[str, ...], entry: int | None, custody: str | None, output: Output) -> int:
    """Ask OpenTimestamps calendars for the rest of the proofs in DIRECTORY."""
    upgrades = upgrade_proofs(directory, ots, entry=entry, custody=custody)
    exit_code = ExitCode.OK if all(one.complete for one in upgrades) else ExitCode.NOT_ESTABLISHED
    output.answer("\n".join(_render_upgrades(directory, upgrades)))
    output.document(
        UpgradeDocument(
            exit_code=exit_code,
            path=directory,
            proofs=tuple(
                UpgradedProof(
                    entry=one.entry,
                    file=one.name.text,
                    changed=one.changed,
                    complete=one.complete,
                    problems=tuple(map(describe_calendar, one.problems)),
                )
                for one in upgrades
            ),
        )
    )
    return exit_code


def _render_upgrades(directory: str, upgrades: tuple[ProofUpgrade, ...]) -> list[str]:
    complete = sum(one.complete for one in upgrades)
    lines = [f"{shown(directory)}: {complete} of {len(upgrades)} proofs name a block"]
    for one in upgrades:
        state = "names a block" if one.complete else "still a promise"
        lines.append(f"  entry {one.entry}  {state}{', grew' if one.changed else ''}  {one.name.text}")
        for problem in one.problems:
            lines += [f"    {problem.problem}", *([f"    {problem.hint}"] if problem.hint else [])]
    return lines
